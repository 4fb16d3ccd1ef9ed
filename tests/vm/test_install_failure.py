# SPDX-License-Identifier: GPL-2.0-or-later
"""test_install_failure.py: an installation that can't be made says why, leaves a
root shell, and no disk that boots.

Most of it is tried on one machine, 'stuck': its answers can't be fetched, so that
its installer has failed and can be called again, over ssh.
"""
import json
import re

import pytest

import media
from conftest import LOGS
from install import answers, blank_disk, same_content
from machine import Machine
from qemu import Disk

MIB = 1 << 20

# What an installer that failed must not leave behind; a line for each thing.
LEFTOVERS = """
lvm vgs --noheadings -o vg_name
dmsetup ls | grep -v 'No devices' || :
grep paravane-install /proc/mounts || :
ls /sys/class/block | grep '^vda[0-9]' || :
for at in 0 {last}; do
	[ "$(dd if=/dev/vda bs=1M skip=$at count=1 2>/dev/null | tr -d '\\0' | wc -c)" = 0 ] ||
		echo "data in MiB $at of /dev/vda"
done
pidof paravane-install || :
"""


def open_ssh(machine):
    """Give dom0 our key, as a person at the console does who wants to log in."""
    machine.wait_for_console("root@paravane:~#", 30)
    machine.type_on_console("mkdir -p /etc/dropbear; cp /sys/f*/q*/by_name/opt/test/key/raw "
                            "/etc/dropbear/authorized_keys\r")
    machine.wait_for_ssh()


@pytest.fixture(scope="module")
def stuck(work, key, iso):
    """A machine in install mode that got no answers: their URL gives 404.

        ISO (CD) + vda, vdb, vdc, 8 GiB, blank --- machine --- NAT --- web server
             + vdd, 3 GiB; vde, read-only
    """
    disks = [blank_disk(work / f"stuck-{name}.qcow2") for name in ("vda", "vdb", "vdc")]
    disks.append(blank_disk(work / "stuck-small.qcow2", "3G"))
    disks.append(Disk(blank_disk(work / "stuck-locked.qcow2"), read_only=True))
    tftp = work / "tftp"
    tftp.mkdir()
    (tftp / "answers.ini").write_text(answers(key))
    public = key.with_suffix(".pub").read_text()
    with media.web_server("no such file", 404) as server:
        machine = Machine("stuck", LOGS / "test_install_failure", key, iso=iso,
                          disks=disks, tftp=tftp, fw_cfg={"opt/test/key": public},
                          boot=media.direct_boot(iso, work, f"answers={server.url}/answers.ini"))
        machine.server = server
        machine.blank = blank_disk(work / "stuck-blank.qcow2")
        try:
            machine.start()
            machine.wait_for_console("The installation failed", 400)
            open_ssh(machine)
            yield machine
        finally:
            machine.close()


def run_installer(machine, text="", step=None, limit=400):
    """The exit code, and all that it says; with the answers 'text', or without."""
    arguments = ""
    if text:
        machine.succeed(f"cat >/run/answers.ini <<'END'\n{text}END")
        arguments = "--answers /run/answers.ini"
    fail_at = f"PVN_FAIL_AT={step} " if step else ""
    result = machine.run(f"{fail_at}paravane-install {arguments} 2>&1", limit)
    return result.status, result.stdout


def leftovers(machine):
    last = int(machine.succeed("cat /sys/block/vda/size")) * 512 // MIB - 1
    return machine.succeed(LEFTOVERS.format(last=last)).splitlines()


@pytest.fixture
def assert_does_not_boot(new_machine, new_disk):
    """Neither a BIOS nor UEFI finds anything on the disk to start."""
    def look(disk):
        bios, uefi = [
            new_machine(firmware, disks=[new_disk(firmware, disk)], firmware=firmware,
                        network=False).start() for firmware in ("bios", "uefi")]
        bios.wait_for_firmware("No bootable device")
        # then it starts its shell, which is in the firmware
        uefi.wait_for_console('failed to load Boot0001 "UEFI Misc Device"', 60)
        for machine in (bios, uefi):
            machine.close()
            assert "Xen" not in machine.console.read().text

    return look


