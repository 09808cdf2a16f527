"""Limits on what may be bought of one item, in a period or over the horizon; quantity limits of the export rules."""

from __future__ import annotations

from collections.abc import Iterator

from planner.engineering.export_rules import caps
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
    _caps(view, book)


def _caps(view: View, book: Book) -> None:
    """Accelerators ordered, counted server by server, against each quantity limit of the export rules."""
    policy, facts = view.facts.instance.policy, view.facts
    if policy.export_rules == "none":
        return
    devices = {
        pool.device.id: pool.device for pool in view.pools.values() if pool.device.id not in policy.export_exempt
    }
    dates = [policy.rules_as_of or facts.order_date(period) for period in facts.periods]
    countries = {name: site.country for name, site in facts.sites.items()}
    for cap in caps(tuple(devices.values()), countries, dates, policy.terms, policy.accept):
        amounts = dict(cap.coefficients)
        here = everywhere = 0.0
        for row in view.tables.fleet:
            pool = view.pools.get(row.pool)
            if pool is None or row.period not in cap.periods or pool.device.id not in amounts:
                continue
            ordered = row.bought * pool.server.accelerators * amounts[pool.device.id]
            everywhere += ordered
            here += ordered if row.site in cap.sites else 0.0
        most = cap.limit + cap.share * everywhere
        book.within("export quantities within limit", cap.id, cap.counts, here, most)


def purchases(view: View) -> Iterator[tuple[str, str, int, int]]:
    """Kind, id, period and number of every purchase that a supply limit may name."""
    servers = view.facts.catalogue.servers
    for row in view.tables.fleet:
        yield "servers", row.server, row.period, row.bought
        if row.server in servers:
            server = servers[row.server]
            yield "accelerators", server.accelerator, row.period, row.bought * server.accelerators
    for switch in view.tables.switches:
        yield "switches", switch.switch, switch.period, switch.bought
    for part in view.tables.parts:
        yield "optics", part.part, part.period, part.bought
