#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds Gatehouse and runs its tests; it installs what it needs and asks nothing.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: tests/run.sh [PART]

  all      everything that CI runs (the default; needs root)
  unit     release build; unit, world, rule and fuzz-replay tests (no root once packages are there)
  lab      release build; the real kernel in network namespaces, and the daemon's size (needs root)
  quick    debug build; unit tests only
  tidy     clang-tidy over all sources, and whether they compile for 32 bits
  kernel   release build; the daemon on a Debian kernel in an emulated machine (fetches that kernel)

A test may be skipped only for what this kernel lacks, which is printed. Builds are kept in build/.
USAGE
}

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
exec </dev/null
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh

jobs=$(nproc)
failed=no
summary=()

# step TITLE COMMAND...: runs the command and says how long it took; a failure ends the run only
# after everything else was tried.
step() {
    local title=$1 began=$SECONDS
    shift
    printf '\n=== %s\n' "$title"
    if "$@"; then
        printf '=== %s: done in %d s\n' "$title" $((SECONDS - began))
    else
        printf '=== %s: FAILED after %d s\n' "$title" $((SECONDS - began))
        summary+=("$title: FAILED")
        failed=yes
        return 1
    fi
}

# begin TITLE COMMAND...: begins a step beside those that follow, one at a time; end_begun waits for it.
begin() {
    begun_title=$1
    begun_log=$(mktemp)
    shift
    "$@" >"$begun_log" 2>&1 &
    begun=$!
}

show_begun() {
    local status=0
    wait "$begun" || status=1
    cat "$begun_log"
    rm -f "$begun_log"
    return "$status"
}

end_begun() {
    step "$begun_title, begun before" show_begun || true
}

# aside COMMAND...: only with the time of the processor that nothing else wants.
aside() {
    chrt --idle --pid 0 "$BASHPID" || true
    "$@"
}

configure() {
    local preset=$1 launcher=()
    shift
    if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    quietly cmake --preset "$preset" "${launcher[@]}" "$@"
}

# build PRESET [CMAKE-ARGUMENT...]
build() {
    configure "$@" && quietly cmake --build "build/$1" --parallel "$jobs" -- --quiet
}

# ctest_labels TITLE PRESET JOBS LABEL...: runs the tests that carry one of the labels, keeps CTest's
# summary for the end, and refuses skips without a reason.
ctest_labels() {
    local title=$1 folder=build/$2 parallel=$3 status=0
    shift 3
    local labels junit log
    labels="^($(IFS='|' && echo "$*"))\$"
    junit=$top/$folder/tests-$(IFS=- && echo "$*").xml
    log=${junit%.xml}.log
    ctest --test-dir "$folder" --label-regex "$labels" --parallel "$parallel" --no-tests=error \
        --output-on-failure --test-output-size-passed 1000000 --output-junit "$junit" |
        tee "$log" || status=1
    tests/rules/skips.py "$junit" || status=1
    summary+=("$title:" "$(grep -E '^[0-9]+% tests passed|^No tests were found' "$log" || true)")
    return "$status"
}

release_tests() {
    ctest_labels "release" release "$jobs" unit world rules fuzz
}

lab_tests() {
    # Most of the time they wait for each other.
    ctest_labels "lab" release $((jobs * 3)) lab
}

# The cost for a router; the numbers belong into the summary.
size_test() {
    local status=0
    ctest_labels "size" release 1 size || status=1
    summary+=("$(grep -hE '^(program|memory): ' build/release/Testing/Temporary/LastTest.log || true)")
    return "$status"
}

tidy() {
    local log=build/release/tidy.log status=0
    tests/rules/tidy.py build/release >"$log" 2>&1 || status=1
    cat "$log"
    tests/rules/narrow.py build/release || status=1
    return "$status"
}

# Folders in which a file changed within the eight hours before the newest commit, with semicolons;
# none where there is no history.
changed_folders() {
    local newest
    newest=$(git log -1 --format=%ct 2>/dev/null) || return 0
    git log --since="@$((newest - 8 * 3600))" --name-only --format= | sed -n 's|/[^/]*$||p' | sort -u |
        paste -sd ';'
}

# The second build does three jobs at once: the other compiler, the sanitizers and libFuzzer.
build_clang() {
    build fuzz -DGATEHOUSE_TESTS=ON "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" \
        "-DGATEHOUSE_CHANGED=$(changed_folders)"
}

clang_tests() {
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=print_stacktrace=1
    export GATEHOUSE_SEEDS_DIVIDED=40 # worlds are slower here, and the release build runs them all
    ctest_labels "clang with sanitizers" fuzz "$jobs" unit world fuzz
}

part_unit() {
    step "packages" need_packages build tests || return 0
    step "release build" build release || return 0
    step "unit, world, rule and fuzz tests" release_tests || true
}

part_lab() {
    step "packages" need_packages build tests lab || return 0
    step "release build" build release || return 0
    step "lab tests" lab_tests || true
    step "size of the daemon" size_test || true
}

part_quick() {
    step "packages" need_packages build tests || return 0
    step "debug build" build debug || return 0
    step "unit tests" ctest_labels "debug" debug "$jobs" unit || true
}

part_kernel() {
    step "packages" need_packages build openwrt || return 0
    step "release build" build release || return 0
    step "a Debian kernel in an emulated machine" tests/openwrt/run.sh build/release/gatehouse || true
}

part_tidy() {
    step "packages" need_packages build tests || return 0
    step "release configuration" configure release || return 0
    step "clang-tidy and 32 bits" tidy || true
    summary+=("$(tail -n 1 build/release/tidy.log)")
}

# What has no times to keep runs beside others: the checks beside the tests that only compute, the
# emulated machine, whose tests take their time from its own clock, beside the second build. The lab
# has the machine for itself.
part_all() {
    step "packages" need_packages build tests lab openwrt || return 0
    if step "release build" build release; then
        begin "clang-tidy and 32 bits" aside tidy
        step "unit, world, rule and fuzz tests" release_tests || true
        end_begun
        summary+=("$(tail -n 1 build/release/tidy.log)")
        step "lab tests" lab_tests || true
        step "size of the daemon" size_test || true
        begin "a Debian kernel in an emulated machine" tests/openwrt/run.sh build/release/gatehouse
    fi
    local built=no
    if step "clang build" build_clang; then built=yes; fi
    if [[ -n ${begun:-} ]]; then end_begun; fi
    if [[ $built == yes ]]; then
        step "tests with sanitizers, libFuzzer" clang_tests || true
    fi
}

finish() {
    printf '\n=== summary, after %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
    printf '%s\n' "${summary[@]}"
    if [[ $failed == yes ]]; then exit 1; fi
}

part=${1:-all}
if (($# > 1)); then
    usage >&2
    exit 2
fi
case $part in
    -h | --help)
        usage
        exit 0
        ;;
    all | lab)
        if [[ $EUID -ne 0 ]]; then
            echo "tests/run.sh $part needs root, because the lab is made of network namespaces" \
                "(tests/run.sh unit does not)." >&2
            exit 1
        fi
        ;;
    unit | quick | tidy | kernel) ;;
    *)
        usage >&2
        exit 2
        ;;
esac
"part_$part"
finish
