"""Options -> the blocks' data -> a model: figures by hand, and its optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from model_options import DESIGNS, POOL, SIZES, options
from pyomo.repn import generate_standard_repn

from formulations.accounts import Account
from formulations.fabric import FabricData
from formulations.workload import WorkloadData
from planner import api
from planner.model import load_data, network_data, site_data
from planner.model.build import ModelBuilder, build_model
from planner.model.decide import decide
from planner.model.selection import Selection, everything
from planner.model.things import Things
from planner.money import Money
from planner.options import Options
from planner.options.tables import Pool
from planner.plan.compile import objective_of
from planner.solver import SolverOptions, standard_form
from planner.solver.highs import run

TINY = sorted((Path(__file__).parents[2] / "instances" / "tiny").glob("*.yaml"))
TWO = ({"chat": 25.0, "run": 1.0},) * 2
FIVE = ("optics", "life 5 years")


def fabric(made: Options, selection: Selection | None = None) -> FabricData:
    offered, pools = selection or everything(made), list(made.pools)
    networks = network_data.Networks(made, Things(made, Money(made.instance, made.items)))
    steps = network_data.offered_steps(made, offered, pools, networks)
    return network_data.fabric_data(made, steps, offered.steps, pools, networks)


def loads(made: Options, selection: Selection | None = None, pools: Sequence[Pool] | None = None) -> WorkloadData:
    kept = list(pools or made.pools)
    places = load_data.exact_places(made, kept, (selection or everything(made)).steps)
    return load_data.workload_data(made, kept, places)


# Networks


def test_a_step_needs_its_switches_parts_and_racks() -> None:
    """Ten optics of 800 of ten years; what costs nothing is left out."""
    step = fabric(options()).steps["a", 1]
    assert step.needs == {("switches", "qm8790"): 3, ("optics", "life 10 years"): 8_000, ("racks", "rack-42u"): 1}
    assert (step.family, step.servers, step.least, step.kw) == ("pair", 12, 5, 0.75)
    assert ("racks", "rack-42u") not in fabric(options()).steps["a", 2].needs


def test_in_a_relaxation_what_lasts_equally_long_is_one_sum() -> None:
    """Ten optics of 800 and a rack of 5,000, ten years each and without upkeep, are 13,000; switches last six."""
    made = options("operations.maintenance_rate=0")
    merged = network_data.Networks(made, Things(made, Money(made.instance, made.items), merged=True))
    assert sorted(merged.step(DESIGNS["D"], "rack-42u", 1).needs.values()) == [13_000, 30_000]


def test_a_family_tells_its_own_parts_from_shared_ones() -> None:
    """4 cables of 400 and 0.1 W; 4 modules of 1,000 and 11 W for each half of the servers."""
    family = fabric(options()).families["a", "split"]
    assert family.needs == {FIVE: 1_600}
    assert family.kw == pytest.approx(0.0004)
    needs, kw = family.shared[0.5]
    assert needs == {FIVE: 4_000}
    assert kw == pytest.approx(0.044)
    assert fabric(options()).families["a", "pair"].shared == {}


def test_most_of_a_thing_is_the_largest_step_and_all_tied_to_it() -> None:
    """Of money of five years: 12 servers of 8 x 400 and of 4 x 400, and 7 times 4 modules of 1,000; cords of racks."""
    cords = {id: replace(design, attachments={
        name: replace(tied, per_rack={"dac-200g": 2}) for name, tied in design.attachments.items()
    }) for id, design in DESIGNS.items()}  # fmt: skip
    data = fabric(options(demand=TWO, designs=cords))
    assert data.most["a", *FIVE] == 12 * 3_200 + 12 * 1_600 + 7 * 4_000 + 4 * 800  # 4 racks of 3
    assert data.most["b", *FIVE] == 12 * 3_200 + 12 * 1_600 + 7 * 4_000 + 2 * 800  # 2 racks of 6
    assert data.most["a", "switches", "qm8790"] == 3
    assert data.rack_needs["a"] == {FIVE: 800}
    assert fabric(options()).most == {}


def test_a_step_on_offer_in_every_period_needs_no_word() -> None:
    data = fabric(options(demand=TWO), Selection({("a", 0): (1, 2), ("a", 2): (2,), ("b", 0): (1, 2)}))
    assert data.open_in == {("a", 2): (2,)}


def test_networks_are_tight_where_a_mean_pue_is_limited() -> None:
    assert fabric(options()).tight == frozenset()
    mean = options("sites.home.pue_rule=site-average", "sites.home.pue_limit=1.4")
    assert fabric(mean).tight == {"a", "b"}


@pytest.mark.parametrize(("wanted", "groups"), [("false", []), ("true", [["a", "b"]])])
def test_pools_of_a_fleet_are_one_cluster_where_the_instance_wants_one(wanted: str, groups: list[list[str]]) -> None:
    change = f"fabric.one_cluster_per_site={wanted}"
    assert list(fabric(options(change)).groups.values()) == groups
    assert fabric(options(change, pools=[POOL])).groups == {}


def test_a_further_cluster_stands_beside_its_pool_unless_one_is_asked_for() -> None:
    """And holds gangs only."""
    pools = [POOL, replace(POOL, id="more", for_gangs=True)]
    made = options(pools=pools)
    assert fabric(made).groups == {}
    assert loads(made).for_gangs == {"more"}
    assert list(fabric(options("fabric.one_cluster_per_site=true", pools=pools)).groups.values()) == [["a", "more"]]


# Loads


def test_loads_are_shared_by_fleet_and_gangs_are_of_pools() -> None:
    """A demand of 25: 7 blocks of 4 and 3 of 10. A pool of 4 servers has no gang of 5."""
    made = options(pools=[POOL, replace(POOL, id="b", most_servers=4)])
    data = loads(made)
    assert data.shared_at == {("chat on 2", "home"): "home/dgx-a100", ("chat on 4", "home"): "home/dgx-a100"}
    assert data.gangs_in == [("run on 5", "a")]
    assert data.most == {"chat on 2": 7, "chat on 4": 3, "run on 5": 1}
    assert data.fleet == {"home/dgx-a100": ["a", "b"]}
    assert (data.devices, data.servers) == ({"chat on 2": 2, "chat on 4": 4}, {"run on 5": 5})


def test_places_are_those_of_the_cells() -> None:
    """Of 5 servers: none in 4, one in 8 and 4, two in 12."""
    made = options()
    data = loads(made)
    assert [data.places["a", j, 5] for j in range(3)] == [0, 1, 2]


def test_what_cannot_be_packed_is_by_size_and_by_step_on_offer() -> None:
    """Of gangs of 2 and 5: three and one, which step 1 cannot pack, and two and two, which none of the offer cannot."""
    packed = {id: replace(d, unpackable=(((3, 1), (0, 1)), ((0, 2), (1,)))) for id, d in DESIGNS.items()}
    made = options(designs=packed)
    data = loads(made, Selection({("a", 0): (1,), ("a", 2): (1,)}), [made.pools[0]])
    assert data.unpackable == {"a": [({2: 3, 5: 1}, [0])]}


def test_a_size_without_a_pool_is_left_out() -> None:
    """Of another ratio, and where no site may carry it."""
    made = options(sizes=(replace(SIZES[0], leaf_ratio=2.0), *SIZES[1:]), sites_of={"chat on 4": ("home",)})
    data = loads(made)
    assert set(data.workload) == {"chat on 4"}
    assert data.gangs_in == []


# Sites


def test_halls_gather_pools_and_are_bounded_by_power() -> None:
    """1 MW at a design ratio of 1.25 feeds 800 kW."""
    made = options()
    data = site_data.cooling_data(made, list(made.pools), Money(made.instance, made.items))
    hall = ("home", "evaporative")
    assert data.pools == {hall: ["a", "b"]}
    assert data.most_kw[hall] == data.most_bought_kw[hall] == pytest.approx(1000 / made.sites["home"].peak_pue[hall[1]])
    assert data.mean_pue_limit == {}


def test_energy_of_a_kw_is_that_of_a_period() -> None:
    """8,760 h at 1.25 and 0.10, for the years of a period."""
    made = options("horizon.period_years=2")
    data = site_data.power_data(made, list(made.pools), Money(made.instance, made.items))
    assert data.running[Account.ENERGY, "electricity"]["home", "evaporative"] == pytest.approx(8760 * 1.25 * 0.10 * 2)
    assert set(data.asset) == {("home", "facility")}
    assert data.land == {}


def test_a_supply_limit_counts_what_it_names() -> None:
    """8 accelerators a server; servers; switches; an optic by the piece; a thing that nobody buys."""
    limits = (
        "{kind: accelerators, id: a100-sxm-80, limit: 1}", "{kind: servers, id: dgx-a100, limit: 2, period: 2}",
        "{kind: switches, id: qm8790, limit: 3}", "{kind: optics, id: fr4-200g, limit: 4}",
        "{kind: switches, id: qm9700, limit: 5}",
    )  # fmt: skip
    built = build_model(options(f"supply=[{', '.join(limits)}]", demand=TWO))
    fleet, bought = built.model.fleet.bought, built.model.fabric.bought
    rows = [generate_standard_repn(row.body) for row in built.model.supply.purchases_within_supply.values()]
    found = [{v.name: c for v, c in zip(row.linear_vars, row.linear_coefs, strict=True)} for row in rows]
    assert found[0] == {fleet[p, t].name: 8.0 for p in "ab" for t in (1, 2)}
    assert found[1] == {fleet[p, 2].name: 1.0 for p in "ab"}
    assert found[2] == {bought[p, "switches", "qm8790", t].name: 1.0 for p in "ab" for t in (1, 2)}
    assert found[3] == {bought[p, "optics", "fr4-200g", t].name: 1.0 for p in "ab" for t in (1, 2)}
    assert found[4] == {}


# Together


def best(made: Options, selection: Selection | None = None) -> tuple[str, float | None, float | None]:
    """Status and optimum of the model, and what the plan of its decisions costs."""
    built = build_model(made, selection)
    form = standard_form(built.model)
    found = run(form.problem, SolverOptions(gap=0.0))
    if found.values is None:
        return found.status, None, None
    return found.status, found.objective, objective_of(made, decide(made, built, form.values(found.values)))


def test_an_optimum_by_hand() -> None:
    """A run of 5 servers, and chat on 4 + 4 + 2 accelerators: 7 servers, on 2 switches of ``split``.

    Servers 7 x 200,000 and 10 % of upkeep, switches 2 x 10,000, cables 28 x 400 and 4 x 4 modules of 1,000, each with
    10 %; racks 2 x 5,000 for 6 places each; kW: 7 x 6.5 + 2 x 0.25 + 28 x 0.0001 + 16 x 0.011 = 46.1788, each 1,000 of
    cooling, 1.25 x 2,000 of power train and 1.25 x 876 of energy.
    """
    made = options()
    assert made.sites["home"].peak_pue["evaporative"] == 1.25
    kw = 7 * 6.5 + 2 * 0.25 + 28 * 0.0001 + 16 * 0.011
    money = 1.1 * (7 * 200_000 + 2 * 10_000 + 28 * 400 + 16 * 1_000) + 2 * 5_000 + kw * (1_000 + 1.25 * (2_000 + 876))
    status, objective, planned = best(made)
    assert status == "optimal"
    assert objective == pytest.approx(money)
    assert planned == pytest.approx(money)


@pytest.mark.parametrize("file", TINY, ids=lambda f: f.name)
def test_the_model_and_the_plan_of_its_decisions_cost_the_same(file: Path) -> None:
    """What the plan works out for itself, from the decisions alone, is what the model paid for."""
    made = api.check(api.load_instance(file))
    status, objective, planned = best(made)
    assert status == ("infeasible" if "infeasible" in file.name else "optimal")
    if objective is not None:
        assert planned == pytest.approx(objective, rel=1e-6)


@pytest.mark.parametrize("file", TINY, ids=lambda f: f.name)
def test_the_relaxation_over_the_envelope_bounds_that_of_everything(file: Path) -> None:
    """From below, and not by much: places for gangs are covered from above, which the even spread of 06 feels most."""
    builder = ModelBuilder(api.check(api.load_instance(file)))
    full, corners = (
        run(standard_form(built.model).problem.relaxed, SolverOptions())
        for built in (builder.build(), builder.relaxation())
    )
    if full.objective is not None:
        assert corners.objective is not None
        assert 0.98 * full.objective <= corners.objective <= full.objective * (1 + 1e-7)


def test_a_load_that_nothing_on_offer_carries_is_infeasible() -> None:
    """Not an error of building: neighbourhoods leave pools out."""
    made = options(sites_of={"chat on 4": ("home",)})
    assert best(made)[0] == "infeasible"
    assert best(options(pools=[replace(POOL, most_servers=4)]))[0] == "infeasible"
