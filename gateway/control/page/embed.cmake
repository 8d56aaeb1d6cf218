# SPDX-License-Identifier: GPL-2.0-or-later
#
# cmake -D OUT=FILE.cpp -D FOLDER=gateway/control/page -P embed.cmake
# writes the files of the status page, compressed, as a part of the program (control/page.h). The
# result depends on the files alone: the time in the head of a compressed file is taken away.
# Without PAGE there are none.
cmake_minimum_required(VERSION 3.20)

if(NOT PAGE)
    file(WRITE ${OUT} "// Made by gateway/control/page/embed.cmake, without the page.
#include \"gateway/control/page.h\"

namespace gatehouse::control {

std::span<const PageFile> page_files() {
    return {};
}

}  // namespace gatehouse::control
")
    return()
endif()

set(arrays "")
set(rows "")
foreach(pair "index.html|/|text/html; charset=utf-8" "page.css|/page.css|text/css; charset=utf-8"
        "page.js|/page.js|text/javascript; charset=utf-8" "icon.svg|/icon.svg|image/svg+xml")
    string(REPLACE "|" ";" parts "${pair}")
    # The type may hold a semicolon of its own.
    string(REGEX REPLACE "^[^|]*\\|[^|]*\\|" "" type "${pair}")
    list(GET parts 0 file)
    list(GET parts 1 path)
    string(MAKE_C_IDENTIFIER ${file} name)
    file(ARCHIVE_CREATE OUTPUT ${OUT}.gz PATHS ${FOLDER}/${file} FORMAT raw COMPRESSION GZip
        COMPRESSION_LEVEL 9)
    file(READ ${OUT}.gz hex HEX)
    file(REMOVE ${OUT}.gz)
    string(SUBSTRING "${hex}" 0 8 head)
    string(SUBSTRING "${hex}" 16 -1 rest)
    set(hex "${head}00000000${rest}")
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "constexpr unsigned char k_${name}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${path}\", \"${type}\", k_${name}, sizeof k_${name}},\n")
endforeach()
file(WRITE ${OUT} "// Made by gateway/control/page/embed.cmake.
#include \"gateway/control/page.h\"

namespace gatehouse::control {

namespace {

${arrays}
constexpr PageFile kFiles[] = {
${rows}};

}  // namespace

std::span<const PageFile> page_files() {
    return kFiles;
}

}  // namespace gatehouse::control
")
