#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Gatehouse, plays every attack of this folder against the kernel alone and against Gatehouse,
# and prints one table.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
case ${1:-} in
    '') ;;
    *)
        echo "usage: tests/attack/run.sh   (as root; it touches nothing but networks that it made)" >&2
        exit 2
        ;;
esac
if [[ $EUID -ne 0 ]]; then
    echo "tests/attack/run.sh needs root, because the house is made of network namespaces." >&2
    exit 1
fi
cd "$top"
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh
need_packages build tests lab
quietly cmake --preset release
quietly cmake --build build/release --parallel "$(nproc)" --target attack -- --quiet
exec build/release/tests/attack/attack
