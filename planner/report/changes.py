"""A comparison of two plans in sentences and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, ditto, table
from planner.report.words import Scale, count, money, money_scale, percent, power, ratio

if TYPE_CHECKING:
    from planner.comparison import Comparison

COUNTS = {
    "accelerators": "accelerators",
    "servers": "servers",
    "racks": "racks",
    "switches": "switches",
    "optics": "transceivers",
    "cables": "cables and fibres",
}
MONEY = {"tco": "total cost of ownership", "capex": "capital (capex)", "opex": "running (opex)"}
POWER = {"it_kw": "IT power", "facility_kw": "facility power"}


def verdict(comparison: Comparison, a: str = "A", b: str = "B") -> str:
    """One sentence: how much B costs more or less than A, and whether that is proven."""
    found, currency = comparison.difference, comparison.currency
    goal = "TCO" if comparison.objective_kind == "tco" else "capex"
    relative = found / abs(comparison.objective_a) if comparison.objective_a else None
    if not found:
        size = f"The {goal} of {_the(b)} is that of {_the(a)}"
    else:
        share = "" if relative is None else f" ({percent(abs(relative))})"
        way = "above" if found > 0 else "below"
        size = f"The {goal} of {_the(b)} is {money(abs(found), currency)}{share} {way} that of {_the(a)}"
    if comparison.real:
        return f"{size}. The difference is real: the intervals do not overlap."
    return f"{size}. A difference is not proven: the gaps allow 0."


def range_sentence(comparison: Comparison) -> str:
    """What both proofs allow for the true difference; empty if they leave nothing open."""
    low, high = comparison.interval
    scale = money_scale([low, high, comparison.noise], comparison.currency)
    if comparison.noise <= comparison.tolerance:
        return ""
    return (
        f"The best plans differ by {scale(low, sign=True)} to {scale(high, sign=True)} {scale.unit}; a cost line that "
        f"changes by {scale(comparison.noise)} {scale.unit} or less may do so by the gaps alone."
    )


def comparison_tables(comparison: Comparison, a: str = "A", b: str = "B") -> tuple[Table, ...]:
    """Totals, decisions and cost lines that change."""
    from planner.comparison import differs

    totals = [row for row in comparison.total_rows if differs(row) and _known(row["total"])]
    costs = [row for row in comparison.cost_rows if differs(row)]
    tables = (
        table("Totals", ("total", f">{a}", f">{b}", ">change"), _total_cells(totals, comparison.currency)),
        decision_table(comparison, a, b),
        cost_table(costs, comparison.currency, a, b),
    )
    return tuple(found for found in tables if found.rows)


def decision_table(comparison: Comparison, a: str, b: str) -> Table:
    """Decisions that change; the period is shown where there are several."""
    rows = comparison.decision_rows
    several = len({row["period"] for row in rows}) > 1
    period = ("period",) if several else ()
    return table(
        "Decisions",
        ("decision", "site", "what", *period, "unit", f">{a}", f">{b}", ">change"),
        ditto(
            (
                row["decision"],
                row["site"] or "all",
                row["subject"],
                *((str(row["period"]),) if several else ()),
                row["unit"],
                _quantity(row["a"], row["unit"]),
                _quantity(row["b"], row["unit"]),
                _signed(row["change"], row["unit"]),
            )
            for row in rows
        ),
    )


def cost_table(rows: Sequence[Any], currency: str, a: str, b: str) -> Table:
    """Cost lines that change, the largest change first, marked where the gaps cannot explain them."""
    scale = money_scale((row[key] for row in rows for key in ("a", "b")), currency)
    total = {key: sum(row[key] for row in rows) for key in ("a", "b", "change")}
    cells = [
        (row["account"], row["item"], row["site"], *_amounts(row, scale), "yes" if row["beyond_gap"] else "no")
        for row in sorted(rows, key=lambda row: -abs(row["change"]))
    ]
    if rows:
        cells.append(("together", "", "", *_amounts(total, scale), ""))
    columns = ("account", "item", "site", f">{a}\n{scale.unit}", f">{b}\n{scale.unit}", ">change", "beyond\ngaps")
    return table("Costs, present value", columns, cells, total=True)


def _total_cells(rows: Iterable[Any], currency: str) -> Iterable[tuple[str, ...]]:
    rows = list(rows)
    scale = money_scale((row[key] for row in rows if row["total"] in MONEY for key in ("a", "b")), currency)
    for row in rows:
        name = row["total"]
        if name in MONEY:
            yield f"{MONEY[name]}, {scale.unit}", *_amounts(row, scale)
        elif name in POWER:
            change = ("+" if row["change"] > 0 else "") + power(row["change"])
            yield POWER[name], power(row["a"]), power(row["b"]), change
        elif name == "pue":
            yield "PUE", ratio(row["a"]), ratio(row["b"]), f"{row['change']:+.3f}"
        else:
            yield COUNTS[name], count(row["a"]), count(row["b"]), _signed(row["change"], "")


def _the(side: str) -> str:
    return f"the {side}" if side.islower() else side


def _known(total: str) -> bool:
    return total in MONEY or total in POWER or total in COUNTS or total == "pue"


def _amounts(row: Any, scale: Scale) -> tuple[str, str, str]:
    return scale(row["a"]), scale(row["b"]), scale(row["change"], sign=True)


def _quantity(value: float, unit: str) -> str:
    return f"{value:,.1f}" if unit == "kW" else count(value)


def _signed(value: float, unit: str) -> str:
    return ("+" if value > 0 else "") + _quantity(value, unit)
