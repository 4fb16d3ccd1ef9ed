# SPDX-License-Identifier: GPL-2.0-or-later
"""test_settings.py: what the answers say of network, time and console is so on the host, and servers
are asked and told."""
import contextlib
import json
import subprocess

import pytest

from conftest import LOGS
from console import Console
from guests import Host
from install import answers, blank_disk, install
from machine import free_port
from media import direct_boot, web_server
from peer import Peer
from test_dialog import Person

MACS = [f"52:54:00:12:34:{last}" for last in ("56", "57", "58")]
PASSWORD = "correct horse"
SCRIPT = """#!/bin/sh
set -e
echo "$PARAVANE_ID $PARAVANE_DISK $PARAVANE_HOSTNAME" >"$PARAVANE_STATE/etc/paravane/note"
"""


def crypt(password, salt):
    """What libcrypt makes of it; the salt begins with the method."""
    return subprocess.run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, salt],
                          text=True, check=True, capture_output=True).stdout


def settings(key, url):
    text = answers(
        key, "settled1",
        more="timezone = America/New_York\nntp = 192.0.2.1 ntp.example.com\n",
        network=f"bond = active-backup\nnic = {MACS[0]}\nnic = {MACS[1]}\n"
                "method6 = static\naddress6 = 2001:db8::5/64\ngateway6 = fe80::1\ndns = 192.0.2.53")
    return text.replace("[install]\n", f"[console]\npassword-hash = {crypt(PASSWORD, '$y$j9T$saltsalt$')}\n"
                        f"[install]\nscript = {url}/script\nwebhook = {url}/result\n")


@pytest.fixture(scope="module")
def installed(work, key, iso):
    """The installation, and what the server was asked."""
    with web_server() as server:
        server.paths = {"/script": SCRIPT, "/answers": settings(key, server.url), "/result": "thanks"}
        done = install("settings", LOGS / "test_settings", key, iso,
                       blank_disk(work / "settings.qcow2"), answers=None,
                       extra=["-smbios", "type=1,product=Box 3000,serial=SN0042"],
                       boot=direct_boot(iso, work, f"answers-post={server.url}/answers"))
        return done, server


def test_servers(installed):
    """The answers come from a server that is told the machine; it gets the result, too.

        ISO (CD) + vda --- machine --- NAT --- web server: answers, script, webhook
    """
    done, server = installed
    assert server.asked == ["/answers", "/script", "/result"]
    machine, result = (json.loads(body) for body in server.posted)
    assert (machine["product"], machine["serial"]) == ("Box 3000", "SN0042")
    assert [(nic["mac"], nic["carrier"]) for nic in machine["nics"]] == [(MACS[0], True)]
    assert {disk["path"]: disk["usable"] for disk in machine["disks"]} == {
        "/dev/sr0": False, "/dev/vda": True}
    assert result["result"] == "ok" and result["error"] is None
    assert (result["id"], result["hostname"]) == (done.id, "settled1")
    assert result["addresses"] == ["10.0.2.15", "2001:db8::5"]
    assert result["fingerprint"].startswith("SHA256:")


@pytest.fixture
def host(installed, disk_alone):
    """With a second NIC in the same network, and a third at the end of a cable."""
    peer, port = Peer("192.0.2.9", "2001:db8::9"), free_port()
    second = ["-netdev", f"user,id=net2,hostfwd=tcp:127.0.0.1:{port}-:22", "-device",
              f"virtio-net-pci,netdev=net2,mac={MACS[1]},romfile="]
    host = disk_alone(installed[0], extra=[*second, *peer.arguments(MACS[2])])
    host.peer, host.second_port = peer, port
    yield host
    peer.close()


def assert_bond_and_time(host, fingerprint):
    bond = "/sys/class/net/bond0/bonding"
    assert host.succeed(f"cat {bond}/mode").split() == ["active-backup", "1"]
    assert host.succeed(f"cat {bond}/slaves").split() == ["eth0", "eth1"]
    assert host.succeed("ls /sys/class/net/br0/brif").split() == ["bond0"]
    assert "2001:db8::5/64" in host.succeed("ip -6 addr show dev br0")
    assert "default via fe80::1 dev br0" in host.succeed("ip -6 route")
    assert host.succeed("ip -6 addr show dev eth0; ip -6 addr show dev bond0") == ""
    assert host.succeed("cat /etc/resolv.conf") == "nameserver 192.0.2.53\n"
    assert host.succeed("date -d @1815264000 '+%F %R %Z'").strip() == "2027-07-10 20:00 EDT"
    assert host.succeed("tr '\\0' ' ' </proc/$(pidof ntpd)/cmdline").split() == [
        "ntpd", "-n", "-p", "192.0.2.1", "-p", "ntp.example.com"]
    assert host.succeed("cat /run/paravane/fingerprint").strip() == fingerprint


