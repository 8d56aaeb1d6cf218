# SPDX-License-Identifier: GPL-2.0-or-later
"""The functional core: values in, values out.

Time is a parameter, randomness is handed in, and facts are returned. A core that could ask for
either could not run in the simulated world.
"""

import re

import cpp
from directions import SHELL_FILE, product
from house import Finding, rule

CORES = ("gateway/base/*", "gateway/config/*", "gateway/nat/*", "gateway/stun/*", "alg/*",
         "upnp/*", "dhcp/*")

# Files in a core's folder that are its shell whatever their name: what they fetch, they hand in.
SHELL_FILES = {
    "gateway/base/random.cpp",    # the one source of real randomness
    "gateway/stun/commands.cpp",  # two programs of the command line, with their own loops
    "gateway/stun/sockets.cpp",
    "gateway/stun/sockets.h",
}

HEADERS = re.compile(
    r"iostream|fstream|filesystem|thread|mutex|condition_variable|future|random|ctime|time\.h"
    r"|cstdio|stdio\.h|syslog\.h|unistd\.h|fcntl\.h|poll\.h|signal\.h|csignal"
    r"|(?:sys|net|netinet|arpa)/.*"
)

CALLS = re.compile(
    r"::now\s*\("
    r"|(?<![\w.>])(?:std::|::)?(?:rand|srand|getrandom|gettimeofday|clock_gettime|socket|sendto"
    r"|recvfrom|fopen|getenv|printf|fprintf|syslog|usleep|nanosleep)\s*\("
    r"|(?<![\w.>])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)"
    r"|\bstd::(?:cout|cerr|clog|thread|mutex|jthread|async|random_device|mt19937\w*)\b"
)

# The daemon is one thread: nothing of it is guarded against another, and no test runs under the
# thread sanitizer.
THREADS = re.compile(r"\bstd::(?:thread|jthread|async|mutex|shared_mutex|atomic\w*|call_once)\b"
                     r"|\bpthread_create\b|\bMHD_USE_(?:INTERNAL_POLLING_THREAD"
                     r"|THREAD_PER_CONNECTION|AUTO_INTERNAL_THREAD)\b")

# Where bytes may change their type: the cursors, and codecs of what the kernel hands us.
CASTS = re.compile(r"\breinterpret_cast\b|\bconst_cast\b")
CAST_HOMES = {"gateway/base/bytes.cpp"}


def cores(tree):
    for path, text in tree.sources(*(c + e for c in CORES for e in (".cpp", ".h"))):
        if path not in SHELL_FILES and not SHELL_FILE.search(path):
            yield path, text


@rule
def core_includes_no_system(tree):
    for path, text in cores(tree):
        for line, name, own in cpp.includes(text):
            if not own and HEADERS.fullmatch(name):
                yield Finding(path, line, f"a core must not include <{name}>")


@rule
def core_calls_no_system(tree):
    for path, text in cores(tree):
        for line, code in enumerate(cpp.code_only(text).split("\n"), start=1):
            match = CALLS.search(code)
            if match:
                yield Finding(path, line, f"a core must not use {match.group(0).rstrip(' (')}: "
                                          "time and randomness are handed in, facts handed out")


@rule
def core_keeps_its_types(tree):
    for path, text in cores(tree):
        for line, code in enumerate(cpp.code_only(text).split("\n"), start=1):
            if path not in CAST_HOMES and CASTS.search(code):
                yield Finding(path, line, "a core reads bytes with ByteReader and text with "
                                          "as_text, not with a cast")


@rule
def nobody_begins_a_thread(tree):
    for path, text in product(tree):
        for line, code in enumerate(cpp.code_only(text).split("\n"), start=1):
            match = THREADS.search(code)
            if match:
                yield Finding(path, line, f"{match.group(0)}: the daemon is one thread")
