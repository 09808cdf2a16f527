"""Tables of what work costs: by workload, by unit of work, and beside renting or buying it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from planner.catalogue.market import TERMS, hosted_in_force, rent_in_force
from planner.errors import InstanceError
from planner.instance import Money
from planner.instance.resolve import convert, order_date
from planner.instance.workloads import Inference, Workload
from planner.money import Account
from planner.plan.costs import Posting
from planner.plan.ground import Ground
from planner.plan.output import (
    MEAN,
    PEAK,
    TOKENS,
    Output,
    busy_share,
    in_turn,
    is_early,
    outputs,
    prompt_share,
    rented_share,
)
from planner.plan.sharing import Sharing
from planner.plan.work import devices_taken
from planner.units import DAYS_PER_YEAR, HOURS_PER_YEAR

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]
HOURS = "accelerator-hour"


class UnitCosts:
    """The money of a plan by workload and unit of work.

    Args:
        found: every amount of money with what it is spent for.
        fleet, work, schedule: rows of the plan.
    """

    def __init__(
        self, ground: Ground, found: Iterable[Posting], fleet: Sequence[Row], work: Sequence[Row],
        schedule: Sequence[Row],
    ) -> None:  # fmt: skip
        options = ground.options
        self.ground, self.instance, self.work = ground, options.instance, work
        self.years, self.periods = ground.money.years, ground.periods
        self.weights = tuple(ground.money.present[Account.ENERGY, t] for t in self.periods)
        """Present value of one unit of work, or of money, of a period, as running costs are paid."""
        self.first_days = tuple(ground.money.present[Account.CAPEX, t] for t in self.periods)
        energy = {
            row["pool"]: options.catalogue.servers[row["server"]].power_kw
            * options.sites[row["site"]].pue[row["cooling"]]
            if row["cooling"]
            else 0.0  # rented, with nothing of a site to share
            for row in fleet
        }
        self.workloads = [in_turn(workload, schedule) for workload in self.instance.workloads]
        names = [workload.name for workload in self.workloads]
        self.sharing = Sharing(fleet, work, energy, names, self.periods)
        self._made: dict[str, list[Output]] = {}
        self.lines: dict[tuple[str, Account, str, int], float] = {}
        self.value: dict[tuple[str, str], float] = {}
        """Present value by (workload, accelerator)."""
        for posting in found:
            present = ground.money.present[posting.account, posting.period]
            for (workload, accelerator), share in self.sharing.of(posting.use).items():
                line = (workload, posting.account, posting.item, posting.period)
                self.lines[line] = self.lines.get(line, 0.0) + share * posting.amount
                key = (workload, accelerator)
                self.value[key] = self.value.get(key, 0.0) + share * posting.amount * present

    def workload_rows(self) -> Rows:
        """Cost lines by workload, in the order of the instance."""
        order = {workload.name: n for n, workload in enumerate(self.workloads)}
        present = self.ground.money.present
        return [
            {
                "workload": name, "account": str(account), "item": item, "period": t, "amount": amount,
                "present_value": amount * present[account, t],
            }
            for (name, account, item, t), amount in sorted(
                self.lines.items(), key=lambda pair: (order.get(pair[0][0], len(order)), *pair[0])
            )
        ]  # fmt: skip

    def unit_rows(self) -> Rows:
        """Units of work of every workload with what one costs; none where there is no such work."""
        rows = []
        for workload in self.workloads:
            value = self._value(workload.name)
            for output in self._outputs(workload):
                rows.append(self._unit(workload.name, output, "", value * output.share))
            for accelerator in self._accelerators(workload.name):
                own = self.value[workload.name, accelerator]
                held = Output(HOURS, PEAK, self._held(workload, accelerator))
                for output in (self._busy(workload, accelerator), held):
                    rows.append(self._unit(workload.name, output, accelerator, own))
        return [row for row in rows if row["present_quantity"] > 0]

    def alternative_rows(self) -> Rows:
        """Rent of the same accelerator-hours and a hosted model's price of the same tokens, where prices are known."""
        return [row for workload in self.workloads for row in (*self._rents(workload), *self._hosted(workload))]

    def _value(self, workload: str) -> float:
        return sum(value for (name, _), value in self.value.items() if name == workload)

    def _outputs(self, workload: Workload) -> list[Output]:
        if workload.name not in self._made:
            own = [row for row in self.work if row["workload"] == workload.name]
            reading = prompt_share(self.ground, workload, own, self.sharing.pools)
            self._made[workload.name] = outputs(workload, self.periods, self.years, reading)
        return self._made[workload.name]

    def _unit(self, workload: str, output: Output, accelerator: str, value: float) -> dict[str, Any]:
        present = self._present(output)
        return {
            "workload": workload, "unit": output.unit, "accelerator": accelerator or None, "load": output.load,
            "quantity": sum(output.by_period), "present_quantity": present, "present_value": value,
            "unit_cost": value / present if present else 0.0,
        }  # fmt: skip

    def _present(self, output: Output) -> float:
        weights = self.first_days if output.early else self.weights
        return sum(amount * weight for amount, weight in zip(output.by_period, weights, strict=True))

    def _accelerators(self, workload: str) -> list[str]:
        return sorted(accelerator for name, accelerator in self.value if name == workload and accelerator)

    def _held(self, workload: Workload, accelerator: str) -> tuple[float, ...]:
        """Hours of accelerators in service by period, those that stand idle shared out as their cost is."""
        hours = [0.0] * len(self.periods)
        for pool, row in self.sharing.pools.items():
            if row["accelerator"] == accelerator:
                inside = self.ground.options.catalogue.servers[row["server"]].accelerators
                for n, t in enumerate(self.periods):
                    share = self.sharing.of_pool(pool, t).get(workload.name, 0.0)
                    hours[n] += self.sharing.standing[pool].get(t, 0) * inside * share
        return tuple(each * HOURS_PER_YEAR * self.years for each in hours)

    def _taken(self, workload: Workload, accelerator: str) -> tuple[float, ...]:
        """Hours of the accelerators that the blocks take, by period."""
        hours = dict.fromkeys(self.periods, 0.0)
        for row in self.work:
            if row["workload"] == workload.name and self.sharing.pools[row["pool"]]["accelerator"] == accelerator:
                hours[row["period"]] += devices_taken(row) * HOURS_PER_YEAR * self.years
        return tuple(hours.values())

    def _busy(self, workload: Workload, accelerator: str) -> Output:
        """The part of them in which they are at work."""
        busy, early = busy_share(workload, self.years), is_early(workload, self.years)
        hours = tuple(hours * busy for hours in self._taken(workload, accelerator))
        return Output(HOURS, MEAN, hours, early=early)

    def _rented(self, workload: Workload, accelerator: str, term: str) -> Output:
        """Hours paid for on a term, whether or not the accelerators are at work."""
        share = rented_share(workload, term, self.years)
        hours = tuple(hours * share for hours in self._taken(workload, accelerator))
        return Output(HOURS, PEAK, hours, early=share < 1)

    def _rents(self, workload: Workload) -> Iterator[dict[str, Any]]:
        """On demand the hours at work are paid, on a term all hours of the accelerators that the blocks take."""
        on = order_date(self.instance)
        for accelerator in self._accelerators(workload.name):
            own, busy = self.value[workload.name, accelerator], self._busy(workload, accelerator)
            held = Output(HOURS, PEAK, self._held(workload, accelerator))
            in_service = self._present(held)
            for term in TERMS:
                rent = rent_in_force(accelerator, term, on)
                price = None if rent is None else self._converted(rent.per_hour, rent.currency)
                if rent is None or price is None or not in_service:
                    continue
                hours = busy if term == "on-demand" else self._rented(workload, accelerator, term)
                yield {
                    "workload": workload.name, "kind": "rent", "offer": accelerator, "term": term,
                    "provider": rent.provider, "price": price, "quantity": sum(hours.by_period),
                    "cost_instead": price * self._present(hours), "own_cost": own,
                    "break_even": own / in_service / price,
                    "planned": sum(busy.by_period) / sum(held.by_period), **_origin(rent),
                }  # fmt: skip

    def _hosted(self, workload: Workload) -> Iterator[dict[str, Any]]:
        """Prompt tokens found in the cache are bought at the price of such."""
        if not isinstance(workload, Inference) or not isinstance(workload.model, str):
            return
        offer = hosted_in_force(workload.model, order_date(self.instance))
        made = next((each for each in self._outputs(workload) if (each.unit, each.load) == (TOKENS, MEAN)), None)
        if offer is None or made is None or not self._present(made):
            return
        read, written, hit = workload.prompt_tokens, workload.answer_tokens, workload.cached_share
        cached = offer.in_per_million if offer.cached_per_million is None else offer.cached_per_million
        prompt = offer.in_per_million * (1 - hit) + cached * hit
        price = self._converted((prompt * read + offer.out_per_million * written) / (read + written), offer.currency)
        if price is None:
            return
        own, tokens = self._value(workload.name), self._present(made)
        days = self._present(Output("day", MEAN, (self.years * DAYS_PER_YEAR,) * len(self.periods)))
        yield {
            "workload": workload.name, "kind": "hosted", "offer": workload.model, "term": "tokens",
            "provider": offer.provider, "price": price, "quantity": sum(made.by_period),
            "cost_instead": price * tokens, "own_cost": own, "break_even": own / price / days, "planned": tokens / days,
            **_origin(offer),
        }  # fmt: skip

    def _converted(self, amount: float, currency: str) -> float | None:
        """In the currency of the instance; None where it has no rate, which nothing else needs."""
        try:
            return convert(Money(amount=amount, currency=currency), self.instance)
        except InstanceError:
            return None


def _origin(row: Any) -> dict[str, Any]:
    return {"price_as_of": row.as_of.isoformat(), "price_source": row.source, "price_estimate": row.estimate}
