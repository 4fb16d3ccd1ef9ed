# SPDX-License-Identifier: GPL-2.0-or-later
"""test_commands.py: what guests are told to do while they live."""
import os
import subprocess

import pytest


def boot_id(host, address):
    return host.succeed("cat /proc/sys/kernel/random/boot_id", guest=address)


def wait_for(host, name, what="ssh"):
    """What 'guest wait' prints: the guest's address."""
    return host.succeed(f"guest wait {name} --for {what} --timeout 300", 320).strip()


def test_run(host, no_leaks):
    """Times, wait, log, pause, resume, reboot, rename.

        dom0 --- br0 --- NAT
                  |
                web1, later www
    """
    told = host.succeed("guest create web1 --template mini --start --timing 2>&1", 240)
    assert "prepare=" in told and "build=" in told, told
    address = wait_for(host, "web1", "ip")
    assert wait_for(host, "web1") == address == host.guests()["web1"]["address"]
    first = boot_id(host, address)

    host.succeed("guest pause web1")
    assert host.guests()["web1"]["state"] == "paused"
    assert "resume web1" in host.fail("guest stop web1").stderr
    timed_out = host.fail("guest wait web1 --for off --timeout 1")
    assert timed_out.status == 1 and "still ran after 1 s" in timed_out.stderr
    host.succeed("guest resume web1")
    assert boot_id(host, address) == first

    host.succeed("guest reboot web1", 120)
    assert wait_for(host, "web1") == address
    second = boot_id(host, address)
    assert second != first
    host.succeed("guest reboot --force web1", 120)
    address = wait_for(host, "web1")
    assert boot_id(host, address) not in (first, second)

    refused = host.fail("guest rename web1 www")
    assert refused.status == 3 and "is running" in refused.stderr
    host.succeed("guest stop web1", 120)
    assert wait_for(host, "web1", "off") == ""
    host.succeed("guest rename web1 www")
    assert list(host.guests()) == ["www"]
    host.succeed("guest start www", 120)
    wait_for(host, "www")
    host.succeed("guest destroy www", 120)


# Its ssh takes connections and says nothing for so many seconds; then it says how many there are.
SLOW = r"""(
	until [ "$(pidof dropbear | wc -w)" = 1 ]; do sleep 1; done
	kill -STOP $(pidof dropbear)
	echo stopped >/dev/console
	sleep {seconds}
	cat /proc/net/tcp /proc/net/tcp6 | grep -cE ':0016 [0-9A-F:]+ 0[18] ' >/tmp/open
	kill -CONT $(pidof dropbear)
) >/dev/null 2>&1 </dev/null &"""


@pytest.mark.faults
def test_wait_for_a_slow_ssh(host, no_leaks):
    """It is waited for, and not made slower by one connection after the other.

        dom0 --- slow
    """
    host.succeed("guest create slow --template mini --start", 240)
    address = wait_for(host, "slow")
    host.succeed(SLOW.replace("{seconds}", "12"), guest=address)
    host.wait_until_succeeds("guest log slow | grep -q stopped")
    assert wait_for(host, "slow") == address
    assert host.succeed("cat /tmp/open", guest=address) == "1\n"
    # one that says nothing and goes: its next start is what counts, within the minute
    host.succeed(SLOW.replace("{seconds}", "600"), guest=address)
    host.wait_until_succeeds("[ $(guest log slow | grep -c stopped) = 2 ]")
    host.succeed("guest wait slow --for ssh --timeout 55 >/tmp/waited 2>&1 & sleep 2;"
                 " guest stop slow --force && guest start slow && wait $! && cat /tmp/waited", 120)
    host.succeed("guest destroy slow", 120)


