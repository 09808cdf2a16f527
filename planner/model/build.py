"""Options and a selection of them -> Pyomo model."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pyomo.environ as pyo

from formulations.budget import add_budget
from formulations.cooling import add_cooling
from formulations.discount import add_discount
from formulations.fabric import StepData, add_fabric
from formulations.fleet import add_fleet
from formulations.ledger import Ledger, add_objective
from formulations.opening import add_opening
from formulations.outline import add_outline
from formulations.placement import add_placement
from formulations.power import add_power
from formulations.redundancy import add_redundancy
from formulations.schedule import add_schedule
from formulations.supply import add_supply
from formulations.workload import WorkloadData, add_workload
from planner.garbage import collection_paused
from planner.model import load_data, network_data, site_data
from planner.model.envelope import Envelopes
from planner.model.opening_data import opening_data
from planner.model.outline import Outline, alone
from planner.model.redundancy_data import redundancy_data
from planner.model.selection import Selection, everything
from planner.model.things import Things
from planner.money import Money
from planner.options import Options
from planner.options.tables import Pool


@dataclass(frozen=True)
class BuiltModel:
    """A model, its ledger, and the servers of each step by (pool, step).

    Attributes:
        alone: of an outline, what a server takes at least of things of one life (None: of power), by pool.
    """

    model: pyo.ConcreteModel
    ledger: Ledger
    servers: Mapping[tuple[str, int], int]
    alone: Mapping[str, Mapping[int | None, float]] = field(default_factory=dict)

    def runs(self, options: Options) -> set[int]:
        """Blocks of training runs, by ``id``: few, large and never split."""
        m = self.model
        runs = {size.id for size in options.sizes if size.kind == "training"}
        found = (*m.workload.gangs.items(), *m.workload.shared.items())
        return {id(v) for (size, _, _), v in found if size in runs}

    def openings(self) -> set[int]:
        """Whether sites, halls and server types are opened, and steps of discounts reached, by ``id``; few, and never
        half."""
        opening, discount = self.model.component("opening"), self.model.component("discount")
        found = set() if opening is None else {id(v) for v in opening.opened.values()}
        return found if discount is None else found | {id(v) for v in discount.reached.values()}

    def fine(self, options: Options) -> set[int]:
        """Whole variables that round up at little cost, by ``id``: blocks of services and compute, racks, modules that
        servers share. Servers, networks and runs are what a plan is made of."""
        m = self.model
        runs = {size.id for size in options.sizes if size.kind == "training"}
        gangs = [v for (size, _, _), v in m.workload.gangs.items() if size not in runs]
        blocks = [v for (size, _, _), v in m.workload.shared.items() if size not in runs]
        valley = m.component("valley")
        blocks += [] if valley is None else list(valley.needed.values())
        return {id(v) for v in (*blocks, *gangs, *m.placement.racks_bought.values(), *m.fabric.filled.values())}


@contextmanager
def _quiet() -> Iterator[None]:
    """No word of Pyomo on what ends the building: whatever does (Ctrl-C, the time limit) is raised anyway."""
    words = logging.getLogger("pyomo")
    before = words.level
    words.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        words.setLevel(before)


class ModelBuilder:
    """Builds models of one instance, each on a selection of its options; what they share is read once."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.money = Money(options.instance, options.items, options.embodied_t)
        self.things = Things(options, self.money)
        self.networks = network_data.Networks(options, self.things)
        merged = Things(options, self.money, merged=True)
        self.relaxed = network_data.Networks(options, merged) if len(options.periods) == 1 else self.networks
        self.envelopes = Envelopes(options, self.relaxed, self.money)

    def build(self, selection: Selection | None = None) -> BuiltModel:
        """The mixed-integer program of the options on offer (all of them if not said)."""
        selection = selection or everything(self.options)
        offered = selection.pools
        pools = [pool for pool in self.options.pools if pool.id in offered]
        with collection_paused(), _quiet():
            steps = network_data.offered_steps(self.options, selection, pools, self.networks)
            loads = load_data.workload_data(self.options, pools, load_data.exact_places(self.options, pools, steps))
            return self._build(pools, steps, selection.steps, loads)

    def relaxation(self) -> BuiltModel:
        """The program of all pools over the corners of their envelopes; its linear relaxation bounds every plan."""
        pools = list(self.options.pools)
        with collection_paused(), _quiet():
            corners = {(pool.id, k): c for pool in pools for k, c in enumerate(self.envelopes.of(pool))}
            places = {(p, k, size): held for (p, k), c in corners.items() for size, held in c.places.items()}
            loads = replace(load_data.workload_data(self.options, pools, places), unpackable={})
            return self._build(pools, {key: corner.step for key, corner in corners.items()}, {}, loads, linear=True)

    def outline(self) -> BuiltModel:
        """The program of all pools with what networks and racks are at least worth; a coarser, smaller relaxation."""
        options, money, pools = self.options, self.money, list(self.options.pools)
        with collection_paused(), _quiet():
            model, ledger = pyo.ConcreteModel(name=options.instance.name), Ledger()
            fleet = add_fleet(model, site_data.fleet_data(options, pools, money), ledger)
            outline = Outline(options, money)
            data = outline.data()
            loads = outline.loads(pools)
            workload = add_workload(model, loads, fleet.in_service, None)
            add_redundancy(model, redundancy_data(options, outline=True), loads, fleet.in_service)
            add_outline(model, data, fleet.in_service, workload.in_pool, ledger)
            self._add_site(model, ledger, pools, fleet.bought, {})
        return BuiltModel(model, ledger, {}, alone(data))

    def _build(
        self,
        pools: list[Pool],
        steps: Mapping[tuple[str, int], StepData],
        open_in: Mapping[tuple[str, int], Sequence[int]],
        loads: WorkloadData,
        linear: bool = False,
    ) -> BuiltModel:
        options, money = self.options, self.money
        model, ledger = pyo.ConcreteModel(name=options.instance.name), Ledger()
        fleet = add_fleet(model, site_data.fleet_data(options, pools, money), ledger)
        bought = [pool for pool in pools if not pool.given]
        placement = add_placement(model, site_data.placement_data(options, bought, money), fleet.in_service, ledger)
        of_steps = self.relaxed if linear else self.networks
        networks = network_data.fabric_data(options, steps, open_in, pools, of_steps, linear)
        fabric = add_fabric(model, networks, fleet.in_service, placement.racks, ledger)
        add_workload(model, loads, fleet.in_service, fabric.step)
        add_schedule(model, load_data.schedule_data(options), loads)
        add_redundancy(model, redundancy_data(options), loads, fleet.in_service)
        self._add_site(model, ledger, pools, fleet.bought, fabric.purchases)
        return BuiltModel(model, ledger, {key: step.servers for key, step in steps.items()})

    def _add_site(
        self,
        model: pyo.ConcreteModel,
        ledger: Ledger,
        pools: list[Pool],
        bought: Any,
        purchases: Mapping[tuple[str, str, str, int], Any],
    ) -> None:
        """Cooling, power, openings, limits and the objective, which read what was posted.

        Args:
            bought: servers by (pool, period); purchases: of the networks, by (pool, kind, id, period).
        """
        options, money, here = self.options, self.money, [pool for pool in pools if not pool.offer]
        to_buy = [pool for pool in here if not pool.owned]
        cooling = add_cooling(model, site_data.cooling_data(options, here, money), ledger)
        add_power(model, site_data.power_data(options, here, money), cooling.it_kw, ledger)
        opened = opening_data(options, to_buy, money, model)
        if opened is not None:
            add_opening(model, opened, ledger)
        reached = site_data.discount_data(options, to_buy, money, bought)
        if reached is not None:
            add_discount(model, reached, ledger)
        limits = site_data.supply_data(options, to_buy, self.things, bought, purchases)
        limits += site_data.rent_data(options, pools, model.fleet.in_service)
        add_supply(model, limits, site_data.cap_data(options, to_buy, bought))
        add_budget(model, site_data.budget_data(options), ledger)
        add_objective(model, ledger, money.objective)


def build_model(options: Options, selection: Selection | None = None) -> BuiltModel:
    """Build the mixed-integer program of an instance from its options."""
    return ModelBuilder(options).build(selection)
