# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # ports.sh sets what names the port
#
# What is special about the port of ports.sh that has another C library, and not another processor.
# Debian's archives of the libraries are linked, which were compiled for glibc: the sizes and layouts
# of what they share with musl are the same on this processor.

# The C library itself. In what the compiler links instead of it all symbols have one address, so that
# stdout and stderr would be the same.
readonly MUSL=/lib/ld-musl-x86_64.so.1

# Packages of the C and C++ libraries and of the kernel's headers, which come with the compiler.
of_another_compiler() {
    [[ $1 == @(libc6|libc-|libcrypt|libgcc|libstdc++|linux-libc|gcc-|libnsl|libtirpc|rpcsvc)* ]]
}

# Symbols of libstdc++ that the archive wants for strings and streams, and one library for texts that
# grow; no room makes use of them, and the program traps if it comes to one. LLVM's library has the
# exceptions by the same names.
write_traps() {
    local archive=$1 symbol
    {
        nm --undefined-only "$archive" | awk '$2 ~ /^_ZNS|^_ZNKS|^_ZSt/ { print $2 }'
        printf '%s\n' _obstack_newchunk obstack_vprintf
    } | sort -u |
        while read -r symbol; do
            if [[ $symbol == *St9bad_alloc* || $symbol == *St9exception* ]]; then continue; fi
            printf '.globl %s\n%s: .fill 16, 1, 0xcc\n' "$symbol" "$symbol"
        done
}

prepare_musl() {
    local libraries=$sysroot/usr/lib/$triplet here=$top/tests/openwrt/musl name
    # Boost is older than the C++ that it is compiled as.
    printf '#!/bin/sh\nexec %q c++ -target x86_64-linux-musl -dynamic %s "$@"\n' \
        "$(command -v "$GATEHOUSE_ZIG")" -D_LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION \
        >"$port/c++"
    chmod +x "$port/c++"
    export ZIG_LOCAL_CACHE_DIR=$port/cache ZIG_GLOBAL_CACHE_DIR=$port/cache
    for name in libmicrohttpd libnftnl libpugixml; do rm -f "$libraries/$name.so"; done
    write_traps "$libraries/libpugixml.a" >"$port/traps.s"
    quietly "$port/c++" -O2 -fPIC -shared -o "$libraries/libstandins.so" "$here/standins.cpp" "$port/traps.s"
    quietly "$port/c++" -O2 -std=c++20 -isystem "$sysroot/usr/include" -c -o "$port/boost_test.o" \
        "$here/boost_test.cpp"
    rm -f "$libraries"/libboost_unit_test_framework.*
    ar rcs "$libraries/libboost_unit_test_framework.a" "$port/boost_test.o"
    cat >"$port/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER $port/c++)
set(CMAKE_FIND_ROOT_PATH $sysroot)
set(CMAKE_EXE_LINKER_FLAGS_INIT "$libraries/libstandins.so $MUSL -Wl,-rpath,$libraries")
set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
set(GATEHOUSE_STATIC_LIBS ON)
set(Boost_USE_STATIC_LIBS ON)
END
}
