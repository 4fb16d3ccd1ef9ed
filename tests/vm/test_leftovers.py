# SPDX-License-Identifier: GPL-2.0-or-later
"""test_leftovers.py: the installer on disks that others have used: what it finds on them, what it stops and
erases, and that it touches no other disk.

One machine for each firmware, whose installer found answers that are wrong, so that it can be called over
ssh. It is cut off when the new partitions are there, and the disk looked at from outside.
"""
import configparser
import gzip
import hashlib
import subprocess

import pytest

from conftest import LOGS
from guests import Host
from install import answers
from leftovers import CASES, FIRMWARE, LEFTOVERS, MD, MIB, P1, TARGETS, blank, claim_entries, gpt, read_gpt
from machine import Machine, MachineError
from qemu import Disk
from test_install import PARTITIONS
from test_install_failure import open_ssh

GIB = 1 << 30

# dom0 knows AES where the CPU does; its kernel takes the multiplication for granted then.
AES_CPU = "qemu64,+aes,+pclmulqdq,+ssse3,+sse4.1,+sse4.2"

# All that was stopped, and what the machine remembers of a disk, which is written to from outside.
FORGET = """
for try in 1 2 3; do
	dmsetup remove_all 2>/dev/null || :
	for md in /sys/class/block/md*; do
		[ ! -e "$md/md" ] || mdadm -q --stop "/dev/${{md##*/}}" || :
	done
done
rm -rf /dev/old /dev/twice
sync
blockdev --flushbufs /dev/{name}
blockdev --rereadpt /dev/{name}
"""


def flush(machine, name):
    machine.succeed(f"sync; echo 3 >/proc/sys/vm/drop_caches; blockdev --flushbufs /dev/{name}")


