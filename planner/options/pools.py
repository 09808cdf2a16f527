"""Where servers may stand: export rules and first shipments, rack classes, power, and how many a pool may ever hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.catalogue import Catalogue
from planner.catalogue.entries import Cooling, Rack, Server
from planner.engineering.finance import periods_in_service
from planner.engineering.racks import servers_per_rack, surviving_share
from planner.instance import Instance
from planner.instance.choices import Oversubscription
from planner.instance.over_time import lead_months
from planner.instance.resolve import SiteFacts, order_date
from planner.options import bounds
from planner.options.export import Reason, judge_delivery, judge_order
from planner.options.loads import Loads
from planner.options.prices import Prices, Remove
from planner.options.steps import RackClass
from planner.options.tables import Design, Pool, Size


@dataclass(frozen=True)
class Prospect:
    """A pool before its networks are known.

    Attributes:
        sizes: what it might carry.
    """

    site: SiteFacts
    server: Server
    ratio: Oversubscription
    cooling: Cooling
    racks: RackClass
    may_order: tuple[bool, ...]
    most: int
    availability: float
    sizes: tuple[Size, ...]

    @property
    def design(self) -> str:
        """Id of its design."""
        racks = self.racks
        of_server = f"{self.server.id}/{self.ratio.leaf:g}:{self.ratio.spine:g}"
        return f"{of_server}/{racks.places} in {racks.rack} of {racks.rack_kw:g} kW"


class Prospects:
    """Finds the pools of an instance, each reason against one said once."""

    def __init__(
        self,
        instance: Instance,
        catalogue: Catalogue,
        sites: Mapping[str, SiteFacts],
        prices: Prices,
        loads: Loads,
        remove: Remove,
    ) -> None:
        self.instance = instance
        self.catalogue = catalogue
        self.sites = sites
        self.prices = prices
        self.loads = loads
        self.remove = remove
        self.notes: dict[str, dict[str, None]] = {}
        self.demand = {name: max(demands) for name, demands in loads.demand.items()}
        self.allowed: dict[str, tuple[str, ...]] = {}
        self._judged: dict[tuple[str, str, int], list[tuple[Reason | None, tuple[str, ...]]]] = {}

    def of(self, servers: Sequence[Server]) -> list[Prospect]:
        """All pools that servers, sites and loads leave open."""
        found = []
        ratios = tuple(dict.fromkeys(self.instance.fabric.oversubscription))
        for server in servers:
            orders = {name: self.may_order(site, server) for name, site in self.sites.items()}
            if not any(any(order) for order in orders.values()):
                continue
            for ratio in ratios:
                sizes = self.loads.sizes_of(server, ratio.leaf, ratio.spine)
                for name in dict.fromkeys(name for size in sizes for name in size.carries):
                    if name not in self.allowed:
                        self.allowed[name] = self.loads.sites_for(name, self.sites)
                for site in self.sites.values():
                    own = tuple(size for size in sizes if all(site.name in self.allowed[name] for name in size.carries))
                    if own and any(orders[site.name]):
                        found += self._at(site, server, ratio, orders[site.name], own)
        return found

    def may_order(self, site: SiteFacts, server: Server) -> tuple[bool, ...]:
        """By period, whether the device is on sale at the order date and the export rules let it go to the site."""
        device = self.catalogue.accelerators[server.accelerator]
        months = lead_months(self.instance, server.id, device.id)
        key = (device.id, site.country, months)
        if key not in self._judged:
            self._judged[key] = [
                judge_delivery(self.instance, device, site.country, t, months)
                if months
                else judge_order(self.instance, device, site.country, order_date(self.instance, t))
                for t in range(self.instance.horizon.periods)
            ]
        for reason, notes in self._judged[key]:
            if reason is not None:
                what = server.id if reason[0] == "lead time" else device.id
                self.remove(f"{what} at {site.name}", *reason)
            else:
                self.notes.setdefault(device.id, {}).update(dict.fromkeys(notes))
        return tuple(reason is None for reason, _ in self._judged[key])

    def _at(
        self, site: SiteFacts, server: Server, ratio: Oversubscription, order: tuple[bool, ...], sizes: tuple[Size, ...]
    ) -> list[Prospect]:
        found = []
        for id in site.cooling:
            cooling = self.catalogue.cooling[id]
            racks = self._racks(site, server, cooling)
            if racks is None:
                continue
            availability = availability_of(self.instance, cooling)
            load = bounds.load_servers(sizes, self.demand, server.accelerators)
            load += bounds.spare_servers(sizes, self.loads.spares, self.demand)
            load = max(load, *(step.pieces for step in self.instance.discounts if step.server == server.id), 0)
            most = bounds.most_servers(
                load, availability, racks.places, self._generations(server),
                max(site.power_limit_kw_by_period), server.power_kw, site.peak_pue[id],
            )  # fmt: skip
            fitting = []
            for size in sizes:
                # What shares servers may take what availability leaves in several halls together.
                needed = math.ceil(size.servers / availability - 1e-9) if size.gang else 1
                if needed <= most:
                    fitting.append(size)
                elif len(size.carries) == 1:
                    self.remove(
                        f"{size.workload} on {server.id} with {cooling.id} at {site.name}", "power",
                        f"{needed} servers at once exceed the {most} that "
                        f"{max(site.power_limit_kw_by_period):g} kW can power",
                    )  # fmt: skip
            if fitting:
                found.append(Prospect(site, server, ratio, cooling, racks, order, most, availability, tuple(fitting)))
        return found

    def _racks(self, site: SiteFacts, server: Server, cooling: Cooling) -> RackClass | None:
        """Racks of a cooling method at a site; None with a reason where they do not suit."""
        if cooling.server_cooling not in server.cooling:
            return None  # not a removal worth a line: the server is not sold that way
        pue = site.pue[cooling.id]
        if site.pue_limit is not None and site.pue_rule == "every-hall" and pue > site.pue_limit + 1e-9:
            law = f" ({site.pue_basis})" if site.pue_basis else ""
            self.remove(f"{cooling.id} at {site.name}", "pue", f"PUE {pue:g} > limit {site.pue_limit:g}{law}")
            return None
        if self.prices.item("cooling", cooling, "kW") is None:
            return None
        rack: Rack = self.catalogue.racks[cooling.rack]
        if self.prices.item("racks", rack, "each") is None:
            return None
        rack_kw = min(cooling.rack_kw, site.rack_kw_limit or math.inf)
        places = servers_per_rack(server.power_kw, server.rack_units, rack_kw, rack.rack_units)
        if not places:
            self.remove(
                f"{server.id} with {cooling.id} at {site.name}", "placement",
                f"a server of {server.power_kw:g} kW and {server.rack_units:g}U does not fit a rack of {rack_kw:g} kW "
                f"and {rack.rack_units:g}U",
            )  # fmt: skip
            return None
        return RackClass(rack.id, places, rack_kw, rack.rack_units)

    def _generations(self, server: Server) -> int:
        """Generations of servers that may stand at once."""
        horizon = self.instance.horizon
        life = periods_in_service(self.prices.items["servers", server.id].life_years, horizon.period_years)
        return 2 if 1 < life < horizon.periods else 1


def availability_of(instance: Instance, cooling: Cooling) -> float:
    """Share of the servers that carry load; where nobody repairs, those that last until the next visit."""
    operations = instance.operations
    return operations.availability * surviving_share(
        operations.server_failures_per_year * cooling.failure_factor, cooling.service_interval_years
    )


def pool_of(prospect: Prospect, design: Design, steps: int, several_ratios: bool) -> Pool:
    """The pool of a prospect, which may need so many steps of its design."""
    site, server, cooling, racks, ratio = (
        prospect.site, prospect.server, prospect.cooling, prospect.racks, prospect.ratio
    )  # fmt: skip
    plain = not several_ratios and ratio.leaf == ratio.spine == 1
    suffix = "" if plain else f"/{ratio.leaf:g}:{ratio.spine:g}"
    return Pool(
        id=f"{site.name}/{server.id}/{cooling.id}-{racks.rack_kw:g}{suffix}",
        site=site.name,
        country=site.country,
        server=server.id,
        accelerator=server.accelerator,
        accelerators=server.accelerators,
        cooling=cooling.id,
        rack=racks.rack,
        rack_kw=racks.rack_kw,
        places=racks.places,
        server_kw=server.power_kw,
        design=design.id,
        steps=steps,
        may_order=prospect.may_order,
        most_servers=prospect.most,
        availability=prospect.availability,
        fleet=f"{site.name}/{server.id}{suffix}",
    )
