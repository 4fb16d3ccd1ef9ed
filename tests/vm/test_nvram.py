# SPDX-License-Identifier: GPL-2.0-or-later
"""test_nvram.py: the firmware's boot entry: written, taken over, started, and what comes when it can't be."""
import pytest

from guests import Host
from install import answers
from test_install_failure import open_ssh, run_installer

pytestmark = pytest.mark.faults

VARS = "/sys/firmware/efi/efivars"
WARNING = "warning: the firmware was not told of the host: "
# Variables of no use, until there is no room.
FILL = f"""
mount -t efivarfs efivarfs {VARS}
for size in 8192 1024 64; do
	head -c $size /dev/zero >/run/zeros
	for n in $(seq 200); do
		{{ printf '\\7\\0\\0\\0'; cat /run/zeros; }} | dd bs=16384 iflag=fullblock 2>/dev/null \\
			of={VARS}/Fill$size.$n-12345678-1234-1234-1234-123456789abc || break
	done
done
ls {VARS} | grep -c ^Fill
"""


def entries(machine):
    """Names of the boot entries that are ours."""
    return machine.succeed("mkdir -p /run/v; mount -t efivarfs efivarfs /run/v; cd /run/v;"
                           "for v in Boot0*; do tr -d '\\0' <$v | grep -q Paravane && echo ${v%%-*}; done;"
                           "cd /; umount /run/v").split()


def test_entry(new_machine, new_disk, key, iso):
    """One that can't be written, or has no room, is a warning; one that is there is taken over; it goes
    with an installation that fails, and the firmware starts it.

        ISO (CD) + vda, vdb, 8 GiB, blank --- machine, UEFI --- NAT
        vda, not in QEMU's own order --- machine, UEFI with what it remembers --- NAT
    """
    disk = new_disk("vda")
    machine = new_machine("uefi", iso=iso, disks=[disk, new_disk("vdb")], firmware="uefi", answers="[bogus]\n",
                          fw_cfg={"opt/test/key": key.with_suffix(".pub").read_text()}).start()
    machine.wait_for_console("The installation failed", 400)
    open_ssh(machine)
    machine.succeed(f"modprobe efivarfs; mount -t efivarfs -o ro efivarfs {VARS}")
    status, said = run_installer(machine, answers(key))
    assert status == 0 and f"{WARNING}can't make 'Boot" in said, said
    assert "Read-only file system" in said
    machine.succeed(f"umount {VARS}")
    assert entries(machine) == []

    status, said = run_installer(machine, answers(key), "nvram")
    assert status == 1 and "undo nvram" in said and WARNING not in said, said
    assert entries(machine) == []
    for _ in range(2):
        status, said = run_installer(machine, answers(key))
        assert status == 0 and WARNING not in said, said
        assert len(entries(machine)) == 1
    remembered = machine.firmware_memory()

    assert int(machine.succeed(FILL, 300)) > 0
    status, said = run_installer(machine, answers(key, device="/dev/vdb"))
    assert status == 0 and "installed Paravane as '" in said, said
    assert f"{WARNING}can't write 'Boot" in said and "No space left" in said, said
    machine.kill()

    drive = ["-drive", f"if=none,id=vda,format=qcow2,file={disk}", "-device", "virtio-blk-pci,drive=vda"]
    host = new_machine("host", kind=Host, firmware="uefi", remembered=remembered, extra=drive).start()
    host.wait_for_console('"Paravane" from HD(2,GPT,', 60)
    host.wait_for_boot()
