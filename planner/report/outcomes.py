"""What is said when there is no plan, and what a verification found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, plural

if TYPE_CHECKING:
    from planner.errors import Fault
    from planner.result import Diagnosis, SolveResult
    from planner.verification import VerificationReport


def fault_rows(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults of an input file as plain data."""
    return [asdict(fault) for fault in faults]


def fault_lines(faults: Iterable[Fault]) -> list[str]:
    """Faults of an input file, one line each: ``file:line: key: message``."""
    return [clean(" ".join(str(fault).split())) for fault in faults]


def result_data(result: SolveResult) -> dict[str, Any]:
    """A result without a plan as plain data."""
    data: dict[str, Any] = {"status": str(result.status), "bound": result.bound, "seconds": round(result.seconds, 1)}
    if result.diagnosis is not None:
        data["diagnosis"] = asdict(result.diagnosis)
    return data


def infeasible_sentences(diagnosis: Diagnosis | None) -> tuple[str, ...]:
    """That no plan exists, and how to read the clash."""
    if diagnosis is None:
        return ("No plan exists.",)
    if len(diagnosis.clashes) < 2:
        return ("No plan exists: " + "; ".join(clash.sentence for clash in diagnosis.clashes) + ".",)
    groups = {clash.group for clash in diagnosis.clashes}
    if len(groups) > 1:
        reading = f"{len(groups)} clashes, each of its own; in each, giving way in any one of the limits settles it."
    else:
        reading = "These cannot all hold together; giving way in any one of the limits settles it."
    if not diagnosis.complete:
        reading = "These cannot all hold together. Time ran out before the list was as short as it can be."
    return ("No plan exists.", reading)


def clash_table(diagnosis: Diagnosis | None) -> Table:
    """The requirements that clash, and what each would have to give."""
    clashes = diagnosis.clashes if diagnosis is not None and len(diagnosis.clashes) > 1 else ()
    if len({clash.group for clash in clashes}) > 1:
        rows = ((f"{clash.group}", clash.family, clash.sentence) for clash in clashes)
        return table("Clashes", ("clash", "requirement", "what it takes"), rows)
    return table("Clash", ("requirement", "what it takes"), ((clash.family, clash.sentence) for clash in clashes))


def no_plan_sentence(result: SolveResult) -> str:
    """That a limit came before any plan."""
    bound = "" if result.bound is None else f" The proven lower limit is {result.bound:,.0f}."
    if result.interrupted:
        return f"Interrupted after {result.seconds:.0f} s, before any plan was found.{bound}"
    return f"No plan found in {result.seconds:.0f} s: a limit came first.{bound} Give it more time with --time-limit."


def verification_sentence(report: VerificationReport) -> str:
    """Whether every check passed."""
    number = len(report.checks)
    if report.passed:
        return f"Verified: {plural(number, 'check')} passed."
    if not number:
        return "Not verified: no check could be made."
    return f"FAILED: {len(report.failures)} of {plural(number, 'check')}."


def concern_table(report: VerificationReport) -> Table:
    """Checks passed and failed by concern."""
    concerns = dict.fromkeys(check.concern for check in report.checks)
    rows = []
    for concern in concerns:
        results = [check.passed for check in report.checks if check.concern == concern]
        rows.append((concern, f"{sum(results):,}", f"{len(results) - sum(results):,}" if not all(results) else ""))
    return table("Checks", ("concern", ">passed", ">failed"), rows)


def failure_table(report: VerificationReport) -> Table:
    """The checks that failed, with what was found and expected."""
    rows = ((check.concern, check.check, check.detail) for check in report.failures)
    return table("Failures", ("concern", "check", "found"), rows)
