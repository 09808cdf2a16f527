"""Table of owned servers: how many are kept until when, and what is fetched for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.instance.stock import part_of
from planner.money import OWNED, SOLD
from planner.plan.built import Built
from planner.plan.ground import Ground


def owned_rows(ground: Ground, built: Built) -> Iterator[dict[str, Any]]:
    """A row a period for the servers of an owned fleet that are kept equally long, and for those sold at once."""
    counts = {stock.id: (int(stock.bought[0]), stock) for stock in built.stocks() if stock.kind in (OWNED, SOLD)}
    for own in ground.options.instance.owned:
        server = ground.options.catalogue.servers[own.server]
        for kept in range(len(ground.periods) + 1):
            number, stock = counts.get(part_of(own, kept), (0, None))
            if not number or stock is None:
                continue
            fetched = ground.worth(stock.kind, stock.id).terms.sale
            for t, standing in zip(ground.periods, stock.standing, strict=True):
                yield {
                    "pool": stock.id, "period": t, "fleet": own.name, "site": own.site, "server": own.server,
                    "accelerator": server.accelerator, "cooling": own.cooling, "in_service": int(standing),
                    "sold": number if t == kept + 1 else 0, "sale_value": fetched.get(t, 0.0),
                }  # fmt: skip
