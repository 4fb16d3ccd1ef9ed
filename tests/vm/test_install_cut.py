# SPDX-License-Identifier: GPL-2.0-or-later
"""test_install_cut.py: the power goes after any write of an installation; the next one works.

What an installation writes is logged once. Disks as a cut leaves them are then made from the log,
and put one after the other into a machine which runs the installer again.
"""
import pathlib
from mmap import mmap

import pytest

import writelog
from conftest import LOGS
from install import answers, install
from machine import Machine
from media import direct_boot
from qemu import Disk
from test_install_failure import open_ssh, run_installer

pytestmark = pytest.mark.faults

SIZE = 4 << 30
CUTS = 6


def empty_disk(path):
    with open(path, "wb") as disk:
        disk.truncate(SIZE)
    return path


@pytest.fixture(scope="module")
def entries(work, key, iso):
    disk, log = empty_disk(work / "logged.raw"), work / "logged.log"
    log.touch()
    install("logged", LOGS / "test_install_cut", key, iso, disk,
            disks=[Disk(disk, format="raw", write_log=log)])
    disk.unlink()
    return writelog.read(log)


@pytest.fixture(scope="module")
def live(work, key, iso):
    """A machine in install mode, whose disks come and go.

        ISO (CD) + sda, 4 GiB, on USB --- machine --- NAT
    """
    machine = Machine("live", LOGS / "test_install_cut", key, iso=iso,
                      boot=direct_boot(iso, work, "answers=http://10.0.2.2:9/none"),
                      fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()},
                      extra=["-device", "qemu-xhci"])
    try:
        machine.start()
        machine.wait_for_console("The installation failed", 400)
        open_ssh(machine)
        yield machine
    finally:
        machine.close()


def plug(machine, path, name):
    machine.qmp.command("blockdev-add", driver="raw", **{
        "node-name": name, "file": {"driver": "file", "filename": str(path)}})
    machine.qmp.command("device_add", driver="usb-storage", id=name, drive=name)
    machine.wait_until_succeeds("ls /sys/block/sd?/device/model")


def unplug(machine, name):
    machine.qmp.command("device_del", id=name)
    machine.wait_until_succeeds("! ls /sys/block/sd?")
    machine.qmp.command("blockdev-del", **{"node-name": name})


@pytest.mark.parametrize("nth", range(CUTS))
def test_installs_again(nth, entries, live, work, key):
    """A cut in the first, second ... part of the writes."""
    n = min(len(entries) - 1, len(entries) * (2 * nth + 1) // (2 * CUTS))
    path = empty_disk(pathlib.Path(work) / f"cut{nth}.raw")
    with open(path, "r+b") as disk, mmap(disk.fileno(), SIZE) as image:
        writelog.cut(image, entries, n, nth)
    plug(live, path, f"cut{nth}")
    status, said = run_installer(live, answers(key, device="/dev/sd?"), limit=600)
    assert status == 0 and "installed Paravane as '" in said, said
    unplug(live, f"cut{nth}")
    path.unlink()
