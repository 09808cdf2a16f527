"""Bill of materials: every purchase with its price, and what servers bring with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from planner.catalogue.scale_up import INCLUDED, KIND, ScaleUpPart, scale_up_parts
from planner.instance.openings import OPENINGS, SITE
from planner.money import DISCOUNT
from planner.plan.ground import Ground
from planner.plan.stock import Stock

NAMES = {"facility": "power-train", "building": "building", "land": "land", SITE: "site"}
"""Items of a site, whose ids are names of sites."""
ORDER = ("servers", "switches", "optics", "racks", "cooling", "facility", "building", "land", *OPENINGS, DISCOUNT)


def bill_rows(ground: Ground, stocks: Iterable[Stock]) -> list[dict[str, Any]]:
    """Rows of the bill, by kind; the racks of a pool for servers and for network are one row. Rent buys nothing.

    Switches and modules of scale-up domains are in the price of the servers that bring them.
    """
    quantities: dict[tuple[str, str, str, str, int], float] = {}
    for stock in sorted((s for s in stocks if s.kind in ORDER), key=lambda found: ORDER.index(found.kind)):
        for t, bought in zip(ground.periods, stock.bought, strict=True):
            if bought > 0:
                key = (stock.kind, stock.id, stock.site, stock.pool, t)
                quantities[key] = quantities.get(key, 0) + bought
    rows = [_row(ground, *key, quantity) for key, quantity in quantities.items()]
    brought = [
        _brought(row, part)
        for part in scale_up_parts().values()
        for row in rows
        if (row["kind"], row["item"]) == ("servers", part.server)
    ]
    return [*rows, *brought]


def _brought(server: dict[str, Any], part: ScaleUpPart) -> dict[str, Any]:
    """What the servers of a row bring of a part of their scale-up domain."""
    return {
        **server, "kind": KIND, "item": part.id, "description": part.name, "quantity": part.of(int(server["quantity"])),
        "unit": "each", "unit_price": 0.0, "cost": 0.0, "acquisition": INCLUDED, "price_low": 0.0, "price_high": 0.0,
    }  # fmt: skip


def _row(ground: Ground, kind: str, id: str, site: str, pool: str, t: int, quantity: float) -> dict[str, Any]:
    item, price = ground.options.items[kind, id], ground.worth(kind, id).terms.price[t]
    on_path = price / item.price if item.price else 1.0  # of its period, where prices follow a path
    return {
        "kind": kind, "item": NAMES.get(kind, id), "site": site, "pool": pool or None, "period": t,
        "description": item.description, "quantity": quantity, "unit": item.unit, "unit_price": price,
        "cost": quantity * price, "acquisition": "bought", "price_as_of": item.price_as_of.isoformat(),
        "price_source": item.price_source, "price_grade": item.grade,
        "price_low": item.low * on_path, "price_high": item.high * on_path,
    }  # fmt: skip
