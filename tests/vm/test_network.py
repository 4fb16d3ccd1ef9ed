# SPDX-License-Identifier: GPL-2.0-or-later
"""test_network.py: what guests may send, how fast, and whom it reaches.

Each guest has two interfaces: eth0 on br0, for the test's own ssh, and eth1 on a
bridge of the test, which is plugged in as the test needs it.
"""
import contextlib
import re
import select
import socket
import time

import pytest

HOST = "10.77.0.1"
OWN = {"g1": "10.77.0.11", "g2": "10.77.0.12"}
HOST6 = "fd00:77::1"
MAC = {"g1": "00:16:3e:00:00:11", "g2": "00:16:3e:00:00:12"}
RATES = {"r1": 1, "r4": 4}  # Mb/s
RATE_SECONDS = 10


class Guest:
    def __init__(self, host, name):
        self.host, self.name, self.address = host, name, None

    def run(self, command, limit=60):
        return self.host.succeed(command, limit, guest=self.address)

    def plug(self, more=""):
        """Give it a new eth1, with its address there."""
        self.host.succeed(f"xl network-attach {self.name} mac={MAC[self.name]} bridge=brt {more}",
                          120)
        self.host.wait_until_succeeds("[ -e /sys/class/net/eth1 ]", guest=self.address)
        self.run(f"ip addr add {OWN[self.name]}/24 dev eth1; ip link set eth1 up")

    def has(self, interface):
        return not self.host.run(f"test -e /sys/class/net/{interface}", guest=self.address).status

    def unplug(self):
        self.host.succeed(f"xl network-detach {self.name} {MAC[self.name]}", 120)
        self.host.wait_until_succeeds("! [ -e /sys/class/net/eth1 ]", guest=self.address)

    def reaches(self, address, options="", tries=20):
        """Within so many tries of a second each? The first ones may go into
        the time in which the interface comes up."""
        got = self.host.run(f"ping -c 1 -W 1 {options} {address}", guest=self.address)
        while got.status and tries > 1:
            tries -= 1
            got = self.host.run(f"ping -c 1 -W 1 {options} {address}", guest=self.address)
        return got.status == 0


@pytest.fixture
def guests(host, hosts):
    """Two running guests, which the tests share, and a bridge without anything else.

        dom0 10.77.0.1 --- brt --- (eth1) g1, g2 (eth0) --- br0
    """
    host.succeed("brctl addbr brt; brctl setfd brt 0; ip link set brt up;"
                 f"ip addr add {HOST}/24 dev brt")
    hosts["kept"] = tuple(OWN)
    there = host.guests()
    made = [Guest(host, name) for name in OWN]
    for guest in made:
        if guest.name not in there:
            host.succeed(f"guest create {guest.name} --template mini --start", 240)
    for guest in made:
        guest.address = host.wait_for_guest(guest.name)
    yield made
    for guest in made:
        if guest.name in host.guests() and guest.has("eth1"):
            guest.unplug()
    host.succeed("ip link set brt down; brctl delbr brt")


def guarded(host):
    """The elements of the guard's sets, '"vif3.1" . 00:16:3e:...' and so on, of all but spares."""
    text = host.succeed("nft list table bridge paravane_guard; xl list")
    spares = re.findall(r"^\.spare-\S+ +(\d+) ", text, re.M)
    return {found.strip() for found in re.findall(r'"vif[^,}]*', text)
            if found[len('"vif'):].split(".")[0] not in spares and " : " not in found}


