# SPDX-License-Identifier: GPL-2.0-or-later
"""test_release.py: 'make keys' and 'make release', but for the ISO itself."""
import json
import os
import re
import subprocess
import tarfile

import pytest

# what is compiled, where Debian's account of its licence is found
COMPILED = {"xen", "linux-source-6.12", "busybox", "dropbear", "qemu"}


def run(*argv):
    """As the Makefile does; this is the build root already."""
    return subprocess.run([str(arg) for arg in argv], env={**os.environ, "IN": ""},
                          capture_output=True, text=True)


@pytest.fixture(scope="module")
def key(work):
    key = work / "keys" / "release.key"
    done = run("images/release/make-keys", key)
    assert not done.returncode, done.stderr
    return key


def manifest_of(iso, work):
    path = work / "manifest"
    path.unlink(missing_ok=True)
    subprocess.run(["xorriso", "-report_about", "FAILURE", "-osirrox", "on", "-indev", iso,
                    "-extract", "/manifest", path], check=True)
    return dict(re.findall(r"^([a-z0-9][^=\s]*)=(\S+)$", path.read_text(), re.M))


@pytest.fixture(scope="module")
def version(iso, work):
    return manifest_of(iso, work)["version"]


@pytest.fixture(scope="module")
def release(iso, key, version, work):
    dest = work / "release"
    done = run("images/release/make-release", version, iso, key, dest)
    assert not done.returncode, done.stderr
    return dest / f"paravane-{version}"


def test_a_key_is_never_overwritten(key):
    """It is what hosts trust; and it is for its owner's eyes."""
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    done = run("images/release/make-keys", key)
    assert done.returncode == 1 and "there is" in done.stderr
    assert key.read_bytes() == before


def test_no_release_without_a_key(iso, work):
    done = run("images/release/make-release", "1", iso, work / "none.key", work / "unsigned")
    assert done.returncode == 1 and "make keys" in done.stderr
    assert not (work / "unsigned").exists()


def test_release_is_signed(release, key):
    iso = f"{release}.iso"
    subprocess.run(["minisign", "-V", "-q", "-p", key.with_suffix(".pub"), "-m", iso], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", f"{iso}.sha256"], check=True,
                   cwd=release.parent)


def test_bill_of_materials(release, version, work):
    """All that the manifest names is in it, and what is compiled with the archives that it is
    compiled from."""
    bill = json.loads(open(f"{release}.spdx.json", encoding="utf-8").read())
    packages = {package["name"]: package for package in bill["packages"]}
    ids = [package["SPDXID"] for package in bill["packages"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in ids)
    assert packages["paravane"]["versionInfo"] == version
    for name, part in manifest_of(f"{release}.iso", work).items():
        if name in ("version", "build-id"):
            continue
        found = [package for key, package in packages.items() if key.split("/")[0] == name]
        assert found and all(package["versionInfo"] == part for package in found), name
    xen = [package for name, package in packages.items() if name.startswith("hypervisor/xen_")]
    assert all(re.fullmatch("[0-9a-f]{64}", package["checksums"][0]["checksumValue"])
               for package in xen)
    related = {relation["relatedSpdxElement"] for relation in bill["relationships"]}
    assert related == set(ids)


def test_licences(release):
    with tarfile.open(f"{release}-licences.tar.xz") as licences:
        texts = {member.name.removeprefix("./"): member.size for member in licences
                 if member.isfile()}
    assert COMPILED | {"paravane", "lvm2", "libc6", "common-licenses/GPL-2"} <= set(texts)
    assert all(texts.values())


def test_sizes_are_the_whole(release, iso):
    with open(f"{release}-sizes.txt", encoding="utf-8") as table:
        sizes = [int(line.split()[0]) for line in table]
    assert sum(sizes) == iso.stat().st_size and min(sizes) >= 0
