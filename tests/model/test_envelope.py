"""Lower envelopes: no mix of their corners takes more than a network, of anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from model_options import DESIGNS, POOL, STEPS, options

from planner.model.build import ModelBuilder
from planner.model.envelope import Corner, Envelopes, covered_below
from planner.model.network_data import Networks
from planner.options.tables import Pool

EIGHT = STEPS[0]._replace(servers=8, least=5, switches={"qm8790": 3}, cells=((8, 1),), fixed_kw=0.75)
TWENTY = STEPS[1]._replace(servers=20, least=13, switches={"qm8790": 5}, cells=((20, 1),), fixed_kw=1.25, parts={})
"""Beside ``pair`` for 4 servers with a switch and for 12 with three: one for 8 with three, one for 20 with five."""


def corners(*steps: int, pool: Pool = POOL) -> tuple[Corner, ...]:
    """The envelope of steps of design D: 0 to 2 as they are, 3 and 4 those above."""
    every = (*STEPS, EIGHT, TWENTY)
    designs = {"D": replace(DESIGNS["D"], steps=tuple(sorted((every[j] for j in steps), key=lambda s: s.servers)))}
    builder = ModelBuilder(options(pools=[replace(pool, steps=len(steps))], designs=designs))
    return Envelopes(builder.options, builder.networks, builder.money).of(builder.options.pools[0])


def test_each_family_has_its_own() -> None:
    """Two steps of ``pair`` are both corners, as they are; ``split`` has one."""
    found = corners(0, 1, 2)
    assert [(c.step.family, c.step.servers) for c in found] == [("pair", 4), ("pair", 12), ("split", 12)]
    assert [c.step.needs["switches", "qm8790"] for c in found] == [1, 3, 2]
    assert [c.step.kw for c in found] == [0.25, 0.75, 0.5]
    assert [c.places for c in found] == [{2: 2, 5: 0}, {2: 6, 5: 1}, {2: 6, 5: 2}]


def test_a_step_above_the_line_is_no_corner() -> None:
    """3 switches for 8 servers: the line from 1 for 4 to 5 for 20 has 2."""
    found = corners(0, 3, 4)
    assert [c.step.servers for c in found] == [4, 20]
    assert [c.step.needs["switches", "qm8790"] for c in found] == [1, 5]


def test_no_mix_takes_more_than_a_step_of_anything_nor_holds_fewer_gangs() -> None:
    made = options()
    builder = ModelBuilder(made)
    networks = Networks(made, builder.things)
    envelopes = Envelopes(made, networks, builder.money)
    for pool in made.pools:
        design, found = made.designs[pool.design], envelopes.of(pool)
        for number, step in enumerate(design.steps):
            own = [c for c in found if c.step.family == step.attachment]
            data, servers = networks.step(design, pool.rack, number), [c.step.servers for c in own]
            for thing in {thing for c in own for thing in c.step.needs}:
                line = np.interp(step.servers, servers, [c.step.needs[thing] for c in own])
                assert line <= data.needs.get(thing, 0.0) + 1e-9
            assert np.interp(step.servers, servers, [c.step.kw for c in own]) <= data.kw + 1e-9
            for size in design.gang_sizes:
                held = np.interp(step.servers, servers, [c.places[size] for c in own])
                assert held >= design.places_of(step, size) - 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_every_point_lies_on_or_above_the_line_whatever_the_corners(seed: int) -> None:
    random = np.random.default_rng(seed)
    servers = np.cumsum(random.integers(1, 9, 12)).astype(float)
    taken = random.random((12, 3)) * servers[:, None]
    kept = [0, *sorted(random.choice(np.arange(1, 11), 3, replace=False).tolist()), 11]
    found = covered_below(servers, taken, kept)
    for column in range(3):
        assert (np.interp(servers, servers[kept], found[:, column]) <= taken[:, column] + 1e-9).all()
