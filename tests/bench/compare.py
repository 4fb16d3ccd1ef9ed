#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py: from what guests.py noted in O/figures-guests/{ours,stock}.log, and of PVH
guests in {ours,stock}-pvh*.log and counted-pvh.log, print a table and write
O/figures-guests.json. A log may end early or not be there: what it has no answer for is null,
and 'why' has the reason."""
import itertools
import json
import os
import pathlib
import re
import statistics

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
NOTE = re.compile(r"\[ *(\d+\.\d+)\] bench: (begin|middle|end) ([a-z-]+) (\d+)$", re.M)
MEMORY = re.compile(r"bench: memory (\d+) (\d+)$", re.M)
IDLE = re.compile(r"bench: idle (\d+) ([\d.]+) ([\d.]+) (\d+)$", re.M)
FOLDER = OUT / "figures-guests"
FIRST = 3  # 'the first guest' is the median of so many
MANY = 24


def number(pattern, text):
    found = re.search(pattern, text, re.M)
    return int(found[1]) if found else None


class Log:
    """Seconds of each command by the number of guests, dom0's MemAvailable in KiB, and
    what part of a CPU is used while nothing is done."""

    def __init__(self, text):
        marks = {(what, int(n), when): float(t) for t, when, what, n in NOTE.findall(text)}
        self.ends = {(what, n): t for (what, n, when), t in marks.items() if when == "end"}
        self.begins = {(what, n): t for (what, n, when), t in marks.items() if when == "begin"}
        self.middles = {(what, n): t for (what, n, when), t in marks.items() if when == "middle"}
        self.made = number(r"bench: made (\d+)$", text)
        self.answering = number(r"bench: answering (\d+)$", text)
        self.idle = {int(n): (float(after) - float(before)) / int(seconds)
                     for n, before, after, seconds in IDLE.findall(text)}
        rounds = text.split("bench: memory 0 ")
        lost = MEMORY.search(rounds[0]) or len(rounds) == 1
        first_round = rounds[0] if lost else "bench: memory 0 " + rounds[1]
        self.memory = {int(n): int(kib) for n, kib in MEMORY.findall(first_round)}

    def seconds(self, what):
        return {n: end - self.begins[name, n] for (name, n), end in sorted(self.ends.items())
                if name == what and (name, n) in self.begins}

    def first_part(self, what):
        """Of a command of two, the first's."""
        return {n: t - self.begins[name, n] for (name, n), t in sorted(self.middles.items())
                if name == what}


def around(values, last):
    """The median of the FIRST up to guest 'last', or None."""
    found = [values[n] for n in range(last - FIRST + 1, last + 1) if n in values]
    return statistics.median(found) if len(found) == FIRST else None


def ratio(ours, stock):
    return round(ours / stock, 3) if ours and stock else None


def growth_ms(values):
    """The median of the slopes between each two (Theil-Sen): single values stand out by seconds, and would turn a
    straight line through all."""
    if len(values) < 2 * FIRST:
        return None
    slopes = ((b - a) / (n - m) for (m, a), (n, b) in itertools.combinations(values.items(), 2))
    return round(1000 * statistics.median(slopes), 1)


def counted_growth_ms(logs):
    """Only of a run that got to its end."""
    for log in logs:
        if len(log.seconds("create")) >= MANY:
            return growth_ms(log.seconds("create"))
    return None


def memory_per_guest(log):
    first, last = min(log.memory, default=0), max(log.memory, default=0)
    if last == first:
        return None
    return round((log.memory[first] - log.memory[last]) / (last - first) / 1024, 2)


def median_of_all(logs, what, last=None):
    """Of the FIRST up to guest 'last', as far as each log gets, or of all."""
    values = [value for log in logs for n, value in log.seconds(what).items()
              if last is None or last - FIRST < n <= last]
    return statistics.median(values) if values else None


def ratio_of_all(ours, stock, what, last=None):
    return ratio(median_of_all(ours, what, last), median_of_all(stock, what, last))


def ratio_of_each(ours, stock):
    """The median of the ratios with the same number of guests: single values stand out by more than all
    the others together."""
    ratios = [ours[n] / stock[n] for n in ours.keys() & stock.keys()]
    return round(statistics.median(ratios), 3) if ratios else None


