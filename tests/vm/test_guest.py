# SPDX-License-Identifier: GPL-2.0-or-later
"""test_guest.py: guests come to life, do as they are told, and leave nothing."""
import pytest

from install import make_key
from ssh import Ssh

MIB = 1024 * 1024

# arguments of 'guest create', exit code, part of what it says
BAD_REQUESTS = [
    ("taken --template mini", 1, "there is a guest 'taken' already"),
    ("g1 --template nosuch", 1, "nosuch"),
    ("g1", 2, "--template"),
    ("Bad_Name --template mini", 2, "'Bad_Name' is no name for a guest"),
    ("g1 --template mini --disk 12Q", 2, "12Q"),
    ("g1 --template mini --disk 16M", 1, "too small for template 'mini'"),
    ("g1 --template mini --disk 60T", 1, "larger than the whole pool"),
    ("g1 --template mini --memory 900G --start", 1, "not enough memory"),
    ("g1 --template mini --bridge br9", 3, "no bridge 'br9'"),
    ("g1 --template mini --ip 10.0.2.300/24", 2, "10.0.2.300"),
    ("g1 --template mini --colour red", 2, "colour"),
]


def assert_guest_is_as_ordered(host, address, memory_mib, disk_mib):
    memory, size = host.succeed(
        "sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo;"
        "df -k / | sed -n '$s/^[^ ]* *\\([0-9]*\\).*/\\1/p'", guest=address).split()
    assert 0.7 * memory_mib < int(memory) / 1024 <= memory_mib
    assert 0.85 * disk_mib < int(size) / 1024 <= disk_mib


def test_template_mini_is_there(host):
    """The ISO brings its template along.

        host: slot a /templates/mini
    """
    assert "mini" in [template["name"] for template in host.json("template list")]


def assert_key_opens(host, address, key):
    """With this key alone one gets into the guest; the way there is open already."""
    got = Ssh(host.port, str(key), host.ssh.socket).run("true", 60, address, 30, host.check)
    assert got.status == 0, got.stderr


def test_life_of_a_guest(host, no_leaks, work):
    """Create, ssh, console, stop, start, ssh, destroy.

        dom0 --- br0 --- NAT
                  |
                 web1: xvda = snapshot of mini, 512 MiB; xvdb = seed, with two ssh keys
    """
    folder = work / "second-key"
    folder.mkdir()
    second = make_key(folder)
    public = second.with_suffix(".pub")
    assert not host.feed("cat /etc/dropbear/authorized_keys - >/tmp/keys", public).status
    host.succeed("guest create web1 --template mini --memory 96M --disk 512M --vcpus 2"
                 " --ssh-key-file /tmp/keys --start", 240)
    address = host.wait_for_guest("web1")
    listed = host.guests()["web1"]
    assert (listed["state"], listed["memory_mib"], listed["vcpus"]) == ("running", 96, 2)
    assert listed["disk_bytes"] == 512 * MIB
    can_pvh = "hap" in host.succeed("xl info virt_caps").split()
    assert (listed["type"], listed["type_auto"]) == ("pvh" if can_pvh else "pv", True)
    assert host.succeed("hostname; nproc", guest=address).split() == ["web1", "2"]
    assert_guest_is_as_ordered(host, address, 96, 512)
    assert_key_opens(host, address, second)
    assert "Ctrl-] leaves it" in host.talk_on_console("guest console web1", work / "console")
    # what a power cut leaves of its ssh key that comes while the key is made: the last
    # command that ssh can bring before the next start
    host.succeed("echo remember >/root/note; cd /etc/dropbear; : >dropbear_ed25519_host_key;"
                 "echo half >dropbear_ed25519_host_key.new; sync", guest=address)

    host.succeed("guest stop web1", 120)
    stopped = host.guests()["web1"]
    assert stopped["state"] == "stopped" and stopped["address"] is None
    host.succeed("guest start web1", 120)
    address = host.wait_for_guest("web1")
    assert host.succeed("cat /root/note", guest=address) == "remember\n"

    host.succeed("guest destroy web1", 120)
    assert host.guests() == {}


def refusal_problems(host, arguments, exit_code, words):
    """What is wrong with how a bad request was refused."""
    got = host.fail(f"guest create {arguments}")
    # guestd may just be making a guest ahead of need
    lines = [line for line in got.stderr.splitlines() if not line.startswith("waiting for 'upkeep'")]
    if got.status != exit_code:
        yield f"{arguments}: exit code {got.status}, expected {exit_code}"
    if len(lines) != 1 or got.stdout:
        yield f"{arguments}: not exactly one line of error: {got}"
    if words not in got.stderr:
        yield f"{arguments}: expected '{words}' in '{got.stderr.strip()}'"


def test_bad_requests_are_refused(host, no_leaks):
    """Each is refused with one line, the right exit code, and nothing done.

        dom0 --- br0 --- NAT        taken: a guest that is not started
    """
    host.succeed("guest create taken --template mini", 240)
    basis = host.traces()
    problems = [problem for request in BAD_REQUESTS
                for problem in refusal_problems(host, *request)]
    assert not problems, "\n".join(problems)
    host.assert_traces_are(basis, limit=0)
    host.succeed("guest destroy taken", 120)


