# SPDX-License-Identifier: GPL-2.0-or-later
"""test_guide.py: docs/guide.md, followed from its first command to its last.

In the first line of each of its blocks stands who runs it: 'sh build' is a checkout,
'sh laptop' the reader's own machine, 'sh host' the installed host; 'text' is not run.
The answers that the reader writes are those of the installation. A test for each
block: what one has left is where the next begins.
"""
import os
import pathlib
import re
import subprocess
import time
from typing import NamedTuple

import pytest

from conftest import LOGS, OUT
from guests import Host
from install import blank_disk, install
from machine import TIMEOUT_MULT, CommandFailed, TimedOut, free_port
from media import labelled_volume
from qemu import Disk
from ssh import OPTIONS

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = CHECKOUT / "docs" / "guide.md"
FENCE = re.compile(r"^```(.+?)\n(.*?)^```$", re.M | re.S)
WHERE = ("sh build", "sh laptop", "sh host")
# MiB for the host with so many guests, and one more
MEMORY = {2: 2560, 10: 6144}
CPUS = {2: 1, 10: 2}
# What those that are looked into answer; else the exit code says all.
ANSWERS = {"uname -r": r"^web1\n\S+-cloud-amd64\n(.*\n)*root\n(.*\n)*0 loaded units",
           "wait staging --for ssh)": r"^staging\n", "-p 2222": r"^web1\n"}

# host1 is the test's host, and so is port 2222 of it.
SSH = """#!/bin/sh
for word; do
	shift
	[ "$word" != 2222 ] || word={forward}
	set -- "$@" "$word"
done
exec /usr/bin/ssh -F {config} "$@"
"""
SSH_CONFIG = """
Host host1
	HostName 127.0.0.1
	Port {port}
Match originalhost host1 user root
	ControlMaster auto
	ControlPath {socket}
	ControlPersist yes
Host *
	IdentityFile {key}
	{options}
"""


class Block(NamedTuple):
    where: str
    script: str


def read_guide():
    text = GUIDE.read_text()
    blocks = [Block(*found) for found in FENCE.findall(text)]
    assert {block.where for block in blocks} == {*WHERE, "text"}
    assert not re.search(r"^(    |\t|~~~|```)", FENCE.sub("", text), re.M), "a block unseen"
    return [block for block in blocks if block.where != "text"]


BLOCKS = read_guide()


class Reader:
    """Who follows the guide, with so many guests."""

    def __init__(self, guests, folder, key, iso):
        self.guests, self.key, self.iso = guests, key, iso
        self.folder = folder  # the laptop
        self.done = 0
        self.failed = self.host = self.traces = None
        self.answered = set()
        (folder / ".ssh").mkdir(parents=True)
        (folder / ".ssh" / "id_ed25519.pub").write_bytes(key.with_suffix(".pub").read_bytes())
        (folder / "bin").mkdir()
        (folder / "out").symlink_to(OUT)

    def follow(self, last):
        """All blocks that are not done yet, up to that one."""
        if self.failed is not None:
            pytest.fail(f"block {self.failed} failed")
        for n in range(self.done, last + 1):
            self.failed = n
            self.run(BLOCKS[n])
            self.failed = None
            self.done = n + 1

    def run(self, block):
        if not self.host and (self.folder / "answers.ini").exists():
            self.install()
        script = re.sub(r"^guests=10$", f"guests={self.guests}", block.script, flags=re.M)
        script = re.sub(r"--timeout (\d+)", lambda seconds:
                        f"--timeout {int(int(seconds[1]) * TIMEOUT_MULT)}", script)
        limit = 900 + 400 * self.guests
        if block.where == "sh build":
            said = self.run_here(f'make() {{ command make -n "$@"; }}\n{script}', limit, CHECKOUT)
        elif block.where == "sh laptop":
            said = self.run_here(script, limit, self.folder)
        else:
            said = self.host.succeed(script, limit)
        for part, answer in ANSWERS.items():
            if part in script:
                assert re.search(answer, said, re.M), said
                self.answered.add(part)

    def run_here(self, script, limit, folder):
        """What it says, when its exit code is 0."""
        log = self.folder / "said"
        end = time.monotonic() + limit * TIMEOUT_MULT
        environment = {**os.environ, "HOME": str(self.folder),
                       "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        with open(log, "wb") as out, subprocess.Popen(
                ["sh", "-euc", script], cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out) as shell:
            try:
                while shell.poll() is None:
                    if self.host:
                        self.host.check()
                    if time.monotonic() > end:
                        raise TimedOut(f"no end of '{script}': {log.read_text()}")
                    time.sleep(0.3)
            finally:
                shell.kill()
        said = log.read_text(errors="replace")
        if shell.returncode:
            raise CommandFailed(f"'{script}' ended with {shell.returncode}: {said}")
        return said

    def install(self):
        """From the stick with the answers; then the disk alone is booted."""
        answers = (self.folder / "answers.ini").read_text()
        disk = Disk(blank_disk(self.folder / "disk.qcow2", "20G"),
                    serial=re.search(r"^serial = (.*)$", answers, re.M)[1])
        stick = labelled_volume(self.folder / "stick.img", {"answers.ini": answers})
        logs, memory = LOGS / f"guide-{self.guests}", MEMORY[self.guests]
        install("install", logs, self.key, self.iso, disk.path, answers=None, memory=memory,
                disks=[disk, Disk(stick, format="raw")])
        self.host = Host("host1", logs, self.key, disks=[disk], memory=memory,
                         smp=CPUS[self.guests]).start()
        self.host.wait_for_boot()
        self.host.wait_until_succeeds("pidof udhcpd")  # nat0 is there
        self.traces = self.host.traces()
        self.write_ssh()

    def write_ssh(self):
        host, forward = self.host, free_port()
        told = host.qmp.command("human-monitor-command", **{
            "command-line": f"hostfwd_add net tcp:127.0.0.1:{forward}-:2222"})
        assert not told, told
        config = self.folder / ".ssh" / "config"
        config.write_text(SSH_CONFIG.format(
            port=host.port, socket=host.ssh.socket, key=self.key,
            options="\n\t".join(option for option in OPTIONS if "=" in option)))
        wrapper = self.folder / "bin" / "ssh"
        wrapper.write_text(SSH.format(forward=forward, config=config))
        wrapper.chmod(0o755)


@pytest.fixture(scope="module", params=[pytest.param(2, marks=pytest.mark.faults),
                                        pytest.param(10, marks=pytest.mark.faults)])
def reader(request, work, key, iso):
    """In 'make test-faults', with two guests and with the ten: Debian's boots take
    longer than all other tests.

        ISO (CD) + vda, 20 GiB + vdb, FAT with the answers --- machine
        laptop --- NAT --- host1 (vda) --- nat0 --- web1, web2 ...
    """
    found = Reader(request.param, work / f"laptop-{request.param}", key, iso)
    yield found
    if found.host:
        found.host.close()


@pytest.mark.parametrize("n", range(len(BLOCKS)), ids=[
    f"{n:02}-{block.where.removeprefix('sh ')}" for n, block in enumerate(BLOCKS)])
def test_guide(reader, n):
    reader.follow(n)


def test_nothing_is_left(reader):
    """What the reader made is gone at the end, but the image that was exported."""
    reader.follow(len(BLOCKS) - 1)
    assert reader.answered == set(ANSWERS)
    reader.host.assert_traces_are(reader.traces)
    subprocess.run(["qemu-img", "check", "-q", reader.folder / "try.qcow2"], check=True)
