"""The answers of several solves as pages: a sweep, a front, a comparison of two plans, a tornado."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planner.report import changes, pareto, sweeps, tornado
from planner.report.charts import COLOURS, MOST_BARS, MOST_SERIES, Chart, bars, figure_of, said
from planner.report.frame import rendered, require_libraries
from planner.report.tables import Table, table
from planner.report.words import Scale, count, money_scale

if TYPE_CHECKING:
    from planner.comparison import Comparison
    from planner.sweeps.pareto import Front
    from planner.sweeps.sweep import Sweep
    from planner.sweeps.tornado import End, Tornado

Row = Mapping[str, Any]
MOST_KEYS = 6
"""Varied keys of a sample that have a chart each."""
MOST_LINES = MOST_SERIES
"""Lines of a grid of two keys in one chart."""
OTHERS = "other"
NO_TABLE = table("", (), ())
"""Under a chart whose figures stand under another."""


def sweep_page(found: Sweep, currency: str, name: str) -> str:
    """The page of a sweep.

    Args:
        name: of the instance.

    Raises:
        NoPageError: plotly or Jinja2 is not installed.
    """
    require_libraries()
    runs, *others = sweeps.sweep_tables(found, currency)
    drawn = list(_sweep_charts(found, currency, runs))
    missing = [f"{found.missing:,} more runs have not ended."] if found.missing else []
    sentences = [sweeps.sweep_sentence(found, currency), *missing]
    return _page(name, "sweep", sentences, drawn, others if drawn else [runs, *others])


def front_page(found: Front, currency: str, name: str) -> str:
    """The page of a front of cost and another measure; arguments and errors as for ``sweep_page``."""
    require_libraries()
    drawn = _front_charts(found, currency) if found.points else []
    sentences = [pareto.front_sentence(found, currency)] if found.points else ["No plan was found."]
    sentences += [] if found.complete else ["Interrupted; what was found until then stands below."]
    return _page(name, f"cost against {found.measure}", sentences, drawn, [])


def comparison_page(found: Comparison, a: str, b: str, sides: Sequence[str]) -> str:
    """The page of what differs between two plans.

    Args:
        a, b: what the plans are called in it.
        sides: a sentence on each of them.

    Raises:
        NoPageError: plotly or Jinja2 is not installed.
    """
    require_libraries()
    tables = changes.comparison_tables(found, a, b)
    drawn = _comparison_charts(found, a, b)
    under = [chart.under for chart in drawn]
    sentences = [changes.verdict(found, a, b), changes.range_sentence(found), *found.notes, *sides]
    if not tables:
        sentences.append("The plans decide the same and cost the same.")
    left = [one for one in tables if one not in under]
    name = found.name_a if found.name_a == found.name_b else f"{found.name_a} and {found.name_b}"
    return _page(name, f"{a} and {b}", filter(None, sentences), drawn, left)


def tornado_page(found: Tornado, name: str) -> str:
    """The page of which inputs move the total most; arguments and errors as for ``sweep_page``."""
    require_libraries()
    drawn = _tornado_charts(found) if found.bars else []
    return _page(name, "what moves the total", tornado.tornado_sentences(found), drawn, [])


def _page(name: str, kind: str, sentences: Iterable[str], drawn: Sequence[Chart], tables: Sequence[Table]) -> str:
    return rendered("findings.html", drawn, name=name, kind=kind, sentences=list(sentences), tables=tables)


# A sweep


def _sweep_charts(found: Sweep, currency: str, runs: Table) -> Iterable[Chart]:
    """Cost over what was varied, and servers by run."""
    planned = [row for row in found.rows if row["objective"] is not None]
    if not planned:
        return
    scale = money_scale((row["objective"] for row in planned), currency)
    if len(found.keys) == 1:
        yield _cost_over(planned, found.keys[0], scale, runs)
    elif len(found.keys) == 2 and _is_grid(found):
        yield _cost_lines(planned, found.keys, scale, runs)
    elif found.keys:
        for number, key in enumerate(found.keys[:MOST_KEYS]):
            yield _cost_over(planned, key, scale, runs if not number else NO_TABLE, number)
    else:
        yield _cost_by_name(planned, scale, runs)
    if len(planned) <= MOST_BARS:
        yield _fleet_by_run(planned, found.keys)


def _is_grid(found: Sweep) -> bool:
    """Whether the runs are every combination of two keys, of which one has few values."""
    values = [{row[key] for row in found.rows} for key in found.keys]
    return min(map(len, values)) <= MOST_LINES and len(found.rows) == len(values[0]) * len(values[1])


def _number(text: object) -> float | None:
    """A value of a varied key as a number; text such as ``20%`` is none.

    >>> _number("1.5"), _number("20%"), _number("nan")
    (1.5, None, None)
    """
    try:
        found = float(str(text))
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def _axis(rows: Sequence[Row], key: str) -> tuple[list[Any], dict[str, Any]]:
    """Values of a key along an axis: numbers if all are, else text."""
    numbers = [_number(row[key]) for row in rows]
    title = {"title": {"text": said(key)}}
    if None not in numbers:
        return numbers, {"type": "linear", **title}
    return [said(row[key]) for row in rows], {"type": "category", **title}


def _cost_over(rows: Sequence[Row], key: str, scale: Scale, under: Table, number: int | None = None) -> Chart:
    """Cost over one key, a colour for each choice of servers and sites.

    Args:
        number: of the key, where others vary with it; without others the runs are joined by a line.
    """
    import plotly.graph_objects as go

    values, axis = _axis(rows, key)
    heights = [row["objective"] / scale.factor for row in rows]
    traces: list[Any] = []
    if number is None:
        order = sorted(range(len(rows)), key=lambda n: values[n]) if axis["type"] == "linear" else range(len(rows))
        line = {"color": "#94a3b8", "width": 2}
        traces.append(
            go.Scatter(x=[values[n] for n in order], y=[heights[n] for n in order], mode="lines", line=line,
                       showlegend=False, hoverinfo="skip")
        )  # fmt: skip
    for n, (choice, at) in enumerate(_by_choice(rows).items()):
        traces.append(
            go.Scatter(
                x=[values[i] for i in at], y=[heights[i] for i in at], mode="markers", name=said(f"choice {choice}"),
                marker={"size": 9, "color": COLOURS[n % MOST_SERIES], "symbol": n % MOST_SERIES},
                hovertemplate=f"%{{x}}: %{{y:,.4g}} {said(scale.unit)}, choice {said(choice)}<extra></extra>",
            )
        )  # fmt: skip
    figure = figure_of(traces, 420, xaxis=axis, yaxis={"title": {"text": said(f"objective, {scale.unit}")}})
    low, high = (pick(rows, key=lambda row: row["objective"]) for pick in (min, max))
    says = (
        f"The cost of each run over {key}, from {scale(low['objective'])} at {low[key]} to {scale(high['objective'])} "
        f"{scale.unit} at {high[key]}; each choice of servers and sites has a colour and a sign."
    )
    return Chart(f"cost-{number or 0}", f"Cost over {key}", says, figure, under)


def _by_choice(rows: Sequence[Row]) -> dict[str, list[int]]:
    """Positions of the rows by what they choose; beyond the first few choices together."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        choice = row["decision"] or "none"
        found.setdefault(choice if choice in found or len(found) < MOST_SERIES - 1 else OTHERS, []).append(number)
    return found


