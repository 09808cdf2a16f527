"""Every inequality of a model has one number: in its component, its block's docstring, its page and a golden test."""

from __future__ import annotations

import importlib
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

from planner import api
from planner.model.build import ModelBuilder, build_model
from planner.solver import standard_form

ROOT = Path(__file__).parents[1]
TINY = ROOT / "instances" / "tiny"
MIXED = ROOT / "instances" / "studies" / "mixed.yaml"
FILES = [*sorted(TINY.glob("*.yaml")), MIXED]
CAPS = ("budget.capex=1e9", "sites.home.pue_rule=site-average", "sites.home.pue_limit=1.5",
        "sites.home.water_limit_m3_per_year=1e6", "sites.home.land_capex=1e6", "sites.home.min_rack_fill=0.5",
        "sites.home.grid_g_per_kwh=500", "opening.site={cost: 1e5, least_mw: 0.1, most: 1}",
        "carbon.limit_tonnes_per_year=1e7")  # fmt: skip
"""Limits and wishes that no packaged instance has, over two periods; those by period make purchases decisions."""
SHARES = ("horizon.start=2026-06", "policy.order_date=2026-06-01", "policy.operator_country=CN",
          "policy.accept=[unrestricted, notification, licence]", "policy.us_shipments={h100-sxm: 1000}")  # fmt: skip
"""A date at which an export rule limits quantities."""


def runs(*servers: int) -> str:
    """Loads that must stand in one cluster each, by their servers of 2.496 PFLOP/s."""
    rows = (
        f"{{name: run{i}, kind: compute, one_cluster: true, peak_flops: {2.4e15 * n:g}}}" for i, n in enumerate(servers)
    )
    return f"workloads=[{', '.join(rows)}]"


UNLIKE = (runs(30, 30, 30, 20, 20, 25, 9, 9),)
"""Gangs of several sizes, which some networks have places for and cannot pack."""
SCARCE = ("catalogue.optics=[dac-200g, aoc-200g]", "fabric.node_leaf_m=3",
          "supply=[{kind: optics, id: dac-200g, limit: 5}]")  # fmt: skip
"""Less copper than there are links to servers."""
THERE = ("owned=[{name: old, site: home, server: dgx-a100, cooling: evaporative, number: 2, in_service: 2020-01}]",)
"""Servers that are there from the start."""
LARGE = ("discounts=[{server: dgx-a100, pieces: 2, off: 0.1}, {server: dgx-a100, pieces: 4, off: 0.2}]",)
"""Orders that have something off."""
CAREFUL = ("workloads=[" + ", ".join(
    f"{{name: chat{size}, kind: inference, parameters: {size}e9, concurrent_users: 200, redundancy: N+1, "
    "survives_site_loss: true, largest_site_share: 0.5}" for size in (7, 500)
) + "]",)  # fmt: skip
"""Services on shared servers and on several, which are to hold without a server or a site."""
FILLED = ("workloads=[" + ", ".join((
    f"{{name: chat, kind: inference, parameters: 7e9, concurrent_users: 900, profile: {[1] * 12 + [2] * 12}}}",
    "{name: batch, kind: inference, parameters: 7e9, utilisation: 0.3, requests_per_second: 9, tokens_in: 100, "
    "tokens_out: 100, real_time: false, fills: [chat]}",
)) + "]",)  # fmt: skip
"""A service with idle hours, and offline work that may fill them."""
CHANGED = (
    (TINY / "01-one-server.yaml", FILLED),
    (MIXED, CAREFUL),
    (TINY / "07-two-periods.yaml", CAPS),
    (TINY / "07-two-periods.yaml", THERE),
    (TINY / "07-two-periods.yaml", LARGE),
    (TINY / "07-two-periods.yaml", (*CAPS, "budget.capex_by_period=[1e9, 1e9]")),
    (MIXED, SHARES),
    (MIXED, ("fabric.one_cluster_per_site=true",)),
    (TINY / "01-one-server.yaml", UNLIKE),
    (TINY / "01-one-server.yaml", SCARCE),
)
BLOCKS = (
    "fleet", "placement", "fabric", "outline", "workload", "valley", "schedule", "redundancy", "cooling", "power",
    "opening",
    "discount", "supply", "budget", "ledger", "stock",
)  # fmt: skip
NUMBER = re.compile(r"\([A-Z]\d\)")
LINE = re.compile(r"^ *(\([A-Z]\d\))  [^\n]+?(?:\n {8,}[^\n]+?)? {2,}(\w+)$", re.MULTILINE)
"""``(P1)  inequality      constraint_name``, on one line or two."""


@cache
def model(file: Path, *changes: str) -> pyo.ConcreteModel:
    return build_model(api.check(api.load_instance(file, changes))).model


def in_outline() -> pyo.ConcreteModel:
    """The relaxation of a large instance."""
    return ModelBuilder(api.check(api.load_instance(TINY / "01-one-server.yaml", UNLIKE))).outline().model