def test_own_addresses_only(host, guests):
    """With ip= a guest is heard by its own MAC and addresses, and by no others.

        dom0 10.77.0.1 --- brt --- g1 (ip=10.77.0.11), g2 (no ip=)
    """
    one, two = guests
    two.plug()
    # the host forgets whom it knew by an address when that is given to another guest
    two.run(f"ip addr add {OWN['g1']}/24 dev eth1")
    assert two.reaches(HOST, f"-I {OWN['g1']}")
    assert MAC["g2"] in host.succeed(f"ip neigh show {OWN['g1']} dev brt")
    two.run(f"ip addr del {OWN['g1']}/24 dev eth1")
    one.plug(f"ip={OWN['g1']}")
    assert MAC["g2"] not in host.succeed(f"ip neigh show {OWN['g1']} dev brt")
    assert one.reaches(HOST) and two.reaches(HOST) and two.reaches(OWN["g1"])

    one.run("ip addr add 10.77.0.99/24 dev eth1")
    assert not one.reaches(HOST, "-I 10.77.0.99", tries=3), "an address that is not its own"
    two.run("ip addr add 10.77.0.98/24 dev eth1")
    assert two.reaches(HOST, "-I 10.77.0.98"), "a guest without ip= has the address it takes"
    # who claims to have the other's address is not believed
    one.run(f"ip addr add {OWN['g2']}/24 dev eth1; arping -U -c 3 -I eth1 {OWN['g2']} || :")
    assert MAC["g1"] not in host.succeed(f"ip neigh show {OWN['g2']} dev brt")
    assert one.reaches(HOST, f"-I {OWN['g1']}"), "its own address still works"

    for guest, foreign in ((one, "00:16:3e:00:00:77"), (two, MAC["g1"])):
        guest.run(f"ip link set eth1 down; ip link set eth1 address {foreign};"
                  "ip link set eth1 up")
        assert not guest.reaches(HOST, tries=3), "a MAC that is not its own"
        guest.run(f"ip link set eth1 down; ip link set eth1 address {MAC[guest.name]};"
                  "ip link set eth1 up")
        assert guest.reaches(HOST), "its own MAC again"


def test_own_ipv6_addresses_only(host, guests):
    """With an IPv6 address in ip= a guest is heard by that and by no other, answers for no other, and is no
    router.

        dom0 fd00:77::1 --- brt --- g1 (ip=10.77.0.11 fd00:77::11), g2 (no ip=)
    """
    one, two = guests
    host.succeed(f"ip -6 addr add {HOST6}/64 dev brt")
    one.plug(f"'ip={OWN['g1']} fd00:77::11'")
    two.plug()
    for guest, last in ((one, 11), (one, 99), (two, 12), (two, 98)):
        guest.run(f"ip -6 addr add fd00:77::{last}/64 dev eth1")
    assert one.reaches(HOST6, "-I fd00:77::11") and one.reaches(HOST), "from its own"
    assert not one.reaches(HOST6, "-I fd00:77::99", tries=3), "an address that is not its own"
    assert two.reaches(HOST6, "-I fd00:77::98"), "a guest without ip= has the address it takes"
    ping = "ping -6 -c 1 -W 1 {}"
    host.wait_until_succeeds(ping.format("fd00:77::11"))
    # it is asked who has that address, and its answer is dropped
    host.succeed("ip neigh flush dev brt")
    host.wait_until_succeeds(ping.format("fd00:77::98"))
    assert host.run(ping.format("fd00:77::99")).status != 0
    assert MAC["g1"] not in host.succeed("ip -6 neigh show fd00:77::99 dev brt")


