"""Decisions tidied without changing what is carried: no idle servers, no network dearer than need be.

Every change is taken only where all limits hold afterwards and the objective does not rise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from planner.plan.built import Built, PoolStands, assemble, build, by_place, pool_stands
from planner.plan.decisions import Decisions
from planner.plan.faults import ROUNDING, faults_of
from planner.plan.ground import Ground, ground_of
from planner.plan.redundancy import spares_of, standing
from planner.plan.steps import cheapest, usable

if TYPE_CHECKING:
    from planner.options.tables import Options

Steps = tuple[int | None, ...]
"""Steps of a pool by period."""


def settle(options: Options, decisions: Decisions) -> Decisions:
    """The same loads on decisions that cost as much or less.

    Decisions that break a limit are only rid of what stands for nothing.
    """
    ground = ground_of(options)
    found = _tidy(ground, decisions)
    built = build(ground, found)
    if any(faults_of(ground, found, built)):
        return found
    if found.swapped:
        found, built = _better(ground, found, built, replace(found, swapped={}))
    if found.early:
        found, built = _better(ground, found, built, replace(found, early={}))
    found, built = _fewer_servers(ground, found, built)
    return _cheaper_steps(ground, found, built)


def _tidy(ground: Ground, decisions: Decisions) -> Decisions:
    """Without zeros, and without steps where no server stands."""
    bought = {key: n for key, n in decisions.bought.items() if n}
    standing: set[tuple[str, int]] = set()
    for (id, t), _ in bought.items():
        life = ground.worth(*ground.pools[id].item).life
        standing |= {(id, u) for u in range(t, t + life)}
    return Decisions(
        bought,
        {key: index for key, index in decisions.step.items() if key in standing},
        {key: n for key, n in decisions.shared.items() if n},
        {key: n for key, n in decisions.gangs.items() if n},
        {key: amount for key, amount in decisions.early.items() if amount > 0},
        {key: links for key, links in decisions.swapped.items() if links},
    )


def _better(ground: Ground, decisions: Decisions, built: Built, other: Decisions) -> tuple[Decisions, Built]:
    """The other decisions where they keep within the limits and cost no more."""
    rival = build(ground, other)
    if rival.objective > built.objective + ROUNDING * abs(built.objective) or any(faults_of(ground, other, rival)):
        return decisions, built
    return other, rival


def _fewer_servers(ground: Ground, decisions: Decisions, built: Built) -> tuple[Decisions, Built]:
    """Buy no server that neither load nor limit asks for: latest purchases first, small pools before large ones."""
    for t in reversed(ground.periods):
        for stands in sorted(built.pools, key=lambda found: (max(found.servers), found.pool.id)):
            pool = stands.pool
            spare = min(stands.bought[t - 1], _spare(ground, decisions, built, pool.id, t))
            # Racks' worth of servers keep the fill of racks; a rule may also allow only part of what is idle to go.
            for fewer in dict.fromkeys((spare, spare - spare % pool.places, spare // 2, 1)):
                if not 0 < fewer <= spare:
                    continue
                bought = {**decisions.bought, (pool.id, t): decisions.bought[pool.id, t] - fewer}
                other, rival = _better(ground, decisions, built, _tidy(ground, replace(decisions, bought=bought)))
                if other is not decisions:
                    decisions, built = other, rival
                    break
    return decisions, built


def _spare(ground: Ground, decisions: Decisions, built: Built, id: str, t: int) -> int:
    """Servers of a purchase that no load needs in any period that they serve."""
    pool = ground.pools[id]
    life = ground.worth(*pool.item).life
    fleet = (pool.site, pool.server, *ground.ratios[pool.design])
    members = {each.id for each in ground.pools_of[fleet]}
    held = spares_of(ground.options.instance, standing(ground, decisions))
    spare = math.inf
    for u in range(t, min(t + life, len(ground.periods) + 1)):
        there = sum(s.pool.availability * s.servers[u - 1] for s in built.pools if s.pool.id in members)
        taken = float(held.get((pool.fleet, u), 0))
        gangs = 0
        for (size_id, place, period), blocks in decisions.gangs.items():
            if period == u and place in members:
                taken += blocks * ground.sizes[size_id].servers
                gangs += blocks * ground.sizes[size_id].servers if place == id else 0
        for (size_id, site, period), blocks in decisions.shared.items():
            size = ground.sizes[size_id]
            if period == u and (site, size.server, size.leaf_ratio, size.spine_ratio) == fleet:
                taken += blocks * size.devices / pool.accelerators
        own = next(s.servers[u - 1] for s in built.pools if s.pool.id == id)
        spare = min(spare, (there - taken) / pool.availability, own - gangs / pool.availability)
    return max(0, math.floor(spare + ROUNDING)) if spare < math.inf else 0


def _cheaper_steps(ground: Ground, decisions: Decisions, built: Built) -> Decisions:
    """Take for every pool the cheapest steps that carry its servers and pack its gangs."""
    gangs: dict[tuple[str, int], dict[int, int]] = {}
    for (size, name, t), blocks in decisions.gangs.items():
        of_size = gangs.setdefault((name, t), {})
        servers = ground.sizes[size].servers
        of_size[servers] = of_size.get(servers, 0) + blocks
    early, asked_of = by_place(decisions)
    for position, stands in enumerate(built.pools):
        name, own = stands.pool.id, early.get(stands.pool.id, {})
        asked = asked_of.get(name, {})
        wanted = [gangs.get((name, t), {}) for t in ground.periods]
        tried = {stands.steps}
        waiting = list(_alternatives(ground, stands, wanted))
        while waiting:
            steps = waiting.pop(0)
            if steps in tried:
                continue
            tried.add(steps)
            pools = list(built.pools)
            pools[position] = pool_stands(ground, stands.pool, stands.bought, steps, own, asked)
            rival = assemble(ground, pools, early)
            if rival.objective >= built.objective - ROUNDING * abs(built.objective):
                continue
            other = replace(decisions, step=_with_steps(ground, decisions, name, steps))
            if not any(faults_of(ground, other, rival)):
                decisions, built = other, rival
                waiting = list(_alternatives(ground, built.pools[position], wanted))
    return decisions


def _with_steps(ground: Ground, decisions: Decisions, pool: str, steps: Steps) -> dict[tuple[str, int], int]:
    kept = {key: index for key, index in decisions.step.items() if key[0] != pool}
    chosen = zip(ground.periods, steps, strict=True)
    return {**kept, **{(pool, t): index for t, index in chosen if index is not None}}


def _alternatives(ground: Ground, stands: PoolStands, gangs: Sequence[Mapping[int, int]]) -> Iterator[Steps]:
    """Steps by period that may be cheaper: the cheapest for each period by itself; another one for a single period,
    from a period on, or in place of one that is used in several; and what the period before or after has."""
    pool, now = stands.pool, stands.steps
    standing = [t for t, servers in enumerate(stands.servers) if servers]
    best = {t: cheapest(ground, pool, stands.servers[t], gangs[t], t) for t in standing}

    def fits(index: int, t: int) -> bool:
        return usable(ground, pool, index, stands.servers[t], gangs[t])

    def put(index: int, places: list[int]) -> Steps:
        return tuple(
            index if t in places and fits(index, t) else old
            for t, old in enumerate(now)
        )  # fmt: skip

    apart = tuple(best[t][0] if best.get(t) else old for t, old in enumerate(now))
    found: dict[Steps, None] = {apart: None}
    for t in standing:
        later = [u for u in standing if u >= t]
        alike = [u for u in later if now[u] == now[t]]
        for places in ([t], later, alike):
            most = max(places, key=lambda u: (stands.servers[u], -u))
            for index in best[t] if most == t else cheapest(ground, pool, stands.servers[most], gangs[most], t):
                found[put(index, places)] = None
        for u in (t - 1, t + 1):
            if u in standing and (neighbour := now[u]) is not None:
                found[put(neighbour, [t])] = None
    found.pop(now, None)
    yield from found
