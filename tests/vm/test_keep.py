# SPDX-License-Identifier: GPL-2.0-or-later
"""test_keep.py: an installation over a Paravane whose guests stay."""

import json
import subprocess
from collections import namedtuple
from mmap import mmap

import pytest

import writelog
from conftest import LOGS
from guests import Host
from install import answers, install, overlay
from media import direct_boot
from qemu import Disk
from test_install_failure import open_ssh, run_installer

KEPT = "[install]\nkeep = {}\nfinish = poweroff\n"
FINGERPRINT = "dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep -o SHA256:.*"
WRITTEN = "/root/written"
# What an installation that failed left in use, and what of the disk would start; a line for each thing.
LEFT = """
grep paravane-install /proc/mounts || :
dmsetup ls | grep -v 'No devices' || :
dd if=/dev/vda bs=440 count=1 2>/dev/null | grep -q 'no whole Paravane' || echo boot sector
for n in 2 3 4; do
	[ "$(dd if=/dev/vda$n bs=1M count=1 2>/dev/null | tr -d '\\0' | wc -c)" = 0 ] || echo vda$n
done
"""
# The state partition's superblock is gone for one installation.
DAMAGE = "dd if=/dev/vda5 of=/run/head bs=64k count=1; dd if=/dev/zero of=/dev/vda5 bs=64k count=1"
MEND = "dd if=/run/head of=/dev/vda5 bs=64k"


Place = namedtuple("Place", "start size")


def place(host, number):
    """Where a partition lies, in bytes."""
    return Place(*(int(host.succeed(f"cat /sys/class/block/vda{number}/{what}")) * 512
                   for what in ("start", "size")))


def use(installed, firmware, work, key):
    """The disk of a host that is in use, and what it said of itself.

        vda --- xen1 --- web: xvda with a file in it, a snapshot; port 8080 forwarded to it
    """
    disk = overlay(installed.disk, work / f"used-{firmware}.qcow2")
    host = Host(f"used-{firmware}", LOGS / "test_keep", key, disks=[disk], firmware=firmware).start()
    try:
        host.wait_for_boot()
        host.succeed("guest create web --template mini --network nat0 --start;"
                     "host forward add 8080 web:22; guest snapshot web before", 240)
        address = host.wait_for_guest("web")
        host.succeed(f"echo 'of the guest' >{WRITTEN}; sync", 60, guest=address)
        host.places = {role: place(host, number) for role, number in (("state", 5), ("guests", 6))}
        host.fingerprint = host.succeed(FINGERPRINT)
        host.succeed("sed -i 's/^root:[^:]*/root:secret/' /etc/shadow")
        host.shutdown()
    finally:
        host.close()
    host.disk, host.id = disk, installed.id
    return host


@pytest.fixture(scope="module")
def used(installed_bios, work, key):
    return use(installed_bios, "bios", work, key)


@pytest.fixture(scope="module")
def used_uefi(installed_uefi, work, key):
    return use(installed_uefi, "uefi", work, key)


def assert_guest_is_there(host):
    assert list(host.guests()) == ["web"]
    assert [s["name"] for s in host.json("guest snapshots web")] == ["before"]
    host.succeed("guest start web", 120)
    address = host.wait_for_guest("web")
    assert host.succeed(f"cat {WRITTEN}", guest=address) == "of the guest\n"
    forward, = host.json("host forward list")
    assert forward["guest"] == "web"
    host.wait_until_succeeds("host health")


def state_says(disk, place):
    """The guest's file on the state partition of a disk, once that was checked as at a start."""
    at = f"{disk}?offset={place.start}"
    subprocess.run(["e2fsck", "-p", at], check=False, capture_output=True)
    subprocess.run(["e2fsck", "-fn", at], check=True, capture_output=True)
    return subprocess.run(["debugfs", "-R", "cat /guests/web.cfg", at], check=True,
                          capture_output=True, text=True).stdout


