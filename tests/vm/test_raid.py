# SPDX-License-Identifier: GPL-2.0-or-later
"""test_raid.py: a host on two disks starts with either of them, and has all that it had."""
import json

import pytest

from conftest import LOGS
from guests import Host
from install import answers, blank_disk, install, overlay
from media import direct_boot
from qemu import Disk
import test_keep
import test_upgrade
from test_install_failure import open_ssh, run_installer
from test_upgrade import put, slots, trust, wait_until_kept

signer = test_upgrade.signer
RAID = "/dev/vd?\nraid = raid1"
LEFT = test_keep.LEFT + test_keep.LEFT.replace("vda", "vdb") + "grep '^md' /proc/mdstat || :\n"
SIZE = "5G"  # what has to be rebuilt, takes its time


class Pair:
    """A host that was installed on two disks, and has a guest which wrote something."""

    def __init__(self, folder, key, iso, firmware, sector_size=512):
        self.folder, self.key, self.name = folder, key, f"{firmware}-{sector_size}"
        self.disks = [blank_disk(folder / f"raid-{self.name}-{i}.qcow2", SIZE) for i in (1, 2)]
        self.installed = install(f"install-raid-{self.name}", LOGS / "raid", key, iso, None,
                                 firmware=firmware,
                                 disks=[Disk(disk, sector_size=sector_size) for disk in self.disks],
                                 answers=answers(key, device=RAID))

    def copies(self, name):
        """The disks as they are now; what is written to the copies they don't see."""
        return [overlay(disk, self.folder / f"raid-{self.name}-{name}-{i}.qcow2")
                for i, disk in enumerate(self.disks)]


def write_data(host):
    """A guest that starts with the host, and a file in it."""
    host.succeed("guest create web --template mini --start && guest set web --autostart on", 240)
    address = host.wait_for_guest("web")
    host.succeed("echo mirrored > /root/data && sync", guest=address)


def assert_has_data(host):
    address = host.wait_for_guest("web", 180)
    assert host.succeed("cat /root/data", guest=address) == "mirrored\n"


def degraded(host):
    """Of each array the number of disks that it lacks."""
    return host.succeed("cat /sys/block/md*/md/degraded").split()


@pytest.fixture(scope="module")
def pair(work, key, iso):
    """Both disks after a first start that wrote something."""
    made = Pair(work, key, iso, "bios")
    host = Host("raid-whole", LOGS / "raid", key, disks=made.disks)
    try:
        host.start()
        host.wait_for_boot()
        assert degraded(host) == ["0", "0"]
        assert host.succeed("cat /run/paravane/warnings 2>/dev/null || :") == ""
        write_data(host)
        host.shutdown()
    finally:
        host.close()
    return made


