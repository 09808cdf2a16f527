"""What a plan costs when figures of its instance turn out otherwise and nothing is decided anew."""

from __future__ import annotations

from dataclasses import replace

from planner.options import Options
from planner.plan.compile import faults, objective_of
from planner.plan.decisions import Decisions

ROWS = ("servers", "switches", "optics", "racks")
"""Kinds of rows that networks are made of."""


def repriced(before: Options, after: Options, decisions: Decisions) -> tuple[float | None, str]:
    """The objective of decisions under other figures; or None, and why the plan does not hold under them.

    Args:
        before: tables that the decisions were made in.
        after: tables of the same instance with other figures.
    """
    kept = _kept(before, after, decisions)
    if isinstance(kept, str):
        return None, kept
    wrong = faults(kept, decisions)
    return (None, wrong[0]) if wrong else (objective_of(kept, decisions), "")


def _kept(before: Options, after: Options, decisions: Decisions) -> Options | str:
    """Other figures with the networks as they are, be there a cheaper one now; else why they cannot stand."""
    if after.periods != before.periods:
        return "its periods differ"
    if after.instance.fabric != before.instance.fabric or any(
        after.catalogue.entries(kind) != before.catalogue.entries(kind) for kind in ROWS
    ):
        return "its networks follow from figures that change"
    used = {p for p, _ in (*decisions.bought, *decisions.step)} | {p for _, p, _ in decisions.gangs}
    there, pools = {pool.id: pool for pool in after.pools}, []
    for pool in before.pools:
        if pool.id not in used:
            continue
        new = there.get(pool.id)
        if new is None:
            return f"{pool.server} at {pool.site} is not on offer"
        if (new.places, new.rack_kw, new.rack) != (pool.places, pool.rack_kw, pool.rack):
            return f"racks of {pool.server} at {pool.site} differ"
        pools.append(replace(new, design=pool.design, steps=pool.steps))
    sizes = {size.id: size for size in after.sizes}
    for id, _, _ in (*decisions.shared, *decisions.gangs):
        if id not in sizes:
            return f"{id} is not on offer"
    items = {**before.items, **after.items}
    return replace(after, pools=tuple(pools), designs=before.designs, items=items)
