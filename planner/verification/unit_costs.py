"""Costs by workload and by unit of work, and what renting or buying it would cost, worked out again.

Checks of the concern ``ledger``. The rules of sharing are those of ``docs/money.md``: the money of a site goes to its
pools by the energy of their servers, that of a pool to workloads by the accelerators that their blocks take.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from planner.catalogue.facility import facility_rows
from planner.catalogue.market import Hosted, Rent
from planner.engineering.performance.device import device_of
from planner.errors import PlannerError
from planner.instance.models import replicas_on
from planner.instance.workloads import Inference, Training
from planner.units import DAYS_PER_YEAR, HOURS_PER_YEAR, MILLION, SECONDS_PER_DAY
from planner.verification.cash import pieces, to_the_cent
from planner.verification.checks import Book, near
from planner.verification.facts import Carrier, OwnedPool, Pool, View
from planner.verification.ledger import Spent, spending
from planner.verification.schedule import Turns, days_of
from planner.verification.sites import in_currency
from planner.verification.workload import Load, peak, streams

Key = tuple[str, str | None]
"""Workload and accelerator; None where no pool stands at the site."""


class Unit(NamedTuple):
    """Units of work over the horizon, and what they cost."""

    quantity: float
    present_quantity: float
    present_value: float


def check(view: View, book: Book) -> None:
    """Check the three tables."""
    split = Split(view)
    _workloads(view, book, split)
    _units(view, book, split)
    _alternatives(view, book, split)


class Split:
    """Money of the plan by workload and accelerator."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.loads: dict[str, Load] = {load.name: load for load in view.facts.instance.workloads}
        turns = Turns(view)
        self.stated = self.loads
        """As the instance has them; in ``loads`` runs that take turns have the days of all runs of their cluster."""
        for (name, _), run in turns.rows.items():
            if name in self.loads:
                days = sum(days_of(other) for other in turns.clusters[run.pool, run.period, run.cluster])
                self.loads = {**self.loads, name: self.loads[name].model_copy(update={"days": days})}
        self.ends: dict[str, dict[int, dict[str, float]]] = {pool: {} for pool in view.carriers}
        for row in view.tables.workloads:
            if row.pool in self.ends and row.workload in self.loads:
                taken = self.ends[row.pool].setdefault(row.period, defaultdict(float))
                taken[row.workload] += turns.share(row) * row.blocks * row.devices_per_block
        years, rate = view.facts.years, view.facts.instance.horizon.discount_rate
        self.first_day = {t: (1 + rate) ** -((t - 1) * years) for t in view.facts.periods}
        self.worth = {t: sum(w for _, _, w in pieces(t, years, rate)) / years for t in view.facts.periods}
        self.lines: dict[tuple[str, str, str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.value: dict[Key, float] = defaultdict(float)
        self._shares: dict[tuple[Any, ...], dict[Key, float]] = {}
        for spent in spending(view):
            for key, share in self._of(spent).items():
                entry = self.lines[key[0], spent.account, spent.item, spent.period]
                entry[0] += share * spent.amount
                entry[1] += share * spent.present_value
                self.value[key] += share * spent.present_value

    def _of(self, spent: Spent) -> dict[Key, float]:
        known = (spent.site, spent.pool, spent.method, spent.server, spent.first, spent.last)
        if known not in self._shares:
            found: dict[Key, float] = defaultdict(float)
            for pool, share in self._pools(spent).items():
                device = self.view.carriers[pool].device.id if pool in self.view.carriers else None
                for load, part in self.workloads(pool, spent.site, spent.first, spent.last).items():
                    found[load, device] += share * part
            self._shares[known] = found
        return self._shares[known]

    def _pools(self, spent: Spent) -> dict[str, float]:
        if spent.pool is not None:
            return {spent.pool: 1.0}
        there = [
            p for p in self.view.here.values() if p.site.name == spent.site and spent.method in (None, p.method.id)
        ]
        if spent.server is not None:
            there = [p for p in self.view.here.values() if p.server.id == spent.server]
        for span in (range(spent.first, spent.last + 1), self.view.facts.periods):
            energy = {p.id: self._energy(p) * sum(self.view.in_service(p.id, t) for t in span) for p in there}
            if sum(energy.values()):
                return {id: each / sum(energy.values()) for id, each in energy.items()}
        return {"": 1.0}

    def _energy(self, pool: Pool | OwnedPool) -> float:
        return pool.server.power_kw * pool.site.pue.get(pool.method.id, pool.method.pue)

    def workloads(self, pool: str, site: str, first: int, last: int) -> dict[str, float]:
        """Shares of the workloads in a pool, from one period to another."""
        beside = [p.id for p in self.view.carriers.values() if p.site.name == site]
        always = self.view.facts.periods
        spans = ((pool,), range(first, last + 1)), ((pool,), always), (beside, always), (self.view.carriers, always)
        for pools, span in spans:
            devices = {
                load: sum(self.ends.get(p, {}).get(t, {}).get(load, 0.0) for p in pools for t in span)
                for load in self.loads
            }
            if sum(devices.values()):
                return {load: each / sum(devices.values()) for load, each in devices.items() if each}
        return dict.fromkeys(self.loads, 1 / len(self.loads))

    def devices_of(self, load: str) -> list[str]:
        """Accelerators that cost a workload anything."""
        return sorted(device for name, device in self.value if name == load and device)

    def pools_of(self, device: str) -> list[Carrier]:
        return [pool for pool in self.view.carriers.values() if pool.device.id == device]

    def held(self, load: str, device: str) -> dict[int, float]:
        """Accelerators in service that a workload bears the cost of, by period."""
        return {
            t: sum(
                self.view.in_service(pool.id, t)
                * self.part_held(pool.id, t)
                * pool.server.accelerators
                * self.workloads(pool.id, pool.site.name, t, t).get(load, 0.0)
                for pool in self.pools_of(device)
            )
            for t in self.view.facts.periods
        }

    def part_held(self, pool: str, period: int) -> float:
        """Part of a period that servers are held: of those rented by the hour the days of their run."""
        row = self.view.rented_rows.get((pool, period))
        load = self.stated.get(row.workload) if row is not None and row.workload is not None else None
        return load.days / DAYS_PER_YEAR / self.view.facts.years if isinstance(load, Training) else 1.0

    def taken(self, load: str, device: str) -> dict[int, float]:
        """Accelerators that its blocks take, by period."""
        pools = self.pools_of(device)
        return {t: sum(self.ends[pool.id].get(t, {}).get(load, 0.0) for pool in pools) for t in self.view.facts.periods}

    def hours(self, accelerators: Mapping[int, float], share: float = 1.0, soon: bool = False) -> tuple[float, float]:
        """Hours of accelerators over the horizon, and discounted."""
        each = HOURS_PER_YEAR * self.view.facts.years * share
        return self.total({t: number * each for t, number in accelerators.items()}, soon)

    def total(self, by_period: Mapping[int, float], soon: bool = False) -> tuple[float, float]:
        """An amount of work by period over the horizon, and discounted: as what is paid at year ends, or from the first
        day of its period where it is done soon after."""
        worth = self.first_day if soon else self.worth
        return sum(by_period.values()), sum(worth[t] * amount for t, amount in by_period.items())


def at_work(load: Load, years: float) -> float:
    """Share of a period in which the accelerators of a workload are at work."""
    if isinstance(load, Training):
        return min(load.days / DAYS_PER_YEAR, years) / years
    return 1 / peak(load) if isinstance(load, Inference) else 1.0


def _workloads(view: View, book: Book, split: Split) -> None:
    found = {(r.workload, r.account, r.item, r.period): r for r in view.tables.workload_costs}
    for key in sorted({*found, *split.lines}):
        workload, account, item, period = key
        where = f"cost of {workload}: {account} {item} period {period}"
        amount, value = split.lines.get(key, (0.0, 0.0))
        if key not in found:
            book.record("costs by workload complete", near(amount, 0.0), f"{where}: no row, expected {amount:,.2f}")
            continue
        book.same("costs by workload recomputed", where, "amount", found[key].amount, amount)
        book.same("costs by workload recomputed", where, "present value", found[key].present_value, value)
    for column in ("amount", "present_value"):
        shared = math.fsum(getattr(row, column) for row in view.tables.workload_costs)
        lines = math.fsum(getattr(row, column) for row in view.tables.costs)
        detail = f"{column.replace('_', ' ')}: {shared:,.2f} by workload, {lines:,.2f} in the cost lines"
        book.record("costs by workload add up", to_the_cent(shared, lines), detail)


def _units(view: View, book: Book, split: Split) -> None:
    expected = {
        (name, *rest): unit
        for name, load in split.loads.items()
        for rest, unit in _of_load(view, split, load)
        if unit.present_quantity > 0
    }
    for row in view.tables.unit_costs:
        where = f"unit cost of {row.workload}: {row.load} {row.unit} {row.accelerator or ''}".rstrip()
        unit = expected.pop((row.workload, row.unit, row.accelerator, row.load), None)
        if not book.record("unit costs known", unit is not None, f"{where}: a unit of its work is expected"):
            continue
        assert unit is not None
        for column, value in unit._asdict().items():
            book.same("unit costs recomputed", where, column.replace("_", " "), getattr(row, column), value)
        each = unit.present_value / unit.present_quantity
        right = abs(row.unit_cost - each) <= 1e-6 * abs(each)
        book.record("unit costs recomputed", right, f"{where}: {row.unit_cost:.9g} each, expected {each:.9g}")
    for workload, of, _, level in expected:
        book.record("unit costs known", False, f"unit cost of {workload}: no row of {level} {of}")


def _of_load(view: View, split: Split, load: Load) -> Iterator[tuple[tuple[str, str | None, str], Unit]]:
    """Every unit of work of a workload: (unit, accelerator, load)."""
    value = sum(amount for (name, _), amount in split.value.items() if name == load.name)
    for unit, level, by_period, share in _made(view, load):
        soon = unit == "run" and level == "mean" and at_work(load, view.facts.years) < 1
        yield (unit, None, level), Unit(*split.total(by_period, soon), value * share)
    for device in split.devices_of(load.name):
        own, busy = split.value[load.name, device], at_work(load, view.facts.years)
        soon = isinstance(load, Training) and busy < 1
        yield ("accelerator-hour", device, "mean"), Unit(*split.hours(split.taken(load.name, device), busy, soon), own)
        yield ("accelerator-hour", device, "peak"), Unit(*split.hours(split.held(load.name, device)), own)


def _made(view: View, load: Load) -> Iterator[tuple[str, str, dict[int, float], float]]:
    """Unit, load, units by period, share of the cost that they bear."""
    years, periods = view.facts.years, view.facts.periods
    scale = {t: 1.0 if load.scale_by_period is None else load.scale_by_period[t - 1] for t in periods}
    if isinstance(load, Training):
        turns = years * DAYS_PER_YEAR / load.days
        for level, each in (("mean", min(turns, 1.0)), ("peak", turns)):
            yield "run", level, {t: math.ceil(load.concurrent_runs * scale[t] - 1e-9) * each for t in periods}, 1.0
    elif isinstance(load, Inference) and load.concurrent_users is not None:
        yield "user-year", "peak", {t: load.concurrent_users * scale[t] * years for t in periods}, 1.0
    elif isinstance(load, Inference):
        read, written, _ = tokens_per_s(load)
        reading = _reading(view, load)
        for unit, tokens, share in (
            ("million tokens", read + written, 1.0),
            ("million input tokens", read, reading),
            ("million output tokens", written, 1 - reading),
        ):
            for level, factor in (("mean", 1.0), ("peak", peak(load))):
                daily = tokens * SECONDS_PER_DAY
                made = {t: daily * scale[t] * DAYS_PER_YEAR * years * factor / MILLION for t in periods}
                yield unit, level, made, share


def tokens_per_s(load: Inference) -> tuple[float, float, float]:
    """Tokens read and written a second in the mean, and of those read the ones found in a cache."""
    parts = streams(load)
    read = sum(rate * (asked.tokens_in or 0.0) for rate, asked in parts)
    cached = sum(rate * (asked.tokens_in or 0.0) * asked.prefix_hit for rate, asked in parts)
    return read, sum(rate * (asked.tokens_out or 0.0) for rate, asked in parts), cached


def _reading(view: View, load: Inference) -> float:
    """Share of a service's time that prompts take: its rate over that of the same accelerators reading prompts."""
    read, written, _ = tokens_per_s(load)
    by_token = read / (read + written)
    if not read or not written or load.utilisation is not None:
        return by_token
    quick = {"tokens_out": 1.0, "ttft_s": None, "tpot_s": None}
    parts = tuple(each.model_copy(update=quick) for each in load.classes)
    alone = load.model_copy(update={"disaggregated": False, **({"classes": parts} if parts else quick)})
    shares: list[tuple[float, float]] = []
    for row in view.tables.workloads:
        if row.workload == load.name and row.pool in view.carriers and row.blocks:
            best = _best(view, alone, view.carriers[row.pool])
            each = by_token if best is None else min(1.0, row.rate_per_block / row.devices_per_block / best)
            shares.append((row.blocks * row.rate_per_block, each))
    carried = sum(weight for weight, _ in shares)
    return sum(weight * each for weight, each in shares) / carried if carried else by_token


def _best(view: View, alone: Inference, pool: Carrier) -> float | None:
    key = ("reading", alone.name, pool.server.id, pool.leaf_ratio * pool.spine_ratio)
    if key not in view.memo:
        view.memo[key] = _asked(view, alone, pool)
    found: float | None = view.memo[key]
    return found


def _asked(view: View, alone: Inference, pool: Carrier) -> float | None:
    device = device_of(pool.device, pool.server, pool.leaf_ratio * pool.spine_ratio)
    try:
        found = replicas_on(view.facts.instance, alone, pool.device.id, device)
    except (PlannerError, ValueError):
        return None
    safe = view.facts.instance.estimates == "safe"
    return max(((r.low_requests_per_s if safe else r.requests_per_s) / r.devices for r in found), default=None)


def _alternatives(view: View, book: Book, split: Split) -> None:
    expected = {key: row for load in split.loads.values() for key, row in _beside(view, split, load)}
    for row in view.tables.alternatives:
        where = f"alternative of {row.workload}: {row.kind} {row.offer} {row.term}"
        wanted = expected.pop((row.workload, row.kind, row.offer, row.term), None)
        if not book.record("alternatives known", wanted is not None, f"{where}: an offer of the catalogue is expected"):
            continue
        for column, value in (wanted or {}).items():
            found = getattr(row, column)
            if isinstance(value, float):
                right = abs(found - value) <= 1e-6 * abs(value) + 1e-9
                detail = f"{where}: {column.replace('_', ' ')} {found:.9g}, expected {value:.9g}"
                book.record("alternatives recomputed", right, detail)
            else:
                book.text("alternatives recomputed", where, column.replace("_", " "), found, value)
    for key in expected:
        book.record("alternatives known", False, f"alternative of {' '.join(key)}: no row")


def _beside(view: View, split: Split, load: Load) -> Iterator[tuple[tuple[str, str, str, str], dict[str, Any]]]:
    instance, on = view.facts.instance, view.facts.first_order
    rents = facility_rows("rents.csv", Rent, ("accelerator", "term", "provider", "as_of"))
    for device in split.devices_of(load.name):
        own, busy = split.value[load.name, device], at_work(load, view.facts.years)
        soon, taken = isinstance(load, Training) and busy < 1, split.taken(load.name, device)
        there, held = split.hours(split.held(load.name, device))
        for term in ("on-demand", "1-year", "3-year"):
            rows = [(row.as_of, row.per_hour, row) for row in rents if (row.accelerator, row.term) == (device, term)]
            rent = _latest(rows, on)
            price = None if rent is None else in_currency(rent.per_hour, rent.currency, instance)
            if rent is None or price is None or not held:
                continue
            bound = _bound(load, term, view.facts.years)
            hours, paid = split.hours(taken, busy, soon) if bound is None else split.hours(taken, bound, bound < 1)
            planned = split.hours(taken, busy)[0] / there
            money = {"price": price, "quantity": hours, "cost_instead": price * paid, "own_cost": own,
                     "break_even": own / (held * price), "planned": planned}  # fmt: skip
            yield (load.name, "rent", device, term), {**money, **_origin(rent)}
    if not isinstance(load, Inference) or not isinstance(load.model, str) or load.concurrent_users is not None:
        return
    offers = facility_rows("hosted.csv", Hosted, ("model", "provider", "as_of"))
    hosted = _latest([(row.as_of, row.out_per_million, row) for row in offers if row.model == load.model], on)
    made = next(by_period for unit, level, by_period, _ in _made(view, load) if level == "mean")
    tokens, present = split.total(made)
    if hosted is None or not present:
        return
    read, written, cached = tokens_per_s(load)
    again = hosted.cached_per_million if hosted.cached_per_million is not None else hosted.in_per_million
    paid_for = cached * again + (read - cached) * hosted.in_per_million
    each = (paid_for + written * hosted.out_per_million) / (read + written)
    price = in_currency(each, hosted.currency, instance)
    if price is None:
        return
    own = sum(amount for (name, _), amount in split.value.items() if name == load.name)
    _, days = split.total(dict.fromkeys(view.facts.periods, DAYS_PER_YEAR * view.facts.years))
    money = {"price": price, "quantity": tokens, "cost_instead": price * present, "own_cost": own,
             "break_even": own / price / days, "planned": present / days}  # fmt: skip
    yield (load.name, "hosted", load.model, "tokens"), {**money, **_origin(hosted)}


def _bound(load: Load, term: str, years: float) -> float | None:
    """Share of a period that rent on a term is paid for at least; None on demand."""
    if term == "on-demand":
        return None
    if not isinstance(load, Training):
        return 1.0
    return min(years, max(float(term.partition("-")[0]), load.days / DAYS_PER_YEAR)) / years


def _latest(rows: Iterable[tuple[date, float, Any]], on: date) -> Any:
    """Of dated rows the latest before a day, or the first after it; the cheapest of one day."""
    found = list(rows)
    before = [day for day, _, _ in found if day <= on]
    day = max(before) if before else min((day for day, _, _ in found), default=None)
    return min((row for row in found if row[0] == day), key=lambda row: row[1], default=(None, 0.0, None))[2]


def _origin(row: Any) -> dict[str, Any]:
    return {
        "provider": row.provider, "price_as_of": row.as_of.isoformat(), "price_source": row.source,
        "price_estimate": row.estimate,
    }  # fmt: skip
