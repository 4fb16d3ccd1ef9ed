# SPDX-License-Identifier: GPL-2.0-or-later
"""conftest.py: what the VM tests share: the ISO, a key, installed disks, a host."""
import os
import pathlib
import re
import shutil
import tempfile

import pytest

import machine
from guests import Host
from install import blank_disk, install, make_key, overlay
from machine import Machine
from qemu import ACCEL, Disk

pytest_plugins = ["faults", "leftover_table"]

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
# each of those that test at the same time has its own
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
LOGS = OUT / "log" / "vm" / WORKER


def pytest_report_header():
    return (f"accelerator: {ACCEL}, limits times {machine.TIMEOUT_MULT:g}, "
            f"logs in {LOGS}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails leaves a picture of each running machine's screen, and what
    dom0 says of itself, if it answers."""
    report = yield
    if report.failed:
        for running in list(machine.live):
            files = f"{running.log}/{running.name}-failed"
            try:
                running.qmp.screenshot(f"{files}.png")
                text = running.describe(pathlib.Path(f"{files}.txt"))
            except OSError:
                continue  # it is gone, and its log says why
            if text:
                report.sections.append((f"{running.name}, of itself", text[:8000]))
    return report


def log_folder(node):
    """out/log/vm/test_guest-life_of_a_guest/"""
    name = f"{node.path.stem}-{node.name.removeprefix('test_')}"
    return LOGS / re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")


@pytest.fixture(scope="session")
def work():
    """Where this run's disks are; nothing of it is kept."""
    OUT.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=OUT, prefix="vm-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def key(work):
    return make_key(work)


@pytest.fixture(scope="session")
def iso():
    path = pathlib.Path(os.environ.get("PVN_ISO") or OUT / "paravane.iso").resolve()
    if not path.exists():
        pytest.exit(f"no ISO '{path}': run 'make iso'", returncode=2)
    return path


@pytest.fixture
def new_machine(request, key):
    """Makes machines that end with the test; 'kind' is the class of each."""
    made = []

    def make(name, kind=Machine, **settings):
        made.append(kind(name, log_folder(request.node), key, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def new_disk(work, request):
    """Makes disks: blank, or with the content of another."""
    def make(name, base=None):
        path = work / f"{log_folder(request.node).name}-{name}.qcow2"
        return overlay(base, path) if base else blank_disk(path)

    return make


@pytest.fixture
def disk_alone(new_machine, new_disk):
    """Boots a host from a copy of an installed disk, the only medium in its machine."""
    def boot(installed, sector_size=512, **settings):
        disk = Disk(new_disk("alone", installed.disk), sector_size=sector_size)
        host = new_machine("alone", kind=Host, disks=[disk], **settings).start()
        host.wait_for_boot()
        return host

    return boot


# BIOS from CD and UEFI from USB: with the other two in test_boot.py, each way in
# is tried.
MEDIUM = {"bios": "cd", "uefi": "usb"}


def make_installation(firmware, work, key, iso):
    return install(f"install-{firmware}", LOGS / "install", key, iso,
                   blank_disk(work / f"{firmware}.qcow2"), firmware=firmware,
                   media=MEDIUM[firmware])


@pytest.fixture(scope="session")
def installed_bios(work, key, iso):
    """The disk of a host, installed on BIOS; use an overlay of it."""
    return make_installation("bios", work, key, iso)


@pytest.fixture(scope="session")
def installed_uefi(work, key, iso):
    return make_installation("uefi", work, key, iso)


@pytest.fixture(scope="module")
def hosts(request):
    """The one running host, and how often it had to be booted anew. Each file of tests
    has its own: QEMU's network has addresses for no more than 15 guests in its life."""
    state = {"name": request.module.__name__.removeprefix("test_"), "host": None,
             "boots": 0, "never_came_up": False, "kept": ()}
    yield state
    if state["host"]:
        state["host"].close()


def boot_host(hosts, installed, work, key):
    if hosts["never_came_up"]:
        pytest.fail("the host did not boot for an earlier test")
    hosts["boots"] += 1
    name = f"{hosts['name']}-host{hosts['boots']}"
    disk = overlay(installed.disk, work / f"{name}.qcow2")
    hosts["host"] = Host(name, LOGS / "host", key, disks=[disk]).start()
    try:
        hosts["host"].wait_for_boot()
    except machine.MachineError:
        hosts["never_came_up"] = True
        hosts["host"].close()
        raise


@pytest.fixture
def host(hosts, installed_bios, work, key):
    """A running host, installed on BIOS, without guests. The tests of a file share one,
    booted anew after a crash; guests that a test leaves are removed, all but those that
    hosts["kept"] names."""
    if hosts["host"] not in machine.live:
        boot_host(hosts, installed_bios, work, key)
    yield hosts["host"]
    try:
        hosts["host"].check()
        hosts["host"].remove_all_guests(but=hosts["kept"])
    except machine.MachineError:
        hosts["host"].close()
        raise


@pytest.fixture
def no_leaks(host):
    """What guests use on the host is after the test as it was before."""
    basis = host.traces()
    yield
    host.check()
    host.assert_traces_are(basis)
