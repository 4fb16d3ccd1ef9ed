# SPDX-License-Identifier: GPL-2.0-or-later
"""test_iso.py: what is on the ISO is what its manifest says, and it is small."""
import hashlib
import re
import subprocess

SIZE_MAX = 50_000_000
# made, or changed, when all else is there
NOT_IN_MANIFEST = {"/manifest", "/boot/isolinux/isolinux.bin", "/boot/isolinux/boot.cat"}


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_manifest(iso, work):
    """Each file of the medium is in the manifest, with its size and hash; and back."""
    tree = work / "iso"
    subprocess.run(["xorriso", "-report_about", "FAILURE", "-osirrox", "on", "-indev", iso,
                    "-extract", "/", tree], check=True, capture_output=True)
    said = dict((path, (digest, int(size))) for digest, size, path in re.findall(
        r"^([0-9a-f]{64})  (\d+)  (/.+)$", (tree / "manifest").read_text(), re.M))
    found = {f"/{path.relative_to(tree)}": (sha256(path), path.stat().st_size)
             for path in tree.rglob("*") if path.is_file()}
    assert "/boot/vmlinuz" in said
    assert {path: what for path, what in found.items() if path not in NOT_IN_MANIFEST} == said


def test_size(iso):
    """As small as README says."""
    assert iso.stat().st_size <= SIZE_MAX