def test_address_that_a_guest_does_not_tell(host, no_leaks):
    """The host knows the address of a guest that tells nobody: what a DHCP server gave it, or else what it was
    seen to use. Both are forgotten with the guest.

        QEMU's network (DHCP) --- br0 --- mute
    """
    host.succeed("guest create mute --template mini --start", 240)
    address = host.wait_for_guest("mute")
    domid = host.succeed("xl domid mute").strip()
    mac = host.succeed(f"xenstore-read /libxl/{domid}/device/vif/0/mac").strip()
    host.succeed(f"xenstore-rm /local/domain/{domid}/attr/vif")
    assert host.guests()["mute"]["address"] == address
    assert host.json("guest show mute")["address"] == address
    # not one by which this host would be reached
    host.succeed(f"xenstore-write /local/domain/{domid}/attr/vif/0/ipv4/0 127.0.0.1")
    assert host.succeed("guest wait mute --for ssh").strip() == address

    claim = "arping -U -c 1 -I eth0 10.0.2.74 || :"
    host.succeed(f"ip addr add 10.0.2.74/24 dev eth0; {claim}", guest=address)
    assert host.guests()["mute"]["address"] == address
    host.succeed("nft flush map bridge paravane_guard given")
    host.succeed(claim, guest=address)
    host.wait_until_succeeds("guest list | grep -q 10.0.2.74")

    given = f"nft list map bridge paravane_guard given | grep 0x{int(mac.replace(':', ''), 16):x}"
    host.succeed("udhcpc -i eth0 -n -q -t 4 -s /bin/true", 60, guest=address)
    host.wait_until_succeeds(given)
    host.succeed("guest destroy mute", 120)
    host.wait_until_succeeds(f"! {given}")
    host.wait_until_succeeds(f"! nft list map bridge paravane_guard seen | grep '\"vif{domid}[.]'")


def bound_to(host, name, ip):
    """What the guard and xenstore have of the guest's interface, but for what is different in each."""
    domid = host.succeed(f"xl domid {name}").strip()
    mac = host.succeed(f"xenstore-read /libxl/{domid}/device/vif/0/mac").strip()
    nodes = [host.succeed(f"xenstore-read {folder}/ip").strip() for folder in
             (f"/local/domain/0/backend/vif/{domid}/0", f"/libxl/{domid}/device/vif/0")]
    vif = f'"vif{domid}.0"'
    elements = [element.removeprefix(vif).replace(mac, "MAC").replace(ip, "IP")
                for element in guarded(host) if element.startswith(vif)]
    return sorted(element for element in elements if "fe80:" not in element), nodes


def test_address_of_a_guest_made_ahead(host, no_leaks):
    """A guest with --ip that was made ahead of need may send what one may that was built with it.

        dom0 --- br0 --- f1 (built), f2 (made ahead)
    """
    spares = "cd /run/paravane/spares; sed -n 's/^uuid=//p' $(ls | grep -xE '[0-9a-f]+')"
    create = "guest create {0} --template mini --memory 56M --ip {1}/24 --gateway 10.0.2.2 --start"
    addresses = {"f1": "10.0.2.71", "f2": "10.0.2.72"}
    host.succeed(create.format("f1", addresses["f1"]), 240)
    host.wait_until_succeeds("grep -q memory=$((56 << 20)) /run/paravane/spares/*[0-9a-f]", 120)
    ahead = host.succeed(spares).split()
    host.succeed(create.format("f2", addresses["f2"]), 240)
    assert host.json("guest show f2")["uuid"] in ahead
    (one, one_nodes), (two, two_nodes) = (bound_to(host, *guest) for guest in addresses.items())
    assert one == two == ["", " . IP", " . MAC"]
    assert one_nodes == ["10.0.2.71"] * 2 and two_nodes == ["10.0.2.72"] * 2

    guest = Guest(host, "f2")
    guest.address = addresses["f2"]
    host.wait_for_ssh(guest=guest.address)
    dom0 = host.succeed("ip -4 addr show dev br0 | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'").strip()
    guest.run("ip addr add 10.0.2.73/24 dev eth0")
    assert guest.reaches(dom0), "from its own address"
    assert not guest.reaches(dom0, "-I 10.0.2.73", tries=3), "from another"
    for name in addresses:
        host.succeed(f"guest destroy {name}", 120)


def test_guard_is_given_back(host, guests):
    """Rules that somebody removed come back with the next interface, for all guests.

        dom0 --- brt --- g1 (ip=10.77.0.11), g2 (plugged in later)
    """
    one, two = guests
    one.plug(f"ip={OWN['g1']}")
    before = guarded(host)
    host.succeed("nft delete table bridge paravane_guard")
    two.plug()
    assert before < guarded(host)
    host.succeed("grep -q 'all guests get it again' /var/log/messages")