def test_url_not_found(stuck):
    """The console says what the server said; and there is a root shell."""
    url = f"{stuck.server.url}/answers.ini"
    stuck.wait_for_console(f"cannot fetch '{url}': 'wget' failed with exit code 1: "
                           "wget: server returned error: HTTP/1.0 404 Not Found", 30)
    stuck.wait_for_console("The installation failed (exit code 1)", 30)
    stuck.wait_for_console("this is a root shell", 30)
    assert set(stuck.server.asked) == {"/answers.ini"}
    assert same_content(stuck.disks[0], stuck.blank)


SERVERS = {
    "nothing": (200, "", 2, ["no 'hostname' in [host]", "no 'key' in [ssh]"]),
    "a page": (200, "<html>\n<body>Please log in</body>\n</html>\n", 2,
               ["answers.ini:1: "]),
    "an error": (500, "sorry", 1, ["cannot fetch 'http", "500 Internal Server Error"]),
}


@pytest.mark.parametrize("gives", SERVERS)
def test_url_without_answers(stuck, gives):
    """A server which gives something else."""
    *stuck.server.answer, exit_code, messages = SERVERS[gives]
    status, said = run_installer(stuck)
    assert status == exit_code
    for message in messages:
        assert message in said
    assert same_content(stuck.disks[0], stuck.blank)


def test_url_without_a_server(stuck):
    """Nobody listens at that port."""
    stuck.server.shutdown()
    stuck.server.server_close()
    status, said = run_installer(stuck)
    assert status == 1
    assert "cannot fetch 'http" in said and "refused" in said
    assert same_content(stuck.disks[0], stuck.blank)


URLS = {
    "tftp://10.0.2.2/answers.ini": (0, "install '"),
    "tftp://10.0.2.2/none.ini": (1, "cannot fetch 'tftp://10.0.2.2/none.ini': 'tftp' failed"),
    "https://10.0.2.2/answers.ini": (1, "bad URL 'https://10.0.2.2/answers.ini', expected "
                                        "http:// or tftp://"),
}


@pytest.mark.parametrize("url", URLS)
def test_other_urls(stuck, url):
    """As if they had been on the kernel command line, of which there is one only."""
    stuck.succeed(f"echo 'answers={url}' >/run/cmdline; mount --bind /run/cmdline /proc/cmdline")
    try:
        result = stuck.run("paravane-install --dry-run 2>&1")
    finally:
        stuck.succeed("umount /proc/cmdline")
    exit_code, message = URLS[url]
    assert result.status == exit_code, result.stdout
    assert message in result.stdout


def test_no_such_disk(stuck, key):
    """It is refused, with a list of the disks that are there."""
    status, said = run_installer(stuck, answers(key, device="/dev/vdz"))
    assert status == 3
    assert "no disk matches [disk]" in said
    assert re.search(r"^/dev/vda +8\.0G +virtio", said, re.M)
    assert same_content(stuck.disks[0], stuck.blank)


UNFIT = {
    "/dev/vdd": "too small: 3.0G, at least 4.0G are needed",
    "/dev/vde": "read-only",
    "/dev/sr0": "an optical drive",
}


@pytest.mark.parametrize("device", UNFIT)
def test_unfit_disk(stuck, key, device):
    """It is refused with the reason."""
    status, said = run_installer(stuck, answers(key, device=device))
    assert status == 3
    assert f"can't install on '{device}': {UNFIT[device]}" in said


def assert_undone(machine, key, step):
    status, said = run_installer(machine, answers(key), step)
    assert status == 1, said
    assert f"paravane-install: step '{step}': failed as PVN_FAIL_AT asks\n" in said
    assert leftovers(machine) == [], f"after '{step}': {said}"


def test_undo(stuck, key):
    """A step fails after all that boots was written."""
    assert_undone(stuck, key, "boot-uefi")


