"""Every command: what it prints, its exit code, and one JSON document where that is asked."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from signing import signed
from typer.testing import CliRunner

import planner
from planner import api
from planner.cli.main import app, main
from planner.cli.progress import progress_line, progress_words
from planner.errors import SolverError, VerificationError
from planner.plan import Plan
from planner.plan.rows import TABLES, columns
from planner.result import Clash, Diagnosis, SolveResult, Status
from planner.solver import Progress

NO_ROOM = ["--set", "sites.north.power_limit_mw=0.01"]


class Ran:
    """A command that has run."""

    def __init__(self, *arguments: object) -> None:
        result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "100"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr

    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


def bad(change: Any) -> Any:
    """A stand-in that raises, for what the tests replace."""

    def raising(*_: Any, **__: Any) -> Any:
        raise change

    return raising


# check


def test_check_lists_options(question: Path) -> None:
    ran = Ran("check", question)
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("Valid: 2 pools of 1 server type at 1 site")
    assert "dgx-a100" in ran.out
    assert ran.err == ""


def test_check_as_json(question: Path) -> None:
    data = Ran("check", question, "--json").json()
    assert data["status"] == "valid"
    assert {row["cooling"] for row in data["pools"]} == {"air", "evaporative"}
    assert data["counts"]["pools"] == 2


def test_check_warns_of_a_workload_that_nothing_can_carry(question: Path) -> None:
    ran = Ran("check", question, "--set", "sites.north.rack_kw_limit=2")
    assert ran.code == 0
    assert "No pool can carry load" in ran.out
    assert "Removed by placement" in ran.out


# solve


def test_solve_prints_and_writes_the_plan(solved: Path) -> None:
    assert sorted(file.name for file in solved.iterdir()) == [
        "bom.csv",
        "cables.csv",
        "costs.csv",
        "plan.json",
        "racks.csv",
    ]
    found = Plan.read(solved)
    # 30 PFLOP/s / (8 x 312 TFLOP/s) = 12.02: thirteen servers
    assert found.totals["servers"] == 13
    assert found.status == "optimal"


def test_solve_by_command_is_solve_by_function(question: Path, solved: Path) -> None:
    plan = planner.solve(planner.load_instance(question)).require_plan()
    assert plan.to_json() == (solved / "plan.json").read_text(encoding="utf-8")


def test_solve_as_json_is_the_plan_file(question: Path, solved: Path, tmp_path: Path) -> None:
    ran = Ran("solve", question, "--json", "-o", tmp_path / "out")
    assert ran.code == 0
    assert ran.out == (solved / "plan.json").read_text(encoding="utf-8") == (tmp_path / "out/plan.json").read_text()
    assert ran.err == f"Wrote plan.json, bom.csv, costs.csv, cables.csv and racks.csv to {tmp_path / 'out'}\n"


def test_solve_takes_settings(question: Path) -> None:
    ran = Ran("solve", question, "--set", "workloads.load.peak_flops=10e15", "--json")
    assert ran.json()["totals"]["servers"] == 5


def test_no_plan_exists(question: Path, tmp_path: Path) -> None:
    ran = Ran("solve", question, *NO_ROOM, "-o", tmp_path / "out")
    assert ran.code == 4
    assert ran.out.startswith("No plan exists.")
    assert "site power" in ran.out
    assert not (tmp_path / "out").exists()
    data = Ran("solve", question, *NO_ROOM, "--json").json()
    assert data["status"] == "infeasible"
    assert {clash["family"] for clash in data["diagnosis"]["clashes"]} == {"demand", "site power"}


def test_limit_before_any_plan(question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "solve", lambda *_, **__: SolveResult(Status.NO_PLAN, None, None, 12.5, None, 3.0))
    ran = Ran("solve", question, "--time-limit", 3)
    assert ran.code == 5
    assert "No plan found in 3 s" in ran.out
    assert Ran("solve", question, "--json").json() == {"status": "no_plan", "bound": 12.5, "seconds": 3.0}


@pytest.mark.parametrize(
    ("limit", "seconds", "words"),
    [(["--time-limit", "60"], 60.4, "in 60 s, gap 2 %: time limit reached"), ([], 5.0, "in 5 s, gap 2 %: interrupted")],
)
def test_best_plan_at_a_limit_is_a_plan_and_said_first(
    question: Path, solved: Path, monkeypatch: pytest.MonkeyPatch, limit: list[str], seconds: float, words: str
) -> None:
    plan = replace(Plan.read(solved), status="feasible", gap=0.02)
    stopped = not limit  # without a limit the user ends it
    result = SolveResult(Status.FEASIBLE, plan, plan.objective, plan.bound, plan.gap, seconds, interrupted=stopped)
    monkeypatch.setattr(api, "solve", lambda *_, **__: result)
    ran = Ran("solve", question, *limit)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"Best plan found {words}"


def test_solve_goes_on_from_an_earlier_plan(question: Path, solved: Path) -> None:
    """What the plan has bought stands there from the start; a plan that begins as late is refused in a sentence."""
    ran = Ran("solve", question, "--from", solved, "--set", "horizon.start=2026-01", "--json")
    assert ran.code == 0, ran.err
    plan = ran.json()
    assert plan["decisions"]["owned"]
    assert all(row["in_service"] or row["sold"] or row["period"] > 1 for row in plan["decisions"]["owned"])
    assert len(plan["provenance"]["instance"]["owned"]) == len({row["fleet"] for row in plan["decisions"]["owned"]})
    refused = Ran("solve", question, "--from", solved)
    assert refused.code != 0
    assert "a later one is accepted" in refused.err


def test_options_reach_the_solver(question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def solve(_: Any, **options: Any) -> SolveResult:
        asked.update(options)
        return SolveResult(Status.NO_PLAN, None, None, None, None, 1.0)

    monkeypatch.setattr(api, "solve", solve)
    Ran("solve", question, "--gap", "0.01", "--time-limit", "9", "--threads", "2", "--seed", "5")
    del asked["on_progress"]
    assert asked == {"gap": 0.01, "time_limit": 9.0, "threads": 2, "seed": 5, "diagnosis": True}
    Ran("solve", question)
    assert (asked["gap"], asked["time_limit"], asked["threads"], asked["seed"]) == (api.DEFAULT_GAP, None, None, 0)


def test_the_problem_can_be_written_for_another_solver(question: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.mps"
    ran = Ran("solve", question, "--write-model", file)
    assert (ran.code, ran.out) == (0, "")
    text = file.read_text()
    assert text.count("RHS") >= 1
    assert "ENDATA" in text
    assert Ran("solve", question, "--write-model", tmp_path / "small.txt").code == 2
    assert Ran("solve", question, "--write-model", tmp_path / "no" / "small.mps").code == 2


def test_what_a_file_says_in_vain_is_told_on_standard_error(question: Path) -> None:
    question.write_text(question.read_text() + "  overrides: {switches: {qm9700: {price: 1}}}\n")
    ran = Ran("check", question, "--json")
    assert ran.code == 0
    assert ran.json()["status"] == "valid"
    assert ran.err.startswith(f"{question}:14: catalogue.overrides.switches.qm9700: found a setting that nothing reads")
    refused = Ran("check", question, "--set", "catalogue.switches.qm9700.price=2")
    assert (refused.code, "catalogue.switches leaves it out" in refused.err) == (3, True)


# verify, report


def test_verify_passes_a_good_plan(solved: Path) -> None:
    ran = Ran("verify", solved)
    assert ran.code == 0
    assert ran.out.startswith("Verified: ")
    assert Ran("verify", solved / "plan.json", "--json").json()["passed"] is True


def test_verify_notices_an_instance_edited_after_solving(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    data["provenance"]["instance"]["sites"][0]["power_limit_mw"] *= 1.0001
    data["decisions"]["sites"][0]["power_limit_kw"] *= 1.0001
    (tmp_path / "plan.json").write_text(json.dumps(data))
    ran = Ran("verify", tmp_path, "--json")
    assert ran.code == 1
    assert [check["concern"] for check in ran.json()["checks"] if not check["passed"]] == ["file", "provenance"]
    (tmp_path / "plan.json").write_text(json.dumps(signed(data)))  # whoever edits can write the digest anew
    ran = Ran("verify", tmp_path, "--json")
    assert [check["concern"] for check in ran.json()["checks"] if not check["passed"]] == ["provenance"]


def test_verify_fails_a_damaged_plan(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    data["totals"]["servers"] += 1
    data["decisions"]["fleet"][0]["in_service"] += 1
    (tmp_path / "plan.json").write_text(json.dumps(data))
    ran = Ran("verify", tmp_path)
    assert ran.code == 1
    assert ran.out.startswith("FAILED: ")
    assert "Failures" in ran.out
    as_json = Ran("verify", tmp_path, "--json")
    assert as_json.code == 1
    assert not all(check["passed"] for check in as_json.json()["checks"])


def test_report_prints_what_solve_printed(question: Path, solved: Path) -> None:
    assert Ran("report", solved).out == Ran("solve", question).out


def test_report_verifies_before_it_says_so(solved: Path, tmp_path: Path) -> None:
    """A damaged plan is shown, with what fails first and last, and ends like a failed verification."""
    data = json.loads((solved / "plan.json").read_text())
    data["decisions"]["fleet"][0]["in_service"] -= 1
    (tmp_path / "plan.json").write_text(json.dumps(data))
    ran = Ran("report", tmp_path)
    assert ran.code == 1
    assert ran.out.startswith("Verification FAILED: ")
    assert "checks passed" not in ran.out
    as_json = Ran("report", tmp_path, "--json")
    assert as_json.code == 1
    found = as_json.json()["verification"]
    assert found["made_now"]
    assert 0 < len(found["failed"]) < found["checks"]


def test_report_of_a_plan_without_its_instance_claims_nothing(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    del data["provenance"]["instance"]
    (tmp_path / "plan.json").write_text(json.dumps(data))
    ran = Ran("report", tmp_path)
    assert ran.code == 1
    assert "its digest does not fit" in ran.out
    (tmp_path / "plan.json").write_text(json.dumps(signed(data)))
    ran = Ran("report", tmp_path)
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Not verified."


def test_report_as_json_and_as_picture(solved: Path, tmp_path: Path) -> None:
    picture = tmp_path / "plan.svg"
    ran = Ran("report", solved, "--json", "--svg", picture)
    assert ran.json()["totals"]["servers"] == 13
    assert picture.read_text().startswith("<svg")
    only = Ran("report", solved, "--svg", picture)
    assert (only.out, only.code) == ("", 0)
    assert Ran("report", solved, "--svg", tmp_path / "new" / "plan.svg").code == 0
    assert (tmp_path / "new" / "plan.svg").read_bytes() == picture.read_bytes()
    assert Ran("report", solved, "--svg", picture / "where.svg").code == 2


def test_report_gives_each_table_as_csv(solved: Path) -> None:
    plan = json.loads((solved / "plan.json").read_text())
    tables = {**plan["decisions"], **{name: plan[name] for name in TABLES if name in plan}}
    for name in TABLES:
        ran = Ran("report", solved, "--format", "csv", "--table", name)
        rows = list(csv.DictReader(io.StringIO(ran.out)))
        assert (ran.code, len(rows)) == (0, len(tables[name])), name
        assert tuple(ran.out.splitlines()[0].split(",")) == columns(name)  # a plan may rent nothing
    hour = Ran("report", solved, "--format", "json", "--table", "unit_costs").json()["rows"][0]
    assert hour["unit_cost"] == plan["unit_costs"][0]["unit_cost"]
    assert Ran("report", solved, "--format", "json").json()["orders"] == plan["orders"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "csv"], "--format csv needs --table: one of fleet"),
        (["--format", "csv", "--table", "unit_cost"], "found the table 'unit_cost'; one of fleet"),
        (["--table", "orders"], "found --table without --format; csv or json is accepted"),
    ],
)
def test_report_says_which_table_and_format_go_together(solved: Path, options: list[str], said: str) -> None:
    ran = Ran("report", solved, *options)
    assert ran.code == 2
    assert said in ran.err


def test_a_table_of_an_edited_plan_says_so(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    data["orders"][0]["quantity"] += 1
    (tmp_path / "plan.json").write_text(json.dumps(data))
    ran = Ran("report", tmp_path, "--format", "csv", "--table", "orders")
    assert ran.code == 1
    assert "Verification FAILED" in ran.err


def test_text_of_the_file_is_not_markup(question: Path, solved: Path) -> None:
    assert "[red]thirty[/red] petaflops" in Ran("report", solved).out


# compare, whatif


def test_compare_a_plan_with_itself(solved: Path) -> None:
    ran = Ran("compare", solved, solved)
    assert ran.code == 0
    assert "not proven: the gaps allow 0" in ran.out
    assert "The plans decide the same and cost the same." in ran.out
    assert Ran("compare", solved, solved, "--json").json()["decisions"] == []


def test_plans_in_different_money_are_not_compared(solved: Path, tmp_path: Path) -> None:
    data = json.loads((solved / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**data, "currency": "CNY"}))
    ran = Ran("compare", solved, tmp_path)
    assert ran.code == 2
    assert ran.err == "Error: plans of different currencies cannot be compared: USD and CNY\n"


def test_whatif_shows_changes_only(question: Path) -> None:
    setting = "catalogue.servers.dgx-a100.price=150000"
    ran = Ran("whatif", question, "--set", setting)
    assert ran.code == 0
    first, second, *rest = ran.out.splitlines()
    assert first == f"Variant: {setting}"
    assert second.startswith("The TCO of the variant is 637,000 USD")  # 13 servers x 49,000
    assert "the intervals do not overlap" in " ".join(ran.out.split())
    text = "\n".join(rest)
    assert "servers" in text
    assert "electricity" not in text
    assert "Decisions" not in text


def test_whatif_as_json(question: Path) -> None:
    data = Ran("whatif", question, "--set", "sites.north.tariff_per_kwh=0.1", "--json").json()
    assert data["settings"] == ["sites.north.tariff_per_kwh=0.1"]
    assert data["real"] is True
    assert [row["item"] for row in data["costs"] if row["beyond_gap"]] == ["electricity"]


def test_whatif_says_which_side_has_no_plan(question: Path) -> None:
    ran = Ran("whatif", question, *NO_ROOM)
    assert ran.code == 4
    assert "The base has a plan." in ran.out
    assert "The variant has no plan." in ran.out
    data = Ran("whatif", question, *NO_ROOM, "--json").json()
    assert data["status"] == "infeasible"
    assert data["base"]["status"] == "optimal"
    assert data["variant"]["diagnosis"]["clashes"]


def test_whatif_out_of_time(question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = SolveResult(Status.NO_PLAN, None, None, None, None, 3.0)
    monkeypatch.setattr(api, "whatif", lambda *_, **__: (result, result))
    assert Ran("whatif", question, "--set", "objective=capex").code == 5


@pytest.mark.parametrize(
    ("setting", "words"),
    [("objective=capex", "different objectives"), ("currency={unit: CNY, rates: {USD: 7}}", "different currencies")],
)
def test_whatif_refuses_what_cannot_be_compared_before_solving(
    question: Path, monkeypatch: pytest.MonkeyPatch, setting: str, words: str
) -> None:
    monkeypatch.setattr(api, "solve", bad(AssertionError("solved")))
    ran = Ran("whatif", question, "--set", setting, "--json")
    assert ran.code == 2
    assert words in ran.err
    assert ran.json()["status"] == "error"


def test_whatif_needs_a_setting(question: Path) -> None:
    assert Ran("whatif", question).code == 2


# catalogue, demand, version


@pytest.mark.parametrize(
    "kind",
    [
        "accelerators",
        "servers",
        "switches",
        "optics",
        "cooling",
        "racks",
        "sites",
        "places",
        "tariffs",
        "rents",
        "hosted",
    ],
)
def test_catalogue(kind: str) -> None:
    ran = Ran("catalogue", kind)
    assert ran.code == 0
    data = Ran("catalogue", kind, "--json").json()
    assert data["catalogue"] == kind
    assert f"{kind.capitalize()}: {len(data['rows'])}" in ran.out
    assert all(row["source"] and row["as_of"] for row in data["rows"])


def test_catalogue_names_its_sources() -> None:
    out = " ".join(Ran("catalogue", "racks", "--sources").out.split())
    for row in Ran("catalogue", "racks", "--json").json()["rows"]:
        assert row["as_of"] in out
        assert row["source"].split()[0] in out
        assert row["price"] is None or (row["price_date"] in out and row["price_source"].split()[0] in out)


def test_unknown_kind_is_wrong_use() -> None:
    assert Ran("catalogue", "unicorns").code == 2


def test_demand_is_mounted() -> None:
    ran = Ran("demand", "memory", "--parameters", "175e9", "--json")
    assert ran.code == 0
    assert ran.json()["demand"] == "memory"


def test_version() -> None:
    ran = Ran("--version")
    assert (ran.code, ran.out) == (0, f"planner {planner.__version__}\n")


def test_help_names_every_command() -> None:
    out = Ran("--help").out
    for name in ("check", "solve", "verify", "report", "whatif", "compare", "catalogue", "demand"):
        assert name in out


# Wrong use


@pytest.mark.parametrize(
    "options",
    [
        ["--gap", "1"], ["--gap", "-0.1"], ["--gap", "nan"], ["--time-limit", "0"], ["--time-limit", "inf"],
        ["--time-limit", "nan"], ["--time-limit", "-1"],
        ["--threads", "0"], ["--threads", "100000"], ["--seed", "-1"], ["--seed", "2147483648"], ["--colour"],
    ],
)  # fmt: skip
def test_bad_options_are_wrong_use(question: Path, options: list[str]) -> None:
    ran = Ran("solve", question, *options)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_output_that_is_a_file_is_refused_before_solving(
    question: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(api, "solve", bad(AssertionError("solved")))
    taken = tmp_path / "taken"
    taken.write_text("mine")
    (tmp_path / "held" / "plan.json").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    for folder in (taken, taken / "below", tmp_path / "held", tmp_path / "new" / ("x" * 300), Path("/proc/none")):
        ran = Ran("solve", question, "-o", folder)
        assert ran.code == 2
        assert ran.err.startswith("Error: ")
        assert len(ran.err.splitlines()) == 1
    assert taken.read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["verify", "report", "compare"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"format_version": 99}', '{"format_version": 1}', "\x00"])
def test_unreadable_plans_are_wrong_use(command: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    ran = Ran(command, *([file, file] if command == "compare" else [file]), "--json")
    assert ran.code == 2
    assert ran.err.startswith("Error: ")
    assert ran.json()["status"] == "error"
    assert Ran(command, *([tmp_path / "none"] * (2 if command == "compare" else 1))).code == 2


# Invalid instances


def test_every_fault_is_told_with_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "name: bad\n"
        "horizon: {start: 2024-13, periods: 0}\n"
        "objektive: tco\n"
        "workloads:\n"
        "  - {name: load, kind: compute, peak_flops: -1}\n"
        "sites:\n"
        "  - {name: north, power_limit_mw: 5 parsecs, colour: red}\n"
    )
    for command in (["check"], ["solve", "-o", str(tmp_path / "out")], ["whatif", "--set", "name=other"]):
        ran = Ran(*command, file)
        assert ran.code == 3
        assert ran.out == ""
        lines = ran.err.splitlines()
        assert len(lines) >= 6
        assert all(line.startswith(f"{file}:") for line in lines)
        assert {line.removeprefix(f"{file}:").partition(":")[0] for line in lines} >= {"2", "3", "5", "7"}
    assert not (tmp_path / "out").exists()
    data = Ran("check", file, "--json").json()
    assert data["status"] == "invalid"
    assert len(data["faults"]) == len(lines)
    assert {fault["line"] for fault in data["faults"]} >= {2, 3, 5, 7}


def test_a_missing_file_and_a_wrong_setting_are_told(question: Path, tmp_path: Path) -> None:
    ran = Ran("check", tmp_path / "none.yaml")
    assert ran.code == 3
    assert "none.yaml" in ran.err
    ran = Ran("check", question, "--set", "sites.nowhere.pue_limit=1.1")
    assert ran.code == 3
    assert "nowhere" in ran.err


# Our bugs, and Ctrl-C


@pytest.mark.parametrize("error", [SolverError("HiGHS ended with Unknown"), VerificationError("2 checks failed\n  a")])
def test_bugs_of_ours_are_one_line_and_how_to_report_them(
    question: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(api, "solve", bad(error))
    ran = Ran("solve", question)
    assert ran.code == 70
    line, how = ran.err.splitlines()
    assert line == f"planner failed: {type(error).__name__}: {' '.join(str(error).split())}"
    assert "report" in how
    assert Ran("solve", question, "--json").json()["status"] == "bug"


def test_the_unforeseen_is_a_bug_without_traceback(
    question: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "check", bad(TypeError("what")))
    monkeypatch.setattr(sys, "argv", ["planner", "check", str(question)])
    monkeypatch.delenv("PLANNER_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 70
    assert capsys.readouterr().err.startswith("planner failed: TypeError: what\n")
    monkeypatch.setenv("PLANNER_DEBUG", "1")
    with pytest.raises(TypeError):
        main()


def test_interrupted_outside_the_search(question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "check", bad(KeyboardInterrupt()))
    ran = Ran("check", question)
    assert ran.code == 130
    assert ran.err == "Interrupted.\n"


# Progress


def test_progress_in_words() -> None:
    assert progress_words(Progress(1.0, None, None), "USD") == "no plan yet"
    assert progress_words(Progress(1.0, None, 5e6), "USD") == "no plan yet, bound 5.000 M USD"
    assert progress_words(Progress(1.0, 5e6, 4.99e6), "USD") == "best 5.000 M USD, bound 4.990 M USD, gap 0.2 %"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line("Solving", "USD") as tell:
        tell(Progress(1.0, 5e6, 4.99e6))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_diagnosis_notes_are_not_markup(question: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnosis = Diagnosis((Clash("demand", "[b]met[/b]"), Clash("budget", "x\x1b[2J")), ("[i]note[/i]",))
    result = SolveResult(Status.INFEASIBLE, None, None, None, None, 1.0, diagnosis)
    monkeypatch.setattr(api, "solve", lambda *_, **__: result)
    ran = Ran("solve", question)
    assert "[b]met[/b]" in ran.out
    assert "- [i]note[/i]" in ran.out
    assert "\x1b" not in ran.out
