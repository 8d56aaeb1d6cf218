# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is linked for libmicrohttpd and libnftnl: GATEHOUSE_MICROHTTPD and GATEHOUSE_NFTNL. With
# GATEHOUSE_STATIC_LIBS the archives, where they are installed and fit, so that the daemon holds
# only what it uses of them and loads no TLS library (control/no_tls/no_tls.cpp).
set(GATEHOUSE_MICROHTTPD PkgConfig::MICROHTTPD)
set(GATEHOUSE_NFTNL PkgConfig::NFTNL)
if(NOT GATEHOUSE_STATIC_LIBS)
    return()
endif()

find_library(GATEHOUSE_NFTNL_ARCHIVE libnftnl.a HINTS ${NFTNL_LIBRARY_DIRS} ${NFTNL_LIBDIR})
if(GATEHOUSE_NFTNL_ARCHIVE)
    set(GATEHOUSE_NFTNL ${GATEHOUSE_NFTNL_ARCHIVE})
endif()

find_library(GATEHOUSE_MICROHTTPD_ARCHIVE libmicrohttpd.a
    HINTS ${MICROHTTPD_LIBRARY_DIRS} ${MICROHTTPD_LIBDIR})
if(NOT GATEHOUSE_MICROHTTPD_ARCHIVE)
    return()
endif()
find_package(Threads REQUIRED)
set(no_tls ${CMAKE_CURRENT_LIST_DIR}/control/no_tls/no_tls.cpp)
# Another version may call more of the TLS library; then that library it is.
file(WRITE ${CMAKE_BINARY_DIR}/no_tls/check.cpp "#include <microhttpd.h>
int main() {
    return MHD_start_daemon(0, 0, nullptr, nullptr, nullptr, nullptr, MHD_OPTION_END) == nullptr;
}
")
try_compile(GATEHOUSE_NO_TLS ${CMAKE_BINARY_DIR}/no_tls
    SOURCES ${CMAKE_BINARY_DIR}/no_tls/check.cpp ${no_tls}
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${MICROHTTPD_INCLUDE_DIRS}"
    LINK_LIBRARIES ${GATEHOUSE_MICROHTTPD_ARCHIVE} Threads::Threads)
if(GATEHOUSE_NO_TLS)
    add_library(gh_no_tls STATIC ${no_tls})
    target_link_libraries(gh_no_tls PRIVATE gh_flags)
    target_include_directories(gh_no_tls SYSTEM INTERFACE ${MICROHTTPD_INCLUDE_DIRS})
    set(GATEHOUSE_MICROHTTPD ${GATEHOUSE_MICROHTTPD_ARCHIVE} gh_no_tls Threads::Threads)
else()
    message(STATUS "libmicrohttpd.a does not fit: the shared library is linked")
endif()
