#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# size.sh [OPTION...]: how large the daemon is with the flags of OpenWrt's build system (small, link
# time optimisation, unused sections dropped, shared libraries), whole and without each part that can
# be left out. OPTION is a CMake option of a single build instead, such as -DGATEHOUSE_SIP=OFF.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${GATEHOUSE_SIZE_WORK:-$(mktemp -d)}

flags="-Os -ffunction-sections -fdata-sections -flto=auto -fno-caller-saves -fno-plt -fPIE"

# build NAME OPTION...: prints the stripped size.
build() {
    local name=$1 launcher=()
    shift
    if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    cmake -S "$top" -B "$work/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" \
        -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG "-DCMAKE_CXX_FLAGS=$flags" \
        "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--gc-sections -flto=auto -Os -pie" \
        -DCMAKE_AR="$(command -v gcc-ar)" -DCMAKE_RANLIB="$(command -v gcc-ranlib)" \
        -DGATEHOUSE_TESTS=OFF -DGATEHOUSE_SYSTEMD=OFF "$@" >/dev/null
    cmake --build "$work/$name" --target gatehouse -- --quiet >&2
    strip --output-file="$work/$name/stripped" "$work/$name/gatehouse"
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
build without_sip -DGATEHOUSE_SMALL=ON -DGATEHOUSE_SIP=OFF
build without_upnp -DGATEHOUSE_SMALL=ON -DGATEHOUSE_UPNP=OFF
build without_all_of_them -DGATEHOUSE_SMALL=ON -DGATEHOUSE_PAGE=OFF -DGATEHOUSE_STUN=OFF \
    -DGATEHOUSE_SIP=OFF -DGATEHOUSE_UPNP=OFF
