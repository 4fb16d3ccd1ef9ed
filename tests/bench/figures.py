#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""figures.py: measure what docs/figures.md promises; runs in the build root.

Sizes are the ISO's. Times are those of one installation and one boot in QEMU,
one after the other on a machine that does nothing else. What the script
'builds' and 'guests' measured is taken from O/figures-build.json and
O/figures-guests.json, what the tests of leftovers counted from O/leftovers.json. All goes to O/figures.json; a
figure that is not known is null there, and 'why' has the reason. Beside each stands what
the file 'limits' says; the exit code does not depend on that.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vm"))
from guests import Host  # noqa: E402 (the path comes first)
from install import blank_disk, install, make_key  # noqa: E402
from limits import read_limits  # noqa: E402
from qemu import ACCEL  # noqa: E402

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
LOGS = OUT / "log" / "figures"

GUESTS = ["create_ratio", "create_ratio_24", "create_growth_ms", "destroy_ratio",
          "create_ratio_pvh", "destroy_ratio_pvh", "create_to_ssh_s",
          "debian_create_to_ssh_ratio", "dom0_mib_per_guest", "idle_guests_cpu_percent",
          "guests_4gib", "guests_answering"]


def bytes_by_component(iso):
    lines = subprocess.run(["images/iso-sizes", iso], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {name: int(size) for size, name in (line.split(" ", 1) for line in lines)}


def memory_of(meminfo):
    """What docs/figures.md says of dom0's memory, in MiB."""
    kib = {line.split(":")[0]: int(line.split()[1]) for line in meminfo.splitlines()}
    cached = kib["Buffers"] + kib["Cached"] + kib["SReclaimable"]
    return {"dom0_used_mib": round((kib["MemTotal"] - kib["MemFree"] - cached) / 1024, 1),
            "dom0_root_mib": round(kib["Shmem"] / 1024, 1),
            "dom0_available_mib": round(kib["MemAvailable"] / 1024, 1)}


def upgrade_ratio(host):
    """The other slot's release from the command until it is kept, by a plain reboot until ssh
    answers. 'host rollback' does what 'host upgrade' does, but for the writing."""
    host.wait_until_succeeds("test -s /state/schema")  # the last of what the start does
    begin = time.monotonic()
    host.reboot()
    plain = time.monotonic() - begin
    host.wait_for_boot()
    begin = time.monotonic()
    host.reboot(command="host rollback --reboot")
    host._until(lambda: not host.json("host slots")["on_trial"], 300, "the release to be kept")
    return (time.monotonic() - begin) / plain


def measure_machine(iso):
    """Install, then boot the disk alone: install_s and the engine's part of it, boot_to_ssh_s,
    dom0's memory, upgrade_ratio."""
    with tempfile.TemporaryDirectory(dir=OUT, prefix="figures-") as folder:
        folder = pathlib.Path(folder)
        key = make_key(folder)
        installed = install("install", LOGS, key, iso, blank_disk(folder / "disk.qcow2"))
        host = Host("host", LOGS, key, disks=[installed.disk]).start()
        try:
            host.wait_for_boot()
            host.wait_until_succeeds("xl info")
            memory = memory_of(host.succeed("cat /proc/meminfo"))
            boot_to_ssh = host.ssh_after
            ratio = upgrade_ratio(host)
            host.shutdown()
        finally:
            host.close()
    return {**memory, "boot_to_ssh_s": round(boot_to_ssh, 1),
            "install_s": round(installed.seconds, 1),
            "install_engine_s": round(installed.engine, 1), "upgrade_ratio": round(ratio, 2)}


def measure_builds():
    return json.loads((OUT / "figures-build.json").read_text())


def measured_guests():
    """What 'guests' left, and why something of it is not known."""
    path = OUT / "figures-guests.json"
    if not path.exists():
        return dict.fromkeys(GUESTS), dict.fromkeys(GUESTS, "left out by GUESTS=no")
    figures = json.loads(path.read_text())
    return figures, figures.pop("why")


def measured_fuzzing():
    """What the last 'make fuzz' counted, and why it is not known."""
    path = OUT / "fuzz.json"
    if not path.exists():
        return {"fuzz_execs": None}, {"fuzz_execs": "no 'make fuzz' was run"}
    return {"fuzz_execs": json.loads(path.read_text())["fuzz_execs"]}, {}


def counted_leftovers(iso):
    """What the tests of leftovers counted, and why it is not known: no part of them, and no other ISO."""
    names = ["leftover_cases", "leftover_cases_passed"]
    path = OUT / "leftovers.json"
    counted = json.loads(path.read_text()) if path.exists() else {}
    with open(iso, "rb") as f:
        same = counted.get("iso") == hashlib.file_digest(f, "sha256").hexdigest()
    if same and not counted["not_tried"]:
        return {name: counted[name] for name in names}, {}
    why_not = (f"{len(counted['not_tried'])} cases were not tried" if same else "none was tried on this ISO") + \
        ": 'make test' and then 'make test-faults' try all"
    return dict.fromkeys(names), dict.fromkeys(names, why_not)


def print_table(figures):
    limits = read_limits()
    for name, value in figures.items():
        if isinstance(value, dict):
            for part, size in sorted(value.items(), key=lambda item: -item[1]):
                print(f"    {part:<22} {size:>12,}")
        else:
            limit = limits.get(name)
            verdict = f"   {limit}: {limit.verdict(value)}" if limit and value is not None else ""
            print(f"{name:<26} {'-' if value is None else format(value, ','):>12}{verdict}")


def main():
    iso = pathlib.Path(os.environ.get("PVN_ISO") or OUT / "paravane.iso").resolve()
    size = iso.stat().st_size
    print(f"{iso.name}, accelerator {ACCEL}: installing and booting ...", flush=True)
    guests, why = measured_guests()
    fuzzing, why_not = measured_fuzzing()
    why.update(why_not)
    leftovers, why_not = counted_leftovers(iso)
    why.update(why_not)
    figures = {"iso_bytes": size,
               "iso_bytes_by_component": bytes_by_component(iso),
               **measure_machine(iso), **measure_builds(), **fuzzing, **guests, **leftovers}
    print_table(figures)
    figures["accelerator"] = ACCEL
    figures["commit"] = os.environ.get("PVN_DESCRIBE") or "unknown"
    figures["why"] = {name: why.get(name, "left out by COLD=no")
                      for name, value in figures.items() if value is None}
    (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"written to {OUT / 'figures.json'}")


if __name__ == "__main__":
    main()
