# SPDX-License-Identifier: GPL-2.0-or-later
"""leftovers.py: what other systems leave on a disk, made for real: tables and images are written into
the raw image of a disk from outside, volumes, arrays and file systems made in a machine that has it."""
import os
import pathlib
import struct
import subprocess
import tempfile
import uuid
import zlib
from typing import Callable, NamedTuple

MIB = 1 << 20


def write_at(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def blank(path, size):
    """Zeros, for who has it open, too."""
    with open(path, "ab") as f:
        f.truncate(0)
        f.truncate(size)


# --- partition tables ---

LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le


def gpt(path, parts, sector):
    """Partitions are (start, size) in bytes."""
    sectors = os.path.getsize(path) // sector
    entries = b"".join(struct.pack("<16s16sQQQ72s", LINUX_DATA, uuid.uuid4().bytes_le,
                                   start // sector, (start + size) // sector - 1, 0,
                                   f"old-{n}".encode("utf-16-le"))
                       for n, (start, size) in enumerate(parts, 1)).ljust(128 * 128, b"\0")
    room = len(entries) // sector
    guid = uuid.uuid4().bytes_le
    for mine, other, table in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 1 - room)):
        def header(crc, mine=mine, other=other, table=table):
            return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, mine, other,
                               2 + room, sectors - 2 - room, guid, table, 128, 128,
                               zlib.crc32(entries))
        write_at(path, mine * sector, header(zlib.crc32(header(0))))
        write_at(path, table * sector, entries)
    mbr_entry(path, 0, 0, 0xee, 1, min(sectors - 1, 0xffffffff), 1)


def mbr_entry(path, table, n, kind, start, size, sector):
    write_at(path, table * sector + 446 + 16 * n,
             struct.pack("<B3sB3sII", 0, b"\0\2\0", kind, b"\xff\xff\xff", start, size))
    write_at(path, table * sector + 510, b"\x55\xaa")


