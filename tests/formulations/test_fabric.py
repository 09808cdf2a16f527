"""fabric on two pools: a on networks of two families, b on one; servers n and server racks r stand in.

* a: ``split`` networks for 8 and 16 servers; a server takes 2 copper cables, and half a twin-port module on each of 4
  leaves, which it shares with another. A ``plain`` network for 4 servers, 3 cables each.
* b: ``plain`` for 32 servers; every server rack takes 2 cords.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from algebra import ASSET, algebra, bounds, money, sum_of, variables

from formulations.assets import Asset
from formulations.fabric import FabricData, FamilyData, StepData, SwapData, add_fabric, filled_between
from formulations.ledger import Ledger

SWITCH, RACK, COPPER, TWIN = ("switches", "sw"), ("racks", "cab"), ("optics", "dac"), ("optics", "twin")
CORD = ("optics", "cord")
FACTS: dict[str, Any] = {
    "periods": [1],
    "site": {"a": "home", "b": "home"},
    "steps": {
        ("a", 0): StepData("plain", 4, 1, 0.5, {SWITCH: 1}),
        ("a", 1): StepData("split", 8, 3, 1.0, {SWITCH: 4, TWIN: 12}),
        ("a", 2): StepData("split", 16, 9, 2.0, {SWITCH: 6, TWIN: 24, RACK: 1}),
        ("b", 0): StepData("plain", 32, 1, 4.0, {SWITCH: 9}),
    },
    "open_in": {},
    "families": {
        ("a", "plain"): FamilyData({COPPER: 3}, 0.0),
        ("a", "split"): FamilyData({COPPER: 2}, 0.25, {0.5: ({TWIN: 4}, 0.125)}),
        ("b", "plain"): FamilyData({COPPER: 3}, 0.0),
    },
    "rack_needs": {"b": {CORD: 2}},
    "asset": dict.fromkeys((SWITCH, RACK, COPPER, TWIN, CORD), ASSET),
    "most": {(p, *thing): 100 for p in "ab" for thing in (SWITCH, RACK, COPPER, TWIN, CORD)},
    "most_servers": {"a": 12, "b": 32},
    "whole": frozenset({SWITCH}),
    "tight": frozenset(),
    "groups": {},
}


def fabric(**change: Any) -> tuple[pyo.ConcreteModel, Ledger]:
    model, ledger = pyo.ConcreteModel(), Ledger()
    data = FabricData(**{**FACTS, **change})
    keys = [(p, t) for p in "ab" for t in data.periods]
    servers, racks = variables(model, "n", *keys), variables(model, "r", *keys)
    add_fabric(model, data, servers, {key: [(1.0, racks[key])] for key in keys}, ledger)
    return model, ledger


def test_algebra() -> None:
    """In one period what is needed is bought: no row (N5)."""
    model, _ = fabric(tight=frozenset({"a"}), groups={"home/box": ["a", "b"]})
    assert algebra(model.fabric) == {
        "servers_have_places": [  # (N1)
            "+1*fabric.attached[a,plain,1] -4*fabric.step[a,0,1] <= 0",
            "+1*fabric.attached[a,split,1] -8*fabric.step[a,1,1] -16*fabric.step[a,2,1] <= 0",
            "-32*fabric.step[b,0,1] +1*n[b,1] <= 0",
        ],
        "one_network_each": [  # (N2), not where there is but one
            "+1*fabric.step[a,0,1] +1*fabric.step[a,1,1] +1*fabric.step[a,2,1] <= 1",
        ],
        "servers_are_attached": [  # (N3), only where there are several families
            "-1*fabric.attached[a,plain,1] -1*fabric.attached[a,split,1] +1*n[a,1] == 0",
        ],
        "shared_modules_are_whole": [  # (N4)
            "+0.5*fabric.attached[a,split,1] -1*fabric.filled[a,split,0.5,1] <= 0",
        ],
        "no_network_too_large": [  # (N6), where waste would satisfy a limit
            "+1*fabric.step[a,0,1] +3*fabric.step[a,1,1] +9*fabric.step[a,2,1] -1*n[a,1] <= 0",
        ],
        "one_cluster_in_group": [  # (N7)
            "+1*fabric.step[a,0,1] +1*fabric.step[a,1,1] +1*fabric.step[a,2,1] +1*fabric.step[b,0,1] <= 1",
        ],
    }
    assert all(v.is_binary() for v in model.fabric.step.values())
    assert all(v.is_integer() for v in model.fabric.filled.values())
    assert bounds(model.fabric.filled) == {"fabric.filled[a,split,0.5,1]": (0, 7)}  # half of 12, and one
    assert bounds(model.fabric.attached)["fabric.attached[a,split,1]"] == (0, 12)
    assert filled_between(-0.4, 12) == (-5, 0)  # of 12 servers 4.8 blocks at most are counted down


def test_algebra_of_purchases() -> None:
    """(N5) Over periods what is needed is installed, what was bought within its life of two periods."""
    model, _ = fabric(periods=[1, 2])
    rows = dict(zip(model.fabric.things_suffice, algebra(model.fabric)["things_suffice"], strict=True))
    assert rows["a", *SWITCH, 1] == (
        "-1*fabric.bought[a,switches,sw,1] +1*fabric.step[a,0,1] +4*fabric.step[a,1,1] +6*fabric.step[a,2,1] <= 0"
    )
    assert rows["a", *RACK, 2] == (
        "-1*fabric.bought[a,racks,cab,1] -1*fabric.bought[a,racks,cab,2] +1*fabric.step[a,2,2] <= 0"
    )
    assert rows["a", *COPPER, 1] == (
        "+3*fabric.attached[a,plain,1] +2*fabric.attached[a,split,1] -1*fabric.bought[a,optics,dac,1] <= 0"
    )
    assert rows["a", *TWIN, 1] == (
        "-1*fabric.bought[a,optics,twin,1] +4*fabric.filled[a,split,0.5,1] +12*fabric.step[a,1,1]"
        " +24*fabric.step[a,2,1] <= 0"
    )
    assert rows["b", *CORD, 2] == "-1*fabric.bought[b,optics,cord,1] -1*fabric.bought[b,optics,cord,2] +2*r[b,2] <= 0"
    assert ("b", *TWIN, 1) not in rows
    assert len(rows) == 2 * (4 + 3)  # switches, racks, copper, modules of a; switches, copper, cords of b
    assert bounds(model.fabric.bought)["fabric.bought[a,switches,sw,2]"] == (0, 100)
    assert {key[1] for key, v in model.fabric.bought.items() if v.is_integer()} == {"switches"}


def test_links_are_made_with_another_kit() -> None:
    """Three links of a server on optics; copper reaches two of them, another cable all, a module's two at a time.

    Copper is cheaper by 0.2 kW a link. What the two make together is no more than the three links (N8).
    """
    families = dict(FACTS["families"])
    families["b", "plain"] = FamilyData({CORD: 3}, 0.9, swaps=(
        SwapData("compute", 2.0, 1, {COPPER: 1, CORD: -1}, -0.2), SwapData("compute", 3.0, 2, {TWIN: 1, CORD: -2}, 0.0),
    ))  # fmt: skip
    model, _ = fabric(families=families, rack_needs={})
    assert algebra(model.fabric)["swapped_links_are_there"] == [  # (N8)
        "+1*fabric.swapped[b,plain,0,1] -2*n[b,1] <= 0",
        "+1*fabric.swapped[b,plain,0,1] +2*fabric.swapped[b,plain,1,1] -3*n[b,1] <= 0",
    ]
    assert bounds(model.fabric.swapped) == {
        "fabric.swapped[b,plain,0,1]": (0, 64), "fabric.swapped[b,plain,1,1]": (0, 48)
    }  # fmt: skip
    assert all(v.is_integer() for v in model.fabric.swapped.values())
    servers, (copper, twins) = model.n["b", 1], model.fabric.swapped.values()
    bought = {key[1:3]: sum_of(terms) for key, terms in model.fabric.purchases.items() if key[0] == "b"}
    assert bought == {
        SWITCH: sum_of([(9.0, model.fabric.step["b", 0, 1])]),
        CORD: sum_of([(3.0, servers), (-1.0, copper), (-2.0, twins)]),
        COPPER: sum_of([(1.0, copper)]),
        TWIN: sum_of([(1.0, twins)]),
    }


def test_a_network_stands_only_where_it_is_on_offer() -> None:
    """Step 2 from period 2 on; a pool without any network in a period holds no servers then."""
    model, _ = fabric(periods=[1, 2], open_in={("a", 2): [2], ("b", 0): [2]})
    places = dict(zip(model.fabric.servers_have_places, algebra(model.fabric)["servers_have_places"], strict=True))
    assert places["a", "split", 1] == "+1*fabric.attached[a,split,1] -8*fabric.step[a,1,1] <= 0"
    assert places["b", "plain", 1] == "+1*n[b,1] <= 0"
    assert ("a", 2, 1) not in model.fabric.step
    assert ("b", *SWITCH, 1) not in model.fabric.things_suffice


def test_money_of_one_period() -> None:
    """What is needed is bought and kept: 10 apiece, 1 of upkeep, 2.5 left."""
    model, ledger = fabric(rack_needs={})
    found = money(ledger)
    assert found["capex switches home 1"] == (
        "+10*fabric.step[a,0,1] +40*fabric.step[a,1,1] +60*fabric.step[a,2,1] +90*fabric.step[b,0,1]"
    )
    assert found["maintenance racks home 1"] == "+1*fabric.step[a,2,1]"
    assert found["capex optics home 1"] == (
        "+30*fabric.attached[a,plain,1] +20*fabric.attached[a,split,1] +40*fabric.filled[a,split,0.5,1]"
        " +120*fabric.step[a,1,1] +240*fabric.step[a,2,1] +30*n[b,1]"
    )
    assert found["residual racks home 2"] == "-2.5*fabric.step[a,2,1]"
    assert sum_of(model.fabric.purchases["a", *SWITCH, 1]) == (
        "+1*fabric.step[a,0,1] +4*fabric.step[a,1,1] +6*fabric.step[a,2,1]"
    )


def test_money_over_periods() -> None:
    """Purchases cost, stock is kept up; each by the life and price of its thing."""
    short = Asset(price={1: 10, 2: 20}, life=1, upkeep=1)
    model, ledger = fabric(periods=[1, 2], asset={**FACTS["asset"], RACK: short})
    found = money(ledger)
    assert found["capex racks home 2"] == "+20*fabric.bought[a,racks,cab,2]"
    assert found["maintenance racks home 2"] == "+1*fabric.bought[a,racks,cab,2]"
    assert found["maintenance switches home 2"] == " ".join(
        f"+1*fabric.bought[{p},switches,sw,{t}]" for p in "ab" for t in (1, 2)
    )
    assert sum_of(model.fabric.purchases["a", *RACK, 2]) == "+1*fabric.bought[a,racks,cab,2]"


def test_it_load_is_that_of_the_chosen_network() -> None:
    """Its own kW and that of the parts of its servers; stock that is not in use draws nothing."""
    _, ledger = fabric()
    assert sum_of(ledger.it_kw("a", 1)) == (
        "+0.25*fabric.attached[a,split,1] +0.125*fabric.filled[a,split,0.5,1] +0.5*fabric.step[a,0,1]"
        " +1*fabric.step[a,1,1] +2*fabric.step[a,2,1]"
    )
    assert sum_of(ledger.it_kw("b", 1)) == "+4*fabric.step[b,0,1]"


def test_parts_of_racks_follow_the_racks_installed() -> None:
    """Terms of racks come with a number each."""
    model, ledger = pyo.ConcreteModel(), Ledger()
    n, r = (variables(model, name, ("a", 1), ("b", 1), ("b", 2)) for name in "nr")
    racks = {("a", 1): [], ("b", 1): [(1.0, r["b", 1]), (0.5, r["b", 2])]}
    add_fabric(model, FabricData(**FACTS), n, racks, ledger)
    assert sum_of(model.fabric.purchases["b", *CORD, 1]) == "+2*r[b,1] +1*r[b,2]"
