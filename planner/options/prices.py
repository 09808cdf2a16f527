"""Prices of everything that an option may call for, and what they say of options that others beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from planner.catalogue import Catalogue
from planner.catalogue.entries import BUILDING_LIFE_YEARS, LAND_LIFE_YEARS, POWER_TRAIN_LIFE_YEARS, Entry, Switch
from planner.engineering import optics
from planner.engineering.carbon import embodied_kg
from planner.engineering.finance import annuity_factor, discount_factor, periods_in_service, residual_share
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, convert_price, order_date
from planner.options.beaten import Cost
from planner.options.networks import NetworkOption
from planner.options.tables import Item
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
            self.items[kind, row.id] = Item(
                kind, row.id, row.name, unit, convert_price(price, self.instance), row.life_years,
                price.as_of, price.source, price.estimate,
            )  # fmt: skip
        return self.items[kind, row.id]

    def site_items(self, site: SiteFacts) -> None:
        stated = next(s for s in self.instance.sites if s.name == site.name).power_capex_per_kw
        price = None if stated is not None else self.catalogue.price("facility", "power-train", self.first_order)
        self.items["facility", site.name] = Item(
            "facility", "power-train", "feeds, transformers, UPS and generators", "kW", site.power_capex_per_kw,
            POWER_TRAIN_LIFE_YEARS,
            price.as_of if price else self.first_order,
            price.source if price else "instance",
            price.estimate if price else False,
        )  # fmt: skip
        for kind, what, amount, unit, life in (
            ("building", "building and fit-out", site.building_capex_per_kw, "kW", BUILDING_LIFE_YEARS),
            ("land", "land and connection", site.land_capex, "each", LAND_LIFE_YEARS),
        ):
            if amount is not None:
                self.items[kind, site.name] = Item(
                    kind, kind, what, unit, amount, life, self.first_order, "instance", False
                )

    def price(self, kind: str, id: str) -> float:
        return self.items[kind, id].price

    def money(self, kind: str, id: str) -> list[float]:
        """Present value of one purchase in each period, less residual value, with the upkeep it brings."""
        item, horizon = self.items[kind, id], self.instance.horizon
        rate, years = horizon.discount_rate, horizon.period_years
        end = years * horizon.periods
        found = []
        for t in range(horizon.periods):
            begin = discount_factor(rate, years * t)
            upkeep = self.instance.operations.maintenance_rate * begin * annuity_factor(rate, end - years * t)
            share = residual_share(item.life_years, years * t, end) if horizon.residual_value != "none" else 0.0
            if self.instance.objective == "capex":
                begin, upkeep, share = 1.0, 0.0, 0.0
            found += [item.price * (begin + upkeep - share * discount_factor(rate, end)), item.price]
        return found

    def kit_cost(self, kit: optics.Kit) -> Cost:
        moneys = [[share * m for m in self.money("optics", part)] for part, share in kit.parts]
        return (*map(sum, zip(*moneys, strict=True)), kit.power_w, 0.0, 0.0, 0.0)

    def _kit_rank(self, kit: optics.Kit) -> optics.Rank:
        """Money by period of purchase, power, and lives as far as the horizon sees them."""
        horizon = self.instance.horizon
        lives = [
            min(periods_in_service(self.items["optics", part].life_years, horizon.period_years), horizon.periods)
            for part, _ in kit.parts
        ]
        return optics.Rank(self.kit_cost(kit), min(lives), max(lives))

    def offered_kits(self) -> Callable[[optics.Kit], optics.Rank] | None:
        """How kits are ranked to drop the beaten ones; None where an optic is in short supply."""
        return None if any(s.kind == "optics" for s in self.instance.supply) else self._kit_rank

    def outlast_horizon(self, networks: tuple[NetworkOption, ...]) -> bool:
        """Whether nothing of the networks is replaced within the horizon, so that purchases alone can be compared."""
        horizon = self.instance.horizon
        keys = {("switches", n.switch.id) for n in networks}
        keys |= {("optics", p) for n in networks for kits in n.kits.values() for kit in kits for p, _ in kit.parts}
        lives = (periods_in_service(self.items[key].life_years, horizon.period_years) for key in keys)
        return all(life >= horizon.periods for life in lives)

    def without_beaten(self, switches: list[Switch]) -> list[Switch]:
        """Drop a switch that another of the same ports beats in price, power and height."""
        if any(s.kind == "switches" for s in self.instance.supply):
            return switches  # in short supply a beaten switch may be needed
        kept: list[Switch] = []
        for switch in switches:
            figures = (self.price("switches", switch.id), switch.power_w, switch.rack_units, -switch.life_years)
            for other in switches:
                same = all(
                    getattr(other, c) == getattr(switch, c)
                    for c in ("protocol", "ports", "port_gbps", "breakout", "ports_per_cage", "built_in_optics")
                )
                rival = (self.price("switches", other.id), other.power_w, other.rack_units, -other.life_years)
                beaten = all(r <= f for r, f in zip(rival, figures, strict=True)) and (
                    rival != figures or other.id < switch.id
                )
                if same and other is not switch and beaten:
                    self.remove(switch.id, "beaten", f"{other.id} costs and draws no more for the same ports")
                    break
            else:
                kept.append(switch)
        return kept

    def embodied(self) -> dict[tuple[str, str], float]:
        """Tonnes of making one server (its accelerators with their share of it), switch or rack."""
        each = {
            "servers": lambda id: {"accelerator": self.catalogue.servers[id].accelerators},
            "switches": lambda id: {"switch": 1},
            "racks": lambda id: {"rack": 1},
        }
        return {(kind, id): embodied_kg(each[kind](id)) / KG_PER_TONNE for kind, id in self.items if kind in each}
