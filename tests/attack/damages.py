"""Damaged plans: none verifies, whatever the damage, and every command that reads plans ends with a sentence."""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import cells
import mutants
import tiny
from findings import Finding, bounded, told
from typer.testing import CliRunner

import planner
from planner.cli.main import app
from planner.errors import PlanFileError
from planner.plan import Plan
from planner.plan.reading import digest, is_number
from planner.verification.checks import near

COMMANDS = (("report",), ("report", "--format", "json"), ("compare",), ("compare", "--json"))
COVERED = frozenset(
    {
        "bill_of_materials.description", "orders.description", "clusters.frame", "clusters.pods_each",
        "clusters.uplinks_of_spine",
    }
)  # fmt: skip
"""Columns that only the digest covers: docs/plan-format.md."""
COVERED_PLACES = re.compile(
    r"bound|sha256|verification(\..*)?|totals\.x|provenance\.(versions|solver|export_notes|site_laws)(\..*)?"
    r"|decisions\.clusters\.\d+\.(frame|pods_each|uplinks_of_spine)|(bill_of_materials|orders)\.\d+\.description"
)
"""Places of the file, in the same sense."""
FRESH = 4
"""Plans that cells are damaged of."""


@cache
def plan_of(seed: int) -> Plan:
    """A plan of a random instance that has one."""
    random = Random(f"plan {seed}")
    while True:
        draw = random.randrange(10**9)
        data = tiny.random_instance(draw)
        if draw % 3 == 0:
            data = tiny.with_owned(draw, data)
        plan = planner.solve(planner.load_instance(data), gap=0.01, isolate=False, diagnosis=False).plan
        if plan is not None:
            return plan


def case(seed: int, number: int) -> Iterator[str]:
    """One damage: a cell, or a file at random, with the digest of its maker or with one made anew."""
    random = Random(f"{seed} {number}")
    plan = plan_of(seed + random.randrange(FRESH))
    if number % 2:
        yield from _cell(random, plan, f"plans seed {seed} case {number}")
    else:
        yield from _file(random, plan, f"plans seed {seed} case {number}")


def _cell(random: Random, plan: Plan, name: str) -> Iterator[str]:
    table, row, column = random.choice(list(cells.places(plan)))
    value = plan.rows(table)[row][column]
    another = cells.other(column, value)
    damaged = cells.changed(plan, table, row, column, another)
    where = f"{name}: {table}.{column} of row {row + 1}: {value!r} -> {another!r}"
    try:
        seen = not planner.verify(damaged).passed
    except Exception as error:
        raise Finding(f"{where}: {told(error)}") from error
    if planner.verify(dataclasses.replace(damaged, stated_digest=plan.digest)).passed:
        raise Finding(f"{where}: passes with its digest")
    if not seen and f"{table}.{column}" not in COVERED:
        raise Finding(f"{where}: passes once the digest is made anew")
    yield "cells recomputed" if seen else "cells that the digest covers"


def _file(random: Random, plan: Plan, name: str) -> Iterator[str]:
    source = json.loads(plan.to_json())
    data: Any = None
    forged = random.random() < 0.6
    if random.random() < 0.3:
        content, forged = mutants.text(random, plan.to_json()), False
    else:
        data = mutants.data(random, source)
        if forged and isinstance(data, dict):
            data["sha256"] = digest({key: data[key] for key in data if key not in ("sha256", "format_version")})
        content = json.dumps(data).encode("utf-8", errors="surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        file, whole = Path(folder) / "damaged.json", Path(folder) / "whole.json"
        file.write_bytes(content)
        whole.write_text(plan.to_json(), encoding="utf-8")
        try:
            same = Plan.read(file).digest == plan.digest
        except PlanFileError:
            same = False
        for command, *more in (("verify",), random.choice(COMMANDS)):
            files = [str(file), *([str(whole)] if command == "compare" else [])]
            with bounded():
                ran = CliRunner().invoke(app, [command, *files, *more])
            if ran.exception is not None and not isinstance(ran.exception, SystemExit):
                kept = keep(name, file)
                raise Finding(f"{name} ({kept}) {command}: {told(ran.exception)}") from ran.exception
            if ran.exit_code not in (0, 1, 2, 3):
                raise Finding(f"{name} ({keep(name, file)}) {command}: exit code {ran.exit_code}: {ran.output[-500:]}")
            if command == "verify" and ran.exit_code == 0 and not same:
                if not forged:
                    raise Finding(f"{name} ({keep(name, file)}): an edited file verifies")
                if beyond := [place for place in differing(source, data) if not COVERED_PLACES.fullmatch(place)]:
                    raise Finding(f"{name} ({keep(name, file)}): verifies with another {beyond}")
            if sorted(each.name for each in Path(folder).iterdir()) != ["damaged.json", "whole.json"]:
                raise Finding(f"{name} ({keep(name, file)}) {command}: wrote a file")
            yield f"files with {command} exit {ran.exit_code}"


def differing(one: Any, other: Any, place: str = "") -> list[str]:
    """Places at which two files of plain data differ by more than the tolerance of the checks.

    >>> differing({"a": [1, 2.0], "b": 1}, {"a": [1, 2.0000001, 3], "b": 2})
    ['a', 'b']
    """
    inside = f"{place}." if place else ""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differing(one[key], other[key], f"{inside}{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for key, (a, b) in pairs for found in differing(a, b, f"{inside}{key}")]
    if is_number(one) and is_number(other):
        return [] if near(one, other) else [place]
    return [] if one == other else [place]


def keep(name: str, file: Path) -> Path:
    """A copy of an input that came through."""
    folder = Path("attack-findings")
    folder.mkdir(exist_ok=True)
    kept = folder / f"{name.replace(' ', '-')}{file.suffix}"
    kept.write_bytes(file.read_bytes())
    return kept
