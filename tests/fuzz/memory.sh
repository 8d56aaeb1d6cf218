#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks for memory that is read before it was written:
#     tests/fuzz/memory.sh [MUTATIONS [NAME...]]
# builds each target (or those named) with clang's memory sanitizer and replays the corpus, the old
# crashes and so many mutations of them, 200000 without a number. Code of other libraries is not
# instrumented, and what it writes would look unwritten: the templates of the C++ library are
# compiled with ours, and rooms that use an XML library are left out.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
# shellcheck source=tests/support/packages.sh
source tests/support/packages.sh

mutations=${1:-200000}
if [[ ! $mutations =~ ^[1-9][0-9]{0,9}$ ]]; then
    echo "usage: tests/fuzz/memory.sh [MUTATIONS [NAME...]]" >&2
    exit 2
fi
shift $(($# > 0))
if (($# == 0)); then
    for target in tests/fuzz/*.cpp; do
        name=$(basename "$target" .cpp)
        case $name in upnp_* | daemon_*) ;; *) set -- "$@" "$name" ;; esac
    done
fi

need_packages build tests memory
export MSAN_OPTIONS=external_symbolizer_path=/usr/bin/llvm-symbolizer
flags="-stdlib=libc++ -D_LIBCPP_DISABLE_EXTERN_TEMPLATE -fsanitize-memory-track-origins"
quietly cmake -S . -B build/memory -G Ninja -DCMAKE_CXX_COMPILER=clang++-16 \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" \
    "-DCMAKE_CXX_FLAGS=$flags" -DGATEHOUSE_SANITIZE=memory -DGATEHOUSE_TESTS=ON
failed=()
for name in "$@"; do
    quietly cmake --build build/memory --target "fuzz_$name"
    echo "=== $name"
    inputs=("tests/fuzz/corpus/$name")
    if [[ -d tests/fuzz/crash/$name ]]; then inputs+=("tests/fuzz/crash/$name"); fi
    "build/memory/tests/fuzz/fuzz_$name" --mutations="$mutations" --finds=build/memory \
        "${inputs[@]}" || failed+=("$name")
done
if ((${#failed[@]} > 0)); then
    echo "broken: ${failed[*]}; the inputs are in build/memory" >&2
    exit 1
fi
