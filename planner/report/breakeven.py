"""Where a choice flips, in sentences and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent, plural
from planner.sweeps.run import fleet_text

if TYPE_CHECKING:
    from planner.sweeps.breakeven import Breakeven
    from planner.sweeps.finder import Flip


def breakeven_sentences(found: Breakeven, currency: str) -> list[str]:
    """What was found, and what of it is proven."""
    if not found.complete:
        return [f"Interrupted after {plural(len(found.points), 'solve')}."]
    if found.item is not None:
        return _of_price(found, currency)
    if not found.flips:
        first, last = found.points[0].value, found.points[-1].value
        return [f"The same types stand at the same sites at every value looked at, from {first:,g} to {last:,g}."]
    return [
        f"The choice flips between {flip.below.value:,g} and {flip.above.value:,g}: "
        f"from {_fleet(flip.below.row)} to {_fleet(flip.above.row)}."
        for flip in found.flips
    ]


def _of_price(found: Breakeven, currency: str) -> list[str]:
    assert found.today is not None
    today = f"today {money(found.today, found.currency)}"
    if not found.flips:
        if not any(point.choice for point in found.points):
            return [f"{found.item} is not bought at any price ({today}): not even as a gift."]
        most = found.points[-1].value
        return [f"{found.item} is bought at every price up to {money(most, found.currency)} ({today})."]
    sentences = []
    for flip in found.flips:
        low, high = (money(value, found.currency) for value in (flip.below.value, flip.above.value))
        way = (flip.below.value + flip.above.value) / 2 / found.today - 1 if found.today else 0.0
        change = f"{percent(abs(way))} {'above' if way > 0 else 'below'} today's {money(found.today, found.currency)}"
        number = sum(n for n, server, _ in flip.below.row["fleet"] if server == found.item)
        just = f"{plural(number, 'server')} just below"
        sentences.append(f"{found.item} is bought up to a price of {low} to {high}: {change}; {just}.")
        sentences.append(_proof(found, flip, currency))
    return sentences


def _proof(found: Breakeven, flip: Flip, currency: str) -> str:
    below = (
        "below it is proven that no plan without it is as cheap"
        if found.proven_below(flip)
        else "that it pays just below is within the gaps, and not proven"
    )
    saved = found.most_saved_above(flip)
    above = "" if saved is None else f"; above, buying it would save at most {money(saved, currency)}, by the gaps"
    return f"{below[0].upper()}{below[1:]}{above}."


def breakeven_table(found: Breakeven, currency: str) -> Table:
    """Every value that was solved."""
    scale = money_scale((p.row["objective"] for p in found.points if p.row["objective"] is not None), currency)
    rows = [
        (
            f"{point.value:,.6g}",
            clean(point.row["status"]).replace("_", " "),
            "-" if point.row["objective"] is None else scale(point.row["objective"]),
            "-" if point.row["gap"] is None else percent(point.row["gap"]),
            clean(_fleet(point.row)),
        )
        for point in found.points
    ]
    if found.without is not None:
        row = found.without
        objective = "-" if row["objective"] is None else scale(row["objective"])
        gap = "-" if row["gap"] is None else percent(row["gap"])
        rows.append(("without", clean(row["status"]).replace("_", " "), objective, gap, clean(_fleet(row))))
    heading = f">price\n{found.currency}" if found.item else ">value"
    return table("Solved", (heading, "status", f">objective\n{scale.unit}", ">gap", "servers"), rows)


def breakeven_data(found: Breakeven) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "key": found.key,
        "currency": found.currency,
        "item": found.item,
        "today": found.today,
        "complete": found.complete,
        "flips": [
            {
                "below": flip.below.value,
                "above": flip.above.value,
                "proven_below": found.proven_below(flip) if found.item else None,
                "most_saved_above": found.most_saved_above(flip) if found.item else None,
            }
            for flip in found.flips
        ],
        "points": [{"value": point.value, **point.row} for point in found.points],
        "without": found.without,
    }


def _fleet(row: dict[str, Any]) -> str:
    return fleet_text(row) or ("no plan" if row["objective"] is None else "no server")
