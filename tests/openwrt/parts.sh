#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# parts.sh [WORK]: the daemon for OpenWrt, whole and without each part that can be left out: its size
# (size.sh), whether it reads what the scripts of the package write (files_test.py), and whether it
# starts, serves and ends, and its memory meanwhile (tests/rules/size.sh; needs root). By hand: eight
# builds take long.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mkdir -p "${1:-/tmp/gatehouse-parts}" && cd "${1:-/tmp/gatehouse-parts}" && pwd)
failed=0
GATEHOUSE_SIZE_WORK=$work "$top/tests/openwrt/size.sh"
for program in "$work"/*/stripped; do
    name=$(basename "$(dirname "$program")")
    # Its limits are for the program that users of Debian get.
    memory=$("$top/tests/rules/size.sh" "$program" 2>/dev/null | grep -o '[0-9]* KiB resident') ||
        memory=${memory:-does not run}
    files="reads its files"
    "$top/tests/openwrt/files_test.py" "$program" >/dev/null 2>&1 || files="does not read its files"
    printf '%-30s %s; %s\n' "$name" "$memory" "$files"
    if [[ $memory == "does not run" || $files == "does not"* ]]; then failed=$((failed + 1)); fi
done
((failed == 0))