def test_log(host, no_leaks):
    """The console's log is kept, followed, cleaned of controls and bounded.

        dom0 --- loud: writes to its console
    """
    host.succeed("guest create loud --template mini --start", 240)
    address = wait_for(host, "loud")
    host.succeed(r"printf 'first \033[31mred\n' >/dev/hvc0", guest=address)
    host.wait_until_succeeds(r"guest log loud | grep -qxF 'first ?[31mred'")
    host.succeed("guest log loud --follow >/tmp/followed & echo $! >/tmp/follower")
    # more than is kept, so that the log is begun anew meanwhile
    host.succeed("seq 1 60000 >/dev/hvc0; echo at the end >/dev/hvc0", 300, guest=address)
    host.wait_until_succeeds("test -e /var/log/xen/console/guest-loud.log.0")
    host.succeed("echo in the new log >/dev/hvc0", guest=address)
    host.wait_until_succeeds("grep -qx 'in the new log' /tmp/followed")
    host.succeed("kill $(cat /tmp/follower)")
    missed = host.succeed("tr -d '\\r' </tmp/followed | grep -cxE '[0-9]+'")
    assert int(missed) == 60000
    host.succeed("guest destroy loud", 120)
    kept = host.succeed("guest log loud").splitlines(keepends=True)
    assert "at the end\n" in kept and "in the new log\n" in kept
    assert host.succeed("guest log loud --lines 3") == "".join(kept[-3:])
    # another guest of the name begins its own, which goes with it to another name
    host.succeed("guest create loud --template mini", 240)
    assert host.succeed("guest log loud") == ""
    host.succeed("cat /var/log/xen/console/guest-loud.log.0.old /var/log/xen/console/guest-loud.log.old |"
                 " grep -q 'in the new log'")
    host.succeed("cd /var/log/xen/console; echo older >guest-loud.log.0; echo newer >guest-loud.log;"
                 " guest rename loud calm", 60)
    assert host.succeed("guest log calm") == "older\nnewer\n"
    host.fail("ls /var/log/xen/console/guest-loud.log /var/log/xen/console/guest-loud.log.0")
    host.succeed("guest destroy calm; rm /var/log/xen/console/guest-loud.log*", 120)


def memory_mib(host, address):
    return int(host.succeed("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo",
                            guest=address)) // 1024


def test_set(host, no_leaks):
    """Values change in the file, which keeps its comments, and while it runs.

        dom0 --- br0 --- NAT
                  |
                 web1: 96 MiB of 128, 1 vCPU of 2
    """
    host.succeed("guest create web1 --template mini", 240)
    host.succeed("sed -i 's/^vcpus.*/& # by hand/' /state/guests/web1.cfg")
    host.succeed("guest set web1 --memory 96M --maxmem 128M --maxvcpus 2 "
                 "--description 'a test' --autostart on --order 7")
    text = host.succeed("cat /state/guests/web1.cfg")
    for line in ("memory = 96", "vcpus = 1 # by hand", "maxvcpus = 2",
                 'paravane_description = "a test"', "paravane_autostart = 1"):
        assert line in text.splitlines()
    shown = host.json("guest show web1")
    assert (shown["description"], shown["autostart"], shown["order"]) == ("a test", True, 7)
    host.succeed("guest start web1", 120)
    address = wait_for(host, "web1")
    before = memory_mib(host, address)
    assert host.succeed("nproc", guest=address).strip() == "1"

    host.succeed("guest set web1 --memory 64M --vcpus 2")
    host._until(lambda: host.succeed("nproc", guest=address).strip() == "2", 60, "another vCPU")
    host._until(lambda: memory_mib(host, address) <= before - 30, 60, "less memory")
    host.succeed("guest set web1 --memory 120M")
    host._until(lambda: memory_mib(host, address) >= before + 20, 60, "more memory")
    told = host.succeed("guest set web1 --memory 200M --maxmem 200M")
    assert "from its next start on" in told
    assert memory_mib(host, address) <= 128
    assert "memory = 200" in host.succeed("cat /state/guests/web1.cfg")
    host.succeed("guest reboot web1", 120)
    address = wait_for(host, "web1")
    assert host.succeed("nproc", guest=address).strip() == "2"
    assert memory_mib(host, address) > 128
    host.succeed("guest destroy web1", 120)