def _cost_lines(rows: Sequence[Row], keys: Sequence[str], scale: Scale, under: Table) -> Chart:
    """Cost over the key of more values, a line for each value of the other."""
    import plotly.graph_objects as go

    line, across = sorted(keys, key=lambda key: len({row[key] for row in rows}))
    values, axis = _axis(rows, across)
    at: dict[Any, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        at[row[line]].append(number)
    traces = [
        go.Scatter(
            x=[values[n] for n in found], y=[rows[n]["objective"] / scale.factor for n in found], mode="lines+markers",
            name=said(f"{line} = {value}"), line={"color": COLOURS[number % MOST_SERIES]},
            marker={"size": 9, "symbol": number % MOST_SERIES},
            text=[f"choice {said(rows[n]['decision'])}" for n in found],
            hovertemplate=f"%{{x}}: %{{y:,.4g}} {said(scale.unit)}, %{{text}}<extra></extra>",
        )
        for number, (value, found) in enumerate(at.items())
    ]  # fmt: skip
    figure = figure_of(traces, 440, xaxis=axis, yaxis={"title": {"text": said(f"objective, {scale.unit}")}})
    says = f"Lines of the cost over {across}, one for each of {len(at)} values of {line}."
    return Chart("cost", f"Cost over {across} and {line}", says, figure, under)


def _cost_by_name(rows: Sequence[Row], scale: Scale, under: Table) -> Chart:
    shown = rows[:MOST_BARS][::-1]
    names = [f"{row['run']}. {said(row['name'])}" for row in shown]  # a number each: names may be alike
    trace = bars(
        [row["objective"] / scale.factor for row in shown], names, orientation="h", marker={"color": COLOURS[0]},
        text=[scale(row["objective"]) for row in shown], textposition="outside", cliponaxis=False,
        hovertemplate="%{y}: %{text} " + said(scale.unit) + "<extra></extra>",
    )  # fmt: skip
    figure = figure_of(
        [trace], 90 + 30 * len(shown), xaxis={"title": {"text": said(f"objective, {scale.unit}")}, "nticks": 6},
        yaxis={"type": "category", "categoryorder": "array", "categoryarray": names},
    )  # fmt: skip
    low = min(rows, key=lambda row: row["objective"])
    says = (
        f"Bars of the cost of {len(shown)} runs; the least is {scale(low['objective'])} {scale.unit} ({low['name']})."
    )
    return Chart("cost", "Cost by run", says, figure, under)


def _fleet_by_run(rows: Sequence[Row], keys: Sequence[str]) -> Chart:
    """Servers of every run."""
    label = {row["run"]: row["name"] if not keys else ", ".join(str(row[key]) for key in keys) for row in rows}
    return _fleet_chart("run", "run", [(f"{row['run']}. {label[row['run']]}", row) for row in rows])


def _fleet_chart(what: str, axis: str, labelled: Sequence[tuple[str, Row]]) -> Chart:
    """Servers by type and site, a bar for each row; beyond the first few kinds the rest together."""
    number: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for label, row in labelled:
        for servers, server, site in row["fleet"]:
            number[f"{server} at {site}"][label] += servers
    order = sorted(number, key=lambda kind: (-sum(number[kind].values()), kind))
    labels = [label for label, _ in labelled]
    under = table(
        f"Servers of each {what}",
        (what, *(f">{kind}" for kind in order)),
        ((label, *(count(number[kind].get(label, 0)) for kind in order)) for label in labels),
    )
    if len(order) > MOST_SERIES:
        rest = order[MOST_SERIES - 1 :]
        number[OTHERS] = {label: sum(number[kind].get(label, 0) for kind in rest) for label in labels}
        order = [*order[: MOST_SERIES - 1], OTHERS]
    traces = [
        bars([said(label) for label in labels], [number[kind].get(label, 0) for label in labels], name=said(kind),
             marker={"color": COLOURS[n % MOST_SERIES]},
             hovertemplate=f"{said(kind)}, %{{x}}: %{{y:,}} servers<extra></extra>")
        for n, kind in enumerate(order)
    ]  # fmt: skip
    figure = figure_of(
        traces, 420, barmode="stack", showlegend=True, xaxis={"type": "category", "title": {"text": said(axis)}},
        yaxis={"title": {"text": "servers"}},
    )  # fmt: skip
    says = f"Stacked bars of the servers of each {what}, by type and site."
    return Chart("servers", f"Servers of each {what}", says, figure, under)


# A front


def _front_charts(found: Front, currency: str) -> list[Chart]:
    import plotly.graph_objects as go

    under = pareto.front_table(found, currency)
    scale = money_scale((point.row["objective"] for point in found.points), currency)
    other = money_scale((p.measure for p in found.points), found.unit) if found.measure == "capex" else None
    unit = found.unit if other is None else other.unit
    across = [point.measure / (1.0 if other is None else other.factor) for point in found.points]
    trace = go.Scatter(
        x=across, y=[point.row["objective"] / scale.factor for point in found.points], mode="lines+markers",
        line={"color": COLOURS[0], "width": 2}, marker={"size": 10},
        hovertemplate=f"%{{x:,.4g}} {said(unit)}: %{{y:,.4g}} {said(scale.unit)}<extra></extra>",
    )  # fmt: skip
    figure = figure_of(
        [trace], 440, xaxis={"title": {"text": said(f"{found.measure}, {unit}")}},
        yaxis={"title": {"text": said(f"cost, {scale.unit}")}},
    )  # fmt: skip
    says = f"A line of the {len(found.points)} plans of which none is better in both cost and {found.measure}."
    front = Chart("front", f"Cost against {found.measure}", says, figure, under)
    labelled = [(f"{scale(point.row['objective'])} {scale.unit}", point.row) for point in found.points]
    return [front, _fleet_chart("plan", "plan, by its cost", labelled)]


# A comparison


def _comparison_charts(found: Comparison, a: str, b: str) -> list[Chart]:
    from planner.comparison import differs

    rows = [row for row in found.cost_rows if differs(row)]
    if not rows:
        return []
    scale = money_scale((row["change"] for row in rows), found.currency)
    shown = sorted(rows, key=lambda row: -abs(row["change"]))[:MOST_BARS][::-1]
    names = [said(" ".join(filter(None, (row["item"], f"({row['account']})", row["site"])))) for row in shown]
    traces = [
        bars(
            [row["change"] / scale.factor if row["beyond_gap"] is beyond else None for row in shown], names,
            orientation="h", name=word, marker={"color": colour},
            hovertemplate=f"%{{y}}: %{{x:,.4g}} {said(scale.unit)}<extra></extra>",
        )
        for beyond, word, colour in ((True, "beyond the gaps", COLOURS[0]), (False, "within the gaps", COLOURS[4]))
        if any(row["beyond_gap"] is beyond for row in shown)
    ]  # fmt: skip
    figure = figure_of(
        traces, 90 + 30 * len(shown), barmode="overlay",
        xaxis={"title": {"text": said(f"{b} less {a}, {scale.unit}")}, "nticks": 6},
        yaxis={"type": "category", "categoryorder": "array", "categoryarray": list(dict.fromkeys(names))},
    )  # fmt: skip
    largest = shown[-1]
    says = (
        f"Bars of the change of each cost line from {a} to {b}; the largest is {largest['item']} "
        f"({largest['account']}) with {scale(largest['change'], sign=True)} {scale.unit}."
    )
    return [
        Chart("changes", "What changes, by cost line", says, figure, changes.cost_table(rows, found.currency, a, b))
    ]


# A tornado


def _tornado_charts(found: Tornado) -> list[Chart]:
    def change(end: End | None) -> float | None:
        return None if end is None or end.cost is None else end.cost - found.cost

    changed = [(bar.input.name, (change(bar.low), change(bar.high))) for bar in found.bars[:MOST_BARS]][::-1]
    under = tornado.tornado_table(found).narrowed(0)  # bars of letters are for terminals
    scale = money_scale((one for _, pair in changed for one in pair if one is not None), found.currency)
    names = [said(name) for name, _ in changed]
    traces = [
        bars(
            [None if (one := pair[at]) is None else one / scale.factor for _, pair in changed], names, orientation="h",
            name=word, marker={"color": colour},
            hovertemplate=f"%{{y}}, {word}: %{{x:,.4g}} {said(scale.unit)}<extra></extra>",
        )
        for at, word, colour in ((0, "at its low end", COLOURS[0]), (1, "at its high end", COLOURS[1]))
    ]  # fmt: skip
    figure = figure_of(
        traces, 90 + 34 * len(changed), barmode="overlay",
        xaxis={"title": {"text": said(f"change of the least cost, {scale.unit}")}, "nticks": 8},
        yaxis={"type": "category", "categoryorder": "array", "categoryarray": names},
    )  # fmt: skip
    says = (
        f"Bars of the change of the least cost at both ends of {len(changed)} inputs; an end without a plan has none."
    )
    return [Chart("tornado", "What moves the total", says, figure, under)]
