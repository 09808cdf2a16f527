"""What networks are bought of: switches and racks by type, optics by type where that matters and as money where not.

Optics of one life are one thing, counted in money at the prices of the first period: their purchases follow the same
network, so that adding them up loses next to nothing and spares hundreds of rows a pool. Where a supply limit names an
optic or a budget holds period by period they are counted piece by piece. In the relaxation of one period everything
that no supply limit names is money: there what is needed is bought, and no more is to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from formulations.assets import Asset
from planner.instance.over_time import prices_rise
from planner.money import Money
from planner.options import Options

Thing = tuple[str, str]


def asset(money: Money, kind: str, id: str) -> Asset:
    """The money of an item as formulations take it."""
    terms = money.terms(kind, id)
    price = {t: price + terms.installation for t, price in terms.price.items()}
    return Asset(price, terms.life, terms.upkeep, terms.residual, terms.embodied, terms.upkeep_account, terms.sale)


class Things:
    """Maps items of networks to the things that the model buys.

    Args:
        merged: count switches and network racks in money too.
    """

    def __init__(self, options: Options, money: Money, merged: bool = False) -> None:
        self.options = options
        self.money = money
        self.merged = merged
        self._assets: dict[Thing, Asset] = {}

    @cached_property
    def by_period(self) -> bool:
        """Whether limits by period may make it worth buying before the need."""
        return buys_early(self.options)

    @cached_property
    def limited(self) -> frozenset[Thing]:
        """Optics and switches that supply limits name."""
        return frozenset((limit.kind, limit.id) for limit in self.options.instance.supply)

    @property
    def whole(self) -> frozenset[Thing]:
        """Things bought in whole pieces by declaration: only where purchases are decisions of their own."""
        return frozenset(self._assets) if self.by_period else frozenset()

    @property
    def assets(self) -> Mapping[Thing, Asset]:
        """Money of one unit of each thing met so far."""
        return self._assets

    def of(self, kind: str, id: str) -> tuple[Thing, float]:
        """The thing that an item is counted as, and its units: 1 piece, or its price."""
        if (kind != "optics" and not self.merged) or self.by_period or (kind, id) in self.limited:
            thing, units = (kind, id), 1.0
            if thing not in self._assets:
                self._assets[thing] = asset(self.money, kind, id)
            return thing, units
        item, terms = self.money.items[kind, id], self.money.terms(kind, id)
        units = item.price
        path = "".join(f", {price / units:.12g}" for price in terms.price.values() if units and price != units)
        thing = (kind, f"life {item.life_years:g} years{path}")
        if self.merged and units:
            thing = (
                "networks",
                f"life {item.life_years:g} years, {terms.upkeep / units:g}, {terms.embodied / units:g}",
            )
        if thing not in self._assets and units:
            self._assets[thing] = Asset(
                {t: price / units for t, price in terms.price.items()},
                terms.life,
                terms.upkeep / units,
                {t: left / units for t, left in terms.residual.items()},
                terms.embodied / units if self.merged else 0.0,
            )
        return thing, units

    def needs(self, kind: str, counts: Mapping[str, float]) -> dict[Thing, float]:
        """Units of things for counts of items."""
        found: dict[Thing, float] = {}
        for id, count in counts.items():
            if not count:
                continue  # of racks that are somebody else's, or there from the start, nobody knows a price
            thing, units = self.of(kind, id)
            if units:
                found[thing] = found.get(thing, 0.0) + units * count
        return found


def buys_early(options: Options) -> bool:
    """Whether limits by period or rising prices may make it worth buying before the need, so that purchases are
    decisions."""
    instance = options.instance
    return len(options.periods) > 1 and (
        prices_rise(instance)
        or instance.budget.capex_by_period is not None
        or any(limit.period is not None for limit in instance.supply)
    )