class Bench:
    """The machine, its raw images by the names of the disks, and the kernel's names of these."""

    def __init__(self, machine, images):
        self.machine, self.images, self.names = machine, images, {}

    def learn_names(self):
        facts = configparser.ConfigParser(strict=False)
        facts.read_string(self.machine.succeed("paravane-install --facts-dump"))
        self.names = {facts[section]["serial"]: section.split()[1] for section in facts.sections()
                      if "serial" in facts[section]}

    def sha256(self, name):
        flush(self.machine, self.names[name])
        with open(self.images[name], "rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()

    def environment(self, target):
        disk = f"/dev/{self.names[target]}"
        return (f"D={disk}; OTHER=/dev/{self.names['other']}; P={disk}{'p' if disk[-1].isdigit() else ''}; "
                f"TABLE=/run/table-{TARGETS[target][2]}; KEY=$(printf %0128d 7); ")

    def forget(self, target):
        self.machine.succeed(FORGET.format(name=self.names[target]), 120)

    def clear(self, name):
        """Nothing is on it, and nothing of it runs."""
        self.forget(name)
        blank(self.images[name], self.images[name].stat().st_size)
        flush(self.machine, self.names[name])

    def make(self, leftover, target):
        """Make it; returns where old partitions are."""
        image, sector = self.images[target], TARGETS[target][2]
        size = image.stat().st_size
        self.clear(target)
        if leftover.table:
            leftover.table(image, leftover.parts, sector)
        for make, where in leftover.images:
            make(image, *(where or (0, size)))
        self.forget(target)
        if leftover.commands:
            self.machine.succeed(self.environment(target) + leftover.commands, 120)
        for running in leftover.running.split():
            self.machine.succeed(f"ls -d /sys/class/block/{running}")
        if leftover.broken:
            flush(self.machine, self.names[target])
            leftover.broken(image)
            flush(self.machine, self.names[target])
        return leftover.parts

    def install(self, key, target, step="settle", limit=400, **settings):
        """Its exit code, and what it says, within so many seconds. Ends like a power cut after the step."""
        text = answers(key, device=f"/dev/disk/by-id/{TARGETS[target][0]}", **settings)
        self.machine.succeed(f"cat >/run/answers.ini <<'END'\n{text}END")
        said = self.machine.run(f"PVN_DIE_AT={step} paravane-install --answers /run/answers.ini 2>&1 "
                                "|| exit $?", limit)
        flush(self.machine, self.names[target])
        return said.status, said.stdout


def table_head(image, sector_size):
    """The head of a disk with partitions, to be written into an array; packed, and as printf takes it."""
    blank(image, 4 * GIB)
    gpt(image, (P1, (600 * MIB, 512 * MIB)), sector_size)
    with open(image, "rb") as f:
        head = f.read(2 * sector_size + 2 * 128)
    return "".join(f"\\x{byte:02x}" for byte in gzip.compress(head))


def start_bench(firmware, work, key, iso):
    images = {name: work / f"leftover-{firmware}-{name}.raw"
              for name in [*FIRMWARE[firmware], "bystander", "other"]}
    for name, image in images.items():
        blank(image, 9 * GIB // 2 if name in TARGETS else 64 * MIB)
    disks = [Disk(image, format="raw", bus=TARGETS.get(name, ("", "virtio"))[1], serial=name,
                  sector_size=TARGETS.get(name, ("", "", 512))[2])
             for name, image in images.items()]
    public = key.with_suffix(".pub").read_text()
    machine = Machine(f"leftovers-{firmware}", LOGS / "test_leftovers", key, iso=iso, disks=disks,
                      firmware=firmware, answers="[wrong]\n", fw_cfg={"opt/test/key": public}, cpu=AES_CPU)
    try:
        machine.start()
        machine.wait_for_console("The installation failed", 400)
        open_ssh(machine)
        made = Bench(machine, images)
        made.learn_names()
        for size in 512, 4096:
            machine.succeed(f"printf '{table_head(work / 'table', size)}' | gunzip >/run/table-{size}")
        machine.succeed(f"lvm vgcreate -q twice /dev/{made.names['bystander']};"
                        "lvm lvcreate -q -y -L 16M -n one twice; lvm vgchange -q -an twice")
        return made
    except MachineError:
        machine.close()
        raise


@pytest.fixture(scope="module")
def bench(work, key, iso):
    """One for each firmware, made anew after a crash, with a bystander that has a volume group 'twice', and
    another small disk.

        ISO (CD) + a blank disk, 4.5 GiB, for each of TARGETS + bystander, other, 64 MiB --- machine --- NAT
    """
    benches = {}

    def get(firmware):
        try:
            if firmware in benches:
                benches[firmware].machine.check()
        except MachineError:
            benches.pop(firmware).machine.close()
        if firmware not in benches:
            benches[firmware] = start_bench(firmware, work, key, iso)
        return benches[firmware]

    yield get
    for made in benches.values():
        made.machine.close()


def nothing_found(image, start, size):
    """Does libblkid know nothing of what is there?"""
    probed = subprocess.run(["blkid", "-p", "-O", str(start), "-S", str(size), image], check=False,
                            capture_output=True, text=True)
    assert probed.returncode == 2, f"at {start}: {probed.stdout}{probed.stderr}"


def try_leftover(bench, key, name, target):
    before = bench.sha256("bystander")
    old = bench.make(LEFTOVERS[name], target)
    install_over(bench, key, target, old)
    assert bench.sha256("bystander") == before


def install_over(bench, key, target, old, **how):
    """Nothing of before is found, neither in the new partitions nor where the old ones were."""
    status, said = bench.install(key, target, **how)
    assert status == 137 and "] settle: " in said, said
    image, sector = bench.images[target], TARGETS[target][2]
    parts = read_gpt(image, sector)
    assert [part.rsplit("-", 1)[0] for part in parts] == [f"pvn-{part}" for part in PARTITIONS]
    for start, size in [*parts.values(), *old]:
        nothing_found(image, start, size)
    found = subprocess.run(["wipefs", "--noheadings", "-O", "TYPE", image], check=True,
                           capture_output=True, text=True).stdout.split()
    assert set(found) <= {"gpt", "PMBR", "dos"}
    held = bench.machine.succeed(f"ls -d /sys/class/block/{bench.names[target]}*/holders/* /dev/old 2>/dev/null || :; "
                                 "for link in /dev/twice/*; do [ ! -L $link ] || [ -e $link ] || echo $link; done")
    assert held == ""


# The ones that are the hardest to let go of or to find, all disks in turn; each takes some seconds.
HARD = ["MBR, md 1.0 in it", "GPT, first copy broken", "GPT, second copy broken", "LVM, thin",
        "LVM, name of another's", "LVM, a volume missing", "LVM on md", "md 0.90", "md 1.2, inactive",
        "md with partitions"]
SAMPLE = [(name, FIRMWARE["bios"][i % len(FIRMWARE["bios"])], "bios") for i, name in enumerate(HARD)]


@pytest.mark.parametrize("name, target, firmware", [
    *SAMPLE, *(pytest.param(*case, marks=pytest.mark.faults) for case in CASES if case not in SAMPLE)])
def test_leftover(name, target, firmware, bench, key, record_property):
    """What was there is stopped and erased, the new table is whole, another disk as it was."""
    record_property("leftover", [name, f"{target} {firmware}"])
    try_leftover(bench(firmware), key, name, target)


# What is on two disks, how it is made, how it is stopped, and how one of the two is taken out.
SETS = {
    "volume group 'old'": (
        "lvm vgcreate -q old $D $OTHER; lvm lvcreate -q -y -L 32M -n one old $OTHER",
        "lvm vgchange -q -an old", "lvm vgreduce -q old $D"),
    "md array ": (f"{MD} -e 1.0 /dev/md10 $D $OTHER", "mdadm -q --stop /dev/md10",
                  "mdadm -q --zero-superblock $OTHER"),
}


@pytest.mark.faults
@pytest.mark.parametrize("what", SETS)
def test_set_on_another_disk(what, bench, key):
    """What is on the other disk, too, is not torn apart, whether it runs or not."""
    make, stop, take_out = SETS[what]
    bench = bench("bios")
    bench.clear("other")
    bench.make(LEFTOVERS["nothing"], "virtio")
    disk, other = bench.names["virtio"], bench.names["other"]
    environment = bench.environment("virtio")
    bench.machine.succeed(environment + make)
    for running in True, False:
        if not running:
            bench.machine.succeed(environment + stop)
        before = bench.sha256("other")
        status, said = bench.install(key, "virtio")
        assert status == 3
        assert f"can't install on '/dev/{disk}': " in said
        assert f" is on it and on '/dev/{other}', which would be left with a part of it" in said
        assert running or what in said
        assert bench.sha256("other") == before
    bench.machine.succeed(environment + take_out)
    before = bench.sha256("other")
    install_over(bench, key, "virtio", ())
    assert bench.sha256("other") == before
    bench.clear("other")


@pytest.mark.faults
def test_endless_table(bench, key):
    """A disk that is merely attached claims to have 2^31 partitions. To look for them takes six minutes."""
    bench = bench("bios")
    old = bench.make(LEFTOVERS["LVM"], "virtio")
    bench.clear("nvme")
    gpt(bench.images["nvme"], (), 512)
    claim_entries(1 << 31)(bench.images["nvme"])
    flush(bench.machine, bench.names["nvme"])
    install_over(bench, key, "virtio", old, limit=120)
    bench.clear("nvme")


# What --list-disks says below the disk.
LISTED = {
    "LVM": "1: volume group 'old'",
    "md 1.2": "1: linux_raid_member",
    "LUKS2 on the disk": ": crypto_LUKS",
    "ZFS": "2: zfs_member 'tank'",
    "btrfs": "1: btrfs",
    "bcache": "1: bcache",
    "GPT, first copy broken": ": partition table gpt",
    "MBR, logical partitions": "5: ext4",
}


@pytest.mark.faults
@pytest.mark.parametrize("name", LISTED)
def test_list_disks(name, bench):
    """What is on a disk is told before anything is asked."""
    bench = bench("bios")
    bench.make(LEFTOVERS[name], "nvme")
    disk = bench.names["nvme"]
    said = bench.machine.succeed("paravane-install --list-disks")
    listed = said.split(f"/dev/{disk} ")[1].split("\n/dev/")[0]
    assert f"    {disk}{'p' if LISTED[name][0] != ':' else ''}{LISTED[name]}" in listed, said


def install_whole(bench, key, target):
    status, said = bench.install(key, target, step="none")
    assert status == 0 and "installed Paravane as '" in said, said


@pytest.mark.faults
def test_older_paravane(bench, key, record_property):
    """A whole installation over volumes on an array; then over that, whose pool runs."""
    record_property("leftover", ["Paravane", "ahci bios"])
    bench = bench("bios")
    bench.make(LEFTOVERS["LVM on md"], "ahci")
    install_whole(bench, key, "ahci")
    listed = bench.machine.succeed("lvm vgchange -q -ay; paravane-install --list-disks")
    assert f"    {bench.names['ahci']}: Paravane '" in listed
    old = read_gpt(bench.images["ahci"], 512).values()
    install_over(bench, key, "ahci", old)


@pytest.mark.faults
@pytest.mark.parametrize("target, firmware", [
    ("ahci", "bios"), ("nvme", "bios"), ("virtio-4k", "uefi"), ("nvme-4k", "uefi")])
def test_boots(target, firmware, bench, key, work, new_machine):
    """Installed over volumes that run, the disk boots alone, and guests find their way on its sectors.

        the disk --- machine --- NAT
    """
    running = bench(firmware)
    running.make(LEFTOVERS["LVM, thin"], target)
    install_whole(running, key, target)
    copy = work / "boots.raw"
    subprocess.run(["cp", "--sparse=always", running.images[target], copy], check=True)
    _, bus, sector_size = TARGETS[target]
    disk = Disk(copy, format="raw", bus=bus, serial=target, sector_size=sector_size)
    host = new_machine("alone", kind=Host, disks=[disk], firmware=firmware).start()
    host.wait_for_boot()
    assert "pool" in host.succeed("lvs --noheadings -o lv_name")
    host.succeed("guest create first --template mini --start", 240)
    assert host.succeed("hostname", guest=host.wait_for_guest("first")) == "first\n"
    parted = work / "parted.raw"
    blank(parted, 64 * MIB)
    gpt(parted, ((2 * MIB, 32 * MIB),), 512)
    imported = host.feed("guest import parted -", parted)
    if sector_size == 512:
        assert imported.status == 0, imported
    else:
        assert imported.status == 3 and "in sectors of 512 bytes" in imported.stderr, imported
        assert list(host.guests()) == ["first"]
        assert host.feed("guest import parted - --raw", parted).status == 0
