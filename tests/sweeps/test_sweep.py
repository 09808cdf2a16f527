"""Sweeps: their rows are single solves, they go on where they were, and workers may be lost."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import InstanceError, SweepError
from planner.sweeps import sweep as room
from planner.sweeps.run import fleet_text
from planner.sweeps.sweep import RUNS, TABLE, Sweep

TWO_SITES = Path(__file__).resolve().parents[2] / "instances" / "tiny" / "04-two-sites.yaml"
"""Five servers: three fit where power is cheap; all stand in the east once that saves a switch."""
TARIFFS = api.grid("sites.*.tariff_per_kwh*=0.5,1,2", "horizon.period_years=2,4")


def told(found: Sweep) -> list[dict[str, Any]]:
    """Rows without their times."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in found.rows]


def test_rows_equal_single_solves_and_say_where_the_choice_changes() -> None:
    found = api.sweep(TWO_SITES, TARIFFS)
    assert found.missing == 0
    for row, variant in zip(found.rows, TARIFFS, strict=True):
        alone = api.solve(api.load_instance(TWO_SITES, variant.changes), threads=1).require_plan()
        assert (row["objective"], row["servers"]) == (alone.objective, alone.totals["servers"])
        assert {key: row[key] for key in found.keys} == variant.values
    assert [row["decision"] for row in found.rows] == ["A", "B", "B", "B", "B", "B"]
    assert found.rows[0]["fleet"] == [[5, "dgx-a100", "east"]]
    assert found.rows[1]["fleet"] == [[3, "dgx-a100", "west"], [2, "dgx-a100", "east"]]
    assert found.to_frame()["fleet"][1] == "3 dgx-a100 at west, 2 dgx-a100 at east"
    assert list(found.to_frame()["objective"]) == [row["objective"] for row in found.rows]


def test_two_processes_tell_the_same() -> None:
    assert told(api.sweep(TWO_SITES, TARIFFS[:3], jobs=2)) == told(api.sweep(TWO_SITES, TARIFFS[:3]))


