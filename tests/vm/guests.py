# SPDX-License-Identifier: GPL-2.0-or-later
"""guests.py: an installed host as the tests speak of it: its guests, and what
they leave behind."""
import contextlib
import difflib
import json
import re
import subprocess
import time

from machine import TIMEOUT_MULT, CommandFailed, Machine, MachineError
from ssh import Result

# What guests use on the host, a name a line; what is there to stay is left out:
# template volumes, lock files and folders that are only parents. Which domains there
# are is said before and after.
TRACES = r"""
domains() { xl vm-list | sed "1d;s/^/$1 /"; }
domains before
xl list | sed 1d | cut -d' ' -f1 | sed 's/^/domain /'
xenstore-ls -f | sed -n 's/^\([^ ]*\) = .*/\1/p' |
	grep -E '^/(local/domain/([1-9]|0/backend/[^/]*/)|vm/|libxl/)' | sed 's/^/xenstore /'
lvs --noheadings -o lv_name | tr -d ' ' | grep -v '^template-' | sed 's/^/volume /'
dmsetup ls | cut -f1 | grep -vE 'template|-pool|^No devices' | sed 's/^/mapping /' || :
ls -A /state/guests | sed 's/^/config /'
grep -l /spare- /state/guests/*.cfg 2>/dev/null | sed 's/^/unfinished /' || :
cut -d' ' -f1-3 /proc/mounts | sed 's/^/mount /'
ls /sys/class/net | sed 's/^/interface /'
ls /sys/class/net/br0/brif | sed 's/^/port /'
nft list table bridge paravane_guard | grep -o '"vif[^,}]*' | sed '/ : /d;s/ *$//;s/^/guard /' || :
ls -d /sys/block/loop*/loop 2>/dev/null | sed 's/^/loop /' || :
find /run/paravane /run/xen-hotplug ! -name '*.lock' ! -path /run/paravane/verify | sed 's/^/file /'
for p in /proc/[0-9]*/comm; do cat $p 2>/dev/null || :; done | grep -x xl | sed 's/^/process /' || :
domains after
"""
# The guard's map of the addresses that were seen changes whenever a guest speaks (above).
# Where the host mounts a slot to verify it, some time after its start, is none of a guest's (above).
# Guests that are made ahead of need come and go as they like, and so does what the
# commands remember of LVM, and the DHCP server of its leases.
SPARES = (r"domain \.spare-|volume spare-|mapping [^-]*-spare--|file /run/paravane/(spare|volumes|udhcpd)"
          r"|xenstore /((local/domain|libxl|local/domain/0/backend/[^/]*)/({ids})|vm/({uuids}))(/|$)"
          r"|(interface |port |guard \")vif({ids})\.")
# A guest was destroyed whose volumes guestd has still to remove, or made whose volumes it
# has still to rename.
UNFINISHED = re.compile(r"config \..*\.removed$|unfinished ")


def alternatives(words):
    return "|".join(words) or "none"


def sort_out(lines):
    """The traces of guests alone, and whether nothing was being made or removed."""
    before, after = ([line.split(None, 1)[1] for line in lines if line.startswith(when)]
                     for when in ("before ", "after "))
    domains = [line.split() for line in before]
    spares = [(uuid, domid) for uuid, domid, name in domains if name.startswith(".spare-")]
    theirs = re.compile(SPARES.replace("{ids}", alternatives(domid for _, domid in spares))
                        .replace("{uuids}", alternatives(uuid for uuid, _ in spares)))
    traces = sorted(line for line in lines
                    if not line.startswith(("before ", "after ")) and not theirs.match(line))
    steady = (before == after and all(name != "(null)" for *_, name in domains)
              and not any(UNFINISHED.match(line) for line in traces))
    return traces, steady