def with_further_cluster() -> pyo.ConcreteModel:
    """A second pool of the kind of the first, for gangs that have it to themselves."""
    options = api.check(api.load_instance(TINY / "01-one-server.yaml", UNLIKE))
    further = replace(options.pools[0], id="further", for_gangs=True)
    return build_model(replace(options, pools=(*options.pools, further))).model


def text_of(block: str) -> str:
    return importlib.import_module(f"formulations.{block}").__doc__ or ""


def page_of(block: str) -> str:
    return (ROOT / "docs" / "formulations" / f"{block}.md").read_text(encoding="utf-8")


@cache
def numbered(block: str) -> dict[str, str]:
    """Constraint name by number, as the docstring of a block lists them."""
    found = LINE.findall(text_of(block))
    assert len(found) == len(dict(found)), f"{block} gives a number twice"
    return dict(found)


def home(component: pyo.Constraint) -> str:
    """The formulation that a component belongs to: its block, or the ledger for what stands in the model itself."""
    block = component.parent_block()
    return "ledger" if block is component.model() else block.local_name


def check_numbers(built: pyo.ConcreteModel) -> None:
    for component in built.component_objects((pyo.Constraint, pyo.Objective)):
        assert NUMBER.fullmatch(component.doc or ""), f"{component.name} has no number"
        assert numbered(home(component)).get(component.doc) == component.local_name, component.name


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_constraint_has_the_number_of_its_docstring(file: Path) -> None:
    check_numbers(model(file))


def test_every_number_of_a_docstring_is_built() -> None:
    """The instances and some with changes leave no inequality unused."""
    models = [in_outline(), with_further_cluster(), *(model(file, *changes) for file, changes in CHANGED)]
    for built in models:
        check_numbers(built)
    models += [model(file) for file in FILES]
    found = {c.doc for m in models for c in m.component_objects((pyo.Constraint, pyo.Objective)) if len(c)}
    assert found == {number for block in BLOCKS for number in numbered(block)}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_number_has_a_page_and_a_golden_test(block: str) -> None:
    page = page_of(block)
    golden = (ROOT / "tests" / "formulations" / f"test_{block}.py").read_text(encoding="utf-8")
    for number, name in numbered(block).items():
        assert re.search(rf"^\| {re.escape(number)} \|.*`{name}` \|", page, re.MULTILINE), f"{block}.md lacks {number}"
        assert number in golden, f"no golden test of {number}"
        assert f'"{name}"' in golden or f"{name}(" in golden or name == "objective", f"no golden test of {name}"
    assert set(re.findall(r"^\| (\([A-Z]\d\)) \|", page, re.MULTILINE)) - {"(S1)"} == set(numbered(block))


def test_no_number_means_two_things() -> None:
    numbers = [number for block in BLOCKS for number in numbered(block)]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == set(NUMBER.findall(" ".join(map(text_of, BLOCKS)))) - {"(S1)"}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_symbol_of_a_docstring_is_on_the_page(block: str) -> None:
    for symbol in re.findall(r"^\| (\w\[[\w,]+\]) \|", text_of(block), re.MULTILINE):
        assert f"| {symbol} |" in page_of(block), f"{block}.md lacks {symbol}"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_page_is_in_the_index_and_names_its_constraints_in_its_words(block: str) -> None:
    """The rule of an inequality says its number in the first words of its docstring."""
    assert f"]({block}.md)" in page_of("index")
    module = importlib.import_module(f"formulations.{block}")
    said = " ".join((getattr(module, name).__doc__ or "") for name in dir(module) if not name.startswith("_"))
    for number in numbered(block):
        assert number in said, f"no rule of {number} in formulations/{block}.py"


def test_no_page_is_of_a_block_that_is_gone() -> None:
    pages = {file.stem for file in (ROOT / "docs" / "formulations").glob("*.md")}
    assert pages == {*BLOCKS, "index"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_integer_variable_is_bounded(file: Path) -> None:
    for variable in model(file).component_data_objects(pyo.Var):
        if not variable.is_continuous():
            low, high = variable.bounds
            assert low is not None, variable.name
            assert high is not None, variable.name
            assert -math.inf < low <= high < math.inf, variable.name


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_no_row_is_written_twice(file: Path) -> None:
    """A row that another says already costs time and says nothing."""
    form = standard_form(model(file), names=True)
    found = form.problem
    columns = np.repeat(np.arange(len(found.cost)), np.diff(found.matrix_start))
    rows: list[list[tuple[int, float]]] = [[] for _ in form.rows]
    for row, column, value in zip(found.matrix_index, columns, found.matrix_value, strict=True):
        rows[row].append((int(column), float(value)))
    seen: dict[object, str] = {}
    for name, terms, low, high in zip(form.rows, rows, found.row_lower, found.row_upper, strict=True):
        key = (tuple(sorted(terms)), low, high)
        assert key not in seen, f"{name} says what {seen[key]} says"
        seen[key] = name
