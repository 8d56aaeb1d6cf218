# SPDX-License-Identifier: GPL-2.0-or-later
"""What every rule works with: the files of the checkout as plain values, and findings.

A rule is a function from a Tree to findings. It reads nothing itself, so selftest.py can hand it
a tree of two lines and see that it objects.
"""

import fnmatch
import pathlib
import subprocess
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Bytes that came from elsewhere (packets, crashes, corpora) follow no house style.
DATA_FOLDERS = {"corpus", "crash", "messages", "captures"}

# Folders that a checkout without git may contain and that are not ours.
FOREIGN_FOLDERS = {".git", "build", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


@dataclass
class Tree:
    """texts: what is text, by path. names: every path. executables: those with the x bit."""

    texts: dict
    names: set = field(default_factory=set)
    executables: set = field(default_factory=set)

    def __post_init__(self):
        self.names = set(self.names) | set(self.texts)

    def sources(self, *patterns):
        """The house's own texts whose path matches one of the patterns, in order."""
        return [
            (path, text)
            for path, text in sorted(self.texts.items())
            if not is_data(path) and matches(path, patterns)
        ]

    def exists(self, path):
        """Whether path, or a pattern like tests/*/x.cpp, names a file or a folder."""
        path = path.rstrip("/")
        if any(c in path for c in "*?["):
            return any(fnmatch.fnmatch(name, path) for name in self.names)
        return path in self.names or any(name.startswith(path + "/") for name in self.names)


def is_data(path):
    return bool(DATA_FOLDERS & set(path.split("/")[:-1]))


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


CPP = ("*.cpp", "*.h")

RULES = {}


def rule(function):
    """Registers a rule in the group that is named like its file."""
    group = function.__module__.rpartition(".")[2]
    RULES.setdefault(group, {})[function.__name__] = function
    return function


def paths_of_checkout(root):
    """Tracked and new files; without git, everything but what a build leaves behind."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached",
         "--others", "--exclude-standard"],
        capture_output=True, check=False,
    ) if (root / ".git").exists() else None
    if listing is not None and listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")]
    return sorted(
        name for name in set(names)
        if not FOREIGN_FOLDERS & set(name.split("/")) and (root / name).is_file()
    )


def read_tree(root=ROOT):
    tree = Tree({})
    for name in paths_of_checkout(root):
        path = root / name
        tree.names.add(name)
        if path.stat().st_mode & 0o111:
            tree.executables.add(name)
        raw = path.read_bytes()
        if b"\0" in raw:
            continue
        try:
            tree.texts[name] = raw.decode("utf-8")
        except UnicodeDecodeError:
            tree.texts[name] = raw.decode("latin-1")
            if not is_data(name):
                tree.texts[name] = "\N{REPLACEMENT CHARACTER}" + tree.texts[name]
    return tree


def numbered(text):
    return enumerate(text.split("\n"), start=1)
