"""A plan as a business, in sentences and tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent, price

if TYPE_CHECKING:
    from planner.proforma import Proforma

COLUMNS = (
    "revenue", "running", "depreciation", "profit", "tax", "invested", "returned", "cash", "cumulative", "book_value",
)  # fmt: skip


def proforma_sentences(found: Proforma) -> list[str]:
    """What the business is worth, and the price at which it would be worth nothing."""
    currency = found.currency
    taxed = f" after tax of {percent(found.tax_rate)}" if found.tax_rate else " before tax"
    irr = "no single rate of return" if found.irr is None else f"an internal rate of return of {percent(found.irr)}"
    back = "does not come back" if found.payback_years is None else f"comes back after {found.payback_years:.1f} years"
    npv = f"{'-' if found.npv < 0 else ''}{money(abs(found.npv), currency)}"
    return [
        f"Present value {npv}{taxed} at {percent(found.rate)} a year, {irr}; what is spent {back}.",
        *(
            f"{clean(name)} breaks even at {price(amount)} {currency} per {unit}"
            f"{', all other prices equal' if len(found.break_even) > 1 else ''}."
            for (name, unit), amount in found.break_even.items()
        ),
    ]


def proforma_tables(found: Proforma) -> list[Table]:
    """Prices, and the years."""
    prices = table(
        "Prices",
        ("workload", "per", f">{found.currency}", ">break-even"),
        [
            (clean(each.workload), each.unit, price(each.amount), _even(found, each.workload, each.unit))
            for each in found.prices
        ],
    )
    scale = money_scale((getattr(year, name) for year in found.years for name in COLUMNS), found.currency)
    rows = [
        (name.replace("_", " "), *(scale(getattr(year, name)) for year in found.years)) for name in COLUMNS
    ]  # fmt: skip
    years = table(
        f"By year, {scale.unit}",
        ("", *(f">{year.begins}" for year in found.years)),
        rows,
        "undiscounted; revenue at the work that is asked for; depreciation straight-line over lives, in the last year "
        "with what is lost or won against the book; losses are carried forward",
    )
    return [prices, years]


def _even(found: Proforma, workload: str, unit: str) -> str:
    amount = found.break_even.get((workload, unit))
    return "-" if amount is None else price(amount)


def proforma_data(found: Proforma) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "currency": found.currency,
        "rate": found.rate,
        "tax_rate": found.tax_rate,
        "prices": [each._asdict() for each in found.prices],
        "npv": found.npv,
        "npv_before_tax": found.npv_before_tax,
        "irr": found.irr,
        "payback_years": found.payback_years,
        "break_even": [
            {"workload": name, "unit": unit, "price": amount} for (name, unit), amount in found.break_even.items()
        ],
        "years": [asdict(year) for year in found.years],
    }
