# SPDX-License-Identifier: GPL-2.0-or-later
"""Names: what stands at the top, how files are called, what their first line says."""

import re

from house import Finding, rule

TOP = {
    ".ci", ".clang-format", ".clang-tidy", ".gitignore", ".editorconfig", "CMakeLists.txt",
    "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "alg", "dhcp",
    "gateway", "openwrt", "tests", "upnp",
}

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
SOURCES = ("*.cpp", "*.h", "*.py", "*.sh", "*.js", "*.css", "*.cmake", "*CMakeLists.txt",
           "*/Makefile", ".clang-tidy", ".ci/run")


@rule
def the_top_is_the_designs(tree):
    for name in sorted({path.split("/")[0] for path in tree.names} - TOP):
        yield Finding(name, 1, "the design has no such name at the top level")


# Names that OpenWrt's feed prescribes.
FOREIGN_NAMES = {"test-version.sh"}


@rule
def files_are_lower_snake(tree):
    for path, _ in tree.sources("*.cpp", "*.h", "*.py", "*.sh"):
        if path.split("/")[-1] in FOREIGN_NAMES:
            continue
        if not re.fullmatch(r"[a-z][a-z0-9_]*\.\w+", path.split("/")[-1]):
            yield Finding(path, 1, "a source file is named in lower_snake")


@rule
def sources_name_their_licence(tree):
    for path, text in tree.sources(*SOURCES):
        if not any(SPDX in line for line in text.split("\n")[:3]):
            yield Finding(path, 1, f"one of the first three lines must be: {SPDX}")


@rule
def commands_can_be_run(tree):
    for path, text in tree.sources("*"):
        if text.startswith("#!") and path not in tree.executables:
            yield Finding(path, 1, "begins with #! but is not executable")
        elif path in tree.executables and not text.startswith("#!"):
            yield Finding(path, 1, "is executable but does not begin with #!")


@rule
def fuzz_targets_have_words(tree):
    for path, _ in tree.sources("tests/fuzz/*.cpp"):
        name = path.removeprefix("tests/fuzz/").removesuffix(".cpp")
        homes = (f"tests/fuzz/words/{name}", f"tests/fuzz/words/{name.split('_')[0]}")
        if "/" not in name and not any(tree.exists(home) for home in homes):
            yield Finding(path, 1, f"there is no dictionary {homes[1]}")


@rule
def fuzz_targets_have_a_corpus(tree):
    for path, _ in tree.sources("tests/fuzz/*.cpp"):
        name = path.removeprefix("tests/fuzz/").removesuffix(".cpp")
        if "/" not in name and not tree.exists(f"tests/fuzz/corpus/{name}"):
            yield Finding(path, 1, f"there is no input in tests/fuzz/corpus/{name}")
