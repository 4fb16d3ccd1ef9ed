# SPDX-License-Identifier: GPL-2.0-or-later
"""test_interrupted.py: what a power cut leaves of a change is put right by the same command."""
import pytest

pytestmark = pytest.mark.faults


def volumes(host, guest):
    """LVM's identity of each of the guest's volumes, by name."""
    text = host.succeed("lvm lvs --noheadings -o lv_name,lv_uuid")
    found = dict(line.split() for line in text.splitlines())
    return {name: uuid for name, uuid in found.items() if name.startswith(f"guest-{guest}")}


def move(host, *pairs):
    """Give volumes other names, as the command that was cut off had done."""
    vg = host.succeed("sed -n 's/^vg=//p' /etc/paravane/host").strip()
    host.succeed(";".join(f"lvm lvrename -q {vg} {old} {new}" for old, new in pairs), 120)


def cut_off(host, step, command, limit):
    """Kill the command when it has done that step, as a power cut would."""
    host.fail(f"PVN_DIE_AT={step} {command} || exit 1", limit)


def two_disks_and_snapshot(host, snapshot):
    """A guest 'web1' with xvda and xvdc, kept once; its volumes."""
    host.succeed("guest create web1 --template mini; guest disk add web1 --size 16M", 240)
    host.succeed(f"guest snapshot web1 {snapshot}", 120)
    return volumes(host, "web1")


def test_rename_is_finished(host, no_leaks):
    """Killed after each step, and between two volumes.

        dom0 --- web1, later www: xvda, seed; snapshot first
    """
    host.succeed("guest create web1 --template mini", 240)
    host.succeed("guest snapshot web1 first", 120)
    before = volumes(host, "web1")
    moved = {name.replace("web1", "www"): uuid for name, uuid in before.items()}

    cut_off(host, "config", "guest rename web1 www", 120)
    assert volumes(host, "web1") == before
    failed = host.fail("PVN_FAIL_AT=volumes guest rename web1 www", 120)
    assert failed.status == 1
    assert volumes(host, "web1") == before and list(host.guests()) == ["web1"]

    cut_off(host, "volumes", "guest rename web1 www", 120)
    assert volumes(host, "www") == moved
    move(host, ("guest-www-seed", "guest-web1-seed"))
    host.succeed("guest rename web1 www", 120)
    assert volumes(host, "www") == moved and not volumes(host, "web1")
    assert list(host.guests()) == ["www"]
    assert host.succeed("ls -d /state/guests/w*").split() == [
        "/state/guests/www.cfg", "/state/guests/www.snapshots"]
    assert [s["name"] for s in host.json("guest snapshots www")] == ["first"]
    assert "web1" not in host.succeed("cat /state/guests/www.snapshots/first.cfg")
    host.succeed("guest start www", 120)
    host.wait_for_guest("www")
    host.succeed("guest destroy www", 120)


def test_rollback_is_undone_or_finished(host, no_leaks):
    """Cut off with one disk in its place, one out of it; and before the old ones go.

        dom0 --- web1: xvda, xvdc; snapshot empty
    """
    before = two_disks_and_snapshot(host, "empty")

    cut_off(host, "make", "guest rollback web1 empty", 120)
    move(host, ("guest-web1-xvda", "guest-web1+old-xvda"),
         ("guest-web1+new-xvda", "guest-web1-xvda"),
         ("guest-web1-xvdc", "guest-web1+old-xvdc"))
    failed = host.fail("PVN_FAIL_AT=swap guest rollback web1 empty", 240)
    assert failed.status == 1
    assert volumes(host, "web1") == before

    cut_off(host, "swap", "guest rollback web1 empty", 240)
    assert volumes(host, "web1")["guest-web1+old-xvda"] == before["guest-web1-xvda"]
    host.succeed("guest rollback web1 empty", 240)
    after = volumes(host, "web1")
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {
        "guest-web1-xvda", "guest-web1-xvdc"}
    host.succeed("guest destroy web1", 120)


