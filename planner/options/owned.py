"""Pools of servers that are there from the start: one for each number of periods that they may be kept.

Their racks and their network are there too, so that only how many are kept, how long, and what they carry is decided.
The rest is sold on the first day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from planner.catalogue import Catalogue
from planner.instance import Instance
from planner.instance.operating import rates
from planner.instance.owned import OwnedServers
from planner.instance.resolve import SiteFacts, convert, order_date
from planner.instance.stock import kw_of, part_of, service
from planner.money import OWNED, SOLD, Item
from planner.options.loads import Loads
from planner.options.pools import availability_of
from planner.options.prices import Prices, Remove
from planner.options.rented import Given
from planner.options.tables import Design, Pool, Size, Step
from planner.options.tied import Attachment

NO_RACK = "there from the start"
"""Rack class of owned servers: none that a plan would buy."""


def owned_pools(
    instance: Instance,
    catalogue: Catalogue,
    sites: Mapping[str, SiteFacts],
    loads: Loads,
    prices: Prices,
    remove: Remove,
) -> Iterator[Given]:
    """Pools of all that is owned, in the order of the instance; prices those that are sold at once too."""
    for owned in instance.owned:
        server, site = catalogue.servers[owned.server], sites[owned.site]
        price = prices.item("servers", server, "each")
        life, years = service(owned, instance, server.life_years), instance.horizon.period_years
        new = 0.0 if price is None else price.price
        book = new * max(0.0, 1 - life.age / server.life_years)
        if owned.book_value is not None:
            book = convert(owned.book_value, instance)
        upkeep = new * rates(instance).maintenance
        if owned.network_upkeep_per_year is not None:
            upkeep += convert(owned.network_upkeep_per_year, instance)
        for kept in range(life.periods(years, instance.horizon.periods) + 1):
            id = part_of(owned, kept)
            item = Item(
                OWNED if kept else SOLD, id, f"{server.name}, owned", "each", 0.0, max(kept, 1) * years,
                order_date(instance), "instance", "given", 0.0, 0.0,
                software_per_year=0.0 if price is None or not kept else price.software_per_year,
                upkeep_per_year=upkeep if kept else 0.0,
                sale=((kept + 1, life.worth(book, kept * years)),),
            )  # fmt: skip
            prices.items[item.kind, id] = item
            sizes = sizes_for(owned, server.accelerators, sites, loads, loads.sizes_of(server, 1.0, 1.0))
            if kept and sizes and against(owned, site, prices, catalogue, remove):
                yield _pool(instance, catalogue, owned, site, kept, item, sizes)


def sizes_for(
    owned: OwnedServers, accelerators: int, sites: Mapping[str, SiteFacts], loads: Loads, sizes: Collection[Size]
) -> tuple[Size, ...]:
    """Sizes that the servers may carry at their site."""
    asked = dict.fromkeys(name for size in sizes for name in size.carries)
    near = {name for name in asked if owned.site in loads.sites_for(name, sites)}
    return tuple(
        size for size in sizes if near.issuperset(size.carries) and size.devices <= owned.number * accelerators
    )


def against(owned: OwnedServers, site: SiteFacts, prices: Prices, catalogue: Catalogue, remove: Remove) -> bool:
    """Whether the hall of the servers may be used: it meets a PUE limit of every hall, and its plant has a price."""
    pue = site.pue[owned.cooling]
    if site.pue_limit is not None and site.pue_rule == "every-hall" and pue > site.pue_limit + 1e-9:
        remove(f"owned {owned.name}", "pue", f"PUE {pue:g} > limit {site.pue_limit:g}")
        return False
    return prices.item("cooling", catalogue.cooling[owned.cooling], "kW") is not None


def _pool(
    instance: Instance,
    catalogue: Catalogue,
    owned: OwnedServers,
    site: SiteFacts,
    kept: int,
    item: Item,
    sizes: tuple[Size, ...],
) -> Given:
    server, number = catalogue.servers[owned.server], owned.number
    plain = len(set(instance.fabric.oversubscription)) == 1 and all(
        ratio.leaf == ratio.spine == 1 for ratio in instance.fabric.oversubscription
    )
    step = Step(number, 1, "", {}, {}, 0, 0.0, ((number, 1),), ())
    gangs = tuple(sorted({size.servers for size in sizes if size.gang}))
    return Given(
        Pool(
            id=item.id, site=site.name, country=site.country, server=server.id, accelerator=server.accelerator,
            accelerators=server.accelerators, cooling=owned.cooling, rack=NO_RACK, rack_kw=0.0, places=1,
            server_kw=kw_of(owned, server.power_kw), design=item.id, steps=1,
            may_order=tuple(t == 0 for t in range(instance.horizon.periods)), most_servers=number,
            availability=availability_of(instance, catalogue.cooling[owned.cooling]),
            fleet=f"{site.name}/{server.id}" + ("" if plain else "/1:1"), owned=owned.name,
        ),
        Design(item.id, server.id, 1.0, 1.0, 1, 1.0, 1.0, {"": Attachment("", (), {}, ())}, (step,), gangs),
        item,
        sizes,
    )  # fmt: skip