def test_starts_with_the_second_disk(pair, new_machine):
    """The second disk alone, the first is gone:

        vda, half of each mirror --- machine
    """
    disk = pair.copies("alone")[1]
    host = new_machine("alone", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    assert degraded(host) == ["1", "1"]
    assert_has_data(host)


def disk_states(host):
    return {disk["name"]: disk["state"] for disk in host.json("host disk")["disks"]}


def replace(host, arguments):
    host.succeed(f"host disk replace {arguments}", 300)
    assert host.json("host disk --wait", 300)["problem"] is None
    assert degraded(host) == ["0", "0"]
    host.succeed("host health")


@pytest.mark.faults
def test_disk_is_replaced(pair, new_machine, new_disk):
    """The second disk is gone, and a new one takes its place; then it is all that is left:

        vda, vdb (new) --- machine        vda (the new one) --- machine
    """
    first = pair.copies("replaced")[0]
    small, new = blank_disk(pair.folder / "raid-small.qcow2", "4G"), new_disk("new")
    host = new_machine("degraded", kind=Host, disks=[first, new, small]).start()
    host.wait_for_boot()
    host.wait_until_succeeds("grep 'disks: pvn-state-.* one disk alone' /run/paravane/warnings")
    assert degraded(host) == ["1", "1"]
    assert_has_data(host)
    assert "the other disk is missing" in host.fail("host health").stdout
    for name, why in (("vdc", "partitions need"), ("vda", "has all that the host has"), ("vdx", "no disk 'vdx'")):
        refused = host.fail(f"host disk replace {name}")
        assert refused.status == 3 and why in refused.stderr, refused
    host.succeed("mkfs.ext4 -q /dev/vdb")
    refused = host.fail("host disk replace vdb")
    assert refused.status == 3 and "there is something on '/dev/vdb'" in refused.stderr
    # the power goes at the worst moment: it would start, and is in no mirror
    host.fail("PVN_DIE_AT=boot host disk replace vdb --force; exit $?")
    host.reboot()
    host.wait_for_boot()
    assert degraded(host) == ["1", "1"]
    replace(host, "vdb")
    assert disk_states(host) == {"vda": "well", "vdb": "well"}
    host.wait_until_succeeds("! grep disks: /run/paravane/warnings")
    host.shutdown()

    alone = new_machine("new-alone", kind=Host, disks=[new]).start()
    alone.wait_for_boot()
    assert_has_data(alone)


@pytest.mark.faults
def test_disk_comes_back(pair, new_machine):
    """Each disk was away for a while, and knows other things than the other: the newer state counts,
    the older disk is out until it is taken back.

        vdb --- machine        vda, vdb --- machine        vda --- machine
    """
    disks = pair.copies("apart")
    host = new_machine("second", kind=Host, disks=[disks[1]]).start()
    host.wait_for_boot()
    host.succeed("echo later >/state/told; sync; for i in 1 2 3 4 5; do echo $i >/state/more; sync; done")
    host.shutdown()
    host = new_machine("both", kind=Host, disks=disks).start()
    host.wait_for_boot()
    assert host.succeed("cat /state/told") == "later\n"
    assert disk_states(host) == {"vda": "out of date", "vdb": "well"}
    assert_has_data(host)
    replace(host, "vda")
    host.shutdown()
    host = new_machine("first", kind=Host, disks=[disks[0]]).start()
    host.wait_for_boot()
    assert host.succeed("cat /state/told") == "later\n"
    assert_has_data(host)


@pytest.mark.faults
def test_disk_fails_while_the_host_runs(pair, new_machine, new_disk):
    """md throws it out; the guest runs on, and a third takes its place.

        vda, (vdb), vdc --- machine
    """
    disks = pair.copies("pulled")
    host = new_machine("pulled", kind=Host, disks=[*disks, new_disk("third")]).start()
    host.wait_for_boot()
    assert_has_data(host)
    host.succeed("mdadm /dev/md/pvn-state-* --fail /dev/vdb5; mdadm /dev/md/pvn-guests-* --fail /dev/vdb6")
    assert disk_states(host)["vdb"] == "failed"
    host.wait_until_succeeds("grep 'disks: pvn-guests-.* one disk alone' /var/log/messages")
    assert_has_data(host)
    replace(host, "vdb vdc")
    assert disk_states(host) == {"vda": "well", "vdc": "well"}


@pytest.mark.faults
def test_disk_that_is_well_is_replaced(pair, new_machine, new_disk):
    """The first disk, which the host was started from, stays until the new one has all. When the new one
    fails before that, or the power does, nothing is lost; then neither is the first in use any more.

        vda, vdb, vdc (new) --- machine        vdb, vdc --- machine
    """
    disks, new = pair.copies("well"), new_disk("new")
    host = new_machine("well", kind=Host, disks=[*disks, new]).start()
    host.wait_for_boot()
    refused = host.fail("host disk replace vdc")
    assert refused.status == 3 and "are both well: name the one" in refused.stderr
    both = {disk["path"]: disk for disk in host.json("host disk --all")["disks"]}
    assert both["/dev/vdc"]["usable"] and both["/dev/vdc"]["content"] == []
    assert not both["/dev/vda"]["usable"] and "vda: partition table gpt" in both["/dev/vda"]["content"]

    host.succeed("host disk replace vda vdc >/run/said 2>&1 </dev/null &")
    host.wait_until_succeeds("grep -q replacement /sys/block/md*/md/dev-vdc6/state")
    host.succeed("mdadm /dev/md/pvn-guests-* --fail /dev/vdc6")
    host.wait_until_succeeds("grep \"'/dev/vdc6' failed before it had all: '/dev/vda' stays\" /run/said")
    assert {"vda": "well", "vdb": "well"}.items() <= disk_states(host).items()
    assert degraded(host) == ["0", "0"]
    assert host.succeed("cat /sys/block/md*/md/dev-vda[56]/state").split() == ["in_sync", "in_sync"]

    host.succeed("host disk replace vda vdc >/run/said 2>&1 </dev/null &")
    host.wait_until_succeeds("grep -q replacement /sys/block/md*/md/dev-vdc6/state")
    assert degraded(host) == ["0", "0"]
    host.wait_until_succeeds("grep 'rebuild: wait' /run/said")
    assert slots(host)["a"]["starts"]
    host.succeed("killall paravane-install")
    host.wait_until_succeeds("! pidof paravane-install")
    assert disk_states(host) == {"vda": "well", "vdb": "well", "vdc": "rebuilding"}
    host.kill()

    host = new_machine("again", kind=Host, disks=[*disks, new]).start()
    host.wait_for_boot()
    host.succeed("host disk replace vda vdc", 400)
    assert disk_states(host) == {"vdb": "well", "vdc": "well"}
    host.succeed("host health")
    assert "one disk alone" not in host.succeed("cat /var/log/messages; cat /run/paravane/warnings || :")
    assert host.succeed("head -c 1M /dev/vda | tr -d '\\0' | wc -c") == "0\n"
    assert host.succeed("grep ' /slot ' /proc/mounts").startswith("/dev/vdb3 ")
    assert_has_data(host)
    host.shutdown()

    alone = new_machine("new-alone", kind=Host, disks=[new]).start()
    alone.wait_for_boot()
    assert_has_data(alone)


@pytest.mark.faults
def test_guests_are_kept(pair, new_machine, work, key, iso):
    """An installation over both disks, whose guests stay, after each of its steps failed once; it is refused
    where one disk knows less than the other.

        ISO (CD) + vda, vdb --- machine        vdb --- machine
    """
    disks = pair.copies("kept")
    kept = answers(key, "xen2", device=RAID, end="[install]\nkeep = guests\nfinish = poweroff\n")
    host = new_machine("second", kind=Host, disks=[disks[1]]).start()
    host.wait_for_boot()
    host.shutdown()
    apart = new_machine("apart", iso=iso, disks=disks, answers=kept).start()
    apart.wait_for_console("does not run on both disks: start the host", 400)
    apart.kill()

    disks = pair.copies("kept2")
    machine = new_machine("steps", iso=iso, disks=disks,
                          boot=direct_boot(iso, work, "answers=http://10.0.2.2:9/none"),
                          fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()}).start()
    machine.wait_for_console("The installation failed", 400)
    open_ssh(machine)
    machine.succeed(f"cat >/run/answers.ini <<'END'\n{kept}END")
    plan = json.loads(machine.succeed("paravane-install --dry-run --json --answers /run/answers.ini"))
    steps = [step["name"] for step in plan["steps"]]
    assert steps.index("unboot") < steps.index("mirror")
    for step in steps[steps.index("unboot"):]:
        status, said = run_installer(machine, kept, step)
        assert status == 1 and "the pool and the guests are as they were" in said, said
        assert machine.succeed(LEFT) == "", f"after '{step}'"
    status, said = run_installer(machine, kept)
    assert status == 0 and f"installed Paravane as '{pair.installed.id}'" in said, said
    machine.kill()
    host = new_machine("kept", kind=Host, disks=disks).start()
    host.wait_for_boot()
    assert host.succeed("hostname").strip() == "xen2"
    assert degraded(host) == ["0", "0"]
    assert_has_data(host)
    host.succeed("host health")
    host.shutdown()
    host = new_machine("kept-alone", kind=Host, disks=[disks[1]]).start()
    host.wait_for_boot()
    assert_has_data(host)


