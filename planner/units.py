"""The only place where units change.

Scale factors are decimal (tera is 1e12, not 2**40). Text such as ``"6.5 kW"`` is read with pint, which is
imported only when a text quantity is met.
"""

from __future__ import annotations

from functools import cache
from typing import Any

TERA = 1e12
PETA = 1e15
EXA = 1e18
GIGA = 1e9
KILO = 1e3

SECONDS_PER_DAY = 86_400
HOURS_PER_YEAR = 8_760
DAYS_PER_YEAR = 365
KW_PER_MW = 1_000.0
W_PER_KW = 1_000.0
KWH_PER_MWH = 1_000.0
L_PER_M3 = 1_000.0
KG_PER_TONNE = 1_000.0
G_PER_TONNE = 1e6


def quantity(value: float | int | str, unit: str) -> float:
    """Read a quantity as a number of ``unit``.

    A bare number is taken to be in ``unit`` already (the key of the instance file names it); text must carry
    its own unit and is converted.

    >>> quantity(60, "MW")
    60.0
    >>> quantity("6.5 kW", "W")
    6500.0

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
    if len(value) > 64:
        raise ValueError(f"found text of {len(value)} characters; a quantity such as '1 {unit}' is accepted")
    import pint

    # A plain pattern keeps pint's expression parser away from untrusted text.
    parts = value.split()
    if len(parts) != 2 or not parts[1].replace("/", "").isalpha():
        raise ValueError(f"found {value!r}; a number of {unit} or text such as '1 {unit}' is accepted")
    try:
        magnitude = float(parts[0])
        return float(_registry().Quantity(magnitude, parts[1]).to(unit).magnitude)
    except (pint.PintError, ValueError, AttributeError):
        raise ValueError(f"found {value!r}; a number of {unit} or text such as '1 {unit}' is accepted") from None


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