class Host(Machine):
    def json(self, command, limit=60):
        return json.loads(self.succeed(f"{command} --json", limit))

    def wait_for_boot(self):
        """Until ssh answers and the drivers of other machines are gone from memory."""
        self.wait_for_ssh()
        self.wait_until_succeeds("test -e /run/paravane/booted")

    def guests(self):
        """What 'guest list' says, by name."""
        return {guest["name"]: guest for guest in self.json("guest list")}

    def wait_for_address(self, name, limit=120):
        """The address that the guest tells; its ssh need not answer yet."""
        found = {}

        def look():
            found.update(self.guests().get(name, {}))
            return found.get("address")

        self._until(look, limit, f"an address of guest '{name}'")
        return found["address"]

    def wait_for_guest(self, name, limit=120):
        """The guest's address, once its ssh answers."""
        address = self.wait_for_address(name, limit)
        self.wait_for_ssh(limit, guest=address)
        return address

    def talk_on_console(self, command, shown):
        """Attached to its console by this command, a guest answers, and Ctrl-] leaves it. All that was
        shown, which goes into a file."""
        return self.talk(command, b"\recho answer $((6 * 7))\r", b"answer 42", b"\x1d", shown)

    def talk(self, command, keys, answer, last_keys, shown):
        """A command that has a terminal shows an answer to some keys, and ends at others. All that was shown,
        which goes into a file."""
        argv = self.ssh.argv(command)
        with open(shown, "wb") as out, subprocess.Popen(
                [argv[0], "-tt", *argv[1:]], stdin=subprocess.PIPE, stdout=out,
                stderr=out, bufsize=0) as ssh:

            def typed(keys, there):
                """What comes before the terminal is ready is lost: type until it is there."""
                if not there():
                    with contextlib.suppress(BrokenPipeError):
                        ssh.stdin.write(keys)
                return there()

            try:
                self._until(lambda: typed(keys, lambda: answer in shown.read_bytes()),
                            60, f"'{command}' to show '{answer.decode()}'")
                self._until(lambda: typed(last_keys, lambda: ssh.poll() is not None),
                            60, f"'{command}' to end")
            finally:
                ssh.kill()
        text = shown.read_text(errors="replace")
        if ssh.returncode:
            raise MachineError(f"'{command}' ended with {ssh.returncode}: {text}")
        return text

    def feed(self, command, path, limit=300):
        """Run a command in dom0 with a file on its standard input; a Result."""
        self.check()
        argv = self.ssh.argv("set -eu; " + command, connect=30 * TIMEOUT_MULT)
        with open(path, "rb") as source:
            done = subprocess.run(argv, stdin=source, capture_output=True, check=False,
                                  timeout=limit * TIMEOUT_MULT)
        return Result(done.returncode, done.stdout.decode(errors="replace"),
                      done.stderr.decode(errors="replace"))

    def fetch(self, command, path, limit=300):
        """Run a command in dom0 that must succeed, its standard output into a file."""
        self.check()
        argv = self.ssh.argv("set -eu; " + command, connect=30 * TIMEOUT_MULT)
        with open(path, "wb") as target:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=target,
                                  stderr=subprocess.PIPE, check=False,
                                  timeout=limit * TIMEOUT_MULT)
        if done.returncode:
            raise CommandFailed(f"'{command}' ended with {done.returncode}: {done.stderr}")

    def traces(self, limit=30):
        """What guests use now. That nothing is being made or removed is waited for, but
        not for ever: it may hang, and then it is seen."""
        end = time.monotonic() + limit * TIMEOUT_MULT
        while True:
            traces, steady = sort_out(self.succeed(TRACES).splitlines())
            if steady or time.monotonic() > end:
                return traces
            time.sleep(1)

    def assert_traces_are(self, basis, limit=30):
        """Some things go a moment after the command that removes a guest ends."""
        end = time.monotonic() + limit * TIMEOUT_MULT
        while (now := self.traces()) != basis:
            if time.monotonic() > end:
                changes = [line for line in difflib.ndiff(basis, now)
                           if line[0] in "+-"]
                raise MachineError("left behind (+) or lost (-):\n" + "\n".join(changes))
            time.sleep(1)

    def remove_all_guests(self, but=()):
        for name in self.guests().keys() - set(but):
            self.succeed(f"guest destroy {name}", 120)
