# SPDX-License-Identifier: GPL-2.0-or-later
"""install.py: answer files, disks, and a machine installed from the ISO."""
import subprocess
import time
from collections import namedtuple

from machine import Machine, MachineError

DISK_SIZE = "8G"

# engine is the installer's own time; firmware, a copy of what UEFI remembers, or b""
Installed = namedtuple("Installed", "disk seconds id engine firmware")


def answers(key, hostname="xen1", device="/dev/vda", more="", network="method = dhcp",
            end="[install]\nfinish = poweroff\n"):
    """An answer file; 'more' comes right under the host's name, in line 3, 'end' last."""
    public = key.with_suffix(".pub").read_text().strip()
    return (f"[host]\nhostname = {hostname}\n{more}"
            f"[network]\n{network}\n"
            f"[ssh]\nkey = {public}\n"
            f"[disk]\ndevice = {device}\n{end}")


def make_key(folder):
    key = folder / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "paravane-test",
                    "-f", key], check=True)
    return key


def blank_disk(path, size=DISK_SIZE):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    return path


def overlay(base, path):
    """A disk with base's content, which base does not see changes of."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2",
                    "-b", base, path], check=True)
    return path


def same_content(disk, other):
    """Do two disks read the same, byte for byte? A machine may be using them."""
    compared = subprocess.run(["qemu-img", "compare", "-U", "-q", disk, other],
                              check=False)
    if compared.returncode > 1:
        raise MachineError(f"'{disk}' and '{other}' can't be compared")
    return compared.returncode == 0


def install(name, log, key, iso, disk, limit=900, **settings):
    """Install on the disk, unattended, until the machine ends by itself.
    The answers come from fw_cfg, unless answers=None: then from elsewhere."""
    settings.setdefault("answers", answers(key))
    settings.setdefault("disks", [disk])
    machine = Machine(name, log, key, iso=iso, **settings)
    try:
        machine.start()
        machine.wait_for_exit(limit)
        seconds = time.monotonic() - machine.started
        done = machine.console.find(
            r"installed Paravane as '([0-9a-f]{8})' on /dev/[\w/ ]+ in ([0-9.]+) s")
        if not done:
            raise MachineError(f"{name}: ended without an installation:\n"
                               + machine.console.tail())
        return Installed(disk, seconds, done[1], float(done[2]), machine.firmware_memory())
    finally:
        machine.close()
