"""fabric on two pools of one server type: a on two tiers, b on three; servers n stand in.

Named so because ``tests/cli/test_fabric.py`` has the plain name.

* a: a unit is 2 leaves of 8 servers with 2 ports each; frame ``one`` is a single switch for 4 servers, ``two`` carries
  2 units on 3 spines, ``four`` carries 4 units on 5 spines
* b: a unit is 4 leaves, 16 servers with 1 port each; frame ``six`` carries 6 units on 24 spines and 12 cores
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
import pytest
from algebra import ASSET, algebra, bounds, expression, money, variables

from formulations.fabric import FabricData, FrameData, UnitData, add_fabric, add_few_clusters
from formulations.ledger import Ledger

A, B = ("a", "compute"), ("b", "compute")


def fabric(kits_of_b: tuple[str, ...] = ("dac",), **change: Any) -> tuple[pyo.ConcreteModel, FabricData, Ledger]:
    """Each link of a takes one ``aoc``; one of b's takes half a ``twin`` module at each end, or a ``dac``."""
    parts_of_kit = {"dac": {"dac": 1.0}, "twin": {"twin": 1.0, "fibre": 1.0}, "half": {"twin": 0.5}}
    kits: dict[tuple[str, str, str, str], dict[str, float]] = {
        (*A, "node-leaf", "aoc"): {"aoc": 1.0},
        (*A, "leaf-spine", "aoc"): {"aoc": 1.0},
        **{(*B, c, k): parts_of_kit[k] for c in ("node-leaf", "leaf-spine", "spine-core") for k in kits_of_b},
    }
    parts = {(p, i) for (p, *_), of_kit in kits.items() for i in of_kit}
    facts: dict[str, Any] = {
        "periods": [1],
        "site": {"a": "home", "b": "home"},
        "group": {"a": "home/box", "b": "home/box"},
        "units": {
            A: UnitData(2, 8, 2, 16, switch_kw=0.5, switch_height=1),
            B: UnitData(1, 16, 4, 64, switch_kw=1, switch_height=2),
        },
        "frames": {
            (*A, "one"): FrameData(4, 0, 1, 0, 0, 0, 0, most=9),
            (*A, "two"): FrameData(16, 2, 0, 3, 0, 0, 0, most=5),
            (*A, "four"): FrameData(32, 4, 0, 5, 0, 0, 0, most=3),
            (*B, "six"): FrameData(96, 6, 0, 24, cores=12, leaf_spine_links=0, spine_core_links=384, most=2),
        },
        "kits": kits,
        "switch": {A: ASSET, B: ASSET},
        "part": dict.fromkeys((i for _, i in parts), ASSET),
        "part_kw": {"aoc": 0.25, "dac": 0, "twin": 0.125, "fibre": 0},
        "most_units": {A: 10, B: 12},
        "most_switches": {A: 40, B: 90},
        "most_links": {key[:3]: 500 for key in kits},
        "most_parts": dict.fromkeys(sorted(parts), 1000),
        "scarce": False,
        "length_m": dict.fromkeys(kits, 10),
        "reaches": {},
    }
    data = FabricData(**{**facts, **change})
    model = pyo.ConcreteModel()
    ledger = Ledger()
    servers = variables(model, "n", *[(p, t) for p in "ab" for t in data.periods])
    add_fabric(model, data, servers, ledger)
    return model, data, ledger