def test_devices(host, no_leaks):
    """Disks and interfaces come and go while the guest runs, and stay over a restart.

        dom0 --- br0 --- NAT
                 | |
                web1: xvda, grown; xvdc, added; eth1, added
    """
    host.succeed("guest create web1 --template mini --disk 256M --start", 240)
    address = wait_for(host, "web1")
    host.succeed("guest disk add web1 --size 128M")
    host.wait_until_succeeds("test -b /dev/xvdc", guest=address)
    host.succeed("echo kept >/dev/xvdc; sync", guest=address)
    host.succeed("guest disk grow web1 xvda --size 512M")
    host.wait_until_succeeds(
        "dd if=/dev/xvda of=/dev/null bs=512 count=1 iflag=direct 2>/dev/null;"
        "test $(cat /sys/block/xvda/size) = 1048576", guest=address)

    host.succeed("guest nic add web1 --rate 10Mb/s")
    host.wait_until_succeeds("test -e /sys/class/net/eth1", guest=address)
    assert [nic["rate"] for nic in host.json("guest nic list web1")] == [None, "10Mb/s"]
    # what is undone is as open as it was
    host.succeed("sed -i 's|,rate=10Mb/s|&,script=vif-open|' /state/guests/web1.cfg")
    host.fail("PVN_FAIL_AT=config guest nic remove web1 eth1", 120)
    host.succeed("xenstore-ls -f /local/domain/0/backend/vif | grep -q 'script = .*vif-open'")
    host.wait_until_succeeds("test -e /sys/class/net/eth1", guest=address)
    host.succeed("guest nic remove web1 eth1")
    host.wait_until_succeeds("test ! -e /sys/class/net/eth1", guest=address)

    host.succeed("guest reboot --force web1", 120)
    address = wait_for(host, "web1")
    assert host.succeed("head -n 1 /dev/xvdc", guest=address) == "kept\n"
    host.succeed("guest disk remove web1 xvdc", 120)
    host.wait_until_succeeds("test ! -e /sys/block/xvdc", guest=address)
    disks = {disk["name"]: disk["size_bytes"] for disk in host.json("guest disk list web1")}
    assert disks["xvda"] == 512 * 1024 * 1024 and list(disks) == ["xvda", "xvdb"]
    host.succeed("guest destroy web1", 120)


def test_snapshots(host, no_leaks):
    """What a guest has written goes with a rollback, which leaves the snapshot.

        dom0 --- web1, later www: xvda, xvdc; snapshots empty, written
    """
    host.succeed("guest create web1 --template mini --start", 240)
    address = wait_for(host, "web1")
    host.succeed("guest disk add web1 --size 16M")
    host.succeed("guest snapshot web1 empty", 120)
    assert host.guests()["web1"]["state"] == "running"
    host.succeed("echo one >/root/note; echo two >/dev/xvdc; sync", guest=address)
    host.succeed("guest snapshot web1 written", 120)
    assert host.fail("guest snapshot web1 written").status == 1
    assert host.fail("guest rollback web1 empty").status == 3
    kept = host.json("guest snapshots web1")
    assert [(s["name"], s["disks"]) for s in kept] == [("empty", 2), ("written", 2)]

    host.succeed("guest stop web1", 120)
    failed = host.fail("PVN_FAIL_AT=swap guest rollback web1 empty", 120)
    assert failed.status == 1
    host.succeed("guest rollback web1 empty", 120)
    host.succeed("guest rename web1 www", 120)
    host.succeed("guest start www", 120)
    address = wait_for(host, "www")
    assert host.succeed("ls /root; head -c 3 /dev/xvdc | tr -d '\\0'", guest=address) == ""
    host.succeed("guest stop www", 120)
    host.succeed("guest rollback www written", 120)
    host.succeed("guest start www", 120)
    address = wait_for(host, "www")
    assert host.succeed("cat /root/note; head -n 1 /dev/xvdc", guest=address) == "one\ntwo\n"
    host.succeed("guest snapshot www written --delete")
    assert [s["name"] for s in host.json("guest snapshots www")] == ["empty"]
    host.succeed("guest destroy www", 120)


