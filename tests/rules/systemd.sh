#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# systemd.sh UNIT: whether the unit for systemd gives away no more than it must, as systemd itself
# judges ("exposure", from 0.0 to 10.0; the limit below is in tenths).
set -euo pipefail

limit=20
if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not here"
    exit 1
fi
systemd-analyze security --offline=true --threshold="$limit" --no-pager "$1"
# A word that it does not know is ignored when the service runs.
said=$(systemd-analyze security --offline=true --no-pager "$1" 2>&1 >/dev/null)
if [[ -n $said ]]; then
    echo "$said"
    exit 1
fi
