#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a release of OpenWrt has what the image and our packages need: check.py INDEX...

An INDEX is a list of packages of the release: `Packages` (opkg), or `index.json` (apk) with one
object "packages". Give those of the target, its kmods, base, packages and luci.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
FEED = HERE.parent


def names_of(text):
    """Every name that an index offers, and what its packages provide."""
    if text.lstrip().startswith("{"):
        return set(json.loads(text)["packages"])
    names = set(re.findall(r"^Package: (\S+)$", text, re.M))
    for provided in re.findall(r"^Provides: (.+)$", text, re.M):
        names |= {one.strip().split("=")[0] for one in provided.split(",")}
    return names


def depends_of(recipe):
    """{package: needed packages} of a recipe; conditions in front of a name are dropped."""
    text = re.sub(r"\\\n\s*", " ", recipe)
    luci = re.search(r"^LUCI_DEPENDS:=(.*)$", text, re.M)
    if luci:
        return {"luci": re.findall(r"\+([\w-]+)", luci.group(1))}
    return {
        name: [one.split(":")[-1] for one in re.findall(r"\+([!\w:-]+)", fields)]
        for name, fields in re.findall(r"^define Package/([\w-]+)\n.*?DEPENDS:=([^\n]*)", text,
                                       re.M | re.S)
    }


def ours():
    """{package of this feed: what it needs}."""
    found = {}
    for path in sorted(FEED.glob("*/Makefile")):
        depends = depends_of(path.read_text("utf-8"))
        found[path.parent.name] = next(iter(depends.values()), [])
    return found


def wanted():
    """(added, left out) of the list of the image."""
    words = [line.strip() for line in (HERE / "packages").read_text("utf-8").splitlines()
             if line.strip() and not line.startswith("#")]
    return [w for w in words if w[0] != "-"], [w[1:] for w in words if w[0] == "-"]


def missing(offered):
    """Sentences about what nobody offers."""
    own = ours()
    added, _ = wanted()
    for name in added:
        if name not in offered and name not in own:
            yield f"the image wants {name}, which no index has"
    for name in sorted(own):
        for needed in own[name]:
            if needed not in offered and needed not in own:
                yield f"{name} needs {needed}, which no index has"


def main(paths):
    offered = set()
    for path in paths:
        offered |= names_of(pathlib.Path(path).read_text("utf-8"))
    found = list(missing(offered))
    for sentence in found:
        print(sentence)
    print(f"{len(offered)} packages looked at, {len(found)} missing")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
