#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guests.py: what a guest costs, on our host and on a stock Debian 13 dom0.

    guests.py install ISO       in the build root: leaves an installed disk and the key to it
    guests.py ours ISO          the guests on that
    guests.py stock ISO         the same on what 'stock-disk' made

The two measurements run where QEMU is 7.2: with its '-icount' a second is a number of
instructions, so that what else the machine does changes nothing. Xen is started by QEMU
itself. A script in dom0 notes begin and end of each command in the kernel's log;
O/figures-guests/NAME.log keeps that for compare.py.
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))
import qemu  # noqa: E402 (the path comes first)
from guests import Host  # noqa: E402
from install import blank_disk, install, make_key, overlay  # noqa: E402
from media import DirectBoot, direct_boot  # noqa: E402
from qemu import Disk  # noqa: E402

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
WORK = OUT / "figures-guests"
KEY = WORK / "id_ed25519"
# how many guests, unless one is refused before
COUNT = {"ours": 60, "stock": 24}
REST = 8  # seconds for a guest to boot in
MEMORY = 4096  # MiB

qemu.ACCELERATOR["icount"] = ["-accel", "tcg,thread=single,tb-size=1024", "-cpu", "qemu64",
                              "-icount", "shift=2,sleep=off"]

def run(host, script, limit=3600):
    """Run a script in dom0 and keep what it noted; it is not talked to meanwhile,
    which would cost it time."""
    host.feed("cat >/root/bench.sh", HERE / script)
    host.succeed(f"(trap '' HUP; sh /root/bench.sh {COUNT[host.name]} {REST}; echo \"bench ended: $?\""
                 " >/dev/console) >/root/bench.out 2>&1 </dev/null &")
    try:
        host.wait_for_console("bench ended: 0", limit)
    finally:
        keep(host.name, host.succeed("dmesg | grep -F 'bench: '", 300))
        print(host.succeed("cat /root/bench.out", 300))


def keep(name, log):
    (WORK / f"{name}.log").write_text(log)


def our_boot(iso):
    """What the installed disk's menu starts, from the ISO that it was installed from."""
    boot = direct_boot(iso, WORK, "", label="install")
    install_id = (WORK / "installed").read_text().strip()
    mode = f"paravane.mode=host paravane.install={install_id} paravane.slot=a"
    assert "paravane.mode=install" in boot.modules[0]
    boot.modules[0] = boot.modules[0].replace("paravane.mode=install", mode)
    return boot


def make_installation(iso):
    WORK.mkdir(parents=True, exist_ok=True)
    for old in (KEY, KEY.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    installed = install("install", WORK / "log", make_key(WORK), iso,
                        blank_disk(WORK / "ours.qcow2"))
    (WORK / "installed").write_text(installed.id + "\n")


def measure_ours(iso):
    host = Host("ours", WORK / "log", KEY, memory=MEMORY, boot=our_boot(iso),
                disks=[overlay(WORK / "ours.qcow2", WORK / "ours-run.qcow2")]).start()
    try:
        host.wait_for_boot()
        run(host, "guests-ours.sh")
    finally:
        host.close()


def stock_machine():
    """Debian's Xen, kernel and initramfs, started without a boot loader."""
    folder = WORK / "stock"
    arguments = "root=/dev/vda ro net.ifnames=0 console=hvc0"
    boot = DirectBoot(folder / "xen", "dom0_mem=1024M,max:1024M console=com1,vga com1=115200,8n1",
                      [f"{folder}/vmlinuz {arguments}", f"{folder}/initrd.img"])
    root, pool = WORK / "stock-root.qcow2", WORK / "stock-pool.qcow2"
    qemu_img(["-F", "raw", "-b", folder / "root.img", root])
    qemu_img([pool, "8G"])
    return Host("stock", WORK / "log", KEY, memory=MEMORY, boot=boot,
                disks=[Disk(root), Disk(pool)])


def qemu_img(arguments):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *arguments], check=True)


def measure_stock(_):
    host = stock_machine().start()
    try:
        host.wait_for_ssh(900)
        run(host, "guests-stock.sh")
    finally:
        host.close()


def main():
    what, iso = sys.argv[1:]
    if what != "install":
        qemu.ACCEL = "icount"
    {"install": make_installation, "ours": measure_ours,
     "stock": measure_stock}[what](pathlib.Path(iso))


if __name__ == "__main__":
    main()
