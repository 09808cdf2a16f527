"""Numbers as words: money, power, shares and counts at a scale that a person reads. ASCII only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from planner.units import KILO, KW_PER_MW, MILLION

UNKNOWN = "-"


def clean(text: object) -> str:
    """Text without control characters, so that a file cannot steer the terminal it is printed on.

    >>> clean("site" + chr(27) + "[2J")
    'site?[2J'
    """
    return "".join(c if c.isprintable() else "?" for c in str(text))


def count(value: float | None) -> str:
    """A number of things.

    >>> count(1120), count(1.5), count(None)
    ('1,120', '1.5', '-')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-9 else f"{value:,.4g}"


def plural(number: int, noun: str, nouns: str = "") -> str:
    """A number and its noun.

    >>> plural(1, "server"), plural(1200, "server"), plural(2, "switch", "switches")
    ('1 server', '1,200 servers', '2 switches')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {nouns or noun + 's'}"


def plural_of(value: float, noun: str) -> str:
    """An amount that may be a fraction, and its noun.

    >>> plural_of(1.0, "year"), plural_of(0.5, "year"), plural_of(1200.0, "day")
    ('1 year', '0.5 years', '1,200 days')
    """
    return f"{count(value)} {noun}" + ("" if value == 1 else "s")


def percent(share: float | None) -> str:
    """A share in percent, two significant digits below one percent, one decimal above.

    >>> percent(0.0001), percent(0.00034), percent(0.7579), percent(0)
    ('0.01 %', '0.034 %', '75.8 %', '0 %')
    """
    if share is None:
        return UNKNOWN
    value = 100 * share
    if abs(value) < 1e-6:
        return "0 %"
    return f"{value:.2g} %" if abs(value) < 1 else f"{value:,.1f} %".replace(".0 %", " %")


def share(value: float | None) -> str:
    """A share of a whole for a column of shares.

    >>> share(0.7579), share(0.16), share(-0.0044)
    ('75.8 %', '16.0 %', '-0.4 %')
    """
    return UNKNOWN if value is None else f"{round(100 * value, 1) + 0.0:.1f} %"


def power(kw: float) -> str:
    """Power in kW or MW.

    >>> power(989.2), power(12364.4)
    ('989.2 kW', '12.36 MW')
    """
    return f"{kw / KW_PER_MW:,.2f} MW" if abs(kw) >= KW_PER_MW else f"{kw:,.1f} kW"


def energy(mwh: float) -> str:
    """Energy in GWh.

    >>> energy(9206.5)
    '9.21 GWh'
    """
    return f"{mwh / KILO:,.2f} GWh"


def ratio(value: float | None) -> str:
    """A PUE or another ratio near one.

    >>> ratio(1.25), ratio(None)
    ('1.250', '-')
    """
    return UNKNOWN if value is None else f"{value:.3f}"


def price(value: float) -> str:
    """The price of one thing, in plain currency.

    >>> price(199000), price(65), price(0.714)
    ('199,000', '65', '0.714')
    """
    if abs(value) >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.4g}"


@dataclass(frozen=True)
class Scale:
    """One scale for all figures of a column, so that they compare at a glance."""

    unit: str
    factor: float
    decimals: int

    def __call__(self, value: float | None, sign: bool = False) -> str:
        if value is None:
            return UNKNOWN
        scaled = round(value / self.factor, self.decimals) + 0.0  # no "-0.00"
        return f"{scaled:{'+' if sign else ''},.{self.decimals}f}"


def money_scale(values: Iterable[float], currency: str) -> Scale:
    """Millions from a million up, plain currency below, with thousands still to be seen.

    >>> scale = money_scale([27_860_000, 364_000], "USD")
    >>> scale.unit, scale(27_860_000), scale(364_000)
    ('M USD', '27.860', '0.364')
    >>> money_scale([999.5], "CNY")(999.5)
    '999.50'
    """
    largest = _largest(values)
    if largest >= MILLION:
        return Scale(f"M {currency}", MILLION, 3 if largest < 1e8 else 2 if largest < 1e10 else 1)
    return Scale(currency, 1.0, 0 if largest >= 10_000 or largest == 0 else 2)


def power_scale(values: Iterable[float]) -> Scale:
    """kW up to 10 MW, MW above.

    >>> power_scale([12_000]).unit, power_scale([989.15])(989.15)
    ('MW', '989')
    """
    largest = _largest(values)
    if largest >= 10 * KW_PER_MW:
        return Scale("MW", KW_PER_MW, 2)
    return Scale("kW", 1.0, 0 if largest >= 100 else 2)


def money(value: float, currency: str, sign: bool = False) -> str:
    """One amount with its currency.

    >>> money(39_278_921.2, "USD"), money(-1_250.0, "USD"), money(5.0, "USD", sign=True)
    ('39.279 M USD', '-1,250.00 USD', '+5.00 USD')
    """
    scale = money_scale([value], currency)
    return f"{scale(value, sign)} {scale.unit}"


def _largest(values: Iterable[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0)
