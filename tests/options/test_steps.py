"""Steps of designs: none that counts is left out, gangs pack exactly, networks of several clusters where they pay."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from ruamel.yaml import YAML

from planner.catalogue import load_catalogue
from planner.instance import parse_instance
from planner.instance.choices import FabricChoice
from planner.money import Money
from planner.options import Options, make_options, management
from planner.options.packing import packs
from planner.options.tables import Design, Step

CATALOGUE = load_catalogue()
HEAD = """
name: steps
currency: {unit: USD, rates: {CNY: 0.14}}
policy: {export_rules: none}
sites: [{name: dc, country: US, power_limit_mw: 50, tariff_per_kwh: 0.07}]
"""
ONE = "horizon: {start: 2023-07, periods: 1, period_years: 4, discount_rate: 0.08}"
FOUR = "horizon: {start: 2023-07, periods: 4, period_years: 1.5, discount_rate: 0.08, residual_value: straight-line}"
RUNS = """
workloads:
  - {name: big, kind: training, parameters: 70e9, mfu: 0.4, days: 30, tokens: 2.495e12, concurrent_runs: 3}
  - {name: small, kind: training, parameters: 70e9, mfu: 0.4, days: 30, tokens: 0.638e12}
"""
THREE_SIZES = """
workloads:
  - {name: big, kind: training, parameters: 70e9, mfu: 0.4, days: 30, tokens: 0.9e12, concurrent_runs: 2}
  - {name: mid, kind: training, parameters: 70e9, mfu: 0.4, days: 30, tokens: 0.5e12, concurrent_runs: 3}
  - {name: small, kind: training, parameters: 70e9, mfu: 0.4, days: 30, tokens: 0.2e12, concurrent_runs: 2}
"""
SERVICE = """
workloads:
  - {name: serve, kind: inference, parameters: 70e9, queries_per_day: 2e8, tokens_in: 600, tokens_out: 250,
     peak_factor: 3, utilisation: 0.25}
