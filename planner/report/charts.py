"""Charts of a plan, drawn by plotly, each with the table that holds the same figures.

Plotly reads a little markup in every text: names are escaped before it sees them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from planner.plan import ACCOUNTS, Plan
from planner.report.facts import catalogue_facts
from planner.report.finance import cash_table
from planner.report.schedule import cluster_name, schedule_table
from planner.report.sections import cost_table, site_table
from planner.report.tables import Table, table
from planner.report.words import clean, count, money_scale, power_scale, ratio

Summary = Mapping[str, Any]
COLOURS = ("#1d4ed8", "#b45309", "#047857", "#a21caf", "#475569", "#b91c1c", "#0e7490", "#4d7c0f", "#7c3aed", "#92400e")
"""Of series; each has a contrast of 4.5 or more against white."""
MOST_BARS = 40
"""Bars of a chart, the largest first."""
MOST_SERIES = len(COLOURS)


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        says: what it shows, for those who do not see it.
        figure: data and layout, as plotly.js takes them.
        under: the same figures as a table.
    """

    id: str
    title: str
    says: str
    figure: str
    under: Table


def charts(plan: Plan, summary: Summary) -> list[Chart]:
    """Every chart that the plan has figures for, in reading order.

    Raises:
        ImportError: plotly is not installed.
    """
    found = (
        _cost_chart(summary), _year_chart(summary), _purchase_chart(plan, summary), _fleet_chart(plan, summary),
        _schedule_chart(summary), _power_chart(summary), _pue_chart(summary),
    )  # fmt: skip
    return [chart for chart in found if chart is not None]


def said(text: object) -> str:
    """A name as plotly shows it, letter by letter.

    >>> said("<a href='x'>b</a>")
    "&lt;a href='x'&gt;b&lt;/a&gt;"
    """
    words = clean(text)
    return escape(words if len(words) <= 40 else words[:39] + "…", quote=False)