def test_clone(host, no_leaks):
    """A copy of a stopped guest and one of a running guest: same data, own identity.

        dom0 --- br0 --- NAT
                  |
            web1, web2 (of web1 stopped), web3 (of web1 running)
    """
    host.succeed("guest create web1 --template mini --memory 48M --start", 240)
    address = wait_for(host, "web1")
    host.succeed("echo same >/root/note; sync", guest=address)
    assert host.fail("guest clone web1 web3").status == 3
    host.succeed("guest clone web1 web3 --live --start", 120)
    assert host.guests()["web1"]["state"] == "running"
    host.succeed("guest stop web1", 120)
    host.succeed("guest clone web1 web2", 120)
    host.succeed("guest start web1 && guest start web2", 120)
    key = "dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep ^ssh"
    told = {}
    for name in ("web1", "web2", "web3"):
        address = wait_for(host, name)
        assert host.succeed("cat /root/note", guest=address) == "same\n"
        assert host.succeed("hostname", guest=address).strip() == name
        told[name] = (address, host.succeed(key, guest=address),
                      host.json(f"guest show {name}")["uuid"])
    for kind in zip(*told.values()):
        assert len(set(kind)) == 3
    for name in told:
        host.succeed(f"guest destroy {name}", 120)


def test_top_and_list(host, no_leaks):
    """A busy guest is above an idle one; the disk's use is what was written.

        dom0 --- idle, busy
    """
    for name in ("idle", "busy"):
        host.succeed(f"guest create {name} --template mini --memory 48M --start", 240)
    address = wait_for(host, "busy")
    wait_for(host, "idle")
    before = host.guests()["busy"]["disk_used_bytes"]
    host.succeed("dd if=/dev/urandom of=/root/data bs=1M count=16 2>/dev/null; sync",
                 guest=address)
    assert host.guests()["busy"]["disk_used_bytes"] >= before + 15 * 1024 * 1024
    assert "/1.0G" in host.succeed("guest list")
    host.succeed("while :; do :; done >/dev/null 2>&1 </dev/null & "
                 "ping -q -s 1000 -i 0.1 $(ip route | sed -n 's/.*via \\([0-9.]*\\).*/\\1/p')"
                 " >/dev/null 2>&1 </dev/null &", guest=address)
    top = host.json("guest top --once --interval 3")
    assert [guest["name"] for guest in top] == ["busy", "idle"]
    assert top[0]["cpu_percent"] > 20 > top[1]["cpu_percent"]
    assert top[0]["out_bytes_s"] > 1000
    assert host.succeed("guest top --once").split()[:2] == ["NAME", "CPU%"]
    for name in ("idle", "busy"):
        host.succeed(f"guest destroy {name}", 120)


# What a shell with completion does when <Tab> is pressed behind the words.
COMPLETED = r"""
eval "$SCRIPT"
COMP_WORDS=({words} '')
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_paravane_here
printf '%s\n' "${{COMPREPLY[@]}}"
"""


def test_completion(host, no_leaks):
    """bash elsewhere runs the host's commands and completes them.

        bash --- ssh --- dom0: web1
    """
    host.succeed("guest create web1 --template mini", 240)
    script = host.succeed("paravane completion here HOST").replace(
        "ssh -o BatchMode=yes 'HOST'", "on_host").replace(
        "ssh ${tty:+\"$tty\"} 'HOST'", "on_host")
    # "$1" as one word is the remote shell's command line
    argv = [word.replace("'", r"'\''") for word in host.ssh.argv("REMOTE")]
    quoted = " ".join("'" + word + "'" for word in argv[:-1])
    script = f"on_host() {{ {quoted} \"$1\"; }}\n{script}"

    def bash(text):
        return subprocess.run(["bash", "-c", text], env={**os.environ, "SCRIPT": script},
                              capture_output=True, text=True, check=True, timeout=120).stdout

    def completed(words):
        return bash(COMPLETED.format(words=words)).split()

    assert "disk" in completed("here guest")
    assert completed("here guest disk grow") == ["web1"]
    assert completed("here guest disk grow web1") == ["xvda", "xvdb"]
    assert completed("here guest create x --template") == ["mini"]
    said = bash('eval "$SCRIPT"; here guest set web1 --description "two words"')
    assert said == "guest 'web1' is changed\n"
    assert '"two words"' in host.succeed("cat /state/guests/web1.cfg")
    host.succeed("guest destroy web1", 120)
