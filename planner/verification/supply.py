"""Limits on what may be bought of one item, in a period or over the horizon."""

from __future__ import annotations

from collections.abc import Iterator

from planner.verification.checks import Book
from planner.verification.facts import View


def check(view: View, book: Book) -> None:
    """Check every supply limit of the instance."""
    for limit in view.facts.instance.supply:
        bought = sum(
            quantity
            for kind, id, period, quantity in purchases(view)
            if kind == limit.kind and id == limit.id and limit.period in (None, period)
        )
        where = f"{limit.kind} {limit.id} " + ("whole horizon" if limit.period is None else f"period {limit.period}")
        book.record("supply within limit", bought <= limit.limit, f"{where}: {bought:,} bought, limit {limit.limit:,}")


def purchases(view: View) -> Iterator[tuple[str, str, int, int]]:
    """Kind, id, period and number of every purchase that a supply limit may name."""
    servers = view.facts.catalogue.servers
    for row in view.tables.fleet:
        server = row.pool.split("/")[1] if row.pool in view.pools else row.server
        yield "servers", server, row.period, row.bought
        if server in servers:
            yield "accelerators", servers[server].accelerator, row.period, row.bought * servers[server].accelerators
    for network in view.tables.networks:
        yield "switches", network.switch, network.period, network.switches_bought
    for part in view.tables.parts:
        yield "optics", part.part, part.period, part.bought