def mbr(path, parts, sector):
    """The first is primary, the others are in an extended partition, 1 MiB before each its table."""
    at = [(start // sector, size // sector) for start, size in parts]
    gap = MIB // sector
    mbr_entry(path, 0, 0, 0x83, *at[0], sector)
    if not at[1:]:
        return
    base = at[1][0] - gap
    mbr_entry(path, 0, 1, 0x05, base, at[-1][0] + at[-1][1] - base, sector)
    for n, (start, size) in enumerate(at[1:], 1):
        mbr_entry(path, start - gap, 0, 0x83, gap, size, sector)
        if n + 1 < len(at):
            after, its_size = at[n + 1]
            mbr_entry(path, start - gap, 1, 0x05, after - gap - base, its_size + gap, sector)


def read_gpt(path, sector):
    """The names of the partitions with (start, size) of each; AssertionError unless both copies are whole
    and say the same."""
    found = []
    sectors = os.path.getsize(path) // sector
    with open(path, "rb") as f:
        for mine in (1, sectors - 1):
            f.seek(mine * sector)
            head = f.read(92)
            magic, _, length, crc, _, at, _, _, _, _, table, n, step, entries_crc = struct.unpack(
                "<8sIIIIQQQQ16sQIII", head)
            assert (magic, length, at) == (b"EFI PART", 92, mine), f"no GPT in sector {mine}"
            assert zlib.crc32(head[:16] + bytes(4) + head[20:]) == crc
            f.seek(table * sector)
            entries = f.read(n * step)
            assert zlib.crc32(entries) == entries_crc
            found.append(entries)
    assert found[0] == found[1]
    parts = {}
    for at in range(0, len(found[0]), 128):
        kind, _, first, last, _, name = struct.unpack("<16s16sQQQ72s", found[0][at:at + 128])
        if any(kind):
            parts[name.decode("utf-16-le").rstrip("\0")] = (first * sector,
                                                           (last - first + 1) * sector)
    return parts


# --- images ---

def copy_data(image, path, offset):
    """What is in the image, but for its holes, to where it belongs."""
    with open(image, "rb") as f:
        at = 0
        while at < os.path.getsize(image):
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:
                return  # the rest is a hole
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            f.seek(at)
            write_at(path, offset + at, f.read(end - at))
            at = end


def made_by(*command):
    """An image of the right size that a program formats; {} is its name."""
    def make(path, offset, size):
        with tempfile.TemporaryDirectory(dir=pathlib.Path(path).parent) as folder:
            image = pathlib.Path(folder) / "image"
            image.touch()
            os.truncate(image, size)
            subprocess.run([word.format(image) for word in command], check=True,
                           capture_output=True, input=b"secret")
            copy_data(image, path, offset)
    return make


def nvpair(name, kind, value):
    """A pair of an XDR nvlist: sizes, name, type, how many, value."""
    name = struct.pack(">I", len(name)) + name.encode().ljust((len(name) + 3) // 4 * 4, b"\0")
    body = name + struct.pack(">II", kind, 1) + value
    return struct.pack(">II", 8 + len(body), 8 + len(body)) + body


def zfs(path, offset, size):
    """The four labels of a member of a pool, two at each end, as far as they are needed to be known:
    its name and GUIDs, and the uberblocks."""
    string = struct.pack(">I", 4) + b"tank"
    pairs = struct.pack(">BBHII", 1, 1, 0, 0, 1) + b"".join((
        nvpair("version", 8, struct.pack(">Q", 5000)), nvpair("name", 9, string),
        nvpair("state", 8, struct.pack(">Q", 0)), nvpair("txg", 8, struct.pack(">Q", 4)),
        nvpair("pool_guid", 8, struct.pack(">Q", 4711)), nvpair("top_guid", 8, struct.pack(">Q", 4712)),
        nvpair("guid", 8, struct.pack(">Q", 4712)))) + bytes(8)
    blocks = b"".join(struct.pack("<QQQQQ", 0x00bab10c, 5000, txg, 0, 1700000000).ljust(1024, b"\0")
                      for txg in range(128))
    label = bytes(16 * 1024) + pairs.ljust(112 * 1024, b"\0") + blocks
    end = size // len(label) * len(label)
    for at in (0, len(label), end - 2 * len(label), end - len(label)):
        write_at(path, offset + at, label)


LUKS = ["cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
luks1 = made_by(*LUKS, "--type", "luks1", "{}", "-")
# as much metadata as there can be, so that the second header is 4 MiB in
luks2 = made_by(*LUKS, "--type", "luks2", "--luks2-metadata-size", "4m",
                "--luks2-keyslots-size", "16m", "{}", "-")
btrfs = made_by("mkfs.btrfs", "-q", "-f", "{}")
bcache = made_by("make-bcache", "-B", "{}")
bcache_cache = made_by("make-bcache", "-C", "{}")


def zero(*ranges):
    """Break a disk: each range is (start, length), from the end where it is negative."""
    def do(path):
        for start, length in ranges:
            write_at(path, start if start >= 0 else os.path.getsize(path) + start, bytes(length))
    return do


def claim_entries(n):
    """The first copy of the GPT says that it has so many, with the right checksum."""
    def do(path):
        with open(path, "rb") as f:
            head = f.read(4096 + 92)
        at = head.index(b"EFI PART")
        header = bytearray(head[at:at + 92])
        header[80:84] = struct.pack("<I", n)
        header[16:20] = bytes(4)
        header[16:20] = struct.pack("<I", zlib.crc32(header))
        write_at(path, at, header)
    return do


# --- all of them ---

P1, P2, P3 = (2 * MIB, 512 * MIB), (600 * MIB, 512 * MIB), (1200 * MIB, 300 * MIB)
MD = "mdadm --create --quiet --run --assume-clean --level=1 --raid-devices=2 --bitmap=none"


class Leftover(NamedTuple):
    """table(path, parts, sector) comes first, then the images, then the commands, in which $D is the disk and
    $P what its partitions' names begin with, then what is broken. 'running': what then
    must be there below /sys/class/block."""
    table: Callable | None = None
    parts: tuple = ()
    images: tuple = ()
    commands: str = ""
    broken: Callable | None = None
    running: str = ""


LEFTOVERS = {
    "nothing": Leftover(),
    "ext4 on the disk": Leftover(commands="mkfs.ext4 -q $D"),
    "MBR, logical partitions": Leftover(
        mbr, (P1, P2, P3), commands="mkfs.vfat ${P}1; mkfs.ext4 -q ${P}5; mkfs.ext4 -q ${P}6"),
    "MBR, md 1.0 in it": Leftover(
        mbr, (P1, P2), commands=f"{MD} -e 1.0 /dev/md10 ${{P}}1 ${{P}}5; mdadm -q --stop /dev/md10"),
    "GPT": Leftover(gpt, (P1, P2), commands="mkfs.vfat ${P}1; mkfs.ext4 -q ${P}2"),
    "GPT, first copy broken": Leftover(
        gpt, (P1, P2), commands=f"{MD} -e 1.0 /dev/md10 ${{P}}1 ${{P}}2; mdadm -q --stop /dev/md10",
        broken=zero((0, 32768))),
    "GPT, second copy broken": Leftover(
        gpt, (P1, P2), images=((zfs, P1),), commands="mkfs.ext4 -q ${P}2",
        broken=zero((-32768, 32768))),
    "GPT, millions of entries": Leftover(gpt, (P1,), images=((zfs, P1),), broken=claim_entries(1 << 24)),
    "LVM": Leftover(
        gpt, (P1,), commands="lvm vgcreate -q old ${P}1; lvm lvcreate -q -y -L 64M -n one old;"
                             "lvm lvcreate -q -y -L 64M -n two old; mkfs.ext4 -q /dev/old/one",
        running="dm-1"),
    "LVM, thin": Leftover(
        commands="lvm vgcreate -q old $D; lvm lvcreate -q -y -T -L 256M old/pool;"
                 "lvm lvcreate -q -y -V 1G -T old/pool -n thin; lvm lvcreate -q -y -s old/thin -n snap -kn;"
                 "mkfs.ext4 -q /dev/old/thin", running="dm-3"),
    "LVM, name of another's": Leftover(
        commands="lvm vgcreate -q --config 'devices/global_filter=[\"a|'$D'|\",\"r|.*|\"]' twice $D;"
                 "lvm lvcreate -q -y -L 64M -n one --config 'devices/global_filter=[\"a|'$D'|\",\"r|.*|\"]' twice",
        running="dm-0"),
    "LVM, a volume missing": Leftover(
        gpt, (P1, P2),
        commands="lvm vgcreate -q old ${P}1 ${P}2; lvm lvcreate -q -y -L 64M -n one old ${P}1;"
                 "lvm lvcreate -q -y -L 64M -n two old ${P}2; dmsetup remove old-two; rm /dev/old/two;"
                 "dd if=/dev/zero of=${P}2 bs=1M count=1 2>/dev/null", running="dm-0"),
    "LVM on md": Leftover(
        gpt, (P1, P2), commands=f"{MD} -e 1.2 /dev/md10 ${{P}}1 ${{P}}2; lvm vgcreate -q old /dev/md10;"
                                "lvm lvcreate -q -y -L 64M -n one old", running="md10 dm-0"),
    "md 0.90": Leftover(mbr, (P1, P2), commands=f"{MD} -e 0.90 /dev/md10 ${{P}}1 ${{P}}5",
                        running="md10"),
    "md 1.0 on the disk, degraded": Leftover(commands=f"{MD} -e 1.0 /dev/md10 $D missing",
                                             running="md10"),
    "md 1.2": Leftover(gpt, (P1, P2), commands=f"{MD} -e 1.2 /dev/md10 ${{P}}1 ${{P}}2",
                       running="md10"),
    "md 1.2, inactive": Leftover(
        gpt, (P1, P2), commands=f"{MD} -e 1.2 /dev/md10 ${{P}}1 ${{P}}2; mdadm -q --stop /dev/md10;"
                                "mdadm -q --incremental ${P}1", running="md*"),
    "md with partitions": Leftover(
        commands=f"{MD} -e 1.0 /dev/md10 $D missing; cat $TABLE >/dev/md10;"
                 "blockdev --rereadpt /dev/md10; mkfs.ext4 -q /dev/md10p1; lvm vgcreate -q old /dev/md10p2;"
                 "lvm lvcreate -q -y -L 64M -n one old", running="md10 md10p1 dm-0"),
    "dm-crypt, open": Leftover(
        gpt, (P1,), images=((luks2, P1),),
        commands="modprobe -a aesni_intel xts dm_crypt; dmsetup create old-crypt --table "
                 "\"0 65536 crypt aes-xts-plain64 $KEY 0 ${P}1 65536\"; mkfs.ext4 -q /dev/dm-0",
        running="dm-0"),
    "LUKS1": Leftover(gpt, (P1,), images=((luks1, P1),)),
    "LUKS2 on the disk": Leftover(images=((luks2, None),)),
    "ZFS on the disk": Leftover(images=((zfs, None),)),
    "ZFS": Leftover(gpt, (P1, P2), images=((zfs, P2),)),
    "btrfs": Leftover(gpt, (P1, P2), images=((btrfs, P1),)),
    "btrfs on the disk": Leftover(images=((btrfs, None),)),
    "bcache": Leftover(gpt, (P1, P2), images=((bcache, P1), (bcache_cache, P2))),
}

# Its name below /dev/disk/by-id, bus, sector size. A BIOS starts nothing from sectors of 4096.
TARGETS = {
    "virtio": ("virtio-virtio", "virtio", 512),
    "ahci": ("ata-QEMU_HARDDISK_ahci", "sata", 512),
    "nvme": ("nvme-QEMU_NVMe_Ctrl_nvme", "nvme", 512),
    "usb": ("usb-QEMU_QEMU_HARDDISK_usb-0:0", "usb", 512),
    "virtio-4k": ("virtio-virtio-4k", "virtio", 4096),
    "nvme-4k": ("nvme-QEMU_NVMe_Ctrl_nvme-4k", "nvme", 4096),
    "usb-4k": ("usb-QEMU_QEMU_HARDDISK_usb-4k-0:0", "usb", 4096),
}
FIRMWARE = {
    "bios": [name for name, (_, _, sector) in TARGETS.items() if sector == 512],
    "uefi": list(TARGETS),
}
CASES = [(name, target, firmware) for firmware, targets in FIRMWARE.items() for target in targets
         for name in LEFTOVERS]
