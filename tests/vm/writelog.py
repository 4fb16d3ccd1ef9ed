# SPDX-License-Identifier: GPL-2.0-or-later
"""writelog.py: what a machine wrote to a disk, and what a power cut leaves of that.

QEMU's blklogwrites keeps the log, in the format of Linux' dm-log-writes: a block with the
number of entries, then each entry's block and its data.
"""
import random
import struct
from typing import NamedTuple

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


class Write(NamedTuple):
    offset: int  # bytes
    data: bytes
    flags: int


def count(path):
    """How many entries the log has by now."""
    with open(path, "rb") as log:
        magic, version, entries, sector = struct.unpack("<QQQI", log.read(28))
    assert (magic, version, sector) == (MAGIC, 1, SECTOR)
    return entries


def read(path):
    entries = []
    with open(path, "rb") as log:
        log.seek(SECTOR)
        for _ in range(count(path)):
            sector, sectors, flags, _ = struct.unpack("<QQQQ", log.read(SECTOR)[:32])
            length = sectors * SECTOR
            data = bytes(length) if flags & DISCARD else log.read(length)
            entries.append(Write(sector * SECTOR, data, flags))
    return entries


def apply(image, write):
    image[write.offset:write.offset + len(write.data)] = write.data


def torn(write, chance):
    """None, some of its first sectors, or all of it."""
    kept = chance.choice([0, len(write.data), chance.randrange(0, len(write.data) + 1, SECTOR)])
    return write._replace(data=write.data[:kept])


def cuts(image, entries, times, seed):
    """The image as a cut after each of the entries leaves it: what was flushed is there, of all
    else in the disk's cache some, other things each of so many times. The same image each time;
    what is yielded is the entry's number."""
    chance = random.Random(seed)
    cached = []
    for n, entry in enumerate(entries):
        if entry.flags & FLUSH:
            for write in cached:
                apply(image, write)
            cached = []
        if entry.data:
            if entry.flags & FUA:
                apply(image, entry)
            else:
                cached.append(entry)
        lost = [(write, bytes(image[write.offset:write.offset + len(write.data)]))
                for write in cached]
        for _ in range(times):
            for write in cached:
                apply(image, torn(write, chance))
            yield n
            for write, before in reversed(lost):
                apply(image, write._replace(data=before))


def cut(image, entries, n, seed):
    """The same for one cut, after the entry number 'n', for good."""
    chance = random.Random(seed)
    flushed = max((i for i, entry in enumerate(entries[:n + 1]) if entry.flags & FLUSH), default=0)
    for i, entry in enumerate(entries[:n + 1]):
        whole = i <= flushed or entry.flags & FUA
        apply(image, entry if whole else torn(entry, chance))
