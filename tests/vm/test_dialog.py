# SPDX-License-Identifier: GPL-2.0-or-later
"""test_dialog.py: an installation that a person at the serial console answers for."""
from guests import Host
from install import blank_disk


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


def test_person_answers(new_machine, work, iso, key):
    """Page by page, with mistakes and ways back; then the host is as it was asked for.

        ISO (CD), vda --- machine, nobody wrote an answer file --- NAT
    """
    disk = blank_disk(work / "dialog.qcow2")
    machine = new_machine("dialog", iso=iso, disks=[disk]).start()
    public = key.with_suffix(".pub").read_text().strip()
    person = Person(machine)
    person.reads("No answer file was found", 400)
    person.reads("BIOS, 1 disk that Paravane can be installed on, 1 network interface with a link")
    person.types("")
    person.reads("can't be used: an optical drive")
    person.reads("Number, or b for back [1]")
    person.types("7")
    person.reads("'7' is none of these: a number from 1 to 1 is expected")
    person.types("1")
    person.reads("Which interface is the host's own?")
    person.types("2")
    person.reads("How does the host get its address?")
    person.types("2")
    person.reads("Address and prefix length")
    person.types("10.0.2.300/24")
    person.reads("expected an IPv4 address and prefix length")
    person.types("10.0.2.77/24")
    person.reads("Default gateway")
    person.types("b")
    person.reads("Which interface is the host's own?")
    person.types("")
    person.reads("How does the host get its address?")
    person.types("1")
    person.reads("Name, like xen1")
    person.types("no_name")
    person.reads("'no_name' can't be taken: expected letters, digits")
    person.types("xen7")
    person.reads("A key or a URL")
    person.types("")
    person.reads("Without a key nobody could log in")
    person.types("ssh-ed25519 AAAA nonsense")
    person.reads("can't be taken: expected a whole key")
    person.types(public)
    person.reads("One more key")
    person.types("")
    person.reads("ERASED    /dev/vda")
    person.types("b")
    person.reads("One more key")
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
