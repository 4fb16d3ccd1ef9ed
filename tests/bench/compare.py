#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py: from what guests.py noted in O/figures-guests/{ours,stock}.log, print a
table and write O/figures-guests.json. A log may end early: what it has no answer for
is null, and 'why' has the reason."""
import json
import os
import pathlib
import re
import statistics

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
NOTE = re.compile(r"\[ *(\d+\.\d+)\] bench: (begin|middle|end) ([a-z-]+) (\d+)$", re.M)
MEMORY = re.compile(r"bench: memory (\d+) (\d+)$", re.M)
FIRST = 3  # 'the first guest' is the median of so many
MANY = 24


class Log:
    """Seconds of each command by the number of guests, and dom0's MemAvailable in KiB."""

    def __init__(self, text):
        marks = {(what, int(n), when): float(t) for t, when, what, n in NOTE.findall(text)}
        self.ends = {(what, n): t for (what, n, when), t in marks.items() if when == "end"}
        self.begins = {(what, n): t for (what, n, when), t in marks.items() if when == "begin"}
        self.middles = {(what, n): t for (what, n, when), t in marks.items() if when == "middle"}
        made = re.search(r"bench: made (\d+)$", text, re.M)
        self.made = int(made[1]) if made else None
        rounds = text.split("bench: memory 0 ")
        first_round = "bench: memory 0 " + rounds[1] if len(rounds) > 1 else ""
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
    """Of a straight line through all."""
    if len(values) < 2 * FIRST:
        return None
    return round(1000 * statistics.linear_regression(list(values), values.values()).slope, 1)


def memory_per_guest(log):
    last = max(log.memory, default=0)
    return round((log.memory[0] - log.memory[last]) / last / 1024, 2) if last else None


def compare(ours, stock):
    ours_create, stock_create = ours.seconds("create"), stock.seconds("create")
    ours_destroy, stock_destroy = ours.seconds("destroy"), stock.seconds("destroy")
    both = sorted(set(ours_destroy) & set(stock_destroy))
    ssh = ours.seconds("ssh").get(1)
    return {
        "create_ratio": ratio(around(ours_create, FIRST), around(stock_create, FIRST)),
        "create_ratio_24": ratio(around(ours_create, MANY), around(stock_create, MANY)),
        "create_growth_ms": growth_ms(ours_create),
        "destroy_ratio": ratio(sum(ours_destroy[n] for n in both),
                               sum(stock_destroy[n] for n in both)),
        "create_to_ssh_s": round(ssh, 1) if ssh else None,
        "dom0_mib_per_guest": memory_per_guest(ours),
        "guests_4gib": ours.made,
    }


def why(figures, ours, stock):
    reasons = {name: f"ours got to {len(ours.seconds('create'))} guests, "
                     f"stock to {len(stock.seconds('create'))}"
               for name in ("create_ratio", "create_ratio_24", "create_growth_ms")}
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
    for what in ("debian-create", "debian-destroy"):
        values = stock.seconds(what).values()
        if values:
            print(f"stock, {what}: {statistics.median(values):.2f} s")


def main():
    ours, stock = (Log((OUT / "figures-guests" / f"{name}.log").read_text())
                   for name in ("ours", "stock"))
    print_table(ours, stock)
    figures = compare(ours, stock)
    for name, value in figures.items():
        print(f"{name:<26} {'-' if value is None else value:>12}")
    figures["why"] = why(figures, ours, stock)
    (OUT / "figures-guests.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
