"""The answer of a plan for whoever decides: a paragraph, five figures, what is counted and what is not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from planner.report.summary import GRADE_WORDS, SCOPES
from planner.report.tables import Table, table
from planner.report.words import count, money, money_scale, percent, plural, plural_of, power, ratio

Summary = Mapping[str, Any]
GRADES = {**GRADE_WORDS, "memory": "from memory"}
"""How prices are known, as a remark on them: memory alone would be taken for a part."""
MOST_SITES = 6
"""Sites that the paragraph names."""
MOST_SUBJECTS = 12
"""Options of a family that are named as left out."""


def listed(names: Iterable[str], most: int = MOST_SITES) -> str:
    """Names as a list in a sentence, so many of them.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed("abcd", most=2)
    ('a', 'a, b and c', 'a, b and 2 more')
    """
    found = list(names)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join(filter(None, (", ".join(found[:-1]), found[-1] if found else "")))


def answer(summary: Summary) -> str:
    """The paragraph that a board reads: what is built where, for what, at which cost, and how sure that is."""
    totals, horizon, currency = summary["totals"], summary["horizon"], summary["currency"]
    sites = list(dict.fromkeys(r["site"] for r in summary["sites"] if r["it_kw"]))
    loads = list(dict.fromkeys(r["workload"] for r in summary["workloads"]))
    parts = [_held(summary)]
    if sites:
        parts.append(f"at {listed(sites)}")
    if loads:
        parts.append(f"for {listed(loads)}")
    first = f"{' '.join(parts)}."
    is_tco = summary["objective_kind"] == "tco"
    scale = money_scale([totals["tco"], totals["capex"]], currency)
    over = "" if horizon is None else f" over {plural_of(horizon['years'], 'year')} from {horizon['start']}"
    cost = (
        f"Total cost of ownership{over} is {scale(totals['tco'])} {scale.unit} (present value), "
        f"capital {scale(totals['capex'])} and running cost {scale(totals['opex'])} (both undiscounted)."
    )
    gap = percent(summary["gap"])
    name = "cost" if is_tco else "capital"
    least = "" if gap == "0 %" else f" by more than {gap}"
    sure = f"No plan made of the options offered has a lower {name}{least}."
    return f"{first} {cost} {sure} {range_words(summary)}".strip()


def _held(summary: Summary) -> str:
    totals = summary["totals"]
    found = []
    if totals["servers"]:
        accelerators = plural(int(totals["accelerators"]), "accelerator")
        found.append(f"buys {accelerators} in {plural(int(totals['servers']), 'server')}")
    if summary["rented"]:
        number = sum(r["accelerators"] for r in summary["rented"])
        found.append(f"rents up to {count(number)} accelerators")
    if summary["owned"]:
        number = sum(r["accelerators"] for r in summary["owned"])
        found.append(f"keeps {count(number)} accelerators that are there")
    return f"The plan {listed(found) or 'buys nothing'}"


def range_words(summary: Summary) -> str:
    """How wide the prices leave the objective; empty without purchases."""
    totals = summary["totals"]
    if not summary["grades"]:
        return ""
    kind = "tco" if summary["objective_kind"] == "tco" else "capex"
    low, high = totals[f"{kind}_low"], totals[f"{kind}_high"]
    scale = money_scale([high], summary["currency"])
    weakest = summary["grades"][-1]
    if low == high:
        return "Its prices are given without a range."
    return (
        f"With every price at its low or its high end it is {scale(low)} to {scale(high)} {scale.unit}; "
        f"the least known prices ({GRADES[weakest['grade']]}) are {percent(weakest['share'])} of the purchases."
    )


def figures(summary: Summary) -> tuple[tuple[str, str, str], ...]:
    """Five figures: label, figure, remark."""
    totals, currency = summary["totals"], summary["currency"]
    is_tco = summary["objective_kind"] == "tco"
    scale = money_scale([totals["tco"], totals["capex"]], currency)

    def between(kind: str) -> str:
        low, high = totals[f"{kind}_low"], totals[f"{kind}_high"]
        return f"{scale(low)} to {scale(high)} as prices range" if low != high else ""

    tco = (
        "Total cost of ownership", f"{scale(totals['tco'])} {scale.unit}",
        "; ".join(filter(None, ("present value", between("tco")))),
    )  # fmt: skip
    capex = (
        "Capital (capex)", f"{scale(totals['capex'])} {scale.unit}",
        "; ".join(filter(None, ("undiscounted", between("capex")))),
    )  # fmt: skip
    accelerators, how = _accelerators(summary)
    return (
        *((tco, capex) if is_tco else (capex, tco)),
        ("Accelerators", accelerators, how),
        ("Power of the facility", power(totals["facility_kw"]), _power(totals)),
        ("Gap to the proven bound", percent(summary["gap"]),
         f"bound {money(summary['bound'], currency)}, of the options offered"),
    )  # fmt: skip


def _power(totals: Mapping[str, float]) -> str:
    if not totals["facility_kw"]:
        return "hall and power are the provider's"
    return f"{power(totals['it_kw'])} IT; PUE {ratio(totals['pue'])}; all sites at peak"


def _accelerators(summary: Summary) -> tuple[str, str]:
    totals = summary["totals"]
    said = [f"{plural(int(totals['servers']), 'server')} in {plural(int(totals['racks']), 'rack')} bought"]
    for rows, words in ((summary["owned"], "owned"), (summary["rented"], "rented at most")):
        if number := sum(r["accelerators"] for r in rows):
            said.append(f"{count(number)} {words}")
    return count(totals["accelerators"]), "; ".join(said)


def included(summary: Summary) -> list[str]:
    """What the cost counts, in sentences."""
    horizon = summary["horizon"]
    scope = summary["scope"]
    found = []
    if scope in SCOPES:
        found.append(f"Counted is the scope {scope}: {SCOPES[scope]}.")
    if horizon is not None:
        periods = plural(int(horizon["periods"]), "period")
        found.append(
            f"{plural_of(horizon['years'], 'year')} from {horizon['start']} in {periods}, discounted at "
            f"{percent(horizon['discount_rate'])} a year; money in {summary['currency']} of {summary['currency_year']}."
        )
    used = {r["site"] for r in summary["sites"] if r["it_kw"]}
    unused = [name for name in summary["offered_sites"] if name not in used]
    if unused:
        found.append(f"Offered and not used: {listed(unused, 20)}.")
    accounts = Counter({r["account"]: 0.0 for r in summary["costs"]})
    for r in summary["costs"]:
        accounts[r["account"]] += r["present_value"]
    if accounts:
        scale = money_scale(accounts.values(), summary["currency"])
        each = ", ".join(f"{name} {scale(value)}" for name, value in accounts.items())
        found.append(f"Accounts, present value in {scale.unit}: {each}. What is not named here is not counted.")
    found.append(
        "Failures, maintenance and load are means, not simulations; a training run holds its servers for its whole "
        "period; links between sites are not planned."
    )
    return found


def left_out_table(removed: Iterable[tuple[str, str, str]], words: Mapping[str, str]) -> Table:
    """Options taken out before anything was chosen, by family of rules: number, which, and the first reason."""
    families: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for subject, family, reason in removed:
        families[family].append((subject, reason))
    rows = (
        (
            words.get(family, family), count(len(of)),
            listed(dict.fromkeys(subject for subject, _ in of), MOST_SUBJECTS), of[0][1],
        )
        for family, of in sorted(families.items(), key=lambda item: (-len(item[1]), item[0]))
    )  # fmt: skip
    return table("Left out before anything was chosen", ("why", ">options", "which", "the first of them"), rows)


def grade_table(summary: Summary) -> Table:
    """Money of the purchases by how well their prices are known."""
    rows = summary["grades"]
    scale = money_scale((r["cost"] for r in rows), summary["currency"])
    return table(
        "Purchases by what their prices rest on",
        ("price from", f">{scale.unit}", ">share", "most of it"),
        ((GRADES[r["grade"]], scale(r["cost"]), percent(r["share"]), ", ".join(r["largest"])) for r in rows),
    )


def price_table(summary: Summary) -> Table:
    """Every price of the bill: what it is, between what it may lie, of which date and source."""
    currency = summary["currency"]
    return table(
        "Every price, its range and its source",
        ("=item", f">{currency}\neach", ">low", ">high", "from", "=date", "source"),
        (
            (
                r["item"], _figure(r["unit_price"]), _figure(r["price_low"]), _figure(r["price_high"]),
                GRADES.get(r["price_grade"], r["price_grade"]), r["price_as_of"], r["price_source"],
            )
            for r in summary["purchases"]
        ),
        "unit prices are means where an item is bought at several; dearest of each kind first",
    )  # fmt: skip


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def limit_table(limits: Iterable[Mapping[str, Any]]) -> Table:
    """Limits that the plan meets, the tightest first: what it takes of each, and what is allowed."""
    rows = sorted(limits, key=lambda r: -r["used"])
    return table(
        "Limits and how far they are used",
        ("limit", "where", ">plan", ">allowed", "unit", ">used", ""),
        (
            (
                r["name"], r["where"], _figure(r["needed"]),
                ("at least " if r["least"] else "") + _figure(r["limit"]), r["unit"], percent(r["used"]),
                "binds" if r["used"] >= BINDING else "",
            )
            for r in rows
        ),
        "export rules, dates of sale and places of work are no numbers: what they take away is left out above",
    )  # fmt: skip


BINDING = 0.9995
"""Share of a limit from which it is said to bind."""
