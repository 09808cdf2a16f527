"""Servers bought and in service, who may use what, and whether each purchase may be exported."""

from __future__ import annotations

from planner.verification import export
from planner.verification.checks import WHOLE, Book
from planner.verification.facts import Pool, View


def check(view: View, book: Book) -> None:
    """Check the fleet: lives, allowed devices, export rules at each order date."""
    for pool in view.pools.values():
        rows = [row for row in view.tables.fleet if row.pool == pool.id]
        _devices_allowed(view, book, pool)
        for row in rows:
            where = f"pool {pool.id} period {row.period}"
            named = (row.server, row.accelerator, row.cooling)
            expected = (pool.server.id, pool.device.id, pool.method.id)
            book.text("rows agree with their pool", where, "server, accelerator, cooling", named, expected)
            ratios = (row.leaf_oversubscription, row.spine_oversubscription)
            same = abs(ratios[0] - pool.leaf_ratio) <= WHOLE and abs(ratios[1] - pool.spine_ratio) <= WHOLE
            detail = f"{where}: oversubscription {ratios}, expected {(pool.leaf_ratio, pool.spine_ratio)}"
            book.record("rows agree with their pool", same, detail)
            book.same("rows agree with their pool", where, "rack kW", row.rack_kw, pool.rack_kw)
            if row.bought:
                _may_be_exported(view, book, pool, row.period)
        view.purchases_stand(
            book,
            "servers in service follow purchases",
            f"pool {pool.id}",
            "servers in service",
            bought={row.period: row.bought for row in rows},
            found={row.period: row.in_service for row in rows},
            life_years=pool.server.life_years,
        )


def _devices_allowed(view: View, book: Book, pool: Pool) -> None:
    wanted = (
        ("server allowed", "servers", pool.server.id),
        ("accelerator allowed", "accelerators", pool.device.id),
    )
    for name, kind, id in wanted:
        detail = f"pool {pool.id}: {id}, expected one that catalogue.{kind} of the instance allows"
        book.record(name, view.facts.allowed(kind, id), detail)


def _may_be_exported(view: View, book: Book, pool: Pool, period: int) -> None:
    facts, policy, where = view.facts, view.facts.instance.policy, f"pool {pool.id} period {period}"
    dates = [facts.ordered(pool.server, period)]
    if months := facts.lead_months(pool.server):
        shipped, first = facts.delivery_date(period), facts.first_order
        detail = f"{where}: {pool.server.id}, {months} months under way, delivered {shipped}, first order on {first}"
        book.record("servers delivered in time", dates[0] >= first, detail)
        dates.append(shipped)
    detail = f"{where}: {pool.device.id} ordered for {dates[-1]}, first shipments in {pool.device.available}"
    book.record("device is on sale", export.on_sale(pool.device, dates[-1]), detail)
    if policy.export_rules == "none" or pool.device.id in policy.export_exempt:
        return
    for date in dates if policy.rules_as_of is None else [policy.rules_as_of]:
        outcome = export.outcome(pool.device, pool.site.country, date, policy)
        book.record(
            "device may be exported",
            outcome in export.accepted(policy),
            f"{where}: {pool.device.id} to {pool.site.country} on {date}: {outcome}, "
            f"expected one of {', '.join(policy.accept)}",
        )
