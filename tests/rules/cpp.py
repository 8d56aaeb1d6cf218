# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of C++ as the rules need: text without comments, includes, functions and their length.

This is no parser. It knows comments, literals and brackets, and tells the body of a function from
other braces by what stands before the brace. That is enough for code in the house's format.
"""

import re

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r'|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'",
    re.S,
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>\n]+>|"[^"\n]+")')
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def blank(text):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """The text with comments blanked and literals emptied; lines and columns stay."""

    def one(match):
        found = match.group(0)
        if found.startswith("/"):
            return blank(found)
        return '"' + blank(found[1:-1]) + '"'

    return TOKEN.sub(one, text)


def includes(text):
    """(line, "path", is_own) of every include; own ones are written with quotes."""
    for number, line in enumerate(text.split("\n"), start=1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1)[1:-1], match.group(1)[0] == '"'


NO_FUNCTION = re.compile(
    r"^\W*(?:inline\s+)?(?:(?:namespace|class|struct|union|enum)\b|extern\s*\"[^\"]*\"\s*$)"
)
TEMPLATE = re.compile(r"template\s*<.*?>\s*(?=\w)", re.S)
LABEL = re.compile(r"(?:\s*(?:public|private|protected)\s*:(?!:))+")
AFTER_PARAMETERS = re.compile(
    r"\)\s*(?:const|noexcept|override|final|mutable|try|&&?|requires\b.*|->.*|\s)*$", re.S
)
CONSTRUCTOR = re.compile(r"\)\s*(?:noexcept)?\s*:(?!:)", re.S)


def opens_scope(head):
    """Whether a brace after head, the text since the last statement, holds declarations."""
    return bool(NO_FUNCTION.match(TEMPLATE.sub("", head)))


def opens_function(head):
    """Whether a brace after head begins a function."""
    if "(" not in head or opens_scope(head):
        return False
    if CONSTRUCTOR.search(head):
        return head.rstrip()[-1:] in ")}"
    return bool(AFTER_PARAMETERS.search(head))


def name_of(head):
    """The name before the first bracket, or the test's name where the head is a test macro."""
    macro = re.search(r"\b[A-Z_]*TEST_CASE[A-Z_]*\(\s*(\w+)", head)
    if macro:
        return macro.group(1)
    named = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", head)
    return named.group(1) if named else "a function"


def kind_of_brace(code, start, position):
    """What the brace at position opens: "scope", "value" or (offset, name) of a function."""
    label = LABEL.match(code, start, position)
    head = code[label.end() if label else start:position]
    if opens_function(head):
        return position - len(head.lstrip()), name_of(head)
    return "scope" if opens_scope(head) else "value"


def functions(text):
    """(first line, number of lines, name) of every function outside other functions.

    The first line is where the declaration begins, the last that of the closing brace.
    """
    code = DIRECTIVE.sub(lambda m: blank(m.group(0)), code_only(text))
    start, round_depth, open_braces = 0, 0, []
    for position, char in enumerate(code):
        inside = bool(open_braces) and open_braces[-1] != "scope"
        if char in "([":
            round_depth += 1
        elif char in ")]":
            round_depth -= 1
        elif round_depth > 0 or char not in "{};":
            continue
        elif char == "{":
            kind = "value" if inside else kind_of_brace(code, start, position)
            open_braces.append(kind)
            if kind == "scope":
                start = position + 1
        elif char == "}" and open_braces:
            closed = open_braces.pop()
            if isinstance(closed, tuple):
                line = code.count("\n", 0, closed[0]) + 1
                yield line, code.count("\n", closed[0], position) + 1, closed[1]
            if closed != "value":
                start = position + 1
        elif char == ";" and not inside:
            start = position + 1
