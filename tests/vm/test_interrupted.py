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


def test_rename_is_finished(host, no_leaks):
    """Killed after each step, and between two volumes.

        dom0 --- web1, later www: xvda, seed; snapshot first
    """
    host.succeed("guest create web1 --template mini", 240)
    host.succeed("guest snapshot web1 first", 120)
    before = volumes(host, "web1")
    moved = {name.replace("web1", "www"): uuid for name, uuid in before.items()}

    host.fail("PVN_DIE_AT=config guest rename web1 www || exit 1", 120)
    assert volumes(host, "web1") == before
    failed = host.fail("PVN_FAIL_AT=volumes guest rename web1 www", 120)
    assert failed.status == 1
    assert volumes(host, "web1") == before and list(host.guests()) == ["web1"]

    host.fail("PVN_DIE_AT=volumes guest rename web1 www || exit 1", 120)
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
    host.succeed("guest create web1 --template mini; guest disk add web1 --size 16M", 240)
    host.succeed("guest snapshot web1 empty", 120)
    before = volumes(host, "web1")

    host.fail("PVN_DIE_AT=make guest rollback web1 empty || exit 1", 120)
    move(host, ("guest-web1-xvda", "guest-web1+old-xvda"),
         ("guest-web1+new-xvda", "guest-web1-xvda"),
         ("guest-web1-xvdc", "guest-web1+old-xvdc"))
    failed = host.fail("PVN_FAIL_AT=swap guest rollback web1 empty", 240)
    assert failed.status == 1
    assert volumes(host, "web1") == before

    host.fail("PVN_DIE_AT=swap guest rollback web1 empty || exit 1", 240)
    assert volumes(host, "web1")["guest-web1+old-xvda"] == before["guest-web1-xvda"]
    host.succeed("guest rollback web1 empty", 240)
    after = volumes(host, "web1")
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {
        "guest-web1-xvda", "guest-web1-xvdc"}
    host.succeed("guest destroy web1", 120)
