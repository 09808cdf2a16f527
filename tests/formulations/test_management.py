"""The out-of-band network of one pool, and the in-band network it hangs on; servers n and racks r stand in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import ASSET, algebra, variables

from formulations.fabric import FabricData, FrameData, UnitData, add_fabric, add_few_clusters
from formulations.ledger import Ledger
from formulations.management import OutOfBandData, add_management

COMPUTE, IN, OUT = ("a", "compute"), ("a", "in-band"), ("a", "out-of-band")


def fabric() -> pyo.ConcreteModel:
    """Compute: a unit is 2 leaves of 8 servers. In-band: a pair of leaves for 58. Out-of-band: 48 ports a switch."""
    kits = {
        (*COMPUTE, "node-leaf", "aoc"): {"aoc": 1.0},
        (*IN, "node-leaf", "aoc"): {"aoc": 1.0},
        (*IN, "leaf-leaf", "dac"): {"dac": 1.0},
        (*OUT, "node-leaf", "cord"): {"cord": 1.0},
    }
    data = FabricData(
        periods=[1],
        site={"a": "home"},
        group={"a": "home/box"},
        units={
            COMPUTE: UnitData(2, 8, 2, 16, 0.5, 1),
            IN: UnitData(2, 58, 2, 8, 0.5, 2),
            OUT: UnitData(1, 0, 1, 0, 0.1, 1),
        },
        frames={
            (*COMPUTE, "two"): FrameData(16, 2, 0, 3, 0, 0, 0, most=5),
            (*IN, "pairs"): FrameData(870, 15, 0, 2, 0, 0, 0, most=5),
        },
        kits=kits,
        switch=dict.fromkeys((COMPUTE, IN, OUT), ASSET),
        part=dict.fromkeys(("aoc", "dac", "cord"), ASSET),
        part_kw=dict.fromkeys(("aoc", "dac", "cord"), 0.0),
        most_units=dict.fromkeys((COMPUTE, IN, OUT), 9),
        most_switches=dict.fromkeys((COMPUTE, IN, OUT), 40),
        most_links={key[:3]: 500 for key in kits},
        most_parts={("a", part): 500 for part in ("aoc", "dac", "cord")},
        scarce=False,
        length_m=dict.fromkeys(kits, 10),
        reaches={},
    )
    model = pyo.ConcreteModel()
    servers, racks = variables(model, "n", ("a", 1)), variables(model, "r", ("a", 1))
    add_fabric(model, data, servers, Ledger())
    others = ("compute", "in-band")
    add_management(model, {"a": OutOfBandData(48, 3, 2, others)}, [1], servers, racks)
    add_few_clusters(model.fabric, data, {("a", 1): 1})
    return model


def test_algebra() -> None:
    model = fabric()  # kept: blocks know their model by a weak reference
    rows = algebra(model.management)
    switches = "+1*fabric.switches_bought[a,compute,1] +1*fabric.switches_bought[a,in-band,1]"
    assert rows["out_of_band_ports_suffice"] == [  # (M1)
        f"{switches} -48*fabric.units[a,out-of-band,1] +1*n[a,1] +3*r[a,1] <= 0"
    ]
    assert rows["units_have_out_of_band"] == [  # (M2)
        "+2*fabric.units[a,compute,1] -1*fabric.units[a,out-of-band,1] <= 0"
    ]


def test_out_of_band_switches_hang_on_in_band_leaves() -> None:
    """(N1), (N4): each takes the place of a server, with two links."""
    model = fabric()
    rows = algebra(model.fabric)
    assert rows["servers_have_ports"] == [
        "-8*fabric.units[a,compute,1] +1*n[a,1] <= 0",
        "-58*fabric.units[a,in-band,1] +1*fabric.units[a,out-of-band,1] +1*n[a,1] <= 0",
    ]
    assert rows["links_are_made"] == [
        "+1*fabric.links[a,compute,node-leaf,aoc,1] -2*n[a,1] == 0",
        "+1*fabric.links[a,in-band,node-leaf,aoc,1] -2*fabric.units[a,out-of-band,1] -2*n[a,1] == 0",
        "+1*fabric.links[a,in-band,leaf-leaf,dac,1] -2*fabric.units[a,in-band,1] == 0",
        "+1*fabric.links[a,out-of-band,node-leaf,cord,1] -1*fabric.switches_bought[a,compute,1]"
        " -1*fabric.switches_bought[a,in-band,1] -1*n[a,1] -3*r[a,1] == 0",
    ]


def test_one_in_band_cluster_may_be_smaller_whatever_the_runs() -> None:
    """(N6) with y = 1 and runs = 0; no (N7)."""
    model = fabric()
    rows = algebra(model.fabric)
    assert rows["clusters_are_full"][1] == "+15*fabric.frames[a,in-band,pairs,1] -1*fabric.units[a,in-band,1] <= 14"
    assert rows["one_cluster_is_smaller"] == ["+1*fabric.smaller[a,compute,1] <= 1"]
    assert rows["units_stand_on_frames"][1] == "-15*fabric.frames[a,in-band,pairs,1] +1*fabric.units[a,in-band,1] <= 0"
