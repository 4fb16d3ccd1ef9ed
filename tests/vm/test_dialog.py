# SPDX-License-Identifier: GPL-2.0-or-later
"""test_dialog.py: an installation that a person at a console answers for."""
import os
import pathlib
import subprocess

import pytest

from guests import Host
from install import blank_disk
from machine import Line
from media import labelled_volume
from screens import Terminal, Vga

SCREENSHOTS = os.environ.get("PVN_SCREENSHOTS")


class Person:
    """Reads the console and types, as fast as the pages come."""

    def __init__(self, machine):
        self.machine = machine
        self.answered = 0

    def reads(self, text, limit=60):
        """What comes after the last answer."""
        self.machine._until(lambda: self.machine.console.read().shows(text, self.answered),
                            limit, f"'{text}' on the console")

    def types(self, text):
        self.answered = len(self.machine.console.read().text)
        self.machine.type_on_console(text + "\r")


@pytest.mark.faults
def test_plain_text(new_machine, work, iso, key):
    """Page by page, with mistakes and ways back; then the host is as it was asked for.

        ISO (CD), vda, vdb --- machine, nobody wrote an answer file --- NAT
    """
    disk = blank_disk(work / "dialog.qcow2")
    machine = new_machine("dialog", iso=iso, disks=[disk, blank_disk(work / "dialog2.qcow2")]).start()
    public = key.with_suffix(".pub").read_text().strip()
    person = Person(machine)
    person.reads("No answer file was found", 400)
    person.reads("P: plain text")
    machine.type_on_console("p")
    person.reads("BIOS, 2 disks that Paravane can be installed on, 1 network interface with a link")
    person.types("")
    person.reads("an optical drive")
    person.reads("Number, or b for back: ")
    person.types("7")
    person.reads("'7' is none of these: a number from 1 to 2 is expected")
    person.types("2")
    person.reads("Shall a second disk have all that '/dev/vdb' has (RAID1)?")
    person.types("b")
    person.reads("On which disk shall Paravane be installed?")
    person.types("1")
    person.reads("none: '/dev/vda' alone")
    person.reads("Number, or b for back [1]")
    person.types("")
    person.reads("Which interface is the host's own?")
    person.types("2")
    person.reads("VLAN, 1 to 4094")
    person.types("5000")
    person.reads("'5000' can't be taken")
    person.types("")
    person.reads("How does the host get its address")
    person.types("2")
    person.reads("Address and prefix length")
    person.types("10.0.2.300/24")
    person.reads("expected an IPv4 address and prefix length")
    person.types("10.0.2.77/24")
    person.reads("Default gateway")
    person.types("b")
    person.reads("How does the host get its address")
    person.types("b")
    person.reads("VLAN, 1 to 4094")
    person.types("")
    person.reads("How does the host get its address")
    person.types("1")
    person.reads("And its IPv6 address?")
    person.types("1")
    person.reads("Name, like xen1")
    person.types("no_name")
    person.reads("'no_name' can't be taken: expected letters, digits")
    person.types("xen7")
    person.reads("Without one nobody could")
    person.types("1")
    person.reads("A line of a .pub file")
    person.types("ssh-ed25519 AAAA nonsense")
    person.reads("can't be taken: expected a whole key")
    person.types(public)
    person.reads("These are all: go on")
    person.types("")
    person.reads("Password, or b for back")
    person.types("sesame")
    person.reads("The same again")
    person.types("simsim")
    person.reads("These are not the same")
    person.types("sesame")
    person.reads("Time zone, like Europe/Berlin")
    person.types("berlin")
    person.reads("Is it one of these: Europe/Berlin?")
    person.types("Europe/Berlin")
    person.reads("Time servers")
    person.types("none")
    person.reads("ERASED /dev/vda")
    person.types("b")
    person.reads("Time zone, like Europe/Berlin")
    person.types("")
    person.reads("Time servers")
    person.types("")
    person.reads("Type 'vda' to erase this disk and install")
    person.types("yes")
    person.reads("Nothing was done yet")
    person.types("vda")
    person.reads("Press Enter to restart", 300)
    machine.kill()

    host = new_machine("installed", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    assert host.succeed("hostname").strip() == "xen7"
    assert "nic=52:54:00" in host.succeed("cat /etc/paravane/network")
    host.wait_until_succeeds("host health")


class Photographer(Vga):
    """Keeps a picture of each page where docs/installer/ is to be made anew."""

    def keeps(self, name):
        if not SCREENSHOTS:
            return
        self.text()
        path = pathlib.Path(SCREENSHOTS) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as png:
            subprocess.run(["pnmtopng", "-quiet", "-compression", "9", self.picture], stdout=png, check=True)


def test_windows_on_vga(new_machine, new_disk, work, iso, key):
    """On the screen, read back as a picture, up to what would be erased. COM2 shows the same
    dialogue, and hears that somebody has begun.

        ISO (CD), vda, vdb, key on a USB stick --- machine, screen, keyboard, COM2, two NICs --- NAT
    """
    public = key.with_suffix(".pub").read_text()
    stick = labelled_volume(work / "keys.img", {"me.pub": public}, "KEYS")
    machine = new_machine("vga", iso=iso, disks=[new_disk("vga"), new_disk("vga2")])
    com2 = Line(machine.folder / "com2", machine.log / "vga-com2.log")
    machine.extra += [*com2.arguments("com2"), "-device", "virtio-net-pci",
                      "-drive", f"if=none,id=stick,file={stick},format=raw", "-device", "qemu-xhci",
                      "-device", "usb-storage,drive=stick"]
    machine.start()
    person = Photographer(machine)
    person.reads("P: plain text", "2 disks that Paravane can be installed on", limit=400)
    person.keeps("welcome")
    person.types("\r")
    person.reads("The disk (1 of 7)", "an optical drive", "/dev/vda")
    person.keeps("disk")
    person.types("\r")
    person.reads("(RAID1)?", "none: '/dev/vda' alone", "/dev/vdb")
    person.keeps("raid")
    person.presses("down")
    person.types("\r")
    person.reads("Which interface is the host's own?")
    person.keeps("interface")
    for _ in range(3):
        person.presses("down")
    person.types("\r")
    person.reads("Which interfaces are the bond's?")
    person.types("  ")
    person.reads("[*] eth0", "[*] eth1")
    person.keeps("bond")
    person.types("\r")
    person.reads("How do they work together?")
    person.keeps("bond-mode")
    person.types("\r")
    person.reads("VLAN, 1 to 4094")
    person.types("42")
    person.keeps("vlan")
    person.types("\r")
    person.reads("How does the host get its address")
    person.keeps("ipv4")
    person.presses("down")
    person.types("\r")
    person.reads("Default gateway")
    person.types("192.0.2.5/24\t192.0.2.1\t192.0.2.1")
    person.reads("192.0.2.5/24")
    person.keeps("address")
    person.types("\r")
    person.reads("And its IPv6 address?")
    person.keeps("ipv6")
    person.types("\r")
    person.reads("Name, like xen1")
    person.types("xen1")
    person.keeps("hostname")
    person.types("\r")
    person.reads("Without one nobody could")
    person.presses("down")
    person.presses("down")
    person.types("\r")
    person.reads("ssh-ed25519 paravane-test", "These are all")
    person.keeps("keys")
    person.types("\r")
    person.reads("The same again")
    person.keeps("password")
    person.types("\r\r")
    person.reads("Time zone")
    person.keeps("time")
    person.types("\r\r")
    person.reads("ERASED /dev/vda", "ERASED /dev/vdb", "192.0.2.5/24, gateway 192.0.2.1", "active-backup, VLAN 42")
    person.types("vda vdb")
    person.reads("erase these disks and install", " vda vdb__")
    person.keeps("summary")

    other = Terminal(machine, com2)
    other.types("\x0c")
    other.reads("P: plain text")
    other.types("\r")
    other.reads("On another console")
    com2.close()
    if not SCREENSHOTS:
        return
    person.types("\r")
    person.reads("Installing", limit=120)
    person.keeps("progress")
    person.reads("Paravane is installed", limit=300)
    person.keeps("done")


@pytest.mark.faults
def test_windows_on_a_serial_line(new_machine, new_disk, iso, key):
    """Xen's console, from the first page to the last; then the host is as it was asked for.

        ISO (CD), vda --- machine, COM1 --- NAT
    """
    disk = new_disk("serial")
    machine = new_machine("serial", iso=iso, disks=[disk]).start()
    person = Terminal(machine, machine.line)
    for shown, typed in (
            ("P: plain text", "\r"), ("an optical drive", "\r"),
            ("Which interface is the host's own?", "\r"), ("VLAN, 1 to 4094", "\r"),
            ("How does the host get its address", "\r"), ("And its IPv6 address?", "\r"),
            ("Name, like xen1", "xen8\r"), ("Without one nobody could", "\r"),
            ("A line of a .pub file", key.with_suffix(".pub").read_text().strip() + "\r"),
            ("These are all", "\r"), ("The same again", "\r\r"), ("Time zone", "\r\r"),
            ("ERASED /dev/vda", "vda\r")):
        person.reads(shown, limit=400)
        person.types(typed)
    person.reads("Installing", limit=120)
    person.reads("Paravane is installed", "SHA256:", limit=300)
    person.types("\r")
    machine.wait_for_exit()

    host = new_machine("installed", kind=Host, disks=[disk]).start()
    host.wait_for_boot()
    assert host.succeed("hostname").strip() == "xen8"
