"""What verification sees without the digest of the file, and what the page says that only the digest covers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import cells
import example
import pytest

import planner
from planner.catalogue import Catalogue, load_catalogue
from planner.instance import Instance
from planner.plan.plan import Plan
from planner.verification import files, verify_plan
from planner.verification.checks import Book

PAGE = Path(__file__).parents[2] / "docs" / "plan-format.md"
TINY = Path(__file__).parents[2] / "instances" / "tiny"


def named() -> set[str]:
    """Columns that the page says only the digest covers."""
    text = PAGE.read_text(encoding="utf-8")
    part = text[text.index("* Covered by the digest alone") : text.index("* `bom.csv` and `costs.csv`, where")]
    return {name for name in re.findall(r"`(\w+\.\w+)`", part) if not name.startswith("provenance")}


def unseen(plan: Plan, instance: Instance, catalogue: Catalogue, first_only: bool = False) -> set[str]:
    """Columns of which a cell can be changed so that every check still passes, the digest left aside."""
    return {
        f"{table}.{column}"
        for table, column, changed in cells.damaged(plan, first_only)
        if verify_plan(changed, instance, catalogue).passed
    }


def test_every_column_is_recomputed_or_named_as_covered_by_the_digest() -> None:
    plan, instance = example.small()
    assert unseen(plan, instance, example.catalogue(), first_only=True) == named()


def test_every_cell_of_a_tiny_plan_is_recomputed_or_named() -> None:
    """One server at one site: 478 cells when written; and no row can go or stand twice."""
    instance = planner.load_instance(TINY / "01-one-server.yaml")
    plan = planner.solve(instance).require_plan()
    assert unseen(plan, instance, load_catalogue()) == named()
    kept = [what for what, changed in cells.reshaped(plan) if verify_plan(changed, instance, load_catalogue()).passed]
    assert kept == []


@pytest.mark.slow
@pytest.mark.parametrize("make", [example.small, example.superpod])
def test_every_cell_of_a_larger_plan_is_recomputed_or_named(make: Callable[[], tuple[Plan, Instance]]) -> None:
    plan, instance = make()
    assert unseen(plan, instance, example.catalogue()) <= named()


def test_what_only_the_digest_sees_is_seen() -> None:
    """A bound lowered by one, a solver option, a version: the plan that states its digest fails, and only by that."""
    plan, instance = example.small()
    solver = {**plan.provenance["solver"], "seed": 12345}
    for changes in (
        {"bound": plan.bound - 0.001},
        {"provenance": {**plan.provenance, "solver": solver}},
        {"provenance": {**plan.provenance, "versions": {"planner": "99"}}},
        {"totals": {**plan.totals, "more": 1}},
        {"verification": ({"check": "all", "passed": True, "detail": ""},)},
    ):
        changed = dataclasses.replace(plan, **changes)
        assert verify_plan(changed, instance, example.catalogue()).passed
        read = dataclasses.replace(changed, stated_digest=plan.digest)
        found = verify_plan(read, instance, example.catalogue())
        assert [check.check for check in found.failures] == ["plan is as it was written"]
        assert found.checks[0].check == "plan is as it was written"


def test_tables_beside_the_plan_must_agree_cell_by_cell(tmp_path: Path) -> None:
    plan, _ = example.small()
    plan.write(tmp_path)
    good = {name: (tmp_path / name).read_bytes() for name in ("bom.csv", "costs.csv")}

    def failures(**changed: bytes | None) -> list[str]:
        book = Book("file")
        tables = {**good, **{f"{name}.csv": content for name, content in changed.items()}}
        files.check(plan, {name: content for name, content in tables.items() if content != b"absent"}, book)
        return [check.detail for check in book.checks() if not check.passed]

    assert failures() == []
    assert failures(bom=good["bom.csv"].replace(b"\n", b"\r\n")) == []  # saved again by another program
    for name, content in good.items():
        short = name.removesuffix(".csv")
        lines = content.decode().splitlines(keepends=True)
        for number, line in enumerate(lines):
            for cell, text in enumerate(line.rstrip("\n").split(",")):
                if '"' in line or not text:
                    continue
                cells = line.rstrip("\n").split(",")
                cells[cell] = "1" + text
                again = [*lines[:number], ",".join(cells) + "\n", *lines[number + 1 :]]
                assert failures(**{short: "".join(again).encode()}), (name, number, cell)
        assert failures(**{short: "".join(lines[:-1]).encode()})
        assert failures(**{short: "".join([*lines, lines[-1]]).encode()})
        assert failures(**{short: b"\xff"}) == [f"{name}: cannot be read as CSV text"]
        assert failures(**{short: None}) == [f"{name}: cannot be read as CSV text"]
        assert "absent" in failures(**{short: b"absent"})[0]
