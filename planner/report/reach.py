"""How far a key goes, in sentences and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent, plural
from planner.sweeps.run import fleet_text

if TYPE_CHECKING:
    from planner.sweeps.finder import Point
    from planner.sweeps.reach import Reach

_WORDS = {"plan": "plan", "open": "not found", "none": "none, proven", "refused": "not accepted"}


def reach_sentences(found: Reach, currency: str) -> list[str]:
    """How far it goes, what the plan there costs, and what is known of the next value."""
    if not found.complete:
        sentences = [f"Interrupted after {plural(len(found.points), 'solve')}."]
        if found.reached is not None:
            sentences.append(f"So far there is a plan at {_value(found, found.reached)}.")
        return sentences
    assert found.reached is not None
    row = found.reached.row
    times = found.reached.value / found.today
    stands = "" if times == 1 or "*" in found.key else f", {times:,.4g} times what stands"
    sentences = [
        f"The {found.way} is {_value(found, found.reached)}{stands}: "
        f"{money(row['objective'], currency)} for {fleet_text(row) or 'no server'}.",
        _beyond(found, currency),
    ]
    return [sentence for sentence in sentences if sentence]


def _beyond(found: Reach, currency: str) -> str:
    if found.beyond is None:
        return "No value without a plan was found beyond it."
    at, row = f"At {_value(found, found.beyond)}", found.beyond.row
    within = "" if found.cost is None else f" within {money(found.cost, currency)}"
    if found.beyond.choice == "none" and row["status"] == "infeasible":
        return f"{at} there is none: {row['message'] or 'it is proven'}."
    if found.beyond.choice == "none":
        return f"{at} no plan costs less than {money(row['bound'], currency)}: proven."
    if found.beyond.choice == "refused":
        return f"{at} the question is not accepted: {row['message']}."
    return f"{at} none was found{within}, and none is excluded by the gap or in the time there was."


def _value(found: Reach, tried: Point) -> str:
    return f"{tried.value:,.6g} times {found.key}" if "*" in found.key else f"{found.key} = {tried.value:,.6g}"


def reach_table(found: Reach, currency: str) -> Table:
    """Every value that was solved."""
    scale = money_scale((p.row["objective"] for p in found.points if p.row["objective"] is not None), currency)
    rows = [
        (
            f"{point.value:,.6g}",
            _WORDS[point.choice],
            "-" if point.row["objective"] is None else scale(point.row["objective"]),
            "-" if point.row["gap"] is None else percent(point.row["gap"]),
            clean(fleet_text(point.row)) or "-",
        )
        for point in found.points
    ]
    return table("Solved", (">value", "plan", f">objective\n{scale.unit}", ">gap", "servers"), rows)


def reach_data(found: Reach) -> dict[str, Any]:
    """The same as plain data."""

    def told(tried: Point | None) -> dict[str, Any] | None:
        return None if tried is None else {"value": tried.value, "verdict": tried.choice, **tried.row}

    return {
        "key": found.key,
        "way": found.way,
        "cost": found.cost,
        "today": found.today,
        "complete": found.complete,
        "reached": told(found.reached),
        "beyond": told(found.beyond),
        "points": [told(point) for point in found.points],
    }
