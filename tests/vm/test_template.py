# SPDX-License-Identifier: GPL-2.0-or-later
"""test_template.py: templates come from guests and files, go into files, and go."""
import os
import pathlib
import tarfile

import images
import pytest

MIB = 1024 * 1024
OUT = pathlib.Path(os.environ.get("O") or "out").resolve()


@pytest.fixture
def no_templates_left(host):
    look = ("ls /state/templates 2>/dev/null || :;"
            "lvs --noheadings -o lv_name | grep -o 'template-.*' | grep -v mini || :")
    basis = host.succeed(look)
    yield
    host.check()
    assert host.succeed(look) == basis


def repack(source, path, change):
    """A copy of a template file with another template.ini or image."""
    with tarfile.open(source) as old, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as new:
        for member in old:
            images.add(new, member.name, change(member.name, old.extractfile(member).read()))
    return path


def bad_files(good, work):
    """(file, exit code, words)"""
    def ini(old, new):
        return lambda name, data: data.replace(old, new) if name.endswith(".ini") else data

    def image(name, data):
        return data if name.endswith(".ini") else data[:-9] + b"x" + data[-8:]

    return [
        (repack(good, work / "t1", image), 1, "image"),
        (repack(good, work / "t2", ini(b"/slot/boot/guest-vmlinux", b"/etc/shadow")), 3,
         "kernel '/etc/shadow'"),
        (repack(good, work / "t3", ini(b"name=web", b"name=../web")), 1, "bad value"),
        (repack(good, work / "t4", ini(b"disk-size=", b"disk-size=99T\nmemory=64M\nx=")), 3,
         "more than the whole pool"),
        (repack(good, work / "t5", ini(b"name=web", b"name=mini")), 1, "came with the host"),
        (repack(good, work / "t6", ini(b"disk-size=67108864", b"disk-size=64M\ndisk-size=128M")),
         1, "holds 67108864 bytes"),
        (images.cut(good, work / "t7", MIB), 1, "too early"),
        (__file__, 1, "tar"),
    ]


def test_life_of_a_template(host, no_templates_left, work):
    """A guest becomes a template, that a file, that a template again.

        first --- template web --- web.tar --- template web --- second
    """
    host.succeed("guest create first --template mini --memory 96M --disk 64M --start", 240)
    address = host.wait_for_guest("first")
    got = host.fail("template create-from-guest first web")
    assert got.status == 3 and "is running" in got.stderr
    host.succeed("echo kept >/root/note; sync", guest=address)
    cut = "template create-from-guest first web --version 1"
    host.succeed("guest stop first", 120)
    host.fail(f"PVN_DIE_AT=volume {cut} || exit 1", 120)
    assert "template-web-1" in host.json("host pool")["unfinished"]
    host.succeed("host sweep", 60)
    assert "template-web" not in host.succeed("lvs --noheadings -o lv_name")
    host.succeed(cut, 120)
    assert host.json("host pool")["unfinished"] == []
    assert [t["version"] for t in host.json("template list") if t["name"] == "web"] == ["1"]

    good = work / "web.tar"
    host.fetch("template export web -", good)
    assert tarfile.open(good).getnames() == ["template.ini", "disk.img.zst"]
    host.succeed("guest destroy first; template delete web", 120)
    assert "web" not in [t["name"] for t in host.json("template list")]

    for path, exit_code, words in bad_files(good, work):
        bad = host.feed("template import -", path)
        assert bad.status == exit_code and words in bad.stderr.splitlines()[-1], (words, bad)
        assert "web" not in host.succeed("lvs --noheadings -o lv_name; ls /state/templates || :")

    done = host.feed("template import -", good)
    assert not done.status, done.stderr
    host.succeed("guest create second --template web --start", 240)
    address = host.wait_for_guest("second")
    assert host.succeed("cat /root/note", guest=address) == "kept\n"
    got = host.fail("template delete web")
    assert got.status == 3 and "guest-second-xvda" in got.stderr
    assert host.fail("template delete mini").status == 3
    host.succeed("guest destroy second; template delete web", 120)


def test_export_before_a_first_guest(host, no_templates_left, work):
    """A template that came with the host has no volume before; the next guest is made of that one."""
    host.succeed("for v in $(lvs --noheadings -o vg_name,lv_name --separator / | grep /template-mini);"
                 " do lvm lvremove -q -y -f $v; done", 60)
    host.fetch("template export mini -", work / "mini.tar")
    with tarfile.open(work / "mini.tar") as archive:
        assert archive.getnames() == ["template.ini", "disk.img.zst"]
    steps = host.json("guest create first --template mini --dry-run")["steps"]
    assert "template" not in [step["name"] for step in steps]
    assert not host.feed("template import - --name other", work / "mini.tar").status
    host.succeed("template delete other", 60)


def template_volumes(host):
    names = host.succeed("lvs --noheadings -o lv_name").split()
    return [name for name in names if name.startswith("template-new")]