@pytest.mark.faults
def test_mounted_disk_stays(host, no_leaks):
    """A guest with a disk that is mounted in dom0 is not destroyed. Where it was mounted a
    moment later, it is in the way of nobody but a guest of the same name.

        dom0: /mnt = web1's xvda, then gone's
    """
    host.succeed("guest create web1 --template mini", 240)
    host.wait_until_succeeds("mount -o ro /dev/pvn_*/guest-web1-xvda /mnt")
    refused = host.fail("guest destroy web1")
    assert refused.status == 3 and not refused.stdout
    assert refused.stderr.count("\n") == 1 and "is mounted in dom0" in refused.stderr
    assert list(host.guests()) == ["web1"]
    host.succeed("umount /mnt; guest destroy web1")

    host.succeed("""
        vg=$(vgs --noheadings -o vg_name | tr -d ' ')
        lvcreate -q -y -V 8m -T $vg/pool -n guest-gone-xvda
        mke2fs -q -F /dev/$vg/guest-gone-xvda
        mount /dev/$vg/guest-gone-xvda /mnt
        echo guest-gone-xvda >/state/guests/.gone.removed
    """)
    host.succeed("guest create other --template mini; guest set other --description x", 60)
    assert "is mounted in dom0" in host.fail("guest create gone --template mini").stderr
    host.succeed("guest destroy other")
    host.wait_until_succeeds("grep -q 'upkeep: .*guest-gone-xvda.* is mounted' /var/log/messages")
    host.succeed("umount /mnt")
    host.wait_until_succeeds("! [ -e /dev/pvn_*/guest-gone-xvda ]")
    assert host.succeed("guest create gone --template mini && guest destroy gone")


def test_volumes_of_others_stay(host, no_leaks):
    """Volumes that look nearly like ours are nobody's business, and neither is what a guest's file says of them
    where it names no disk."""
    vg = host.succeed("vgs --noheadings -o vg_name").strip()
    names = ("spare-db-1", "export-nfs", "import-tapes")
    for name in names:
        host.succeed(f"lvcreate -q -y -V 8m -T {vg}/pool -n {name}")
    host.succeed("guest create web1 --template mini", 120)
    host.wait_until_succeeds("! grep /spare- /state/guests/web1.cfg")
    host.succeed(f"echo '# once /dev/{vg}/spare-0123456789abcdef-xvda' >>/state/guests/web1.cfg")
    host.succeed("guest set web1 --description x; paravane upkeep; host sweep", 60)
    for name in names:
        host.succeed(f"lvs {vg}/{name}; lvremove -q -f -y {vg}/{name}")
    host.succeed("guest destroy web1")


def test_disk_in_use_is_not_replaced(host, no_leaks):
    """A program in dom0 reads the second of a guest's disks: neither is it removed, nor does a
    rollback touch any of them."""
    host.succeed("guest create web1 --template mini; guest disk add web1 --size 8M", 240)
    host.succeed("guest snapshot web1 then")
    before = host.succeed("ls -l /dev/pvn_*/guest-web1*; cat /state/guests/web1.cfg")
    reader = host.succeed("disk=$(ls /dev/pvn_*/guest-web1-xvdc);"
                          " sleep 3600 <$disk >/dev/null 2>&1 & echo $!").strip()
    for command in ("guest rollback web1 then", "guest disk remove web1 xvdc"):
        refused = host.fail(command, 60)
        assert refused.status == 1 and not refused.stdout
        assert "'guest-web1-xvdc' is in use: a program" in refused.stderr
        assert host.succeed("ls -l /dev/pvn_*/guest-web1*; cat /state/guests/web1.cfg") == before
    host.succeed(f"kill {reader}")
    host.succeed("guest rollback web1 then && guest disk remove web1 xvdc", 60)
    host.succeed("guest start web1")
    host.wait_for_guest("web1")
    host.succeed("guest destroy web1")


def test_read_disk_stays_a_while(host, no_leaks):
    """A program in dom0 that reads a destroyed guest's disk holds up its removal, and nobody
    but a guest of the same name."""
    host.succeed("guest create web1 --template mini", 240)
    host.wait_until_succeeds("ls /dev/pvn_*/guest-web1-xvda")
    disk = host.succeed("ls /dev/pvn_*/guest-web1-xvda").strip()
    reader = host.succeed(f"sleep 3600 <{disk} >/dev/null 2>&1 & echo $!").strip()
    host.succeed("guest destroy web1")

    host.succeed("guest create other --template mini", 240)
    said = host.succeed("PVN_DEBUG=1 guest set other --description x 2>&1", 60)
    assert "lvremove" not in said and host.succeed(f"ls {disk}")
    refused = host.fail("guest create web1 --template mini", 60)
    assert refused.stderr.count("\n") == 1 and "'guest-web1-xvda' is in use: a program" in refused.stderr
    host.wait_until_succeeds("grep -q 'upkeep: .*guest-web1-xvda.* is in use' /var/log/messages")

    host.succeed(f"kill {reader}")
    host.wait_until_succeeds(f"! [ -e {disk} ]")
    host.succeed("guest destroy other")
