"""A plan in sentences and headline figures, from what ``data.py`` gathers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.report.words import count, money, money_scale, percent, plural, plural_of, power, ratio

Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Stop:
    """How a solve that found a plan short of the asked gap came to its end: interrupted, at its time limit, or because
    the search had nothing left to try."""

    seconds: float
    interrupted: bool
    at_limit: bool = True


def status_line(summary: Summary, stop: Stop | None = None) -> str:
    """The first line: how good the plan is, in words.

    >>> status_line({"status": "optimal", "gap": 0.00003, "asked_gap": 0.0001})
    'Optimal within 0.01 % (proven gap 0.003 %)'
    >>> status_line({"status": "feasible", "gap": 0.008, "asked_gap": 0.0001}, Stop(60.2, False))
    'Best plan found in 60 s, gap 0.8 %: time limit reached'
    >>> status_line({"status": "feasible", "gap": 0.008, "asked_gap": 0.0001}, Stop(9.1, False, at_limit=False))
    'Best plan found in 9 s, gap 0.8 %: the search found no better one'
    """
    gap, asked = percent(summary["gap"]), summary["asked_gap"]
    if summary["status"] == "optimal":
        return f"Optimal within {percent(asked)} (proven gap {gap})" if asked else f"Optimal (proven gap {gap})"
    if stop is not None:
        ended = "time limit reached" if stop.at_limit else "the search found no better one"
        why = "interrupted" if stop.interrupted else ended
        return f"Best plan found in {stop.seconds:.0f} s, gap {gap}: {why}"
    return f"Best plan found before a limit, gap {gap}" + (f" (asked: {percent(asked)})" if asked else "")


def headline(summary: Summary) -> tuple[tuple[str, str, str], ...]:
    """The totals at a glance: label, figure, remark."""
    totals, is_tco = summary["totals"], summary["objective_kind"] == "tco"
    residual = sum(r["present_value"] for r in summary["costs"] if r["account"] == "residual")
    scale = money_scale([totals["tco"], totals["capex"]], summary["currency"])
    amounts = [
        ("Total cost of ownership", totals["tco"], _joined("minimised" if is_tco else "", _present(summary))),
        ("Capital (capex)", totals["capex"], _joined("" if is_tco else "minimised", "purchases, undiscounted")),
        ("Running (opex)", totals["opex"], _running(summary)),
        ("Residual value", residual, "present value of what is left at the end, credited"),
        (
            "Proven lower limit",
            summary["bound"],
            f"of the {'TCO' if is_tco else 'capex'} of any plan made of the options offered",
        ),
    ]
    rows = [
        (label, f"{scale(amount)} {scale.unit}", remark)
        for label, amount, remark in amounts
        if amount or label != "Residual value"
    ]
    if summary["scope"] in SCOPES:
        rows.append(("Counted", summary["scope"], f"scope of {SCOPES[summary['scope']]}"))
    rows += [
        ("Accelerators", count(totals["accelerators"]), _hardware(summary)),
        *_owned(summary),
        *_rented(summary),
        ("Network", plural(int(totals["switches"]), "switch", "switches"), _optics(totals)),
        ("Power", f"{power(totals['it_kw'])} IT", _facility(totals)),
    ]
    return tuple(rows)


def _running(summary: Summary) -> str:
    rent = "energy, rent and upkeep" if summary["rented"] else "energy and upkeep"
    return f"{rent}, undiscounted"


def _rented(summary: Summary) -> list[tuple[str, str, str]]:
    """Accelerators rented, where there are some."""
    rows = summary["rented"]
    if not rows:
        return []
    offers = ", ".join(dict.fromkeys(f"{r['site']}" for r in rows))
    servers = plural(sum(r["servers"] for r in rows), "server", "servers")
    return [("Rented", count(sum(r["accelerators"] for r in rows)), f"accelerators at most, in {servers} of {offers}")]


def _owned(summary: Summary) -> list[tuple[str, str, str]]:
    """Accelerators that were there from the start, where there are some."""
    rows = summary["owned"]
    if not rows:
        return []
    sold = plural(sum(r["sold"] for r in rows), "server", "servers")
    kept = plural(sum(r["servers"] for r in rows), "server", "servers")
    what = f"accelerators kept of those there from the start, in {kept}; {sold} sold"
    return [("Owned", count(sum(r["accelerators"] for r in rows)), what)]


SCOPES = {
    "hardware": "hardware, plant and energy; no installation, licences, building or staff unless typed",
    "it": "hardware, plant, energy, installation, maintenance, software and licences; no building, no staff",
    "all-in": "all: hardware, installation, maintenance, software, licences, building, plant, staff, energy",
}  # fmt: skip
"""What a scope counts, in words."""
GRADE_WORDS = {
    "given": "prices of your own", "quote": "quotes", "list": "list prices", "tender": "tenders",
    "analyst": "analysts and press", "derived": "derived prices", "memory": "memory",
}  # fmt: skip
"""How prices are known, in words."""


def grade_sentence(summary: Summary) -> str:
    """On what the money of the purchases rests, and the range that the prices leave; empty without purchases.

    >>> grades = [{"grade": "quote", "cost": 3e6, "share": 0.75, "largest": ["a"]},
    ...           {"grade": "memory", "cost": 1e6, "share": 0.25, "largest": ["b", "c"]}]
    >>> totals = {"tco_low": 4e6, "tco_high": 6e6, "capex_low": 3.5e6, "capex_high": 4.5e6}
    >>> print(grade_sentence({"grades": grades, "totals": totals, "currency": "USD", "objective_kind": "tco"}))
    Purchases rest on: quotes 75 % (a), memory 25 % (b, c); all prices low or high at once: TCO 4.000 to 6.000 M USD, \
