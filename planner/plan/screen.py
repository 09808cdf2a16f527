"""A plan in one screen of plain text, for the interpreter and for logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

WIDTH = 116
MOST_SITES = 12
MOST_SERVERS = 3


class Shown(Protocol):
    """What is shown of a ``Plan``."""

    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def gap(self) -> float: ...
    @property
    def bound(self) -> float: ...
    @property
    def objective(self) -> float: ...
    @property
    def objective_kind(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def currency_year(self) -> int: ...
    @property
    def totals(self) -> Mapping[str, float]: ...
    @property
    def decisions(self) -> Mapping[str, tuple[Mapping[str, Any], ...]]: ...
    @property
    def verification(self) -> tuple[Mapping[str, Any], ...]: ...


def plan_screen(plan: Shown) -> str:
    """At most some 25 lines: name, status, money, totals, servers by site. A plan of another form says only that."""
    try:
        found = list(_lines(plan))
    except (TypeError, ValueError, KeyError, AttributeError):
        return f"Plan of {str(plan.name)[:WIDTH]}: not in the form of planner.plan.rows"
    return "\n".join(line if len(line) <= WIDTH else line[: WIDTH - 3] + "..." for line in found)


def _lines(plan: Shown) -> Iterator[str]:
    totals, unit = plan.totals, plan.currency
    yield f"Plan of {plan.name}: {plan.status}, gap {plan.gap:.4%}"
    yield f"  {plan.objective_kind} {plan.objective:,.0f} {unit} of {plan.currency_year}; bound {plan.bound:,.0f}"
    yield "  " + ", ".join(f"{name} {totals[name]:,.0f}" for name in ("tco", "capex", "opex") if name in totals)
    counted = ("accelerators", "servers", "racks", "switches", "optics", "cables")
    yield "  " + ", ".join(f"{totals[name]:,.0f} {name}" for name in counted if name in totals)
    if {"it_kw", "facility_kw", "pue"} <= set(totals):
        yield f"  IT {totals['it_kw']:,.1f} kW, facility {totals['facility_kw']:,.1f} kW, PUE {totals['pue']:.3f}"
    yield from _sites(plan.decisions.get("fleet", ()))
    if plan.verification:
        failed = sum(not row.get("passed") for row in plan.verification)
        yield f"  verified: {len(plan.verification)} checks, {failed} failed"
    else:
        yield "  not verified"


def _sites(rows: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    """Servers in service by site, in the period with most of them."""
    count: dict[str, dict[int, dict[str, int]]] = {}
    for row in rows:
        of_period = count.setdefault(row["site"], {}).setdefault(row["period"], {})
        of_period[row["server"]] = of_period.get(row["server"], 0) + row["in_service"]
    for site, periods in list(count.items())[:MOST_SITES]:
        most = max(periods, key=lambda t: (sum(periods[t].values()), -t))
        servers = sorted(periods[most].items(), key=lambda found: (-found[1], found[0]))
        named = [f"{n:,} {server}" for server, n in servers[:MOST_SERVERS]]
        rest = len(servers) - len(named)
        more = f" and {rest} more types" if rest > 1 else " and 1 more type" if rest else ""
        when = f" (period {most})" if len(periods) > 1 else ""
        yield f"  {site}: {', '.join(named)}{more}{when}"
    if len(count) > MOST_SITES:
        yield f"  and {len(count) - MOST_SITES} more sites"
