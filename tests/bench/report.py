#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins runs of gatehouse_bench: a Markdown table, a JSON file, and what must be reached.

usage: report.py [--check] [--micro FILE] --json FILE RUN...

Each number is compared within its own run, with plain forwarding, with kernel masquerade, or with
the program that a home would otherwise run; the tables show the median of all runs and, in brackets, the smallest and the largest.
"""

import argparse
import json
import platform
import statistics
import sys

BASES = ("forwarding", "masquerade", "hook", "firewall", "asking", "cone")
PATHS = (*BASES, "gatehouse", "symmetric")
CROWD = (0, 1000, 16000, 60000)

# name of the row -> (title, unit); README.md says what each means
ROWS = {
    "established-64": ("established, 64-byte frames", "packets/s"),
    "established-64-share": ("- share of its processor that the router had", "%"),
    "established-1400": ("established, 1400-byte packets", "packets/s"),
    "established-1400-share": ("- share of its processor that the router had", "%"),
    "tcp-bulk": ("one TCP connection", "Mbit/s"),
    "new-flows": ("new flows of known endpoints", "flows/s"),
    "new-flows-share": ("- share of its processor that the router had", "%"),
    "new-mappings": ("new endpoints", "mappings/s"),
    "new-mappings-share": ("- share of its processor that the router used", "%"),
    "memory-kernel": ("kernel memory per mapping", "bytes"),
    "memory-daemon": ("daemon memory per mapping", "bytes"),
    "first-packet-idle-p50": ("first packet, idle, p50", "us"),
    "first-packet-idle-p99": ("first packet, idle, p99", "us"),
    "first-packet-idle-lost": ("first packet, idle, lost", "packets"),
    "first-packet-10k-p50": ("first packet, 10,000/s, p50", "us"),
    "first-packet-10k-p99": ("first packet, 10,000/s, p99", "us"),
    "first-packet-10k-lost": ("first packet, 10,000/s, lost", "packets"),
    **{f"established-at-{n}": (f"established, {n} mappings present", "packets/s") for n in CROWD},
    **{f"new-flows-at-{n}": (f"new flows, {n} mappings present", "flows/s") for n in CROWD},
    "one-way-visits": ("50 packets one way: visits to the queue", "visits"),
    "one-way-lost": ("50 packets one way: lost", "packets"),
    "burst-flows": ("bursts of 10 on 100 flows: flows that left", "flows"),
    "burst-endpoints": ("bursts: most outside endpoints of a flow", "endpoints"),
    "burst-visits": ("bursts: visits to the queue", "visits"),
    "burst-lost": ("bursts: lost", "packets"),
    "scan-packets": ("scan from outside", "packets/s"),
    "scan-idle-wake-ups": ("wake-ups of the daemon, idle", "times"),
    "scan-wake-ups": ("wake-ups of the daemon, scanned as long", "times"),
    "scan-idle-run-time": ("time of the daemon, idle", "us"),
    "scan-run-time": ("time of the daemon, scanned as long", "us"),
}

# The same for what is measured beside a rival: (title, the rivals, rows)
ROOMS = (
    ("DHCP", ("dnsmasq", "kea"), {
        "dhcp-storm-30": ("30 devices at once, until the last has its address", "ms"),
        "dhcp-storm-30-left": ("- without an address in the end", "devices"),
        "dhcp-storm-250": ("250 devices at once", "ms"),
        "dhcp-storm-250-left": ("- without an address in the end", "devices"),
        "dhcp-known": ("exchanges of known devices, the most", "exchanges/s"),
        "dhcp-known-flooded": ("- while three times as many are begun", "exchanges/s"),
        "dhcp-new": ("exchanges of new devices, 10,000 leases present", "exchanges/s"),
        "dhcp-memory": ("memory per lease", "bytes"),
    }),
    ("UPnP", ("miniupnpd",), {
        "igd-add-at-0": ("AddPortMapping, no forwards present", "requests/s"),
        "igd-add-at-0-p99": ("- p99", "us"),
        "igd-add-at-1000": ("AddPortMapping, 1,000 forwards present", "requests/s"),
        "igd-add-at-1000-p99": ("- p99", "us"),
        "igd-add-at-10000": ("AddPortMapping, 10,000 forwards present", "requests/s"),
        "igd-add-at-10000-p99": ("- p99", "us"),
        "igd-reinstall-5000": ("5,000 forwards back after a foreign flush", "ms"),
        "igd-memory": ("memory per forward", "bytes"),
    }),
    ("SIP", ("masquerade", "helper"), {
        "sip-invites": ("INVITEs with an offer", "messages/s"),
        "sip-lost": ("- lost", "messages"),
        "sip-age-p50": ("time through the router at 1,000/s, p50", "us"),
        "sip-age-p99": ("time through the router at 1,000/s, p99", "us"),
    }),
)


class Runs:
    """The values of all runs, by row and way; None where a run has none."""

    def __init__(self, files):
        self.runs = []
        for name in files:
            with open(name, encoding="utf-8") as file:
                self.runs.append({(one["row"], one["way"]): one["value"]
                                  for one in json.load(file)})

    def values(self, row, way):
        return [run.get((row, way)) for run in self.runs]

    def each(self, function, *places):
        """function of the values at the places, for each run that has them all."""
        columns = zip(*(self.values(*place) for place in places))
        found = [function(*values) for values in columns if None not in values]
        return [value for value in found if value is not None]


def ratio(value, base):
    return value / base if base else None


def spread(values):
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summary(runs, rows, row, ways, bases):
    """Everything about one of the rows, or None where no run has it."""
    found = {}
    for way in ways:
        numbers = spread(runs.each(lambda value: value, (row, way)))
        if numbers is None:
            continue
        found[way] = numbers
        for base in bases:
            if base != way:
                numbers[f"of_{base}"] = spread(runs.each(ratio, (row, way), (row, base)))
    title, unit = rows[row]
    return {"row": row, "title": title, "unit": unit, "ways": found} if found else None


def summaries(runs, rows, ways, bases):
    found = [summary(runs, rows, name, ways, bases) for name in rows]
    return [row for row in found if row]


# --- what must be reached ------------------------------------------------------------------------

def at_least(name, runs, limit, function, *places):
    return judged(name, runs.each(function, *places), f">= {limit}", lambda x: x >= limit)


def at_most(name, runs, limit, function, *places):
    return judged(name, runs.each(function, *places), f"<= {limit}", lambda x: x <= limit)


def exactly(name, runs, limit, *place):
    return judged(name, runs.each(lambda x: x, place), f"= {limit}", lambda x: x == limit)


def judged(name, values, limit, test):
    if not values:
        return None
    middle = statistics.median(values)
    return {"what": name, "limit": limit, "value": middle, "met": bool(test(middle))}


def flatness(many, many_base, few, few_base):
    """How the ratio to masquerade, which has as many sessions, changes from few to many."""
    return ratio(ratio(many, many_base) or 0, ratio(few, few_base) or 0)


def requirements(runs):
    own, base = "gatehouse", "masquerade"
    found = []
    for row in ("established-64", "established-1400"):
        for way in (own, "symmetric"):
            found.append(at_least(f"{row}, {way} / masquerade", runs, 0.97, ratio,
                                  (row, way), (row, base)))
    found.append(at_least("new-flows / masquerade", runs, 0.95, ratio,
                          ("new-flows", own), ("new-flows", base)))
    found.append(at_least("new-flows / cone", runs, 0.85, ratio,
                          ("new-flows", own), ("new-flows", "cone")))
    found.append(at_least("new-mappings / new-flows of masquerade", runs, 0.35, ratio,
                          ("new-mappings", own), ("new-flows", base)))
    found.append(at_least("new-mappings / asking", runs, 0.75, ratio,
                          ("new-mappings", own), ("new-mappings", "asking")))
    found.append(at_most("first-packet-10k-p99 - forwarding (us)", runs, 1000, lambda a, b: a - b,
                         ("first-packet-10k-p99", own), ("first-packet-10k-p99", "forwarding")))
    for row in ("established", "new-flows"):
        places = [(f"{row}-at-{n}", way) for n in (60000, 1000) for way in (own, base)]
        found.append(at_least(f"{row} / masquerade, 60,000 against 1,000 mappings", runs, 0.9,
                              flatness, *places))
    for way in (own, "symmetric"):
        found.append(at_most(f"memory-daemon, {way} (bytes)", runs, 160, lambda x: x,
                             ("memory-daemon", way)))
    for way in (own, "symmetric"):
        found.append(exactly(f"one-way-visits, {way}", runs, 1, "one-way-visits", way))
        found.append(exactly(f"burst-flows, {way}", runs, 100, "burst-flows", way))
        found.append(exactly(f"burst-endpoints, {way}", runs, 1, "burst-endpoints", way))
        found.append(at_least(f"scan-packets, {way}", runs, 150_000, lambda x: x,
                              ("scan-packets", way)))
        found.append(at_most(f"scan-wake-ups - idle, {way}", runs, 0, lambda a, b: a - b,
                             ("scan-wake-ups", way), ("scan-idle-wake-ups", way)))
    return [one for one in [*found, *room_requirements(runs)] if one]


def room_requirements(runs):
    own = "gatehouse"
    for devices, limit in ((30, 1500), (250, 3000)):
        yield at_most(f"dhcp-storm-{devices} (ms)", runs, limit, lambda x: x,
                      (f"dhcp-storm-{devices}", own))
    yield at_least("dhcp-known (exchanges/s)", runs, 5000, lambda x: x, ("dhcp-known", own))
    yield at_least("dhcp-known, flooded / at its best", runs, 0.9, ratio,
                   ("dhcp-known-flooded", own), ("dhcp-known", own))
    yield at_least("dhcp-new (exchanges/s)", runs, 3000, lambda x: x, ("dhcp-new", own))
    yield at_most("dhcp-memory (bytes)", runs, 300, lambda x: x, ("dhcp-memory", own))
    for forwards in (0, 1000, 10000):
        row = f"igd-add-at-{forwards}"
        yield at_least(f"{row} (requests/s)", runs, 2000, lambda x: x, (row, own))
        yield at_most(f"{row}-p99 (us)", runs, 5000, lambda x: x, (f"{row}-p99", own))
    yield at_least("igd-add-at-1000 / miniupnpd", runs, 5, ratio,
                   ("igd-add-at-1000", own), ("igd-add-at-1000", "miniupnpd"))
    yield at_most("igd-reinstall-5000 (ms)", runs, 1000, lambda x: x, ("igd-reinstall-5000", own))
    yield at_most("igd-memory (bytes)", runs, 400, lambda x: x, ("igd-memory", own))
    yield at_least("sip-invites / helper", runs, 0.8, ratio,
                   ("sip-invites", own), ("sip-invites", "helper"))
    yield at_most("sip-age-p99 - masquerade (us)", runs, 1000, lambda a, b: a - b,
                  ("sip-age-p99", own), ("sip-age-p99", "masquerade"))


# --- for people ----------------------------------------------------------------------------------

def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def cell(numbers):
    if numbers is None:
        return ""
    middle = number(numbers["median"])
    if numbers["min"] == numbers["max"]:
        return middle
    return f"{middle} ({number(numbers['min'])}-{number(numbers['max'])})"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" if i < 2 else "--:" for i in range(len(head))) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def line(row, bases, own):
    """The bases, and each of our own ways with its ratio to every base."""
    ways = row["ways"]
    cells = [row["title"], row["unit"], *(cell(ways.get(base)) for base in bases)]
    for way in own:
        numbers = ways.get(way)
        cells.append(cell(numbers))
        cells += [cell(numbers and numbers[f"of_{base}"]) for base in bases]
    return cells


def print_rows(title, rows, bases, own):
    if not rows:
        return
    head = [title, "unit", *bases]
    for way in own:
        head += [way] + [f"/ {base}" for base in bases]
    table(head, [line(row, bases, own) for row in rows])


def print_tables(runs, rows, rooms, micro, musts):
    print(f"\nMedians of {len(runs.runs)} runs (smallest-largest)\n" if runs.runs else "")
    print_rows("", rows, BASES, ("gatehouse", "symmetric"))
    for title, rivals, of_room in rooms:
        print_rows(title, of_room, rivals, ("gatehouse",))
    if micro:
        table(["in memory", "unit", "per second", "ns each"],
              [[one["name"], one["unit"], cell(one["per_second"]), cell(one["nanoseconds"])]
               for one in micro])
    if musts:
        table(["must reach", "limit", "median", ""],
              [[one["what"], one["limit"], number(one["value"]), "met" if one["met"] else "MISSED"]
               for one in musts])


def read_micro(name):
    with open(name, encoding="utf-8") as file:
        content = json.load(file)
    found = {}
    for one in content["benchmarks"]:
        if one["run_type"] == "iteration" and "items_per_second" in one:
            found.setdefault(one["run_name"], []).append(one["items_per_second"])
    return [{"name": name, "unit": "items", "per_second": spread(rates),
             "nanoseconds": spread([1e9 / rate for rate in rates])}
            for name, rates in found.items()]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [text.split(":", 1)[1].strip() for text in file if text.startswith("model name")]
    return {"kernel": platform.release(), "processors": len(models),
            "model": models[0] if models else platform.machine()}


def main():
    parser = argparse.ArgumentParser(description="joins runs of gatehouse_bench")
    parser.add_argument("--check", action="store_true",
                        help="fail where a median misses what must be reached")
    parser.add_argument("--micro", help="what gatehouse_micro wrote")
    parser.add_argument("--json", required=True, help="the file to write")
    parser.add_argument("runs", nargs="*")
    wanted = parser.parse_args()
    runs = Runs(wanted.runs)
    rows = summaries(runs, ROWS, PATHS, BASES)
    rooms = [(title, rivals, summaries(runs, names, (*rivals, "gatehouse"), rivals))
             for title, rivals, names in ROOMS]
    micro = read_micro(wanted.micro) if wanted.micro else []
    musts = requirements(runs)
    with open(wanted.json, "w", encoding="utf-8") as file:
        json.dump({"runs": len(runs.runs), "machine": machine(), "rows": rows,
                   "rooms": {title: found for title, _, found in rooms}, "micro": micro,
                   "must_reach": musts}, file, indent=1)
        file.write("\n")
    print_tables(runs, rows, rooms, micro, musts if wanted.check else [])
    missed = [one["what"] for one in musts if not one["met"]]
    if wanted.check and (missed or not musts):
        print("missed: " + ("; ".join(missed) or "nothing was measured"), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
