#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Gatehouse and its benchmarks, runs them, and prints one table. It installs what it needs
# and asks nothing.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: tests/bench/run.sh [--runs N] [--quick] [--only NAME]... [--check]

  --runs N      how often everything is measured (5; with --quick 1)
  --quick       a short look at everything; its numbers say little
  --only NAME   one group: established bulk new-flows new-mappings first-packet crowd visits
                dhcp igd sip micro
  --check       exit 1 where a median misses what must be reached

Prints a Markdown table and writes build/bench.json. Needs root, two processors and a quiet machine.
USAGE
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
exec </dev/null
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh

fail() {
    echo "tests/bench/run.sh: $*" >&2
    exit 1
}

runs=
quick=()
only=()
with_micro=yes
with_paths=yes
check=()

read_arguments() {
    local name
    while (($# > 0)); do
        case $1 in
            -h | --help)
                usage
                exit 0
                ;;
            --quick) quick=(--quick) ;;
            --check) check=(--check) ;;
            --runs)
                [[ ${2:-} =~ ^[1-9][0-9]{0,2}$ ]] || fail "--runs needs a number from 1 to 999"
                runs=$2
                shift
                ;;
            --only)
                name=${2:-}
                [[ -n $name ]] || fail "--only needs the name of a group"
                only+=("$name")
                shift
                ;;
            *)
                usage >&2
                exit 2
                ;;
        esac
        shift
    done
    if [[ -z $runs ]]; then
        if ((${#quick[@]} > 0)); then runs=1; else runs=5; fi
    fi
}

# --only becomes arguments of gatehouse_bench; "micro" is a program of its own.
choose_groups() {
    local name groups=()
    if ((${#only[@]} == 0)); then return; fi
    with_micro=no
    with_paths=no
    for name in "${only[@]}"; do
        case $name in
            micro) with_micro=yes ;;
            established | bulk | new-flows | new-mappings | first-packet | crowd | visits | \
                dhcp | igd | sip)
                groups+=(--only "$name")
                with_paths=yes
                ;;
            *) fail "there is no group '$name' (--help lists them)" ;;
        esac
    done
    only=("${groups[@]}")
}

build() {
    local launcher=()
    if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    need_packages build bench || exit 1
    quietly cmake --preset bench "${launcher[@]}" || fail "cannot configure"
    quietly cmake --build build/bench --parallel "$(nproc)" -- --quiet || fail "cannot build"
}

measure() {
    local folder=$1 run
    for ((run = 1; run <= runs; ++run)); do
        echo "run $run of $runs" >&2
        build/bench/gatehouse_bench "${quick[@]}" "${only[@]}" --output "$folder/run-$run.json" \
            >"$folder/run-$run.log" 2>&1 || {
            cat "$folder/run-$run.log" >&2
            fail "run $run failed (see above)"
        }
    done
}

measure_parts() {
    local file=$1 times=$runs
    if [[ ! -x build/bench/gatehouse_micro ]]; then return 1; fi
    quietly build/bench/gatehouse_micro --benchmark_repetitions="$times" \
        --benchmark_out="$file" --benchmark_out_format=json ||
        fail "gatehouse_micro failed"
}

read_arguments "$@"
choose_groups
if [[ $EUID -ne 0 ]]; then fail "this needs root, to make network namespaces"; fi
if (($(nproc) < 2)); then fail "this needs two processors: one for the router, one for the rest"; fi
echo "building" >&2
build

folder=build/bench/runs
rm -rf "$folder"
mkdir -p "$folder"
arguments=(--json build/bench.json "${check[@]}")
if [[ $with_paths == yes ]]; then measure "$folder"; fi
if [[ $with_micro == yes ]] && measure_parts "$folder/micro.json"; then
    arguments+=(--micro "$folder/micro.json")
fi
shopt -s nullglob
tests/bench/report.py "${arguments[@]}" "$folder"/run-*.json
