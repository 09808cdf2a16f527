"""Money in one room: what a thing costs in which period, what it is worth at the end, and what counts today.

Everything that compares or adds up money asks here: the options (which of two is cheaper), the model (coefficients of
the objective) and the plan (cost lines). A price path, a lease or another residual value is added in this file alone.
Formulas: ``planner.engineering.finance``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from formulations.accounts import RUNNING, Account
from planner.catalogue.entries import Grade
from planner.engineering.finance import annuity_factor, discount_factor, periods_in_service, residual_share
from planner.instance import Instance
from planner.instance.openings import OPENINGS
from planner.instance.operating import rates
from planner.instance.over_time import price_factor
from planner.instance.resolve import convert

__all__ = ["RUNNING", "Account", "Item", "Money", "Terms"]


RENTED = "rented servers"
"""Kind of an item whose price is its rent of a period, and its life the term."""
OWNED, SOLD = "owned servers", "sold servers"
"""Kinds of what is there from the start: kept for some periods, or sold on the first day."""
DISCOUNT = "server discount"
"""Kind of what large orders have off: an item of negative price beside the server."""
ONCE = ("land", *OPENINGS)
"""Kinds that are bought once and serve to the end of the horizon."""
UPKEPT = ("servers", "switches", "optics")
"""Kinds of things that maintenance is paid for."""


@dataclass(frozen=True)
class Item:
    """A thing with a price in the instance's currency, its range, its life and where the price comes from.

    Attributes:
        low, high: least and most it may cost.
        grade: how the price is known, a word of ``planner.catalogue.entries.GRADES``.
    """

    kind: str
    id: str
    description: str
    unit: str
    price: float
    life_years: float
    price_as_of: datetime.date
    price_source: str
    grade: Grade
    low: float
    high: float
    software_per_year: float = 0.0
    """Licences of what runs on one, a year."""
    upkeep_per_year: float = 0.0
    """Of what is owned: maintenance of one and of what it shares with others."""
    sale: tuple[tuple[int, float], ...] = ()
    """Of what is owned: period at whose beginning it is sold, and what one fetches."""


@dataclass(frozen=True)
class Terms:
    """Money of one piece (or kW) of an item, undiscounted.

    Attributes:
        price: by period of purchase.
        life: whole periods in service.
        upkeep: maintenance and licences of a piece in service, per period: of the stated price, whatever was paid.
        upkeep_of: the upkeep by what it is paid for: the kind of the item for its maintenance, ``software``,
            ``network licences``, or ``servers`` for rent; ``upkeep_account`` says which.
        installation: paid once with the price, without residual value.
        residual: money back at the end of the horizon, by period of purchase.
        embodied: price of the carbon of making a piece.
        sale: what a piece fetches, by the period at whose beginning it is sold within the horizon.
    """

    price: Mapping[int, float]
    life: int
    upkeep: float
    residual: Mapping[int, float]
    embodied: float = 0.0
    installation: float = 0.0
    upkeep_of: Mapping[str, float] = field(default_factory=dict)
    upkeep_account: Account = Account.MAINTENANCE
    sale: Mapping[int, float] = field(default_factory=dict)


class Money:
    """The money of one instance.

    Args:
        instance: horizon, rate, objective, maintenance and price of carbon.
        items: everything with a price, by (kind, id).
        embodied_t: tonnes of carbon of making one item, where the instance counts them.
    """

    def __init__(
        self,
        instance: Instance,
        items: Mapping[tuple[str, str], Item],
        embodied_t: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        self.instance = instance
        self.items = items
        self.embodied_t = embodied_t if embodied_t is not None else {}
        horizon = instance.horizon
        self.periods = range(1, horizon.periods + 1)
        self.years = horizon.period_years
        self.end = horizon.periods * horizon.period_years
        self.tco = instance.objective == "tco"
        self.rates = rates(instance)
        self.present = self._present_values()
        self._terms: dict[tuple[str, str], Terms] = {}

    def _present_values(self) -> dict[tuple[Account, int], float]:
        """Weight that turns an undiscounted line of an account and period into its present value.

        Residual value falls due at the end of the horizon, so its lines stand in the last period.
        """
        rate = self.instance.horizon.discount_rate
        weights: dict[tuple[Account, int], float] = {}
        for t in self.periods:
            begin = discount_factor(rate, self.years * (t - 1))
            running = begin * annuity_factor(rate, self.years) / self.years
            weights[Account.CAPEX, t] = weights[Account.EMBODIED, t] = weights[Account.SALE, t] = begin
            weights.update({(account, t): running for account in RUNNING})
        weights[Account.RESIDUAL, self.periods[-1]] = discount_factor(rate, self.end)
        return weights

    @property
    def objective(self) -> dict[tuple[Account, int], float]:
        """Weights of the objective: present value of all lines (tco), or undiscounted purchases (capex)."""
        if self.tco:
            return dict(self.present)
        return {key: 1.0 for key in self.present if key[0] is Account.CAPEX}

    @property
    def carbon_price(self) -> float:
        """Per tonne, 0 where it has none."""
        price = self.instance.carbon.price_per_tonne
        return 0.0 if price is None else convert(price, self.instance)

    def life(self, life_years: float) -> int:
        """Whole periods that a thing serves, no more than the horizon has."""
        return min(periods_in_service(life_years, self.years), len(self.periods))

    def terms(self, kind: str, id: str) -> Terms:
        """The money of one piece of an item.

        Raises:
            KeyError: it has no price.
        """
        if (kind, id) not in self._terms:
            item = self.items[kind, id]
            if kind == RENTED:
                nothing = dict.fromkeys(self.periods, 0.0)
                self._terms[kind, id] = Terms(
                    nothing,
                    self.life(item.life_years),
                    item.price,
                    {},
                    upkeep_of={"servers": item.price},
                    upkeep_account=Account.RENT,
                )
                return self._terms[kind, id]
            if kind in (OWNED, SOLD):
                self._terms[kind, id] = self._owned(item)
                return self._terms[kind, id]
            keeps = self._keeps
            kept = self._upkeep(item)
            self._terms[kind, id] = Terms(
                price={t: self.price(kind, id, t) for t in self.periods},
                life=len(self.periods) if kind in ONCE else self.life(item.life_years),
                upkeep=sum(kept.values()),
                upkeep_of=kept,
                installation=item.price * self.rates.installation if kind == "servers" else 0.0,
                residual={
                    t: share * self.price(kind, id, t) for t in self.periods if keeps and (share := self._left(item, t))
                },
                embodied=self.carbon_price * self.embodied_t.get((kind, id), 0.0),
            )
        return self._terms[kind, id]

    @property
    def _keeps(self) -> bool:
        """Whether what is left at the end counts."""
        return self.instance.horizon.residual_value == "straight-line" and self.tco

    def _owned(self, item: Item) -> Terms:
        """What is there from the start costs nothing but its upkeep, and is sold or left at the end."""
        last, kept = self.periods[-1], self._upkeep(item)
        sale = {t: money for t, money in item.sale if t <= last}
        left = sum(money for t, money in item.sale if t > last and self._keeps)
        return Terms(
            price=dict.fromkeys(self.periods, 0.0),
            life=self.life(item.life_years),
            upkeep=sum(kept.values()),
            residual={self.periods[0]: left},
            upkeep_of=kept,
            sale=sale,
        )

    def _upkeep(self, item: Item) -> dict[str, float]:
        """Upkeep of one piece per period, by what it is paid for."""
        found = {
            "servers": item.upkeep_per_year,
            item.kind: item.price * self.rates.maintenance if item.kind in UPKEPT else 0.0,
            "software": item.software_per_year,
            "network licences": item.price * self.rates.network_licences if item.kind == "switches" else 0.0,
        }
        return {name: yearly * self.years for name, yearly in found.items() if yearly}

    def price(self, kind: str, id: str, period: int) -> float:
        """Price of one piece bought in a period (from 1), on its path; a discount is on that of its server."""
        if kind == DISCOUNT:
            server = next(step.server for step in self.instance.discounts if step.name == id)
            return self.items[kind, id].price * price_factor(self.instance, "servers", server, period)
        return self.items[kind, id].price * price_factor(self.instance, kind, id, period)

    def _left(self, item: Item, period: int) -> float:
        """Share of its price that is left of an item at the end: all of land, nothing of what opening a thing cost."""
        if item.kind in ONCE:
            return float(item.kind == "land")
        return residual_share(item.life_years, (period - 1) * self.years, self.end)

    def worth(self, kind: str, id: str, period: int) -> float:
        """What buying one piece in a period adds to the objective: price, upkeep while it serves, carbon of making
        it, less what is left of it.

        A piece of 1,000 with 10 % upkeep a year, bought for the second of two years, undiscounted, no residual value:
        1,100.
        """
        terms, weights = self.terms(kind, id), self.objective
        money = (terms.price[period] + terms.installation) * weights[Account.CAPEX, period]
        if self.tco:
            served = [t for t in self.periods if period <= t < period + terms.life]
            money += sum(terms.upkeep * weights[terms.upkeep_account, t] for t in served)
            money += terms.embodied * weights[Account.EMBODIED, period]
            money -= terms.residual.get(period, 0.0) * weights[Account.RESIDUAL, self.periods[-1]]
            money -= sum(fetched * weights[Account.SALE, t] for t, fetched in terms.sale.items())
        return money
