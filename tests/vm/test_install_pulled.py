# SPDX-License-Identifier: GPL-2.0-or-later
"""test_install_pulled.py: a disk is pulled out while it is installed on: that is said, and nothing hangs."""
import re

import pytest

from conftest import LOGS
from install import answers, blank_disk
from machine import Machine
from media import direct_boot
from qemu import Disk
from test_install_failure import open_ssh

pytestmark = pytest.mark.faults

# What each kind of disk is plugged into, and what it is. QEMU can't do that with SATA: that disk is always
# there, and the kernel is told that it went or came, which its driver does when the link says so.
DISKS = {
    "usb": ("qemu-xhci,id=usb", "usb-storage,bus=usb.0"),
    "virtio": ("pcie-root-port,id=port1,chassis=1", "virtio-blk-pci,bus=port1"),
    "nvme": ("pcie-root-port,id=port2,chassis=2", "nvme,bus=port2,serial=1"),
    "sata": None,
}
# Data is written, a file system is made, one is in use, volumes are, all is read.
STEPS = ["slot-a", "state", "pool", "configure", "verify"]


@pytest.fixture(scope="module")
def live(work, key, iso):
    """A machine in install mode, whose disks come and go.

        ISO (CD) + 8 GiB, one of DISKS at a time --- machine --- NAT
    """
    machine = Machine("pulled", LOGS / "test_install_pulled", key, iso=iso,
                      disks=[Disk(blank_disk(work / "pulled-sata.qcow2"), bus="sata")],
                      boot=direct_boot(iso, work, "answers=http://10.0.2.2:9/none"),
                      fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()},
                      extra=[word for disk in DISKS.values() if disk for word in ("-device", disk[0])])
    try:
        machine.start()
        machine.wait_for_console("The installation failed", 400)
        open_ssh(machine)
        pull(machine, "sata", "", "sda")
        yield machine
    finally:
        machine.close()


def plug(machine, bus, path, name):
    """The kernel's name of the disk that then is there."""
    before = machine.succeed("ls /sys/block").replace("\n", "|")
    if bus == "sata":
        machine.succeed("for host in /sys/class/scsi_host/*; do echo '- - -' >$host/scan; done")
    else:
        driver, *words = DISKS[bus][1].split(",")
        machine.qmp.command("blockdev-add", driver="qcow2", **{
            "node-name": name, "file": {"driver": "file", "filename": str(path)}})
        machine.qmp.command("device_add", driver=driver, id=name, drive=name,
                            **dict(word.split("=") for word in words))
    new = f"ls /sys/block | grep -vxE '{before}none'"
    machine.wait_until_succeeds(new)
    return machine.succeed(new).strip()


def pull(machine, bus, name, disk):
    if bus == "sata":
        machine.succeed(f"echo 1 >/sys/block/{disk}/device/delete")
    else:
        machine.qmp.command("device_del", id=name)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("bus", DISKS)
def test_pulled(bus, step, live, work, key):
    """The installer ends soon, and says which disk it was. Another one can be installed on."""
    name = f"{bus}-{step}"
    disk = plug(live, bus, blank_disk(work / f"{name}.qcow2"), name)
    live.succeed(f"cat >/run/answers.ini <<'END'\n{answers(key, device=f'/dev/{disk}')}END\n"
                 "rm -f /run/status; setsid sh -c 'paravane-install --answers /run/answers.ini >/run/said 2>&1;"
                 " echo $? >/run/status' </dev/null >/dev/null 2>&1 &")
    live.wait_until_succeeds(f"grep -F '] {step}:' /run/said", 240)
    pull(live, bus, name, disk)
    live.wait_until_succeeds("cat /run/status", 60)
    said = live.succeed("cat /run/said")
    assert live.succeed("cat /run/status") == "1\n", said
    assert re.search(rf"^paravane-install: '/dev/{disk}' is no longer there: step '[a-z0-9-]+': ", said, re.M), said
    live.wait_until_succeeds(f"! ls /sys/block/{disk}")
    assert live.succeed("grep paravane-install /proc/mounts || :") == ""
    assert live.succeed("dmsetup ls") == "No devices found\n"