@pytest.mark.faults
def test_new_version_of_a_template(host, no_templates_left, work):
    """It takes the old one's place, whose guest keeps its disk; what a cut leaves is swept.

        template new 1 --- guest old
        template new 2
    """
    def version(number):
        change = b"name=new\nversion=%s\n" % number.encode()
        return versioned_file(work / f"v{number}.tar", change)

    def imported(number, how=""):
        return host.feed(f"{how} template import - || exit $?", version(number))

    def installed():
        return [t["version"] for t in host.json("template list") if t["name"] == "new"]

    assert not imported("1").status
    host.succeed("guest create old --template new --start", 240)
    host.wait_for_guest("old")
    got = imported("1")
    assert got.status == 1 and "'--name'" in got.stderr
    assert imported("2", "PVN_DIE_AT=publish").status
    assert installed() == ["1"] and len(template_volumes(host)) == 2
    host.succeed("host sweep", 60)
    assert template_volumes(host) == ["template-new-1"]
    assert imported("2", "PVN_FAIL_AT=describe").status == 1
    assert installed() == ["1"] and template_volumes(host) == ["template-new-1"]
    assert imported("2", "PVN_DIE_AT=describe").status
    assert installed() == ["2"] and len(template_volumes(host)) == 2
    host.succeed("host sweep", 60)
    assert template_volumes(host) == ["template-new-2"]
    done = imported("3")
    assert not done.status and "in place of 2" in done.stdout, done
    assert template_volumes(host) == ["template-new-3"]
    done = imported("2")
    assert not done.status and "older" in done.stderr, done
    assert host.json("guest show old")["template_version"] == "1"
    host.succeed("guest stop old; guest start old", 120)
    host.wait_for_guest("old")
    host.succeed("guest create young --template new --start", 240)
    host.wait_for_guest("young")
    assert host.fail("template delete new").status == 3
    host.succeed("guest destroy old; guest destroy young; template delete new", 120)


def versioned_file(path, change):
    """Template mini under another name and version."""
    mini = OUT / "templates" / "mini"
    lines = (mini / "template.ini").read_bytes().splitlines(keepends=True)
    ini = change + b"".join(x for x in lines if not x.startswith((b"name=", b"version=")))
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        images.add(archive, "template.ini", ini)
        images.add(archive, "disk.img.zst", (mini / "disk.img.zst").read_bytes())
    return path


def signed_file(path, work, key, change=b""):
    """Template mini under another name, its template.ini signed."""
    mini = OUT / "templates" / "mini"
    ini = (mini / "template.ini").read_bytes().replace(b"name=mini", b"name=signed")
    (work / "template.ini").write_bytes(ini)
    images.run("minisign", "-S", "-s", key, "-m", work / "template.ini")
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        images.add(archive, "template.ini", ini + change)
        images.add(archive, "template.ini.minisig", (work / "template.ini.minisig").read_bytes())
        images.add(archive, "disk.img.zst", (mini / "disk.img.zst").read_bytes())
    return path


def exported_as_signed(host, work):
    """What a host has written, and was signed then, is written with the signature again."""
    assert not host.feed("template import - --unsigned", work / "s1").status
    host.fetch("template export signed -", work / "out.tar")
    host.succeed("template delete signed", 120)
    with tarfile.open(work / "out.tar") as archive:
        assert archive.getnames() == ["template.ini", "disk.img.zst"]
        archive.extractall(work, filter="data")
    images.run("minisign", "-S", "-s", work / "acme.key", "-m", work / "template.ini")
    with tarfile.open(work / "again.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in "template.ini", "template.ini.minisig", "disk.img.zst":
            images.add(archive, name, (work / name).read_bytes())
    done = host.feed("template import -", work / "again.tar")
    assert not done.status, done
    host.fetch("template export signed -", work / "third.tar")
    with tarfile.open(work / "third.tar") as archive:
        for member in archive:
            assert archive.extractfile(member).read() == (work / member.name).read_bytes()
        assert "template.ini.minisig" in archive.getnames()
    host.succeed("template delete signed", 120)


def test_signatures(host, no_templates_left, work):
    """Who trusts a key takes what it has signed, and of the rest only what he asks for.

        acme.pub in /etc/paravane/template-keys
    """
    for name in "acme", "stranger":
        images.run("minisign", "-G", "-W", "-p", work / f"{name}.pub", "-s", work / f"{name}.key")
    good = signed_file(work / "s1", work, work / "acme.key")
    changed = signed_file(work / "s2", work, work / "acme.key", b"memory=1G\n")
    strange = signed_file(work / "s3", work, work / "stranger.key")

    done = host.feed("template import -", good)
    assert not done.status and "a key that the host doesn't know" in done.stderr, done
    host.succeed("template delete signed; mkdir /etc/paravane/template-keys", 120)
    assert not host.feed("cat >/etc/paravane/template-keys/acme.pub", work / "acme.pub").status
    for path, words in (changed, "by 'acme.pub' is not good"), (strange, "'--unsigned'"):
        bad = host.feed("template import -", path)
        assert bad.status == 3 and words in bad.stderr, bad
    assert host.feed("template import - --unsigned", changed).status == 3
    for options, path in ("", good), ("--unsigned", strange):
        done = host.feed(f"template import - {options}", path)
        assert not done.status, done
        assert ("signed by acme.pub" in done.stdout) == (path == good)
        shown = host.json("template show signed")
        assert shown["signed_by"] == ("acme.pub" if path == good else None)
        assert shown["image"] is None and shown["volume"] == "template-signed-" + shown["version"]
        assert host.succeed("ls /state/templates/signed").count("signed-") == 2
        host.succeed("template delete signed", 120)
    shown = host.succeed("template show mini")
    assert "image        /slot/templates/mini/disk.img.zst\n" in shown
    assert "signed by    -\n" in shown
    exported_as_signed(host, work)
    host.succeed("rm -r /etc/paravane/template-keys")