def test_algebra() -> None:
    model, _, _ = fabric()
    assert algebra(model.fabric) == {
        "servers_have_ports": [  # (N1)
            "-4*fabric.frames[a,compute,one,1] -8*fabric.units[a,compute,1] +1*n[a,1] <= 0",
            "-16*fabric.units[b,compute,1] +1*n[b,1] <= 0",
        ],
        "units_stand_on_frames": [  # (N2)
            "-4*fabric.frames[a,compute,four,1] -2*fabric.frames[a,compute,two,1] +1*fabric.units[a,compute,1] <= 0",
            "-6*fabric.frames[b,compute,six,1] +1*fabric.units[b,compute,1] <= 0",
        ],
        "switches_suffice": [  # (N3)
            "+5*fabric.frames[a,compute,four,1] +1*fabric.frames[a,compute,one,1] +3*fabric.frames[a,compute,two,1]"
            " -1*fabric.switches_bought[a,compute,1] +2*fabric.units[a,compute,1] <= 0",
            "+36*fabric.frames[b,compute,six,1] -1*fabric.switches_bought[b,compute,1] +4*fabric.units[b,compute,1]"
            " <= 0",
        ],
        "links_are_made": [  # (N4)
            "+1*fabric.links[a,compute,node-leaf,aoc,1] -2*n[a,1] == 0",
            "+1*fabric.links[a,compute,leaf-spine,aoc,1] -16*fabric.units[a,compute,1] == 0",
            "+1*fabric.links[b,compute,node-leaf,dac,1] -1*n[b,1] == 0",
            "+1*fabric.links[b,compute,leaf-spine,dac,1] -64*fabric.units[b,compute,1] == 0",
            "-384*fabric.frames[b,compute,six,1] +1*fabric.links[b,compute,spine-core,dac,1] == 0",
        ],
        "parts_suffice": [  # (N5)
            "+1*fabric.links[a,compute,leaf-spine,aoc,1] +1*fabric.links[a,compute,node-leaf,aoc,1]"
            " -1*fabric.parts_bought[a,aoc,1] <= 0",
            "+1*fabric.links[b,compute,leaf-spine,dac,1] +1*fabric.links[b,compute,node-leaf,dac,1]"
            " +1*fabric.links[b,compute,spine-core,dac,1] -1*fabric.parts_bought[b,dac,1] <= 0",
        ],
    }


def test_algebra_of_few_clusters() -> None:
    """U is 4 for a and 6 for b; two runs of x servers may have clusters to themselves in a."""
    model, data, _ = fabric()
    before = set(algebra(model.fabric))
    x = variables(model, "x", ("run", 1))
    add_few_clusters(model.fabric, data, {("a", 1): x["run", 1]})
    assert {name: rows for name, rows in algebra(model.fabric).items() if name not in before} == {
        "clusters_are_full": [  # (N6)
            "+4*fabric.frames[a,compute,four,1] +4*fabric.frames[a,compute,two,1] -3*fabric.smaller[a,compute,1]"
            " -1*fabric.units[a,compute,1] -4*x[run,1] <= 0",
            "+6*fabric.frames[b,compute,six,1] -5*fabric.smaller[b,compute,1] -1*fabric.units[b,compute,1] <= 0",
        ],
        "one_cluster_is_smaller": [  # (N7)
            "+1*fabric.frames[a,compute,one,1] +1*fabric.smaller[a,compute,1] +1*fabric.smaller[b,compute,1] <= 1",
        ],
    }
    assert all(v.is_binary() for v in model.fabric.smaller.values())


def test_pools_of_different_servers_each_have_a_smaller_cluster() -> None:
    """(N7) is by group."""
    model, data, _ = fabric(group={"a": "home/box", "b": "home/other"})
    add_few_clusters(model.fabric, data, {})
    assert algebra(model.fabric)["one_cluster_is_smaller"] == [
        "+1*fabric.frames[a,compute,one,1] +1*fabric.smaller[a,compute,1] <= 1",
        "+1*fabric.smaller[b,compute,1] <= 1",
    ]


def test_a_frame_with_own_leaves_brings_their_uplinks() -> None:
    """(N4) Units add 16 links each, clusters of ``one`` with 12 uplinks 12."""
    frames = {
        (*A, "one"): FrameData(6, 0, 2, 1, 0, 12, 0, most=9),
        (*B, "six"): FrameData(96, 6, 0, 24, cores=12, leaf_spine_links=0, spine_core_links=384, most=2),
    }
    model, _, _ = fabric(frames=frames)
    assert algebra(model.fabric)["links_are_made"][1] == (
        "-12*fabric.frames[a,compute,one,1] +1*fabric.links[a,compute,leaf-spine,aoc,1]"
        " -16*fabric.units[a,compute,1] == 0"
    )


def test_links_choose_among_kits_and_parts_are_shared() -> None:
    """(N4), (N5) A kit that uses half a module a link counts half of it."""
    model, _, _ = fabric(("dac", "half"))
    block = model.fabric
    assert algebra(block)["links_are_made"][2] == (
        "+1*fabric.links[b,compute,node-leaf,dac,1] +1*fabric.links[b,compute,node-leaf,half,1] -1*n[b,1] == 0"
    )
    assert (
        "+0.5*fabric.links[b,compute,leaf-spine,half,1] +0.5*fabric.links[b,compute,node-leaf,half,1]"
        " +0.5*fabric.links[b,compute,spine-core,half,1] -1*fabric.parts_bought[b,twin,1] <= 0"
    ) in algebra(block)["parts_suffice"]


