# SPDX-License-Identifier: GPL-2.0-or-later
"""qemu.py: QEMU's command line for a machine of the tests."""
import os
import pathlib
from typing import NamedTuple

ACCEL = os.environ.get("PVN_ACCEL") or "tcg"
# Never '-cpu max' under TCG: it corrupts state under Xen. 'multi', and a second CPU that could
# be plugged in: only then is a locked instruction a barrier for QEMU's own thread, which works
# at virtio's rings at the same time (docs/decisions/0006-tcg-barriers.md).
ACCELERATOR = {
    "tcg": ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "qemu64"],
    "kvm": ["-accel", "kvm", "-cpu", "host"],
}
# A CPU on which Xen can run PVH guests, slowly.
PVH_CPU = "qemu64,+svm,+npt"
OVMF = pathlib.Path("/usr/share/OVMF")
# Each SATA port takes one; the CD has the first.
DISK_DEVICES = {"virtio": "virtio-blk-pci", "sata": "ide-hd,bus=ide.{}", "nvme": "nvme",
                "usb": "usb-storage,bus=usbdisks.0"}


class Disk(NamedTuple):
    """A disk that is more than the path of a qcow2 image."""
    path: os.PathLike
    format: str = "qcow2"
    bus: str = "virtio"
    sector_size: int = 512
    serial: str = ""
    error_at: int | None = None  # byte where it fails, as on bad media
    error_of: str = "write"  # what fails there: "read" or "write"
    read_only: bool = False
    write_log: os.PathLike | None = None  # a file that gets each write, see writelog.py


def cpu(model):
    """Another CPU than usual; KVM has the host's alone. The last '-cpu' counts."""
    return ["-cpu", model] if model and ACCEL != "kvm" else []


def firmware(kind, folder, remembered):
    if kind == "bios":
        return []
    variables = folder / "vars.fd"
    variables.write_bytes(remembered or (OVMF / "OVMF_VARS_4M.fd").read_bytes())
    return ["-drive", "if=pflash,format=raw,unit=0,readonly=on,file="
                      f"{OVMF}/OVMF_CODE_4M.fd",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]


def medium(iso, media, boots):
    """The ISO on CD or USB; a machine with it ends where it would reboot."""
    if not iso:
        return []
    first = ",bootindex=0" if boots else ""
    drive = f"if=none,id=iso,format=raw,readonly=on,file={iso}"
    if media == "cd":
        device = ["-device", f"ide-cd,drive=iso{first}"]
    else:
        device = ["-device", "qemu-xhci", "-device", f"usb-storage,drive=iso{first}"]
    return ["-no-reboot", "-drive", drive, *device]


def direct(boot):
    """Start Xen itself, as a network boot does; BIOS only."""
    if not boot:
        return []
    # a comma separates modules; one of a module's own is doubled
    modules = [module.replace(",", ",,") for module in boot.modules]
    return ["-kernel", str(boot.xen), "-append", boot.arguments,
            "-initrd", ",".join(modules)]


def _one_disk(i, disk):
    if not isinstance(disk, Disk):
        disk = Disk(disk)
    sectors = (f",logical_block_size={disk.sector_size}"
               f",physical_block_size={disk.sector_size}")
    device = f"{DISK_DEVICES[disk.bus].format(i + 1)},drive=disk{i},bootindex={i + 1}"
    if disk.serial:
        device += f",serial={disk.serial}"
    image = (f"driver={disk.format},cache.no-flush=on,file.driver=file,"
             f"file.cache.no-flush=on,file.filename={disk.path}")
    if disk.read_only:
        image += ",read-only=on"
    if disk.write_log:
        # what is discarded would be logged as so many zeros
        sectors += ",discard=off,write-zeroes=off" if disk.bus == "virtio" else ""
        image += f",node-name=image{i}"
        log = (f"driver=blklogwrites,node-name=disk{i},file=image{i},log-super-update-interval=1,"
               f"log.driver=file,log.filename={disk.write_log}")
        return ["-blockdev", image, "-blockdev", log, "-device", device + sectors]
    if disk.error_at is None:
        image += f",node-name=disk{i}"
    else:
        image += f",node-name=image{i}"
        # 'none' is no event to wait for: the rule always holds
        bad = (f"driver=blkdebug,node-name=disk{i},image=image{i},"
               f"inject-error.0.event=none,inject-error.0.iotype={disk.error_of},"
               f"inject-error.0.sector={disk.error_at // 512}")
        return ["-blockdev", image, "-blockdev", bad,
                "-device", device + sectors + ",werror=report,rerror=report"]
    return ["-blockdev", image, "-device", device + sectors]


def disks(all_disks):
    usb = any(isinstance(disk, Disk) and disk.bus == "usb" for disk in all_disks)
    return (["-device", "qemu-xhci,id=usbdisks"] if usb else []) + [
        word for i, disk in enumerate(all_disks) for word in _one_disk(i, disk)]


def network(port, address, tftp, nic, netboot=None):
    """NAT, and port 22 of the machine at a port of the loopback. 'netboot' is what the DHCP
    server tells to start; the card then has iPXE."""
    if port is None:
        return ["-nic", "none"]
    files = f",tftp={tftp}" if tftp else ""
    if netboot:
        files += f",bootfile={netboot}"
    return ["-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-{address}:22{files}",
            "-device", f"{nic},netdev=net," + ("bootindex=0" if netboot else "romfile=")]


def fw_cfg(files, folder):
    """Settings for the machine's system: each a name and its text."""
    arguments = []
    for i, (name, text) in enumerate(files.items()):
        path = folder / f"fw_cfg-{i}"
        path.write_text(text)
        arguments += ["-fw_cfg", f"name={name},file={path}"]
    return arguments


def command(machine):
    """All of it; the machine has its folders and port already."""
    m = machine
    return [
        "qemu-system-x86_64", "-name", m.name, "-machine", m.board,
        *ACCELERATOR[ACCEL], *cpu(m.cpu), "-m", str(m.memory), "-smp", f"{m.smp},maxcpus={max(m.smp, 2)}",
        "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std",
        *m.line.arguments("serial"),
        # what the BIOS says of itself
        "-chardev", f"file,id=firmware,path={m.firmware_log.path}",
        "-device", "isa-debugcon,iobase=0x402,chardev=firmware",
        "-qmp", f"unix:{m.qmp.path},server=on,wait=off",
        *network(m.port, m.address, m.tftp, m.nic, m.netboot),
        *firmware(m.firmware, m.folder, m.remembered),
        *medium(m.iso, m.media, not m.boot), *direct(m.boot), *disks(m.disks),
        *fw_cfg(m.fw_cfg, m.folder), *m.extra,
    ]
