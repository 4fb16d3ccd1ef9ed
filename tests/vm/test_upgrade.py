# SPDX-License-Identifier: GPL-2.0-or-later
"""test_upgrade.py: a new release is tried once; it is kept, or the old one comes back."""
import json
import mmap
import pathlib
import re
import shutil
import subprocess

import images
import pytest
import writelog
from guests import Host
from media import file_server
from qemu import Disk

DISK = "/dev/vda"
KEYS = "/etc/paravane/release-keys"
ESP = (2 * images.MIB, 66 * images.MIB)
SEED = 1
CUTS = 3  # after each write, each with another part of the cache lost
# ECMA-119: the volume's name in its descriptor
VOLUME_AT, VOLUME_LEN = 32768 + 40, 32
ON_TRIAL = "grep -q paravane.try=b /proc/cmdline"
# to Xen, all of dom0 does
HANGS = f"sed -i '2i {ON_TRIAL} && killall -STOP watchdog && exit 1' /etc/sv/guestd/run"


@pytest.fixture(scope="session")
def signer(work):
    """Makes releases: this ISO under another version, perhaps damaged, and signed."""
    key = work / "release"
    images.run("minisign", "-G", "-W", "-p", f"{key}.pub", "-s", f"{key}.key")

    def make(iso, version, damage=None):
        path = work / f"paravane-{version}.iso"
        shutil.copyfile(iso, path)
        with open(path, "r+b") as release:
            release.seek(VOLUME_AT)
            name = f"PARAVANE_{version.replace('.', '_')}"
            release.write(name.ljust(VOLUME_LEN).encode())
            if damage:
                begin, size = extent(path, damage)
                release.seek(begin + size // 2)
                release.write(bytes(min(size // 4, 65536)))
        images.run("minisign", "-S", "-s", f"{key}.key", "-m", path)
        return path

    make.key = pathlib.Path(f"{key}.pub")
    return make


def extents(iso, name="/"):
    """Where each file of an ISO begins, and its size there, in bytes, by its path."""
    told = subprocess.run(["xorriso", "-indev", iso, "-find", name, "-type", "f",
                           "-exec", "report_lba", "--"],
                          check=True, capture_output=True, text=True).stdout
    found = re.findall(r"File data lba: *\d+ , *(\d+) , *(\d+) , *\d+ , '(.*)'", told)
    return {path: (int(block) * 2048, int(sectors) * 2048) for block, sectors, path in found}


def extent(iso, name):
    return extents(iso, name)[name]


def slots(host):
    return {slot["name"]: slot for slot in host.json("host slots")["slots"]}


def feed(host, release, command):
    """The signature and the release, on a command's standard input."""
    both = release.with_suffix(".both")
    both.write_bytes(pathlib.Path(f"{release}.minisig").read_bytes() + release.read_bytes())
    try:
        return host.feed(command, both)
    finally:
        both.unlink()


def put(host, release, options=""):
    """As one would from a desk: through ssh."""
    return feed(host, release, f"host upgrade - {options}")


def trust(host, signer):
    host.succeed(f"mkdir -p {KEYS}")
    assert not host.feed(f"cat >{KEYS}/us.pub", signer.key).status


def wait_until_kept(host, name):
    host._until(lambda: slots(host)[name]["starts"], 120, f"slot {name} to be kept")
    assert not host.json("host slots")["on_trial"]


def test_new_release_is_tried_and_kept(disk_alone, installed_bios, iso, signer):
    """What is not signed, damaged, cut off or old is refused and the slots stay as they are, or
    the other one is empty. A good one is started, is well, and is kept, with the guests; and
    back again.

        desk --- ssh --- host: slot a, then b, then a
    """
    host = disk_alone(installed_bios)
    running = host.json("host status")["version"]
    new = signer(iso, "99.1")
    assert slots(host)["a"]["version"] == slots(host)["b"]["version"] == running
    refused = put(host, new)
    assert refused.status == 3 and "trusts nobody's releases" in refused.stderr
    trust(host, signer)
    old = signer(iso, "0.0.1")
    refused = put(host, old)
    assert refused.status == 3 and "not newer than" in refused.stderr
    assert slots(host)["b"]["version"] == running

    cut = images.cut(new, new.with_name("cut.iso"), 10 * images.MIB)
    shutil.copyfile(f"{new}.minisig", f"{cut}.minisig")
    refused = put(host, cut)
    assert refused.status == 1 and "cut off" in refused.stderr
    changed = images.patched(new, new.with_name("changed.iso"), (20 * images.MIB, b"changed"))
    shutil.copyfile(f"{new}.minisig", f"{changed}.minisig")
    refused = put(host, changed)
    assert refused.status == 3 and "is not good" in refused.stderr
    # nothing of it can be started
    assert slots(host)["b"]["version"] is None and slots(host)["a"]["starts"]
    assert not slots(host)["b"]["next_try"]

    host.succeed("guest create web --template mini --start; guest set web --autostart on", 240)
    with file_server(new.parent) as url:
        missing = host.fail(f"host upgrade {url}/none.iso")
        assert "cannot fetch" in missing.stderr and "404" in missing.stderr
        done = host.run(f"host upgrade {url}/{new.name}", 300)
    assert done.status == 0 and "tries release 99.1 in slot b" in done.stdout, done
    assert f"what changes from {running} to 99.1:\n  only Paravane's own parts\n" in done.stdout
    assert slots(host)["b"]["next_try"] and slots(host)["a"]["starts"]
    host.reboot()
    wait_until_kept(host, "b")
    assert host.json("host status")["slot"] == "b" and slots(host)["b"]["version"] == "99.1"
    host.wait_for_guest("web", 240)
    host.succeed("host health")

    host.reboot(command="host rollback --reboot")
    wait_until_kept(host, "a")
    assert host.json("host status")["slot"] == "a"
    assert slots(host)["b"]["given_up"] is None


def wait_until_given_up(host, limit):
    """The release in slot b, by the one in slot a; returns why. In between nobody answers."""
    why = None

    def look():
        nonlocal why
        said = host._ssh("host slots --json", 30, connect=5)
        if said.status:
            host.ssh.forget()
            return False
        found = {slot["name"]: slot for slot in json.loads(said.stdout)["slots"]}
        why = found["b"]["given_up"]
        # what is on trial says it of itself, before it goes
        return why and found["a"]["running"]

    host._until(look, limit, "the release in slot b to be given up")
    assert host.json("host status")["slot"] == "a"
    assert slots(host)["a"]["starts"]
    return why


@pytest.mark.parametrize("damage", [
    "/boot/vmlinuz", pytest.param("/boot/xen.gz", marks=pytest.mark.faults)])
def test_release_that_does_not_come_up(disk_alone, installed_uefi, iso, signer, damage):
    """Its kernel or its Xen is broken: the old release comes back without a hand, says so,
    and does not take the broken one again.

        slot a --- slot b, broken --- slot a
    """
    host = disk_alone(installed_uefi, firmware="uefi")
    trust(host, signer)
    broken = signer(iso, "99.2", damage)
    assert put(host, broken).status == 0
    host.console.may_crash = True
    host.reboot()
    assert wait_until_given_up(host, 120) == "it did not come up"
    host.wait_until_succeeds("grep 'was tried and did not come up' /run/paravane/warnings")
    again = host.fail("host rollback")
    assert again.status == 3 and "was given up before" in again.stderr


@pytest.mark.faults
def test_release_that_somebody_confirms(disk_alone, installed_bios, iso, signer):
    """Nobody does within the time: the old one comes back. Somebody does: it is kept.

        slot a --- slot b --- slot a --- slot b
    """
    host = disk_alone(installed_bios)
    trust(host, signer)
    assert put(host, signer(iso, "99.6"), "--confirm 1").status == 0
    host.reboot()
    host.wait_until_succeeds("grep \"'host commit' within 1 min\" /run/paravane/warnings")
    assert wait_until_given_up(host, 300) == "nobody confirmed it within 1 minute"
    host.reboot(command="host rollback --again --confirm 5 --reboot")
    host.wait_until_succeeds("host commit")
    assert slots(host)["b"]["starts"] and slots(host)["b"]["given_up"] is None
    host.wait_until_succeeds("! grep 'trial:' /run/paravane/warnings")


@pytest.mark.faults
def test_state_of_a_newer_release(disk_alone, installed_bios):
    """An older one runs with it: what it doesn't know stays.

        state with schema 99 --- host
    """
    host = disk_alone(installed_bios)
    host.wait_until_succeeds("grep -qx 1 /state/schema")
    host.succeed("guest create web --template mini --start; guest set web --autostart on", 240)
    host.succeed("echo 99 >/state/schema; mkdir /state/news; echo new >/state/news/file; for file in"
                 " /etc/paravane/host /etc/paravane/network /state/slots; do"
                 " echo 'news=from later' >>$file; done")
    host.reboot()
    host.wait_for_boot()
    host.wait_for_guest("web", 240)
    host.succeed("host health; host slots; host rollback")
    assert host.succeed("cat /state/schema").strip() == "99"
    host.succeed("grep -qx 'news=from later' /state/slots")
    # and the state of a release that knew nothing of schemas becomes this one's
    host.succeed("rm /state/schema /state/boot /state/slots")
    host.reboot()
    host.wait_until_succeeds("grep -qx 1 /state/schema && test -s /state/boot")
    host.wait_for_guest("web", 240)


def begin_of(host, slot):
    """Where a slot begins on its disk, in bytes: a partition that is mounted can't be written."""
    name = slots(host)[slot]["device"].removeprefix("/dev/")
    return int(host.succeed(f"cat /sys/class/block/{name}/start")) * 512


def flip(host, slot, iso, places):
    """In each of these places, one bit of the byte that the ISO has there."""
    data, begin = iso.read_bytes(), begin_of(host, slot)
    host.succeed("set -e\n" + "\n".join(
        f"printf '\\{data[at] ^ 1:03o}' | dd of={DISK} bs=1 seek={begin + at} conv=notrunc 2>&1"
        for at in places) + "\nsync", 300)


@pytest.mark.faults
def test_flipped_bits_are_noticed(disk_alone, installed_bios, iso, fault_count):
    """One in each file of the release that runs: each file is named, and none when all are
    whole again."""
    host = disk_alone(installed_bios)
    running = host.json("host verify", 600)["slots"]
    assert len(running) == 1 and running[0]["name"] == "a"
    assert running[0]["damaged"] == [] and running[0]["problem"] is None
    assert slots(host)["a"]["verified"] and not slots(host)["a"]["damaged"]
    # past the header of those that are packed
    files = {path: at + (40 if size > 2048 else 0)
             for path, (at, size) in extents(iso).items() if not path.startswith(
        ("/manifest", "/boot/isolinux/isolinux.bin", "/boot/isolinux/boot.cat"))}
    assert running[0]["files"] == len(files)
    flip(host, "a", iso, files.values())
    seen = host.fail("host verify --json", 600)
    assert seen.status == 1
    noticed = set(json.loads(seen.stdout)["slots"][0]["damaged"])
    fault_count.tried, fault_count.survived = len(files), len(noticed & set(files))
    assert noticed == set(files)
    assert slots(host)["a"]["damaged"]
    host.succeed(f"dd if={slots(host)['b']['device']} of={DISK} bs=1M conv=notrunc"
                 f" seek={begin_of(host, 'a') // images.MIB}; sync", 300)
    assert "as they were built" in host.succeed("host verify", 600)


@pytest.mark.faults
@pytest.mark.parametrize("damage", ["/boot/vmlinuz", "/boot/rootfs"])
def test_kept_release_goes_bad(disk_alone, installed_bios, iso, damage):
    """Its disk does, where its kernel is or its root filesystem: after three starts in vain the
    other slot is started, and kept.

        slot a, a, a --- slot b
    """
    host = disk_alone(installed_bios)
    begin, size = extent(iso, damage)
    middle = begin_of(host, "a") + begin + size // 2
    host.succeed(f"dd if=/dev/zero of={DISK} bs=64k seek={middle // 65536} count=4"
                 " conv=notrunc; sync")
    host.console.may_crash = True
    host.reboot()
    host._until(lambda: slots(host)["b"]["starts"], 120, "slot b to be kept")
    assert host.json("host status")["slot"] == "b"
    host.wait_until_succeeds("grep 'did not come up in 3 starts' /run/paravane/warnings")


@pytest.mark.faults
@pytest.mark.parametrize("service, line, reason", [
    ("guestd", "exit 1", "guestd"), ("network", "exec sleep 9999", "network")])
def test_release_that_is_not_well(disk_alone, installed_bios, iso, signer, service, line, reason):
    """It comes up, but its guestd does not, or its network: after five minutes the old one is
    started again.

        slot a --- slot b, without guestd or network --- slot a
    """
    host = disk_alone(installed_bios)
    trust(host, signer)
    host.succeed(f"sed -i '2i {ON_TRIAL} && {line}' /etc/sv/{service}/run")
    assert put(host, signer(iso, "99.3")).status == 0
    host._ssh("reboot", 20)
    assert reason in wait_until_given_up(host, 900)


@pytest.mark.faults
def test_release_that_panics(disk_alone, installed_bios, iso, signer):
    """Its kernel starts, and panics later: Xen starts the machine again.

        slot a --- slot b, panics --- slot a
    """
    host = disk_alone(installed_bios)
    trust(host, signer)
    host.succeed(f"sed -i '2i {ON_TRIAL} && echo c >/proc/sysrq-trigger' /etc/sv/guestd/run")
    assert put(host, signer(iso, "99.7")).status == 0
    host.console.may_crash = True
    host._ssh("reboot", 20)
    assert wait_until_given_up(host, 400) == "it did not come up"


@pytest.mark.faults
def test_release_that_hangs(disk_alone, installed_bios, iso, signer):
    """Nobody tells Xen any more that dom0 is alive: it starts the machine again, with the old
    release.

        slot a --- slot b, hanging --- slot a
    """
    host = disk_alone(installed_bios)
    trust(host, signer)
    host.succeed(HANGS)
    assert put(host, signer(iso, "99.4")).status == 0
    host.reboot()
    assert host.json("host slots")["on_trial"]
    assert wait_until_given_up(host, 400) == "it did not come up"


@pytest.mark.faults
def test_disk_that_goes_during_an_upgrade(new_machine, new_disk, installed_bios, iso, signer):
    """It ends soon, with a line that says so; dom0 is in memory and goes on.

        desk --- ssh --- host --- sda, deleted after 20 MiB
    """
    disk = Disk(new_disk("gone", installed_bios.disk), bus="sata")
    host = new_machine("gone", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    trust(host, signer)
    done = feed(host, signer(iso, "99.6"), "(dd bs=1M count=20 iflag=fullblock 2>/dev/null;"
                " echo 1 >/sys/block/sda/device/delete; cat) | host upgrade -")
    assert done.status == 1, done
    assert re.search("^host upgrade: step 'write': cannot write '/dev/sda[34]'", done.stderr, re.M), done
    # at once, and not when all has been taken into memory
    assert all(int(n) < 25 for n in re.findall(r"(\d+)M read", done.stderr)), done
    host.check()


def grubenv_of(image):
    """The variables, from where the file is."""
    begin = image.find(b"# GRUB Environment Block\n", ESP[0], ESP[1])
    lines = bytes(image[begin:begin + 1024]).decode().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def boot_after_cut(new_machine, disk):
    """What starts is whole, and has the guest."""
    host = new_machine(disk.stem, kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    host.wait_until_succeeds("host health")
    host.succeed("host verify", 600)
    assert list(host.guests()) == ["web"]
    host.kill()
    disk.unlink()


@pytest.mark.parametrize("boots", [0, pytest.param(6, marks=pytest.mark.faults)])
def test_power_cut_during_an_upgrade(new_machine, new_disk, installed_bios, iso, signer, work,
                                     fault_count, boots):
    """After each write of an upgrade, with the disk's cache lost in part: the release that ran is
    whole and starts, or the new one is tried, and is whole. Some are booted, too.

        vda, its writes kept in a log --- host
    """
    log = work / "upgrade-writes.log"
    log.touch()
    disk = Disk(new_disk("cut", installed_bios.disk), write_log=log)
    host = new_machine("cut", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    host.succeed("guest create web --template mini", 240)
    trust(host, signer)
    wait_until_kept(host, "a")
    release = signer(iso, "99.5")
    host.succeed("sync")
    begin = writelog.count(log)
    assert put(host, release).status == 0
    host.succeed("sync")
    end = writelog.count(log)
    begin_a, begin_b = begin_of(host, "a"), begin_of(host, "b")
    host.kill()

    raw = work / "cut.img"
    images.run("qemu-img", "convert", "-O", "raw", installed_bios.disk, raw)
    with open(raw, "r+b") as file, mmap.mmap(file.fileno(), 0) as image:
        entries = writelog.read(log)
        log.unlink()
        for entry in entries[:begin]:
            writelog.apply(image, entry)
        old, new = iso.read_bytes(), release.read_bytes()
        assert image[begin_a:begin_a + len(old)] == old
        tried = 0
        to_boot = []
        step = len(entries[begin:end]) * CUTS // (boots + 1) if boots else None
        fault_count.seed(SEED)
        for n in writelog.cuts(image, entries[begin:end], CUTS, SEED):
            fault_count.tried += 1
            env = grubenv_of(image)
            assert env["slot"] == "a" and env["try"] in ("", "b"), f"cut {n}: {env}"
            if env["try"]:
                tried += 1
                assert image[begin_b:begin_b + len(new)] == new, f"cut {n}: b is not whole"
            fault_count.survived += 1
            if step and fault_count.tried % step == 1:
                to_boot.append(work / f"cut-{n}.qcow2")
                images.run("qemu-img", "convert", "-O", "qcow2", raw, to_boot[-1])
        assert image[begin_a:begin_a + len(old)] == old
    raw.unlink()
    assert 0 < tried < fault_count.tried and fault_count.tried >= 200
    for disk in to_boot:
        boot_after_cut(new_machine, disk)
