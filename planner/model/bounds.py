"""Bounds of the whole variables: each a sentence "no plan needs more" with its argument, as a pure function.

A bound that cuts off an optimum gives false answers unseen, so all of them stand here and in
``planner.options.bounds``; a property test raises them tenfold and finds the same optima.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def most_blocks(demands: Iterable[float], rate: float) -> int:
    """Blocks of one size: those that carry the largest demand of any period alone, for one more carries nothing.

    >>> most_blocks([10.0, 25.0], 4.0), most_blocks([0.0], 4.0)
    (7, 0)
    """
    return math.ceil(max(demands, default=0.0) / rate - 1e-9)


def most_gangs(demands: Iterable[float], rate: float, most_servers: int, servers: int) -> int:
    """Gangs of one size in a pool: those that carry all of the demand, or as many as the pool has servers for.

    >>> most_gangs([5.0], 1.0, 100, 33)
    3
    """
    return min(most_blocks(demands, rate), most_servers // servers)


def most_racks(most_servers: int, places: int) -> int:
    """Racks of a pool in service at once: those that hold its most servers; a purchase is no larger.

    >>> most_racks(41, 4)
    11
    """
    return math.ceil(most_servers / places)


def most_cooling_kw(power_limit_kw: float, peak_pue: float, module_kw: float = 0.0, least_kw: float = 0.0) -> float:
    """Cooling of one method: what carries all the IT load that the site can feed, or the least that is built, in whole
    modules.

    >>> most_cooling_kw(1300.0, 1.3), most_cooling_kw(1300.0, 1.3, 300.0), most_cooling_kw(1300.0, 1.3, 300.0, 1300.0)
    (1000.0, 1200.0, 1500.0)
    """
    most = max(power_limit_kw / peak_pue, least_kw)
    return math.ceil(most / module_kw - 1e-9) * module_kw if module_kw else most


def most_of_thing(steps: Iterable[float], per_server: float, shared: float, per_rack: float, racks: int) -> float:
    """Pieces (or money) of a thing: the largest step's, with all of the pool's servers and racks tied to it.

    >>> most_of_thing([4.0, 12.0], 20.0, 4.0, 3.0, 2)
    42.0
    """
    return max(steps, default=0.0) + per_server + shared + per_rack * racks
