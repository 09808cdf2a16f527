"""Pools of rented servers: somebody else's hall and network, so that only servers and what they carry are decided.

A pool stands for an offer, or for an offer and a training run that is paid for by its days. Its one network is the
provider's: it takes nothing, and places every run whose servers the offer joins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from planner.catalogue import Catalogue
from planner.instance import Instance
from planner.instance.rent import RentOffer, hours_paid
from planner.instance.resolve import convert, order_date
from planner.instance.workloads import Training
from planner.money import RENTED, Item
from planner.options import bounds
from planner.options.loads import Loads
from planner.options.locality import Place
from planner.options.prices import Remove
from planner.options.tables import Design, Pool, Size, Step
from planner.options.tied import Attachment

NO_RACK = "of the provider"
"""Rack class of rented servers: none that a plan would buy."""


class Given(NamedTuple):
    """What servers add to the options whose racks and network are there: a pool with its design, its price, and the
    sizes that it may carry."""

    pool: Pool
    design: Design
    item: Item
    sizes: tuple[Size, ...]


def term_periods(offer: RentOffer, period_years: float) -> int:
    """Whole periods of a term; on demand one.

    >>> from planner.instance.values import Money
    >>> offer = dict(name="o", server="s", country="US", price_per_accelerator_hour=Money(amount=1))
    >>> [term_periods(RentOffer(**offer, term_years=y), 0.25) for y in (0, 1, 1.1)]
    [1, 4, 5]
    """
    return max(1, math.ceil(offer.term_years / period_years - 1e-9))


def rented_pools(instance: Instance, catalogue: Catalogue, loads: Loads, remove: Remove) -> Iterator[Given]:
    """Pools of every offer, in the order of the instance."""
    for offer in instance.rent:
        server = catalogue.servers[offer.server]
        if instance.catalogue.servers is not None and server.id not in instance.catalogue.servers:
            remove(f"{server.id} of {offer.name}", "rent", "catalogue.servers leaves it out")
            continue
        allowed = instance.catalogue.accelerators
        if allowed is not None and server.accelerator not in allowed:
            remove(f"{server.id} of {offer.name}", "rent", f"catalogue.accelerators leaves {server.accelerator} out")
            continue
        every = loads.sizes_of(server, 1.0, 1.0)
        here = {offer.name: Place(offer.name, offer.country, offer.place)}
        asked = dict.fromkeys(name for size in every for name in size.carries)
        near = {name for name in asked if loads.sites_for(name, here)}
        # Servers on demand are paid for by the days of one run: nothing is shared by taking turns on them.
        runs = math.inf if offer.term_years else 1
        sizes = [size for size in every if near.issuperset(size.carries) and len(size.carries) <= runs]
        joined = [size for size in sizes if size.servers <= (offer.cluster_servers or math.inf)]
        for name in dict.fromkeys(size.workload for size in sizes if size not in joined):
            if not any(size.workload == name for size in joined):
                remove(
                    f"{name} on {server.id} of {offer.name}", "rent",
                    f"more servers at once than the {offer.cluster_servers} that the offer joins",
                )  # fmt: skip
        by_hour = {w.name: w for w in instance.workloads if isinstance(w, Training) and not offer.term_years}
        for name in ("", *by_hour):
            own = tuple(size for size in joined if (size.workload if size.workload in by_hour else "") == name)
            if own:
                yield from _pool(instance, catalogue, offer, by_hour.get(name), own, loads, remove)


def _pool(
    instance: Instance,
    catalogue: Catalogue,
    offer: RentOffer,
    workload: Training | None,
    sizes: tuple[Size, ...],
    loads: Loads,
    remove: Callable[[str, str, str], None],
) -> Iterator[Given]:
    server, years, count = catalogue.servers[offer.server], instance.horizon.period_years, instance.horizon.periods
    term = term_periods(offer, years)
    on_sale = catalogue.accelerators[server.accelerator].on_sale_from
    may = tuple(
        t + term <= count and (on_sale is None or on_sale <= order_date(instance, t)) for t in range(count)
    )  # fmt: skip
    if not any(may):
        late = f"a term of {offer.term_years:g} years does not end within the horizon" if term > count else (
            f"first shipments of {server.accelerator} are later"
        )  # fmt: skip
        remove(f"{server.id} of {offer.name}", "rent", late)
        return
    demand = {name: max(each) for name, each in loads.demand.items()}
    load = bounds.load_servers(sizes, demand, server.accelerators)
    load += bounds.spare_servers(sizes, loads.spares, demand)
    most = min(load * (2 if 1 < term < count else 1), offer.most_servers or load * 2)
    sizes = tuple(size for size in sizes if size.servers <= most)
    if not sizes:
        remove(f"{server.id} of {offer.name}", "rent", f"no load is carried by the {most} servers on offer")
        return
    name = offer.name if workload is None else f"{offer.name} for {workload.name}"
    hours = hours_paid(workload, years)
    price = convert(offer.price_per_accelerator_hour, instance) * server.accelerators * hours
    step = Step(most, 1, "", {}, {}, 0, 0.0, ((most, 1),), ())
    gangs = tuple(sorted({size.servers for size in sizes if size.gang}))
    attachment = Attachment("", (), {}, ())
    yield Given(
        Pool(
            id=name, site=name, country=offer.country, server=server.id, accelerator=server.accelerator,
            accelerators=server.accelerators, cooling="", rack=NO_RACK, rack_kw=0.0, places=1, server_kw=0.0,
            design=name, steps=1, may_order=may, most_servers=most, availability=1.0, fleet=name, offer=offer.name,
            rented_for="" if workload is None else workload.name,
        ),
        Design(name, server.id, 1.0, 1.0, 1, 1.0, 1.0, {"": attachment}, (step,), gangs),
        Item(
            RENTED, name, f"{server.name}, rented for {hours:g} hours", "each", price, term * years,
            order_date(instance), "instance", "given", price, price,
        ),
        sizes,
    )  # fmt: skip
