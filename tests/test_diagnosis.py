"""Why there is no plan: the right limits are named, group by group, and none that is not needed.

Each case is a tiny instance with a limit that its own derivation shows to be too tight.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.options import Options
from planner.result import Diagnosis, SolveResult, Status
from planner.solver import Solution, SolverOptions
from planner.solving import attempt, diagnosis

TINY = Path(__file__).parents[1] / "instances" / "tiny"
ONE, FOUR = "01-one-server", "09-infeasible-power"
ONLY_A800 = "catalogue.servers=[nf5688m6-8xa800]"
ENOUGH = {
    "site power": "sites.{site}.power_limit_mw=1",
    "budget": "budget.capex=null",
    "budget by period": "budget.capex_by_period=null",
    "export rules": "policy.export_rules=none",
    "pue limit": "sites.{site}.pue_limit=null",
    "supply": "supply=[]",
    "workload places": "workloads.load.sites=null",
    "rack fill": "sites.{site}.min_rack_fill=null",
    "rack power": "sites.{site}.rack_kw_limit=null",
}
"""The change that drops a family."""


def solved(file: str, *changes: str) -> SolveResult:
    return api.solve(api.load_instance(TINY / f"{file}.yaml", changes), isolate=False)


def found(file: str, *changes: str) -> Diagnosis:
    result = solved(file, *changes)
    assert result.status is Status.INFEASIBLE
    assert result.plan is None
    assert result.diagnosis is not None
    return result.diagnosis


def groups(diagnosis: Diagnosis) -> list[set[str]]:
    """Families by group, the demand taken out, which stands in every group."""
    by_group: dict[int, set[str]] = {}
    for clash in diagnosis.clashes:
        by_group.setdefault(clash.group, set()).add(clash.family)
    assert all("demand" in families for families in by_group.values())
    return [by_group[number] - {"demand"} for number in sorted(by_group)]


CASES = [
    pytest.param(FOUR, "home", [], {"site power"}, "0.03321 MW at home (limit 0.026)", id="power"),
    pytest.param(ONE, "home", ["budget.capex=200000"], {"budget"}, "spends 247,105 USD", id="budget"),
    pytest.param(
        "08-export-after", "shanghai", [ONLY_A800], {"export rules"}, "a800-sxm-80 at shanghai", id="export rules"
    ),
    pytest.param(ONE, "home", ["sites.home.pue_limit=1.2"], {"pue limit"}, "PUE 1.25", id="PUE of every hall"),
    pytest.param(
        ONE, "home", ["sites.home.pue_limit=1.2", "sites.home.pue_rule=site-average"], {"pue limit"}, "PUE 1.25",
        id="mean PUE",
    ),
    pytest.param(
        "10-supply", "home", ["catalogue.servers=[dgx-a100]"], {"supply"}, "24 a100-sxm-80 (limit 16)", id="supply"
    ),
    pytest.param(
        "04-two-sites", "west", ["workloads.load.sites=[west]"], {"workload places", "site power"}, "load at east",
        id="workload places",
    ),
    pytest.param(
        "13-rack-fill", "home", ["sites.home.min_rack_fill=1", "sites.home.power_limit_mw=0.035"],
        {"rack fill", "site power"}, "fills 67 % of the racks at home (least 100 %)", id="rack fill",
    ),
    pytest.param(ONE, "home", ["sites.home.rack_kw_limit=5"], {"rack power"}, "20 kW at home", id="rack power"),
    pytest.param("11-infeasible-export-supply", "shanghai", [], {"export rules", "supply"}, "16 ascend", id="two"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "site", "changes", "families", "words"), CASES)
def test_the_limits_that_clash_are_named(
    file: str, site: str, changes: list[str], families: set[str], words: str
) -> None:
    """One group, with a sentence that says what it would take."""
    diagnosis = found(file, *changes)
    assert groups(diagnosis) == [families]
    assert words in "; ".join(clash.sentence for clash in diagnosis.clashes)
    assert diagnosis.complete


@pytest.mark.parametrize(("file", "site", "changes", "families", "words"), CASES)
def test_dropping_any_named_limit_settles_the_clash(
    file: str, site: str, changes: list[str], families: set[str], words: str
) -> None:
    """The set is irreducible: it takes all of its limits to clash."""
    for family in families:
        assert solved(file, *changes, ENOUGH[family].format(site=site)).plan is not None, family


@pytest.mark.parametrize(
    ("file", "changes", "most"),
    [(ONE, ["budget.capex=200000"], 2), (FOUR, [], 3), ("11-infeasible-export-supply", [], 7)],
)
def test_few_solves_tell_why(monkeypatch: pytest.MonkeyPatch, file: str, changes: list[str], most: int) -> None:
    """A budget takes the solve that names the cheapest plan, and one to show that nothing else clashes with it."""
    solves: list[Options] = []

    def counted(options: Options, *others: Any) -> Any:
        solves.append(options)
        return attempt.solve_options(options, *others)

    monkeypatch.setattr(diagnosis, "solve_options", counted)
    found(file, *changes)
    assert len(solves) <= most


def test_the_price_of_the_cheapest_plan_is_the_first_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known however little time is left for the rest."""
    asked: list[Options] = []

    def only_once(options: Options, *others: Any) -> Any:
        asked.append(options)
        return (
            attempt.solve_options(options, *others)
            if len(asked) == 1
            else (Solution("no_plan", *[None] * 3, 0.0), None)
        )

    monkeypatch.setattr(diagnosis, "solve_options", only_once)
    clashes = found(ONE, "budget.capex=200000").clashes
    assert asked[0].instance.objective == "capex"
    assert "the cheapest plan spends 247,105 USD (limit 200,000)" in "; ".join(clash.sentence for clash in clashes)


