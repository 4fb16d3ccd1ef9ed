# SPDX-License-Identifier: GPL-2.0-or-later
"""test_import.py: disks come in and go out in the formats of others; what is hostile
is refused, and nothing stays behind."""
import os
import shutil
import struct
import subprocess
import tarfile

import images
import pytest

MIB = 1024 * 1024
SIZE = 64 * MIB
SMALL = SIZE // 4
TB = 1024 ** 4


@pytest.fixture(scope="session")
def folder(work):
    path = work / "images"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def raw(folder):
    """The disk of template mini, an ext4 filesystem."""
    path = folder / "raw"
    images.run("zstd", "-qd", f"{folder.parent.parent}/templates/mini/disk.img.zst", "-o", path)
    assert path.stat().st_size == SIZE
    return path


@pytest.fixture(scope="session")
def small(folder, raw):
    """The same filesystem in a quarter of the space: it comes in thirteen times."""
    path = folder / "small"
    shutil.copyfile(raw, path)
    images.run("e2fsck", "-fp", path)
    images.run("resize2fs", path, f"{SMALL // 1024}K")
    os.truncate(path, SMALL)
    return path


FORMATS = {
    "raw": lambda raw, path: raw,
    "raw.gz": lambda raw, path: images.compress("gzip", raw),
    "raw.xz": lambda raw, path: images.compress("xz", raw),
    "raw.zst": lambda raw, path: images.compress("zstd", raw),
    "qcow2": lambda raw, path: images.convert(raw, path, "qcow2"),
    "qcow2 v2": lambda raw, path: images.convert(raw, path, "qcow2", "-o", "compat=0.10"),
    "qcow2 compressed": lambda raw, path: images.convert(raw, path, "qcow2", "-c"),
    "VHD": lambda raw, path: images.convert(raw, path, "vpc"),
    "VHD fixed": lambda raw, path: images.convert(
        raw, path, "vpc", "-o", "subformat=fixed,force_size=on"),
    "VHDX": lambda raw, path: images.convert(raw, path, "vhdx"),
    "VMDK": lambda raw, path: images.convert(raw, path, "vmdk"),
    "VMDK stream": lambda raw, path: images.convert(
        raw, path, "vmdk", "-o", "subformat=streamOptimized"),
    "XVA": images.xva,
}


def volume_sha256(host, name, size=SIZE):
    return host.succeed(
        f"head -c {size} /dev/$(sed -n 's/^vg=//p' /etc/paravane/host)/guest-{name}-xvda |"
        " sha256sum", 120).split()[0]


def test_each_format_gives_the_same_disk(host, no_leaks, small, folder):
    """The same disk comes in thirteen ways, through a pipe.

        image --- ssh --- guest import --- guest-g0-xvda, its first 16 MiB
    """
    wanted = images.sha256(small, SMALL)
    problems = []
    for i, (name, make) in enumerate(FORMATS.items()):
        path = make(small, folder / f"format{i}")
        done = host.feed(f"guest import g{i} - --json", path)
        if done.status:
            problems.append(f"{name}: {done.stderr}")
        elif volume_sha256(host, f"g{i}", SMALL) != wanted:
            problems.append(f"{name}: another disk came in")
        host.succeed(f"guest destroy g{i}", 120) if not done.status else None
    assert not problems, "\n".join(problems)


def test_imported_guests_run(host, no_leaks, raw, folder):
    """A disk and a root filesystem, started with the host's kernel for guests.

        disk: qcow2 from a file of dom0      root: tar.gz through a pipe
    """
    disk = images.convert(raw, folder / "run.qcow2", "qcow2", "-c")
    assert not host.feed("cat >/tmp/web.qcow2", disk).status
    made = host.json("guest import disk /tmp/web.qcow2 --memory 96M --disk 128M", 240)
    assert (made["format"], made["disk_bytes"]) == ("qcow2", 128 * MIB)
    host.succeed("rm /tmp/web.qcow2; guest start disk", 120)
    done = host.feed("guest import root - --memory 96M --disk 256M --start",
                     images.root_tar(raw, folder / "root.tar.gz"))
    assert not done.status, done.stderr
    for name in "disk", "root":
        address = host.wait_for_guest(name)
        assert host.succeed("hostname", guest=address).strip() == name
        host.succeed(f"guest destroy {name}", 120)


