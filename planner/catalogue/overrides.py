"""Changes of single catalogue rows, as an instance asks for them."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from planner.catalogue.entries import Entry, Price
from planner.catalogue.rows import ENTRIES, dangling, instead, price_unit, shown, typed
from planner.errors import PlannerError

OVERRIDE = "instance override"
HIGHEST_PRICE = 1e12
_PRICE = re.compile(r"\s*((?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Z]{3})?\s*")

Overrides = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Kind -> id -> field -> value."""


class CatalogueOverrideError(PlannerError, ValueError):
    """Overrides do not fit the catalogue; carries (key path, message) of everything found.

    A key path starts at the kind: ``servers.dgx-a100.power_kw``.
    """

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        lines = (f"{path}: {message}" for path, message in self.faults)
        super().__init__(f"{count} fault{'s' if count != 1 else ''} in catalogue overrides:\n" + "\n".join(lines))


def overridden(
    rows: Mapping[str, Mapping[str, Entry]],
    prices: Sequence[Price],
    overrides: Overrides,
    currency: str,
    on: datetime.date,
) -> tuple[dict[str, dict[str, Entry]], list[Price]]:
    """Rows and prices with the overrides applied; ``Catalogue.with_overrides`` says how.

    Raises:
        CatalogueOverrideError: kinds, ids, fields or values that do not fit, all of them.
    """
    faults: list[tuple[str, str]] = []
    changed = {kind: dict(rows[kind]) for kind in ENTRIES}
    kept = list(prices)
    for kind, items in sorted(overrides.items()):  # in a fixed order, so that equal overrides give equal catalogues
        if kind not in ENTRIES:
            faults.append((kind, f"found an unknown kind; {instead(kind, ENTRIES)}"))
            continue
        for id, fields in sorted(items.items()):
            changes = dict(sorted(fields.items()))
            if "price" in changes:
                price, message = _price(kind, id, changes.pop("price"), currency, on)
                if price is None:
                    faults.append((f"{kind}.{id}.price", message))
                else:
                    kept = [p for p in kept if (p.kind, p.id) != (kind, id)] + [price]
            entry, found = _entry(kind, id, changed[kind], changes, on)
            faults += [(f"{kind}.{id}.{field}".rstrip("."), message) for field, message in found]
            if entry is not None:
                changed[kind][id] = entry
    # A new row that was refused is still known, so that what refers to it is not refused for that.
    known = {kind: {**changed[kind], **overrides.get(kind, {})} for kind in ENTRIES}
    faults += [(f"{kind}.{id}.{field}", message) for kind, id, field, message in dangling(changed, known)]
    if faults:
        raise CatalogueOverrideError(faults)
    return changed, kept


def _price(kind: str, id: str, value: Any, currency: str, on: datetime.date) -> tuple[Price | None, str]:
    """The one price of an item, or None and what is wrong."""
    if kind == "sites":
        return None, "found a price; a site has a tariff instead"
    amount: float | None = None
    if isinstance(value, str) and (text := _PRICE.fullmatch(value[:64])):
        amount, currency = float(text[1].replace(",", "").replace("_", "")), text[2] or currency
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        amount = float(value)
    if amount is None or not 0 <= amount <= HIGHEST_PRICE:
        return None, f"found {shown(value)}; a price from 0 to {HIGHEST_PRICE:g} such as '150000 CNY' is accepted"
    figures = dict.fromkeys(("low", "amount", "high"), amount)
    fields = {"kind": kind, "id": id, "currency": currency, "unit": price_unit(kind), "grade": "given"}
    price, found = typed(Price, {**fields, **figures, "as_of": on, "source": OVERRIDE})
    return price, "; ".join(message for _, message in found)


def _entry(
    kind: str, id: str, rows: Mapping[str, Entry], changes: dict[str, Any], on: datetime.date
) -> tuple[Entry | None, list[tuple[str, str]]]:
    """The changed or new row (None: unchanged or refused), and (field or empty, message) of everything wrong."""
    model = ENTRIES[kind]
    columns = [name for name in model.model_fields if name != "id"]
    found: list[tuple[str, str]] = []
    for name in [name for name in changes if name not in columns]:
        del changes[name]
        message = "found an id; the key above is the id" if name == "id" else _unknown_field(name, columns)
        found.append((name, message))
    old = rows.get(id)
    if old is None:
        fields = {"source": OVERRIDE, "as_of": on, **changes, "id": id}
        missing = [name for name in columns if model.model_fields[name].is_required() and name not in fields]
        if missing:
            close = difflib.get_close_matches(id, rows, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            found.append(("", f"found an unknown id; {hint}a new row also needs {', '.join(missing)}"))
            return None, found
    elif changes:
        fields = {**{name: getattr(old, name) for name in model.model_fields}, **changes}
    else:
        return None, found
    entry, wrong = typed(model, fields)
    found += wrong
    if entry is not None:
        found += _converted(entry, changes)
    if found or entry is None or entry == old:
        return None, found
    if old is not None and "note" not in changes:
        note = f"{old.note} Instance override: {', '.join(changes)}.".strip()
        entry = entry.model_copy(update={"note": note})
    return entry, found


def _converted(entry: Entry, changes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Values that pydantic quietly makes something else of: true as 1, a number as a date."""
    found = []
    for name, value in changes.items():
        became = getattr(entry, name)
        if isinstance(value, bool) and not isinstance(became, bool):
            found.append((name, f"found {value}; a number or text is accepted"))
        elif isinstance(value, (int, float)) and isinstance(became, datetime.date):
            found.append((name, f"found {value!r}; a date such as 2023-07-01 is accepted"))
    return found


def _unknown_field(name: str, columns: Sequence[str]) -> str:
    return f"found an unknown field; {instead(name, [*columns, 'price'])}"
