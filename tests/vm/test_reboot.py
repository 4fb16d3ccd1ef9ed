# SPDX-License-Identifier: GPL-2.0-or-later
"""test_reboot.py: guests and their data are still there after the host rebooted."""


def test_guest_is_back_after_a_reboot(host):
    """The host reboots under a running guest, which is shut down cleanly.

        dom0 --- br0 --- NAT
                  |
                keeper: /root/note
    """
    host.succeed("guest create keeper --template mini --start", 240)
    address = host.wait_for_guest("keeper")
    # not synced: a clean shutdown writes it
    host.succeed("echo kept >/root/note", guest=address)
    keys = host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key")

    host.reboot()
    assert host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key") == keys
    host.wait_until_succeeds("guest list")
    assert host.guests()["keeper"]["state"] == "stopped"
    host.succeed("guest start keeper", 120)
    address = host.wait_for_guest("keeper")
    assert host.succeed("cat /root/note", guest=address) == "kept\n"
    host.succeed("guest destroy keeper", 120)
