# SPDX-License-Identifier: GPL-2.0-or-later
"""leftover_table.py: which leftovers the installer was tried on, on which disk and firmware, and how often it did
well: a table at the end, and O/leftovers.json, which 'make figures' reads. A test says what it tried with
record_property("leftover", [name, disk and firmware])."""
import json
import os
import pathlib

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
tried = {}


def pytest_runtest_logreport(report):
    for name, value in report.user_properties:
        if name == "leftover":
            case = tuple(value)
            tried[case] = tried.get(case, True) and not report.failed


def pytest_terminal_summary(terminalreporter):
    if not tried:
        return
    terminalreporter.section("leftovers")
    columns = sorted({column for _, column in tried})
    terminalreporter.line(f"{'LEFTOVER':<30} " + " ".join(f"{c:>15}" for c in columns))
    for name in dict.fromkeys(name for name, _ in tried):
        cells = [{True: "ok", False: "FAILED", None: "-"}[tried.get((name, c))] for c in columns]
        terminalreporter.line(f"{name:<30} " + " ".join(f"{cell:>15}" for cell in cells))


def pytest_sessionfinish(session):
    if not tried or hasattr(session.config, "workerinput"):
        return
    OUT.mkdir(parents=True, exist_ok=True)
    cases = {f"{name} on {column}": ok for (name, column), ok in sorted(tried.items())}
    counts = {"leftover_cases": len(cases), "leftover_cases_passed": sum(cases.values())}
    (OUT / "leftovers.json").write_text(json.dumps({**counts, "cases": cases}, indent=2) + "\n")
