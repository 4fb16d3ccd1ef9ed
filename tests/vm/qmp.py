# SPDX-License-Identifier: GPL-2.0-or-later
"""qmp.py: QEMU's control socket: keys, pictures of the screen, the end."""
import json
import socket


class Qmp:
    """One connection for one command: nothing to keep in step."""

    def __init__(self, path):
        self.path = str(path)

    def command(self, name, **arguments):
        """Carry out one command and return its result; OSError when QEMU is gone."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self.path)
            with connection.makefile("rw", encoding="utf-8") as lines:
                json.loads(lines.readline())  # the greeting
                self._ask(lines, "qmp_capabilities")
                return self._ask(lines, name, **arguments)

    @staticmethod
    def _ask(lines, name, **arguments):
        lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        lines.flush()
        for line in lines:
            answer = json.loads(line)
            if "error" in answer:
                raise OSError(f"QMP {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise OSError(f"QMP {name}: QEMU ended the connection")

    def monitor(self, line):
        """What the monitor for people answers."""
        return self.command("human-monitor-command", **{"command-line": line})

    def press(self, key):
        """A key of the keyboard, by QEMU's name for it."""
        self.command("send-key", keys=[{"type": "qcode", "data": key}])

    def screenshot(self, path):
        self.command("screendump", filename=str(path), format="png")
