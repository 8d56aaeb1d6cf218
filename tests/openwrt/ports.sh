#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ports.sh [ARCHITECTURE...]: builds Gatehouse and its unit tests for processors that routers have,
# runs the tests in QEMU's emulation of that processor, and says how large the daemon is with the
# flags of OpenWrt. Architectures, as Debian calls them: s390x (the other byte order), armhf (32
# bits), mipsel (32 bits, strict about alignment) and i386; without one the first three. Debian's
# compilers and QEMU are installed; the libraries are unpacked into the work folder
# (GATEHOUSE_PORTS_WORK, kept if it is given), so that this machine's own packages stay of one
# architecture.
#
# One more is called musl: this processor, with the C library that OpenWrt has and LLVM's C++ library.
# Debian has neither compiled for the other, so it takes a compiler that brings both: GATEHOUSE_ZIG
# names the program "zig" (0.11 was tried; its compiler is clang 16). Debian's libraries are linked.
set -euo pipefail

readonly LIBRARIES="libc6-dev libmnl-dev libnftables-dev libnftnl-dev libmicrohttpd-dev libpugixml-dev
    libboost-test-dev"
declare -rA TRIPLETS=([s390x]=s390x-linux-gnu [armhf]=arm-linux-gnueabihf [mipsel]=mipsel-linux-gnu
    [i386]=i686-linux-gnu [musl]=x86_64-linux-gnu)
# What OpenWrt adds for that processor: instructions of 16 bits, of which a router's flash holds more.
declare -rA FLAGS=([mipsel]="-mips16 -minterlink-mips16")
declare -rA EMULATORS=([s390x]=qemu-s390x [armhf]=qemu-arm [mipsel]=qemu-mipsel [i386]=qemu-i386)

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/packages.sh
source "$top/tests/support/packages.sh"
# shellcheck source=tests/openwrt/musl/port.sh
source "$top/tests/openwrt/musl/port.sh"
work=${GATEHOUSE_PORTS_WORK:-}
if [[ -z $work ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

# Lists and packages of another architecture, without telling this machine's package system of it.
fetch_libraries() {
    local state=$port/apt debian=${architecture/musl/amd64} archive options
    mkdir -p "$state"/{state/lists/partial,cache/archives/partial}
    touch "$state/state/status"
    options=(--option "Dir::State=$state/state" --option "Dir::State::status=$state/state/status"
        --option "Dir::Cache=$state/cache" --option "APT::Architecture=$debian"
        --option "APT::Architectures=$debian" --option APT::Sandbox::User=root
        --option Acquire::Retries=3)
    # A list that is missing, for a mirror that is being renewed, may not be needed.
    quietly apt-get "${options[@]}" update || true
    # shellcheck disable=SC2086 # a list of words
    quietly apt-get "${options[@]}" install --download-only --yes --no-install-recommends $LIBRARIES
    mkdir -p "$sysroot"
    for archive in "$state"/cache/archives/*.deb; do
        if [[ $architecture == musl ]] && of_another_compiler "${archive##*/}"; then continue; fi
        dpkg-deb -x "$archive" "$sysroot"
    done
    # As on a machine where / and /usr are one.
    local folder
    for folder in lib lib64; do
        if [[ -d $sysroot/$folder && ! -L $sysroot/$folder ]]; then
            cp -a "$sysroot/$folder/." "$sysroot/usr/$folder/" && rm -r "${sysroot:?}/$folder"
        fi
        ln -sfn "usr/$folder" "$sysroot/$folder"
    done
    touch "$sysroot/complete"
}

write_toolchain() {
    cat >"$port/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $architecture)
set(CMAKE_CXX_COMPILER $triplet-g++)
set(CMAKE_SYSROOT $sysroot)
set(CMAKE_CXX_FLAGS_INIT "${FLAGS[$architecture]:-}")
set(CMAKE_CROSSCOMPILING_EMULATOR ${EMULATORS[$architecture]} -L $sysroot)
END
}

write_where_to_look() {
    cat >>"$port/toolchain.cmake" <<END
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet/i686/i386})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
END
    export PKG_CONFIG_SYSROOT_DIR=$sysroot
    export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/${triplet/i686/i386}/pkgconfig:$sysroot/usr/share/pkgconfig
}

build_tests() {
    local launcher=() strict=ON
    # Another C library warns of other things.
    if [[ $architecture == musl ]]; then strict=OFF; fi
    if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    quietly cmake -S "$top" -B "$port/build" -G Ninja "${launcher[@]}" \
        "-DCMAKE_TOOLCHAIN_FILE=$port/toolchain.cmake" -DGATEHOUSE_WERROR=$strict \
        -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG"
    quietly cmake --build "$port/build" --parallel -- --quiet
}

# Fuzz targets run what they have kept; what needs this machine's own programs is left to it.
run_tests() {
    ctest --test-dir "$port/build" --label-regex '^(unit|fuzz)$' --output-on-failure --no-tests=error \
        --exclude-regex '^(manual|conflicts|openwrt_.*)$' --parallel "$(nproc)"
}

show_size() {
    GATEHOUSE_SIZE_TOOLCHAIN=$port/toolchain.cmake GATEHOUSE_SIZE_PREFIX=$triplet- \
        GATEHOUSE_SIZE_FLAGS=${FLAGS[$architecture]:-} GATEHOUSE_SIZE_WORK=$port/size \
        "$top/tests/openwrt/size.sh" -DGATEHOUSE_SYSTEMD=OFF
}

if (($# == 0)); then set -- s390x armhf mipsel; fi
for architecture in "$@"; do
    if [[ -z ${TRIPLETS[$architecture]:-} ]]; then
        echo "ports.sh: no port to '$architecture', but to: ${!TRIPLETS[*]}" >&2
        exit 1
    fi
done
packages=()
for architecture in "$@"; do
    if [[ $architecture == musl ]]; then
        [[ -x $(command -v "${GATEHOUSE_ZIG:-}") ]] || {
            echo "ports.sh: for musl GATEHOUSE_ZIG has to name the compiler that brings it" >&2
            exit 1
        }
        packages+=(musl)
    else
        packages+=(qemu-user "g++-${TRIPLETS[$architecture]}")
    fi
done
need_packages build tests
install_packages "${packages[@]}"

failed=0
for architecture in "$@"; do
    triplet=${TRIPLETS[$architecture]}
    port=$work/$architecture
    sysroot=$port/root
    printf '=== %s\n' "$architecture"
    [[ -e $sysroot/complete ]] || fetch_libraries
    if [[ $architecture == musl ]]; then
        prepare_musl
    else
        write_toolchain
    fi
    write_where_to_look
    build_tests
    run_tests || failed=1
    # OpenWrt's compiler is GCC.
    [[ $architecture == musl ]] || show_size
done
exit "$failed"