def log_in(host, password, command="exit"):
    """At the console; waits for the page and for the shell's prompt."""
    person = Person(host)
    person.reads("Press Enter to log in.")
    person.types("")
    person.reads("Password:")
    person.types(password)
    person.reads("root@settled1:", 30)
    person.types(command)


def unplug_first(host):
    """ssh goes on through the second NIC, whose network has a port of its own here."""
    host.qmp.monitor("set_link net off")
    host.ssh.forget()
    host.port, host.ssh.port = host.second_port, str(host.second_port)
    host.wait_for_ssh()


def assert_vlan_of_a_guest(host):
    """What a guest with a VLAN sends leaves the host with the tag, and without it only a guest that has none."""
    host.succeed("brctl addbr brt; brctl setfd brt 0; brctl addif brt eth2; ip link set eth2 up; ip link set brt up")
    for name, last, more in (("tagged", 7, "--vlan 30"), ("plain", 8, "")):
        host.succeed(f"guest create {name} --template mini --bridge brt --ip 192.0.2.{last}/24 {more} --start", 240)
    host._until(lambda: host.peer.ask("192.0.2.7", 30) == 30, 120, "the guest's answer in VLAN 30")
    host._until(lambda: host.peer.ask("192.0.2.8") == 0, 120, "the other's without one")
    for address, vlan in (("192.0.2.7", None), ("192.0.2.7", 31), ("192.0.2.8", 30)):
        assert host.peer.ask(address, vlan) is None, f"{address} in VLAN {vlan}"
    host.succeed("guest destroy tagged; guest destroy plain; brctl delif brt eth2; ip link set brt down; brctl delbr brt", 120)


def test_settings(installed, host):
    """Two NICs as one: either may be unplugged. A guest in a VLAN is so outside, too.

        vda --- machine, eth0 and eth1: bond0 --- NAT
                         eth2: brt, tagged (vlan 30), plain --- the test, which speaks frames
    """
    done, server = installed
    assert_bond_and_time(host, json.loads(server.posted[1])["fingerprint"])
    assert host.succeed("cat /etc/paravane/note").split() == [done.id, "/dev/vda", "settled1"]
    log_in(host, PASSWORD)
    assert_vlan_of_a_guest(host)

    active = "cat /sys/class/net/bond0/bonding/active_slave"
    assert host.succeed(active).strip() == "eth0"
    unplug_first(host)
    assert host.succeed(active).strip() == "eth1"

    text = host.succeed("host config export -")
    assert [line for line in text.splitlines() if line.startswith("nic = ")] == [
        f"nic = {MACS[0]}", f"nic = {MACS[1]}"]


def assert_is_in_vlan_alone(peer, mac):
    assert peer.ping("192.0.2.5", mac, 10) == 10
    assert peer.ping("192.0.2.5", mac) is None
    for vlan in (None, 11):
        assert peer.ask("192.0.2.5", vlan) is None
        assert peer.ask("2001:db8::5", vlan) is None
    # as who looks whether the address is taken
    mine, peer.mine4 = peer.mine4, bytes(4)
    assert peer.ask("192.0.2.5", 10) == 10
    assert peer.ask("192.0.2.5") is None
    peer.mine4 = mine


@pytest.mark.faults
def test_vlan(host):
    """The host moves to a VLAN, with fixed addresses, and its guests with it.

        vda --- machine, eth2: vlan10 --- the test, which speaks frames
    """
    text = host.succeed("host config export -")
    # a host's configuration is taken over with what was changed in the file
    moved = text.replace("bond = active-backup\n", "vlan = 10\n")
    moved = moved.replace(f"nic = {MACS[0]}\nnic = {MACS[1]}", f"nic = {MACS[2]}")
    moved = moved.replace("method = dhcp", "method = static\naddress = 192.0.2.5/24")
    moved = moved.replace("[console]\n", f"[console]\npassword-hash = {crypt('other', '$6$saltsalt$')}\n")
    host.succeed(f"cat >/run/config <<'EOF'\n{moved}EOF")
    host.succeed("host config import /run/config")
    assert host.peer.ask("192.0.2.5", 10) is None
    host._ssh("reboot", 10)
    host._until(lambda: host.peer.ask("192.0.2.5", 10) == 10, 120, "an answer in VLAN 10")
    host._until(lambda: host.peer.ask("2001:db8::5", 10) == 10, 10, "IPv6 in VLAN 10")
    assert_is_in_vlan_alone(host.peer, MACS[2])
    log_in(host, "other", "guest create web --template mini --ip 192.0.2.6/24 --start; exit")
    host._until(lambda: host.peer.ask("192.0.2.6", 10) == 10, 120, "the guest's answer in VLAN 10")
    assert host.peer.ask("192.0.2.6") is None


