#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles every product source that a build compiles for 32 bits, as most routers have, without making
anything of it: narrow.py BUILD.

What a conversion there loses is an error. tests/openwrt/ports.sh makes programs of them, and takes long.
"""

import pathlib
import sys
import time

import tidy

# Headers of the kernel are the same for both, in the folder of the other.
NARROW = ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Werror"]


def main(build):
    began = time.monotonic()
    folder = pathlib.Path(build).resolve() / "narrow"
    folder.mkdir(parents=True, exist_ok=True)
    files = tidy.compiled(pathlib.Path(build))
    flags = sorted({flag for some in files.values() for flag in some}) + NARROW + WARNINGS
    for some in tidy.batches(list(files), flags, folder, 4):
        if len(some) > 1:  # they were compiled to find out that they stand together
            continue
        done = tidy.compile_unit(some[0], flags)
        if done.returncode != 0:
            raise tidy.DoesNotCompile(done.stderr)
    print(f"narrow: {len(files)} files compile for 32 bits, {time.monotonic() - began:.0f} s")
    return 0 if files else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: narrow.py BUILD")
    try:
        sys.exit(main(sys.argv[1]))
    except tidy.DoesNotCompile as error:
        sys.exit(f"narrow: {tidy.COMPILER} refuses\n{error}")
