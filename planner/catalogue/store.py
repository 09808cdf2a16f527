"""The catalogue in memory: rows by kind and id, prices by date, default utilisations."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from planner.catalogue.entries import (
    Accelerator,
    Cooling,
    Efficiency,
    Entry,
    Optic,
    Price,
    Rack,
    Server,
    Site,
    Switch,
)
from planner.catalogue.facility import Place, Tariff, facility_rows
from planner.catalogue.overrides import Overrides, overridden
from planner.catalogue.pricing import PriceRule, in_force, nearest, yearly_change
from planner.catalogue.rows import ENTRIES, instead
from planner.errors import Fault, InstanceError

PHYSICS = (
    "climate.csv", "components.csv", "cooling_physics.csv", "country_groups.csv", "embodied_carbon.csv",
    "export_rules.toml", "facility_regions.csv", "operations.csv",
    "hosted.csv", "inference_calibration.csv", "models.csv", "place_law.csv", "places.csv",
    "price_trends.csv", "redundancy.csv", "rents.csv", "scale_up.csv", "sea.csv", "training_calibration.csv", "ups.csv",
)  # fmt: skip
"""Tables that shape a plan or that it is held against, no rows of the catalogue: overrides do not reach them."""


@cache
def _physics_digests() -> dict[str, str]:
    """SHA-256 of each table by its lines, whatever ends them."""
    folder = Path(__file__).parent / "data"
    return {name: hashlib.sha256((folder / name).read_text(encoding="utf-8").encode()).hexdigest() for name in PHYSICS}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All rows by kind and id, in file order. It never changes; ``with_overrides`` makes a changed copy.

    Units are those of the field docstrings in ``planner.catalogue.entries``.

    >>> from planner.catalogue import load_catalogue
    >>> load_catalogue().servers["dgx-a100"].power_kw
    6.5
    """

    accelerators: Mapping[str, Accelerator]
    servers: Mapping[str, Server]
    switches: Mapping[str, Switch]
    optics: Mapping[str, Optic]
    cooling: Mapping[str, Cooling]
    racks: Mapping[str, Rack]
    sites: Mapping[str, Site]
    prices: tuple[Price, ...]
    efficiencies: tuple[Efficiency, ...]
    price_rule: PriceRule = "nearest"
    """How ``price`` chooses among the dated rows of an item: see ``docs/prices.md``."""

    @classmethod
    def of(
        cls,
        rows: Mapping[str, Mapping[str, Entry]],
        prices: Iterable[Price],
        efficiencies: Iterable[Efficiency],
    ) -> Catalogue:
        """A catalogue of checked rows by kind and id."""
        frozen: dict[str, Any] = {kind: MappingProxyType(dict(rows[kind])) for kind in ENTRIES}
        return cls(**frozen, prices=tuple(prices), efficiencies=tuple(efficiencies))

    def entries(self, kind: str) -> Mapping[str, Entry]:
        """Rows of one kind by id.

        >>> from planner.catalogue import load_catalogue
        >>> "rack-42u" in load_catalogue().entries("racks")
        True

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in ENTRIES:
            raise ValueError(f"found kind {kind!r}; {instead(kind, ENTRIES)}")
        return cast("Mapping[str, Entry]", getattr(self, kind))

    def price(self, kind: str, id: str, on: datetime.date) -> Price | None:
        """Price on a day: of the row nearest to it, carried to it at the rate of its class (``docs/prices.md``).

        With ``price_rule`` ``in-force``: of the latest row dated on or before it, else the earliest later one, as it
        stands.

        Args:
            kind: kind of the item (``servers``, ``optics``, ...), or ``facility``.
            id: catalogue id.
            on: day of the order.

        Returns:
            The price in its own currency and unit (each or kW); None when the item has none.

        >>> from planner.catalogue import load_catalogue
        >>> catalogue = load_catalogue()
        >>> [round(catalogue.price("optics", "sr4-200g", datetime.date(y, 7, 1)).amount) for y in (2020, 2022, 2026)]
        [437, 305, 148]
        >>> as_dated = catalogue.with_price_rule("in-force")
        >>> [as_dated.price("optics", "sr4-200g", datetime.date(y, 12, 31)).amount for y in (2019, 2022, 2024)]
        [350.0, 305.0, 215.0]
        """
        found = self._prices.get((kind, id), [])
        if self.price_rule == "in-force":
            return in_force(found, on)
        part = self.optics[id].kind if kind == "optics" and id in self.optics else ""
        return nearest(found, yearly_change(kind, part), on)

    def unheld(self, accelerator_id: str) -> str:
        """Why no server of the catalogue holds an accelerator, as a clause; empty where one does.

        >>> from planner.catalogue import load_catalogue
        >>> load_catalogue().unheld("b30a")
        'no server in the catalogue holds it: announced for China and never on sale'
        >>> load_catalogue().unheld("t4")
        ''
        """
        if any(server.accelerator == accelerator_id for server in self.servers.values()):
            return ""
        reason = self.accelerators[accelerator_id].unsold
        return "no server in the catalogue holds it" + (f": {reason}" if reason else "")

    def with_price_rule(self, rule: PriceRule) -> Catalogue:
        """The same rows under a rule for their dates."""
        return self if rule == self.price_rule else replace(self, price_rule=rule)

    def utilisation(self, accelerator_id: str, work: Literal["training", "inference"]) -> Efficiency:
        """Default model FLOP utilisation of an accelerator: its own, else the row named ``default``.

        >>> from planner.catalogue import load_catalogue
        >>> load_catalogue().utilisation("h100-sxm", "training").utilisation
        0.41
        >>> load_catalogue().utilisation("t4", "inference").accelerator
        'default'
        """
        rows = self._efficiencies
        return rows.get((accelerator_id, work)) or rows["default", work]

    def with_overrides(self, overrides: Overrides, currency: str, on: datetime.date) -> Catalogue:
        """A copy with changed or added rows.

        Field ``price`` takes a number in ``currency`` or text such as ``"150000 CNY"`` (per kW for cooling) and
        becomes the only price of the item. Any other field must be one of the row's type and is checked as in
        the CSV files; the row's note then names the fields changed. An unknown id adds a row where all required
        fields are given; its source and date are ``instance override`` and ``on`` unless given too.

        Args:
            overrides: kind -> id -> field -> value.
            currency: currency of prices given as plain numbers.
            on: date of overridden prices and of new rows.

        >>> from planner.catalogue import load_catalogue
        >>> changed = load_catalogue().with_overrides(
        ...     {"servers": {"dgx-a100": {"price": 150000}}}, "USD", datetime.date(2023, 7, 1)
        ... )
        >>> changed.price("servers", "dgx-a100", datetime.date(2020, 1, 1)).amount
        150000.0

        Raises:
            CatalogueOverrideError: kinds, ids, fields or values that do not fit, all of them.
        """
        if not overrides:
            return self
        rows = {kind: self.entries(kind) for kind in ENTRIES}
        changed = Catalogue.of(*overridden(rows, self.prices, overrides, currency, on), self.efficiencies)
        return changed.with_price_rule(self.price_rule)

    def with_rows(self, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Catalogue:
        """A copy with rows of the user's own, by kind as in ``planner.catalogue.own``.

        A row of a known id takes the place of the packaged one; prices of an item take the place of all its prices.

        Raises:
            InstanceError: rows are not what their kind accepts; carries every fault.
        """
        if not any(rows.values()):
            return self
        from planner.catalogue.own import checked  # most instances have none

        faults: list[Fault] = []
        own = [(kind, ("catalogue.own", None), fields) for kind, found in rows.items() for fields in found]
        entries, prices = checked(own, {kind: self.entries(kind) for kind in ENTRIES}, faults)
        if faults:
            raise InstanceError(faults)
        priced = {(price.kind, price.id) for price in prices}
        kept = [price for price in self.prices if (price.kind, price.id) not in priced]
        merged = {kind: {**self.entries(kind), **entries[kind]} for kind in ENTRIES}
        return Catalogue.of(merged, [*kept, *prices], self.efficiencies).with_price_rule(self.price_rule)

    def digest(self) -> str:
        """SHA-256 of every row, and of the tables of climate, rules and performance, as hex digits: equal for equal
        catalogues on any machine.

        >>> from planner.catalogue import load_catalogue
        >>> len(load_catalogue().digest())
        64
        """
        content = {
            **{kind: [row.model_dump(mode="json") for row in self.entries(kind).values()] for kind in ENTRIES},
            "prices": [row.model_dump(mode="json") for row in self.prices],
            "efficiencies": [row.model_dump(mode="json") for row in self.efficiencies],
            "physics": _physics_digests(),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _prices(self) -> dict[tuple[str, str], list[Price]]:
        by_item: dict[tuple[str, str], list[Price]] = {}
        for price in sorted(self.prices, key=lambda p: p.as_of):
            by_item.setdefault((price.kind, price.id), []).append(price)
        return by_item

    @cached_property
    def _efficiencies(self) -> dict[tuple[str, str], Efficiency]:
        return {(row.accelerator, row.work): row for row in self.efficiencies}


def table(catalogue: Catalogue, kind: str) -> list[dict[str, Any]]:
    """Rows of one kind for a listing: their fields as plain values (dates as ISO text), and the latest price.

    The price is in ``price``, ``price_low``, ``price_high``, ``price_currency``, ``price_unit``, ``price_grade``,
    ``price_date``, ``price_source`` and ``price_estimate``, all None for an item without one.

    >>> from planner.catalogue import load_catalogue
    >>> row = next(r for r in table(load_catalogue(), "servers") if r["id"] == "dgx-a100")
    >>> row["price"], row["price_currency"], row["price_date"]
    (199000.0, 'USD', '2020-05-14')

    Raises:
        ValueError: there is no such kind.
    """
    if kind in ("rents", "hosted"):
        from planner.catalogue.market import market_rows  # for listings alone

        return market_rows(kind)
    if kind in ("places", "tariffs"):
        model: type[Place] | type[Tariff] = Place if kind == "places" else Tariff
        return [row.model_dump(mode="json") for row in facility_rows(f"{kind}.csv", model)]
    rows, dated = [], catalogue.with_price_rule("in-force")
    for id, entry in catalogue.entries(kind).items():
        price = dated.price(kind, id, datetime.date.max)
        rows.append(
            {
                **entry.model_dump(mode="json"),
                "price": price.amount if price else None,
                "price_low": price.low if price else None,
                "price_high": price.high if price else None,
                "price_currency": price.currency if price else None,
                "price_unit": price.unit if price else None,
                "price_grade": price.grade if price else None,
                "price_date": price.as_of.isoformat() if price else None,
                "price_source": price.source if price else None,
                "price_estimate": price.estimate if price else None,
            }
        )
    return rows
