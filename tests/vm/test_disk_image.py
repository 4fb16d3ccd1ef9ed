# SPDX-License-Identifier: GPL-2.0-or-later
"""test_disk_image.py: the image of an installed disk, written to a larger one."""
import os
import struct
import subprocess
import zlib
from mmap import mmap

import pytest

import writelog
from conftest import OUT
from guests import Host
from install import answers
from qemu import Disk

SIZE = 8 << 30
# What an ordinary user may not, root in the build root may not either then.
NO_RIGHTS = ["setpriv", "--bounding-set=-sys_admin,-mknod,-sys_rawio"]
FINGERPRINT = "dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep -o SHA256:.*"


@pytest.fixture(scope="module")
def image(work, key, iso):
    """What 'make disk-image' makes, but for nobody's mounts and loop devices."""
    path = work / "paravane.img"
    made = subprocess.run([*NO_RIGHTS, "images/make-disk-image", iso, path], text=True,
                          input=answers(key, "image1", device="/dev/disk/by-id/none"),
                          check=False, capture_output=True, env={**os.environ, "O": str(OUT)})
    assert made.returncode == 0, made.stdout + made.stderr
    return path


def copy(source, path):
    subprocess.run(["cp", "--sparse=always", source, path], check=True)


def write_to_disk(image, path):
    """As 'dd' does, to a disk on which was something else."""
    copy(image, path)
    with open(path, "r+b") as disk:
        disk.seek(0, 2)
        disk.write(b"\xa5" * (4 << 20))
        disk.truncate(SIZE)
        disk.seek(-(1 << 20), 2)
        disk.write(b"\xa5" * (1 << 20))
    return path


def has_table(disk, at):
    """Is there a whole partition table whose head is at this byte?"""
    head = bytearray(disk[at:at + 92])
    if head[:8] != b"EFI PART":
        return False
    crc, = struct.unpack_from("<I", head, 16)
    entries, count, size, entries_crc = struct.unpack_from("<QIII", head, 72)
    head[16:20] = bytes(4)
    return (zlib.crc32(head) == crc and
            zlib.crc32(disk[entries * 512:entries * 512 + count * size]) == entries_crc)


def assert_cuts_leave_a_table(before, log):
    """Whenever the power goes, one of the copies of the table is whole, and the first is as long as the
    second is not there."""
    entries = writelog.read(log)
    ends = [i for i, entry in enumerate(entries)
            if entry.offset < 1 << 20 or entry.offset + len(entry.data) > SIZE - (1 << 20)]
    assert ends
    with open(before, "r+b") as file, mmap(file.fileno(), SIZE) as disk:
        assert has_table(disk, 512) and not has_table(disk, SIZE - 512)
        for n in writelog.cuts(disk, entries[:ends[-1] + 2], 2, 1):
            if n in ends:
                assert has_table(disk, 512) or has_table(disk, SIZE - 512), f"cut after write {n}"
        assert has_table(disk, 512) and has_table(disk, SIZE - 512)


def assert_has_grown(host):
    assert host.succeed("hostname; cat /run/paravane/warnings 2>/dev/null || :") == "image1\n"
    start, sectors = (int(host.succeed(f"cat /sys/class/block/vda6/{what}"))
                      for what in ("start", "size"))
    assert (start + sectors) * 512 == SIZE - (1 << 20)
    assert host.json("host status")["pool"]
    assert int(host.succeed("lvs --noheadings --units b --nosuffix -o lv_size --select lv_name=pool")) \
        > SIZE * 3 // 4
    host.succeed("! test -e /state/grow")
    host.succeed("guest create web --template mini --network nat0 --start", 240)
    host.wait_for_guest("web")


def test_bios(image, new_machine, work):
    """The pool has all of the disk, for good, and a power cut would have left a partition table.

        vda, 8 GiB, written from the image --- machine --- NAT
    """
    disk, log = write_to_disk(image, work / "written.raw"), work / "written.log"
    before = work / "written-before.raw"
    copy(disk, before)
    log.touch()
    host = new_machine("image1", kind=Host, disks=[Disk(disk, format="raw", write_log=log)]).start()
    host.wait_for_boot()
    assert_has_grown(host)
    told = host.succeed(FINGERPRINT)
    assert told.startswith("SHA256:")
    host.kill()
    assert_cuts_leave_a_table(before, log)
    before.unlink()


@pytest.mark.faults
def test_uefi(image, new_machine, work):
    """Another host from the same image: its ssh key is its own. Its power goes while the pool is made,
    at three moments, and it starts well after each.

        vda, 8 GiB, written from the image --- machine --- NAT
    """
    disk, log = write_to_disk(image, work / "uefi.raw"), work / "uefi.log"
    before = work / "uefi-before.raw"
    copy(disk, before)
    log.touch()
    host = new_machine("uefi", kind=Host, firmware="uefi",
                       disks=[Disk(disk, format="raw", write_log=log)]).start()
    host.wait_for_boot()
    keys = {host.succeed(FINGERPRINT)}
    assert_has_grown(host)
    host.kill()
    entries = writelog.read(log)
    guests = [i for i, entry in enumerate(entries) if entry.data and entry.offset > 1603 << 20]
    for n in (guests[0], guests[2], guests[8]):
        copy(before, disk)
        with open(disk, "r+b") as file, mmap(file.fileno(), SIZE) as written:
            writelog.cut(written, entries, n, n)
        again = new_machine(f"cut{n}", kind=Host, disks=[Disk(disk, format="raw")]).start()
        again.wait_for_boot()
        assert_has_grown(again)
        keys.add(again.succeed(FINGERPRINT))
        again.kill()
    assert len(keys) == 4
