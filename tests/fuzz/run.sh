#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzes with libFuzzer for a while:
#     tests/fuzz/run.sh SECONDS [NAME...]
# runs each target (or those named) for SECONDS, starting from the corpus in the tree. What it
# learns stays in build/fuzz/corpus; an input that breaks a target goes to tests/fuzz/crash/NAME,
# where every later test run replays it.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh

seconds=${1:-}
if [[ ! $seconds =~ ^[1-9][0-9]{0,5}$ ]]; then
    echo "usage: tests/fuzz/run.sh SECONDS [NAME...]" >&2
    exit 2
fi
shift
if (($# == 0)); then
    for target in tests/fuzz/*.cpp; do set -- "$@" "$(basename "$target" .cpp)"; done
fi

need_packages build tests
quietly cmake --preset fuzz
for name in "$@"; do quietly cmake --build build/fuzz --target "fuzz_$name"; done

failed=()
for name in "$@"; do
    echo "=== $name for $seconds s"
    learned=build/fuzz/corpus/$name
    crashes=tests/fuzz/crash/$name
    inputs=("$learned" "tests/fuzz/corpus/$name")
    words=tests/fuzz/words/${name%%_*}
    mkdir -p "$learned" "$crashes"
    "$(find build/fuzz -type f -name "fuzz_$name" -perm -u+x)" -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -dict="$words" \
        -artifact_prefix="$crashes/" "${inputs[@]}" "$crashes" || failed+=("$name")
    rmdir --ignore-fail-on-non-empty "$crashes"
done
if ((${#failed[@]} > 0)); then
    echo "broken: ${failed[*]}; the inputs are in tests/fuzz/crash" >&2
    exit 1
fi
