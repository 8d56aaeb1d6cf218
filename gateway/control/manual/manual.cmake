# SPDX-License-Identifier: GPL-2.0-or-later
#
# cmake -D OUT=gatehouse.conf.5 -D FOLDER=gateway/control/manual -D SAMPLE=gatehouse.config
#     -P manual.cmake
# writes the manual page of the configuration. Its sections come from the sample file, which a test
# holds against the one table of all options (tests/config/schema.cpp): comments in front of a line
# explain it, and what stands behind a '#' has no default.
cmake_minimum_required(VERSION 3.20)

file(STRINGS ${SAMPLE} lines)
set(page "")
set(comment "")
foreach(line IN LISTS lines)
    set(live TRUE)
    if(line MATCHES "^#(config.*|\t(option|list|#).*)$")
        set(live FALSE)
        set(line "${CMAKE_MATCH_1}")
    endif()
    string(STRIP "${line}" line)
    if(line MATCHES "^# ?(.*)$")
        string(APPEND comment "${CMAKE_MATCH_1}\n")
    elseif(line MATCHES "^config ([a-z_]+)( '(.*)')?$")
        if(page)
            string(APPEND page ".El\n")
        endif()
        string(APPEND page ".Ss ${CMAKE_MATCH_1}\n${comment}.Bl -tag -width Ds\n")
        set(comment "")
    elseif(line MATCHES "^(option|list) ([a-z0-9_]+) '(.*)'$")
        set(kind "${CMAKE_MATCH_1}")
        set(name "${CMAKE_MATCH_2}")
        set(value "${CMAKE_MATCH_3}")
        set(word "default")
        if(NOT live)
            set(word "for example")
        endif()
        # Each sentence on a line of its own, and the words of a choice as one.
        string(REGEX REPLACE "\nOne of (.*)\n$" "\nOne of \\1.\n" comment "${comment}")
        string(APPEND page ".It Ic ${kind} Cm ${name} Pq ${word} Li ${value}\n${comment}")
        set(comment "")
    else()
        set(comment "")
    endif()
endforeach()
string(APPEND page ".El\n")
string(REGEX REPLACE "\\. ([A-Z])" ".\n\\1" page "${page}")
file(READ ${FOLDER}/gatehouse.conf.5.in text)
string(REPLACE "@SECTIONS@" "${page}" text "${text}")
file(WRITE ${OUT} "${text}")
