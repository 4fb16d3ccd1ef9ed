# SPDX-License-Identifier: GPL-2.0-or-later
"""test_nat.py: the host's own network for guests, and the ports that lead into it."""
import socket
import subprocess
from contextlib import contextmanager

import pytest

from machine import free_port
from ssh import OPTIONS

OUTSIDE = "10.0.2.2"  # this side of QEMU's network, as the host sees it


@pytest.fixture
def web1(host):
    """A running guest on nat0, and its address.

        QEMU's network --- br0 (dom0, masquerades) --- nat0 --- web1
    """
    host.wait_until_succeeds("host nat show")
    host.succeed("guest create web1 --template mini --network nat0 --start", 240)
    yield host.wait_for_guest("web1")
    for forward in host.json("host forward list"):
        host.succeed(f"host forward remove {forward['port']} --proto {forward['proto']}")
    host.remove_all_guests()


@contextmanager
def reachable(host, port, proto="tcp"):
    """A port on this side of QEMU's network that leads to the host's."""
    here = free_port()
    told = host.qmp.command("human-monitor-command", **{
        "command-line": f"hostfwd_add net {proto}:127.0.0.1:{here}-:{port}"})
    assert not told, told
    yield here
    host.qmp.command("human-monitor-command", **{
        "command-line": f"hostfwd_remove net {proto}:127.0.0.1:{here}"})


def own_address(host):
    return host.succeed("ip -4 addr show dev br0 | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'").strip()


def unheard(host, guest):
    """Datagrams that came to the guest, and to a port where nobody listens."""
    return int(host.succeed("awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp", guest=guest))


def name_behind(host, here):
    """The name of the machine whose ssh answers there; None when there is none."""
    got = subprocess.run(
        ["ssh", *OPTIONS, "-i", host.ssh.key, "-o", "ConnectTimeout=30", "-p", str(here),
         "root@127.0.0.1", "hostname"],
        check=False, capture_output=True, text=True, timeout=120)
    return got.stdout.strip() or None


def test_reaches_out(host, web1):
    """It has the address that the host gave it, and gets out under the host's."""
    shown = host.json("host nat show")
    conf = host.succeed("cat /state/guests/web1.cfg")
    lease = next(lease for lease in shown["leases"] if lease["mac"] in conf)
    assert lease["address"] == web1
    assert web1.rpartition(".")[0] == shown["address"].rpartition(".")[0]
    assert host.succeed("cat /etc/resolv.conf") == host.succeed("cat /etc/resolv.conf", guest=web1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        port = server.getsockname()[1]
        host.succeed(f"echo hello | nc {OUTSIDE} {port} >/dev/null 2>&1 &", guest=web1)
        with server.accept()[0] as connection:
            connection.settimeout(60)
            assert connection.recv(100) == b"hello\n"
    host.succeed(f"ip addr add {web1.rpartition('.')[0]}.250/24 dev eth0", guest=web1)
    host.fail(f"ping -c 3 -W 1 -I {web1.rpartition('.')[0]}.250 {shown['address'].split('/')[0]}",
              guest=web1)


def test_is_reached_by_forward(host, web1):
    """A port of the host leads to the guest's ssh until it is taken back.

        test --- host:2222 --- nat0 --- web1:22
    """
    refused = host.fail("host forward add 22 web1:22")
    assert refused.status == 3 and "lock yourself out" in refused.stderr
    with reachable(host, 2222) as here:
        assert name_behind(host, here) is None
        host.succeed("host forward add 2222 web1:22")
        assert host.json("host forward list") == [
            {"proto": "tcp", "port": 2222, "guest": "web1", "to": 22, "address": web1}]
        assert name_behind(host, here) == "web1"

        host.succeed("guest stop web1", 120)
        host.succeed("guest rename web1 www; guest start www", 240)
        assert host.wait_for_guest("www") == web1, "the same address again"
        assert host.json("host forward list")[0]["guest"] == "www"
        assert name_behind(host, here) == "web1", "a host name stays"

        host.succeed("host forward remove 2222")
        assert name_behind(host, here) is None


@pytest.mark.faults
def test_udp_is_forwarded(host, web1):
    """A datagram to the host's port comes to the guest, from outside and from dom0.

        test, dom0 --- host:5353/udp --- nat0 --- web1:5353, where nobody listens
    """
    host.succeed("host forward add 5353 web1:5353 --proto udp")
    before = unheard(host, web1)
    with reachable(host, 5353, "udp") as here, socket.socket(type=socket.SOCK_DGRAM) as sender:
        def arrived():
            sender.sendto(b"hello", ("127.0.0.1", here))
            return unheard(host, web1) > before

        host._until(arrived, 60, "a datagram to come to the guest")
    before = unheard(host, web1)
    host.succeed(f"timeout 5 tftp -g -r x -l /dev/null {own_address(host)} 5353 || :")
    assert unheard(host, web1) > before


@pytest.mark.faults
def test_forward_from_inside(host, web1):
    """Guests on nat0 and dom0 itself come in by the host's own address, too.

        web2 --- nat0 --- host:2222 --- nat0 --- web1:22
    """
    host.succeed("guest create web2 --template mini --network nat0 --start", 240)
    web2 = host.wait_for_guest("web2")
    host.succeed("host forward add 2222 web1:22")
    look = f"sleep 3 | timeout 10 nc {own_address(host)} 2222 | grep -q ^SSH-"
    for guest in web2, None:
        host.wait_until_succeeds(look, 60, guest=guest)


@pytest.mark.faults
def test_forward_survives_reboot(host, web1):
    """Network, address and forward are the same after the host's reboot."""
    host.succeed("host forward add 2222 web1:22; guest set web1 --autostart on")
    before = host.json("host nat show")
    host.reboot()
    host.wait_until_succeeds("nft list table ip paravane_nat | grep -q 'dport 2222'")
    assert host.json("host nat show") == before
    assert host.wait_for_guest("web1") == web1, "it started with the host"
    with reachable(host, 2222) as here:
        assert name_behind(host, here) == "web1"
