# SPDX-License-Identifier: GPL-2.0-or-later
"""leftover_table.py: which leftovers the installer was tried on, on which disk and firmware, and how often it did
well: a table at the end, and O/leftovers.json, which 'make figures' reads. A test says what it tried with
record_property("leftover", [name, disk and firmware]). The file is of one ISO, and of all runs with that: 'make test'
tries some cases, 'make test-faults' the others."""
import hashlib
import json
import os
import pathlib

from leftovers import CASES

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
# an older Paravane is no case of these
ALL = {f"{name} on {target} {firmware}" for name, target, firmware in CASES} | {"Paravane on ahci bios"}
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


def iso_sha256():
    path = pathlib.Path(os.environ.get("PVN_ISO") or OUT / "paravane.iso")
    with open(path, "rb") as iso:
        return hashlib.file_digest(iso, "sha256").hexdigest()


def pytest_sessionfinish(session):
    if not tried or hasattr(session.config, "workerinput"):
        return
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "leftovers.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    iso = iso_sha256()
    cases = old["cases"] if old.get("iso") == iso else {}
    cases.update({f"{name} on {column}": ok for (name, column), ok in tried.items()})
    path.write_text(json.dumps({
        "iso": iso, "leftover_cases": len(cases), "leftover_cases_passed": sum(cases.values()),
        "not_tried": sorted(ALL - set(cases)), "cases": dict(sorted(cases.items()))}, indent=2) + "\n")