def test_a_sweep_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended after two runs, its last line torn, it solves only what is missing, and writes the table of all."""
    solved: list[tuple[str, ...]] = []

    def counted(data: Any, changes: tuple[str, ...], solver: Any, real: Any = room.solve_variant) -> Any:
        if len(solved) == 2:
            raise KeyboardInterrupt
        solved.append(changes)
        return real(data, changes, solver)

    monkeypatch.setattr(room, "solve_variant", counted)
    part = api.sweep(TWO_SITES, TARIFFS[:4], folder=tmp_path)
    assert (len(part.rows), part.missing) == (2, 2)
    with (tmp_path / RUNS).open("a") as stream:
        stream.write('{"sweep": "cut o')
    monkeypatch.undo()
    seen: list[tuple[int, int]] = []
    whole = api.sweep(
        TWO_SITES, TARIFFS[:4], folder=tmp_path, on_run=lambda done, count, row: seen.append((done, count))
    )
    assert seen == [(3, 4), (4, 4)]
    assert told(whole) == told(api.sweep(TWO_SITES, TARIFFS[:4]))
    with (tmp_path / TABLE).open() as stream:
        assert [row["fleet"] for row in csv.DictReader(stream)] == [fleet_text(row) for row in whole.rows]


def test_what_a_kill_leaves_of_the_runs_costs_no_other_run(tmp_path: Path) -> None:
    """After a line that was cut off, and lines that are no runs, every run is solved once."""
    api.sweep(TWO_SITES, TARIFFS[:1], folder=tmp_path)
    whole = json.loads((tmp_path / RUNS).read_text())
    with (tmp_path / RUNS).open("a") as stream:
        stream.write(
            json.dumps(whole | {"variant": [1]}) + "\n" + json.dumps(whole | {"variant": "x", "row": 5}) + "\n"
        )
        stream.write('{"sweep": "cut o')
    seen: list[int] = []
    for _ in range(2):
        api.sweep(TWO_SITES, TARIFFS[:2], folder=tmp_path, on_run=lambda done, count, row: seen.append(done))
    assert seen == [2]


def test_a_fault_of_ours_is_told_and_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: Any, changes: tuple[str, ...], solver: Any, real: Any = room.solve_variant) -> Any:
        return real(data, changes, solver) | {"status": "failed", "objective": None, "fleet": []}

    monkeypatch.setattr(room, "solve_variant", broken)
    assert [row["status"] for row in api.sweep(TWO_SITES, TARIFFS[:1], folder=tmp_path).rows] == ["failed"]
    monkeypatch.undo()
    assert [row["status"] for row in api.sweep(TWO_SITES, TARIFFS[:1], folder=tmp_path).rows] == ["optimal"]


def test_a_folder_that_cannot_be_is_told_before_anything_is_solved(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    solved: list[int] = []
    with pytest.raises(OSError, match="file"):
        api.sweep(TWO_SITES, TARIFFS[:1], folder=file, on_run=lambda done, count, row: solved.append(done))
    assert solved == []


def test_sums_of_other_things_do_not_stand_in_one_table() -> None:
    for over in ("objective=tco,capex", "currency={unit: CNY, rates: {USD: 8}},{unit: USD, rates: {CNY: 0.125}}"):
        with pytest.raises(SweepError, match="cannot stand in one table"):
            api.sweep(TWO_SITES, api.grid(over))


def test_a_value_that_needs_another_is_tried_with_it() -> None:
    """The price of a server that only one of the lists holds."""
    lists = "catalogue.servers=[dgx-a100],[dgx-a100, hgx-a100-oem]"
    found = api.sweep(TWO_SITES, api.grid(lists, "catalogue.servers.hgx-a100-oem.price=1000,2000"))
    assert [row["status"] for row in found.rows] == ["invalid", "invalid", "optimal", "optimal"]


def test_rented_servers_are_part_of_the_choice() -> None:
    """A rent of a cent an hour beats buying; at a thousand nothing is rented."""
    offer = "{name: cloud, server: dgx-a100, price_per_accelerator_hour: %s, country: CN}"
    cheap, dear = (f"rent=[{offer % price}]" for price in (0.01, 1000))
    found = api.sweep(TWO_SITES, api.scenarios({"cheap": [cheap], "dear": [dear]}))
    assert [site for _, _, site in found.rows[0]["fleet"]] == ["cloud"]
    assert [row["decision"] for row in found.rows] == ["A", "B"]


def test_a_folder_is_of_one_question(tmp_path: Path) -> None:
    api.sweep(TWO_SITES, TARIFFS[:1], folder=tmp_path)
    with pytest.raises(SweepError, match="another question"):
        api.sweep(TWO_SITES, TARIFFS[:1], folder=tmp_path, gap=0.01)


def test_what_has_no_plan_is_a_row_and_what_cannot_be_set_is_refused_first(tmp_path: Path) -> None:
    tight = {"tight": {"sites.*.pue_limit": 1.05}, "two": {"sites.west.power_limit_mw": 1, "horizon.periods": 1}}
    found = api.sweep(TWO_SITES, api.scenarios(tight))
    assert [row["status"] for row in found.rows] == ["infeasible", "optimal"]
    assert "PUE limits" in found.rows[0]["message"]
    with pytest.raises(InstanceError) as caught:
        api.sweep(TWO_SITES, api.grid("sites.*.pue_limt=1,2", "horizon.period_years=-1,2"), folder=tmp_path)
    assert len(caught.value.faults) == 2
    assert not list(tmp_path.iterdir())


def test_the_command_tells_runs_and_choices(tmp_path: Path) -> None:
    over = ["--over", "sites.*.tariff_per_kwh*=0.25,1"]
    done = CliRunner().invoke(app, ["sweep", str(TWO_SITES), *over, "-o", str(tmp_path)], env={"COLUMNS": "100"})
    assert done.exit_code == 0
    assert "2 runs, 2 with a plan" in done.stdout
    assert "5 dgx-a100 at east" in done.stdout
    told = CliRunner().invoke(app, ["sweep", str(TWO_SITES), *over, "-o", str(tmp_path), "--json"])
    assert [row["decision"] for row in json.loads(told.stdout)["rows"]] == ["A", "B"]
    assert CliRunner().invoke(app, ["sweep", str(TWO_SITES)]).exit_code == 2
    assert CliRunner().invoke(app, ["sweep", str(TWO_SITES), "--over", "a.b"]).exit_code == 2
    assert CliRunner().invoke(app, ["sweep", str(TWO_SITES), "--over", "sites.*.pue_limit=0,1"]).exit_code == 3


def test_workers_of_a_scheduler_tell_the_same_even_if_one_is_lost() -> None:
    """A real scheduler and two workers on this machine; one is killed after the first run."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        lost: list[int] = []

        def lose(done: int, count: int, row: Any) -> None:
            if not lost:
                worker = next(iter(cluster.workers.values()))
                lost.append(worker.pid)
                worker.process.process.kill()

        found = api.sweep(TWO_SITES, TARIFFS, dask=cluster.scheduler_address, on_run=lose)
    assert lost
    assert told(found) == told(api.sweep(TWO_SITES, TARIFFS))
