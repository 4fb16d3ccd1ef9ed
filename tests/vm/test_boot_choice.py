# SPDX-License-Identifier: GPL-2.0-or-later
"""test_boot_choice.py: which slot GRUB starts, by images/boot/esp.cfg, in GRUB itself.

A disk with that file and two slots which only say that they were started. A script walks
through the years of a host: releases that come up and that don't, power that goes, a slot
that goes bad. What the host would write into grubenv is written by GRUB.
"""
import pathlib
import random
import re
import struct
import subprocess
import uuid
import zlib

import pytest

from console import plain
from images import MIB
from qemu import Disk

ESP_CFG = pathlib.Path(__file__).resolve().parents[2] / "images/boot/esp.cfg"
SECTOR = 512
ENTRIES = 128
# index: where a partition begins and how long it is, in MiB, as on a host: BIOS, ESP, two slots
PARTITIONS = {1: (1, 1), 2: (2, 36), 3: (38, 4), 4: (42, 4)}
DISK_MIB = 48
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
OTHER = {"a": "b", "b": "a"}
SLOT_CFG = 'echo "started step=$step slot=$slot tried=$tried"\n'
# so many starts in a row may be in vain while one slot is good: the one that tries a release, the
# three of the kept one, and the same again after power that went
IN_VAIN = 8


def partition_table(size):
    """A GPT, the one at the disk's end as well."""
    last = size // SECTOR - 1
    entries = b""
    for i in range(1, ENTRIES + 1):
        begin, length = PARTITIONS.get(i, (0, 0))
        kind = EFI_SYSTEM if i == 2 else LINUX_DATA
        entries += struct.pack(
            "<16s16sQQQ72s", kind.bytes_le, uuid.UUID(int=i).bytes_le, begin * MIB // SECTOR,
            (begin + length) * MIB // SECTOR - 1, 0, b"") if length else bytes(128)

    def header(here, there, table):
        def pack(crc):
            return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, here, there,
                               34, last - 33, uuid.UUID(int=99).bytes_le, table, ENTRIES, 128,
                               zlib.crc32(entries))
        return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")

    mbr = bytes(446) + struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xee, 255, 255, 255, 1, last)
    return (mbr.ljust(510, b"\0") + b"\x55\xaa" + header(1, last, 2) + entries,
            entries + header(last, 1, last - 32))


def fat(path, mib, files):
    subprocess.run(["mformat", "-C", "-i", path, "-T", str(mib * MIB // SECTOR), "-h", "2",
                    "-s", "18", *(["-F"] if mib > 32 else []), "::"], check=True)
    for name, content in files.items():
        parents = [str(parent) for parent in reversed(pathlib.PurePath(name).parents)][1:]
        for parent in parents:
            subprocess.run(["mmd", "-D", "s", "-i", path, f"::{parent}"], check=False,
                           capture_output=True)
        subprocess.run(["mcopy", "-i", path, "-", f"::{name}"], input=content, check=True)
    return path.read_bytes()


def make_disk(folder, iso, script):
    loader = folder / "bootx64.efi"
    subprocess.run(["xorriso", "-report_about", "FAILURE", "-osirrox", "on", "-indev", iso,
                    "-extract", "/boot/grub/install/bootx64.efi", loader], check=True)
    slot = {"/boot/grub/slot.cfg": SLOT_CFG.encode()}
    env = "# GRUB Environment Block\ninstall=1\nslot=a\ntry=\nstarts=\nxen_args=\nkernel_args=\n"
    content = {
        2: fat(folder / "esp.img", PARTITIONS[2][1], {
            "/EFI/BOOT/BOOTX64.EFI": loader.read_bytes(), "/grub/grub.cfg": script.encode(),
            "/grub/esp.cfg": ESP_CFG.read_bytes(), "/grub/grubenv": env.ljust(1024, "#").encode()}),
        3: fat(folder / "a.img", PARTITIONS[3][1], slot),
        4: fat(folder / "b.img", PARTITIONS[4][1], slot)}
    begin, end = partition_table(DISK_MIB * MIB)
    disk = folder / "disk.img"
    with open(disk, "wb") as image:
        image.truncate(DISK_MIB * MIB)
        image.write(begin)
        for i, data in content.items():
            image.seek(PARTITIONS[i][0] * MIB)
            image.write(data)
        image.seek(DISK_MIB * MIB - len(end))
        image.write(end)
    return disk


class Years:
    """What happens to a host, and what it shall come to; by this, not by GRUB's script."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kept, self.next, self.starts = "a", "", ""
        self.good = {"a": True, "b": True}
        self.lines, self.expected = [], []
        self.in_vain = 0

    def write(self, **variables):
        """The host does, into grubenv."""
        for name, value in variables.items():
            self.lines.append(f"set {name}={value}")
        self.lines.append(f"save_env -f ($esp)/grub/grubenv {' '.join(variables)}")

    def choose(self):
        """Which slot is started now, and whether that is a try."""
        if self.next:
            chosen, self.next = self.next, ""
            return chosen, True
        if self.starts == "xxx":
            self.starts = "o"
            return OTHER[self.kept], False
        self.starts = "x" if self.starts == "o" else self.starts + "x"
        return self.kept, False

    def keep(self, slot):
        self.kept, self.next, self.starts = slot, "", ""
        self.write(slot=slot, **{"try": ""}, starts="")

    def start(self):
        step = len(self.expected)
        self.lines += [f"set step={step}", "export step", "set root=$esp",
                       "configfile ($esp)/grub/esp.cfg"]
        slot, tried = self.choose()
        self.expected.append((slot, slot if tried else ""))
        power_stays = self.random.random() > 0.1
        if not (self.good[slot] and power_stays):
            self.in_vain += power_stays and any(self.good.values())
            assert self.in_vain <= IN_VAIN, f"stranded at {step}"
            return
        self.in_vain = 0
        self.came_up(slot, tried)

    def came_up(self, slot, tried):
        if (tried and slot != self.kept) or self.starts == "o":
            self.keep(slot)
        elif self.starts:
            self.starts = ""
            self.write(starts="")
        other = OTHER[slot]
        if self.random.random() < 0.5:  # an upgrade
            self.good[other] = self.random.random() < 0.6
            if self.kept != slot:
                self.keep(slot)
            self.next = other
            self.write(**{"try": other})
        elif self.random.random() < 0.4 and self.good[other]:  # this one goes bad
            self.good[slot] = False


@pytest.mark.parametrize("cycles", [60, pytest.param(1000, marks=pytest.mark.faults)])
def test_choice(new_machine, tmp_path, iso, cycles, fault_count):
    """Each start is of the slot that it shall be of, and a good one comes up soon.

        vda: ESP, two slots --- machine (UEFI)
    """
    seed = 3  # in which all of it happens
    years = Years(seed)
    for _ in range(cycles):
        years.start()
    script = "\n".join(["serial --unit=0 --speed=115200", "terminal_output serial", "set esp=$root",
                        *years.lines, "halt"])
    disk = Disk(make_disk(tmp_path, iso, script), format="raw")
    machine = new_machine("grub", disks=[disk], firmware="uefi", network=False, memory=512).start()
    machine.wait_for_exit(120 + cycles)
    found = {}
    said = plain(machine.console.read().text)
    for step, slot, tried in re.findall(r"started step=(\d+) slot=([ab]) tried=([ab]?)", said):
        found.setdefault(int(step), (slot, tried))  # what comes behind is the other slot's turn
    fault_count.seed(seed)
    fault_count.tried = cycles
    fault_count.survived = sum(found.get(i) == choice for i, choice in enumerate(years.expected))
    assert found == dict(enumerate(years.expected))
