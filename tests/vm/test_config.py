# SPDX-License-Identifier: GPL-2.0-or-later
"""test_config.py: a host's configuration in one file, from which another is installed."""
import pytest

from guests import Host
from install import blank_disk, install

HOST_KEY = "dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | sed -n 2p | cut -d' ' -f2"


def change(text, key, line):
    """The answer file with another line for a key."""
    return "".join(f"{line}\n" if old.startswith(f"{key} = ") else f"{old}\n"
                   for old in text.splitlines())


def exported(host):
    """A host's configuration, and the key that signed it."""
    text = host.succeed("host config export - 2>/run/said")
    return text, host.succeed("cat /run/said").split()[-1]


def test_import(disk_alone, installed_bios):
    """Taken over by a host that is there, which has another name then. One that was changed by somebody else
    is refused, and nothing happens.

        file --- host xen1, then xen9
    """
    host = disk_alone(installed_bios)
    text, _ = exported(host)
    damaged = text.replace("\nfiles = H4sI", "\nfiles = H4sJ")
    host.succeed(f"cat >/run/damaged <<'EOF'\n{damaged}EOF")
    before = host.succeed("find /state -type f | sort")
    refused = host.fail("host config import /run/damaged")
    assert refused.status == 3 and "was changed or is cut" in refused.stderr
    assert host.succeed("find /state -type f | sort") == before

    changed = change(text, "hostname", "hostname = xen9")
    host.succeed(f"cat >/run/config <<'EOF'\n{changed}EOF")
    host.succeed("host config import /run/config")
    host.reboot()
    host.wait_for_boot()
    assert host.succeed("hostname").strip() == "xen9"
    host.wait_until_succeeds("host health")


@pytest.mark.faults
def test_export_and_restore(disk_alone, installed_bios, new_machine, work, key, iso):
    """Exported, changed in one value, installed from on a new disk; and taken over by that host as it was.

        host xen1 --- file --- host xen9, installed from it
    """
    host = disk_alone(installed_bios)
    host.succeed("guest create web --template mini --network nat0 --start; host forward add 2222 web:22;"
                 "sed -i 's/^root:[^:]*/root:secret/' /etc/shadow", 240)
    text, signer = exported(host)
    same = HOST_KEY, "grep ^root: /etc/shadow", "host forward list --json | grep -v address"
    wanted = [host.succeed(command) for command in same]
    host.kill()

    disk = blank_disk(work / "restored.qcow2")
    installed = install("restore", host.log, key, iso, disk,
                        answers=change(text, "hostname", "hostname = xen9")
                        + "[install]\nfinish = poweroff\n")
    assert installed.id != installed_bios.id
    fresh = new_machine("fresh", kind=Host, disks=[disk]).start()
    fresh.wait_for_boot()
    assert fresh.succeed("hostname").strip() == "xen9"
    assert [fresh.succeed(command) for command in same] == wanted
    assert fresh.succeed("ls /state/restored/guests").split() == ["web.cfg"]
    assert fresh.guests() == {}
    fresh.wait_until_succeeds("host health")

    fresh.succeed(f"cat >/run/config <<'EOF'\n{text}EOF")
    told = fresh.run("host config import /run/config")
    assert told.status == 0 and signer in told.stderr
    fresh.reboot()
    fresh.wait_for_boot()
    assert fresh.succeed("hostname").strip() == "xen1"
    fresh.wait_until_succeeds("host health")
