# SPDX-License-Identifier: GPL-2.0-or-later
"""images.py: disk images as others make them, of one small disk."""
import hashlib
import io
import pathlib
import shutil
import subprocess
import tarfile

MIB = 1024 * 1024


def run(*command, **settings):
    subprocess.run(command, check=True, capture_output=True, **settings)


def convert(raw, path, form, *options):
    run("qemu-img", "convert", "-f", "raw", "-O", form, *options, raw, path)
    return path


def compress(program, path):
    with open(f"{path}.{program}", "wb") as target:
        subprocess.run([program, "-1", "-c", path], stdout=target, check=True)
    return pathlib.Path(f"{path}.{program}")


def root_tar(raw, path):
    """The files in an ext4 image, owned by root as they are there."""
    tree = path.with_suffix(".tree")
    tree.mkdir()
    run("debugfs", "-R", f"rdump / {tree}", raw)
    run("tar", "--owner=0", "--group=0", "-C", tree, "-czf", path, ".")
    shutil.rmtree(tree)
    return path


def value(name, content):
    return f"<member><name>{name}</name><value>{content}</value></member>"


def xva_object(kind, ref, **members):
    inside = "".join(value(name, content) for name, content in members.items())
    return (f"<value><struct>{value('class', kind)}{value('id', ref)}"
            f"<member><name>snapshot</name><value><struct>{inside}</struct></value></member>"
            "</struct></value>")


def add(archive, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def xva(raw, path, damage=None, size=None, description=""):
    """As XenServer exports a PV guest. 'damage' is the block whose checksum is wrong."""
    disk = raw.read_bytes()
    ova = ("<?xml version='1.0'?><value><struct>"
           f"{value('description', description)}<member><name>objects</name><value><array><data>"
           + xva_object("VM", "Ref:0", name_label="web &amp; co", memory_static_max=96 * MIB,
                        VCPUs_max=1, PV_bootloader="pygrub")
           + xva_object("VBD", "Ref:1", VM="Ref:0", VDI="Ref:2", userdevice="0", type="Disk",
                        bootable="<boolean>1</boolean>")
           + xva_object("VDI", "Ref:2", virtual_size=size or len(disk))
           + "</data></array></value></member></struct></value>")
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "ova.xml", ova.encode())
        last = len(disk) // MIB - 1
        for i in range(last + 1):
            block = disk[i * MIB:(i + 1) * MIB]
            if i in (0, last) or any(block):
                add(archive, f"Ref:2/{i:08}", block)
                data = b"x" if i == damage else block
                add(archive, f"Ref:2/{i:08}.checksum", hashlib.sha1(data).hexdigest().encode())
    return path


def evil_tar(path, *members):
    """Members are (name, link target or None, data, type: a symbolic link where it has
    a target)."""
    with tarfile.open(path, "w") as archive:
        for name, link, data, *kind in members:
            member = tarfile.TarInfo(name)
            if link or kind:
                member.type = kind[0] if kind else tarfile.SYMTYPE
                member.linkname = link or ""
                archive.addfile(member)
            else:
                add(archive, name, data)
    return path


def pax_tar(path, **headers):
    """One file, with these extended headers."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("file")
        member.pax_headers = headers
        archive.addfile(member)
    return path


def patched(source, path, *changes):
    """A copy with other bytes: (offset, bytes)."""
    shutil.copyfile(source, path)
    with open(path, "r+b") as image:
        for offset, data in changes:
            image.seek(offset)
            image.write(data)
    return path


def cut(source, path, size):
    with open(source, "rb") as full, open(path, "wb") as part:
        part.write(full.read(size))
    return path


def sha256(path, size):
    with open(path, "rb") as image:
        return hashlib.sha256(image.read(size)).hexdigest()
