# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom, and which library is known where.

base <- nat <- {alg, upnp, dhcp}; the rooms never see each other and reach the NAT through two
doors. CMake's include folders say the same; this says it of a file that was never compiled, too.
"""

import re

import cpp
from house import CPP, Finding, matches, rule

DOORS = ("gateway/base/*", "gateway/config/config.h", "gateway/nat/mapping_service.h",
         "gateway/nat/hosts.h")
SHELL = ("gateway/loop/*", "gateway/kernel/*", "gateway/control/*")

# A folder may include itself and what stands here. The first match of a path counts.
MAY_INCLUDE = (
    ("gateway/base/*", ()),
    ("gateway/config/*", ("gateway/base/*",)),
    ("gateway/nat/*", ("gateway/base/*", "gateway/config/*")),
    ("gateway/stun/*", ("gateway/base/*", "gateway/loop/socket_address.h")),
    ("gateway/loop/*", ("gateway/base/*",)),
    ("gateway/kernel/*", ("gateway/base/*",)),
    ("gateway/control/*", ("gateway/base/*", "gateway/loop/*")),
    ("gateway/daemon/*", ("*",)),
    ("alg/*", DOORS),
    ("upnp/*", DOORS),
    ("dhcp/*", DOORS),
)

# The files of a room that talk to sockets: io.cpp, io.h, whatever ends in _io or _shell, and the
# folder shell/ of a room, which is a CMake target of its own.
SHELL_FILE = re.compile(r"/(?:(?:\w+_)?io|\w+_shell|shell/\w+)\.(?:cpp|h)$")

# A library is included by one folder, so that one folder changes when it does.
HOMES = (
    (r"(?:linux/(?!aio_abi)|libmnl/|libnftnl/|nftables/|libnetfilter_queue/).*",
     "gateway/kernel/*.cpp"),
    (r"linux/aio_abi\.h", "gateway/loop/*.cpp"),
    (r"pugixml\.hpp", "upnp/*.cpp"),
    (r"microhttpd\.h", "gateway/control/*.cpp"),
)


def product(tree):
    return [f for f in tree.sources(*CPP) if not f[0].startswith("tests/")]


def room_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "gateway" else parts[0]


@rule
def includes_point_downward(tree):
    for path, text in product(tree):
        allowed = next((may for glob, may in MAY_INCLUDE if matches(path, (glob,))), None)
        if allowed is None:
            yield Finding(path, 1, f"the room {room_of(path)} is not in MAY_INCLUDE "
                                   "(tests/rules/directions.py): decide what it may see")
            continue
        allowed += (room_of(path) + "/*",) + (SHELL if SHELL_FILE.search(path) else ())
        for line, name, own in cpp.includes(text):
            if own and not matches(name, allowed):
                yield Finding(path, line, f'{room_of(path)} must not include "{name}"')


@rule
def includes_start_at_the_top(tree):
    for path, text in tree.sources(*CPP):
        for line, name, own in cpp.includes(text):
            if ".." in name.split("/"):
                yield Finding(path, line, f'"{name}": no "../" in includes')
            elif own and not tree.exists(name):
                yield Finding(path, line, f'"{name}" is not the path of a file from the top')


@rule
def headers_are_included_once(tree):
    for path, text in tree.sources("*.h"):
        if not re.search(r"^#pragma once$", text, re.M):
            yield Finding(path, 1, "a header needs #pragma once")


@rule
def libraries_have_one_home(tree):
    for path, text in product(tree):
        for line, name, _ in cpp.includes(text):
            for pattern, home in HOMES:
                if re.fullmatch(pattern, name) and not matches(path, (home,)):
                    yield Finding(path, line, f"<{name}> may be included by {home} only")
