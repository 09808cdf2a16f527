"""A plan in sentences and headline figures, from what ``data.py`` gathers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from planner.report.words import count, money, money_scale, percent, plural, power, ratio

Summary = Mapping[str, Any]
MOST_ESTIMATES = 3


@dataclass(frozen=True)
class Stop:
    """How a solve that found a plan short of the asked gap came to its end."""

    seconds: float
    interrupted: bool


def status_line(summary: Summary, stop: Stop | None = None) -> str:
    """The first line: how good the plan is, in words.

    >>> status_line({"status": "optimal", "gap": 0.00003, "asked_gap": 0.0001})
    'Optimal within 0.01 % (proven gap 0.003 %)'
    >>> status_line({"status": "feasible", "gap": 0.008, "asked_gap": 0.0001}, Stop(60.2, False))
    'Best plan found in 60 s, gap 0.8 %: time limit reached'
    """
    gap, asked = percent(summary["gap"]), summary["asked_gap"]
    if summary["status"] == "optimal":
        return f"Optimal within {percent(asked)} (proven gap {gap})" if asked else f"Optimal (proven gap {gap})"
    if stop is not None:
        why = "interrupted" if stop.interrupted else "time limit reached"
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
        ("Running (opex)", totals["opex"], "energy and maintenance, undiscounted"),
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
    rows += [
        ("Accelerators", count(totals["accelerators"]), _hardware(summary)),
        ("Network", plural(int(totals["switches"]), "switch", "switches"), _optics(totals)),
        ("Power", f"{power(totals['it_kw'])} IT", _facility(totals)),
    ]
    return tuple(rows)


def estimate_sentence(summary: Summary) -> str:
    """How much of the capex rests on estimated prices; empty if none does."""
    found = summary["estimates"]
    if not found["largest"]:
        return ""
    currency = summary["currency"]
    named = [f"{r['item']} {money(r['cost'], currency)}" for r in found["largest"]]
    return (
        f"{percent(found['share'])} of the purchases ({money(found['cost'], currency)}) rests on estimated prices, "
        f"most of all {', '.join(named[:MOST_ESTIMATES])}; the sources are in the bill of materials."
    )


def export_sentences(summary: Summary) -> list[str]:
    """What the export rules say of the accelerators bought beside their outcome."""
    return [f"{device}: {note}" for device, notes in summary["export_notes"].items() for note in notes]


def verification_sentence(summary: Summary) -> str:
    """What the independent recomputation said when the plan was made."""
    checks, failed = summary["verification"]["checks"], summary["verification"]["failed"]
    if not checks:
        return "Not verified."
    if failed:
        return f"Verification FAILED: {len(failed)} of {plural(checks, 'check')}, first: {failed[0]['detail']}"
    return f"Verified independently: {plural(checks, 'check')} passed."


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


def lines(summary: Summary) -> Iterable[str]:
    """The sentences below the tables."""
    found = (caution_sentence(summary), estimate_sentence(summary), *export_sentences(summary))
    return filter(None, (*found, verification_sentence(summary)))


def _present(summary: Summary) -> str:
    horizon = summary["horizon"]
    if horizon is None:
        return f"present value, {summary['currency_year']} money"
    years = f"{horizon['years']:g} year" + ("" if horizon["years"] == 1 else "s")
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
