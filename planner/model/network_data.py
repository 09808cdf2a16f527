"""Designs, steps and attachments of the options as numbers for ``formulations/fabric.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from formulations.fabric import FabricData, FamilyData, StepData, SwapData, filled_between
from planner.model import bounds
from planner.model.selection import Selection
from planner.model.things import Thing, Things
from planner.options import Options
from planner.options.tables import Design, Pool, Step
from planner.options.tied import Attachment, Swap
from planner.units import W_PER_KW

EVEN = 1e-9


class Networks:
    """Reads steps and attachments of designs, each once."""

    def __init__(self, options: Options, things: Things) -> None:
        self.options = options
        self.things = things
        self._steps: dict[tuple[str, str, int], StepData] = {}
        self._families: dict[tuple[str, str], FamilyData] = {}

    def step(self, design: Design, rack: str, number: int) -> StepData:
        """One step of a design in racks of a type."""
        key = (design.id, rack, number)
        if key not in self._steps:
            step = design.steps[number]
            self._steps[key] = StepData(
                step.attachment, step.servers, step.least, step.fixed_kw, self._needs(step, rack)
            )
        return self._steps[key]

    def _needs(self, step: Step, rack: str) -> dict[Thing, float]:
        found: dict[Thing, float] = {}  # items of several kinds may be one thing, counted in money
        counts = ("switches", step.switches), ("optics", step.parts), ("racks", {rack: step.network_racks})
        for kind, items in counts:
            for thing, units in self.things.needs(kind, items).items():
                found[thing] = found.get(thing, 0.0) + units
        return found

    def family(self, design: Design, id: str) -> FamilyData:
        """What a server takes on a family: whole pieces of its own, and by rate what servers share."""
        key = (design.id, id)
        if key not in self._families:
            attachment = design.attachments[id]
            own: dict[str, float] = {}
            shared: dict[float, dict[str, float]] = {}
            for term in attachment.terms:
                if abs(term.rate - round(term.rate)) < EVEN:
                    own[term.part] = own.get(term.part, 0.0) + term.rows * term.rate
                else:
                    rows = shared.setdefault(term.rate, {})
                    rows[term.part] = rows.get(term.part, 0.0) + term.rows
            self._families[key] = FamilyData(
                self.things.needs("optics", own),
                self._kw(own),
                {rate: (self.things.needs("optics", rows), self._kw(rows)) for rate, rows in shared.items()},
                tuple(self._swap(swap) for swap in attachment.swaps),
            )
        return self._families[key]

    def linear(self, design: Design, id: str) -> FamilyData:
        """The same with shared pieces by the server, for a relaxation."""
        found = self.family(design, id)
        needs, kw = dict(found.needs), found.kw
        for rate, (shared, watts) in found.shared.items():
            for thing, units in shared.items():
                needs[thing] = needs.get(thing, 0.0) + rate * units
            kw += rate * watts
        return FamilyData(needs, kw, swaps=found.swaps)

    def _swap(self, swap: Swap) -> SwapData:
        """What it takes more, or less, to make as many links as fill a module with another kit."""
        parts = {part: share * swap.links for part, share in swap.made.parts_per_link.items()}
        for part, share in swap.parts_per_link.items():
            parts[part] = parts.get(part, 0.0) - share * swap.links
        of = f"{swap.made.network} {swap.kit}"
        return SwapData(of, swap.per_server, swap.links, self.things.needs("optics", parts), self._kw(parts))

    def rack_needs(self, attachment: Attachment) -> dict[Thing, float]:
        """What a server rack takes."""
        return self.things.needs("optics", attachment.per_rack)

    def _kw(self, parts: Mapping[str, float]) -> float:
        optics = self.options.catalogue.optics
        return sum(optics[part].power_w * count for part, count in parts.items()) / W_PER_KW


def offered_steps(
    options: Options, selection: Selection, pools: list[Pool], networks: Networks
) -> dict[tuple[str, int], StepData]:
    """The steps on offer, by (pool, step)."""
    by_id = {pool.id: pool for pool in pools}
    return {
        (p, j): networks.step(options.designs[by_id[p].design], by_id[p].rack, j)
        for p, j in selection.steps
        if p in by_id
    }


def fabric_data(
    options: Options,
    steps: Mapping[tuple[str, int], StepData],
    open_in: Mapping[tuple[str, int], Sequence[int]],
    pools: list[Pool],
    networks: Networks,
    linear: bool = False,
) -> FabricData:
    """Everything that ``add_fabric`` needs of the pools on offer.

    Args:
        steps: by (pool, number); open_in: periods in which they may stand.
        linear: whether pieces that servers share are counted by the server.
    """
    periods = list(options.periods)
    by_id = {pool.id: pool for pool in pools}
    families: dict[tuple[str, str], FamilyData] = {}
    rack_needs: dict[str, dict[Thing, float]] = {}
    for p, family in dict.fromkeys((p, step.family) for (p, _), step in steps.items()):
        design = options.designs[by_id[p].design]
        families[p, family] = networks.linear(design, family) if linear else networks.family(design, family)
        needs = networks.rack_needs(design.attachments[family])
        if needs:
            rack_needs[p] = needs  # alike for all families: cords of the management networks
    averaged = {
        s for s, site in options.sites.items() if site.pue_rule == "site-average" and site.pue_limit is not None
    }
    return FabricData(
        periods=periods,
        site={pool.id: pool.site for pool in pools},
        steps=steps,
        open_in={key: when for key, when in open_in.items() if len(when) < len(periods)},
        families=families,
        rack_needs=rack_needs,
        asset=dict(networks.things.assets),
        most=_most(by_id, steps, families, rack_needs) if len(periods) > 1 else {},
        most_servers={pool.id: pool.most_servers for pool in pools},
        whole=networks.things.whole,
        tight=frozenset(pool.id for pool in pools if pool.site in averaged),
        groups=_groups(options, pools),
    )


def _groups(options: Options, pools: list[Pool]) -> dict[str, list[str]]:
    """Pools of which one stands, where the instance asks for one cluster of a server type at a site."""
    found: dict[str, list[str]] = {}
    for pool in pools if options.instance.fabric.one_cluster_per_site else ():
        if not pool.owned:  # which stand as they are
            found.setdefault(f"{pool.site}/{pool.server}", []).append(pool.id)
    return {group: members for group, members in found.items() if len(members) > 1}


def _most(
    pools: Mapping[str, Pool],
    steps: Mapping[tuple[str, int], StepData],
    families: Mapping[tuple[str, str], FamilyData],
    rack_needs: Mapping[str, Mapping[Thing, float]],
) -> dict[tuple[str, str, str], float]:
    """Most of each thing that a pool buys, by (pool, kind, id)."""
    of_steps: dict[tuple[str, str, str], list[float]] = {}
    for (p, _), step in steps.items():
        for thing, units in step.needs.items():
            of_steps.setdefault((p, *thing), []).append(units)
    of_servers: dict[tuple[str, str, str], tuple[float, float]] = {}
    for (p, _), family in families.items():
        most = pools[p].most_servers
        for thing, units in family.needs.items():
            own, shared = of_servers.get((p, *thing), (0.0, 0.0))
            of_servers[p, *thing] = own + units * most, shared
        for swap in family.swaps:
            for thing, units in swap.needs.items():
                own, shared = of_servers.get((p, *thing), (0.0, 0.0))
                of_servers[p, *thing] = own + max(0.0, units) * most * swap.per_server / swap.links, shared
        for rate, (needs, _) in family.shared.items():
            for thing, units in needs.items():
                own, shared = of_servers.get((p, *thing), (0.0, 0.0))
                of_servers[p, *thing] = own, shared + max(units * c for c in filled_between(rate, most))
    keys = {*of_steps, *of_servers, *((p, *thing) for p, needs in rack_needs.items() for thing in needs)}
    return {
        (p, kind, id): bounds.most_of_thing(
            of_steps.get((p, kind, id), ()),
            *of_servers.get((p, kind, id), (0.0, 0.0)),
            rack_needs.get(p, {}).get((kind, id), 0.0),
            bounds.most_racks(pools[p].most_servers, pools[p].places),
        )
        for p, kind, id in keys
    }