def test_export(host, no_leaks, folder):
    """Out as raw, qcow2 and XVA; qemu-img says that they are the same, and the XVA
    comes in again.

        guest-out-xvda --- snapshot --- ssh --- image
    """
    host.succeed("guest create out --template mini --disk 64M", 240)
    for form in "raw", "qcow2", "xva":
        host.fetch(f"guest export out - --format {form}", folder / f"out.{form}")
    images.run("qemu-img", "check", "-q", folder / "out.qcow2")
    images.run("qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", folder / "out.raw",
               folder / "out.qcow2")
    done = host.feed("guest import again -", folder / "out.xva")
    assert not done.status, done.stderr
    assert volume_sha256(host, "again") == images.sha256(folder / "out.raw", SIZE)
    # a disk without partitions starts with the host's kernel, also out of an XVA
    host.succeed("guest start again", 120)
    assert host.succeed("hostname", guest=host.wait_for_guest("again")) == "again\n"
    host.succeed("guest export out /tmp/out.qcow2; test -s /tmp/out.qcow2", 120)
    assert "exists already" in host.fail("guest export out /tmp/out.qcow2").stderr
    host.succeed("rm /tmp/out.qcow2; guest destroy out; guest destroy again", 120)


def hostile(raw, folder):
    """name -> (image, exit code, words of the refusal)"""
    qcow2 = images.convert(raw, folder / "h.qcow2", "qcow2")
    vmdk = images.convert(raw, folder / "h.vmdk", "vmdk", "-o", "subformat=streamOptimized")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", raw,
                    folder / "backing.qcow2"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / "huge.qcow2", "100T"],
                   check=True)
    l1 = struct.unpack(">Q", qcow2.read_bytes()[40:48])[0]
    bomb = folder / "bomb.zst"
    with open(bomb, "wb") as target:
        subprocess.run(["sh", "-c", "head -c 8G /dev/zero | zstd -q -1 -c"], stdout=target,
                       check=True)
    return {
        "backing file": (folder / "backing.qcow2", 3, "backing file"),
        "100 TB": (folder / "huge.qcow2", 3, "more than the whole pool"),
        "cut off qcow2": (images.cut(qcow2, folder / "h1", 3 * MIB), 1, "cannot read the qcow2"),
        "cut off vmdk": (images.cut(vmdk, folder / "h2", MIB), 1, "cannot read the VMDK"),
        "cut off raw": (images.cut(raw, folder / "h3", 5 * MIB), 1, "ends too early"),
        "cut off gzip": (images.cut(images.compress("gzip", raw), folder / "h4", MIB), 1,
                         "ends too early"),
        # its L1 table is its own L2 table, again and again
        "cycle": (images.patched(qcow2, folder / "h5",
                                 (l1, struct.pack(">Q", l1 | 1 << 63))), 1, "cannot read"),
        "L1 far away": (images.patched(qcow2, folder / "h6",
                                       (40, struct.pack(">Q", 1 << 60))), 1, "cannot read"),
        "XVA checksum": (images.xva(raw, folder / "h7", damage=0), 1, "checksum"),
        "XVA 100 TB": (images.xva(raw, folder / "h8", size=100 * TB), 3, "whole pool"),
        "XVA too short": (images.xva(raw, folder / "h9", size=2 * SIZE), 1, "missing"),
        "dot dot": (images.evil_tar(folder / "h10", ("../../evil", None, b"x")), 3, "outside"),
        "symlink": (images.evil_tar(folder / "h11", ("out", "/tmp", None),
                                    ("out/evil", None, b"x")), 3, "link"),
        "bomb": (bomb, 1, "larger than the whole pool"),
        "text": (__file__, 3, "no disk image"),
        "cut off VHD": (images.cut(images.convert(raw, folder / "h.vhd", "vpc"), folder / "h12",
                                   3 * MIB), 1, "cannot read the VHD"),
        "dirty qcow2": (images.patched(qcow2, folder / "h13", (72, struct.pack(">Q", 1))), 3,
                        "qemu-img check"),
        "hard link": (images.evil_tar(folder / "h14", ("hard", "../../etc/shadow", None,
                                                       tarfile.LNKTYPE)), 3, "outside"),
        "below a device": (images.evil_tar(folder / "h15", ("node", None, None, tarfile.BLKTYPE),
                                           ("node/evil", None, b"x")), 3, "no folder"),
        "endless header": (images.pax_tar(folder / "h16", comment="x" * 2 * MIB), 1, "too long"),
        "sparse member": (images.pax_tar(folder / "h17", **{"GNU.sparse.major": "1"}), 3,
                          "sparse"),
        "XVA description": (images.xva(raw, folder / "h18", description="x" * 2 * MIB), 1,
                            "too long"),
        "XVA values": (images.xva(raw, folder / "h19", description="<array><data>"
                                  + "<value/>" * 30000 + "</data></array>"), 1, "20000 values"),
    }


