# SPDX-License-Identifier: GPL-2.0-or-later
"""faults.py: how many faults were tried, and how many a host survived: a table at the end, and
O/faults.json. A test that is marked 'faults' is one of itself; one that tries more says so with the
fixture 'fault_count'."""
import json
import os
import pathlib

import pytest

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
found = {}
failed = set()
skipped = set()


class Count:
    """Of one kind of fault; what was tried and not survived fails the test that counts."""

    def __init__(self, record):
        self.record = record
        self.tried = self.survived = 0

    def seed(self, seed):
        """What the random part of it began with, to do the same again."""
        self.record("seed", seed)

    def close(self):
        if self.tried:
            self.record("tried", self.tried)
            self.record("survived", self.survived)


@pytest.fixture
def fault_count(record_property):
    count = Count(record_property)
    yield count
    count.close()


def pytest_runtest_logreport(report):
    """Set-up fails without a call; the properties of a fixture's end come with the tear-down."""
    told = dict(report.user_properties)
    if report.skipped:
        skipped.add(report.nodeid)
    if report.nodeid in skipped or ("faults" not in report.keywords and "tried" not in told):
        return
    name = report.nodeid.split("/")[-1].replace("::test_", ": ").replace(".py", "")
    entry = found.setdefault(name, {"tried": 1, "survived": 1})
    if "tried" in told:
        entry.update(tried=told["tried"], survived=told["survived"])
    if report.failed:
        failed.add(name)
    if name in failed:
        entry["survived"] = min(entry["survived"], entry["tried"] - 1)
    if "seed" in told:
        entry["seed"] = told["seed"]


def pytest_terminal_summary(terminalreporter):
    if not found:
        return
    terminalreporter.section("faults")
    terminalreporter.line(f"{'FAULT':<84} {'TRIED':>6} {'SURVIVED':>8}  SEED")
    for name, entry in sorted(found.items()):
        terminalreporter.line(f"{name:<84} {entry['tried']:>6} {entry['survived']:>8}"
                              f"  {entry.get('seed', '-')}")


def pytest_sessionfinish(session):
    if found and not hasattr(session.config, "workerinput"):
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "faults.json").write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
