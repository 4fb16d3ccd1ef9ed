# SPDX-License-Identifier: GPL-2.0-or-later
"""test_rescue.py: what a host starts from is damaged: it comes up, says so, and is mended; and the
rescue system mends or installs it without other media."""
import subprocess

import pytest

from guests import Host
from images import MIB
from install import answers
from qemu import Disk

# where the partitions are: 1 MiB, bios 1, esp 64, two slots of 256
ESP, STATE = 2 * MIB, 578 * MIB
ESP_DEVICE = "/dev/vda2"
NOTES = "/state/boot"
# as a person would edit it: the file has always 1024 bytes
SET_ARGUMENTS = ("sed -i 's/^kernel_args=/&x.y=z/; s/#####$//' /mnt/grub/grubenv &&"
                 " test $(stat -c %s /mnt/grub/grubenv) = 1024")
MENDED = "grep -qF 'what this host starts from was damaged and is mended' /run/paravane/warnings"


def erase(disk, offset, size):
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", f"write -P 0 {offset} {size}", disk],
                   check=True, capture_output=True)


def choose_rescue(machine):
    """Press its key until GRUB has taken it: nobody sees GRUB's second for that."""
    machine.wait_for_firmware("Booting from Hard Disk")
    machine._until(lambda: "Xen" in machine.console.text or machine.qmp.press("r"),
                   60, "Xen to start")


def boot(new_machine, disk, **settings):
    host = new_machine("host", kind=Host, disks=[disk], **settings).start()
    host.wait_for_ssh()
    return host


def assert_starts_by_itself(host, id):
    """The next start goes the usual way, by GRUB's own variables."""
    host.reboot()
    host.wait_for_boot()
    assert f"paravane.install={id}" in host.succeed("cat /proc/cmdline")
    assert "nothing to mend" in host.succeed("host repair", 120)
    host.wait_until_succeeds("host health")
    host.succeed("host slots; test ! -s /run/paravane/warnings")


@pytest.mark.faults
@pytest.mark.parametrize("firmware, lost", [
    ("bios", "partition"), ("uefi", "partition"), ("uefi", "files")])
def test_boot_partition_is_lost(request, new_disk, new_machine, firmware, lost):
    """The EFI system partition is full of zeros: the host comes up as ever, with the arguments that
    were in grubenv, and has mended it. (UEFI starts from it; this one then takes the ISO in a slot.) Or its
    menu and grubenv are gone, and their copy on the state partition, too: the host finds out
    which one it is.

        vda, its ESP damaged --- machine
    """
    installed = request.getfixturevalue(f"installed_{firmware}")
    disk = new_disk("disk", installed.disk)
    host = boot(new_machine, disk, firmware=firmware)
    host.wait_until_succeeds("test -s /state/schema")
    notes = host.succeed(f"stat -c %i {NOTES}")
    host.succeed(f"mount {ESP_DEVICE} /mnt && {SET_ARGUMENTS} && umount /mnt && host commit")
    # written in place: GRUB replays no journal
    assert notes == host.succeed(f"stat -c %i {NOTES}")
    if lost == "files":
        host.succeed(f"mount {ESP_DEVICE} /mnt && rm -r /mnt/grub {NOTES} && umount /mnt")
    host.succeed("sync")
    host.kill()
    if lost == "partition":
        erase(disk, ESP, MIB)
    host = boot(new_machine, disk, firmware=firmware)
    found = host.succeed("cat /proc/cmdline")
    assert (" x.y=z" if lost == "partition" else "paravane.install= ") in found
    assert host.json("host status")["hostname"] == "xen1"
    host.wait_until_succeeds(MENDED)
    host.succeed("mountpoint -q /state")
    host.wait_until_succeeds("host health")
    assert_starts_by_itself(host, installed.id)
    assert (" x.y=z" in host.succeed("cat /proc/cmdline")) == (lost == "partition")


def test_rescue_over_ssh(installed_bios, new_disk, new_machine, key):
    """'host rescue' starts the rescue system once, ssh reaches it as before, nothing holds the
    disk.

        desk --- ssh --- host, rescue, host
    """
    host = boot(new_machine, new_disk("disk", installed_bios.disk))
    host.wait_for_boot()
    host_key = host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key")
    assert "into the rescue system" in host.succeed("host rescue")
    host.reboot()
    assert host.succeed("cat /run/paravane/mode").startswith("mode=live\n")
    assert host.succeed("hostname").strip() == "xen1"
    assert host_key == host.succeed("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key")
    assert "/dev/vda" not in host.succeed("cat /proc/mounts")
    assert "nothing to mend" not in host.succeed("host repair --dry-run")
    found = host.json("host selftest", 120)
    assert found["good"], found
    host.succeed("host repair", 120)
    # once
    host.reboot()
    host.wait_for_boot()
    host.wait_until_succeeds("host health")


