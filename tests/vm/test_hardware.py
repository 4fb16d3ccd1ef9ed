# SPDX-License-Identifier: GPL-2.0-or-later
"""test_hardware.py: drivers come with the hardware, and go where there is none."""
import pytest

pytestmark = pytest.mark.faults

# A management controller, and a slot for what is plugged in later.
MORE = ["-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-kcs,bmc=bmc",
        "-device", "pcie-root-port,id=port1,chassis=1"]


def driver_of(host, nic):
    return host.succeed(f"basename $(readlink /sys/class/net/{nic}/device/driver)").strip()


def test_drivers(installed_bios, disk_alone):
    """The only NIC's driver is loaded as a module; other NICs' are not kept in memory,
    but are there when one is plugged in. What no device asks for by name can be loaded.

        vda --- machine, BMC --- eth0: e1000e --- NAT
                             --- eth1: igb, plugged in
    """
    host = disk_alone(installed_bios, nic="e1000e", extra=MORE)
    assert driver_of(host, "eth0") == "e1000e"
    host.fail("dmesg | grep 'not requesting OS control'")  # of PCIe's errors and hot plug
    # its driver came while the network service waited for a link already
    host.fail("dmesg | grep 'paravane: network: '")
    host.wait_until_succeeds("test -c /dev/ipmi0")
    host.succeed("for module in dummy iTCO_wdt jc42 target_core_mod; do modprobe $module; done")

    look = "find /lib/modules -name 'igb.ko*'"
    assert host.succeed(look) == ""
    host.qmp.command("device_add", driver="igb", bus="port1", id="nic2")
    host.wait_until_succeeds("test -e /sys/class/net/eth1")
    assert driver_of(host, "eth1") == "igb"
    assert host.succeed(look) != ""
