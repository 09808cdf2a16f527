"""Networks that vendors build, in plans: each with published counts or arithmetic by hand, and verified."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import planner
from planner.catalogue import load_catalogue
from planner.engineering.fabric import FabricError
from planner.engineering.fit import Rules, fit
from planner.engineering.topology import prove
from planner.plan.plan import Plan

CATALOGUE = load_catalogue()


@cache
def solved(server: str, servers: int, switches: tuple[str, ...], **fabric: Any) -> Plan:
    """The plan of a cluster of so many servers, verified."""
    row = CATALOGUE.servers[server]
    rate = CATALOGUE.accelerators[row.accelerator].peak_tflops("fp16") or 0.0
    load = {"name": "w", "kind": "compute", "precision": "fp16", "one_cluster": True}
    result = planner.solve(
        planner.load_instance(
            {
                "name": "networks",
                "scope": "hardware",
                "horizon": {"start": "2026-06", "periods": 1, "period_years": 3},
                "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
                "workloads": [{**load, "peak_flops": (servers - 0.5) * row.accelerators * rate * 1e12}],
                "sites": [{"name": "s", "country": "US", "power_limit_mw": 60, "tariff_per_kwh": 0.1}],
                "catalogue": {"servers": [server], **({"switches": list(switches)} if switches else {})},
                "fabric": fabric,
            }
        )
    )
    plan = result.plan
    assert plan is not None
    assert plan.totals["servers"] == servers
    assert not [c for c in planner.verify(plan).checks if not c.passed]
    return plan


def network(plan: Plan, name: str = "compute") -> dict[str, Any]:
    (row,) = (row for row in plan.decisions["networks"] if row["network"] == name)
    return dict(row)


def counts(plan: Plan, name: str = "compute") -> tuple[int, ...]:
    row = network(plan, name)
    return row["leaves"], row["spines"], row["cores"]


def test_gb200_nvl72_as_published_and_cheaper() -> None:
    """32 racks on QM9700 (RA-11338-001): 128 leaves of 18 down and 18 up, 96 spines, 36 cores, 2,304 links a tier.

    In one pod a rail's 32 leaves have 576 uplinks, over 18 spines of 32 down and 32 up: 72 spines in place of 96.
    """
    vendor = solved("gb200-nvl72", 32, ("qm9700",), pods="vendor")
    cheapest = solved("gb200-nvl72", 32, ("qm9700",))
    assert counts(vendor) == (128, 96, 36)
    assert counts(cheapest) == (128, 72, 36)
    for plan in (vendor, cheapest):
        row = network(plan)
        assert {row[f"{c}_links"] for c in ("node_leaf", "leaf_spine", "spine_core")} == {2304}
    assert cheapest.objective < vendor.objective


def test_part_filled_units() -> None:
    """40 DGX H100: 16 leaves of 20 down and 20 up, 5 spines; with growth 8 spines."""
    assert counts(solved("dgx-h100", 40, ("qm9700",))) == (16, 5, 0)
    assert counts(solved("dgx-h100", 40, ("qm9700",), growth=True)) == (16, 8, 0)


def test_ports_split_over_two_planes() -> None:
    """1,024 DGX B300 on SN5600 (B300 Spectrum-X RA): two planes of 128 x 400G, each of 128 leaves and 64 spines.

    Whole: 8,192 ports of 800G on 64: 256 leaves, 256 spines, 128 cores.
    """
    split = solved("dgx-b300", 1024, ("sn5600",))
    assert counts(split) == (256, 128, 0)
    assert (network(split)["planes"], network(split)["gbps"]) == (2, 400)
    whole = solved("dgx-b300", 1024, ("sn5600",), split=(1,))
    assert counts(whole) == (256, 256, 128)


def test_rails_of_servers_that_are_not_rail_optimised() -> None:
    """512 servers of 6 ports of 800G on 64: 6 x 16 leaves, 6 x 16 spines, 6 x 512 uplinks on cores of 10 links to each
    of 6 groups: 52. Plain leaves of 5 servers each take more."""
    assert counts(solved("gaudi-3-8", 512, ("th5-64x800g",))) == (96, 96, 52)
    assert sum(counts(solved("gaudi-3-8", 512, ("th5-64x800g",), rails="server"))) > 244


def test_storage_ports_of_200g_on_ports_of_800g() -> None:
    """32 HGX H100 on SN5600: compute 256 ports of 400G on 8 leaves and 2 spines of 128, storage 64 of 200G on one
    switch of 256: modules of four links at the switch and single ones at the servers."""
    plan = solved("hgx-h100-oem", 32, ("sn5600",))
    assert counts(plan) == (8, 2, 0)
    assert counts(plan, "storage") == (1, 0, 0)
    parts = {row["part"]: row["installed"] for row in plan.decisions["parts"]}
    assert (parts["dr4-4x200g-100m"], parts["dr4-200g-100m"], parts["fibre-os2-mpo12-half"]) == (16, 64, 64)


def test_storage_of_trays_fills_its_leaves() -> None:
    """64 GB300 racks have 2,304 storage ports of 400G. Four of each rack on a leaf: 8 racks fill 32 of 64 ports; on 128
    ports 16 racks: 36 leaves of 64 ports down."""
    plan = solved("gb300-nvl72", 64, ())
    row = network(plan, "storage")
    radix = CATALOGUE.switches[row["switch"]].ports * int(CATALOGUE.switches[row["switch"]].port_gbps // 400)
    assert row["leaves"] == 2304 // (radix // 2)
    assert sum(counts(plan, "storage")) <= 145


def test_128_endpoints_of_200g_on_one_switch_of_64_ports_of_400g() -> None:
    """Each of 32 twin-port cages as four links of 200G."""
    from planner.engineering.networks import Ask, Parts, compute, endpoints_server

    price = {**{("optics", o): 1.0 for o in CATALOGUE.optics}, ("switches", "qm9700"): 1.0}
    parts = Parts(CATALOGUE.switches, CATALOGUE.optics, lambda kind, id: price.get((kind, id)))
    found = compute(Ask(128, endpoints_server(128, 200), CATALOGUE.switches["qm9700"]), parts)
    assert found.planes.switches == 1
    assert found.parts["dr4-4x200g-100m"] == 32


def parts_of(plan: Plan) -> dict[str, int]:
    return {row["part"]: row["installed"] for row in plan.decisions["parts"] if row["installed"]}


@pytest.mark.parametrize(("metres", "kind"), [(2, "dac"), (3, "dac"), (5, "acc"), (10, "")])
def test_splitter_copper_of_one_to_three_metres(metres: int, kind: str) -> None:
    """40 HGX H100 with single 400G ports on QM9700 (docs.nvidia.com, MCP7Y00 and MCP7Y50): 16 leaves of 20 servers, two
    links to a cage, so 10 splitters each; storage 80 links of 200G, four to a cage. Beyond 3 m active copper, beyond
    5 m optics."""
    plan = solved("hgx-h100-oem", 40, ("qm9700",), node_leaf_m=metres)
    assert counts(plan) == (16, 5, 0)
    parts = parts_of(plan)
    found = {part: n for part, n in parts.items() if CATALOGUE.optics[part].legs > 1}
    assert found == ({f"{kind}-splitter-2x400g": 160, f"{kind}-splitter-4x200g": 20} if kind else {})
    # Between switches 320 links with a module for two at either end.
    assert parts["sr4-2x400g"] == 320 + (0 if kind else 160)


def test_splitters_are_whole_for_every_leaf() -> None:
    """3 servers on a switch of 64 ports: 24 links, 12 cages; 33 on 8 leaves of 33: 17 cages each, though 16.5 would do
    by the link. With a floor of low trays the racks beside the leaves take copper."""
    assert parts_of(solved("hgx-h100-oem", 3, ("qm9700",), node_leaf_m=2))["dac-splitter-2x400g"] == 12
    assert parts_of(solved("hgx-h100-oem", 33, ("sn5600",), node_leaf_m=2))["dac-splitter-2x400g"] == 8 * 17
    floored = parts_of(
        solved.__wrapped__("hgx-h100-oem", 64, ("qm9700",), layout={"vertical_m": 0.3, "servers_per_rack": 8})
    )
    assert any(CATALOGUE.optics[part].legs > 1 for part in floored)


@pytest.mark.parametrize("server", ["dgx-h100", "dgx-b300", "gb200-nvl72", "gaudi-3-8"])
def test_no_tree_that_the_calculator_finds_is_smaller(server: str) -> None:
    """Switches and links of the compute network of a plan on one switch, against every scheme of the calculator."""
    row = CATALOGUE.servers[server]
    switch = "qm9700" if row.compute_port_gbps == 400 else "th5-64x800g"
    for servers in (3, 17, 45):
        plan = solved(server, servers, (switch,), split=(1,))
        built = network(plan)
        switches = sum(counts(plan))
        links = built["leaf_spine_links"] + built["spine_core_links"]
        for rails in {row.rail_optimised, True}:
            for any_pods in (False, True):
                tree = fit(
                    Rules(
                        64, row.compute_ports, rails, any_pods=any_pods, rail_ports=row.rail_ports if rails else 1,
                        cage_links=CATALOGUE.switches[switch].ports_per_cage, pod_servers=row.pod_servers,
                    ),
                    servers,
                )  # fmt: skip
                assert prove(tree, flow_endpoints=0).non_blocking
                more = tree.links("leaf-spine") + tree.links("spine-core")
                assert switches <= tree.switches or links < more, (servers, rails, any_pods)


def test_trays_of_racks_have_management_ports_of_their_own() -> None:
    """64 GB300 racks: 18 compute and 9 switch trays each, 1,152 + 576 out-of-band ports, 3 PDUs a rack, and one for
    every other switch. In-band 2 x 1,152 for the compute trays and two for each out-of-band switch."""
    plan = solved("gb300-nvl72", 64, (), management_networks=True)
    networks = {row["network"]: row for row in plan.decisions["networks"]}
    others = sum(r["leaves"] + r["spines"] + r["cores"] for name, r in networks.items() if name != "out-of-band")
    assert networks["out-of-band"]["node_leaf_links"] == 1152 + 576 + 3 * 64 + others
    assert networks["in-band"]["node_leaf_links"] == 2 * 1152 + 2 * networks["out-of-band"]["leaves"]


def test_trays_are_counted_alike_by_the_calculator() -> None:
    from planner.engineering import management
    from planner.engineering.networks import Ask, Parts, compute

    server = CATALOGUE.servers["gb200-nvl72"]
    parts = Parts(CATALOGUE.switches, CATALOGUE.optics, lambda kind, id: 1.0)
    ask = Ask(8, server, CATALOGUE.switches["qm9700"])
    found = [compute(ask, parts)]
    in_band, below = management.management(ask, found, parts)
    found.append(in_band)
    built = found[0].planes.switches + in_band.planes.switches
    assert below.links == 8 * 27 + 3 * 2 + built  # four servers to a rack without a floor
    assert in_band.planes.links("node-leaf") == 2 * (8 * 18 + below.switches)
    listed = list(management.cords(ask, found, below, parts))
    assert len(listed) == below.links
    assert sum("switch-tray" in cable.a_device for cable in listed) == 72


@pytest.mark.parametrize(
    ("server", "servers", "switch", "compute", "storage"),
    [
        # 2 x 200G of 6 servers on 64 ports: one port on each of two leaves, and 6 links between these.
        ("l40s-8", 6, "sn4700", (2, 0, 0), None),
        # 4 of 8 ports on each of two leaves: 16 of 4 servers, and as many links between them; 8 servers fill the pair.
        ("dgx-h100", 4, "qm9700", (2, 0, 0), (2, 0, 0)),
        ("dgx-h100", 8, "qm9700", (2, 0, 0), (2, 0, 0)),
        # 9 take 36 + 36 ports of a leaf: 8 rails below two spines. Storage 9 + 9, 10 links in whole cages.
        ("dgx-h100", 9, "qm9700", (8, 2, 0), (2, 0, 0)),
    ],
)
def test_no_failed_switch_cuts_a_server_off(
    server: str, servers: int, switch: str, compute: tuple[int, ...], storage: tuple[int, ...] | None
) -> None:
    """At least two leaves for the ports of a server, joined to each other or by two spines above."""
    single = servers * CATALOGUE.servers[server].compute_ports <= 64
    assert (sum(counts(solved(server, servers, (switch,)))) == 1) == single
    plan = solved(server, servers, (switch,), dual_homed=True)
    assert counts(plan) == compute
    if storage is not None:
        assert counts(plan, "storage") == storage


def test_dual_homed_trees_stand_after_any_failure() -> None:
    """For every size: each server on two leaves, and below any spine or core that fails traffic goes on."""
    for rules in (
        Rules(16, 4, True, rail_ports=2, dual_homed=True),
        Rules(16, 8, True, dual_homed=True, any_pods=True),
        Rules(8, 2, True, tiers=3, dual_homed=True),
        Rules(16, 2, True, leaf_ratio=3.0, dual_homed=True),
    ):
        for servers in range(2, 25):
            tree = fit(rules, servers)
            proof = prove(tree)
            assert proof.sound
            assert tree.row >= 2
            assert (tree.cores or tree.spines or tree.leaves * tree.mesh) >= 2
            assert min(proof.after_failure.values()) > 0


def test_a_server_with_one_port_is_not_dual_homed() -> None:
    with pytest.raises(FabricError, match="1 port on one leaf is not dual-homed; an even number"):
        Rules(16, 1, False, dual_homed=True)


def test_pods_of_a_stated_size_with_thin_links_between_them() -> None:
    """24,576 GPUs in 8 pods of 3,072, non-blocking inside and 7:1 between (Llama 3, arXiv 2407.21783, 3.3.1).

    On 128 ports of 400G a pod of 384 servers has 48 leaves of 64 ports down and 64 up; a spine of 112 ports down at
    most has 16 up. 64 / 32 spines = 2 links to each of 32, 96 down and 14 up: 32 x 14 = 448 uplinks a pod, on cores
    with 128 / 8 = 16 links to each pod: 28.
    """
    rules = Rules(128, 8, False, tiers=3, spine_ratio=7.0, cage_links=2, pod_servers=384)
    tree = fit(rules, 3072)
    assert (tree.pods, tree.leaves, tree.spines, tree.spine_uplinks, tree.cores) == (8, 384, 256, 14, 28)
    proof = prove(tree)
    assert proof.sound
    assert proof.share >= 1 / 7


def test_pods_of_a_stated_size_in_a_plan() -> None:
    """100 DGX A100 in pods of 20: five pods of a unit each, verified."""
    plan = solved("dgx-a100", 100, ("qm8790",), tiers=(3,), pod_servers=20, storage_network=False)
    (cluster,) = plan.decisions["clusters"]
    assert (cluster["pods_each"], cluster["leaves_each"]) == (5, 40)
