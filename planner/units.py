"""The only place where units change.

Scale factors are decimal (tera is 1e12, not 2**40). Text such as ``"6.5 kW"`` is read with pint, which is
imported only when a text quantity is met.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

TERA = 1e12
PETA = 1e15
GIGA = 1e9
KILO = 1e3
MILLION = 1e6
PERCENT = 100

_NUMBER = r"([-+]?(?:[0-9]+(?:_[0-9]+)*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_MOST_TEXT = 64
_LETTERS = {"": 1.0, "k": KILO, "K": KILO, "M": 1e6, "B": GIGA, "T": TERA}

SECONDS_PER_DAY = 86_400
HOURS_PER_DAY = 24
HOURS_PER_YEAR = 8_760
DAYS_PER_YEAR = 365
KW_PER_MW = 1_000.0
W_PER_KW = 1_000.0
KWH_PER_MWH = 1_000.0
L_PER_M3 = 1_000.0
KG_PER_TONNE = 1_000.0
G_PER_TONNE = 1e6


def quantity(value: float | int | str, unit: str) -> float:
    """Read a quantity as a number of ``unit``, with or without a space before the unit of a text.

    A bare number is taken to be in ``unit`` already (the key of the instance file names it); text must carry
    its own unit and is converted.

    >>> quantity(60, "MW")
    60.0
    >>> quantity("6.5 kW", "W")
    6500.0
    >>> quantity("50ms", "s")
    0.05

    Raises:
        ValueError: the text is no quantity, or its dimension differs from that of ``unit``.
    """
    if isinstance(value, bool):
        raise ValueError(f"found {value!r}; a number of {unit} or text such as '1 {unit}' is accepted")
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value)
    except ValueError:
        pass
    if len(value) > _MOST_TEXT:
        raise ValueError(f"found text of {len(value)} characters; a quantity such as '1 {unit}' is accepted")
    import pint

    # A plain pattern keeps pint's expression parser away from untrusted text.
    parts = re.fullmatch(rf"\s*{_NUMBER}\s*([A-Za-z][A-Za-z/]*)\s*", value)
    if parts is None:
        raise ValueError(f"found {value!r}; a number of {unit} or text such as '1 {unit}' is accepted")
    try:
        return float(_registry().Quantity(float(parts[1]), parts[2]).to(unit).magnitude)
    except (pint.PintError, ValueError, AttributeError):
        raise ValueError(f"found {value!r}; a number of {unit} or text such as '1 {unit}' is accepted") from None


def tally(value: float | int | str) -> float:
    """Read a count: a number, or text with one of the letters of model cards, k, M, B (1e9) or T.

    >>> tally("15T"), tally("1.4 B"), tally("60k"), tally(3)
    (15000000000000.0, 1400000000.0, 60000.0, 3.0)

    Raises:
        ValueError: the text is no such count.
    """
    number, letter = _signed(value, "[kKMBT]?", "'15T' (k, M, B or T)")
    return number * _LETTERS[letter]


def share(value: float | int | str) -> float:
    """Read a share: a number, also as text, or text in percent.

    >>> share("9%"), share("12.5 %"), share(0.4), share("0.4")
    (0.09, 0.125, 0.4, 0.4)

    Raises:
        ValueError: the text is no such share.
    """
    number, percent = _signed(value, "%?", "'9%'")
    return number / PERCENT if percent else number


def _signed(value: float | int | str, sign: str, such_as: str) -> tuple[float, str]:
    """A number and the sign behind it, empty where there is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value), ""
    if isinstance(value, str) and len(value) > _MOST_TEXT:
        raise ValueError(f"found text of {len(value)} characters; a number or text such as {such_as} is accepted")
    found = re.fullmatch(rf"\s*{_NUMBER}\s*({sign})\s*", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"found {value!r}; a number or text such as {such_as} is accepted")
    return float(found[1]), found[2]


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
