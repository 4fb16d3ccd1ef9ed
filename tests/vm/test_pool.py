# SPDX-License-Identifier: GPL-2.0-or-later
"""test_pool.py: a pool that fills up stops who fills it, and harms nobody."""
import pytest

from conftest import LOGS
from guests import Host
from install import overlay

MIB = 1024 * 1024
# of the 500 the last 125 are the reserve
POOL_MIB, MORE_MIB = 500, 400


@pytest.fixture
def small(installed_bios, work, key):
    """A host of its own, whose pool is made anew, small.

        disk --- VG --- pool of 500 MiB --- guests
    """
    disk = overlay(installed_bios.disk, work / "small-pool.qcow2")
    host = Host("small-pool", LOGS / "pool", key, disks=[disk]).start()
    try:
        host.wait_for_boot()
        vg = host.succeed("sed -n 's/^vg=//p' /etc/paravane/host").strip()
        pool = host.succeed("sed -n 's/^pool=//p' /etc/paravane/host").strip()
        host.lv = f"{vg}/{pool}"
        host.succeed(f"lvm lvremove -q -f -y {host.lv};"
                     f"lvm lvcreate -q -y -Zn -L {POOL_MIB}M -T {host.lv}", 120)
        # guestd looks at this one from now on
        host.succeed("sv restart guestd")
        yield host
    finally:
        host.close()


def wait_for_state(host, name, state, limit=120):
    host._until(lambda: host.guests()[name]["state"] == state, limit,
                f"guest '{name}' to be {state}")


def wait_until_nobody_grows(host):
    """What a guest took in the last five seconds still counts for the guard."""
    host.wait_until_succeeds(
        'before=$(dmsetup status --target thin); sleep 6;'
        '[ "$(dmsetup status --target thin)" = "$before" ]', 240)


def used_by(host, name):
    return {guest["name"]: guest["used_bytes"]
            for guest in host.json("host pool")["guests"]}[name]


def fill(host, address, mib):
    """Begin to write a file in the guest; /root/written is there at its end."""
    host.succeed(f"(dd if=/dev/zero of=/root/data bs=1M count={mib} 2>/dev/null; sync;"
                 " echo $? >/root/written) >/dev/null 2>&1 </dev/null &", guest=address)


def test_full_pool_pauses_the_writer(small):
    """Who fills the pool is paused before its end; more space lets it go on, and
    its filesystem is whole. The other guest never notices.

        pool 500 MiB: writer (disk 490 MiB), quiet
    """
    host = small
    for name in ("writer", "quiet"):
        host.succeed(f"guest create {name} --template mini --disk 490M --start", 240)
    writer, quiet = (host.wait_for_guest(name) for name in ("writer", "quiet"))
    before = host.json("host pool")
    assert (before["level"], before["data_bytes"]) == ("ok", POOL_MIB * MIB)
    assert before["committed_bytes"] == 2 * (492 + 4) * MIB
    # of a grown filesystem's new inode tables nothing is written: 30 MiB each
    used = {name: used_by(host, name) for name in ("writer", "quiet")}
    assert max(used.values()) < 16 * MIB, used
    host.succeed("dd if=/dev/zero of=/root/data bs=1M count=100 2>/dev/null; sync", 300,
                 guest=quiet)
    wait_until_nobody_grows(host)
    # as if it were not there
    host.succeed("echo reserve=5% >/etc/paravane/pool")
    fill(host, writer, 420)

    wait_for_state(host, "writer", "paused", 90)
    host.succeed("grep -q \"'/etc/paravane/pool'.*watched with the usual limits\" /var/log/messages;"
                 "rm /etc/paravane/pool")
    listed = host.guests()
    assert listed["writer"]["reason"] == "the pool is nearly full"
    assert listed["quiet"]["state"] == "running" and listed["quiet"]["reason"] is None
    pool = host.json("host pool")
    # a quarter of so small a pool is its reserve: no percentage says that it is full
    assert pool["level"] == "full" and pool["limits"]["reserve_bytes"] == POOL_MIB * MIB // 4
    assert "125M free (above 75.0%)" in host.succeed("host pool")
    assert not pool["out_of_space"] and not pool["read_only"]
    assert pool["data_used_bytes"] < pool["data_bytes"]
    assert [guest["name"] for guest in pool["guests"] if guest["paused"]] == ["writer"]
    assert "guest 'writer' is paused because it writes" in host.succeed("cat /var/log/messages")
    host.succeed("echo still here >/root/note; cat /root/note", guest=quiet)

    host.succeed(f"lvm lvextend -q -L +{MORE_MIB}M {host.lv}", 120)
    wait_for_state(host, "writer", "running")
    assert host.guests()["writer"]["reason"] is None
    host.wait_until_succeeds("[ $(cat /root/written) = 0 ]", 300, guest=writer)
    # what it removes is the pool's again
    host.succeed("rm /root/data; sync", guest=writer)
    host._until(lambda: used_by(host, "writer") < 50 * MIB, 60, "the space to be the pool's again")
    host.fail("grep -q 'I/O error' /var/log/messages")
    assert not host.succeed("dmesg | grep -i -e 'I/O error' -e EXT4-fs.error || :", guest=writer)

    for name in ("writer", "quiet"):
        host.succeed(f"guest stop {name}", 240)
        vg = host.lv.split("/")[0]
        host.succeed(f"lvm lvchange -ay -K {vg}/guest-{name}-xvda;"
                     f"e2fsck -fn /dev/{vg}/guest-{name}-xvda", 240)


