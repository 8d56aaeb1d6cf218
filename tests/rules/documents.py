# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documents say exists, exists: commands, options, files behind links."""

import json
import posixpath
import re

from house import Finding, numbered, rule

SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```+|~~~+)(\w*)")

# What a path of ours begins with, when a document mentions one.
OURS = re.compile(r"(?:gateway|alg|upnp|dhcp|tests|openwrt|\.ci)/[\w./*-]*$")


def prose_and_code(text):
    """(line, text, language): language is None in prose, else that of the fenced block."""
    fence, language = None, None
    for number, line in numbered(text):
        match = FENCE.match(line)
        if match and fence is None:
            fence, language = match.group(1), match.group(2)
        elif fence is not None and line.startswith(fence):
            fence, language = None, None
        else:
            yield number, line, language


@rule
def links_lead_somewhere(tree):
    for path, text in tree.sources("*.md"):
        for line, prose, language in prose_and_code(text):
            if language is not None:
                continue
            for target in LINK.findall(prose):
                where = target.split("#")[0]
                if re.match(r"[a-z]+:", target) or not where:
                    continue
                if not tree.exists(posixpath.normpath(
                        posixpath.join(posixpath.dirname(path), where))):
                    yield Finding(path, line, f"the link to {target} leads nowhere")


def words_of_commands(text):
    """(line, first words) of what a document tells people to type."""
    for line, content, language in prose_and_code(text):
        if language in ("sh", "bash", "console", "shell"):
            yield line, content.removeprefix("$ ").removeprefix("# ").split()
        elif language is None:
            for span in SPAN.findall(content):
                yield line, span.split()


@rule
def mentioned_paths_exist(tree):
    for path, text in tree.sources("*.md"):
        for line, words in words_of_commands(text):
            for word in words:
                word = word.removeprefix("./").rstrip(",;:")
                if OURS.match(word) and not tree.exists(word):
                    yield Finding(path, line, f"{word} does not exist")


def words_of_program(tree):
    """Every quoted word of the program's sources: what its command line can understand."""
    return {
        word
        for path, text in tree.sources("gateway/*.cpp", "gateway/*.h")
        for literal in re.findall(r'"([^"\n]*)"', text)
        for word in re.findall(r"[\w-]+", literal)
    }


@rule
def commands_exist(tree):
    """Scripts named by a command can be run; `gatehouse WORD` and `--preset NAME` are known."""
    program = words_of_program(tree)
    presets = {
        preset["name"]
        for preset in json.loads(tree.texts.get("CMakePresets.json", "{}"))
        .get("configurePresets", [])
    }
    for path, text in tree.sources("*.md"):
        for line, words in words_of_commands(text):
            words = [word for word in words if word not in ("sudo", "sh", "bash", "exec")]
            first = words[0].removeprefix("./") if words else ""
            if first.endswith(".sh") and tree.exists(first) and first not in tree.executables:
                yield Finding(path, line, f"{first} is not executable")
            if first == "gatehouse" and len(words) > 1:
                for word in re.findall(r"[a-z][a-z-]+", words[1]):
                    if word not in program:
                        yield Finding(path, line, f"gatehouse knows no {words[1]}")
            for flag, name in zip(words, words[1:]):
                if flag == "--preset" and name not in presets:
                    yield Finding(path, line, f"there is no preset {name}")


API = "gateway/control/API.md"


@rule
def the_api_is_described(tree):
    """Every path, event and field of a row is in API.md, and no path is that does not exist."""
    described = tree.texts.get(API)
    if described is None:
        return
    words = {word for span in SPAN.findall(described) for word in re.findall(r"[\w/]+", span)}
    paths = set()
    for path, text in tree.sources("gateway/*.cpp"):
        for line, code in numbered(text):
            found = re.findall(r'"/api/v1/([a-z]+)"|"/(metrics)"', code)
            paths.update(first or second for first, second in found)
            wanted = [f"/api/v1/{first}" if first else f"/{second}" for first, second in found]
            wanted += re.findall(r'\btell\("([a-z_]+)"', code)
            if path == "gateway/daemon/house_events.cpp":
                wanted += re.findall(r'return "([a-z_]+)"', code)
            if path in ("gateway/control/resources.cpp", "gateway/daemon/sip_api.cpp"):
                wanted += re.findall(r'json\.field\("([a-z_]+)"', code)
            for word in wanted:
                if word not in words:
                    yield Finding(path, line, f"{API} does not tell of {word}")
    for word in sorted(words):
        name = word.removeprefix("/api/v1/")
        if name != word and name.split("/")[0] not in paths:
            yield Finding(API, 1, f"there is no {word}")


MANUAL = "gateway/control/manual/gatehouse.8"
COMPLETION = "gateway/control/manual/gatehouse.bash"
ARGUMENTS = ("gateway/daemon/commands.cpp", "gateway/daemon/*arguments.cpp",
             "gateway/stun/arguments.cpp")


@rule
def the_manual_tells_of_every_command(tree):
    """Commands and options of the command line are in gatehouse.8 and in the completion."""
    manual, completion = tree.texts.get(MANUAL), tree.texts.get(COMPLETION)
    if manual is None or completion is None:
        return
    # In the source of a page "-x" is "Fl x", and "--x" is "Fl -x".
    options = {f"-{flag}" for flag in re.findall(r"\bFl ([\w-]+)", manual)}
    commands = set(re.findall(r"^\.It Ic ([\w-]+)", manual, re.M))
    completed = set(re.findall(r"[\w-]+", completion))
    for path, text in tree.sources(*ARGUMENTS):
        for line, code in numbered(text):
            named = re.findall(r'^ +(?:Command|Tool)\{"([\w-]+)"', code)
            named += re.findall(r'[=!]= "(--?\w[\w-]*)"|\bOption\{"(--[\w-]+)"', code)
            for found in named:
                word = found if isinstance(found, str) else found[0] or found[1]
                known = options if word.startswith("-") else commands
                if word not in known and word != "-h":
                    yield Finding(path, line, f"{MANUAL} does not tell of {word}")
                if word not in completed and word != "-h":
                    yield Finding(path, line, f"{COMPLETION} does not know {word}")


DASHBOARD = "gateway/control/grafana.json"
METRICS = "gateway/base/metrics.h"
# What is made of a metric without being one.
LABELS_OF_ALL = {"instance"}


@rule
def the_dashboard_shows_what_is_measured(tree):
    """Every metric and label that the dashboard asks for exists, and it shows every metric."""
    text = tree.texts.get(DASHBOARD)
    if text is None:
        return
    try:
        panels = json.loads(text)["panels"]
    except (ValueError, KeyError, TypeError) as error:
        yield Finding(DASHBOARD, 1, f"is no dashboard: {error}")
        return
    labels = {name: label for name, label in re.findall(
        r'MetricRow\{\s*Metric::\w+,\s*"(gatehouse_\w+)",\s*MetricKind::\w+,\s*"(\w*)"',
        tree.texts.get(METRICS, ""))}
    shown = set()
    for panel in panels:
        for target in panel.get("targets", []):
            names = re.findall(r"\bgatehouse_\w+", target["expr"])
            shown.update(names)
            for name in names:
                if name not in labels:
                    yield Finding(DASHBOARD, 1, f"there is no metric {name}")
            wanted = re.findall(r"by \((\w+)\)|\{\{(\w+)\}\}",
                                target["expr"] + target.get("legendFormat", ""))
            for label in {first or second for first, second in wanted} - LABELS_OF_ALL:
                if label not in {labels.get(name) for name in names}:
                    yield Finding(DASHBOARD, 1, f"{' '.join(names)} has no label {label}")
    for name in sorted(set(labels) - shown):
        yield Finding(DASHBOARD, 1, f"{name} is shown nowhere")
