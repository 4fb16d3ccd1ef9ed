# SPDX-License-Identifier: GPL-2.0-or-later
"""test_install.py: what an unattended installation leaves on a disk."""
import hashlib
import re
import subprocess

import pytest

from conftest import LOGS
from install import answers, install
from machine import TIMEOUT_MULT
from qemu import Disk
from ssh import OPTIONS

PARTITIONS = ["bios", "esp", "slot-a", "slot-b", "state", "guests"]

# Everything by which something on a disk is found.
NAMES = """
cat /sys/class/block/*/uevent /proc/cmdline /proc/mounts /etc/paravane/host
blkid
vgs
lvs
dmsetup ls
mkdir -p /run/esp
mount -t vfat -o ro /dev/vda2 /run/esp
cat /run/esp/grub/grubenv
umount /run/esp
"""


def install_id(host):
    return re.search(r"paravane\.install=([0-9a-f]{8})\b",
                     host.succeed("cat /proc/cmdline"))[1]


def sha256_of_iso(iso):
    with open(iso, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def assert_partitions(host, id):
    found = host.succeed("for n in 1 2 3 4 5 6; do "
                         "sed -n s/^PARTNAME=//p /sys/class/block/vda$n/uevent; done")
    assert found.split() == [f"pvn-{name}-{id}" for name in PARTITIONS]


def assert_slots_hold(host, iso):
    size, wanted = iso.stat().st_size, sha256_of_iso(iso)
    for slot, device in (("a", "/dev/vda3"), ("b", "/dev/vda4")):
        got = host.succeed(f"head -c {size} {device} | sha256sum", 180).split()[0]
        assert got == wanted, f"slot {slot} is not the ISO"


def assert_is_installed(host, iso, hostname="xen1"):
    """Everything that a host has after its first boot; returns its id."""
    id = install_id(host)
    assert_partitions(host, id)
    assert_slots_hold(host, iso)
    assert host.succeed("hostname").strip() == hostname
    assert re.search(r"^\S+ /state ext4 ", host.succeed("cat /proc/mounts"), re.M)
    assert "pool" in host.succeed(f"lvs --noheadings -o lv_name pvn_{id}").split()
    assert host.succeed("cat /run/paravane/mode").split() == [
        "mode=host", f"install={id}", "slot=a"]
    assert host.succeed("cat /run/paravane/warnings 2>/dev/null || :") == ""
    status = host.json("host status")
    assert status["hostname"] == hostname and status["slot"] == "a" and status["pool"]
    return id


def assert_console_introduces(host):
    """Serial line and screen show who the host is, so that its key can be checked."""
    told = host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key")
    for text in re.search(r"SHA256:\S+", told)[0], "log in with ssh root@10.0.2.":
        host.wait_for_console(text, 60)
        host.wait_until_succeeds(f"tr -s ' ' </dev/vcs1 | grep -qF '{text}'", 60)


def assert_takes_keys_only(host):
    """The server names all ways to log in when it refuses."""
    refused = subprocess.run(
        ["ssh", *OPTIONS, "-o", "PubkeyAuthentication=no", "-p", host.ssh.port,
         "root@127.0.0.1", "true"],
        check=False, capture_output=True, text=True, timeout=120 * TIMEOUT_MULT)
    assert refused.returncode == 255
    assert "Permission denied (publickey)." in refused.stderr


def test_bios(host, iso):
    """From CD, on BIOS; then the disk boots alone.

        ISO (CD) + vda, 8 GiB, blank --- machine --- NAT
        vda: bios | esp | slot a | slot b | state | guests (thin pool)
    """
    assert_is_installed(host, iso)
    assert_console_introduces(host)
    assert_takes_keys_only(host)


def test_warnings_of_the_network_go(host):
    """Each is said once however often it fails, and no more when the network is there.

        vda --- machine --- NAT
    """
    host.succeed(". /usr/lib/paravane/functions;"
                 "for try in 1 2 3; do warn network: no link; warn another; done;"
                 "/usr/lib/paravane/issue")
    assert host.succeed("cat /run/paravane/warnings") == "network: no link\nanother\n"
    host.wait_for_console("warning network: no link warning another", 60)
    host.succeed("sv restart /run/service/network", 120)
    host.wait_until_succeeds("! grep network: /run/paravane/issue")
    assert host.succeed("cat /run/paravane/warnings") == "another\n"
    host.succeed("rm /run/paravane/warnings; /usr/lib/paravane/issue")


def test_uefi(installed_uefi, disk_alone, iso):
    """From USB, on UEFI; with an entry in NVRAM; then the disk boots alone, without that.

        ISO (USB) + vda, 8 GiB, blank --- machine --- NAT
        vda: bios | esp | slot a | slot b | state | guests (thin pool)
    """
    assert "Paravane".encode("utf-16-le") in installed_uefi.firmware
    host = disk_alone(installed_uefi, firmware="uefi")
    assert_is_installed(host, iso)
    assert_console_introduces(host)


@pytest.mark.faults
def test_install_over_an_installation(installed_bios, new_disk, disk_alone, key, iso):
    """Installing again gives a new host; nothing is found by the old one's names. The
    disk's name comes before the CD's, and its slots hold the same ISO. At the end the
    machine reboots, as it does unless told otherwise.

        ISO (CD) + sda with a Paravane --- machine --- NAT
        vda, the same disk --- machine --- NAT
    """
    disk = new_disk("twice", installed_bios.disk)
    again = install("again", LOGS / "test_install-again", key, iso, disk,
                    disks=[Disk(disk, bus="sata")],
                    answers=answers(key, "xen2", device="/dev/sda", end=""))
    host = disk_alone(again)
    new_id = assert_is_installed(host, iso, "xen2")
    assert new_id == again.id != installed_bios.id
    assert installed_bios.id not in host.succeed(NAMES).lower()
