"""Networks of whole plans: equal to the designer's, oversubscribed where that is offered, grown without waste."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.engineering.fit import Rules, fit
from planner.plan import Plan

PLANES = Path(__file__).parents[2] / "instances" / "studies" / "planes-16384.yaml"


def plan(*changes: str) -> Plan:
    """The plan of one cluster with changes, gap 0."""
    return planner.solve(planner.load_instance(PLANES, changes), gap=0, isolate=False).require_plan()


def network(found: Plan, name: str = "compute", period: int = 1) -> dict[str, Any]:
    (row,) = (r for r in found.decisions["networks"] if (r["network"], r["period"]) == (name, period))
    return row


def ratios(found: Plan) -> tuple[float, float]:
    """Oversubscription of leaves and spines: of the pool, and the same of its compute network."""
    (pool,), row = found.decisions["fleet"], network(found)
    promised = pool["leaf_oversubscription"], pool["spine_oversubscription"]
    assert promised == (row["leaf_oversubscription"], row["spine_oversubscription"])
    return promised


def a100(servers: int) -> list[str]:
    """A cluster of so many DGX A100 (2,496 TFLOP/s each)."""
    return [
        "catalogue.servers=[dgx-a100]", "catalogue.switches=[qm8790]", "fabric.planes=[1]",
        f"workloads.cluster.peak_flops={(servers - 0.5) * 2.496e15}", "sites.texas.power_limit_mw=60",
    ]  # fmt: skip


@pytest.mark.parametrize("servers", [101, 140, 399, 400, 401, 420, 1000])
def test_three_tiers_are_the_designers_at_any_size(servers: int) -> None:
    """Above one pod (400 servers) the pods need not be equal; 420 take 168 leaves, 320 spines and 110 cores."""
    row = network(plan(*a100(servers), "fabric.pods=vendor"))
    tree = fit(Rules(40, 8, True, tiers=3), servers)
    assert (row["leaves"], row["spines"], row["cores"]) == (tree.leaves, tree.spines, tree.cores)
    assert row["spine_core_links"] == tree.links("spine-core")
    if servers == 420:
        assert (tree.leaves, tree.spines, tree.cores) == (168, 320, 110)


@pytest.mark.parametrize(("servers", "switches"), [(500, 500), (120, 136)])
def test_any_pods_are_offered(servers: int, switches: int) -> None:
    """500 DGX A100 on QM8790: 25 rows in 5 pods, 5 leaves of a rail below 5 spines of 20 down and 20 up, 100 cores.

    200 + 200 + 100. 120: 48 leaves in 3 pods of 2 rows, 2 spines for a rail of a pod (20 down, 20 up), 40 cores.
    """
    row = network(plan(*a100(servers)))
    assert row["leaves"] + row["spines"] + row["cores"] == switches


def test_uplinks_follow_the_ports_in_use() -> None:
    """30 DGX A100 on two rows of 40-port leaves: 15 ports of each are in use, not 20."""
    row = network(plan(*a100(30)))
    grown = network(plan(*a100(30), "fabric.growth=true"))
    assert (grown["leaves"], grown["leaf_spine_links"]) == (16, 320)
    assert row["leaf_spine_links"] < 320
    assert row["leaves"] + row["spines"] <= grown["leaves"] + grown["spines"]


def test_oversubscribed_leaves_and_spines_are_offered_and_allowed() -> None:
    """64 ports, 2:1: 42 down, 22 up. Each offered ratio lowers the cost; the verifier knows the ratio promised."""
    full = plan("fabric.planes=[1]")
    spines = plan("fabric.planes=[1]", "fabric.oversubscription=[1, {spine: 7}]")
    leaves = plan("fabric.planes=[1]", "fabric.oversubscription=[1, 2]")
    assert ratios(full) == (1, 1)
    assert ratios(spines) == (1, 7)
    assert ratios(leaves) == (2, 1)
    assert {network(found)["tiers"] for found in (full, spines, leaves)} == {3}
    assert max(spines.objective, leaves.objective) < full.objective
    assert network(leaves)["leaves"] == 8 * 49  # 2,048 servers in units of 42
    refused = spines.to_dict()
    refused["provenance"]["instance"]["fabric"]["oversubscription"] = [1]
    failed = {c.check for c in planner.verify(Plan.from_dict(refused)).checks if not c.passed}
    assert "oversubscription as asked" in failed


def test_a_network_grows_into_a_larger_frame_and_keeps_its_switches() -> None:
    """60 DGX A100, then 140, in one cluster: the second period buys only what the larger networks have more of.

    Storage, two ports a server: 6 leaves and 4 spines, then 14 and 10.
    """
    changes = [
        *a100(140), "horizon.periods=2", "horizon.period_years=2", "workloads.cluster.scale_by_period=[0.4286, 1]",
        "workloads.cluster.one_cluster=false", "fabric.one_cluster_per_site=true", "fabric.tiers=[3]",
    ]  # fmt: skip
    found = plan(*changes)
    small, large = (fit(Rules(40, 8, True, tiers=3), n) for n in (60, 140))
    assert [standing(network(found, period=t)) for t in (1, 2)] == [small.switches, large.switches]
    assert [standing(network(found, "storage", t)) for t in (1, 2)] == [10, 24]
    first, second = sorted(found.decisions["switches"], key=lambda row: row["period"])
    assert (first["bought"], first["installed"]) == (small.switches + 10, small.switches + 10)
    assert (second["bought"], second["installed"]) == (large.switches - small.switches + 14, large.switches + 24)


def standing(row: dict[str, Any]) -> int:
    """Switches of one network."""
    return int(row["leaves"] + row["spines"] + row["cores"])


def clusters(found: Plan) -> int:
    """Clusters of the compute networks of all pools."""
    return sum(r["clusters"] for r in found.decisions["clusters"] if r["network"] == "compute")


APART = (*a100(9), "workloads.cluster.one_cluster=false", "fabric.storage_network=false")
"""Nine servers that need not reach each other: two single switches, of five servers and four."""


def test_one_cluster_per_site_is_one_cluster() -> None:
    """A leaf for each of eight rails and two spines, where two switches would do."""
    apart, together = plan(*APART), plan(*APART, "fabric.one_cluster_per_site=true")
    assert (clusters(apart), clusters(together)) == (2, 1)
    assert apart.objective < together.objective


def test_one_cluster_per_site_whatever_the_ratio() -> None:
    assert clusters(plan(*APART, "fabric.one_cluster_per_site=true", "fabric.oversubscription=[1, 2]")) == 1


def test_a_second_cluster_is_found() -> None:
    refused = plan(*APART).to_dict()
    refused["provenance"]["instance"]["fabric"]["one_cluster_per_site"] = True
    failed = {c.check for c in planner.verify(Plan.from_dict(refused)).checks if not c.passed}
    assert failed - {"instance is the one solved"}


def test_every_network_of_a_plan_is_proven_as_a_graph() -> None:
    report = planner.verify(plan(*a100(140)))
    (proof,) = (c for c in report.checks if c.check == "graph proven")
    assert proof.passed
    assert "Non-blocking: all" in proof.detail


@pytest.mark.parametrize("file", sorted(PLANES.parents[1].glob("reference/*.yaml")), ids=lambda file: file.stem)
def test_every_network_of_the_reference_instances_is_proven(file: Path) -> None:
    """As many proofs as networks with servers, each non-blocking."""
    found = planner.solve(planner.load_instance(file), isolate=False).require_plan()
    proofs = [c for c in planner.verify(found).checks if c.check == "graph proven"]
    built = {(row["pool"], row["network"]) for row in found.decisions["clusters"]}
    assert proofs
    assert built
    assert all(c.passed and "Non-blocking: all" in c.detail for c in proofs)
