#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guests.py: what a guest costs, on our host and on a stock Debian 13 dom0.

    guests.py install ISO         in the build root: leaves an installed disk and the key to it
    guests.py ours ISO            the guests on that
    guests.py stock ISO           the same on what 'stock-disk' made
    guests.py ours-pvh ISO COUNT [RUN]  so many PVH guests, where the CPU can run them
    guests.py stock-pvh ISO COUNT [RUN]
    guests.py counted-pvh ISO COUNT    ours, timed by the instructions that the machine executes

All but the first and the last run where QEMU is 7.2: with its '-icount' a second is a number of
instructions, so that what else the machine does changes nothing. With a RUN, the number of
one of several, seconds are the machine's, with any QEMU. Xen is started by QEMU itself. A
script in dom0 notes begin and end of each command in the kernel's log;
O/figures-guests/NAME.log keeps that for compare.py.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))
import qemu  # noqa: E402 (the path comes first)
from guests import Host  # noqa: E402
from install import blank_disk, install, make_key, overlay  # noqa: E402
from machine import Line, MachineError  # noqa: E402
from media import DirectBoot, direct_boot  # noqa: E402
from qemu import PVH_CPU, Disk  # noqa: E402

OUT = pathlib.Path(os.environ.get("O") or "out").resolve()
WORK = OUT / "figures-guests"
KEY = WORK / "id_ed25519"
BOOT = WORK / "boot"  # of the ISO that was installed
DEBIAN = OUT / "templates-more" / "debian.tar"
COUNTER = OUT / "stage" / "counter"
COUNTS = WORK / "counts"
INSTRUCTION = 4e-9  # seconds, as with '-icount' below
# how many PV guests, unless one is refused before, and seconds for each to boot in
COUNT = {"ours": 60, "stock": 24}
REST = {"pv": 15, "pvh": 60}
COUNTED_REST = 5  # behind all that a new guest makes dom0 do
MEMORY = 4096  # MiB
LIMIT = 14400  # seconds
# dom0's kernel keeps all that is noted until the end
BIG_LOG = " log_buf_len=4M"

qemu.ACCELERATOR["icount"] = ["-accel", "tcg,thread=single,tb-size=1024", "-cpu", "qemu64",
                              "-icount", "shift=2,sleep=off"]


def by_instructions(noted):
    """The notes of begin and end with the instructions executed until then as their time: each was
    followed by a mark."""
    counts = COUNTS.read_text().split()
    notes = re.findall(r"^\[ *\d+\.\d+\] (bench: (?:begin|end) .*)$", noted, re.M)
    if len(counts) != len(notes):
        raise MachineError(f"{len(notes)} notes of begin or end, but {len(counts)} marks")
    return "".join(f"[{int(count) * INSTRUCTION:.6f}] {note}\n"
                   for count, note in zip(counts, notes))


def run(host, script, kind, count, log, counted=False):
    """Run a script in dom0 and keep what it noted; it is not talked to meanwhile,
    which would cost it time."""
    host.feed("cat >/root/bench.sh", HERE / script)
    if counted:
        host.feed("cat >/root/mark && chmod +x /root/mark", COUNTER / "mark")
    rest = COUNTED_REST if counted else REST[kind]
    host.succeed(f"(trap '' HUP; sh /root/bench.sh {kind} {count} {rest} &&"
                 " code=0 || code=$?;"
                 " echo \"bench ended: $code\" >/dev/console) >/root/bench.out 2>&1 </dev/null &")
    try:
        host._until(lambda: host.console.find(r"bench ended: \d"), LIMIT, "the end")
    finally:
        noted = host.succeed("dmesg | grep -F 'bench: '", 300)
        if counted:
            log.with_suffix(".clock").write_text(noted)
            noted = by_instructions(noted)
        log.write_text(noted)
        print(host.succeed("cat /root/bench.out", 300))
    if not host.console.find("bench ended: 0") or "bench: end create" not in noted:
        raise MachineError(f"{host.name}: it did not get to its end")


def our_boot(iso):
    """What the installed disk's menu starts, from the ISO that it was installed from."""
    BOOT.mkdir(exist_ok=True)
    boot = direct_boot(iso, BOOT, "", label="install")
    install_id = (WORK / "installed").read_text().strip()
    mode = f"paravane.mode=host paravane.install={install_id} paravane.slot=a"
    assert "paravane.mode=install" in boot.modules[0]
    boot.modules[0] = boot.modules[0].replace("paravane.mode=install", mode) + BIG_LOG
    return boot


def make_installation(iso):
    """With the template 'debian'."""
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(BOOT, ignore_errors=True)
    for old in (KEY, KEY.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    installed = install("install", WORK / "log", make_key(WORK), iso,
                        blank_disk(WORK / "ours.qcow2"))
    (WORK / "installed").write_text(installed.id + "\n")
    host = Host("import", WORK / "log", KEY, disks=[installed.disk]).start()
    try:
        host.wait_for_boot()
        done = host.feed("template import -", DEBIAN, 1800)
        if done.status:
            raise MachineError(done.stderr)
        host.shutdown()
    finally:
        host.close()


def our_machine(iso, name, **settings):
    disk = overlay(WORK / "ours.qcow2", WORK / "ours-run.qcow2")
    host = Host(name, WORK / "log", KEY, memory=MEMORY, boot=our_boot(iso), disks=[disk],
                **settings).start()
    host.wait_for_boot()
    return host


def stock_machine(_, name, **settings):
    """Debian's Xen, kernel and initramfs, started without a boot loader."""
    folder = WORK / "stock"
    arguments = "root=/dev/vda ro net.ifnames=0 console=hvc0" + BIG_LOG
    boot = DirectBoot(folder / "xen", "dom0_mem=1024M,max:1024M console=com1,vga com1=115200,8n1",
                      [f"{folder}/vmlinuz {arguments}", f"{folder}/initrd.img"])
    root, pool = WORK / "stock-root.qcow2", WORK / "stock-pool.qcow2"
    qemu_img(["-F", "raw", "-b", folder / "root.img", root])
    qemu_img([pool, "8G"])
    host = Host(name, WORK / "log", KEY, memory=MEMORY, boot=boot,
                disks=[Disk(root), Disk(pool), Disk(folder / "debian.img", format="raw")],
                **settings).start()
    host.wait_for_ssh(900)
    return host


def qemu_img(arguments):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *arguments], check=True)


def measure(what, iso, count, number):
    whose, _, kind = what.partition("-")
    kind = kind or "pv"
    start = stock_machine if whose == "stock" else our_machine
    script = "guests-stock.sh" if whose == "stock" else "guests-ours.sh"
    counted = whose == "counted"
    plugin = ["-plugin", f"{COUNTER}/counter.so,out={COUNTS}"] if counted else []
    host = start(iso, what, cpu=PVH_CPU if kind == "pvh" else None, extra=plugin)
    try:
        run(host, script, kind, count, WORK / f"{'.'.join([what, *number])}.log", counted)
    finally:
        host.close()


def main():
    what, iso, *rest = sys.argv[1:]
    if what == "install":
        make_installation(pathlib.Path(iso))
        return
    count, *number = rest or [COUNT[what]]
    if not number and not what.startswith("counted"):
        qemu.ACCEL, Line.can_type = "icount", False
    measure(what, pathlib.Path(iso), count, number)


if __name__ == "__main__":
    main()
