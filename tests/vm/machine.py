# SPDX-License-Identifier: GPL-2.0-or-later
"""machine.py: a machine in QEMU, for tests: start it, run commands in it, wait.

Commands go over ssh: the serial console is shared with Xen and both kernels, so
it is only logged, and read where nothing else is there yet. Every wait has a
limit and ends at once when the machine crashes or QEMU ends. QEMU itself ends
with the test's process, whatever becomes of that.
"""
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

import qemu
from console import Console
from qmp import Qmp
from ssh import Knocker, Ssh

# The last ones may wait for what hangs.
DESCRIBE = """
set +e
ps w
cat /proc/meminfo
cat /sys/block/*/inflight
dmsetup info -c -o name,attr,open
for p in /proc/[0-9]*; do
	grep -q '^State:.*D ' $p/status 2>/dev/null && echo $p && cat $p/stack
done
dmesg | tail -n 40
cat /run/paravane/guest.lock
tail -n 100 /var/log/messages
xl list
"""
TIMEOUT_MULT = float(os.environ.get("TIMEOUT_MULT") or 1)
live = set()  # machines that run now


class MachineError(AssertionError):
    pass


class MachineCrashed(MachineError):
    pass


class CommandFailed(MachineError):
    pass


class TimedOut(MachineError):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Line:
    """A serial line: 'log' has all that comes, and what is typed goes through a FIFO. Not a socket with
    a log: QEMU writes a character there again each time that the socket does not take it at once."""
    can_type = True  # QEMU 7.2 has no such FIFO

    def __init__(self, path, log):
        self.path, self.log = path, log
        os.mkfifo(path)
        self.fifo = open(path, "r+b", buffering=0)  # both ends: there is always one

    def arguments(self, name):
        """QEMU's."""
        typed = f",input-path={self.path}" if self.can_type else ""
        return ["-chardev", f"file,id={name},path={self.log}{typed}",
                "-serial", f"chardev:{name}"]

    def type(self, text):
        self.fifo.write(text.encode())

    def close(self):
        self.fifo.close()


