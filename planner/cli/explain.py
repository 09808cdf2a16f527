"""``planner explain``: why a plan is as it is."""

from __future__ import annotations

from planner.cli.outcome import ExitCode, end, outcomes, print_answer, print_json
from planner.cli.parameters import AsJson, PlanFile, TimeLimit


def explain(plan: PlanFile, time_limit: TimeLimit = None, as_json: AsJson = False) -> None:
    """Tell what everything else would have to cost, what limits are worth and what loads cost."""
    with outcomes(as_json):
        from planner import api
        from planner.report import explain as words

        found = api.explain(plan, time_limit=time_limit)
        if found is None:
            end(ExitCode.NO_PLAN, {"status": "no_plan"} if as_json else None)
        if as_json:
            print_json(words.explain_data(found))
        else:
            print_answer(words.explain_sentences(found), words.explain_tables(found))
