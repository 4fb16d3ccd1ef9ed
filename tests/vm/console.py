# SPDX-License-Identifier: GPL-2.0-or-later
"""console.py: what a machine wrote on its serial line."""
import pathlib
import re

CRASH = re.compile(r"Kernel panic|\bBUG:|Xen BUG|\(XEN\) Panic|FATAL TRAP|\bOops\b")
# What Xen and the kernel write between and within other programs' lines.
SPLICED = re.compile(r"(?:\(XEN\)|\[ *\d+\.\d{6}\])[^\n]*(?:\n|$)")
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x09\x0b-\x1f\x7f]")


def plain(text):
    """Console text without controls and spliced lines, blanks made one."""
    return " ".join(SPLICED.sub("", CONTROLS.sub("", text)).split())


class Console:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.text = ""
        self.may_crash = False  # a test wants it to

    def read(self):
        self.text = self.path.read_text(encoding="utf-8", errors="replace")
        return self

    def shows(self, text, since=0):
        """Does it, behind so many characters?"""
        return plain(text) in plain(self.text[since:])

    def find(self, pattern):
        """The first match of a pattern in the plain text, or None."""
        return re.search(pattern, plain(self.text))

    def crash(self):
        """The words that say it crashed, or None."""
        found = None if self.may_crash else CRASH.search(self.text)
        return found and found[0]

    def tail(self, lines=40):
        text = CONTROLS.sub("", self.text)
        return "\n".join([line for line in text.splitlines() if line][-lines:])