@pytest.mark.faults
def test_upgrade_of_both_disks(pair, new_machine, iso, signer):
    """A new release is on both disks, and starts from each; one that does not come up ends on both.

        vda, vdb: slot b --- machine        vdb: slot b --- machine
    """
    disks = pair.copies("upgrade")
    host = new_machine("upgrade", kind=Host, disks=disks).start()
    host.wait_for_boot()
    trust(host, signer)
    assert put(host, signer(iso, "99.1")).status == 0
    host.reboot()
    wait_until_kept(host, "b")
    host.succeed("head -c 49000000 /dev/vda4 | cmp -n 49000000 - /dev/vdb4", 120)
    host.shutdown()
    for i in 0, 1:
        alone = new_machine(f"upgraded{i}", kind=Host, disks=[overlay(disks[i], pair.folder / f"up{i}.qcow2")])
        alone.start()
        alone.wait_for_boot()
        assert alone.json("host status")["slot"] == "b"
        assert slots(alone)["b"]["starts"] and not slots(alone)["b"]["next_try"]
        alone.shutdown()


@pytest.mark.faults
@pytest.mark.parametrize("sector_size", [512, 4096])
def test_starts_by_uefi(work, key, iso, new_machine, sector_size):
    """The same by UEFI, which takes the first disk that it can start; and on disks with large sectors.

        vda, vdb --- machine        vda or vdb --- machine
    """
    made = Pair(work, key, iso, "uefi", sector_size)

    def start(name, paths):
        disks = [Disk(path, sector_size=sector_size) for path in paths]
        host = new_machine(f"{name}-{sector_size}", kind=Host, disks=disks, firmware="uefi").start()
        host.wait_for_boot()
        assert host.succeed("cat /sys/block/vda/queue/logical_block_size") == f"{sector_size}\n"
        return host

    host = start("both", made.disks)
    assert degraded(host) == ["0", "0"]
    assert disk_states(host) == {"vda": "well", "vdb": "well"}
    assert host.succeed("cat /run/paravane/warnings 2>/dev/null || :") == ""
    host.succeed("host health")
    write_data(host)
    host.shutdown()
    for left in 0, 1:
        host = start(f"left{left}", [made.copies(f"left{left}")[left]])
        assert degraded(host) == ["1", "1"]
        assert slots(host)["a"]["starts"]
        assert_has_data(host)
        host.shutdown()
