# SPDX-License-Identifier: GPL-2.0-or-later
"""test_boot.py: the ISO boots in each of the four ways, on another console, and as a live system."""
import pytest

from console import Console
from guests import Host
from install import answers
from machine import Line
from media import direct_boot


@pytest.fixture(scope="module", params=["bios", "uefi"])
def both(request, key, iso):
    """A machine with the CD and one with the stick, started together."""
    from conftest import LOGS
    from machine import Machine

    machines = {
        media: Machine(f"{request.param}-{media}", LOGS / "test_boot", key, iso=iso,
                       firmware=request.param, media=media)
        for media in ("cd", "usb")
    }
    for machine in machines.values():
        machine.start()
    yield machines
    for machine in machines.values():
        machine.close()


@pytest.mark.parametrize("media", ["cd", "usb"])
def test_iso_starts_the_installer(both, media):
    """Without answers the installer says so and asks; there is a root shell for those who want it.

        ISO as CD or USB stick --- machine, no disk --- NAT
    """
    machine = both[media]
    machine.wait_for_console("No answer file was found", 400)
    machine.wait_for_console("Install Paravane on this machine", 60)
    machine.type_on_console("p")
    machine.wait_for_console("Number", 30)
    machine.type_on_console("3\r")
    machine.wait_for_console("this is a root shell", 30)
    machine.close()


def assert_tests_the_machine(machine):
    """It says what it found, on the serial line and on the screen, and leaves a live system with the ISO."""
    machine.wait_for_console("network    good  eth0 has a link", 400)
    machine.wait_for_console("disks      bad   no disk is known here", 30)
    machine.wait_for_console("guest      good  a PV guest was started", 120)
    machine.wait_for_console('What has "bad" speaks against it.', 30)
    machine.wait_for_console("Live system: nothing on this machine's disks is used or "
                             "changed. This is a root shell.", 30)
    machine.wait_for_console("root@paravane:~#", 30)
    machine.type_on_console("mountpoint /slot\r")
    machine.wait_for_console("/slot is a mountpoint", 30)
    machine.type_on_console("tr -s ' ' </dev/vcs1 | grep -c 'guest good a PV' | sed s/^/screen:/\r")
    machine.wait_for_console("screen:1", 30)


def test_live(new_machine, iso, work):
    """The menu's 'Test this machine' shows what is found, and leaves the live system's root
    shell, which has the ISO's files.

        ISO (CD), Xen started as by its menu --- machine, no disk --- NAT
    """
    machine = new_machine("live", iso=iso,
                          boot=direct_boot(iso, work, "", label="selftest")).start()
    assert_tests_the_machine(machine)


@pytest.mark.faults
def test_live_by_uefi(new_machine, iso):
    """The same on UEFI, where a person at the keyboard takes GRUB's entry.

        ISO (CD) --- machine, UEFI, no disk --- NAT
    """
    machine = new_machine("live", iso=iso, firmware="uefi").start()
    machine.wait_for_console("Test this machine", 60)
    for pressed in ("down", "down", "ret"):
        machine.qmp.monitor(f"sendkey {pressed}")
    assert_tests_the_machine(machine)


def second_line(machine):
    """Gives it COM2; what comes there."""
    machine.com2 = Line(machine.folder / "com2", machine.log / f"{machine.name}-com2.log")
    machine.extra += machine.com2.arguments("com2")
    return Console(machine.com2.log)


@pytest.mark.faults
def test_second_serial_line(new_machine, new_disk, key, iso, work):
    """The menu's entry for a console on COM2: the installer is there, and the installed host for good.

        ISO (CD), Xen started as by its menu, vda --- machine, COM1 and COM2 --- NAT
        vda --- machine, COM1 and COM2 --- NAT
    """
    disk = new_disk("com2")
    machine = new_machine("installer", iso=iso, disks=[disk], answers=answers(key),
                          boot=direct_boot(iso, work, "", label="install-com2"))
    com2 = second_line(machine)
    machine.start()
    machine.wait_for_exit()
    assert com2.read().find("installed Paravane as") and com2.find(r"\(XEN\)|Xen \d")

    host = new_machine("host", kind=Host, disks=[disk])
    com2 = second_line(host)
    host.start()
    host.wait_for_boot()
    host._until(lambda: com2.read().shows("No console password is set: log in over ssh."), 30, "its page on COM2")
    assert "(XEN)" in com2.text and "(XEN)" not in host.console.read().text
    host.reboot()
    assert "console=com2,vga" in host.succeed("xl info | grep ^xen_commandline")
