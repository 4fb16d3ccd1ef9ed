# SPDX-License-Identifier: GPL-2.0-or-later
"""test_rescue.py: a host whose state partition is damaged says what to do, and that helps."""
import subprocess

from guests import Host

import pytest

pytestmark = pytest.mark.faults

STATE = 578 << 20  # where the partition is: 1 MiB, bios 1, esp 64, two slots of 256
REPAIR = "e2fsck -y /dev/vda5; mount -t ext4 /dev/vda5 /mnt; echo state of $(cat /mnt/etc/hostname)"


def erase_superblock(disk):
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", f"write -P 0 {STATE + 1024} 1024", disk],
                   check=True, capture_output=True)


def choose_rescue(machine):
    """Press its key until GRUB has taken it: nobody sees GRUB's second for that."""
    machine.wait_for_firmware("Booting from Hard Disk")
    machine._until(lambda: "Xen" in machine.console.text or machine.qmp.press("r"),
                   60, "Xen to start")


def test_damaged_state_partition(installed_bios, new_disk, new_machine):
    """The console names the remedy, ssh still takes the host's keys, and the boot menu's
    'Rescue' is a system to repair it from.

        vda, its state partition without a superblock --- machine --- NAT
    """
    disk = new_disk("disk", installed_bios.disk)
    erase_superblock(disk)
    host = new_machine("host", kind=Host, disks=[disk]).start()
    host.wait_for_ssh()
    assert host.succeed("hostname").strip() == "xen1"
    host.fail("mountpoint -q /state")
    host.wait_for_console("the state partition /dev/vda5 can't be mounted, nothing is kept: "
                          "run 'e2fsck -y /dev/vda5' over ssh or in the boot menu's 'Rescue' "
                          "(press r, or hold Shift, as the host starts), then reboot", 60)
    host.kill()

    rescue = new_machine("rescue", disks=[disk]).start()
    choose_rescue(rescue)
    rescue.wait_for_console("This is a root shell", 300)
    rescue.wait_for_console("root@paravane:~#", 30)
    rescue.type_on_console(REPAIR + "\r")
    rescue.wait_for_console("state of xen1", 120)