@pytest.mark.faults
def test_rescue_installs_over_ssh(installed_bios, new_disk, new_machine, key):
    """The rescue system installs another host in the place of this one.

        desk --- ssh --- host, rescue, another host
    """
    host = boot(new_machine, new_disk("disk", installed_bios.disk))
    host.wait_for_boot()
    host.reboot(command="host rescue --reboot")
    refused = host.fail("host slots")
    assert "not started from a slot" in refused.stderr
    text = answers(key, hostname="xen2", end="[install]\nfinish = reboot\n")
    host.succeed(f"cat >/run/answers.ini <<'EOF'\n{text}EOF")
    installed = host.succeed("paravane-install --answers /run/answers.ini", 300)
    assert "installed Paravane as" in installed
    host.reboot()
    host.wait_for_boot()
    assert host.json("host status")["hostname"] == "xen2"


@pytest.mark.faults
def test_state_partition_without_superblock(installed_bios, new_disk, new_machine):
    """The host comes up without it, ssh takes its keys, and it is mended from its second
    superblock, after a copy went into the pool; the next start has it.

        vda, its state partition damaged --- machine
    """
    disk = new_disk("disk", installed_bios.disk)
    erase(disk, STATE + 1024, 1024)
    host = boot(new_machine, disk)
    assert host.succeed("hostname").strip() == "xen1"
    host.fail("mountpoint -q /state")
    host.wait_for_console("the state partition /dev/vda5 can't be mounted, nothing is kept: "
                          "run 'host repair' over ssh or in the boot menu's 'Rescue' "
                          "(press r, or hold Shift, as the host starts), then reboot", 60)
    host.wait_until_succeeds(MENDED, 240)
    assert " state-old" in host.succeed("lvs --noheadings -o lv_name")
    host.reboot()
    host.wait_for_boot()
    assert host.succeed("cat /state/etc/hostname").strip() == "xen1"
    host.succeed("host health")


@pytest.mark.faults
def test_state_partition_is_full(installed_bios, new_disk, new_machine):
    """To the last byte: the host comes up, ssh answers, the console says why it is in trouble."""
    host = boot(new_machine, new_disk("disk", installed_bios.disk))
    host.wait_for_boot()
    host.run("dd if=/dev/zero of=/state/filler bs=1M; dd if=/dev/zero of=/state/rest bs=1; sync", 300)
    host.reboot()
    host.wait_for_console("the state partition is full", 60)
    host.succeed("guest list; rm -f /state/filler /state/rest")
    host.reboot()
    host.wait_for_boot()
    host.wait_until_succeeds("host health && test ! -s /run/paravane/warnings")


@pytest.mark.faults
def test_disk_is_read_only(installed_bios, new_disk, new_machine):
    """As one is that has failed: ssh takes the host's keys, and the console says what to do."""
    disk = Disk(new_disk("disk", installed_bios.disk), read_only=True)
    host = boot(new_machine, disk)
    host.wait_for_console("can't be written, nothing is kept and guests stay down", 60)
    assert host.succeed("hostname").strip() == "xen1"


@pytest.mark.faults
def test_state_partition_is_lost(installed_bios, new_disk, new_machine, key):
    """Nothing in it can be read: nothing is made anew while nobody watches; in the rescue system
    'host repair' asks for a key, and makes it.

        vda, zeros where its state partition was --- machine
    """
    disk = new_disk("disk", installed_bios.disk)
    erase(disk, STATE, 400 * MIB)
    host = new_machine("host", kind=Host, disks=[disk]).start()
    host.wait_for_console("'host repair' makes it anew", 400)
    host.kill()

    rescue = new_machine("rescue", kind=Host, disks=[disk]).start()
    choose_rescue(rescue)
    rescue.wait_for_console("root@paravane:~#", 300)
    rescue.type_on_console("host repair\r")
    rescue.wait_for_console("nobody could log in to a new one", 240)
    public = key.with_suffix(".pub").read_text().strip()
    rescue.type_on_console(f"echo '{public}' >/etc/dropbear/authorized_keys\r")
    rescue.wait_for_ssh()
    assert "is made anew" in rescue.succeed("host repair", 240)
    rescue.reboot()
    rescue.wait_for_boot()
    rescue.wait_until_succeeds("host health")
    assert rescue.succeed("lvs --noheadings -o lv_name").count("state-old") == 1
