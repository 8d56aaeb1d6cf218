# SPDX-License-Identifier: GPL-2.0-or-later
"""gateway/RFC.md: every requirement of the documents that the NAT follows, and how far we are;
alg/REQUIREMENTS.md: the same of what the SIP gateway has to do; gateway/SECURITY.md: what is
promised.

The first two are made of tables with the columns Id, Level, Asked, Status and Test, the last of
Promised and Test. A status is `met`, `not met: reason` or `does not apply: reason`. A test is
written as `tests/room/file.cpp: case`.
"""

import re

from house import Finding, numbered, rule

SECURITY = "gateway/SECURITY.md"

TEST_CASE = re.compile(
    r"\bBOOST_(?:AUTO_TEST_CASE|FIXTURE_TEST_CASE|DATA_TEST_CASE|AUTO_TEST_CASE_TEMPLATE)"
    r"\(\s*(\w+)"
    r"|\bBOOST_DATA_TEST_CASE_F\(\s*\w+,\s*(\w+)"
)
SPAN = re.compile(r"`([^`\n]+)`")
NAMED_TEST = re.compile(r"(tests/[\w/]+\.cpp): (\w+)")

LEVELS = ("MUST", "SHOULD", "MAY")
STATUS = re.compile(r"met\b|(?:not met|does not apply): \S")

# Requirements of each document; a letter belongs to the number before it. RFC 7857 has sections
# instead of numbers, and the letters of 7857 are ours.
REQUIREMENTS = {
    "4787": "1 2 3 3a 4 5 5a 5b 5c 6 6a 7 8 8a 9 9a 10 10a 11 12 12a 12b 13 13a 14 14a",
    "5382": "1 2 2a 3 3a 3b 4 4a 5 5a 6 7 8 8a 9 10",
    "5508": "1 1a 2 2a 3 3a 3b 3c 3d 4 4a 4b 4c 5 5a 5b 5c 6 7 7a 8 9 10a 10b 10c 10d 10e 10f 11",
    "7857": "2 2.1a 2.1b 2.2a 2.2b 3 4a 4b 5 6 7 7.1 8a 8b 9 10 11 12",
    "6888": "1 2 2a 3 4 4a 4b 4c 5 5a 5b 6 7 8 8a 8b 8c 8d 9 10 11a 11b 11c 11d 12 13 14 15",
}

# Ours: what the SIP gateway shall do, and what shows that it does.
SIP_REQUIREMENTS = {
    "R": "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
    "A": "1 2 3 4 5 6 7 8 9 10",
}
TABLES = {"gateway/RFC.md": REQUIREMENTS, "alg/REQUIREMENTS.md": SIP_REQUIREMENTS}


def table_rows(text):
    """(line, {heading: cell}) of every row of every table."""
    headings = None
    for number, line in numbered(text):
        if not line.lstrip().startswith("|"):
            headings = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if headings is None:
            headings = [cell.lower() for cell in cells]
        elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            yield number, dict(zip(headings, cells))


def requirement_rows(tree):
    for path in TABLES:
        for line, row in table_rows(tree.texts.get(path, "")):
            if "id" in row:
                yield path, line, row


def promises(tree):
    for line, row in table_rows(tree.texts.get(SECURITY, "")):
        if "promised" in row:
            yield line, row


def has_test(tree, path, name):
    return any(name in match.groups() for match in TEST_CASE.finditer(tree.texts.get(path, "")))


@rule
def requirements_name_tests_that_exist(tree):
    rows = [*requirement_rows(tree), *((SECURITY, line, row) for line, row in promises(tree))]
    for path, line, row in rows:
        for span in SPAN.findall(row.get("test", "")):
            named = NAMED_TEST.fullmatch(span)
            if not named:
                yield Finding(path, line, f"{span} is not written as tests/room/file.cpp: case")
            elif not has_test(tree, *named.groups()):
                yield Finding(path, line, f"there is no test case {span}")


@rule
def promises_name_a_test(tree):
    for line, row in promises(tree):
        if not row["promised"] or not SPAN.search(row.get("test", "")):
            yield Finding(SECURITY, line, "a promise names the test that shows it")


@rule
def requirements_have_a_level_and_a_status(tree):
    for path, line, row in requirement_rows(tree):
        if row.get("level") not in LEVELS:
            yield Finding(path, line, f"the level is none of {', '.join(LEVELS)}")
        if not row.get("asked"):
            yield Finding(path, line, "it does not say what is asked")
        if not STATUS.match(row.get("status", "")):
            yield Finding(path, line, "the status is none of met, not met: reason, does not apply: "
                                     "reason")


@rule
def met_requirements_name_a_test(tree):
    for path, line, row in requirement_rows(tree):
        if row.get("status", "").startswith("met") and not SPAN.search(row.get("test", "")):
            yield Finding(path, line, "a requirement that is met names the test that shows it")


@rule
def every_requirement_is_listed_once(tree):
    for path, documents in TABLES.items():
        if path not in tree.texts:
            continue
        wanted = {f"{document}-{number}" for document, numbers in documents.items()
                  for number in numbers.split()}
        listed = set()
        for file, line, row in requirement_rows(tree):
            if file != path:
                continue
            if row["id"] not in wanted:
                yield Finding(path, line, f"no document has a requirement {row['id']}")
            elif row["id"] in listed:
                yield Finding(path, line, f"{row['id']} is listed twice")
            listed.add(row["id"])
        for one in sorted(wanted - listed):
            yield Finding(path, 1, f"{one} is missing")
