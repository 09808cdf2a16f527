"""Pairs and triples of switch types: the bound that drops them, and where they are offered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ruamel.yaml import YAML

from planner.engineering.shapes import Rules
from planner.engineering.tree import Above
from planner.instance import parse_instance
from planner.options import make_options
from planner.options.chains import Chain, clusters
from planner.options.networks import Family, NetworkOption
from planner.options.pairs import at_least, points, sizes

WORTH = (3.0, 10.0, 8.0, 0.1, 0.4, 0.5, 0.2, 0.6, 0.7, 0.0)
RULES = [
    Rules(32, 8, True, tiers=2, above=Above(1, 128, 2, 128, 2)),
    Rules(64, 8, True, tiers=3, cage_links=2, above=Above(1, 32, 1, 128, 2), any_pods=True),
    Rules(64, 72, True, tiers=3, cage_links=2, rail_ports=18, above=Above(1, 32, 1, 64, 1), any_pods=True),
    Rules(64, 2, False, tiers=2, leaf_ratio=3.0, cage_links=2, above=Above(2, 64, 1, 64, 1)),
]
"""Trees of several switch types; a leaf costs 3, a spine 10, a core 8, links and modules the rest."""


def _option(rules: Rules) -> NetworkOption:
    return NetworkOption(
        "compute", None, 400.0, None, {}, {}, planes=2, tiers=rules.tiers, cage_links=rules.cage_links,  # type: ignore[arg-type]
        rules=rules, worth=WORTH,
    )  # fmt: skip


@pytest.mark.parametrize("rules", RULES, ids=["two tiers", "three tiers", "trays", "faster and oversubscribed"])
def test_no_tree_costs_less_than_the_bound(rules: Rules) -> None:
    found = [each for each in clusters(rules, 2, 300, WORTH) if each.tree.spines]
    assert len(found) > 3
    servers = np.array([float(each.servers) for each in found])
    cost = np.array([each.counts for each in found]) @ np.array(WORTH)
    least = at_least(_option(rules), servers)
    assert (least <= cost + 1e-9).all()
    assert (least >= 0.7 * cost).any()  # not so low that it drops nothing


def test_the_bound_by_hand() -> None:
    """80 DGX H100 on leaves of 32 and spines of 128 ports: 5 rows of 8 leaves, 640 uplinks, 5 spines; a spine joins 128
    leaves, those of 256 servers."""
    option = replace(_option(RULES[0]), planes=1)
    found = at_least(option, np.array([80.0, 256.0, 257.0]))
    assert found[0] == pytest.approx(40 * 3 + 5 * 10 + 640 * (0.1 + 0.4 + 0.5 / 2))
    assert np.isfinite(found[1])
    assert np.isinf(found[2])


def test_clusters_are_offered_where_they_are_the_cheapest() -> None:
    option = _option(RULES[0])
    chain = Chain(clusters(RULES[0], 2, 600, WORTH), 600)
    family = Family("pair", option, ())
    assert points(family, chain) is None
    one = points(replace(family, cheapest=(70.0, 71.0, 72.0)), chain)
    assert one is not None
    assert {int(n) for n in chain.servers[one]} == {
        min(s for s in chain.servers.tolist() if s >= n) for n in (70, 71, 72)
    }
    assert (chain.full[one] == 0).all()
    many = points(replace(family, cheapest=(256.0,)), chain)  # the largest: whole ones stand beside each other as well
    assert many is not None
    assert (chain.full[many] > 0).any()


def test_sizes_are_alike_for_pools_of_about_as_many() -> None:
    assert sizes(300).tolist() == sizes(500).tolist() == [float(n) for n in range(1, 513)]
    assert sizes(30_000).tolist() == sizes(2048).tolist()


RUN = """
name: run
horizon: {start: 2026-01, periods: 1, period_years: 4, discount_rate: 0.08, residual_value: none}
currency: {unit: USD, rates: {CNY: 0.14}}
objective: tco
workloads: [{name: w, kind: compute, precision: fp16, peak_flops: 5.77e17, one_cluster: true}]
sites: [{name: s, country: US, power_limit_mw: 20, tariff_per_kwh: 0.1}]
catalogue: {servers: [dgx-h100], switches: [th3-32x400g, th5-64x800g], cooling: [rear-door]}
fabric: {storage_network: false}
"""


@pytest.mark.parametrize(
    ("stated", "offered"), [({}, True), ({"spine_switches": ["th5-64x800g"]}, True), ({"tiers": [3]}, False)]
)
def test_a_run_may_stand_on_leaves_below_larger_spines(stated: dict[str, object], offered: bool) -> None:
    """73 DGX H100, more than any switch holds: leaves of 32 ports below spines of 128 in two tiers."""
    data = YAML(typ="safe").load(RUN)
    data["fabric"] |= stated
    (design,) = make_options(parse_instance(data)).designs.values()
    pairs = {
        step.standings[0].tiers for step in design.steps
        if (step.standings[0].switch, step.standings[0].spine_switch) == ("th3-32x400g", "th5-64x800g")
    }  # fmt: skip
    assert (2 in pairs) == offered


def test_services_on_single_servers_are_offered_none() -> None:
    """What one switch holds has nothing to gain from two types."""
    data = YAML(typ="safe").load(RUN)
    del data["workloads"][0]["one_cluster"]
    (design,) = make_options(parse_instance(data)).designs.values()
    assert not [step for step in design.steps if step.standings[0].spine_switch]
