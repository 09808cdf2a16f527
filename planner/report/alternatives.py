"""Plans near the best one, in sentences, tables and plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent, plural
from planner.sweeps.run import fleet_of, fleet_text

if TYPE_CHECKING:
    from planner.sweeps.alternatives import Alternative, Alternatives


def alternatives_sentences(found: Alternatives) -> list[str]:
    """The best plan, and how many others are near it."""
    best = found.best
    cost, fleet = money(best.objective, best.currency), clean(fleet_text({"fleet": fleet_of(best)}))
    sentences = [f"The best plan costs {cost} (gap {percent(best.gap)}): {fleet or 'no server'}."]
    if not found.complete:
        sentences.append(f"Interrupted; {plural(len(found.found), 'other plan')} known.")
    within = f"within {percent(found.tolerance)} of it" if found.tolerance else "as cheap"
    if found.near:
        return [*sentences, f"{plural(len(found.near), 'plan')} {within} without something that it has."]
    return [*sentences, f"No plan {within} without something that it has was found."]


def alternatives_tables(found: Alternatives) -> list[Table]:
    """Plans within the tolerance with what differs; what costs more, or has no plan."""
    near = found.near
    far = [one for one in found.found if one not in near]
    scale = money_scale((one.plan.objective for one in near if one.plan is not None), found.best.currency)
    rows = [
        (
            clean(", ".join(one.without)),
            percent(found.above(one)),
            _at_least(found, one),
            scale(one.row["objective"]),
            clean(", ".join(one.less) or "-"),
            clean(", ".join(one.more) or "-"),
        )
        for one in near
    ]
    columns = ("without", ">costs\nmore", ">at least,\nproven", f">cost\n{scale.unit}", "instead of", "has")
    others = [
        (
            clean(", ".join(one.without)),
            "-" if one.plan is None else percent(found.above(one)),
            _at_least(found, one),
            _far(one),
        )
        for one in far
    ]
    title = f"Within {percent(found.tolerance)} of the best plan"
    tables = [table(title, columns, rows)] if rows else []
    if others:
        tables.append(table("All others", ("without", ">costs\nmore", ">at least,\nproven", "has"), others))
    return tables


def _at_least(found: Alternatives, one: Alternative) -> str:
    share = found.at_least(one)
    return "-" if share is None else percent(max(0.0, share))


def _far(one: Alternative) -> str:
    if one.plan is not None:
        return clean(fleet_text(one.row) or "no server")
    return "no plan, proven" if one.row["status"] == "infeasible" else "no plan was found in time"


def alternatives_data(found: Alternatives) -> dict[str, Any]:
    """The same as plain data; amounts in ``currency``, null where there is no plan."""
    return {
        "currency": found.best.currency,
        "objective": found.best.objective_kind,
        "within": found.tolerance,
        "complete": found.complete,
        "plans": found.rows(),
    }
