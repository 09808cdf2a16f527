"""Published designs and sizings, solved whole: what the plan must reproduce is typed from the publications."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from planner import api
from planner.plan import Plan

REFERENCE = Path(__file__).resolve().parents[2] / "instances" / "reference"
FILES = sorted(path.name for path in REFERENCE.glob("*.yaml"))
A100_POD, H100_POD = "dgx-a100-superpod-140.yaml", "dgx-h100-superpod-127.yaml"
GPT3_PUBLISHED, GPT3 = "gpt3-training-a100-pcie.yaml", "gpt3-training.yaml"


def solved(name: str, *changes: str) -> Plan:
    instance = api.load_instance(REFERENCE / name, changes)
    return api.solve(instance, gap=0, isolate=False).require_plan()


@cache
def plan_of(name: str) -> Plan:
    return solved(name)


def network(plan: Plan, name: str = "compute") -> dict[str, int]:
    """Counts of the one network of this name."""
    (row,) = (row for row in plan.decisions["networks"] if row["network"] == name)
    counted = ("leaves", "spines", "cores", "node_leaf_links", "leaf_spine_links", "spine_core_links")
    return {key: row[key] for key in counted}


def counts(leaves: int, spines: int, cores: int, *links: int) -> dict[str, int]:
    node_leaf, leaf_spine, spine_core = links
    return {
        "leaves": leaves,
        "spines": spines,
        "cores": cores,
        "node_leaf_links": node_leaf,
        "leaf_spine_links": leaf_spine,
        "spine_core_links": spine_core,
    }


def transceivers(plan: Plan, network: str) -> float:
    """Pluggable modules on the links of one network."""
    return float(
        sum(
            row["links"] * share
            for row in plan.decisions["links"]
            if row["network"] == network
            for part, share in row["parts_per_link"].items()
            if not part.startswith(("fibre", "dac", "acc", "aoc"))
        )
    )


def cost(plan: Plan, item: str) -> float:
    rows = [row for row in plan.cost_rows if (row["account"], row["item"]) == ("capex", item)]
    return float(sum(row["amount"] for row in rows))


@pytest.mark.parametrize("name", FILES)
def test_plan_is_optimal_and_verifies(name: str) -> None:
    plan = plan_of(name)
    assert plan.status == "optimal"
    assert [check for check in api.verify(plan).checks if not check.passed] == []


# DGX A100 SuperPOD of 140 nodes: NVIDIA RA-09950-001


def test_a100_pod_network() -> None:
    assert network(plan_of(A100_POD)) == counts(56, 80, 28, 1_120, 1_120, 1_120)


def test_a100_pod_transceivers_per_accelerator() -> None:
    """Three tiers of 1,120 links with two modules each: 6 an accelerator; 280 + 280 storage links add 1,120: 7."""
    plan = plan_of(A100_POD)
    assert plan.totals["accelerators"] == 1_120
    assert transceivers(plan, "compute") / 1_120 == pytest.approx(6.0)
    assert transceivers(plan, "storage") / 1_120 == pytest.approx(1.0)
    assert plan.totals["optics"] / 1_120 == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("nodes", "leaves", "spines", "cores"),
    [(20, 8, 4, 0), (40, 16, 10, 0), (80, 32, 20, 0), (100, 40, 20, 0), (120, 48, 80, 24)],
)
def test_smaller_a100_pods(nodes: int, leaves: int, spines: int, cores: int) -> None:
    """The other rows of the published table."""
    plan = solved(A100_POD, f"workloads.superpod.peak_flops={nodes * 2.496e15}", "fabric.pods=vendor")
    links = 8 * nodes
    assert network(plan) == counts(leaves, spines, cores, links, links, links if cores else 0)


# DGX H100 SuperPOD: NVIDIA RA-11333-001 V11


def test_h100_pod_network() -> None:
    assert network(plan_of(H100_POD)) == counts(32, 16, 0, 1_016, 1_024, 0)


def test_h100_pod_parts() -> None:
    """Published: 2,040 fibres, 508 twin-port modules in the nodes, 1,536 in the switches.

    A leaf above 31 servers takes as many modules as one above 32, the last half dark: 32 leaves with 16 modules down
    and 16 up, 16 spines with 32.
    """
    plan = plan_of(H100_POD)
    bought = {row["item"]: row["quantity"] for row in plan.bill_of_materials_rows if row["kind"] == "optics"}
    assert bought == {"fibre-om4-mpo12": 2_040, "sr4-2x400g": 508 + 1_536}
    assert plan.totals["switches"] == 48
    assert plan.totals["racks"] == 32 + 2  # 127 nodes, four a rack; 48 switches of 1 U


@pytest.mark.parametrize(
    ("nodes", "leaves", "spines"),
    [(32, 8, 4), (64, 16, 8), (96, 24, 16), (128, 32, 16)],
)
def test_h100_pods_of_whole_units(nodes: int, leaves: int, spines: int) -> None:
    """The published table, three units with 16 spines where a plain ceiling says 12."""
    plan = solved(H100_POD, f"workloads.superpod.peak_flops={nodes * 7.916e15}")
    assert network(plan) == counts(leaves, spines, 0, 8 * nodes, 8 * nodes, 0)


# GPT-3 in 30 days: Guosen Securities, LLM principles and compute estimate, 24 April 2023


def test_gpt3_as_published() -> None:
    """Printed: 195 DGX A100 of 199,000 USD, 38.805 M USD."""
    plan = plan_of(GPT3_PUBLISHED)
    assert plan.totals["servers"] == 195
    assert cost(plan, "servers") == 38_805_000
    assert plan.totals["accelerators"] == 1_560  # 1,558 printed: rounded, and not yet in servers of eight
    assert network(plan) == counts(80, 80, 40, 1_560, 1_600, 1_600)


def test_gpt3_at_the_tensor_peak() -> None:
    """121.528 PFLOP/s / (8 x 312 TFLOP/s x 30.2 %) = 161.22 servers."""
    plan = plan_of(GPT3)
    assert plan.totals["servers"] == 162
    assert cost(plan, "servers") == 32_238_000
    assert network(plan) == counts(72, 72, 33, 1_296, 1_296, 1_296)
