"""Inputs damaged at random: text as a careless or hostile hand leaves it, and plain data with other values."""

from __future__ import annotations

import copy
import re
from random import Random
from typing import Any

WORDS = (
    "", "-1", "0", "1", "1e6", "1e308", "1e309", "-1e308", "1e-320", "999999999999999999999", "9" * 400, "nan",
    ".nan", ".inf", "-.inf", "null", "~", "true", "no", "[]", "{}", "[[[[", "}}", "''", '"', "&a [*a]", "*a",
    "<<: *b", "!!python/name:os", "!!binary AA==", "? x", "- -", ": ", "#", "%YAML 9", "---", "...", "|", ">-",
    "../../etc/passwd", "/dev/zero", "\x00", "\ufeff", "\u202e", "\u2028", "🙂", "é" * 50, "x" * 5000, "2024-13",
    "2024-02-30", "0000-00", "9999-12", "1:2:3", "+50%", "*0", "*nan", "-1e400%", "$(id)", "{0.__class__}", "%s%n",
    "[bold]", "\x1b[2J", "=1+1", "__class__",
)  # fmt: skip
"""Words that readers of text have stumbled over."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, -1e308, 1e-320, 10**30, 2**63, float("nan"), float("inf"), "", "x",
    "0", "nan", "[bold]x", "\x1b[2J", "\x00", "\ud800", "x" * 5000, [], {}, [[]], [{}], {"x": {}}, ["a", 1],
)  # fmt: skip
"""Values of plain data that arithmetic and printing have stumbled over."""


FACTORS = (0, -1, 0.01, 0.5, 1.5, 2, 10, 100, 1e4, 1e6)
NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?:e\d+)?(?![\w.-])")


def text(random: Random, source: str) -> bytes:
    """A text with one to four things wrong, in one case of three with other numbers alone; now and then bytes that
    are no text."""
    if random.random() < 1 / 3 and (numbers := list(NUMBER.finditer(source))):
        number = random.choice(numbers)
        value = f"{float(number.group()) * random.choice(FACTORS):g}"
        return (source[: number.start()] + value + source[number.end() :]).encode()
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        source = _EDITS[random.randrange(len(_EDITS))](random, source)
    content = source.encode("utf-8", errors="surrogatepass")
    if random.random() < 0.05 and content:
        at = random.randrange(len(content))
        content = content[:at] + random.randbytes(random.randint(1, 8)) + content[at + 1 :]
    return content[: random.randrange(len(content) + 1)] if random.random() < 0.03 else content


def _lines(random: Random, source: str) -> str:
    lines = source.splitlines(keepends=True) or [""]
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    kind = random.randrange(5)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif kind == 3:
        lines[at] = random.choice((" ", "  ", "\t", "- ")) + lines[at]
    else:
        lines[at] = lines[at].lstrip()
    return "".join(lines)


def _value(random: Random, source: str) -> str:
    """What stands between two marks becomes another word."""
    marks = [at for at, sign in enumerate(source) if sign in ":,[]{}\n "]
    if len(marks) < 2:
        return source + random.choice(WORDS)
    place = random.randrange(len(marks) - 1)
    return source[: marks[place] + 1] + " " + random.choice(WORDS) + source[marks[place + 1] :]


def _span(random: Random, source: str) -> str:
    """A piece goes, stands twice, or takes the place of another."""
    if not source:
        return source
    a = random.randrange(len(source))
    b = min(len(source), a + random.randint(1, 40))
    to = random.randrange(len(source))
    return random.choice(
        (source[:a] + source[b:], source[:b] + source[a:], source[:to] + source[a:b] + source[to + b - a :])
    )


def _sign(random: Random, source: str) -> str:
    at = random.randrange(len(source) + 1)
    sign = random.choice((*"{}[]:,-#&*!|>'\"%@`?\t\n\r 0.9e+-", "\x00", "\x7f", "\u00a0", "\ufffe", "\ud800"))
    return source[:at] + sign + source[at + random.randint(0, 1) :]


def _number(random: Random, source: str) -> str:
    """A digit becomes another, or many."""
    digits = [at for at, sign in enumerate(source) if sign.isdigit()]
    if not digits:
        return source
    at = random.choice(digits)
    return source[:at] + random.choice(("-", "0", "9", "9" * 30, "e9", ".", "e308", "_")) + source[at + 1 :]


_EDITS = (_lines, _value, _value, _value, _span, _sign, _number, _number)


def data(random: Random, source: Any) -> Any:
    """Plain data with one to three values changed, gone, twice or in another's place."""
    result = copy.deepcopy(source)
    for _ in range(random.choice((1, 1, 2, 3))):
        holders = list(_holders(result))
        if not holders:
            return random.choice(VALUES)
        holder, key = random.choice(holders)
        kind = random.randrange(6)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            other, place = random.choice(holders)
            holder[key] = copy.deepcopy(other[place])
        elif kind == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif kind == 3 and isinstance(holder[key], (int, float)):
            holder[key] = holder[key] * random.choice((-1, 0, 2, 1e6, 1e-6, 1 + 1e-5)) + random.choice((0, 1))
        else:
            holder[key] = copy.deepcopy(random.choice(VALUES))
    return result


def mild(random: Random, source: Any) -> Any:
    """Plain data with one to three numbers of other sizes, or something left out: much of it can still be read."""
    result = copy.deepcopy(source)
    for _ in range(random.choice((1, 1, 2, 3))):
        holder, key = random.choice(list(_holders(result)))
        if isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
            holder[key] = type(holder[key])(holder[key] * random.choice(FACTORS))
        elif random.random() < 0.2:
            del holder[key]
    return result


def _holders(value: Any) -> list[tuple[Any, Any]]:
    """Every place of plain data, as what holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        held = todo.pop()
        keys = list(held) if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ()
        for key in keys:
            found.append((held, key))
            todo.append(held[key])
    return found
