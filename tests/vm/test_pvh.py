# SPDX-License-Identifier: GPL-2.0-or-later
"""test_pvh.py: a host whose CPU can run PVH guests: 'auto' is PVH there, and the same
disk runs as PV.

Such a guest takes about 30 s to its init on an emulated CPU: few boots, generous limits.
"""
import json

import pytest
from qemu import ACCEL, PVH_CPU

LIMIT = 300
CONFIG = "/state/guests/auto1.cfg"
# The guest's own menu: which GRUB reads it?
MENU = "echo menu read by $grub_platform; sleep 600"
GRUB_PV = "/slot/boot/grub-x86_64-xen.bin"


def shown_type(host, name):
    shown = host.json(f"guest show {name}")
    return shown["type"], shown["type_auto"]


def xen_type(host, name):
    """What Xen has made of a guest that runs."""
    told = json.loads(host.succeed(f"xl list -l {name}"))
    return told[0]["config"]["c_info"]["type"]


@pytest.fixture
def pvh_host(disk_alone, installed_bios):
    host = disk_alone(installed_bios, cpu=PVH_CPU)
    if ACCEL == "kvm" and "hap" not in host.succeed("xl info virt_caps").split():
        pytest.skip("KVM without nested virtualisation")
    return host


def test_same_disk_as_pvh_and_as_pv(pvh_host):
    """A guest as PVH, again with less than its maxmem, its GRUB as PVH, and as PV.

        dom0 --- br0 --- NAT
                 | |
             auto1 pv1: two guests of template mini; copy, of auto1, is not started
    """
    host = pvh_host
    host.succeed("guest create auto1 --template mini --memory 96M --disk 128M --start", 240)
    assert {'type = "pvh"', 'paravane_type = "auto"'} < set(
        host.succeed(f"cat {CONFIG}").splitlines())
    host.succeed("guest create pv1 --template mini --type pv --memory 48M --start", 240)
    host.wait_for_guest("pv1", LIMIT)
    address = host.wait_for_guest("auto1", LIMIT)
    assert (shown_type(host, "auto1"), xen_type(host, "auto1")) == (("pvh", True), "pvh")
    assert (shown_type(host, "pv1"), xen_type(host, "pv1")) == (("pv", False), "pv")
    assert "pvh (auto)" in host.succeed("guest list")
    host.succeed(f"echo kept >/root/note; mkdir -p /boot/grub;"
                 f"echo '{MENU}' >/boot/grub/grub.cfg; sync", guest=address)

    host.succeed("guest stop pv1; guest set auto1 --maxmem 160M;"
                 f"guest reboot auto1 --timeout {LIMIT}", LIMIT + 120)
    address = host.wait_for_guest("auto1", LIMIT)
    assert host.succeed("cat /root/note", guest=address) == "kept\n"
    assert xen_type(host, "auto1") == "pvh"
    assert host.guests()["auto1"]["memory_mib"] < 128

    host.succeed(f"guest stop auto1 --timeout {LIMIT}; guest clone auto1 copy", LIMIT + 120)
    assert shown_type(host, "copy") == ("pvh", True)
    host.succeed(f"cp {CONFIG} /tmp/mini.cfg;"
                 f"sed -i -e 's|^kernel = .*|kernel = \"{GRUB_PV}\"|' -e /^maxmem/d {CONFIG};"
                 "guest start auto1", 120)
    host.wait_until_succeeds("guest log auto1 | grep 'menu read by xen_pvh'", LIMIT)

    host.succeed("guest stop --force auto1;"
                 "sed -e 's/^type = .*/type = \"pv\"/' -e /^paravane_type/d"
                 f" /tmp/mini.cfg >{CONFIG}; guest start auto1", 240)
    address = host.wait_for_guest("auto1", LIMIT)
    assert (shown_type(host, "auto1"), xen_type(host, "auto1")) == (("pv", False), "pv")
    assert host.succeed("cat /root/note", guest=address) == "kept\n"