@pytest.mark.faults
def test_undo_each_step(stuck, key):
    """Each step of the plan fails once."""
    stuck.succeed(f"cat >/run/answers.ini <<'END'\n{answers(key)}END")
    plan = json.loads(stuck.succeed(
        "paravane-install --dry-run --json --answers /run/answers.ini"))
    steps = [step["name"] for step in plan["steps"]]
    assert len(steps) > 10 and steps[-1] == "verify"
    for step in steps:
        assert_undone(stuck, key, step)


# Kill the installer in the middle of a step, and have all that it wrote on the disk.
CUT_OFF = """
paravane-install --answers /run/answers.ini 2>&1 </dev/null | while read -r line; do
	case $line in
	'['*'] {step}:'*) kill -9 $(pidof paravane-install) ;;
	esac
	echo "$line"
done
sync
"""


def cut_off(machine, text, step):
    machine.succeed(f"cat >/run/answers.ini <<'END'\n{text}END")
    said = machine.succeed(CUT_OFF.format(step=step), 400)
    assert f"] {step}: " in said and "installed Paravane" not in said


def test_power_cut_at_the_end(stuck, key):
    """It is cut off where it makes the disk bootable; a second installation works."""
    text = answers(key, device="/dev/vdc")
    cut_off(stuck, text, "boot-slots")
    status, said = run_installer(stuck, text)
    assert status == 0 and "installed Paravane as '" in said, said


def test_power_cut(stuck, key, assert_does_not_boot):
    """It is cut off in the middle; the disk does not boot, another is as it was."""
    cut_off(stuck, answers(key), "pool")
    stuck.kill()
    assert same_content(stuck.disks[1], stuck.blank)
    assert_does_not_boot(stuck.disks[0])


# Where a disk is broken, and what is said of it. The partitions lie one after the
# other: 1 MiB, bios 1, esp 64, slot-a 256, slot-b 256, state 1024 with its journal
# in the middle.
JOURNAL = 1090 * MIB
BROKEN = {
    "slot-b": (340 * MIB, "step 'slot-b': cannot write '/dev/vda4': Input/output error"),
    "state": (JOURNAL, "step 'state': 'mkfs.ext4' failed with exit code 1: .*Input/output error"),
    "read": (340 * MIB, "step 'verify': cannot read '/dev/vda4': Input/output error"),
    "journal": (JOURNAL + 4096, "step 'configure': .*'/run/paravane-install/state/[^']*': "
                                "(Input/output error|Read-only file system)"),
}


@pytest.mark.parametrize("where", [
    "slot-b", *(pytest.param(name, marks=pytest.mark.faults) for name in ("state", "read", "journal"))])
def test_write_errors(where, new_machine, new_disk, assert_does_not_boot, iso, key):
    """The disk breaks in the middle of the installation.

        ISO (CD) + vda, 8 GiB, with a sector that can't be written, or read --- machine --- NAT
    """
    at, message = BROKEN[where]
    disk = new_disk("disk")
    machine = new_machine("machine", iso=iso, answers=answers(key),
                          disks=[Disk(disk, error_at=at, error_of="read" if where == "read"
                                      else "write")]).start()
    machine.wait_for_console("The installation failed (exit code 1)", 600)
    assert machine.console.find(message), machine.console.tail()
    machine.wait_for_console("this is a root shell", 30)
    machine.kill()
    assert_does_not_boot(disk)


def test_unknown_key(new_machine, new_disk, iso, key):
    """One boot with answers that are wrong.

        ISO (CD) + vda, 8 GiB, blank --- machine --- NAT
    """
    disk = new_disk("disk")
    machine = new_machine("machine", iso=iso, disks=[disk],
                          answers=answers(key, more="hostmane = xen1\n")).start()
    machine.wait_for_console("fw_cfg:opt/paravane/answers:3: unknown key 'hostmane' in "
                             "[host], expected one of hostname", 400)
    machine.wait_for_console("The installation failed (exit code 2)", 30)
    machine.wait_for_console("this is a root shell", 30)
    # the shell is one: it does what is typed
    machine.wait_for_console("root@paravane:~#", 30)
    machine.type_on_console("poweroff\r")
    machine.wait_for_exit(120)
    assert same_content(disk, new_disk("blank"))
