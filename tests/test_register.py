"""Every inequality of a model has one number: in its component, its block's docstring, its page and a golden test."""

from __future__ import annotations

import importlib
import math
import re
from functools import cache
from pathlib import Path

import pyomo.environ as pyo
import pytest

from planner import api
from planner.build import build_model

ROOT = Path(__file__).parents[1]
MIXED = ROOT / "instances" / "studies" / "mixed.yaml"
FILES = [*sorted((ROOT / "instances" / "tiny").glob("*.yaml")), MIXED]
CAPS = ("budget.capex=1e9", "budget.capex_by_period=[1e9]", "sites.guian.pue_rule=site-average",
        "fabric.management_networks=true", "fabric.layout={vertical_m: 0.5, slack_m: 0.5}",
        "sites.guian.water_limit_m3_per_year=1e6", "sites.guian.land_capex=1e6",
        "carbon.limit_tonnes_per_year=1e7")  # fmt: skip
"""Limits and wishes that no packaged instance has."""
SHARES = ("horizon.start=2026-06", "policy.order_date=2026-06-01", "policy.operator_country=CN",
          "policy.accept=[unrestricted, notification, licence]", "policy.us_shipments={h100-sxm: 1000}")  # fmt: skip
"""A date at which an export rule limits quantities."""
BLOCKS = (
    "fleet",
    "placement",
    "fabric",
    "management",
    "workload",
    "cooling",
    "power",
    "supply",
    "budget",
    "ledger",
    "stock",
)
NUMBER = re.compile(r"\([A-Z]\d\)")
LINE = re.compile(r"^ *(\([A-Z]\d\))  .+? {2,}(\w+)$", re.MULTILINE)
"""``(P1)  inequality      constraint_name``"""


@cache
def model(file: Path, *changes: str) -> pyo.ConcreteModel:
    return build_model(api.check(api.load_instance(file, changes))).model


@cache
def numbered(block: str) -> dict[str, str]:
    """Constraint name by number, as the docstring of a block lists them."""
    found = LINE.findall(importlib.import_module(f"formulations.{block}").__doc__ or "")
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
    """The instances and a mixed study with caps leave no inequality unused."""
    models = [model(MIXED, *CAPS), model(MIXED, *SHARES), *(model(file) for file in FILES)]
    check_numbers(models[0])
    built = {c.doc for m in models for c in m.component_objects((pyo.Constraint, pyo.Objective)) if len(c)}
    assert built == {number for block in BLOCKS for number in numbered(block)}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_number_has_a_page_and_a_golden_test(block: str) -> None:
    page = (ROOT / "docs" / "formulations" / f"{block}.md").read_text(encoding="utf-8")
    golden = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "tests" / "formulations").glob(f"test_{block}*.py"))
    for number, name in numbered(block).items():
        assert re.search(rf"^\| {re.escape(number)} \|.*`{name}` \|", page, re.MULTILINE), f"{block}.md lacks {number}"
        assert number in golden, f"no golden test of {number}"
    assert set(re.findall(r"^\| (\([A-Z]\d\)) \|", page, re.MULTILINE)) - {"(S1)"} == set(numbered(block))


def test_no_number_means_two_things() -> None:
    numbers = [number for block in BLOCKS for number in numbered(block)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_symbol_of_a_docstring_is_on_the_page(block: str) -> None:
    symbols = re.findall(r"^\| (\w\[[\w,]+\]) \|", importlib.import_module(f"formulations.{block}").__doc__ or "", re.M)
    page = (ROOT / "docs" / "formulations" / f"{block}.md").read_text(encoding="utf-8")
    for symbol in symbols:
        assert f"| {symbol} |" in page, f"{block}.md lacks {symbol}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_integer_variable_is_bounded(file: Path) -> None:
    for variable in model(file).component_data_objects(pyo.Var):
        if not variable.is_continuous():
            low, high = variable.bounds
            assert low is not None, variable.name
            assert high is not None, variable.name
            assert -math.inf < low <= high < math.inf, variable.name
