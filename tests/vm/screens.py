# SPDX-License-Identifier: GPL-2.0-or-later
"""screens.py: what a person sees: a terminal on a serial line, and the VGA screen, read back as a
picture."""
import functools
import pathlib
import re
import time

import pyte

from machine import TIMEOUT_MULT

# QEMU's names of keys, for characters that aren't their own; upper case with shift.
PLAIN_KEYS = {" ": "spc", "-": "minus", "=": "equal", "/": "slash", ".": "dot", ",": "comma",
              "\r": "ret", "\t": "tab", "\x1b": "esc"}
SHIFTED = {"@": "2", "+": "equal", "_": "minus", ":": "semicolon"}
VGA_BIOS = pathlib.Path("/usr/share/seabios/vgabios-stdvga.bin")
GLYPH = 16  # bytes: one for each row, 8 columns


class Screen:
    """A screen of 80 columns, and the keys of who sits in front of it."""
    may_be_garbled = False  # it is drawn anew, when it does not become what it should

    def text(self):
        """Its lines, blanks made one."""
        raise NotImplementedError

    def types(self, text):
        raise NotImplementedError

    def reads(self, *texts, limit=60):
        """Wait until all of them are on it."""
        asked = time.monotonic()

        def shown():
            nonlocal asked
            seen = self.text()
            if all(text in seen for text in texts):
                return True
            if self.may_be_garbled and time.monotonic() - asked > 10 * TIMEOUT_MULT:
                asked = time.monotonic()
                self.types("\x0c")
            return False

        try:
            self.machine._until(shown, limit, f"{texts} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe screen: {self.text()}") from None


class Terminal(Screen):
    """A VT100 on a serial line."""
    may_be_garbled = True  # Xen and the kernel write there, too

    def __init__(self, machine, line):
        self.machine, self.line = machine, line
        self.screen = pyte.Screen(80, 24)
        self.read = 0
        self._listen()

    def _listen(self):
        self.stream = pyte.ByteStream(self.screen)
        self.stream.select_other_charset("@")  # a VT100 knows no UTF-8

    def text(self):
        with open(self.line.log, "rb") as log:
            log.seek(self.read)
            data = log.read()
        self.read += len(data)
        for piece in re.split(b"(?=\x1b)", data):
            try:
                self.stream.feed(piece)
            except TypeError:
                self._listen()  # a line was written into a sequence
        return " ".join(" ".join(self.screen.display).split())

    def types(self, text):
        self.line.type(text)


@functools.cache
def glyphs():
    """The characters of QEMU's VGA font, by what they look like."""
    bios = VGA_BIOS.read_bytes()
    # no pixel at all, then a face
    start = bios.index(bytes(GLYPH) + bytes.fromhex("00007e81a58181bd9981817e00000000"))
    return {bios[start + i * GLYPH:start + (i + 1) * GLYPH]: bytes([i]).decode("cp437")
            for i in [*range(256), ord(" ")]}  # three are blank


def read_ppm(path):
    """(width, height, pixels of 3 bytes)"""
    data = path.read_bytes()
    head = re.match(rb"P6\s(\d+)\s(\d+)\s255\s", data)
    return int(head[1]), int(head[2]), data[head.end():]


def cell_text(rows, font):
    """The character of one cell, '?' for what is none."""
    background = rows[0][:3]
    bits = bytes(sum(0x80 >> x for x in range(8) if row[x * 3:x * 3 + 3] != background)
                 for row in rows)
    inverse = bytes(0xff ^ byte for byte in bits)
    return font.get(bits) or font.get(inverse) or "?"


class Vga(Screen):
    """The screen in its text mode, and the keyboard."""

    def __init__(self, machine):
        self.machine = machine
        self.picture = machine.folder / "screen.ppm"

    def text(self):
        try:
            self.machine.qmp.command("screendump", filename=str(self.picture))
        except (FileNotFoundError, ConnectionRefusedError):
            return ""  # QEMU has just been started
        width, height, pixels = read_ppm(self.picture)
        cell = 9 if width == 720 else 8
        font = glyphs()
        lines = []
        for top in range(0, height - GLYPH + 1, GLYPH):
            rows = [pixels[y * width * 3:(y + 1) * width * 3] for y in range(top, top + GLYPH)]
            lines.append("".join(
                cell_text([row[left * 3:(left + 8) * 3] for row in rows], font)
                for left in range(0, width - cell + 1, cell)))
        return " ".join(" ".join(lines).split())

    def types(self, text):
        for c in text:
            key = SHIFTED.get(c) or PLAIN_KEYS.get(c) or c.lower()
            shift = ["shift"] if c in SHIFTED or c.isupper() else []
            self.machine.qmp.command(
                "send-key", **{"hold-time": 10},
                keys=[{"type": "qcode", "data": data} for data in shift + [key]])

    def presses(self, key):
        self.machine.qmp.press(key)
