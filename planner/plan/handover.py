"""What a plan leaves to the next one: its servers as stock that is there from the start (rolling horizon)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from planner.engineering.finance import periods_in_service
from planner.errors import PlanFileError
from planner.instance import Instance, convert_price, instance_catalogue, instance_data, order_date
from planner.instance.operating import rates
from planner.instance.owned import OwnedServers
from planner.instance.resolve import convert
from planner.instance.stock import months, service
from planner.plan.plan import Plan
from planner.units import W_PER_KW

MONTHS = 12
Entry = dict[str, Any]


def with_stock(instance: Instance, plan: Plan) -> Mapping[str, Any]:
    """The data of an instance with the servers of a plan that stand on its first day among what it owns.

    Raises:
        PlanFileError: the plan holds no instance, or begins no earlier.
    """
    data = instance_data(instance)
    return {**data, "owned": [*data["owned"], *Stock(plan, instance).entries()]}


class Stock:
    """Servers of a plan on the first day of another horizon.

    Args:
        plan: with the instance that it answers.
        after: what is asked next, whose rates of upkeep hold.
    """

    def __init__(self, plan: Plan, after: Instance) -> None:
        try:
            self.before = Instance.model_validate(plan.provenance["instance"])
        except (KeyError, TypeError, ValueError):
            raise PlanFileError("the plan holds no instance, so that the age of its servers is not known") from None
        self.plan, self.after = plan, after
        self.catalogue = instance_catalogue(self.before)
        self.start = months(after.horizon.start)
        horizon = self.before.horizon
        self.begins = {
            t: months(f"{horizon.order_date(t - 1):%Y-%m}") for t in range(1, horizon.periods + 1)
        }  # fmt: skip
        passed = [t for t, begin in self.begins.items() if begin < self.start]
        if not passed:
            found = f"the plan begins in {horizon.start}, the horizon after it in {after.horizon.start}"
            raise PlanFileError(f"{found}; a later one is accepted")
        self.last = passed[-1]
        """Period of the plan that ends with, or holds, the first day of the horizon after it."""

    def entries(self) -> list[Entry]:
        """Entries of ``owned``: those bought in one period for one pool, and what is left of what was owned before."""
        return [*self._kept(), *self._bought()]

    def _bought(self) -> Iterator[Entry]:
        years = self.before.horizon.period_years
        prices = {
            (row["item"], row["pool"], row["period"]): row["unit_price"]
            for row in self.plan.bill_of_materials_rows
            if row["kind"] == "servers"
        }
        number = 0
        for row in self.plan.decisions["fleet"]:
            life = self.catalogue.servers[row["server"]].life_years
            gone = self.last >= row["period"] + periods_in_service(life, years)
            begin = self.begins[row["period"]]
            age = (self.start - begin) / MONTHS
            if not row["bought"] or row["period"] > self.last or gone or age >= life:
                continue
            number += 1
            kw, upkeep = self._network(row["pool"])
            paid = prices[row["server"], row["pool"], row["period"]]
            yield {
                "name": f"{_plain(row['server'])}.{month(begin)}.{number}",
                "site": row["site"], "server": row["server"],
                "cooling": row["cooling"], "number": row["bought"], "in_service": month(begin),
                "serves_until": month(begin + round(life * MONTHS)), "book_value": self._money(paid * (1 - age / life)),
                "network_kw": kw, "network_upkeep_per_year": self._money(upkeep),
            }  # fmt: skip

    def _kept(self) -> Iterator[Entry]:
        standing: dict[str, int] = {}
        for row in self.plan.decisions["owned"]:
            if row["period"] == self.last:
                standing[row["fleet"]] = standing.get(row["fleet"], 0) + row["in_service"]
        for owned in self.before.owned:
            life = self.catalogue.servers[owned.server].life_years
            left = service(owned, self.before, life)
            passed = (self.start - months(self.before.horizon.start)) / MONTHS
            if standing.get(owned.name) and passed < left.left:
                end = months(self.before.horizon.start) + round(left.left * MONTHS)
                yield {
                    **owned.model_dump(mode="json"), "number": standing[owned.name], "serves_until": month(end),
                    "book_value": self._money(left.worth(self._book(owned, left.age, life), passed)),
                }  # fmt: skip

    def _book(self, owned: OwnedServers, age: float, life: float) -> float:
        if owned.book_value is not None:
            return convert(owned.book_value, self.before)
        return self._price("servers", owned.server) * max(0.0, 1 - age / life)

    def _network(self, pool: str) -> tuple[float, float]:
        """kW and yearly upkeep of what is installed in the networks of a pool, for each of its servers."""
        rate, catalogue = rates(self.after), self.catalogue
        kw = upkeep = 0.0
        rows = self.plan.decisions
        for row in rows["switches"]:
            if (row["pool"], row["period"]) == (pool, self.last):
                kw += row["installed"] * catalogue.switches[row["switch"]].power_w / W_PER_KW
                share = rate.maintenance + rate.network_licences
                upkeep += row["installed"] * share * self._price("switches", row["switch"])
        for row in rows["parts"]:
            if (row["pool"], row["period"]) == (pool, self.last):
                kw += row["installed"] * catalogue.optics[row["part"]].power_w / W_PER_KW
                upkeep += row["installed"] * rate.maintenance * self._price("optics", row["part"])
        servers = next(r["in_service"] for r in rows["fleet"] if (r["pool"], r["period"]) == (pool, self.last))
        return kw / servers, upkeep / servers

    def _price(self, kind: str, id: str) -> float:
        price = self.catalogue.price(kind, id, order_date(self.before))
        return 0.0 if price is None else convert_price(price, self.before)

    def _money(self, amount: float) -> Any:
        """An amount of the plan, which may count in another currency."""
        own = self.before.currency.unit
        return {"amount": amount, "currency": None if own == self.after.currency.unit else own}


def _plain(id: str) -> str:
    """A catalogue id as the beginning of a name."""
    return re.sub(r"[^A-Za-z0-9_.\-]", "-", id)[:40]


def month(count: int) -> str:
    """``YYYY-MM`` of months since the year 0.

    >>> month(months("2026-12") + 1)
    '2027-01'
    """
    return f"{count // MONTHS:04d}-{count % MONTHS + 1:02d}"
