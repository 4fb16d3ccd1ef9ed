# SPDX-License-Identifier: GPL-2.0-or-later
"""test_guestd.py: one supervisor for all guests, which may be killed at any moment."""
import json
import re

import pytest

# The guest's kernel finds no root filesystem and panics.
CRASHES = "sed -i 's|root=/dev/xvda|root=/dev/nosuch|; $a on_crash = \"restart\"' "
REPAIRED = "sed -i 's|root=/dev/nosuch|root=/dev/xvda|' "

# Kill guestd again and again, at moments that fit no rhythm of it; but only so often
# while one command runs, which would give up at the fifth time.
KILLER = """
last=none
while :; do
	for second in 0.3 1.9 0.7 2.6 1.2 0.1 3.1 1.5; do
		sleep $second
		[ ! -e /run/killer-stop ] || exit 0
		client=$(pidof guest || echo none)
		[ "$client" = "$last" ] || kills=0
		last=$client
		kills=$((kills + 1))
		[ $kills -lt 5 ] || continue
		kill -9 $(pidof guestd) 2>/dev/null && echo killed >>/run/kills || :
	done
done
"""
KILLS_MIN = 4


def domain_ids(host):
    """Each guest's domain number; a guest that is there twice fails here. A domain has
    no name as it comes and as it goes; spares are no guests."""
    lines = host.succeed("xl list | sed 1d").splitlines()
    found = {}
    for name, domid in (line.split()[:2] for line in lines):
        if name == "(null)" or name.startswith(".spare-"):
            continue
        assert name not in found, f"'{name}' is there twice: {lines}"
        found[name] = int(domid)
    found.pop("Domain-0")
    return found


def wait_for_log(host, text, limit=120):
    host.wait_until_succeeds(f"grep -qF \"{text}\" /var/log/messages", limit)


def wait_for_new_domain(host, name, old, limit=120):
    host._until(lambda: domain_ids(host).get(name, old) != old, limit,
                f"guest '{name}' to be in another domain than {old}")


def test_guest_comes_back_when_it_reboots(host):
    """A guest reboots from inside; no process is left for it, its file is read anew.

        dom0: guestd --- web1
    """
    basis = host.traces()
    host.succeed("guest create web1 --template mini --start", 240)
    address = host.wait_for_guest("web1")
    before = domain_ids(host)["web1"]
    host.succeed("sed -i 's/^memory = .*/memory = 80/' /state/guests/web1.cfg")
    assert "process xl" not in host.traces()
    host._ssh("reboot", 20, address)
    wait_for_new_domain(host, "web1", before)
    host.wait_for_guest("web1")
    assert host.guests()["web1"]["memory_mib"] == 80
    assert "process xl" not in host.traces()
    # a file that is broken just then delays it
    host.succeed("echo 'bogus = 1' >>/state/guests/web1.cfg")
    before = domain_ids(host)["web1"]
    host._ssh("reboot", 20, host.wait_for_guest("web1"))
    host.succeed("until grep -qF \"guest 'web1' is started again in 1 s\" /var/log/messages;"
                 "do sleep 0.2; done; sed -i /bogus/d /state/guests/web1.cfg", 120)
    wait_for_new_domain(host, "web1", before)
    host.wait_for_guest("web1")
    host.succeed("guest destroy web1", 120)
    host.assert_traces_are(basis)


def test_guest_that_powers_off_is_down(host):
    """It stays down, as its file says, and 'guest start' starts it.

        dom0: guestd --- off1
    """
    host.succeed("guest create off1 --template mini --start", 240)
    address = host.wait_for_guest("off1")
    host._ssh("poweroff", 20, address)
    host._until(lambda: host.guests()["off1"]["state"] == "stopped", 60,
                "the guest to be down")
    host.succeed("guest start off1", 120)
    host.wait_for_guest("off1")


def test_guest_that_crashes_is_started_again_but_not_for_ever(host):
    """Five crashes within ten minutes are enough; a person may try it again, under
    another name, too.

        dom0: guestd --- bad1, later good1: no root filesystem
    """
    basis = host.traces()
    host.succeed("guest create bad1 --template mini", 240)
    host.succeed(CRASHES + "/state/guests/bad1.cfg; guest start bad1", 120)
    wait_for_log(host, "guest 'bad1' is started again in 1 s")
    wait_for_log(host, "guest 'bad1' crashed 5 times within 10 minutes and stays down", 240)
    host._until(lambda: host.guests()["bad1"]["state"] == "crashed", 30,
                "'guest list' to say that it crashed")
    # guestd remembers that, too, even if its domain was just being removed
    host.succeed("kill -9 $(pidof guestd)")
    host.wait_until_succeeds("pidof guestd")
    host._until(lambda: "bad1" not in domain_ids(host), 60, "its domain to be gone")
    assert host.guests()["bad1"]["state"] == "crashed"
    host.succeed("guest rename bad1 good1; test ! -e /run/guestd/bad1", 120)
    assert {name: guest["state"] for name, guest in host.guests().items()} == {
        "good1": "stopped"}
    host.succeed(REPAIRED + "/state/guests/good1.cfg; guest start good1", 120)
    host.wait_for_guest("good1")
    host.succeed("guest destroy good1", 120)
    host.assert_traces_are(basis)