@pytest.mark.faults
def test_removing_a_guest_lets_the_writer_go_on(small):
    """Space that another guest gives back is as good as a larger pool; and a pool that
    is nearly full takes no new guest.

        pool 500 MiB: writer, old (150 MiB of data)
    """
    host = small
    for name in ("writer", "old"):
        host.succeed(f"guest create {name} --template mini --disk 490M --start", 240)
    writer, old = (host.wait_for_guest(name) for name in ("writer", "old"))
    host.succeed("dd if=/dev/zero of=/root/data bs=1M count=150 2>/dev/null; sync", 300,
                 guest=old)
    wait_until_nobody_grows(host)
    host.succeed("printf 'data-limit=70\n' >/etc/paravane/pool")
    fill(host, writer, 300)
    wait_for_state(host, "writer", "paused", 90)
    refused = host.fail("guest create third --template mini --disk 100M")
    assert refused.status == 1 and "above 70% no guest is made" in refused.stderr
    host.succeed("guest destroy old", 120)
    wait_for_state(host, "writer", "running")
    host.wait_until_succeeds("[ $(cat /root/written) = 0 ]", 300, guest=writer)
    host.remove_all_guests()
    assert host.json("host pool")["level"] == "ok"  # no volume of it is in use


@pytest.mark.faults
def test_import_stops_before_anybody_is_paused(small):
    """What does not fit is stopped above the reserve, and nothing stays of it. The guest that
    writes meanwhile never notices.

        pool 500 MiB: quiet, which writes now and then --- image: 450 MiB
    """
    host = small
    host.succeed("guest create quiet --template mini --disk 100M --start", 240)
    quiet = host.wait_for_guest("quiet")
    host.succeed("(while :; do date >>/root/log; sync; sleep 1; done) >/dev/null 2>&1 </dev/null &",
                 guest=quiet)
    got = host.fail(f"tr '\\0' x </dev/zero | head -c {450 * MIB} | guest import large - --raw", 900)
    assert got.status == 1 and "does not fit into the pool" in got.stderr
    assert "is paused" not in host.succeed("cat /var/log/messages")
    lines = int(host.succeed("wc -l </root/log", guest=quiet))
    host.wait_until_succeeds(f"[ $(wc -l </root/log) -gt {lines} ]", guest=quiet)
    assert host.guests()["quiet"]["state"] == "running"
    host.fail("lvs --noheadings -o lv_name | grep large")
    # of a sparse image only what is in it counts
    host.succeed("truncate -s 450M /tmp/hole; guest import hole /tmp/hole --raw; rm /tmp/hole", 240)
    host.remove_all_guests()