def test_vlans_are_separate(host, guests):
    """Guests with different VLANs don't hear each other, those with the same one do.

        brt --- g1 (vlan 10), g2 (vlan 20, then 10)
    """
    one, two = guests
    one.plug("vlan=10")
    two.plug("vlan=20")
    assert not one.reaches(OWN["g2"], tries=5)
    assert not one.reaches(HOST, tries=3), "dom0 is in no VLAN"
    two.unplug()
    two.plug("vlan=10")
    assert one.reaches(OWN["g2"])
    two.unplug()
    two.plug()
    assert not one.reaches(OWN["g2"], tries=3)
    assert two.reaches(HOST), "untagged, as dom0 is"


def bytes_sent(host, guests, seconds):
    """How many bytes each of the guests gets to this side of QEMU's network, while
    all of them send as fast as they can for so many seconds.

    guests: name to address. The time begins when all of them send and what the first
    ones had sent until then is read: what slows this machine down slows all of them.
    """
    with contextlib.ExitStack() as stack:
        connections = {}
        for name, address in guests.items():
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            server.settimeout(120)
            host.succeed(f"(nc 10.0.2.2 {server.getsockname()[1]} </dev/zero) "
                         ">/dev/null 2>&1 &", guest=address)
            connections[stack.enter_context(server.accept()[0])] = name
        for connection in connections:
            connection.settimeout(120)
            assert connection.recv(1)
        sent = dict.fromkeys(guests, 0)
        begin = time.monotonic() + 1
        end = begin + seconds
        while (left := end - time.monotonic()) > 0:
            for connection in select.select(list(connections), [], [], left)[0]:
                got = len(connection.recv(65536))
                assert got, f"{connections[connection]} stopped"
                if time.monotonic() >= begin:
                    sent[connections[connection]] += got
        return sent


def test_rate_is_kept(host):
    """A guest sends at the rate that rate= says, no faster: of two that send at the
    same time, the one with four times the rate gets about four times as much out.

        QEMU's network --- br0 --- r1 (rate=1Mb/s), r4 (rate=4Mb/s)
    """
    for name, rate in RATES.items():
        host.succeed(f"guest create {name} --template mini --rate {rate}Mb/s --start", 240)
    guests = {name: host.wait_for_guest(name) for name in RATES}
    sent = bytes_sent(host, guests, RATE_SECONDS)
    for name, rate in RATES.items():
        assert sent[name] < 1.25 * rate * 1e6 / 8 * RATE_SECONDS, sent
    assert 2 < sent["r4"] / sent["r1"] < 6, sent


def test_guests_hand_out_no_addresses(host, guests):
    """A DHCP server in a guest is not heard, unless its vif is open.

        brt --- g1 (asks), g2 (serves)
    """
    asks, serves = guests
    asks.plug()
    for more, status in (("", 1), ("script=vif-open", 0)):
        serves.plug(more)
        assert asks.reaches(OWN["g2"])
        serves.run("printf 'interface eth1\nstart 10.77.0.50\nend 10.77.0.60\n"
                   "lease_file /tmp/leases\npidfile /tmp/udhcpd.pid\n' >/tmp/udhcpd.conf;"
                   ": >/tmp/leases; (udhcpd -f /tmp/udhcpd.conf & echo $! >/tmp/served)"
                   " >/tmp/udhcpd.log 2>&1 </dev/null")
        got = host.run("udhcpc -i eth1 -n -q -t 4 -T 2 -s /bin/true", 60, guest=asks.address)
        assert (got.status != 0) == status, f"'{more}': {got}"
        serves.run("kill $(cat /tmp/served)")
        serves.unplug()


def test_guard_goes_with_the_guest(host, guests):
    """What the guard knows of a guest is forgotten with its interface.

        dom0 --- brt --- g1 (eth1)
    """
    one, _ = guests
    before = guarded(host)
    one.plug(f"ip={OWN['g1']}")
    assert len(guarded(host)) > len(before)
    one.unplug()
    assert guarded(host) == before
    host.remove_all_guests()
    assert guarded(host) == set()