def test_a_budget_of_one_period_is_a_budget() -> None:
    assert groups(found(ONE, "budget.capex_by_period=[200000]")) == [{"budget"}]
    assert solved(ONE, "budget.capex_by_period=[200000]", ENOUGH["budget by period"]).plan is not None


INDEPENDENT = [
    pytest.param(FOUR, ["budget.capex=200000"], {"site power", "budget"}, id="power and budget"),
    pytest.param(
        ONE, ["budget.capex=200000", "sites.home.pue_limit=1.2"], {"budget", "pue limit"}, id="budget and PUE"
    ),
    pytest.param(
        "08-export-after", [ONLY_A800, "sites.shanghai.rack_kw_limit=5"], {"export rules", "rack power"},
        id="export rules and rack power",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "changes", "families"), INDEPENDENT)
def test_independent_clashes_come_as_groups_of_their_own(file: str, changes: list[str], families: set[str]) -> None:
    """Neither limit settles anything alone, both together do; each sentence leaves the other clash out."""
    diagnosis = found(file, *changes)
    assert diagnosis.complete
    assert sorted(map(sorted, groups(diagnosis))) == [[family] for family in sorted(families)]
    site = "shanghai" if "export rules" in families else "home"
    drops = {family: ENOUGH[family].format(site=site) for family in families}
    for family in families:
        assert groups(found(file, *changes, drops[family])) == [families - {family}]
    assert solved(file, *changes, *drops.values()).plan is not None


def test_limits_that_hold_are_not_named() -> None:
    """Every other family is there, and wide enough."""
    wide = (
        "budget.capex=1e9", "sites.home.pue_limit=1.3", "sites.home.min_rack_fill=0.1", "workloads.load.sites=[home]",
        "supply=[{kind: servers, id: dgx-a100, limit: 99}]",
    )  # fmt: skip
    assert groups(found(FOUR, *wide)) == [{"site power"}]


def test_only_supply_limits_that_are_passed_are_named() -> None:
    """The limit of the A800 is never reached, and one of a period counts that period alone."""
    changes = ["catalogue.servers=[dgx-a100]"]
    limits = (
        "{kind: accelerators, id: a100-sxm-80, limit: 16, period: 1}, {kind: accelerators, id: a800-sxm-80, limit: 5}"
    )
    diagnosis = found("10-supply", *changes, f"supply=[{limits}]")
    sentence = next(clash.sentence for clash in diagnosis.clashes if clash.family == "supply")
    assert sentence.endswith("the plan buys 24 a100-sxm-80 in period 1 (limit 16)")


def test_no_plan_whatever_the_limits() -> None:
    """No cable for the ports: demand alone clashes, for certain."""
    diagnosis = found(ONE, "catalogue.optics=[fibre-om4-mpo12]")
    assert groups(diagnosis) == [set()]
    assert "whatever the limits" in diagnosis.clashes[0].sentence
    assert diagnosis.complete


def test_notes_tell_what_was_taken_out_before_the_model() -> None:
    notes = found(ONE, "sites.home.pue_limit=1.2").notes
    assert any("evaporative at home: PUE 1.25 > limit 1.2" in note for note in notes)
    assert any(note.startswith("load: no pool is left") for note in notes)


def diagnosed(file: str, seconds_ago: float = 0) -> Diagnosis:
    options = api.check(api.load_instance(TINY / f"{file}.yaml"))
    solver = SolverOptions(time_limit=5, isolate=False)
    return diagnosis.diagnose(options, solver, time.monotonic() - seconds_ago)


def test_a_diagnosis_without_time_says_that_it_is_incomplete() -> None:
    assert not diagnosed(FOUR, seconds_ago=60).complete


def test_a_diagnosis_without_time_claims_nothing() -> None:
    """Nobody knows whether another limit would do: 09 has a plan without the power limit."""
    sentences = [clash.sentence for clash in diagnosed(FOUR, seconds_ago=60).clashes]
    assert not any("whatever the limits" in sentence for sentence in sentences)


@pytest.mark.parametrize("answered", [1, 2, 3])
def test_time_that_runs_out_on_the_way_leaves_a_larger_set(monkeypatch: pytest.MonkeyPatch, answered: int) -> None:
    """What could not be asked stays named; the limits that do clash are always among them."""
    left = iter([20.0] * answered)
    monkeypatch.setattr(diagnosis, "_seconds", lambda deadline: next(left, None))
    cut_short = diagnosed("11-infeasible-export-supply")
    assert not cut_short.complete
    assert {"export rules", "supply"} <= set().union(*groups(cut_short))
    assert any("time ran out" in clash.sentence for clash in cut_short.clashes)


def test_without_a_diagnosis_only_the_status_is_told() -> None:
    tiny = TINY / f"{FOUR}.yaml"
    result = api.solve(api.load_instance(tiny), diagnosis=False)
    assert (result.status, result.diagnosis) == ("infeasible", None)
    told = CliRunner().invoke(app, ["solve", str(tiny), "--no-diagnosis"])
    assert (told.exit_code, told.stdout.strip()) == (4, "No plan exists.")