def test_half_a_rollback_is_not_started(host, no_leaks):
    """A guest is not started with one disk as it was and one as it is: what is half done is undone
    before. What was done but for the old volumes is finished by the next command, whichever that is.

        dom0 --- web1: xvda, xvdc; snapshot then
    """
    before = two_disks_and_snapshot(host, "then")
    cut_off(host, "make", "guest rollback web1 then", 120)
    move(host, ("guest-web1-xvda", "guest-web1+old-xvda"),
         ("guest-web1+new-xvda", "guest-web1-xvda"))
    host.succeed("guest start web1", 120)
    host.wait_for_guest("web1")
    assert volumes(host, "web1") == before
    host.succeed("guest stop web1", 120)

    host.succeed("cp /state/guests/web1.cfg /tmp/then; guest set web1 --description later --memory 64M", 60)
    cut_off(host, "swap", "guest rollback web1 then", 240)
    swapped = volumes(host, "web1")
    host.succeed("guest create other --template mini; guest set other --description x; guest destroy other", 120)
    assert volumes(host, "web1") == {
        name: uuid for name, uuid in swapped.items() if "+old" not in name}
    host.succeed("cmp /state/guests/web1.cfg /tmp/then; ! ls /state/guests/.web1.rollback")
    host.succeed("guest destroy web1", 120)


def test_part_of_a_snapshot_is_none(host, no_leaks):
    """Cut off between two disks, it is not rolled back to; deleted are all of its volumes or none."""
    two_disks_and_snapshot(host, "then")
    host.succeed("guest snapshot web1 later", 120)
    disk = host.succeed("ls /dev/pvn_*/guest-web1.then-xvdc").strip()
    reader = host.succeed(f"sleep 3600 <{disk} >/dev/null 2>&1 & echo $!").strip()
    before = volumes(host, "web1")
    assert "is in use" in host.fail("guest snapshot web1 then --delete", 60).stderr
    assert volumes(host, "web1") == before
    host.succeed(f"kill {reader}; guest snapshot web1 then --delete", 60)

    host.succeed("lvremove -q -f -y $(ls /dev/pvn_*/guest-web1.later-xvdc)")
    before = volumes(host, "web1")
    refused = host.fail("guest rollback web1 later", 60)
    assert refused.status == 3
    assert "'later' of guest 'web1' is not complete, it lacks disk 'xvdc'" in refused.stderr
    assert volumes(host, "web1") == before
    host.succeed("guest snapshot web1 later --delete; guest destroy web1", 120)


def test_guest_goes_on_when_who_paused_it_was_killed(host, no_leaks):
    """A guest of two disks stands still while they are kept, or copied; killed then, the command leaves it running.

        dom0 --- web1: xvda, xvdc
    """
    host.succeed("guest create web1 --template mini; guest disk add web1 --size 16M; guest start web1", 240)
    host.wait_for_guest("web1")
    for step in ("pause", "volumes"):
        cut_off(host, step, "guest snapshot web1 then", 120)
        host.wait_until_succeeds("guest list | grep -q '^web1 *running'", 20)
    host.succeed("guest snapshot web1 then --delete", 120)
    cut_off(host, "pause", "guest clone web1 web2 --live", 120)
    host.wait_until_succeeds("guest list | grep -q '^web1 *running'", 20)
    host.succeed("guest snapshot web1 then", 120)
    assert host.guests()["web1"]["state"] == "running"
    host.wait_for_guest("web1")
    host.succeed("guest destroy web1", 120)


def test_half_renamed_guest_is_not_destroyed(host, no_leaks):
    """Both of its files are there, and one was edited meanwhile: neither takes the disks along."""
    host.succeed("guest create web1 --template mini", 240)
    cut_off(host, "volumes", "guest rename web1 www", 120)
    host.succeed("guest set web1 --description edited", 60)
    before = volumes(host, "www")
    for name in ("www", "web1"):
        refused = host.fail(f"guest destroy {name}", 60)
        assert refused.status == 3 and "('guest rename web1 www')" in refused.stderr
    move(host, ("guest-www-seed", "guest-web1-seed"))
    assert host.fail("guest destroy www", 60).status == 3
    host.succeed("guest rename web1 www", 120)
    assert volumes(host, "www") == before and list(host.guests()) == ["www"]
    assert "edited" in host.succeed("cat /state/guests/www.cfg")
    host.succeed("guest destroy www", 120)


