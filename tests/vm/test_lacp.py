# SPDX-License-Identifier: GPL-2.0-or-later
"""test_lacp.py: a host whose NICs are one by LACP, and what it is plugged into, which speaks that, too."""
import pytest

from conftest import LOGS
from guests import Host
from install import answers, blank_disk, install
from media import direct_boot
from test_install_failure import open_ssh

pytestmark = pytest.mark.faults

MACS = ["52:54:00:12:34:61", "52:54:00:12:34:62"]
ADDRESS = "192.0.2.5"
NETWORK = f"bond = lacp\nnic = {MACS[0]}\nnic = {MACS[1]}\nmethod = static\naddress = {ADDRESS}/24"
# The system's NICs behind its first.
SWITCH = """
modprobe bonding max_bonds=0
echo +bond9 >/sys/class/net/bonding_masters
cd /sys/class/net/bond9/bonding
echo 802.3ad >mode
echo 100 >miimon
for nic in eth1 eth2; do
	ip link set $nic down
	echo +$nic >slaves
done
ip addr add 192.0.2.9/24 dev bond9
ip link set bond9 up
cat /sys/class/net/bond9/address
"""


def plug(machine, other, macs):
    """Two cables between them; only who tells its speed may take part in LACP."""
    for i, mac in enumerate(macs):
        machine.extra += [
            "-netdev", f"dgram,id=cable{i},local.type=unix,local.path={machine.folder}/cable{i},"
            f"remote.type=unix,remote.path={other.folder}/cable{i}",
            "-device", f"virtio-net-pci,netdev=cable{i},mac={mac},romfile=,speed=1000,duplex=full"]


def test_lacp(new_machine, new_disk, work, key, iso):
    """Both NICs are in use; the host stays reachable when either cable is unplugged.

        ISO (CD) + vda --- machine
        vda --- host, eth0 and eth1: bond0 === bond9: eth1 and eth2, live system --- NAT
    """
    done = install("lacp", LOGS / "test_lacp", key, iso, blank_disk(work / "lacp.qcow2"),
                   answers=answers(key, "bonded1", network=NETWORK))
    host = new_machine("host", kind=Host, disks=[new_disk("host", done.disk)], network=False)
    switch = new_machine("switch", iso=iso, boot=direct_boot(iso, work, "", label="live"),
                         fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()})
    plug(host, switch, MACS)
    plug(switch, host, [mac.replace("52:54:00", "52:54:01") for mac in MACS])
    switch.start()
    switch.wait_for_console("This is a root shell")
    open_ssh(switch)
    partner = switch.succeed(SWITCH).strip()
    host.start()
    switch.wait_for_ssh(120, guest=ADDRESS)

    def wait_for_ports(n):
        switch.wait_until_succeeds(f"grep -q 'Number of ports: {n}$' /proc/net/bonding/bond0", guest=ADDRESS)

    wait_for_ports(2)
    told = switch.succeed("cat /proc/net/bonding/bond0", guest=ADDRESS)
    assert "Bonding Mode: IEEE 802.3ad" in told
    assert f"Partner Mac Address: {partner}" in told
    for cable in ("cable0", "cable1"):
        for end in (host, switch):
            end.qmp.monitor(f"set_link {cable} off")
        wait_for_ports(1)
        for end in (host, switch):
            end.qmp.monitor(f"set_link {cable} on")
        wait_for_ports(2)
