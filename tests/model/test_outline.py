"""Outlines: every network is worth at least what its supports say, with any number of servers and gangs on it."""

from __future__ import annotations

from itertools import product

import pytest
import tiny
from model_options import options

import planner
from planner import api
from planner.model.build import ModelBuilder
from planner.model.outline import Outline, alone
from planner.options.tables import Options
from planner.plan.ground import ground_of
from planner.solver import Solver, SolverOptions
from planner.solving.relaxation import relax


def falls_short(made: Options) -> list[str]:
    """Steps that take less than a support says, at some number of servers and of gangs of the largest size."""
    outline = Outline(made, ModelBuilder(made).money)
    ground, found = ground_of(made), []
    runs = {size.servers for size in made.sizes if size.gang and size.kind != "inference"}
    for pool in made.pools:
        design = made.designs[pool.design]
        for number, step in enumerate(design.steps):
            for servers in {1, (step.servers + 1) // 2, step.servers}:
                shape = ground.shape(pool, number, servers)
                taken: dict[int | None, float] = {None: shape.kw}
                racks = shape.network_racks + -(-servers // design.places)
                for kind, counts in (
                    ("switches", shape.switches),
                    ("optics", shape.parts),
                    ("racks", {pool.rack: racks}),
                ):
                    for id, pieces in counts.items():
                        worth = ground.worth(kind, id)
                        taken[worth.life] = taken.get(worth.life, 0.0) + pieces * worth.objective[0]
                for support in outline.of(pool):
                    gangs = {0} | {min(design.places_of(step, g), servers // g) * g for g in runs if g >= support.gang}
                    for joined in gangs if support.gang else {0}:
                        has = support.kw * taken[None] + sum(w * taken[life] for life, w in support.weights.items())
                        needs = support.slope * servers + support.each * joined - support.base
                        if has < needs - 1e-6 * abs(needs):
                            found.append(
                                f"{pool.id} step {number}, {servers} servers, {joined} in gangs: {has} < {needs}"
                            )
    return found


def test_the_lines_of_a_pool_by_hand() -> None:
    """A switch for 4 servers (10,000) with 8 cables each (400) and a rack of 5,000 for 3, and one for the switch.

    Worth with 10 % upkeep a year on switches and parts: 11,000 + 4 x 3,520 + 5,000 (1 + 4 / 3) for 4 servers; 12 on
    ``split`` 22,000 + 12 x (4 x 440 + 2 x 1,100) + 5,000 x 4: a line through nothing by the cheaper.
    """
    made = options()
    supports = Outline(made, ModelBuilder(made).money).of(made.pools[0])
    life = made.periods[-1]
    plain = next(s for s in supports if s.weights == {life: 1.0} and not s.kw and not s.gang)
    assert plain.slope == pytest.approx(
        min((11_000 + 4 * 3_520 + 5_000 * 7 / 3) / 4, (22_000 + 12 * 3_960 + 20_000) / 12)
    )
    kw = next(s for s in supports if not s.weights and not s.gang)
    assert alone(Outline(made, ModelBuilder(made).money).data())["a"] == {life: plain.slope, None: kw.slope}


def test_no_network_is_worth_less() -> None:
    assert not falls_short(options())


@pytest.mark.parametrize(("make", "seed"), [*product((tiny.random_instance, tiny.random_runs), range(40, 46))])
def test_no_network_of_random_instances_is_worth_less_and_none_of_their_plans(make: object, seed: int) -> None:
    data = make(seed)  # type: ignore[operator]
    made = api.check(planner.load_instance(data))
    assert not falls_short(made)
    with Solver(isolate=False) as solver:
        solution, relaxed, _ = relax(ModelBuilder(made), solver, SolverOptions(isolate=False), outline=True)
    plan = planner.solve(planner.load_instance(data), gap=0, isolate=False).plan
    if plan is None:
        return
    assert relaxed is not None, solution.status
    assert relaxed.bound <= plan.objective * (1 + 1e-9)


def test_what_falls_with_the_period_of_purchase_is_the_least_of_all() -> None:
    """Over two years, straight-line: a rack of 10 years keeps more than a switch of 6, so its purchase falls less."""
    made = options(demand=({"chat": 25.0, "run": 1.0},) * 2)
    builder = ModelBuilder(made)
    outline = Outline(made, builder.money)
    outline.of(made.pools[0])
    (worth,) = outline.data().worth.values()
    assert worth[1] == 1.0
    shares = [
        builder.money.worth(kind, id, 2) / builder.money.worth(kind, id, 1)
        for kind, id in (("switches", "qm8790"), ("optics", "dac-200g"), ("racks", "rack-42u"))
    ]
    assert worth[2] == pytest.approx(min(shares))