def test_crashed_guest_may_be_kept(host):
    """on_crash = "preserve": the domain stays for whoever looks into it.

        dom0: guestd --- bad2: no root filesystem
    """
    host.succeed("guest create bad2 --template mini", 240)
    host.succeed(CRASHES + "/state/guests/bad2.cfg;"
                 "sed -i 's/on_crash = .*/on_crash = \"preserve\"/' /state/guests/bad2.cfg;"
                 "guest start bad2", 120)
    wait_for_log(host, "guest 'bad2' is kept as it is")
    assert host.guests()["bad2"]["state"] == "crashed"
    host.succeed("guest stop --force bad2", 120)
    assert host.guests()["bad2"]["state"] == "stopped"


def ignore_shutdown(host, address):
    """Its kernel runs this instead of 'poweroff' when the host asks it to shut down."""
    host.succeed("echo /bin/true >/proc/sys/kernel/poweroff_cmd", guest=address)


def test_guest_that_ignores_shutdown(host):
    """A stop that timed out is forgotten; when all guests are to go it is cut off.

        dom0: guestd --- deaf1: does nothing when it is asked to shut down
    """
    basis = host.traces()
    host.succeed("guest create deaf1 --template mini --start", 240)
    address = host.wait_for_guest("deaf1")
    ignore_shutdown(host, address)
    failed = host.fail("guest stop deaf1 --timeout 2")
    assert failed.status == 1 and "still runs after 2 s" in failed.stderr
    before = domain_ids(host)["deaf1"]
    host._ssh("reboot", 20, address)
    wait_for_new_domain(host, "deaf1", before)

    ignore_shutdown(host, host.wait_for_guest("deaf1"))
    said = host.succeed("guestd shutdown-all 3", 120)
    assert "guest 'deaf1' did not shut down, it is cut off" in said
    assert host.guests()["deaf1"]["state"] == "stopped"
    # the host stays, after all
    host.wait_until_succeeds("guest start deaf1", 240)
    host.succeed("guest destroy deaf1", 120)
    host.assert_traces_are(basis)


@pytest.mark.faults
def test_guest_that_hangs_holds_up_nobody(host):
    """One that does not even answer when it is asked to shut down, as GRUB does not: others are started and
    stopped meanwhile, and all are down in time.

        dom0: guestd --- hung (stands in GRUB), web1
    """
    basis = host.traces()
    for name in ("hung", "web1"):
        host.succeed(f"guest create {name} --template mini --start", 240)
    hung = host.wait_for_guest("hung")
    host.succeed("mkdir -p /boot/grub; echo 'sleep 100000' >/boot/grub/grub.cfg; sync", guest=hung)
    host.wait_for_guest("web1")
    host.succeed("guest stop hung; sed -i 's|^kernel = .*|kernel = \"/slot/boot/grub-x86_64-xen.bin\"|' /state/guests/hung.cfg;"
                 "guest start hung", 120)
    failed = host.fail("begin=$(date +%s); guest stop hung --timeout 2 || :;"
                       "guest stop web1 --timeout 60; guest start web1; end=$(date +%s);"
                       "echo $((end - begin)); exit 9", 120)
    assert "still runs after 2 s" in failed.stderr
    assert int(failed.stdout.split()[-1]) < 40, failed
    host.wait_for_guest("web1")
    said = host.succeed("guestd shutdown-all 30", 120)
    assert re.findall("guest '(.*)' did not shut down, it is cut off", said) == ["hung"]
    host.wait_until_succeeds("guest destroy hung && guest destroy web1", 240)
    host.assert_traces_are(basis)


def test_guest_that_is_suspended(host, no_leaks):
    """As 'xl save' does before it writes a guest to a file: guestd waits for what becomes of it, and is not busy
    with that; destroyed, it is down.

        dom0: xl, guestd --- web1
    """
    host.succeed("guest create web1 --template mini --start", 240)
    host.wait_for_guest("web1")
    used = "cut -d' ' -f14,15 /proc/$(pidof guestd)/stat"
    host.succeed(f"xenstore-write /local/domain/{domain_ids(host)['web1']}/control/shutdown suspend")
    host.wait_until_succeeds("xl list web1 | grep -q ' ---ss- '")
    before = sum(map(int, host.succeed(used).split()))
    host.succeed("sleep 5")
    # hundredths of a second
    assert sum(map(int, host.succeed(used).split())) - before < 100
    host.succeed("xl destroy web1")
    host.wait_until_succeeds("guest list | grep -q 'web1 .*stopped'")
    host.succeed("guest destroy web1", 120)


