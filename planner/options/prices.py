"""Prices of everything that an option may call for, and switches that others beat in everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from planner.catalogue import Catalogue
from planner.catalogue.entries import LAND_LIFE_YEARS, Entry, Switch
from planner.engineering.carbon import embodied_kg
from planner.instance import Instance
from planner.instance.facility import GIVEN, site_goods
from planner.instance.openings import NAMES, Openings
from planner.instance.operating import software_per_year
from planner.instance.resolve import SiteFacts, convert, convert_price, order_date
from planner.money import DISCOUNT, Item
from planner.options.resources import Resources
from planner.options.tables import Pool
from planner.units import KG_PER_TONNE

Row = TypeVar("Row", bound=Entry)
Remove = Callable[[str, str, str], None]
"""Called with (subject, family of rules, reason) for what is taken out."""


class Prices:
    """The items of an instance by (kind, id), priced when first asked for."""

    def __init__(self, instance: Instance, catalogue: Catalogue, remove: Remove) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.remove = remove
        self.first_order = order_date(instance)
        self.items: dict[tuple[str, str], Item] = {}

    def allowed(self, kind: str, rows: Mapping[str, Row], names: tuple[str, ...] | None) -> list[Row]:
        """Catalogue rows that the instance allows and that have a price."""
        chosen = [rows[name] for name in dict.fromkeys(names)] if names is not None else list(rows.values())
        return [row for row in chosen if self.item(kind, row, "each") is not None]

    def item(self, kind: str, row: Any, unit: str) -> Item | None:
        if (kind, row.id) not in self.items:
            price = self.catalogue.price(kind, row.id, self.first_order)
            if price is None:
                self.remove(row.id, "price", f"no price in the catalogue; set catalogue.{kind}.{row.id}.price")
                return None
            amount = convert_price(price, self.instance)
            per_unit = amount / price.amount if price.amount else 0.0
            self.items[kind, row.id] = Item(
                kind, row.id, row.name, unit, amount, row.life_years, price.as_of, price.source, price.grade,
                low=price.low * per_unit, high=price.high * per_unit, software_per_year=self._software(kind, row),
            )  # fmt: skip
        return self.items[kind, row.id]

    def _software(self, kind: str, row: Any) -> float:
        """Licences of one server and year."""
        if kind != "servers":
            return 0.0
        device = self.catalogue.accelerators[row.accelerator]
        return float(row.accelerators * software_per_year(self.instance, device))

    def site_items(self, site: SiteFacts) -> None:
        """What a site itself is bought of: power train, building, land."""
        stated = next(s for s in self.instance.sites if s.name == site.name)
        for found in site_goods(stated, self.instance, self.catalogue, self.first_order):
            self.items[found.kind, site.name] = Item(
                found.kind, found.item, found.description, found.unit, found.price, found.life_years,
                found.as_of, found.source, found.grade, found.low, found.high,
            )  # fmt: skip

    def discounts(self) -> None:
        """What large orders of servers with a price have off."""
        for step in self.instance.discounts:
            full = self.items.get(("servers", step.server))
            if full is not None:
                self.items[DISCOUNT, step.name] = replace(
                    full, kind=DISCOUNT, id=step.name, description=f"{step.off:.4g} off, {full.description}",
                    price=-step.off * full.price, low=-step.off * full.low, high=-step.off * full.high,
                    software_per_year=0.0,
                )  # fmt: skip

    def openings(self, pools: Iterable[Pool]) -> None:
        """What it costs to open the things of some pools; those that are limited alone cost nothing."""
        asked = Openings(self.instance)
        for thing in asked.of(pools):
            cost = asked.cost(thing)
            price = 0.0 if cost is None else convert(cost, self.instance)
            self.items[thing.kind, thing.id] = Item(
                thing.kind, thing.id, f"opening of {NAMES[thing.kind]}", "each", price, LAND_LIFE_YEARS,
                self.first_order, GIVEN, "given", price, price,
            )  # fmt: skip

    def embodied(self) -> dict[tuple[str, str], float]:
        """Tonnes of making one server (its accelerators with their share of it), switch or rack."""
        each = {
            "servers": lambda id: {"accelerator": self.catalogue.servers[id].accelerators},
            "switches": lambda id: {"switch": 1},
            "racks": lambda id: {"rack": 1},
        }
        return {(kind, id): embodied_kg(each[kind](id)) / KG_PER_TONNE for kind, id in self.items if kind in each}


def without_beaten(switches: list[Switch], resources: Resources, remove: Remove) -> list[Switch]:
    """Switches without those that another of the same ports beats in everything that is priced or limited."""
    kept: list[Switch] = []
    for switch in switches:
        own = resources.of("switches", switch.id)
        for other in switches:
            same = all(
                getattr(other, c) == getattr(switch, c)
                for c in ("protocol", "ports", "port_gbps", "breakout", "ports_per_cage", "built_in_optics")
            )
            rival = resources.of("switches", other.id)
            beaten = bool((rival <= own).all()) and (bool((rival < own).any()) or other.id < switch.id)
            if same and other is not switch and beaten:
                remove(switch.id, "beaten", f"{other.id} costs and draws no more for the same ports")
                break
        else:
            kept.append(switch)
    return kept
