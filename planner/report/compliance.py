"""The price of compliance as tables and sentences."""

from __future__ import annotations

from planner.report.tables import Table, table
from planner.report.words import money_scale, percent
from planner.solving.compliance import ComplianceReport, Optimum


def compliance_table(report: ComplianceReport) -> Table:
    """Optima with their gaps, and what each would save."""
    rows: list[tuple[str, Optimum]] = [
        ("under the rules", report.under_rules),
        ("without the rules", report.without_rules),
    ]
    rows += [(f"with {e.device} allowed", e.optimum) for e in report.excluded]
    scale = money_scale([o.objective or 0.0 for _, o in rows], report.currency)
    cells = []
    for name, optimum in rows:
        saved = report.saving(optimum) if optimum is not report.under_rules else None
        cells.append(
            (
                name,
                "no plan" if optimum.objective is None else scale(optimum.objective),
                "-" if optimum.gap is None else percent(optimum.gap),
                "-" if saved is None else f"{scale(saved[0])} to {scale(saved[1])}",
                ", ".join(optimum.devices) or "-",
            )
        )
    columns = ("plan", f">cost\n{scale.unit}", ">gap", f">saves\n{scale.unit}", "accelerators")
    return table("Price of compliance", columns, cells, "a saving lies between what the two gaps allow")


def compliance_sentence(report: ComplianceReport) -> str:
    """What the rules cost, in a sentence."""
    if report.under_rules.objective is None:
        return "Under the export rules there is no plan."
    price = report.price
    if price is None:
        return "Without the export rules no plan was found."
    scale = money_scale([price[1], report.under_rules.objective], report.currency)
    if price[1] <= 0:
        return "The export rules cost this plan nothing: without them it would order nothing that they exclude."
    return f"The export rules cost between {scale(price[0])} and {scale(price[1])} {scale.unit}."
