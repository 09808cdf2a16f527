"""Changes relative to the value that stands: ten per cent more, a fifth less, twice as much, 5 MW more.

The value that stands is the one the file states; else the default of the schema, the figure of the site's hub, place or
law, or the catalogue's on the day of the first order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from planner.instance import resolve, shape
from planner.instance.paths import KeyPath, key_path
from planner.instance.schema import Instance
from planner.instance.values import Money
from planner.units import PERCENT

Settled = Callable[[], Instance | None]
"""The instance as it stands before a change, None where it is invalid."""
_NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"
_PER_CENT = re.compile(rf"\s*([-+]?{_NUMBER})\s*%\s*")
_FACTOR = re.compile(rf"\s*[*x]\s*({_NUMBER})\s*")
DIGITS = 12
"""Of a changed value: 1.1 times 900 is 990, not 990.0000000000001."""
_SIGNED = re.compile(rf"\s*\+\s*{_NUMBER}\s*")
OPERATORS = ("+", "-", "*", "/")
_OF_SITES = {"power_limit_mw_by_period": None, "demand_charge_per_kw_month": None, "outside_air": None}
"""Keys of a site that the settled figures of a site do not have under the same name and unit."""


class RelativeError(Exception):
    """A relative change that cannot be made; the text says what was found and what would be accepted."""


@dataclass(frozen=True)
class Relative:
    """What to do with the value that stands: the operator and its operand as text.

    Attributes:
        operator: ``*``, ``/``, ``+`` or ``-``.
        operand: a number; for ``+`` and ``-`` also text in a unit of the key, or per cent of the value that stands.
    """

    operator: str
    operand: str

    def of(self, path: KeyPath, data: Any, settled: Settled) -> Any:
        """The new value at a place.

        Raises:
            RelativeError: no number stands there, or the operand does not suit it.
        """
        hint, where = shape.hint_at(path, data), key_path(path, data)
        stated = shape.value_at(path, data)
        value = _typed(stated, hint) if stated is not None else _standing(path, data, settled)
        if value is None:
            raise RelativeError(f"found no value at {where} to change; state the value itself")
        return _plain(self._changed(value, hint, where))

    def _changed(self, value: Any, hint: Any, where: str) -> Any:
        if isinstance(value, (list, tuple)) and value:
            inner = shape.child(hint, list(value), 0)
            return [self._changed(each, inner, where) for each in value]
        if isinstance(value, Money):
            amount = self._finite(value.amount, hint, where, value.currency)
            return Money.model_construct(amount=amount, currency=value.currency)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found = repr(value)[:60] if isinstance(value, (str, bool)) else "a mapping, a list of them or nothing"
            raise RelativeError(f"found {found} at {where}, which is no number; state the value itself")
        changed = self._finite(float(value), hint, where)
        return round(changed) if shape.bare(hint) is int else changed

    def _finite(self, value: float, hint: Any, where: str, currency: str | None = None) -> float:
        changed = self._number(value, hint, where, currency)
        if not math.isfinite(changed):
            raise RelativeError(f"found {self.operand[:60]!r} for {where}, which leads to no finite number")
        return changed

    def _number(self, value: float, hint: Any, where: str, currency: str | None) -> float:
        if self.operator in "*/":
            try:
                factor = float(self.operand)
            except ValueError:
                raise RelativeError(
                    f"found {self.operand[:60]!r} after {self.operator}=; a number is accepted"
                ) from None
            if self.operator == "/" and not factor:
                raise RelativeError(f"found a division of {where} by 0; a number other than 0 is accepted")
            return value * factor if self.operator == "*" else value / factor
        sign = 1 if self.operator == "+" else -1
        share = _PER_CENT.fullmatch(self.operand)
        if share and not shape.reads_per_cent(hint):
            return value * (1 + sign * float(share[1]) / PERCENT)
        step = _typed(_scalar(self.operand), hint)
        if isinstance(step, Money):
            if step.currency not in (None, currency):
                stands = currency or "the currency of the instance, which it does not name"
                raise RelativeError(
                    f"found {step.currency} to add at {where}, which is in {stands}; the same is accepted"
                )
            step = step.amount
        if isinstance(step, bool) or not isinstance(step, (int, float)):
            raise RelativeError(f"found {self.operand[:60]!r}; a number to add, or per cent, is accepted")
        return value + sign * step


def read_relative(key: str, text: str) -> tuple[str, Relative | None]:
    """A key and the relative change that it or the text behind ``=`` asks for, None where the text is a value.

    >>> read_relative("sites.a.tariff_per_kwh*", "1.2")
    ('sites.a.tariff_per_kwh', Relative(operator='*', operand='1.2'))
    >>> read_relative("budget.capex", "+10%")
    ('budget.capex', Relative(operator='*', operand='1.1'))
    >>> read_relative("supply.h20.limit", "*0.7")
    ('supply.h20.limit', Relative(operator='*', operand='0.7'))
    >>> read_relative("operations.load_factor", "90%")
    ('operations.load_factor', None)

    Raises:
        RelativeError: a number with a plus sign, which may be meant to set or to add.
    """
    if key[-1:] in OPERATORS and key[-2:] != ".*":
        return key[:-1].rstrip(), Relative(key[-1], text.strip())
    if found := _FACTOR.fullmatch(text):
        return key, Relative("*", found[1])
    if text.strip()[:1] in ("+", "-") and (found := _PER_CENT.fullmatch(text)):
        return key, Relative("*", f"{1 + float(found[1]) / PERCENT:.12g}")
    if _SIGNED.fullmatch(text):
        raise RelativeError(f"found {text.strip()[:60]!r}; {key}+= adds, and a number without '+' sets, is accepted")
    return key, None


def _scalar(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _typed(value: Any, hint: Any) -> Any:
    """A stated value as the schema reads it, in the unit of its key; as it stands where the schema has no type for it
    (changes to catalogue rows) or does not accept it."""
    if hint is None or shape.bare(hint) is Any:
        hint = Money if isinstance(value, str) else Any
    bare = shape.bare(hint)
    if isinstance(bare, type) and issubclass(bare, BaseModel) and bare is not Money:
        return None
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError:
        return value


def _plain(value: Any) -> Any:
    """A new value as a file would state it."""
    if isinstance(value, Money):
        amount = _plain(value.amount)
        return amount if value.currency is None else f"{amount:.{DIGITS}g} {value.currency}"
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _standing(path: KeyPath, data: Any, settled: Settled) -> Any:
    """What holds at a place that the file does not state."""
    instance = settled()
    if instance is None:
        raise RelativeError(
            f"found no value at {key_path(path, data)}, and what holds there follows from an instance without faults; "
            "mend those, or state the value itself"
        )
    if path[:2] == ("catalogue", "overrides") and len(path) == 5:
        return _of_catalogue(instance, str(path[2]), str(path[3]), str(path[4]))
    value: Any = instance
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, tuple) and step < len(value) else None
        else:
            value = getattr(value, step, None)
    return _of_site(instance, path) if value is None and path[0] == "sites" else value


def _of_catalogue(instance: Instance, kind: str, id: str, field: str) -> Any:
    """A figure of a catalogue row, with its price on the day of the first order."""
    catalogue = resolve.instance_catalogue(instance)
    if field == "price":
        price = catalogue.price(kind, id, resolve.order_date(instance))
        return None if price is None else Money(amount=price.amount, currency=price.currency)
    value = getattr(catalogue.entries(kind).get(id), field, None)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _of_site(instance: Instance, path: KeyPath) -> Any:
    """A settled figure of a site."""
    site, key = instance.sites[int(path[1])], str(path[2])
    facts = next(f for f in resolve.site_facts(instance, resolve.instance_catalogue(instance)) if f.name == site.name)
    value = None if key in _OF_SITES else getattr(facts, key, None)
    return value.get(path[3]) if isinstance(value, Mapping) and len(path) > 3 else value
