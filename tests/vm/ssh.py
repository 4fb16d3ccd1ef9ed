# SPDX-License-Identifier: GPL-2.0-or-later
"""ssh.py: commands in a machine, and in its guests, over ssh."""
import contextlib
import select
import shlex
import socket
import subprocess
import time
from collections import namedtuple

OPTIONS = [
    "-F", "/dev/null", "-o", "StrictHostKeyChecking=no",
    "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
    "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR",
    "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8",
]

Result = namedtuple("Result", "status stdout stderr")


def rest(ssh):
    """What a command said that is ended now."""
    ssh.kill()
    try:
        return ssh.communicate(timeout=5)[0]
    except subprocess.TimeoutExpired:
        return ""  # what it started has its output open


class Knocker:
    """Finds out when a port on this machine begins to answer as an ssh server. A try that
    came too early is never answered, for a packet was lost: several wait at a time."""
    EVERY, WAIT = 0.5, 2.5  # seconds; dropbear takes five at a time from one address

    def __init__(self, port):
        self.port, self.tries = port, []

    def answered(self):
        """Has one been answered? Begins a new try when it is time to."""
        now = time.monotonic()
        for begun, connection in list(self.tries):
            ready = select.select([connection], [], [], 0)[0]
            if ready:
                with contextlib.suppress(OSError):
                    if connection.recv(4) == b"SSH-":
                        self.close()
                        return True
            if ready or now - begun > self.WAIT:
                connection.close()
                self.tries.remove((begun, connection))
        if not self.tries or now - self.tries[-1][0] >= self.EVERY:
            with contextlib.suppress(OSError):
                self.tries.append((now, socket.create_connection(("127.0.0.1", self.port), 5)))
        return False

    def close(self):
        for _, connection in self.tries:
            connection.close()
        self.tries = []


class Ssh:
    """One connection for all commands: key exchange is slow on a slow CPU."""

    def __init__(self, port, key, socket):
        self.port, self.key, self.socket = str(port), key, socket

    def argv(self, command, guest=None, connect=30):
        """What runs a command; 'connect' is its limit in seconds for the way there."""
        options = [*OPTIONS, "-i", self.key, "-o", f"ConnectTimeout={connect:.0f}", "-p"]
        shared = ["-o", "ControlMaster=auto", "-o", "ControlPersist=yes",
                  "-o", f"ControlPath={self.socket}"]
        host = [self.port, "root@127.0.0.1"]
        if not guest:
            return ["ssh", *shared, *options, *host, command]
        through = shlex.join(["ssh", *shared, "-W", "%h:%p", *options, *host])
        return ["ssh", "-o", f"ProxyCommand={through}", *options, "22",
                guest if "@" in guest else f"root@{guest}", command]

    def run(self, command, limit, guest, connect, check):
        """A Result; its status is 255 when ssh failed or the limit was reached, with what
        had come by then. 'check' is called meanwhile; what it raises ends the command."""
        argv = self.argv("set -eu; " + command, guest, connect)
        end = time.monotonic() + limit
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ssh:
            try:
                while True:
                    try:
                        out, err = ssh.communicate(timeout=1)
                        return Result(ssh.returncode, out, err)
                    except subprocess.TimeoutExpired:
                        check()
                    if time.monotonic() > end:
                        return Result(255, rest(ssh), f"no end in {limit:.0f} s")
            finally:
                ssh.kill()

    def forget(self):
        """End the connection, of a system that is no more."""
        subprocess.run(["ssh", "-F", "/dev/null", "-o", f"ControlPath={self.socket}",
                        "-O", "exit", "x"], check=False, capture_output=True)
