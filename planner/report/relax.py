"""What would have to give way, in sentences, tables and plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.report.outcomes import infeasible_sentences
from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent
from planner.sweeps.run import fleet_of, fleet_text

if TYPE_CHECKING:
    from planner.sweeps.relax import Missing, Relaxation, Relief


def relax_sentences(found: Relaxation) -> list[str]:
    """That no plan exists, and how to read what follows."""
    sentences = list(infeasible_sentences(found.diagnosis))
    if not found.complete:
        sentences.append(f"Interrupted; what is known of {len(found.reliefs)} limits stands below.")
    return sentences


def relief_table(found: Relaxation) -> Table:
    """Each limit of the clash alone: how far it must give way, and the cheapest plan then."""
    costs = [r.row["objective"] for r in found.reliefs if r.row is not None and r.row["objective"] is not None]
    scale = money_scale(costs, found.currency)
    rows = [
        (
            clean(relief.key or f"{relief.limit} (dropped)"),
            _figure(relief.stands),
            _figure(relief.needed),
            _more(relief),
            _figure(relief.proven),
            "-" if relief.row is None else scale(relief.row["objective"]),
            "-" if relief.row is None or relief.row["gap"] is None else percent(relief.row["gap"]),
            _then(relief),
        )
        for relief in found.reliefs
    ]
    proven = ">at least,\nproven"
    columns = ("limit", ">stands", ">needed", ">more", proven, f">cost then\n{scale.unit}", ">gap", "plan then")
    note = "needed: the tightest limit with a plan, rounded up, all others as they stand; in the unit of the key."
    if any(relief.needed is not None and relief.row is None for relief in found.reliefs):
        note += " There are several clashes: in each line the others count as settled, and no cost is told."
    return table("Each limit alone", columns, rows, note, spare=(proven,))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"


def _more(relief: Relief) -> str:
    if relief.needed is None or not relief.stands:
        return "-"
    return percent(relief.needed / relief.stands - 1)


def _then(relief: Relief) -> str:
    fleet = "" if relief.row is None else fleet_text(relief.row)
    return clean("; ".join(filter(None, (fleet, relief.why))) or "-")


def missing_sentences(found: Relaxation) -> list[str]:
    """What the plan that misses least is, and that it breaks limits."""
    missing = found.missing
    if missing is None:
        return [f"No plan that misses least: {clean(found.why)}."] if found.complete else []
    plan = missing.plan
    cost = money(plan.objective, plan.currency)
    total = sum(missing.shares.values())
    fleet = clean(fleet_text({"fleet": fleet_of(plan)}))
    return [
        f"THE PLAN THAT MISSES LEAST BREAKS LIMITS: by {percent(total)} of them in all, and none misses less than "
        f"{percent(missing.least)}. It is no plan of the question that was asked.",
        f"With these limits instead it is the cheapest, {cost} (gap {percent(plan.gap)}): {fleet}. All else of it is "
        f"verified; its name is {clean(plan.name)}.",
    ]


def broken_table(missing: Missing) -> Table:
    """Limits that the plan breaks, as the verification against the instance that was asked for finds them."""
    rows = [(clean(change), percent(share)) for change, share in zip(missing.changes, _shares(missing), strict=True)]
    return table(
        "Limits that it breaks", ("needed", ">more"), rows, clean(f"By its verification: {'; '.join(missing.broken)}.")
    )


def _shares(missing: Missing) -> list[float]:
    return [missing.shares[change.partition("=")[0]] for change in missing.changes]


def relax_data(found: Relaxation) -> dict[str, Any]:
    """The same as plain data; of the plan that misses least its totals and fleet."""
    missing = found.missing
    return {
        "status": "infeasible",
        "currency": found.currency,
        "complete": found.complete,
        "diagnosis": asdict(found.diagnosis),
        "limits": [asdict(relief) for relief in found.reliefs],
        "misses_least": None
        if missing is None
        else {
            "breaks_limits": True,
            "sum_of_shares": sum(missing.shares.values()),
            "least_proven": missing.least,
            "shares": missing.shares,
            "changes": list(missing.changes),
            "broken": list(missing.broken),
            "name": missing.plan.name,
            "objective": missing.plan.objective,
            "bound": missing.plan.bound,
            "totals": dict(missing.plan.totals),
            "fleet": fleet_of(missing.plan),
        },
        "why": found.why or None,
    }
