#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs clang-tidy (.clang-tidy) over every product source that a build compiles: tidy.py BUILD.

Most of clang-tidy's time goes into the standard library's headers, so many files are checked in one
go, as one file that includes them all. Files that cannot stand together, because their unnamed
namespaces hold the same name, go into separate batches. What was clean and has not changed since,
nor anything it includes, is not checked again.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import cpp
import house

TIDY, COMPILER = "clang-tidy-14", "clang++-14"
LANGUAGE = ["-std=c++20", "-I."]
TAKEN = re.compile(r"redefinition of|redeclar|is ambiguous|conflicting types|previous declaration")
COMPLAINT = re.compile(r"^(\S+?):(\d+):\d+: (?:fatal )?(?:error|warning): .*$", re.M)


def compiled(build):
    """{path: flags that change its meaning} of the product's sources in a build."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text("utf-8")):
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), house.ROOT)
        if path.startswith(("..", "tests/", "build/")):
            continue
        words = shlex.split(entry["command"])
        flags = [word for word in words if word.startswith("-D") and word != "-DNDEBUG"]
        flags += [f"-I{folder}" for word, folder in zip(words, words[1:]) if word == "-isystem"]
        found[path] = sorted(set(flags))
    return found


def own_includes(path, seen):
    """The file and all files of the house that it includes, directly or not."""
    if path not in seen and (house.ROOT / path).is_file():
        seen[path] = (house.ROOT / path).read_text("utf-8")
        for _, name, own in cpp.includes(seen[path]):
            if own:
                own_includes(name, seen)
    return seen


def stamp(path, flags, settings):
    """Names everything that the verdict on a file depends on."""
    digest = hashlib.sha256((settings + path + " ".join(flags)).encode())
    for name, text in sorted(own_includes(path, {}).items()):
        digest.update(f"{name}\n{text}".encode())
    return digest.hexdigest()


def together(name, files, folder):
    """Writes the file that includes all files."""
    unit = folder / f"{name}.cpp"
    unit.write_text("".join(f'#include "{path}"  // NOLINT\n' for path in files), "utf-8")
    return str(unit)


class DoesNotCompile(Exception):
    """The compiler's errors about a file that no other file is to blame for."""


def culprits(said, unit, files):
    """Those of the files that use a name which a file before them has taken."""
    errors, place = {}, None
    for line in said.split("\n"):
        stack = re.match(rf"In file included from {re.escape(unit)}:(\d+):", line)
        if stack:
            place = files[int(stack.group(1)) - 1]
        elif re.search(r":\d+:\d+: (?:fatal )?error: ", line):
            errors.setdefault(place, []).append(line)
    if not all(any(map(TAKEN.search, some)) for some in errors.values()):
        # An error in a header of the library is explained by the notes that name our lines.
        raise DoesNotCompile("\n".join(
            line for line in said.split("\n") if re.search(r"error: |^\./.*requested here", line)))
    return set(errors)


def compile_unit(unit, flags):
    """What the compiler says of the file, of which nothing is made."""
    return subprocess.run([COMPILER, "-fsyntax-only", "-ferror-limit=0", *LANGUAGE, *flags, unit],
                          cwd=house.ROOT, capture_output=True, text=True, check=False)


def compile_apart(name, files, flags, folder):
    """(files that compile together, those that do not compile next to them)."""
    good, apart = list(files), []
    while len(good) > 1:
        unit = together(name, good, folder)
        done = compile_unit(unit, flags)
        if done.returncode == 0:
            break
        # The first has nobody before it: what is wrong with it comes up when it is alone.
        wrong = culprits(done.stderr, unit, good) - {good[0]}
        if not wrong:
            raise DoesNotCompile(done.stderr)
        apart += [path for path in good if path in wrong]
        good = [path for path in good if path not in wrong]
    return good, apart


def batches(files, flags, folder, width):
    """Lists of files that compile together, at first width of them."""
    waiting = [sorted(files)[i::width] for i in range(width)]
    number = 0
    while any(waiting):
        apart = []
        for some in filter(None, waiting):
            good, bad = compile_apart(f"batch_{number}", some, flags, folder)
            number += 1
            apart += bad
            yield good
        waiting = [apart]


def tidy(name, files, flags, folder):
    """The complaints about the files, one string each."""
    unit = together(name, files, folder)
    done = subprocess.run([TIDY, "--quiet", f"--config-file={house.ROOT}/.clang-tidy", unit, "--",
                           *LANGUAGE, *flags],
                          cwd=house.ROOT, capture_output=True, text=True, check=False)
    found = {match.group(0).replace(f"{house.ROOT}/", "").removeprefix("./")
             for match in COMPLAINT.finditer(done.stdout)}
    if done.returncode != 0 and not found:
        found = {f"{name}: {TIDY} failed: {(done.stdout + done.stderr).strip()}"}
    return found


def main(build):
    began = time.monotonic()
    folder = pathlib.Path(build).resolve() / "tidy"
    folder.mkdir(parents=True, exist_ok=True)
    settings = (house.ROOT / ".clang-tidy").read_text("utf-8") + subprocess.run(
        [TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    files = compiled(pathlib.Path(build))
    flags = sorted({flag for some in files.values() for flag in some})
    stamps = {path: stamp(path, flags, settings) for path in files}
    changed = [path for path in files if not (folder / stamps[path]).exists()]
    complaints = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(some, pool.submit(tidy, f"tidy_{number}", some, flags, folder))
                for number, some in enumerate(batches(changed, flags, folder, 4))]
        for some, done in work:
            complaints |= done.result()
            for path in some if not done.result() else []:
                (folder / stamps[path]).touch()
    for line in sorted(complaints):
        print(line)
    print(f"tidy: {len(complaints)} complaints, {len(changed)} files checked in {len(work)} "
          f"batches, {len(files) - len(changed)} unchanged since they were clean, "
          f"{time.monotonic() - began:.0f} s")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tidy.py BUILD")
    try:
        sys.exit(main(sys.argv[1]))
    except DoesNotCompile as error:
        sys.exit(f"tidy: {COMPILER} refuses\n{error}")