def test_dom0_comes_first(host):
    """Where guests want more CPU than there is, dom0 has eight times as much of it as one of them."""
    told = host.succeed("xl sched-credit2")
    assert re.search(r"^Domain-0 +0 +2048 ", told, re.M), told


def test_second_guestd_is_refused(host):
    """Two would both start what is to be started.

        dom0: guestd, and another for a moment
    """
    refused = host.fail("guestd")
    assert refused.status == 1 and "another guestd runs, as process" in refused.stderr


def test_bad_file_is_an_error(host):
    """What is in a guest's file is honoured or refused; without guestd that is said.

        dom0: guestd --- odd1, never started
    """
    host.succeed("guest create odd1 --template mini", 240)
    host.succeed("echo 'on_crash = \"explode\"' >>/state/guests/odd1.cfg")
    assert "'on_crash' is 'explode'" in host.fail("guest start odd1").stderr
    host.succeed("sed -i '/on_crash/d' /state/guests/odd1.cfg;"
                 "sed -i 's|^kernel = .*|kernel = \"/nosuch\"|' /state/guests/odd1.cfg")
    assert "/nosuch" in host.fail("guest start odd1", 120).stderr
    assert domain_ids(host) == {}
    host.succeed("sv down /run/service/guestd")
    refused = host.fail("guest start odd1", 120).stderr
    host.succeed("sv up /run/service/guestd")
    assert "guestd, which runs the guests, is not there" in refused


def test_domain_of_xl_is_adopted(host):
    """'xl create' makes the same domain of a guest's file, and both tools work on it.

        dom0: xl, then guestd --- two1
    """
    def config(text):
        """What xl leaves open is that a disk's back end is in dom0's kernel."""
        found = json.loads(text)[0]["config"]
        for disk in found["disks"]:
            disk.pop("backend", None)
        return found

    basis = host.traces()
    host.succeed("guest create two1 --template mini --start", 240)
    host.wait_until_succeeds("! grep /spare- /state/guests/two1.cfg")
    ours = config(host.succeed("xl list -l two1"))
    host.succeed("guest stop --force two1; mkdir -p /var/log/xen;"
                 "xl create -q /state/guests/two1.cfg", 240)
    theirs = config(host.succeed("xl list -l two1"))
    assert {**ours["c_info"], "domid": 0} == {**theirs["c_info"], "domid": 0}
    for part in ("b_info", "disks", "nics", "on_reboot"):
        assert ours[part] == theirs[part]
    assert host.guests()["two1"]["state"] == "running"
    host.wait_for_guest("two1")
    host.succeed("guest stop two1", 120)
    assert host.guests()["two1"]["state"] == "stopped"
    host.succeed("guest start two1", 120)
    host.succeed("guest destroy two1", 120)
    host.assert_traces_are(basis)


def test_xl_works_on_our_guests(host, no_leaks, work):
    """'xl console' and 'xl top' show it, 'xl rename' is heard of; after 'xl destroy' it is down, stays so, and nothing is
    left that its next start would need.

        dom0: xl --- two1
    """
    host.succeed("guest create two1 --template mini --start", 240)
    host.wait_for_guest("two1")
    host.talk_on_console("xl console two1", work / "console")
    host.talk("TERM=vt100 xl top", b"", b"two1", b"q", work / "top")

    host.succeed("xl rename two1 two2")
    refused = host.fail("guest create two2 --template mini")
    assert "there is a guest 'two2' already" in refused.stderr
    host.succeed("test -e /run/guestd/two2 && xl rename two2 two1")

    domid = host.succeed("xl domid two1").strip()
    host.succeed("xl destroy two1", 120)
    host.wait_until_succeeds("guest list | grep -q 'two1 .*stopped'")
    host.succeed("grep -q \"guest 'two1' was destroyed\" /var/log/messages")
    host.wait_until_succeeds(f"! nft list table bridge paravane_guard | grep '\"vif{domid}[.]';"
                             f"! xenstore-exists /local/domain/0/backend/vbd/{domid}")
    host.succeed("guest start two1", 120)
    host.wait_for_guest("two1")
    host.succeed("guest destroy two1", 120)