def assert_cuts_lose_nothing(before, log, places, times=12):
    """Nothing was written to the guests' partition, whose disks are so what they were; and whenever
    the power goes, the state partition has the guest's file."""
    entries = writelog.read(log)
    # what an 8 GiB disk's backup table is in, was not written to either
    assert max(entry.offset + len(entry.data) for entry in entries) <= places["guests"].start
    wanted = state_says(before, places["state"])
    assert "guest-web-xvda" in wanted
    state = [i for i, entry in enumerate(entries)
             if places["state"].start <= entry.offset < places["guests"].start]
    assert len(state) > times
    size = before.stat().st_size
    for seed, i in enumerate(state[::len(state) // times]):
        subprocess.run(["cp", "--sparse=always", before, f"{before}.cut"], check=True)
        with open(f"{before}.cut", "r+b") as disk, mmap(disk.fileno(), size) as image:
            writelog.cut(image, entries, i, seed)
        assert state_says(f"{before}.cut", places["state"]) == wanted, f"cut after write {i}"


def test_configuration(used, new_machine, work, key, iso):
    """All but the system itself stays: the answer file names the disk, and no more. A power cut at any
    moment would have lost no guest.

        ISO (CD) + vda of xen1 --- machine --- NAT
        vda --- xen1 --- web
    """
    disk, log = overlay(used.disk, work / "configuration.qcow2"), work / "configuration.log"
    log.touch()
    again = install("configuration", LOGS / "test_keep", key, iso, disk,
                    disks=[Disk(disk, write_log=log)],
                    answers=f"[disk]\ndevice = vda\n{KEPT.format('configuration')}")
    assert again.id == used.id
    before = work / "before.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", used.disk, before], check=True)
    assert_cuts_lose_nothing(before, log, used.places)
    before.unlink()
    host = new_machine("xen1", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    assert host.succeed(FINGERPRINT) == used.fingerprint
    assert host.succeed("hostname; grep ^root: /etc/shadow").startswith("xen1\nroot:secret:")
    assert_guest_is_there(host)


@pytest.mark.faults
@pytest.mark.parametrize("firmware, fixture", [("bios", "used"), ("uefi", "used_uefi")])
def test_guests(firmware, fixture, request, new_machine, work, key, iso):
    """The host is a new one, with another name and other keys; its guests are the old ones.

        ISO (CD) + vda of xen1 --- machine --- NAT
        vda --- xen2 --- web
    """
    used = request.getfixturevalue(fixture)
    disk = overlay(used.disk, work / f"guests-{firmware}.qcow2")
    install(f"guests-{firmware}", LOGS / "test_keep", key, iso, disk, firmware=firmware,
            answers=answers(key, "xen2", end=KEPT.format("guests")))
    host = new_machine("xen2", kind=Host, disks=[disk], firmware=firmware).start()
    host.wait_for_boot()
    assert host.succeed(FINGERPRINT) != used.fingerprint
    assert host.succeed("hostname; grep ^root: /etc/shadow").startswith("xen2\nroot:*:")
    assert_guest_is_there(host)


@pytest.mark.faults
def test_each_step_fails(used, new_machine, work, key, iso):
    """Each step of the plan fails once: nothing starts from the disk, and nothing is lost. Refused, and
    nothing is changed, is what can't be read.

        ISO (CD) + vda of xen1 --- machine --- NAT
        vda --- xen2 --- web
    """
    disk = overlay(used.disk, work / "fails.qcow2")
    machine = new_machine("fails", iso=iso, disks=[disk],
                          boot=direct_boot(iso, work, "answers=http://10.0.2.2:9/none"),
                          fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()}).start()
    machine.wait_for_console("The installation failed", 400)
    open_ssh(machine)
    text = answers(key, "xen2", end=KEPT.format("guests"))
    machine.succeed(DAMAGE)
    before = machine.succeed("head -c 64M /dev/vda | sha256sum")
    status, said = run_installer(machine, text)
    assert status == 3 and "'/dev/vda5' is not readable, expected ext4: mend it" in said, said
    assert machine.succeed("head -c 64M /dev/vda | sha256sum") == before
    machine.succeed(MEND)

    plan = json.loads(machine.succeed(
        "paravane-install --dry-run --json --answers /run/answers.ini"))
    steps = [step["name"] for step in plan["steps"]]
    assert "unboot" in steps and steps[-1] == "verify"
    for step in steps:
        status, said = run_installer(machine, text, step)
        assert status == 1 and f"step '{step}': failed as PVN_FAIL_AT asks" in said, said
        assert "the pool and the guests are as they were" in said
        if steps.index(step) >= steps.index("unboot"):
            assert machine.succeed(LEFT) == "", f"after '{step}'"
    status, said = run_installer(machine, text)
    assert status == 0, said
    machine.kill()
    host = new_machine("xen2", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    assert_guest_is_there(host)
