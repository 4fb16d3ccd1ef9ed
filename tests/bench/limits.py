# SPDX-License-Identifier: GPL-2.0-or-later
"""limits.py: what each figure shall be at most or at least, from the file 'limits'."""
import operator
import pathlib
from typing import NamedTuple

FILE = pathlib.Path(__file__).with_name("limits")
HOLDS = {"<=": operator.le, ">=": operator.ge}


class Limit(NamedTuple):
    sign: str
    number: float

    def __str__(self):
        return f"{self.sign} {self.number:,.12g}"

    def verdict(self, value):
        return "met" if HOLDS[self.sign](value, self.number) else "NOT met"


def read_limits():
    """Limits by the names of figures."""
    lines = (line.split() for line in FILE.read_text().splitlines() if not line.startswith("#"))
    return {name: Limit(sign, float(number)) for name, sign, number in lines}
