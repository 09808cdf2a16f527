"""Bounds that no plan needs to exceed: each a pure function with its argument."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from planner.options.tables import Size


def blocks_needed(demand: float, rate: float) -> int:
    """Blocks that carry all of a demand.

    >>> blocks_needed(10.0, 3.0), blocks_needed(9.0, 3.0), blocks_needed(0.0, 3.0)
    (4, 3, 0)
    """
    return math.ceil(demand / rate - 1e-9)


def gangs_needed(demand: float, rate: float, standby: float = 0.0) -> int:
    """Gangs of one size that carry all of a demand, with those that make up for standby replicas.

    Three runs of one each; three replicas of a service that asks for two of them to stand by; a replica that carries
    more than all of the demand counts for all of it:

    >>> gangs_needed(3.0, 1.0), gangs_needed(3.0, 1.0, 2.0), gangs_needed(3.0, 5.0, 3.0)
    (3, 5, 2)
    """
    return blocks_needed(demand + standby, min(rate, demand)) if demand else 0


def load_servers(sizes: Iterable[Size], demand: dict[str, float], accelerators: int) -> int:
    """Servers that carry all loads of a server type at once, each in the size that wastes the most.

    Blocks of a workload in a plan are no more than its demand needs: without any one of them it would fall short. With
    w the most devices for a unit of demand D over the sizes, and r the rate of the smallest block, they take less than
    w (D + r): what D takes in the most wasteful size, and at most one block of it. Shares of a server pack exactly, so
    that only the sum is rounded up.

    Args:
        demand: the largest of any period by workload.
    """
    totals: dict[str, float] = {}
    blocks: dict[str, list[float]] = {}
    for size in sizes:
        each = float(size.servers * accelerators if size.gang else size.devices)
        whole = each * blocks_needed(demand[size.workload], size.rate)
        totals[size.workload] = max(totals.get(size.workload, 0.0), whole)
        blocks.setdefault(size.workload, []).append(each)
    devices = sum(totals.values()) + sum(max(own) for own in blocks.values() if len(own) > 1)
    return math.ceil(devices / accelerators - 1e-9)


def spare_servers(sizes: Sequence[Size], spares: Mapping[str, int], demand: Mapping[str, float]) -> int:
    """Servers of a pool that no plan needs more of for redundancy, beside ``load_servers``.

    Spare servers are as many as the most demanding service has. Standby replicas of several servers make up for K times
    the largest, in the size that takes most for what it carries.

    Args:
        spares: servers that may be out of service, by workload; demand: the largest of any period by workload.
    """
    own = [size for size in sizes if spares.get(size.workload)]
    found = max((spares[size.workload] for size in own), default=0)
    for workload in dict.fromkeys(size.workload for size in own):
        largest = largest_gang(own, workload, demand[workload])
        taken = [
            max(size.servers, 1) * math.ceil(spares[workload] * largest / min(size.rate, demand[workload]) - 1e-9)
            for size in own
            if size.workload == workload
        ]
        found += max(taken)
    return found


def standby(sizes: Sequence[Size], spares: Mapping[str, int], demand: Mapping[str, float]) -> dict[str, float]:
    """What standby replicas of several servers make up for, by the workload that asks for them.

    Args:
        demand: the largest of any period by workload.
    """
    return {name: count * largest_gang(sizes, name, demand[name]) for name, count in spares.items() if name in demand}


def largest_gang(sizes: Iterable[Size], workload: str, demand: float) -> float:
    """What the largest replica of several servers counts for; 0 where none takes several."""
    rates = [min(size.rate, demand) for size in sizes if size.workload == workload and size.gang]
    return max(rates, default=0.0)


def most_servers(
    load: int, availability: float, places: int, generations: int, site_kw: float, server_kw: float, peak_pue: float
) -> int:
    """Servers in service that no plan exceeds in a pool.

    A plan holds servers for its load, those that are out of service, and what fills the last rack up to the fill that a
    site demands. Where servers are renewed within the horizon, the next generation may have to be bought while the one
    before still stands. Every server in service draws power at peak, which the site must have.

    500 servers of 6.5 kW at 90 %, four to a rack, at a site of 4 MW and 1.25:

    >>> most_servers(500, 0.9, 4, 1, 1e6, 6.5, 1.25), most_servers(500, 0.9, 4, 1, 4000, 6.5, 1.25)
    (560, 492)
    """
    for_load = generations * (math.ceil(load / availability - 1e-9) + places)
    by_power = int(site_kw / (server_kw * peak_pue) + 1e-9)
    return min(for_load, by_power)
