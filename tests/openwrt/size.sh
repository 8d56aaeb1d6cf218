#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# size.sh [OPTION...]: how large the daemon is with the flags of OpenWrt's build system (small, link
# time optimisation, unused sections dropped, shared libraries), whole and without each part that can
# be left out. OPTION is a CMake option of a single build instead, such as -DGATEHOUSE_SIP=OFF. For
# another processor GATEHOUSE_SIZE_TOOLCHAIN names a toolchain file of CMake, GATEHOUSE_SIZE_PREFIX
# what stands before the names of its programs, and GATEHOUSE_SIZE_FLAGS flags for it.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${GATEHOUSE_SIZE_WORK:-$(mktemp -d)}
prefix=${GATEHOUSE_SIZE_PREFIX:-}

flags="-Os -ffunction-sections -fdata-sections -flto=auto -fno-caller-saves -fno-plt -fPIE"
flags+=" ${GATEHOUSE_SIZE_FLAGS:-}"
common=(
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG "-DCMAKE_CXX_FLAGS=$flags"
    "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--gc-sections -flto=auto -Os -pie"
    "-DCMAKE_AR=$(command -v "${prefix}gcc-ar")" "-DCMAKE_RANLIB=$(command -v "${prefix}gcc-ranlib")"
    -DGATEHOUSE_TESTS=OFF -DGATEHOUSE_SYSTEMD=OFF
)
if command -v ccache >/dev/null; then common+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
if [[ -n ${GATEHOUSE_SIZE_TOOLCHAIN:-} ]]; then
    common+=("-DCMAKE_TOOLCHAIN_FILE=$GATEHOUSE_SIZE_TOOLCHAIN")
fi

# build NAME OPTION...: prints the stripped size.
build() {
    local name=$1
    shift
    cmake -S "$top" -B "$work/$name" -G Ninja "${common[@]}" "$@" >/dev/null
    cmake --build "$work/$name" --target gatehouse -- --quiet >&2
    "${prefix}strip" -o "$work/$name/stripped" "$work/$name/gatehouse"
    printf '%-40s %9d bytes\n' "$name" "$(stat --format=%s "$work/$name/stripped")"
}

if (($# > 0)); then
    build chosen -DGATEHOUSE_SMALL=ON "$@"
    exit 0
fi
build with_tables_for_exceptions
build whole -DGATEHOUSE_SMALL=ON
build without_page -DGATEHOUSE_SMALL=ON -DGATEHOUSE_PAGE=OFF
build without_stun -DGATEHOUSE_SMALL=ON -DGATEHOUSE_STUN=OFF
build without_ipv6 -DGATEHOUSE_SMALL=ON -DGATEHOUSE_IPV6=OFF
build without_sip -DGATEHOUSE_SMALL=ON -DGATEHOUSE_SIP=OFF
build without_upnp -DGATEHOUSE_SMALL=ON -DGATEHOUSE_UPNP=OFF
build without_all_of_them -DGATEHOUSE_SMALL=ON -DGATEHOUSE_PAGE=OFF -DGATEHOUSE_STUN=OFF \
    -DGATEHOUSE_IPV6=OFF -DGATEHOUSE_SIP=OFF -DGATEHOUSE_UPNP=OFF
