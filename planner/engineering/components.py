"""The price of a server by its components, as broker reports and cost analyses split it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import Field

from planner.catalogue.entries import Accelerator, Server
from planner.catalogue.facility import Id, Sourced, facility_rows

MOST_ACCELERATORS = 0.9
"""Share of a server's price above which a price of its accelerators is taken for that of a server by the piece."""
MOST_ADAPTERS = 0.5
"""Most that adapters may be of what the accelerators leave (judgement, for small servers of fast ports)."""
LEFT = ("processors", "memory", "rest")
"""What shares out what accelerators and adapters leave."""
COMPONENTS = {
    "accelerators": "accelerators without their memory",
    "accelerator-memory": "memory of accelerators",
    "processors": "processors",
    "memory": "memory and drives",
    "network-adapters": "network adapters",
    "rest": "rest of a server",
}
"""Components of a server, in reading order, in words."""


class ComponentCost(Sourced):
    """What is known of the cost of one component of a server."""

    id: Id
    name: str
    amount: Annotated[float, Field(gt=0)]
    unit: Annotated[str, Field(pattern=r"^(share|USD)$")]


def split_of_server(
    server: Server, accelerator: Accelerator, price: float, accelerators_price: float | None, per_usd: float = 1.0
) -> dict[str, float]:
    """A server's price by component; they add up to it.

    The accelerators at their own price, memory of so much a GB in it, adapters by the Gb/s of the ports; what is left
    as in the bill of a DGX H100. That bill, 269,010 USD with 195,000 of accelerators, comes out again:

    >>> from planner.catalogue import load_catalogue
    >>> catalogue = load_catalogue()
    >>> dgx, h100 = catalogue.servers["dgx-h100"], catalogue.accelerators["h100-sxm"]
    >>> found = split_of_server(dgx, h100, 269_010, 195_000)
    >>> [round(found[name]) for name in ("accelerators", "accelerator-memory", "processors")]
    [188600, 6400, 5200]
    >>> [round(found[name]) for name in ("memory", "network-adapters", "rest")]
    [11316, 10908, 46586]

    Args:
        price, accelerators_price: of the server, and of all its accelerators if known, in one currency.
        per_usd: what a USD is in it.
    """
    costs = _costs()
    chips = accelerators_price
    if chips is None or chips > MOST_ACCELERATORS * price:
        chips = costs["accelerators"] * price
    memory_gb = server.accelerators * (accelerator.memory_gb or 0.0)
    memory = min(costs["accelerator-memory"] * memory_gb * per_usd, chips)
    gbps = server.compute_ports * server.compute_port_gbps + server.storage_ports * server.storage_port_gbps
    adapters = min(costs["network-adapters"] * gbps * per_usd, MOST_ADAPTERS * (price - chips))
    left, of = price - chips - adapters, sum(costs[name] for name in LEFT)
    found = {"accelerators": chips - memory, "accelerator-memory": memory, "network-adapters": adapters}
    found |= {name: left * costs[name] / of for name in LEFT}
    return {name: found[name] for name in COMPONENTS}


@cache
def _costs() -> Mapping[str, float]:
    return {row.id: row.amount for row in facility_rows("components.csv", ComponentCost)}