class Machine:
    """A PC: 'iso' on CD or USB comes first in its boot order, then the disks.

    A disk is a path of a qcow2 image or a qemu.Disk. board is QEMU's machine
    type, 'q35' (AHCI) or 'pc' (IDE). A machine with an ISO ends where it would
    reboot. With boot, a media.DirectBoot, Xen is started without a boot loader.
    answers are what the installer finds in fw_cfg. address: where ssh answers, if
    that is not what DHCP gives; nic is QEMU's device, network=False: none; tftp: a
    folder that 10.0.2.2 serves; cpu: QEMU's model, if not the usual one. remembered:
    what UEFI finds of a machine before. Logs go to the folder 'log'.
    """

    def __init__(self, name, log, key, iso=None, disks=(), firmware="bios",
                 media="cd", memory=1024, smp=1, answers=None, extra=(),
                 board="q35", boot=None, address="", network=True, fw_cfg=None,
                 tftp=None, nic="virtio-net-pci", cpu=None, netboot=None,
                 remembered=b""):
        self.name, self.key, self.iso = name, str(key), iso
        self.disks, self.firmware, self.media = disks, firmware, media
        self.memory, self.smp, self.boot = memory, smp, boot
        self.extra, self.board = list(extra), board
        self.address, self.network, self.tftp = address, network, tftp
        self.nic, self.cpu, self.netboot = nic, cpu, netboot
        self.remembered = remembered
        self.fw_cfg = dict(fw_cfg or {})
        if answers is not None:
            self.fw_cfg["opt/paravane/answers"] = answers
        self.log = pathlib.Path(log)
        self.console = Console(self.log / f"{name}-serial.log")
        self.firmware_log = Console(self.log / f"{name}-firmware.log")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pvn-"))
        self.line = Line(self.folder / "serial", self.console.path)
        self.qmp = Qmp(self.folder / "qmp")
        self.process = self.started = self.ssh_after = self.port = None

    # --- on and off ---

    def start(self):
        self.port = free_port() if self.network else None
        self.ssh = Ssh(self.port, self.key, self.folder / "ssh")
        self.log.mkdir(parents=True, exist_ok=True)
        command = qemu.command(self)
        version = subprocess.run([command[0], "--version"], text=True, check=True,
                                 capture_output=True).stdout.splitlines()[0]
        self.console.path.write_text("")
        self.firmware_log.path.write_text("")
        with open(self.log / f"{self.name}.log", "w", encoding="utf-8") as log:
            print(version, f"accelerator: {qemu.ACCEL}", shlex.join(command),
                  "load average: %.2f %.2f %.2f" % os.getloadavg(),
                  "commit: " + (os.environ.get("PVN_DESCRIBE") or "unknown"),
                  sep="\n", file=log, flush=True)
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.started = time.monotonic()
        live.add(self)
        return self

    def shutdown(self, limit=240):
        """Power off from inside, as a person would."""
        self._ssh("poweroff", 30)
        self.wait_for_exit(limit)

    def reboot(self, limit=400, command="reboot"):
        """Reboot from inside; returns when the new system answers."""
        boot_id = "cat /proc/sys/kernel/random/boot_id"
        old = self.succeed(boot_id)
        self._ssh(command, 120)
        self.ssh.forget()
        self._until(lambda: self._ssh(boot_id, 20).stdout not in ("", old),
                    limit, "the rebooted system to answer ssh")

    def kill(self):
        """Pull the plug."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        live.discard(self)

    def type_on_console(self, text):
        self.line.type(text)

    def close(self):
        self.kill()
        self.line.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def firmware_memory(self):
        """What UEFI remembers: its variables, boot entries among them."""
        path = self.folder / "vars.fd"
        return path.read_bytes() if path.exists() else b""

    # --- waiting ---

    def _check_console(self):
        crash = self.console.read().crash()
        if crash:
            raise MachineCrashed(
                f"{self.name}: '{crash}' on the console:\n{self.console.tail()}")

    def check(self):
        """Raise MachineCrashed when it has crashed, or when QEMU has ended."""
        ended = self.process.poll() is not None
        self._check_console()
        if ended:
            raise MachineCrashed(f"{self.name}: QEMU ended by itself, exit code "
                                 f"{self.process.returncode}:\n{self.console.tail()}")

    def _until(self, poll, limit, what, check=None):
        end = time.monotonic() + limit * TIMEOUT_MULT
        while True:
            (check or self.check)()
            if poll():
                return
            if time.monotonic() > end:
                raise TimedOut(f"{self.name}: waited {limit * TIMEOUT_MULT:.0f} s"
                               f" for {what}; the console:\n{self.console.tail()}")
            time.sleep(0.3)

    def wait_for_console(self, text, limit=300):
        self._until(lambda: self.console.shows(text), limit,
                    f"'{text}' on the console")

    def wait_for_firmware(self, text, limit=60):
        """What the BIOS says; UEFI says it on the console."""
        self._until(lambda: self.firmware_log.read().shows(text), limit,
                    f"'{text}' from the firmware")

    def wait_for_exit(self, limit=600):
        self._until(lambda: self.process.poll() is not None, limit,
                    "the machine to power off", self._check_console)
        live.discard(self)
        self._check_console()
        if self.process.returncode:
            raise MachineCrashed(f"{self.name}: QEMU's exit code is "
                                 f"{self.process.returncode}:\n{self.console.tail()}")

    def wait_for_ssh(self, limit=300, guest=None):
        what = f"ssh on {guest or 'dom0'}"
        if not guest and self.ssh_after is None:
            with contextlib.closing(Knocker(self.port)) as knocker:
                self._until(knocker.answered, limit, what)
        self._until(lambda: self._ssh("true", 20, guest, 5).status == 0, limit, what)
        if not guest and self.ssh_after is None:
            self.ssh_after = time.monotonic() - self.started

    def wait_until_succeeds(self, command, limit=120, guest=None):
        self._until(lambda: self._ssh(command, 60, guest).status == 0, limit,
                    f"'{command}' to succeed")

    # --- commands ---

    def _ssh(self, command, limit, guest=None, connect=30):
        """A Result; its status is 255 when ssh failed or the limit was reached."""
        return self.ssh.run(command, limit * TIMEOUT_MULT, guest,
                            connect * TIMEOUT_MULT, self._check_console)

    def describe(self, path):
        """What a person would look at when it does not do what it should, into a file;
        returned, too, and "" when ssh never answered. OSError when QEMU is gone."""
        if self.ssh_after is None:
            return ""
        self.ssh.forget()  # it may be the connection that hangs
        # a crash on its console is what we are here for, and ends nothing
        said = self.ssh.run(DESCRIBE, 60 * TIMEOUT_MULT, None, 30 * TIMEOUT_MULT, lambda: None)
        devices = self.qmp.monitor("info virtio")
        queues = [self.qmp.monitor(f"info virtio-queue-status {device} 0")
                  for device in re.findall(r"/machine/\S+", devices)]
        text = "\n".join([devices, *queues, said.stdout, said.stderr])
        path.write_text(text)
        if said.status == 255:
            # its blocked tasks; then Xen's event channels, interrupts and domains
            for keys in ("\x0f8", "\x0fw", "\x01\x01\x01", "e", "M", "i", "q",
                         "\x01\x01\x01"):
                self.type_on_console(keys)
                time.sleep(3)  # to print it; nothing says when it is done
        return text

    def run(self, command, limit=60, guest=None):
        """Run a command in dom0, or in the guest at that address."""
        self.check()
        result = self._ssh(command, limit, guest)
        if result.status == 255:
            self.check()
            raise CommandFailed(f"{self.name}: ssh failed for '{command}': "
                                f"{result.stderr}\n{self.console.tail()}")
        return result

    def succeed(self, command, limit=60, guest=None):
        """Its standard output; CommandFailed unless the exit code is 0."""
        result = self.run(command, limit, guest)
        if result.status:
            raise CommandFailed(f"{self.name}: '{command}' ended with "
                                f"{result.status}: {result.stdout}{result.stderr}")
        return result.stdout

    def fail(self, command, limit=60, guest=None):
        """Its Result; CommandFailed when the exit code is 0."""
        result = self.run(command, limit, guest)
        if not result.status:
            raise CommandFailed(f"{self.name}: '{command}' succeeded: {result.stdout}")
        return result
