"""Steps of a pool: which of them carry its servers and gangs, and what they cost at its site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from planner.options.packing import packs
from planner.plan.ground import Ground

if TYPE_CHECKING:
    from planner.options.tables import Pool

BEST = 3
"""Steps that ``cheapest`` names: which is best over the periods, purchases of other periods decide."""


def holds(cells: Sequence[tuple[int, int]], gangs: Mapping[int, int]) -> bool:
    """Whether gangs (blocks by servers) have their places in cells, (servers, count).

    Blocks of one size need as many places as there are blocks; several sizes are packed.

    >>> holds(((100, 2),), {51: 2}), holds(((100, 1), (40, 1)), {51: 1, 50: 1}), holds(((101, 1),), {51: 1, 50: 1})
    (True, False, True)
    """
    sizes = sorted(size for size, count in gangs.items() if count)
    larger = 0
    for size in reversed(sizes):
        larger += gangs[size]
        if larger > sum(count * (servers // size) for servers, count in cells):
            return False
    if len(sizes) < 2:
        return True
    return packs(tuple(sorted(cells, reverse=True)), tuple(sizes), tuple(gangs[size] for size in sizes))


def usable(ground: Ground, pool: Pool, index: int, servers: int, gangs: Mapping[int, int]) -> bool:
    """Whether a step of a pool has places for so many servers and packs these gangs (blocks by servers)."""
    step = ground.design(pool).steps[index]
    return index < pool.steps and step.servers >= servers and holds(step.cells, gangs)


def cheapest(ground: Ground, pool: Pool, servers: int, gangs: Mapping[int, int], t: int) -> list[int]:
    """The cheapest steps that carry so many servers, best first, were all bought in period ``t`` (from 0) and kept."""
    costs = _costs(ground, pool, servers, t)
    found = []
    for _, index in costs:
        if usable(ground, pool, index, servers, gangs):
            found.append(index)
            if len(found) == BEST:
                break
    return found


def _costs(ground: Ground, pool: Pool, servers: int, t: int) -> list[tuple[float, int]]:
    key = (pool.id, servers, t)
    if key not in ground.costs:
        kw_worth, design = ground.kw_worth(pool, t), ground.design(pool)
        tied: dict[str, tuple[float, float]] = {}
        for id, attachment in design.attachments.items():
            pieces = [(term.part, term.pieces(servers)) for term in attachment.terms]
            money = sum(n * ground.worth("optics", part).objective[t] for part, n in pieces)
            tied[id] = (money, sum(n * ground.part_kw[part] for part, n in pieces))
        found = []
        for index, (step, money) in enumerate(zip(design.steps[: pool.steps], _money(ground, pool, t), strict=False)):
            if step.servers >= servers:
                below, kw = tied[step.attachment]
                found.append((money + below + (step.fixed_kw + kw) * kw_worth, index))
        ground.costs[key] = sorted(found)
    return ground.costs[key]


def _money(ground: Ground, pool: Pool, t: int) -> list[float]:
    """Switches, parts and racks of every step of a design, whatever stands below it."""
    key = (pool.design, pool.rack, t)
    if key not in ground.step_money:
        rack = ground.rack_worth(pool, t)
        ground.step_money[key] = [
            step.network_racks * rack
            + sum(n * ground.worth("switches", id).objective[t] for id, n in step.switches.items())
            + sum(n * ground.worth("optics", id).objective[t] for id, n in step.parts.items())
            for step in ground.design(pool).steps
        ]
    return ground.step_money[key]
