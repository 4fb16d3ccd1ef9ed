#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keep.py: write O/figures.json into docs/figures.md, as the table between its two marks."""
import json
import os
import pathlib

from limits import read_limits

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "figures.md"
BEGIN, END = "<!-- measured: 'make figures KEEP=yes' writes this -->\n", "<!-- end -->\n"


def table(figures):
    limits, why = read_limits(), figures["why"]
    yield f"Commit {figures['commit']}, accelerator {figures['accelerator']}.\n"
    yield "| key | measured | limit | |"
    yield "|---|---|---|---|"
    for name, value in figures.items():
        if name in limits or isinstance(value, int | float):
            shown = why.get(name, "-") if value is None else f"{value:,}"
            limit = limits.get(name)
            yield (f"| `{name}` | {shown} | {limit or ''} |"
                   f" {limit.verdict(value) if limit and value is not None else ''} |")


def main():
    figures = json.loads((OUT / "figures.json").read_text())
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(table(figures)) + f"\n\n{END}{after}")
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()