@pytest.mark.faults
def test_vlan_over_a_bond(new_machine, new_disk, key, iso):
    """Two NICs as one, in a VLAN, from the answers on: the host answers there alone, whichever cable is left.

        ISO (CD) + vda --- machine
        vda --- machine, eth0 and eth1: bond0, vlan10 === the test, which speaks frames
    """
    done = install("vlan-bond", LOGS / "test_settings", key, iso, new_disk("installed"), answers=answers(
        key, "tagged1", network=f"bond = active-backup\nnic = {MACS[0]}\nnic = {MACS[1]}\nvlan = 10\n"
        "method = static\naddress = 192.0.2.5/24\n"
        "method6 = static\naddress6 = 2001:db8::5/64\ngateway6 = fe80::1"))
    with contextlib.ExitStack() as stack:
        cables = {name: stack.enter_context(contextlib.closing(Peer("192.0.2.9", "2001:db8::9")))
                  for name in ("cable0", "cable1")}
        host = new_machine("host", kind=Host, disks=[done.disk], network=False, extra=[
            word for (name, peer), mac in zip(cables.items(), MACS) for word in peer.arguments(mac, name)])
        host.start()
        host._until(lambda: cables["cable0"].ask("192.0.2.5", 10) == 10, 120, "an answer in VLAN 10")
        host._until(lambda: cables["cable0"].ask("2001:db8::5", 10) == 10, 30, "IPv6 in VLAN 10")
        # the bond has its first NIC's MAC
        assert_is_in_vlan_alone(cables["cable0"], MACS[0])
        for pulled, left in (("cable0", "cable1"), ("cable1", "cable0")):
            assert cables[left].ask("192.0.2.5", 10) is None, f"{left} waits for its turn"
            host.qmp.monitor(f"set_link {pulled} off")
            host._until(lambda end=cables[left]: end.ask("192.0.2.5", 10) == 10, 30, f"an answer by {left}")
            assert_is_in_vlan_alone(cables[left], MACS[0])
            host.qmp.monitor(f"set_link {pulled} on")


@pytest.mark.faults
def test_script_fails(new_machine, new_disk, key, iso, work):
    """The script at the end fails: so has the installation, the server hears why, and the disk does not start.

        ISO (CD) + vda --- machine --- NAT --- web server: script, webhook
    """
    with web_server() as server:
        server.paths = {"/script": "#!/bin/sh\necho no such rack >&2\nexit 3\n"}
        text = settings(key, server.url)
        machine = new_machine("script", iso=iso, disks=[new_disk("script")], answers=text).start()
        machine.wait_for_console("The installation failed (exit code 1)")
        assert machine.console.find("undo state") and not machine.console.find(r"\d\] boot-bios")
        assert server.asked == ["/script", "/result"]
        result = json.loads(server.posted[0])
        assert result["result"] == "failed"
        assert "script" in result["error"] and "no such rack" in result["error"]


@pytest.mark.faults
def test_answers_on_the_iso(work, key, iso):
    """An ISO that has its answers on it installs by them, as nothing else says more.

        ISO with answers.ini (CD) + vda --- machine --- NAT
    """
    (work / "answers.ini").write_text(answers(key, "baked1"))
    own = work / "own.iso"
    subprocess.run(["xorriso", "-report_about", "FAILURE", "-indev", iso, "-outdev", own,
                    "-boot_image", "any", "replay", "-map", work / "answers.ini", "/answers.ini"],
                   check=True, capture_output=True)
    log = LOGS / "test_settings"
    assert install("own", log, key, own, blank_disk(work / "own.qcow2"), answers=None).id
    assert Console(log / "own-serial.log").read().find("the answers are from 'the ISO's answers.ini'")
