# SPDX-License-Identifier: GPL-2.0-or-later
"""test_reboot.py: what the host and its guests keep is there after the host rebooted."""
import pytest

pytestmark = pytest.mark.faults


def test_guest_is_back_after_a_reboot(host):
    """The host reboots under a running guest, which is shut down cleanly; what was
    changed in /etc and what was logged stay. What commands that were cut off left is gone.

        dom0 --- br0 --- NAT
                  |
                keeper: /root/note
    """
    host.succeed("guest create keeper --template mini --start", 240)
    address = host.wait_for_guest("keeper")
    # not synced: a clean shutdown writes it
    host.succeed("echo kept >/root/note", guest=address)
    keys = host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key")
    logged = "grep 'said before the reboot' /var/log/messages"
    host.succeed("echo 192.0.2.7 other >>/etc/hosts; logger said before the reboot")
    host.wait_until_succeeds(logged)
    host.fail("head -c 5242880 /dev/urandom | PVN_DIE_AT=write guest import half - --raw || exit 1", 240)
    host.fail("PVN_DIE_AT=snapshot guest export keeper - >/dev/null || exit 1")
    left = ["pvn.tmp-export-keeper-xvda", "guest-half-xvda"]
    host._until(lambda: sorted(host.json("host pool")["unfinished"]) == left, 120,
                f"{left} to be unfinished")  # while a command works, less is known

    host.reboot()
    assert host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key") == keys
    assert "192.0.2.7 other\n" in host.succeed("cat /etc/hosts")
    host.succeed(logged)
    host.wait_until_succeeds("test -S /run/guestd.sock; guest list")
    assert host.json("host pool")["unfinished"] == []
    host.fail("lvs --noheadings -o lv_name | grep -e pvn.tmp- -e half")
    assert host.guests()["keeper"]["state"] == "stopped"
    host.succeed("guest start keeper", 120)
    address = host.wait_for_guest("keeper")
    assert host.succeed("cat /root/note", guest=address) == "kept\n"
    host.succeed("guest destroy keeper", 120)