capex 3.500 to 4.500.
    """
    found, totals = summary["grades"], summary["totals"]
    if not found:
        return ""
    parts = [f"{GRADE_WORDS[r['grade']]} {percent(r['share'])} ({', '.join(r['largest'])})" for r in found]
    scale = money_scale([totals["tco_high"], totals["capex_high"]], summary["currency"])
    return (
        f"Purchases rest on: {', '.join(parts)}; all prices low or high at once: TCO {scale(totals['tco_low'])} to "
        f"{scale(totals['tco_high'])} {scale.unit}, capex {scale(totals['capex_low'])} to "
        f"{scale(totals['capex_high'])}."
    )


def apart_sentences(summary: Summary) -> list[str]:
    """Servers that can stand in for each other and are priced by different methods.

    >>> apart_sentences({"priced_apart": [{"hgx-a100-oem": "derived", "dgx-a100": "list"}]})
    ['hgx-a100-oem (derived prices) and dgx-a100 (list prices) are alike but priced by different methods: a difference \
between them rests on both.']
    """
    found = []
    for group in summary["priced_apart"]:
        *most, last = (f"{id} ({GRADE_WORDS[grade]})" for id, grade in group.items())
        found.append(
            f"{', '.join(most)} and {last} are alike but priced by different methods: a difference between them rests "
            "on both."
        )
    return found


def export_sentences(summary: Summary) -> list[str]:
    """What the export rules say of the accelerators bought beside their outcome."""
    return [f"{device}: {note}" for device, notes in summary["export_notes"].items() for note in notes]


def law_sentences(summary: Summary) -> list[str]:
    """Which law limits the PUE of the sites used."""
    return [f"{site}: {law}." for site, law in summary["site_laws"].items()]


def verification_sentence(summary: Summary) -> str:
    """What the independent recomputation says: of one made now, or of the one made with the plan.

    >>> found = {"made_now": False, "checks": 7, "failed": []}
    >>> verification_sentence({"verification": found})
    '7 checks passed when the plan was made; planner verify makes them again.'
    >>> verification_sentence({"verification": {**found, "made_now": True}})
    'Verified: 7 checks passed.'
    """
    found = summary["verification"]
    checks, failed = found["checks"], found["failed"]
    if not checks:
        return "Not verified."
    if failed:
        when = "" if found["made_now"] else " when the plan was made"
        return f"Verification FAILED{when}: {len(failed)} of {plural(checks, 'check')}, first: {failed[0]['detail']}"
    if found["made_now"]:
        return f"Verified: {plural(checks, 'check')} passed."
    return f"{plural(checks, 'check')} passed when the plan was made; planner verify makes them again."


def caution_sentence(summary: Summary) -> str:
    """What a safe plan pays for its safety, in servers; empty for an expected one.

    >>> caution_sentence({"caution": {"servers": 52, "expected_servers": 40}})
    'Caution: 12 servers more than the expected estimate takes (40).'
    """
    found = summary["caution"]
    if found is None:
        return ""
    more = plural(found["servers"] - found["expected_servers"], "server")
    return f"Caution: {more} more than the expected estimate takes ({count(found['expected_servers'])})."


def split_sentences(summary: Summary) -> list[str]:
    """Server types of which a site has several clusters.

    >>> fleet = [{"pool": "a", "number": 1}, {"pool": "b", "number": 4}]
    >>> split_sentences({"split_fleets": [{"site": "x", "server": "s", "pools": ["a", "b"]}], "fleet": fleet})
    ['s at x: pools #1 and #4 are 2 clusters, which do not reach each other.']
    """
    numbers = {row["pool"]: f"#{row['number']}" for row in summary["fleet"]}
    found = []
    for row in summary["split_fleets"]:
        *most, last = (numbers[pool] for pool in row["pools"])
        named = f"{', '.join(most)} and {last} are {len(row['pools'])} clusters"
        found.append(f"{row['server']} at {row['site']}: pools {named}, which do not reach each other.")
    return found


def short_run_sentences(summary: Summary) -> list[str]:
    """Training runs that hold their servers for much longer than they take, and what renting would cost instead.

    >>> rent = {"cost": 3.7e6, "own_cost": 43.6e6, "offer": "a100-sxm-80", "provider": "AWS", "price": 5.12,
    ...         "price_as_of": "2022-08-01", "price_estimate": False}
    >>> run = {"workloads": ("run",), "days": 60.0, "years": 5.0, "servers": 115.0, "rent": None}
    >>> for sentence in short_run_sentences({"currency": "USD", "short_runs": [run, {**run, "rent": rent}]}):
    ...     print(sentence)
    run: a training run of 60 days holds its 115 servers for 5 years; sharing them with later work is not counted. No rent of these accelerators on demand is known.
    run: a training run of 60 days holds its 115 servers for 5 years; sharing them with later work is not counted. Rented on demand for the run alone they would cost 3.700 M USD instead of 43.600 M USD (a100-sxm-80 at 5.12 USD an hour, AWS 2022-08).
    """  # noqa: E501
    found = []
    for r in summary["short_runs"]:
        rent, currency = r["rent"], summary["currency"]
        instead = "No rent of these accelerators on demand is known."
        if rent is not None:
            estimate = ", an estimate" if rent["price_estimate"] else ""
            instead = (
                f"Rented on demand for the run alone they would cost {money(rent['cost'], currency)} instead of "
                f"{money(rent['own_cost'], currency)} ({rent['offer']} at {rent['price']:.4g} {currency} an hour, "
                f"{rent['provider']} {rent['price_as_of'][:7]}{estimate})."
            )
        runs, held = r["workloads"], f"{plural_of(r['servers'], 'server')} for {plural_of(r['years'], 'year')}"
        if len(runs) == 1:
            said = f"{runs[0]}: a training run of {plural_of(r['days'], 'day')} holds its {held}"
        else:
            said = f"{', then '.join(runs)}: training runs of {plural_of(r['days'], 'day')} together hold {held}"
        found.append(f"{said}; sharing them with later work is not counted. {instead}")
    return found


def lines(summary: Summary) -> Iterable[str]:
    """The sentences below the tables."""
    found = (
        caution_sentence(summary), *split_sentences(summary), *short_run_sentences(summary),
        *summary["losses"],
        grade_sentence(summary), *apart_sentences(summary), *export_sentences(summary), *law_sentences(summary),
    )  # fmt: skip
    return filter(None, (*found, verification_sentence(summary)))


def _present(summary: Summary) -> str:
    horizon = summary["horizon"]
    if horizon is None:
        return f"present value, {summary['currency_year']} money"
    years = plural_of(horizon["years"], "year")
    return (
        f"present value, {years} from {horizon['start']} at {percent(horizon['discount_rate'])}, "
        f"{summary['currency_year']} money"
    )


def _hardware(summary: Summary) -> str:
    servers, racks = (int(summary["totals"][key]) for key in ("servers", "racks"))
    bought = "; bought over all periods" if len(summary["periods"]) > 1 else ""
    return f"in {plural(servers, 'server')}; {plural(racks, 'rack')}, those of the network included{bought}"


def _facility(totals: Mapping[str, float]) -> str:
    return f"{power(totals['facility_kw'])} facility, PUE {ratio(totals['pue'])}"


def _optics(totals: Mapping[str, float]) -> str:
    return f"{plural(int(totals['optics']), 'transceiver')}, {count(totals['cables'])} cables and fibres"


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