def idle_percent(log):
    if 0 not in log.idle or MANY not in log.idle:
        return None
    return round(100 * (log.idle[MANY] - log.idle[0]), 2)


def compare(ours, stock, ours_pvh, stock_pvh, counted_pvh):
    ours_create, stock_create = ours.seconds("create"), stock.seconds("create")
    ours_destroy, stock_destroy = ours.seconds("destroy"), stock.seconds("destroy")
    ssh = around(ours.seconds("ssh"), FIRST)
    return {
        "create_ratio": ratio(around(ours_create, FIRST), around(stock_create, FIRST)),
        "create_ratio_24": ratio(around(ours_create, MANY), around(stock_create, MANY)),
        "create_growth_ms": growth_ms(ours_create),
        "destroy_ratio": ratio_of_each(ours_destroy, stock_destroy),
        "create_ratio_pvh": ratio_of_all(ours_pvh, stock_pvh, "create", FIRST),
        "create_ratio_pvh_24": ratio_of_all(ours_pvh, stock_pvh, "create", MANY),
        "create_growth_pvh_ms": counted_growth_ms(counted_pvh),
        "destroy_ratio_pvh": ratio_of_all(ours_pvh, stock_pvh, "destroy", FIRST),
        "create_to_ssh_s": round(ssh, 1) if ssh else None,
        "debian_create_to_ssh_ratio": ratio_of_all([ours], [stock], "debian-ssh"),
        "dom0_mib_per_guest": memory_per_guest(ours),
        "idle_guests_cpu_percent": idle_percent(ours),
        "guests_4gib": ours.made,
        "guests_answering": ours.answering,
    }


def why(figures, ours, stock):
    reasons = {name: f"ours got to {len(ours.seconds('create'))} guests, "
                     f"stock to {len(stock.seconds('create'))}"
               for name in ("create_ratio", "create_ratio_24", "create_growth_ms")}
    reasons |= dict.fromkeys(("create_ratio_pvh", "destroy_ratio_pvh"),
                             "no PVH guests were measured")
    reasons |= dict.fromkeys(("create_ratio_pvh_24", "create_growth_pvh_ms"),
                             f"there were fewer than {MANY} PVH guests")
    return {name: reasons.get(name, "the run ended before it")
            for name, value in figures.items() if value is None}


def cells(*values):
    return "".join(f"{'-' if v is None else format(v, '.2f'):>12}" for v in values)


def print_table(ours, stock):
    print("guest       create    lvcreate   xl create     destroy  xl destroy    lvremove"
          "   dom0 free, MiB: ours, stock")
    columns = [ours.seconds("create"), stock.first_part("create"), stock.seconds("create"),
               ours.seconds("destroy"), stock.first_part("destroy"), stock.seconds("destroy")]
    for n in sorted(set(columns[0]) | set(columns[2])):
        create, snapshot, both, destroy, xl, gone = (column.get(n) for column in columns)
        rest = both - snapshot if both else None
        removal = gone - xl if gone else None
        free = [log.memory[n] / 1024 if n in log.memory else None for log in (ours, stock)]
        print(f"{n:>5}" + cells(create, snapshot, rest, destroy, xl, removal, *free))


def print_medians(machines):
    for name, logs in machines.items():
        for what in ("create", "destroy", "debian-create", "debian-destroy", "debian-ssh"):
            value = median_of_all(logs, what)
            if value and (what.startswith("debian") or "pvh" in name):
                print(f"{name}, {what}: {value:.2f} s")


def read_logs(name):
    return [Log(path.read_text()) for path in sorted(FOLDER.glob(f"{name}.log"))]


def main():
    (ours,), (stock,) = read_logs("ours"), read_logs("stock")
    pvh = {name: read_logs(f"{name}*") for name in ("ours-pvh", "stock-pvh")}
    print_table(ours, stock)
    print_medians({"ours": [ours], "stock": [stock], **pvh})
    figures = compare(ours, stock, *pvh.values(), read_logs("counted-pvh"))
    for name, value in figures.items():
        print(f"{name:<26} {'-' if value is None else value:>12}")
    figures["why"] = why(figures, ours, stock)
    (OUT / "figures-guests.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