"""
MANAGED = "catalogue: {servers: [dgx-a100], switches: [qm8790, th3-32x400g]}\nfabric: {management_networks: true}"
CASES = {
    "runs": ONE + RUNS + "catalogue: {servers: [dgx-h100]}",
    "runs on one switch": ONE
    + RUNS
    + "catalogue: {servers: [dgx-h100], switches: [th4-64x400g], price_rule: in-force}",
    "runs of three sizes": ONE + THREE_SIZES + "catalogue: {servers: [hgx-h100-oem], switches: [qm9700, th4-64x400g]}",
    "service": ONE + SERVICE + "catalogue: {servers: [dgx-h100, l40s-8]}",
    "managed service": ONE + SERVICE + MANAGED,
    "planes": ONE + SERVICE + "catalogue: {servers: [dgx-h100]}\nfabric: {planes: [1, 8], oversubscription: [1, 2]}",
    "floor": ONE + SERVICE + "catalogue: {servers: [dgx-a100], cooling: [evaporative]}\nfabric: {layout: {}}",
    "periods": FOUR + SERVICE + "catalogue: {servers: [dgx-h100], switches: [qm9790, th3-32x400g, th4-64x400g]}",
    "supply": ONE
    + SERVICE
    + "catalogue: {servers: [dgx-h100]}\nsupply: [{kind: switches, id: th4-64x400g, limit: 20}]",
}


def options(case: str, prune: bool = True, more: str = "") -> Options:
    return make_options(parse_instance(YAML(typ="safe").load(HEAD + CASES[case] + more)), prune=prune)


def pieces(design: Design, step: Step, servers: int) -> dict[tuple[str, str], int]:
    """Switches and parts of a step with so many servers below it."""
    found = {("switches", id): n for id, n in step.switches.items()}
    for part, n in step.parts.items():
        found["optics", part] = n
    for term in design.attachments[step.attachment].terms:
        key = ("optics", term.part)
        found[key] = found.get(key, 0) + term.pieces(servers)
    return found


def costs(made: Options, money: Money, design: Design, rack: str, step: Step, servers: int) -> Iterator[float]:
    """What a network costs bought in each period with cheap, usual and dear power, and how many scarce switches."""
    found = pieces(design, step, servers)
    kw = sum(getattr(made.catalogue.entries(k)[i], "power_w", 0.0) * n for (k, i), n in found.items()) / 1000
    for t in money.periods:
        worth = sum(n * money.worth(*key, t) for key, n in found.items())
        worth += step.network_racks * money.worth("racks", rack, t)
        yield from (worth + kw * per_kw for per_kw in (5_000.0, 20_000.0, 1e6))
    yield worth + kw * 5_000 + 1e6 * found.get(("switches", "th4-64x400g"), 0)


def gang_loads(design: Design, made: Options) -> list[tuple[int, ...]]:
    """Loads of gangs up to the demand."""
    most = [
        sum(
            math.ceil(made.demand[s.workload, 1] / s.rate - 1e-9)
            for s in made.sizes
            if s.servers == g and s.server == design.server
        )
        for g in design.gang_sizes
    ]
    return list(itertools.product(*(range(n + 1) for n in most)))


LONG = ("periods", "floor")


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c in LONG else c for c in CASES])
def test_no_step_that_counts_is_left_out(case: str) -> None:
    """At any size and load of gangs, what is kept is as cheap as all there is, whatever power is worth."""
    few, every = options(case), options(case, prune=False)
    money = Money(every.instance, every.items)
    for id, design in list(every.designs.items())[:2]:
        rack = next(pool.rack for pool in every.pools if pool.design == id)
        left = few.designs[id]
        most = min(max(pool.most_servers for pool in every.pools if pool.design == id), 500)
        listed = gang_loads(design, every)
        for load in listed[:: max(1, len(listed) // 5)]:
            least = max(1, sum(s * n for s, n in zip(design.gang_sizes, load, strict=True)))
            for servers in {least, *range(least, most + 1, max(1, (most - least) // 4))}:
                found = [
                    [
                        min(values)
                        for values in zip(
                            *(
                                costs(every, money, d, rack, step, servers)
                                for step in d.steps
                                if step.servers >= servers and packs(step.cells, d.gang_sizes, load)
                            ),
                            strict=True,
                        )
                    ]
                    for d in (left, design)
                ]
                scarce = case == "supply"
                assert found[0][: None if scarce else -1] == pytest.approx(
                    found[1][: None if scarce else -1], rel=1e-9
                ), (id, load, servers)


@pytest.mark.parametrize("case", CASES)
def test_steps_rise_and_serve_what_no_smaller_one_does(case: str) -> None:
    for design in options(case).designs.values():
        sizes = [step.servers for step in design.steps]
        assert sizes == sorted(sizes)
        assert all(1 <= step.least <= step.servers for step in design.steps)
        assert {step.attachment for step in design.steps} == set(design.attachments)
        for step in design.steps:
            assert sum(s * n for s, n in step.cells) >= step.servers
            built: Counter[str] = Counter()
            for standing in step.standings:
                spine = standing.spine_switch or standing.switch
                built[standing.switch] += standing.leaves
                built[spine] += standing.spines
                built[standing.core_switch or spine] += standing.cores
            assert +built == dict(step.switches)


def test_runs_of_two_sizes_stand_in_clusters_of_their_own() -> None:
    """Three clusters of 128 (32 leaves, 16 spines) and one of 40 (16, 5), storage for 432 on 27 leaves and 16 spines:
    208 switches, where clusters of 256 and 192 servers take 219."""
    made = options("runs on one switch")
    design = next(iter(made.designs.values()))
    assert design.gang_sizes == (33, 128)
    fitting = [s for s in design.steps if s.servers >= 417 and packs(s.cells, (33, 128), (1, 3))]
    best = min(fitting, key=lambda s: sum(s.switches.values()))
    assert (dict(best.switches), best.cells) == ({"th4-64x400g": 208}, ((128, 3), (40, 1)))


@pytest.mark.parametrize("case", ["runs", "runs of three sizes"])
def test_what_cannot_be_packed_is_told_and_nothing_else(case: str) -> None:
    """Loads within servers and places pack unless they hold a load that is told; those do not."""
    made = options(case, prune=False)
    for design in made.designs.values():
        told: dict[int, list[tuple[int, ...]]] = {}
        for load, indices in design.unpackable:
            for index in indices:
                told.setdefault(index, []).append(load)
        for index, step in enumerate(design.steps[::9]):
            for load in gang_loads(design, made):
                servers = sum(s * n for s, n in zip(design.gang_sizes, load, strict=True))
                short = any(
                    sum(n * (own // size) for own, n in zip(design.gang_sizes, load, strict=True))
                    > design.places_of(step, size)
                    for size in design.gang_sizes
                )
                if servers > step.servers or short:
                    continue
                above = any(all(a >= b for a, b in zip(load, small, strict=True)) for small in told.get(9 * index, ()))
                assert packs(step.cells, design.gang_sizes, load) != above, (step.cells, load)


def test_management_networks_of_127_servers() -> None:
    """NVIDIA RA-11333-001: 127 DGX H100 behind 48 switches of the compute network take 6 leaves and 2 spines in-band,
    and 8 out-of-band switches, two for each of four units."""
    rows = management.optic_rows(CATALOGUE)
    band, below = management.networks(management.switches(CATALOGUE), rows, FabricChoice(), None)
    found = management.managed(band, below, np.array([127]), np.array([48]), np.array([8]), 4)
    cluster = found.clusters[int(found.cluster[0])]
    assert (cluster.counts.leaves, cluster.counts.spines, int(found.out_of_band[0])) == (6, 2, 8)


def test_one_cluster_per_site_offers_no_network_of_several() -> None:
    made = options("runs", more="\nfabric: {one_cluster_per_site: true}")
    assert made.designs
    for design in made.designs.values():
        for step in design.steps:
            assert sum(c.count for c in step.standings[0].clusters) == 1
