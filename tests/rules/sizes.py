# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a file and a function may be. Beyond the soft limits it is worth a look."""

import ast
import re

import cpp
from house import Finding, rule

FILE_HARD, FILE_SOFT = 700, 400
FUNCTION_HARD, FUNCTION_SOFT = 80, 40

CODE = ("*.cpp", "*.h", "*.py", "*.sh", "*.js", "*.css", "*.html")


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1, node.name


def shell_functions(text):
    for match in re.finditer(r"^(\w+)\(\) [{(]\n.*?^[})]", text, re.M | re.S):
        first = text.count("\n", 0, match.start()) + 1
        yield first, match.group(0).count("\n") + 1, match.group(1)


MEASURES = {"cpp": cpp.functions, "h": cpp.functions, "py": python_functions,
            "sh": shell_functions}


def long_files(tree, limit):
    for path, text in tree.sources(*CODE):
        lines = text.count("\n")
        if lines > limit:
            yield Finding(path, 1, f"{lines} lines, more than {limit}")


def long_functions(tree, limit):
    for path, text in tree.sources(*(f"*.{ending}" for ending in MEASURES)):
        for first, lines, name in MEASURES[path.rpartition(".")[2]](text):
            if lines > limit:
                yield Finding(path, first, f"{name} has {lines} lines, more than {limit}")


@rule
def files_are_short(tree):
    return long_files(tree, FILE_HARD)


@rule
def functions_are_short(tree):
    return long_functions(tree, FUNCTION_HARD)


def report(tree):
    """What is within the limits and yet long: for the reader of the log, never a failure."""
    return list(long_files(tree, FILE_SOFT)) + list(long_functions(tree, FUNCTION_SOFT))
