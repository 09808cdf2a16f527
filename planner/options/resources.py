"""What the instance prices or limits of switches, parts and racks, as one vector for each item.

Two ways to build a network are compared in every column: money of a purchase in each period, apart for things that
last equally long, so that renewals are compared as well; capital spending where it is limited; pieces of items in short
supply; power; height. Columns that say the same of every item stand once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from planner.catalogue import Catalogue
from planner.engineering import optics
from planner.engineering.power import energy_kwh_per_year
from planner.instance import Instance
from planner.instance.operating import mean_load
from planner.instance.resolve import SiteFacts
from planner.money import Account, Money
from planner.units import W_PER_KW

TIE = 1e-9
"""Weight of money where something else is counted."""
Vector = npt.NDArray[np.float64]
Key = tuple[str, str]
"""(kind, id) of an item."""


class Resources:
    """Vectors of switches, optics and racks.

    Attributes:
        vectors: by (kind, id).
        kw, height: index of the columns of power (kW) and of rack units; the money of the first class stands first.
        views: by (kind, id) what one piece takes that stands for a while, one number for each way to tell which of two
            networks is cheaper: all of its money, renewals and power included, over the whole horizon, from each
            period on and up to each; its capital where that is limited; pieces in short supply. Money breaks ties.
        scarce: optics that supply limits name.
        links: links that a piece of an optic serves, by id.
    """

    def __init__(
        self,
        instance: Instance,
        money: Money,
        catalogue: Catalogue,
        keys: Iterable[Key],
        sites: Collection[SiteFacts] = (),
    ) -> None:
        self.keys = tuple(keys)
        columns = [_distinct(list(_priced(instance, money, self.keys)))] if self.keys else []
        watts, units = [], []
        for kind, id in self.keys:
            row = catalogue.entries(kind)[id]
            watts.append(getattr(row, "power_w", 0.0) / W_PER_KW)
            units.append(row.rack_units if kind == "switches" else 0.0)  # type: ignore[attr-defined]
        matrix = np.column_stack([*columns, watts, units]) if self.keys else np.zeros((0, 2))
        if self.keys and instance.horizon.periods == 1:
            # Whatever is saved elsewhere by drawing less saves this as well.
            matrix[:, 0] += LeastPower(instance, money, sites).of(money.periods) * matrix[:, -2]
        self.height = int(matrix.shape[1]) - 1
        self.kw = self.height - 1
        self.vectors: Mapping[Key, Vector] = {key: matrix[i] for i, key in enumerate(self.keys)}
        power = LeastPower(instance, money, sites)
        seen = [_views(instance, money, key, power, kw) for key, kw in zip(self.keys, watts, strict=True)]
        views = _distinct([list(view) for view in zip(*seen, strict=True)])
        self.scarce = frozenset(limit.id for limit in instance.supply if limit.kind == "optics")
        self.links = {id: catalogue.optics[id].links for kind, id in self.keys if kind == "optics"}
        self.views: Mapping[Key, Vector] = {key: views[i] for i, key in enumerate(self.keys)}
        self._kits: dict[str, optics.Rank] = {}

    @property
    def columns(self) -> int:
        return self.height + 1

    @property
    def seen(self) -> int:
        """Number of views."""
        return len(next(iter(self.views.values()), ()))

    def of(self, kind: str, id: str) -> Vector:
        """Vector of one piece."""
        return self.vectors[kind, id]

    def kit(self, kit: optics.Kit) -> Vector:
        """Vector of the parts of one link."""
        found: Vector = sum((share * self.of("optics", part) for part, share in kit.parts), np.zeros(self.columns))
        return found

    def priced(self, kit: optics.Kit) -> Vector:
        """Views of the parts of one link, and after them its vector."""
        views: Vector = sum((share * self.views["optics", part] for part, share in kit.parts), np.zeros(self.seen))
        return np.concatenate([views, self.kit(kit)])

    def rank(self, kit: optics.Kit) -> optics.Rank:
        """How kits are compared: each column, money of equal lives apart."""
        if kit.id not in self._kits:
            self._kits[kit.id] = optics.Rank(tuple(self.kit(kit).tolist()))
        return self._kits[kit.id]


class LeastPower:
    """What a kW of IT load adds to the objective at the least, wherever it stands.

    Of two networks that cost the same with it, one that draws less costs no more at any site.
    """

    def __init__(self, instance: Instance, money: Money, sites: Iterable[SiteFacts]) -> None:
        self.money = money
        standing = {own.site for own in instance.owned}
        least = {site.name for site in instance.sites if site.least_mw or instance.opening.site.least_mw}
        self.sites = [
            (
                money.years * energy_kwh_per_year(1.0, mean_load(instance), min(site.pue.values(), default=1.0))
                * site.tariff_per_kwh,
                0.0 if site.name in standing | least else min(site.peak_pue.values(), default=1.0)
                * min(money.worth("facility", site.name, t) for t in money.periods),
            )
            for site in sites
        ]  # fmt: skip

    def of(self, span: Sequence[int]) -> float:
        """Of a kW over so many periods: its energy; and its feed, where it stands all the time (the most that a site
        draws in any period is built) and no feed stands that it may have for nothing: that of servers owned from the
        start, or of the least size with which a site is opened."""
        running = sum(self.money.objective.get((Account.ENERGY, t), 0.0) for t in span)
        whole = len(span) == len(self.money.periods)
        return max(min((running * energy + whole * feed for energy, feed in self.sites), default=0.0), 0.0)


def _priced(instance: Instance, money: Money, keys: tuple[Key, ...]) -> Iterable[list[float]]:
    """Columns of money and of items in short supply."""
    lives = [money.terms(*key).life for key in keys]
    limited = instance.budget.capex is not None or instance.budget.capex_by_period is not None
    for life in sorted(set(lives)):
        for t in money.periods:
            yield [money.worth(*key, t) if own == life else 0.0 for key, own in zip(keys, lives, strict=True)]
        for t in money.periods if limited else ():
            terms = [money.terms(*key) for key in keys]
            yield [each.price[t] if own == life else 0.0 for each, own in zip(terms, lives, strict=True)]
    for scarce in dict.fromkeys((limit.kind, limit.id) for limit in instance.supply):
        if scarce in keys:
            yield [float(key == scarce) for key in keys]


def _views(instance: Instance, money: Money, key: Key, power: LeastPower, kw: float) -> list[float]:
    """``Resources.views`` of one item, which draws so many kW."""
    terms, periods = money.terms(*key), money.periods
    spans = [periods, *(periods[t:] for t in range(1, len(periods))), *(periods[:-t] for t in range(1, len(periods)))]
    worth = [sum(money.worth(*key, t) for t in span[:: terms.life]) + power.of(span) * kw for span in spans]
    bought = periods[:: terms.life]
    limited = instance.budget.capex is not None or instance.budget.capex_by_period is not None
    scarce = dict.fromkeys((limit.kind, limit.id) for limit in instance.supply if limit.kind in ("switches", "optics"))
    return [
        *worth,
        *([sum(terms.price[t] for t in bought) + TIE * worth[0]] if limited else []),
        *(float(key == one) * len(bought) + TIE * worth[0] for one in scarce),
    ]


def _distinct(columns: list[list[float]]) -> Vector:
    """Columns without those that are another one times a number; one of zeros where there is no other.

    >>> _distinct([[1, 2], [2, 4], [1, 0]]).tolist()
    [[1.0, 1.0], [2.0, 0.0]]
    >>> _distinct([[0, 0], [0, 0]]).tolist()
    [[0.0], [0.0]]
    """
    kept: dict[tuple[float, ...], list[float]] = {}
    for column in columns:
        scale = max(map(abs, column), default=0.0)
        if scale > 0:
            kept.setdefault(tuple(round(value / scale, 12) for value in column), column)
    return np.array(list(kept.values()) or columns[:1], dtype=float).T
