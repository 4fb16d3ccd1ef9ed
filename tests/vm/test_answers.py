# SPDX-License-Identifier: GPL-2.0-or-later
"""test_answers.py: where the installer finds its answers, and what follows of some."""
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import machine
from conftest import LOGS
from guests import Host
from install import answers, blank_disk, install
from media import direct_boot, file_server, labelled_volume, unpack_boot, web_server
from qemu import Disk
from test_install import assert_is_installed

ADDRESS = "10.0.2.77"
TYPED_KERNEL = "nomodeset loglevel=4"
TYPED_XEN = "guest_loglvl=error/warning"
STATIC = (f"method = static\naddress = {ADDRESS}/24\n"
          "gateway = 10.0.2.2\ndns = 10.0.2.3 192.0.2.53")

# without it QEMU's UEFI has no network
RANDOM = ["-device", "virtio-rng-pci"]


def install_from_url(work, key, iso):
    """BIOS, Xen started with answers=URL as in a network boot, and more; a static address."""
    with web_server(answers(key, "static1", network=STATIC)) as server:
        boot = direct_boot(iso, work, f"answers={server.url}/a/xen1.ini {TYPED_KERNEL}")
        boot = boot._replace(arguments=f"{boot.arguments} {TYPED_XEN}")
        done = install("url", LOGS / "test_answers", key, iso,
                       blank_disk(work / "url.qcow2"), answers=None, boot=boot)
        return done, server.asked


def install_from_label(work, key, iso):
    """UEFI, answers on a second disk; the first has sectors of 4096 bytes."""
    disk = blank_disk(work / "label.qcow2")
    volume = labelled_volume(work / "answers.img",
                             {"answers.ini": answers(key, "labelled1")})
    return install("label", LOGS / "test_answers", key, iso, disk, answers=None,
                   firmware="uefi",
                   disks=[Disk(disk, sector_size=4096), Disk(volume, format="raw")])


@pytest.fixture(scope="module")
def answered(request, work, key, iso):
    """Both installations, made at the same time."""
    recipes = {"url": install_from_url, "label": install_from_label}
    wanted = [name for name in recipes
              if any(item.name.startswith(f"test_{name}") for item in request.session.items)]
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(recipes[name], work, key, iso) for name in wanted}
        for unfinished in list(machine.live):
            unfinished.kill()


def assert_network_is_static(host):
    addresses = [line.split()[1] for line in
                 host.succeed("ip -4 addr show dev br0").splitlines() if "inet" in line]
    assert addresses == [f"{ADDRESS}/24"]
    assert "default via 10.0.2.2 dev br0" in host.succeed("ip route")
    assert host.succeed("cat /etc/resolv.conf").split() == [
        "nameserver", "10.0.2.3", "nameserver", "192.0.2.53"]
    host.succeed("ping -c 1 -W 10 10.0.2.2")
    host.fail("pidof udhcpc")


@pytest.mark.faults
def test_url_and_a_static_network(answered, disk_alone):
    """Answers fetched from a web server; the host keeps the address that they say, and the arguments
    that were typed for the installer.

        ISO (CD) + vda, 8 GiB --- machine --- NAT --- web server
        vda --- machine, 10.0.2.77 --- NAT
    """
    done, asked = answered["url"].result()
    assert asked == ["/a/xen1.ini"]
    host = disk_alone(done, address=ADDRESS)
    assert host.succeed("hostname").strip() == "static1"
    assert_network_is_static(host)
    kernel = host.succeed("cat /proc/cmdline").split()
    assert kernel[-len(TYPED_KERNEL.split()):] == TYPED_KERNEL.split()
    assert not [word for word in kernel if word.startswith("answers=")]
    assert host.succeed("xl info | grep ^xen_commandline").split()[-1] == TYPED_XEN
    host.reboot()
    assert_network_is_static(host)


@pytest.mark.faults
def test_label_and_large_sectors(answered, disk_alone, iso):
    """Answers on a filesystem labelled PARAVANE; a disk with sectors of 4096 bytes.

        ISO (CD) + vda, 8 GiB, 4096 + vdb, FAT --- machine, UEFI --- NAT
        vda --- machine, UEFI --- NAT
    """
    host = disk_alone(answered["label"].result(), firmware="uefi", sector_size=4096)
    assert host.succeed("cat /sys/block/vda/queue/logical_block_size").strip() == "4096"
    assert_is_installed(host, iso, "labelled1")
    assert host.json("template list")


def test_network_boot(new_machine, work, key, iso):
    """iPXE, as network cards have it, starts the installer from a web server; there is no
    medium.

        desk: web server with the ISO and its /boot --- NAT --- machine, vda
    """
    folder = unpack_boot(iso, work / "netboot")
    (folder / "answers.ini").write_text(answers(key, "netboot1"))
    (folder / "netboot.iso").symlink_to(iso)
    disk = blank_disk(work / "netboot.qcow2")
    with file_server(folder) as url:
        (folder / "start.ipxe").write_text(
            f"#!ipxe\nset paravane answers={url}/answers.ini\nchain {url}/netboot\n")
        done = install("netboot", LOGS / "test_answers", key, None, disk, answers=None,
                       netboot=f"{url}/start.ipxe")
    host = new_machine("netboot1", kind=Host, disks=[done.disk]).start()
    host.wait_for_boot()
    assert_is_installed(host, iso, hostname="netboot1")


@pytest.mark.faults
def test_network_boot_on_uefi(disk_alone, work, key, iso):
    """PXE on UEFI: GRUB, its menu and all that it loads come by TFTP, the ISO and the answers by HTTP.

        vda, 8 GiB, blank --- machine with UEFI's own PXE --- NAT --- TFTP and web server
        vda --- netboot2 --- NAT
    """
    folder = work / "tftp"
    folder.mkdir()
    unpack_boot(iso, folder / "boot", xen="xen.gz")
    subprocess.run(["grub-mknetdir", f"--net-directory={folder}", "--subdir=boot/grub"],
                   check=True, capture_output=True)
    menu = folder / "boot/grub"
    (folder / "netboot.iso").symlink_to(iso)
    (folder / "answers.ini").write_text(answers(key, "netboot2"))
    disk = blank_disk(work / "netboot2.qcow2")
    with file_server(folder) as url:
        (menu / "grub.cfg").write_text(f"set iso={url}/netboot.iso\n"
                                       f'set more="answers={url}/answers.ini"\n'
                                       "source $prefix/net.cfg\n")
        done = install("netboot2", LOGS / "test_answers", key, None, disk, answers=None, firmware="uefi",
                       tftp=folder, netboot="boot/grub/x86_64-efi/core.efi", extra=RANDOM)
    host = disk_alone(done, firmware="uefi")
    assert_is_installed(host, iso, hostname="netboot2")