def test_disk_of_another_guest_is_not_written(host, no_leaks):
    """A disk that a running guest writes is given to no other: neither at its start nor while it runs,
    nor to read, and neither is one that is mounted in dom0.

        web1 --- xvda --- (two1)
    """
    host.succeed("guest create web1 --template mini --start; guest create two1 --template mini", 240)
    host.wait_until_succeeds("! grep /spare- /state/guests/*.cfg")
    disk = host.succeed("ls /dev/pvn_*/guest-web1-xvda").strip()
    config = host.succeed("cat /state/guests/two1.cfg")
    for access in "w", "r":
        host.succeed(f"sed -i \"s|^disk = \\[|&'phy:{disk},xvdz,{access}',|\" /state/guests/two1.cfg")
        refused = host.fail("guest start two1", 120)
        assert refused.status != 0 and "in use by guest 'web1'" in refused.stderr, refused
        assert host.guests()["two1"]["state"] == "stopped"
        host.succeed(f"cat >/state/guests/two1.cfg <<'EOF'\n{config}EOF")
    host.succeed("guest start two1", 120)
    # a guest that boots waits long for a device which does not come
    for name in ("web1", "two1"):
        host.wait_for_guest(name)
    refused = host.fail(f"xl block-attach two1 phy:{disk} xvdz w", 60)
    assert "in use by guest 'web1'" in refused.stderr, refused
    for name in ("web1", "two1"):
        host.succeed(f"guest destroy {name}", 120)


def churn(host, name):
    host.succeed(f"guest create {name} --template mini --start", 300)
    assert name in domain_ids(host)
    host.succeed(f"guest stop --force {name}", 120)
    assert name not in domain_ids(host)
    host.succeed(f"guest start {name}", 120)
    assert name in domain_ids(host)
    host.succeed(f"guest destroy {name}", 120)
    assert name not in domain_ids(host)


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.faults)])
def test_guestd_may_be_killed_at_any_moment(host, rounds):
    """kill -9 again and again while guests are made, stopped and removed.

        dom0: guestd (killed) --- stays: runs through it all
                              --- churn1, churn2 ...: come and go
    """
    basis = host.traces()
    host.succeed("guest create stays --template mini --start", 240)
    address = host.wait_for_guest("stays")
    boot_id = host.succeed("cat /proc/sys/kernel/random/boot_id", guest=address)
    stays = domain_ids(host)["stays"]
    host.succeed(f"cat >/run/killer <<'END'\n#!/bin/sh{KILLER}END\n"
                 "chmod +x /run/killer; rm -f /run/killer-stop; : >/run/kills;"
                 "(trap '' HUP; exec /run/killer) >/dev/null 2>&1 </dev/null &")
    done = 0
    while done < rounds or int(host.succeed("wc -l </run/kills")) < KILLS_MIN:
        churn(host, f"churn{done}")
        assert domain_ids(host) == {"stays": stays}
        done += 1
    host.succeed("touch /run/killer-stop")
    host.wait_until_succeeds("! pidof killer")
    # it looks after the guest that it has not started
    assert host.succeed("cat /proc/sys/kernel/random/boot_id", guest=address) == boot_id
    host._ssh("reboot", 20, address)
    wait_for_new_domain(host, "stays", stays)
    host.wait_for_guest("stays")
    host.succeed("guest destroy stays; rm /run/killer /run/killer-stop /run/kills", 120)
    host.assert_traces_are(basis)


def test_guests_start_and_stop_with_the_host(host):
    """In order, once; what must not start does not; filesystems are clean.

        dom0: guestd --- second (order 2), first (order 1), not
    """
    for name, order in (("second", 2), ("first", 1), ("not", None)):
        host.succeed(f"guest create {name} --template mini --memory 48M --start", 300)
        if order:
            host.succeed(f"printf 'paravane_autostart = 1\\nparavane_order = {order}\\n'"
                         f" >>/state/guests/{name}.cfg")
    # a broken file is said and skipped
    host.succeed("printf 'paravane_autostart = 1\\nbogus = 1\\n' >/state/guests/broken.cfg")
    for name in ("first", "not"):
        address = host.wait_for_guest(name)
        host.succeed("echo kept >/root/note", guest=address)
    host.succeed(": >/var/log/messages")
    host.reboot()
    log = host.succeed("cat /var/log/messages")
    assert "shutting 3 guests down" in log and "it is cut off" not in log
    host.wait_for_guest("first")
    host.wait_for_guest("second")
    ids = domain_ids(host)
    assert set(ids) == {"first", "second"} and ids["first"] < ids["second"]
    disk = re.search(r'phy:(/dev/[^,]*-xvda)', host.succeed("cat /state/guests/not.cfg"))[1]
    host.succeed(f"lvm lvchange -ay -K {disk[5:]}")
    assert "clean" in host.succeed(f"e2fsck -n {disk} 2>&1")
    host.succeed("grep -q \"guest 'broken' does not start\" /var/log/messages")
    # once per boot: a guestd that comes back later starts nothing
    host.succeed("guest stop second; kill -9 $(pidof guestd)", 120)
    host.wait_until_succeeds("pidof guestd")
    host.succeed("guest stop first", 120)
    assert domain_ids(host) == {}
    host.succeed("rm /state/guests/broken.cfg")