@pytest.mark.parametrize(
    ("kits", "scarce", "whole_links", "whole_parts"),
    [
        (("dac",), False, set(), set()),
        (("dac", "twin"), False, {"b"}, set()),  # several kits to choose from
        (("half",), False, set(), {("b", "twin")}),  # a part shared by two links
        (("dac",), True, {"a", "b"}, {("a", "aoc"), ("b", "dac")}),  # supply limits
    ],
)
def test_what_is_whole_by_declaration(
    kits: tuple[str, ...], scarce: bool, whole_links: set[str], whole_parts: set[tuple[str, str]]
) -> None:
    model, _, _ = fabric(kits, scarce=scarce)
    block = model.fabric
    assert {key[0] for key, v in block.links.items() if v.is_integer()} == whole_links
    assert {key[:2] for key, v in block.parts_bought.items() if v.is_integer()} == whole_parts
    assert all(v.is_integer() is scarce for v in block.switches_bought.values())
    assert all(v.is_integer() for v in (*block.units.values(), *block.frames.values()))


def test_bounds() -> None:
    model, _, _ = fabric()
    block = model.fabric
    assert bounds(block.units) == {"fabric.units[a,compute,1]": (0, 10), "fabric.units[b,compute,1]": (0, 12)}
    assert bounds(block.frames)["fabric.frames[a,compute,two,1]"] == (0, 5)
    assert bounds(block.switches_bought)["fabric.switches_bought[b,compute,1]"] == (0, 90)
    assert set(bounds(block.links).values()) == {(0, 500)}
    assert set(bounds(block.parts_bought).values()) == {(0, 1000)}


def test_money_load_and_height() -> None:
    """Half a kW a switch and a quarter a cable for a; the passive cables of b draw nothing."""
    model, _, ledger = fabric()
    block = model.fabric
    switches = "fabric.switches_bought[a,compute,1] +{0}*fabric.switches_bought[b,compute,1]"
    assert money(ledger) == {
        "capex optics home 1": "+10*fabric.parts_bought[a,aoc,1] +10*fabric.parts_bought[b,dac,1]",
        "capex switches home 1": "+10*" + switches.format(10),
        "maintenance optics home 1": "+1*fabric.parts_bought[a,aoc,1] +1*fabric.parts_bought[b,dac,1]",
        "maintenance switches home 1": "+1*" + switches.format(1),
        "residual optics home 1": "-2.5*fabric.parts_bought[a,aoc,1] -2.5*fabric.parts_bought[b,dac,1]",
        "residual switches home 1": "-2.5*" + switches.format(-2.5).replace("+-", "-"),
    }
    load = "+0.25*fabric.parts_bought[a,aoc,1] +0.5*fabric.switches_bought[a,compute,1]"
    assert expression(ledger.it_kw("a", 1)) == expression(block.network_kw["a", 1]) == load
    assert expression(block.network_kw["b", 1]) == "+1*fabric.switches_bought[b,compute,1]"
    assert expression(block.switch_height["b", 1]) == "+2*fabric.switches_bought[b,compute,1]"


def test_switches_and_parts_bought_earlier_serve_on() -> None:
    """(N3), (N5) with (S1): two periods in service."""
    model, _, _ = fabric(periods=[1, 2])
    rows = algebra(model.fabric)
    assert rows["switches_suffice"][3] == (
        "+36*fabric.frames[b,compute,six,2] -1*fabric.switches_bought[b,compute,1]"
        " -1*fabric.switches_bought[b,compute,2] +4*fabric.units[b,compute,2] <= 0"
    )
    assert rows["parts_suffice"][1].endswith("-1*fabric.parts_bought[a,aoc,1] -1*fabric.parts_bought[a,aoc,2] <= 0")


def test_long_links_take_kits_that_reach() -> None:
    """(N8) A dac of b makes links of 3 m, a twin of 5 m; a quarter of the links of b are longer than 3 m."""
    key = (*B, "node-leaf")
    model, _, _ = fabric(("dac", "twin"), length_m={(*key, "dac"): 3, (*key, "twin"): 5}, reaches={key: {5: 0.25}})
    assert algebra(model.fabric)["links_are_long_enough"] == [
        "-1*fabric.links[b,compute,node-leaf,twin,1] +0.25*n[b,1] <= 0"
    ]
