#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for uci(1), as much of it as our scripts use: get, set, delete, add_list, commit.

A change is written at once; `commit` is noted in /tmp/calls, so that a test sees a forgotten one
by its absence. `export-shell FILE` is for the stand-in of /lib/functions.sh.
"""

import os
import re
import shlex
import sys

def read(folder, package):
    """[[type, name or None, {option: str or list}], ...]"""
    sections = []
    path = os.path.join(folder, package)
    if not os.path.exists(path):
        return sections
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if words[0] == "config":
                sections.append([words[1], words[2] if len(words) > 2 else None, {}])
            elif words[0] == "option":
                sections[-1][2][words[1]] = words[2]
            elif words[0] == "list":
                values = sections[-1][2].setdefault(words[1], [])
                values.append(words[2])
    return sections


def quoted(value):
    return "'" + value.replace("'", "'\\''") + "'"


def write(folder, package, sections):
    with open(os.path.join(folder, package), "w", encoding="utf-8") as file:
        for kind, name, options in sections:
            file.write(f"config {kind}" + (f" {quoted(name)}" if name else "") + "\n")
            for option, value in options.items():
                if isinstance(value, list):
                    for one in value:
                        file.write(f"\tlist {option} {quoted(one)}\n")
                else:
                    file.write(f"\toption {option} {quoted(value)}\n")
            file.write("\n")


def find(sections, name):
    """The section of that name, or of the form @type[0], or an anonymous one as cfgN."""
    by_type = re.fullmatch(r"@(\w+)\[(\d+)\]", name)
    if by_type:
        some = [s for s in sections if s[0] == by_type.group(1)]
        number = int(by_type.group(2))
        return some[number] if number < len(some) else None
    for number, section in enumerate(sections, start=1):
        if (section[1] or f"cfg{number}") == name:
            return section
    return None


def export_shell(folder, package):
    names = []
    for number, (kind, name, options) in enumerate(read(folder, package), start=1):
        name = name or f"cfg{number}"
        names.append(name)
        print(f"CONFIG_{name}_TYPE={shlex.quote(kind)}")
        for option, value in options.items():
            values = value if isinstance(value, list) else [value]
            print(f"CONFIG_{name}_{option}={shlex.quote(' '.join(values))}")
            if isinstance(value, list):
                print(f"CONFIG_{name}_{option}_LENGTH={len(values)}")
                for at, one in enumerate(values, start=1):
                    print(f"CONFIG_{name}_{option}_ITEM{at}={shlex.quote(one)}")
    print(f"CONFIG_SECTIONS={shlex.quote(' '.join(names))}")


def change(command, section, option, value):
    if command in ("set", "add_list") and section is None:
        return False
    if command == "set":
        section[2][option] = value
    elif command == "add_list":
        section[2].setdefault(option, []).append(value)
    elif section is None or section[2].pop(option, None) is None:
        return False
    return True


def value_at(place, folder):
    package, name, option = (place.split(".") + [""])[:3]
    section = find(read(folder, package), name)
    found = section[2].get(option) if section else None
    return " ".join(found) if isinstance(found, list) else found


def main(words, folder="/etc/config"):
    words = [word for word in words if word != "-q"]
    command, argument = words[0], words[1] if len(words) > 1 else ""
    if command == "export-shell":
        return export_shell(folder, argument)
    if command == "commit":
        with open("/tmp/calls", "a", encoding="utf-8") as calls:
            calls.write(f"uci commit {argument}\n")
        return 0
    if command == "get":
        found = value_at(argument, folder)
        print(found or "", end="\n" if found else "")
        return 0 if found else 1
    place, _, value = argument.partition("=")
    package, name, option = (place.split(".") + [""])[:3]
    sections = read(folder, package)
    if not change(command, find(sections, name), option, value):
        return 1
    write(folder, package, sections)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