def test_disk_is_removed_after_all(host, no_leaks):
    """Of a removal that was cut off the volume is left, in no file."""
    host.succeed("guest create web1 --template mini; guest disk add web1 --size 16M", 240)
    cut_off(host, "config", "guest disk remove web1 xvdc", 60)
    assert "guest-web1-xvdc" in volumes(host, "web1")
    host.succeed("guest disk remove web1 xvdc", 60)
    assert "guest-web1-xvdc" not in volumes(host, "web1")
    host.succeed("guest destroy web1", 120)


def test_spare_of_a_destroyed_guest_is_no_other_guests(host, no_leaks):
    """A create that took a guest made ahead of need is killed, and its guest destroyed at once: nobody
    else gets what is about to be removed."""
    host.succeed("guest create first --template mini --start", 240)
    host.wait_until_succeeds("ls /run/paravane/spares | grep -xE '[0-9a-f]+'", 120)
    cut_off(host, "config", "guest create web1 --template mini --start", 60)
    spare = host.succeed("sed -n 's,.*/spare-\\([0-9a-f]*\\)-xvda.*,\\1,p' /state/guests/web1.cfg").strip()
    assert spare
    host.succeed("guest destroy web1", 60)
    host.wait_until_succeeds("! ls -A /state/guests | grep -q removed")
    host.fail(f"xl list | grep {spare} || lvs | grep {spare} || ls -A /run/paravane/spares | grep {spare}")
    host.succeed("guest destroy first", 60)


def test_state_is_full_as_disks_get_their_names(host, no_leaks):
    """The guest's file never names a volume that is not there."""
    host.succeed("guest create web1 --template mini", 240)
    spare = "spare-0123456789abcdef-xvda"
    host.wait_until_succeeds("! grep /spare- /state/guests/web1.cfg")
    host.succeed(f"sed 's/guest-web1-xvda/{spare}/' /state/guests/web1.cfg >/tmp/web1.cfg")
    host.run("dd if=/dev/zero of=/state/filler bs=1M; dd if=/dev/zero of=/state/rest bs=1; sync", 300)
    # In its place, which takes no space. guestd's own upkeep may come at any moment: before the disk is full it
    # would put this right, and a spare's volume that nobody names it removes.
    host.succeed("dd if=/tmp/web1.cfg of=/state/guests/web1.cfg conv=notrunc; sync")
    move(host, ("guest-web1-xvda", spare))
    assert "No space left" in host.fail("paravane upkeep", 60).stderr
    assert spare in host.succeed("lvs --noheadings -o lv_name; cat /state/guests/web1.cfg")
    host.succeed("rm -f /state/filler /state/rest; paravane upkeep", 60)
    assert "guest-web1-xvda" in volumes(host, "web1")
    host.succeed("guest start web1", 60)
    host.wait_for_guest("web1")
    host.succeed("guest destroy web1", 60)


def test_template_is_made_while_one_is_imported(host, no_leaks):
    """The import gives way, and takes nothing of the other along."""
    host.succeed("guest create web1 --template mini", 240)
    host.succeed("template create-from-guest web1 mine && template export mine /tmp/mine.tar &&"
                 " template delete mine", 240)
    host.succeed("""
        rm -f /tmp/go /tmp/code
        ({ head -c 100000 /tmp/mine.tar; while ! [ -e /tmp/go ]; do sleep 1; done
           tail -c +100001 /tmp/mine.tar; } | template import - >/tmp/said 2>&1 && code=0 || code=$?
         echo $code >/tmp/code) >/dev/null 2>&1 &
        """)
    host.wait_until_succeeds("lvs --noheadings -o lv_name | grep template-mine.*new")
    host.succeed("template create-from-guest web1 mine; touch /tmp/go", 120)
    host.wait_until_succeeds("test -s /tmp/code")
    assert "there is a template 'mine'" in host.succeed("cat /tmp/said")
    assert host.succeed("cat /tmp/code").strip() == "1"
    host.succeed("guest create other --template mine --start", 120)
    host.wait_for_guest("other")
    host.succeed("guest destroy other; guest destroy web1; rm /tmp/mine.tar", 120)
    host.wait_until_succeeds("template delete mine")