def figure_of(traces: Sequence[Any], height: int, **layout: Any) -> str:
    """Traces and layout as JSON that may stand in a page."""
    import plotly.graph_objects as go

    figure = go.Figure(traces)
    axis = {"gridcolor": "#e2e8f0", "linecolor": "#64748b", "automargin": True, "zerolinecolor": "#64748b",
            "fixedrange": True}  # fmt: skip
    figure.update_layout(
        template="none", height=height, margin={"l": 8, "r": 16, "t": 12, "b": 8, "pad": 4}, autosize=True,
        font={"family": "system-ui, Helvetica, Arial, sans-serif", "size": 14, "color": "#0f172a"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        paper_bgcolor="#ffffff", plot_bgcolor="#ffffff", hovermode="closest", dragmode=False, bargap=0.3,
    )  # fmt: skip
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_layout(**layout)
    return str(figure.to_json(engine="json")).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def bars(x: Sequence[Any], y: Sequence[Any], **more: Any) -> Any:
    import plotly.graph_objects as go

    return go.Bar(x=list(x), y=list(y), **more)


def _cost_chart(summary: Summary) -> Chart | None:
    rows = summary["costs"]
    if not rows:
        return None
    scale = money_scale((r["present_value"] for r in rows), summary["currency"])
    shown = sorted(rows, key=lambda r: -abs(r["present_value"]))[:MOST_BARS]
    shown.sort(key=lambda r: r["present_value"])
    accounts = [a for a in ACCOUNTS if any(r["account"] == a for r in shown)]
    traces = [
        bars(
            [r["present_value"] / scale.factor for r in shown if r["account"] == account],
            [f"{said(r['item'])} ({account})" for r in shown if r["account"] == account],
            orientation="h", name=account, marker={"color": _colour(account)},
            text=[scale(r["present_value"]) for r in shown if r["account"] == account],
            textposition="outside", cliponaxis=False,
            hovertemplate="%{y}: %{text} " + said(scale.unit) + "<extra></extra>",
        )
        for account in accounts
    ]  # fmt: skip
    largest = max(rows, key=lambda r: r["present_value"])
    values = [0.0, *(r["present_value"] / scale.factor for r in shown)]
    room = 0.22 * (max(values) - min(values)) or 1.0  # for the figures at the ends of the bars
    ends = [min(values) - (room if min(values) < 0 else 0.0), max(values) + room]
    figure = figure_of(
        traces, 90 + 30 * len(shown), barmode="overlay",
        xaxis={"title": {"text": said(f"present value, {scale.unit}")}, "range": ends, "nticks": 6},
        yaxis={"type": "category", "categoryorder": "array",
               "categoryarray": [f"{said(r['item'])} ({r['account']})" for r in shown]},
    )  # fmt: skip
    says = (
        f"Bars of the present value of each class of cost; the largest is {largest['item']} ({largest['account']}) "
        f"with {scale(largest['present_value'])} {scale.unit}."
    )
    return Chart("cost-by-class", "Cost by class", says, figure, cost_table(summary))


def _year_chart(summary: Summary) -> Chart | None:
    under = cash_table(summary)
    if not under.rows:
        return None
    import plotly.graph_objects as go

    years = summary["cash_by_year"]
    scale = money_scale((y[key] for y in years for key in ("amount", "cumulative")), summary["currency"])
    names = [f"{y['year']}<br>{said(y['begins'])}" for y in years]
    traces = [
        bars(
            names, [y["accounts"].get(account, 0.0) / scale.factor for y in years], name=account,
            marker={"color": _colour(account)},
            hovertemplate=f"{account}, year %{{x}}: %{{y:,.3f}} {said(scale.unit)}<extra></extra>",
        )
        for account in ACCOUNTS
        if any(y["accounts"].get(account) for y in years)
    ]  # fmt: skip
    traces.append(
        go.Scatter(
            x=names, y=[y["cumulative"] / scale.factor for y in years], name="so far", mode="lines+markers",
            line={"color": "#0f172a", "width": 2}, marker={"size": 8},
            hovertemplate=f"so far, year %{{x}}: %{{y:,.3f}} {said(scale.unit)}<extra></extra>",
        )
    )  # fmt: skip
    figure = figure_of(
        traces, 420, barmode="relative", xaxis={"type": "category", "title": {"text": "year, and its first month"}},
        yaxis={"title": {"text": said(f"{scale.unit}, undiscounted")}},
    )  # fmt: skip
    last = years[-1]
    says = (
        f"Stacked bars of cash by year and account, with a line of what it adds up to: {scale(last['cumulative'])} "
        f"{scale.unit} after {len(years)} years."
    )
    return Chart("cash-by-year", "Cash by year", says, figure, under)


def _purchase_chart(plan: Plan, summary: Summary) -> Chart | None:
    """Capital by class and period; of one period the chart of classes says the same."""
    spent: dict[tuple[str, int], float] = defaultdict(float)
    for row in plan.cost_rows:
        if row["account"] == "capex":
            spent[row["item"], row["period"]] += row["amount"]
    periods = [r["period"] for r in summary["periods"]]
    if len(periods) < 2 or not spent:
        return None
    items = sorted({item for item, _ in spent}, key=lambda i: (-sum(spent.get((i, t), 0.0) for t in periods), i))
    scale = money_scale(spent.values(), summary["currency"])
    names = [period_name(summary, t) for t in periods]
    traces = [
        bars(
            names, [spent.get((item, t), 0.0) / scale.factor for t in periods], name=said(item),
            marker={"color": COLOURS[n % MOST_SERIES]},
            hovertemplate=f"{said(item)}, period %{{x}}: %{{y:,.3f}} {said(scale.unit)}<extra></extra>",
        )
        for n, item in enumerate(items)
    ]  # fmt: skip
    under = table(
        "Purchases by class and period",
        ("class", *(f">{_plain(summary, t)}" for t in periods)),
        ((item, *(scale(spent.get((item, t), 0.0)) for t in periods)) for item in items),
        f"{scale.unit}, undiscounted",
    )
    figure = figure_of(
        traces, 400, barmode="stack", xaxis={"type": "category", "title": {"text": "period, and its first month"}},
        yaxis={"title": {"text": said(f"{scale.unit}, undiscounted")}},
    )  # fmt: skip
    says = f"Stacked bars of what is bought in each of {len(periods)} periods, by class."
    return Chart("purchases-by-period", "Purchases by period", says, figure, under)


def period_name(summary: Summary, period: int) -> str:
    """A period with its first month, in two lines of an axis."""
    return "<br>".join(map(said, _plain(summary, period).split(", ")))


def _plain(summary: Summary, period: int) -> str:
    """A period with its first month.

    >>> horizon = {"start": "2024-07", "periods": 8, "years": 4.0}
    >>> _plain({"horizon": horizon}, 1), _plain({"horizon": horizon}, 4)
    ('1, 2024-07', '4, 2026-01')
    """
    horizon = summary["horizon"]
    if horizon is None:
        return str(period)
    year, _, month = horizon["start"].partition("-")
    months = int(year) * 12 + int(month) - 1 + round(12 * horizon["years"] / horizon["periods"] * (period - 1))
    return f"{period}, {months // 12}-{months % 12 + 1:02d}"


def _fleet_chart(plan: Plan, summary: Summary) -> Chart | None:
    """Accelerators by period and server type; of one period by site."""
    per_server = catalogue_facts(plan).per_server
    rows = [
        (row, held)
        for name, held in (("fleet", "bought"), ("owned", "owned"), ("rented", "rented"))
        for row in plan.decisions[name]
        if row["in_service"]
    ]
    if not rows:
        return None
    known = all(row["server"] in per_server for row, _ in rows)
    periods = sorted({row["period"] for name in ("fleet", "owned", "rented") for row in plan.decisions[name]})
    by_site = len(periods) == 1
    places = sorted({row["site"] for row, _ in rows}) if by_site else periods
    found: dict[str, dict[Any, float]] = defaultdict(lambda: defaultdict(float))
    for row, held in rows:
        label = row["server"] if held == "bought" else f"{row['server']}, {held}"
        number = row["in_service"] * (per_server[row["server"]] if known else 1)
        found[label][row["site"] if by_site else row["period"]] += number
    order = sorted(found, key=lambda label: (-sum(found[label].values()), label))
    unit = "accelerators" if known else "servers"
    names = [said(place) if by_site else period_name(summary, place) for place in places]
    traces = [
        bars(
            names, [found[label].get(place, 0) for place in places], name=said(label),
            marker={"color": COLOURS[n % MOST_SERIES]},
            hovertemplate=f"{said(label)}, %{{x}}: %{{y:,}} {unit}<extra></extra>",
        )
        for n, label in enumerate(order)
    ]  # fmt: skip
    across = "site" if by_site else "period, and its first month"
    figure = figure_of(
        traces, 400, barmode="stack", xaxis={"type": "category", "title": {"text": across}},
        yaxis={"title": {"text": f"{unit} in service"}},
    )  # fmt: skip
    under = table(
        f"{unit.capitalize()} in service",
        ("server", *(f">{place if by_site else _plain(summary, place)}" for place in places)),
        ((label, *(count(found[label].get(place, 0)) for place in places)) for label in order),
    )
    says = f"Stacked bars of {unit} in service by {'site' if by_site else 'period'} and server type."
    return Chart("fleet", "Fleet by site" if by_site else "Fleet by period", says, figure, under)


def _schedule_chart(summary: Summary) -> Chart | None:
    """Bars of the days of runs that take turns, a line a cluster."""
    rows = summary["schedule"]
    if not rows:
        return None
    clusters = {cluster_name(row) for row in rows}
    runs = list(dict.fromkeys(row["workload"] for row in rows))
    traces = [
        bars(
            [r["last_day"] - r["first_day"] + 1 for r in own], [said(cluster_name(r)) for r in own], orientation="h",
            base=[r["first_day"] - 1 for r in own], name=said(run), marker={"color": COLOURS[n % MOST_SERIES]},
            customdata=[[r["first_day"], r["last_day"]] for r in own],
            hovertemplate=f"{said(run)}: days %{{customdata[0]}} to %{{customdata[1]}}<extra></extra>",
        )
        for n, run in enumerate(runs)
        if (own := [r for r in rows if r["workload"] == run])
    ]  # fmt: skip
    figure = figure_of(
        traces, 160 + 40 * len(clusters), barmode="overlay", xaxis={"title": {"text": "day of the period"}},
        yaxis={"type": "category", "autorange": "reversed"},
    )  # fmt: skip
    says = "Bars of the days on which each run holds its cluster."
    return Chart("schedule", "Runs by day", says, figure, schedule_table(rows))


def _used(summary: Summary) -> list[Mapping[str, Any]]:
    rows = [r for r in summary["sites"] if r["it_kw"]]
    return sorted(rows, key=lambda r: -r["facility_kw"])[:MOST_BARS]


def _power_chart(summary: Summary) -> Chart | None:
    rows = _used(summary)
    if not rows:
        return None
    import plotly.graph_objects as go

    scale = power_scale(max(r["power_limit_kw"], r["facility_kw"]) for r in rows)
    names = [said(r["site"]) for r in rows]
    traces = [
        bars(names, [r[key] / scale.factor for r in rows], name=name, marker={"color": colour},
             hovertemplate=f"{name} at %{{x}}: %{{y:,.2f}} {scale.unit}<extra></extra>")
        for key, name, colour in (("it_kw", "IT", COLOURS[0]), ("facility_kw", "facility at peak", COLOURS[1]))
    ]  # fmt: skip
    traces.append(
        go.Scatter(
            x=names, y=[r["power_limit_kw"] / scale.factor for r in rows], name="limit", mode="markers",
            marker={"symbol": "line-ew", "size": 44, "line": {"width": 3, "color": "#0f172a"}},
            hovertemplate=f"limit at %{{x}}: %{{y:,.2f}} {scale.unit}<extra></extra>",
        )
    )  # fmt: skip
    figure = figure_of(traces, 400, barmode="group", xaxis={"type": "category"}, yaxis={"title": {"text": scale.unit}})
    full = [r["site"] for r in rows if r["facility_kw"] >= 0.9995 * r["power_limit_kw"]]
    says = "Bars of IT and facility power at each site, with its limit" + (
        f"; at it: {', '.join(full)}." if full else "."
    )
    return Chart("power", "Power by site", says, figure, site_table(summary))


def _pue_chart(summary: Summary) -> Chart | None:
    rows = [r for r in _used(summary) if r["pue"] is not None]
    if not rows:
        return None
    import plotly.graph_objects as go

    limited = [r for r in rows if r["pue_limit"] is not None]
    traces = [
        bars([said(r["site"]) for r in rows], [r["pue"] for r in rows], name="PUE of the year",
             marker={"color": COLOURS[2]}, text=[ratio(r["pue"]) for r in rows], textposition="outside",
             cliponaxis=False, hovertemplate="%{x}: PUE %{y:.3f}<extra></extra>")
    ]  # fmt: skip
    if limited:
        traces.append(
            go.Scatter(
                x=[said(r["site"]) for r in limited], y=[r["pue_limit"] for r in limited], name="limit",
                mode="markers", marker={"symbol": "line-ew", "size": 44, "line": {"width": 3, "color": "#0f172a"}},
                hovertemplate="limit at %{x}: %{y:.3f}<extra></extra>",
            )
        )  # fmt: skip
    top = max(r[key] for r in rows for key in ("pue", "pue_limit") if r[key] is not None)
    figure = figure_of(
        traces, 360, xaxis={"type": "category"},
        yaxis={"title": {"text": "PUE (axis begins at 1)"}, "range": [1.0, 1 + 1.2 * max(top - 1, 0.05)]},
    )  # fmt: skip
    under = table(
        "PUE by site and cooling method",
        ("site", "method", ">PUE of\nthe year", ">on the\ndesign day", ">limit"),
        (
            (c["site"], c["cooling"], ratio(c["pue"]), ratio(c["peak_pue"]), ratio(r["pue_limit"]))
            for r in rows
            for c in summary["cooling"]
            if c["site"] == r["site"]
        ),
    )
    worst = max(rows, key=lambda r: r["pue"])
    says = f"Bars of annual PUE by site with its limit; the highest is {ratio(worst['pue'])} at {worst['site']}."
    return Chart("pue", "PUE by site", says, figure, under)


def _colour(account: str) -> str:
    return COLOURS[tuple(ACCOUNTS).index(account) % MOST_SERIES]


def figures_of(found: Iterable[Chart]) -> str:
    """Every figure by the id of its chart, as one JSON object."""
    return "{" + ",".join(f'"{chart.id}":{chart.figure}' for chart in found) + "}"
