"""Which inputs move the total most, in sentences, a table with bars, and plain data."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import Scale, clean, money, money_scale

if TYPE_CHECKING:
    from planner.sweeps.tornado import Bar, End, Tornado

HALF = 7
"""Characters of a bar on either side of today's total."""
OTHER_CHOICE = "*"


def tornado_sentences(found: Tornado) -> list[str]:
    """Today's total, what moves it most, and what was left out."""
    cost = money(found.cost, found.currency)
    if not found.complete:
        sentences = [f"Interrupted; what is known of {len(found.bars)} inputs stands below. Today's plan costs {cost}."]
    elif not found.bars:
        sentences = [f"Today's plan costs {cost}. No range is stated for anything that it depends on."]
    else:
        sentences = [f"Today's plan costs {cost}.", *_most(found)]
    if found.silent:
        names = ", ".join(map(clean, found.silent))
        sentences.append(f"No range is stated for {names}: --by 10% varies these as well.")
    if found.unset:
        sentences.append(f"Left out, for the instance does not take their ends: {', '.join(map(clean, found.unset))}.")
    return sentences


def _most(found: Tornado) -> list[str]:
    """Inputs at whose ends no plan is known, and the one that moves the total most of those whose swing is."""
    swings = [(clean(bar.input.name), bar.swing(found.cost)) for bar in found.bars]
    lost = [name for name, swing in swings if math.isinf(swing)]
    sentences = [f"At an end of {', '.join(lost)} no plan is known."] if lost else []
    for name, swing in [(name, swing) for name, swing in swings if not math.isinf(swing)][:1]:
        others = "Of all others" if lost else "Of all inputs"
        sentences.append(f"{others} {name} moves it most, by {money(swing, found.currency)}.")
    return sentences


def tornado_table(found: Tornado) -> Table:
    """A row for each input: by how much it moves the total, at either end, of today's plan and of the best one."""
    changes = [end.cost - found.cost for bar in found.bars for end in bar.ends if end.cost is not None]
    scale = money_scale(changes, found.currency)
    widest = max(map(abs, changes), default=0.0)
    rows = [
        (
            clean(bar.input.name),
            " to ".join(clean(value) for value in (bar.input.low, bar.input.high) if value),
            *(_stays(end, found, scale) for end in (bar.low, bar.high)),
            *(_adapts(end, found, scale) for end in (bar.low, bar.high)),
            bar_text(bar, found.cost, widest),
        )
        for bar in found.bars
    ]
    drawn = "=least cost"
    columns = ("input", "from and to", ">kept\nat low", ">kept\nat high", ">best\nat low", ">best\nat high", drawn)
    note = (
        "kept: today's plan, which fails where it does not hold; best: the plan one would choose then. "
        f"{OTHER_CHOICE}: other server types or sites than today's."
    )
    return table(f"Change of the total, {scale.unit}", columns, rows, note, spare=(drawn,))


def _stays(end: End | None, found: Tornado, scale: Scale) -> str:
    if end is None:
        return "-"
    return "fails" if end.stays is None else scale(end.stays - found.cost, sign=True)


def _adapts(end: End | None, found: Tornado, scale: Scale) -> str:
    from planner.sweeps.tornado import chosen

    if end is None or end.adapts is None:
        return "-"
    if end.adapts["objective"] is None:
        return "no plan" if end.adapts["status"] == "infeasible" else "not found"
    other = OTHER_CHOICE if chosen(end.adapts) != chosen(found.base) else ""
    return scale(end.adapts["objective"] - found.cost, sign=True) + other


def bar_text(bar: Bar, base: float, widest: float) -> str:
    """A bar from the least to the largest total, today's total in its middle; ``?`` where an end has no known plan."""
    costs = [end.cost for end in bar.ends]
    known = [cost - base for cost in costs if cost is not None]

    def length(change: float) -> int:
        return math.ceil(HALF * abs(change) / widest - 1e-9) if widest else 0

    left, right = length(min(0.0, *known, 0.0)), length(max(0.0, *known, 0.0))
    return ("#" * left).rjust(HALF) + "|" + ("#" * right + "?" * (None in costs)).ljust(HALF)


def tornado_data(found: Tornado) -> dict[str, Any]:
    """The same as plain data; amounts in ``currency``, null where nothing is known."""
    return {
        "currency": found.currency,
        "objective": found.objective,
        "todays_plan": found.base,
        "complete": found.complete,
        "without_range": list(found.silent),
        "left_out": list(found.unset),
        "inputs": found.rows(),
    }


def tornado_csv(found: Tornado) -> str:
    """The rows of the inputs as CSV."""
    rows = found.rows()
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["input"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
