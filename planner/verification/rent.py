"""Rented servers: what an offer lets, for how long and at what rent, recomputed from the instance."""

from __future__ import annotations

import math

from planner.instance.workloads import Training
from planner.units import DAYS_PER_YEAR, HOURS_PER_YEAR
from planner.verification import export
from planner.verification.checks import Book
from planner.verification.facts import RentedPool, View
from planner.verification.sites import money
from planner.verification.tables import Rented


def check(view: View, book: Book) -> None:
    """Check every row of rented servers, their terms, the loads they may carry and how many an offer has."""
    facts = view.facts
    for pool in view.rented.values():
        rows = [row for row in view.tables.rented if row.pool == pool.id]
        for kind, id in (("servers", pool.server.id), ("accelerators", pool.device.id)):
            detail = f"pool {pool.id}: {id}, expected one that catalogue.{kind} of the instance allows"
            book.record("rented server allowed", facts.allowed(kind, id), detail)
        for row in rows:
            _row(view, book, pool, row)
        view.purchases_stand(
            book, "rented servers follow terms", f"pool {pool.id}", "servers rented",
            bought={row.period: row.signed for row in rows}, found={row.period: row.in_service for row in rows},
            life_years=term(view, pool) * facts.years,
        )  # fmt: skip
        _loads(view, book, pool, rows[0].workload)
    for offer in facts.instance.rent:
        own = [pool.id for pool in view.rented.values() if pool.offer.name == offer.name]
        for period in facts.periods if own and offer.most_servers is not None else ():
            count = sum(view.in_service(id, period) for id in own)
            detail = f"{offer.name} period {period}: {count} servers, limit {offer.most_servers}"
            book.record("rented servers within offer", count <= (offer.most_servers or 0), detail)


def term(view: View, pool: RentedPool) -> int:
    """Periods that a term takes, counted one by one."""
    count = 1
    while count * view.facts.years < pool.offer.term_years - 1e-9:
        count += 1
    return count


def hours(view: View, row: Rented) -> float:
    """Hours of a period that a server is paid for: of the days of the run that it is rented for, or of all days."""
    days = view.facts.years * DAYS_PER_YEAR
    for load in view.facts.instance.workloads:
        if load.name == row.workload and isinstance(load, Training):
            days = load.days
    return days * HOURS_PER_YEAR / DAYS_PER_YEAR


def _row(view: View, book: Book, pool: RentedPool, row: Rented) -> None:
    where, offer = f"pool {row.pool} period {row.period}", pool.offer
    name = offer.name if row.workload is None else f"{offer.name} for {row.workload}"
    found = (row.pool, row.site, row.server, row.accelerator)
    expected = (name, offer.name, offer.server, pool.server.accelerator)
    book.text("rented rows agree with their offer", where, "pool, site, server, accelerator", found, expected)
    price = money(offer.price_per_accelerator_hour, view.facts.instance)
    rent = (price or 0.0) * pool.server.accelerators * hours(view, row)
    book.same("rent recomputed", where, "rent of a server", row.rent, rent)
    if row.signed:
        last = row.period + term(view, pool) - 1
        detail = f"{where}: a term to period {last} of {view.facts.periods[-1]}"
        book.record("terms end within the horizon", last <= view.facts.periods[-1], detail)
        date = view.facts.order_date(row.period)
        detail = f"{where}: {pool.device.id} rented from {date}, first shipments in {pool.device.available}"
        book.record("rented device is on sale", export.on_sale(pool.device, date), detail)


def _loads(view: View, book: Book, pool: RentedPool, only: str | None) -> None:
    """Servers that are paid for by the days of a run carry that run; others on demand carry no run."""
    runs = {load.name for load in view.facts.instance.workloads if isinstance(load, Training)}
    by_hour = not pool.offer.term_years
    known = only is None or (only in runs and by_hour)
    detail = f"pool {pool.id}: rented for {only}, expected a training run and an offer on demand"
    book.record("rented for a run by the hour", known, detail)
    most = pool.offer.cluster_servers or math.inf
    for row in view.tables.workloads:
        if row.pool != pool.id or not row.blocks:
            continue
        where = f"workload {row.workload} pool {row.pool} period {row.period}"
        right = row.workload == only if only is not None else not (by_hour and row.workload in runs)
        book.record("rented servers carry what they are paid for", right, f"{where}: rented for {only or 'any work'}")
        joined = row.devices_per_block <= most * pool.server.accelerators
        detail = f"{where}: {row.devices_per_block} accelerators a block, {most} servers joined"
        book.record("offer joins the servers of a block", joined, detail)