def test_hostile_images_are_refused(host, no_leaks, raw, folder):
    """Each with one clear line, and nothing is left of it.

        dom0 --- pool: only what was there before
    """
    basis = host.traces()
    problems = []
    for name, (path, exit_code, words) in hostile(raw, folder).items():
        flag = "--raw" if name == "bomb" else ""
        got = host.feed(f"guest import evil - {flag}", path)
        lines = [line for line in got.stderr.splitlines() if line.startswith("guest import:")]
        if got.status != exit_code or len(lines) != 1 or words not in lines[0]:
            problems.append(f"{name}: {got}")
    assert not problems, "\n".join(problems)
    host.assert_traces_are(basis, limit=5)
    host.fail("ls /tmp/evil /evil")


def test_device_nodes_are_only_kept(host, no_leaks, folder):
    """Nodes come in as they are, and nothing is written through one.

        tar: a node, later a file of that name
    """
    path = images.evil_tar(folder / "nodes", ("dev/null", None, None, tarfile.CHRTYPE),
                           ("dev/kept", None, None, tarfile.BLKTYPE), ("dev/null", None, b"text"))
    done = host.feed("guest import nodes - --disk 64M", path)
    assert not done.status, done.stderr
    device = "/dev/$(sed -n 's/^vg=//p' /etc/paravane/host)/guest-nodes-xvda"
    got = host.succeed(f"mkdir /tmp/nodes; mount -o ro,nodev {device} /tmp/nodes;"
                       "cat /tmp/nodes/dev/null; test -b /tmp/nodes/dev/kept;"
                       "umount /tmp/nodes; rmdir /tmp/nodes")
    assert got == "text"
    host.succeed("guest destroy nodes", 120)


def test_interrupted_import_leaves_nothing(host, no_leaks):
    """Others may work while an import waits for the image's first bytes, and while it waits for
    more; but nobody may remove its guest. SIGTERM ends it.

        sleep --- pipe --- guest import
    """
    host.succeed(
        "sh -c 'echo $$ >/tmp/feeder; exec sleep 1000' |"
        " sh -c 'echo $$ >/tmp/importer; exec guest import early - --raw' >/tmp/early.log 2>&1 &"
        " until [ -s /tmp/feeder ] && [ -s /tmp/importer ]; do sleep 0.2; done;"
        " timeout 30 host sweep; kill $(cat /tmp/importer) $(cat /tmp/feeder);"
        " rm /tmp/feeder /tmp/importer /tmp/early.log", 120)
    host.succeed(
        "sh -c 'head -c 1000000 /dev/urandom; echo $$ >/tmp/feeder; exec sleep 1000' |"
        " sh -c 'echo $$ >/tmp/importer; exec guest import half - --raw' >/tmp/half.log 2>&1 &"
        " until [ -s /tmp/feeder ] && lvs --noheadings -o lv_name | grep -q guest-half-xvda;"
        " do sleep 0.2; done;"
        " timeout 30 host sweep; lvs --noheadings -o lv_name | grep -q guest-half-xvda;"
        " ! guest destroy half 2>/tmp/destroy.log; grep 'being imported' /tmp/destroy.log;"
        " kill $(cat /tmp/importer);"
        " while kill -0 $(cat /tmp/importer); do sleep 0.2; done 2>/dev/null;"
        " kill $(cat /tmp/feeder); grep interrupted /tmp/half.log;"
        " rm /tmp/feeder /tmp/importer /tmp/half.log /tmp/destroy.log", 180)


def test_killed_import_writes_no_more(host, no_leaks, folder):
    """kill -9 of the command ends qemu-img, too; what it left goes with the next sweep.

        guest import (killed) --- qemu-img --- guest-killed-xvda
    """
    random = folder / "random"
    random.write_bytes(os.urandom(24 * MIB))
    disk = images.convert(random, folder / "random.qcow2", "qcow2", "-c")
    assert not host.feed("cat >/tmp/random.qcow2", disk).status
    host.succeed(
        "guest import killed /tmp/random.qcow2 >/dev/null 2>&1 & import=$!;"
        " until pidof qemu-img; do sleep 0.1; done; kill -9 $import;"
        " for i in $(seq 50); do pidof qemu-img || exit 0; sleep 0.1; done; exit 1", 120)
    assert "killed" not in host.guests()
    host.succeed("rm /tmp/random.qcow2; host sweep; ! lvs --noheadings -o lv_name | grep killed", 60)
