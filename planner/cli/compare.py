"""``planner compare`` and ``planner whatif``: what differs between two plans, and whether that is proven."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.outcome import ExitCode, end, load, outcomes, print_json
from planner.cli.pages import PageFile, require_page, write_page
from planner.cli.parameters import DEFAULT_GAP, AsJson, Gap, InstanceFile, PlanFile, Seed, Threads, TimeLimit
from planner.cli.progress import progress_line
from planner.cli.solve import print_diagnosis

if TYPE_CHECKING:
    from rich.console import Console

    from planner.comparison import Comparison
    from planner.plan import Plan
    from planner.result import SolveResult

Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Setting of the variant, e.g. sites.a.pue_limit=1.2; repeat for several.",
        show_default=False,
    ),
]


def compare(plan_a: PlanFile, plan_b: PlanFile, html: PageFile = None, as_json: AsJson = False) -> None:
    """Show what differs between two plans, and what of it is proven."""
    with outcomes(as_json):
        from planner import api
        from planner.plan import Plan

        require_page(html, as_json)
        a, b = Plan.read(plan_a), Plan.read(plan_b)
        comparison = api.compare(a, b)
        if as_json:
            print_json(comparison.to_dict())
        else:
            from planner.report.terminal import new_console

            _print_comparison(new_console(), comparison, {"A": a, "B": b})
        if html is not None:
            _write_page(html, comparison, {"A": a, "B": b})


def whatif(
    file: InstanceFile,
    settings: Settings,
    gap: Gap = DEFAULT_GAP,
    time_limit: TimeLimit = None,
    threads: Threads = None,
    seed: Seed = 0,
    html: PageFile = None,
    as_json: AsJson = False,
) -> None:
    """Solve an instance with and without changes; show what moves."""
    with outcomes(as_json):
        from planner import api

        require_page(html, as_json)
        currency = load(file, settings).currency.unit
        with progress_line("Solving base and variant", currency) as on_progress:
            base, variant = api.whatif(
                file, settings, gap=gap, time_limit=time_limit, threads=threads, seed=seed, on_progress=on_progress
            )
        if base.plan is None or variant.plan is None:
            _end_without_both({"base": base, "variant": variant}, as_json)
            return
        comparison = api.compare(base.plan, variant.plan)
        plans = {"base": base.plan, "variant": variant.plan}
        if as_json:
            print_json({"settings": settings, **comparison.to_dict()})
        else:
            from planner.report.terminal import new_console, print_line

            console = new_console()
            print_line(console, f"Variant: {', '.join(settings)}", "bold")
            _print_comparison(console, comparison, plans)
        if html is not None:
            _write_page(html, comparison, plans, f"Variant: {', '.join(settings)}.")


def _print_comparison(console: Console, comparison: Comparison, plans: dict[str, Plan]) -> None:
    from planner.report import changes as words
    from planner.report.terminal import print_line, print_tables

    a, b = plans
    print_line(console, words.verdict(comparison, a, b), "bold green" if comparison.real else "bold yellow")
    for sentence in (words.range_sentence(comparison), *comparison.notes):
        if sentence:
            print_line(console, sentence)
    console.print()
    for side in _sides(plans):
        print_line(console, side, "dim")
    tables = words.comparison_tables(comparison, a, b)
    print_tables(console, tables)
    if not tables:
        print_line(console, "The plans decide the same and cost the same.")


def _write_page(file: Path, comparison: Comparison, plans: dict[str, Plan], *more: str) -> None:
    """Write the same as a page; ``more`` are sentences below it."""
    from planner.report.findings import comparison_page

    a, b = plans
    write_page(file, comparison_page(comparison, a, b, [*more, *_sides(plans)]))


def _sides(plans: dict[str, Plan]) -> list[str]:
    """What each plan is, in a line."""
    from planner.report.data import plan_summary
    from planner.report.summary import status_line

    return [f"{side}: {plan.name}. {status_line(plan_summary(plan))}" for side, plan in plans.items()]


def _end_without_both(results: dict[str, SolveResult], as_json: bool) -> None:
    """Say which side has no plan and why; infeasible before out of time."""
    from planner.report.data import plan_summary
    from planner.report.outcomes import no_plan_sentence, result_data
    from planner.report.summary import status_line
    from planner.report.terminal import new_console, print_line
    from planner.result import Status

    infeasible = any(result.status is Status.INFEASIBLE for result in results.values())
    code = ExitCode.INFEASIBLE if infeasible else ExitCode.NO_PLAN
    if as_json:
        status = str(Status.INFEASIBLE if infeasible else Status.NO_PLAN)
        end(code, {"status": status, **{side: result_data(result) for side, result in results.items()}})
    console = new_console()
    for side, result in results.items():
        if result.plan is not None:
            print_line(console, f"The {side} has a plan. {status_line(plan_summary(result.plan))}")
        elif result.status is Status.INFEASIBLE:
            print_line(console, f"The {side} has no plan.", "bold red")
            print_diagnosis(console, result.diagnosis)
        else:
            print_line(console, f"The {side}: {no_plan_sentence(result)}", "bold yellow")
    end(code)
