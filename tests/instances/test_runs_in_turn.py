"""Runs that take turns on clusters, worked out by hand; and every way of dealing tiny ones out, tried one by one.

Servers of 8 x 312 TFLOP/s at 0.4, which is 0.9984 PFLOP/s; 10e9 parameters and 200e9 tokens are 1.2e22 FLOPs, which n
servers do in 139.1 / n days.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.errors import InstanceError
from planner.instance import instance_data, parse_instance
from planner.plan import Plan
from planner.result import SolveResult

TINY = Path(__file__).parents[2] / "instances" / "tiny" / "15-runs-in-turn.yaml"
WORK = 1.2e22 / (8 * 312e12 * 0.4) / 86_400
"""Days of a run of the tiny instance on one server."""


def run(name: str, days: float = 40, tokens: float = 200e9, **keys: Any) -> dict[str, Any]:
    return {"name": name, "kind": "training", "parameters": 10e9, "tokens": tokens, "days": days, "mfu": 0.4, **keys}


def solved(*runs: Mapping[str, Any], changes: tuple[str, ...] = ()) -> SolveResult:
    asked = {**instance_data(api.load_instance(TINY, changes)), "workloads": list(runs)}
    return api.solve(parse_instance(asked), gap=0, isolate=False)


def clusters(plan: Plan) -> list[list[tuple[str, int, int, int]]]:
    """Runs of each cluster as (name, servers, first day, last day)."""
    found: dict[object, list[tuple[str, int, int, int]]] = {}
    for row in sorted(plan.decisions["schedule"], key=lambda row: row["first_day"]):
        key = row["pool"], row["cluster"]
        found.setdefault(key, []).append((row["workload"], row["servers"], row["first_day"], row["last_day"]))
    return sorted(found.values())


def checked(result: SolveResult) -> Plan:
    plan = result.require_plan()
    assert api.verify(plan).failures == ()
    return plan


@cache
def tiny() -> Plan:
    return checked(api.solve(api.load_instance(TINY), gap=0, isolate=False))


def test_two_runs_share_a_cluster_in_turn() -> None:
    """139.1 / 4 = 34.8 days each, so 35 and 35; half the servers of both at once."""
    assert clusters(tiny()) == [[("first", 4, 1, 35), ("second", 4, 36, 70)]]
    assert tiny().totals["servers"] == 4
    at_once = solved(run("first"), run("second")).require_plan()
    assert at_once.totals["servers"] == 8
    assert at_once.decisions["schedule"] == ()


def test_their_dates_are_those_of_the_horizon() -> None:
    """From 1 January 2021: day 35 is 4 February, day 36 the fifth, day 70 is 31 + 28 + 11 days."""
    dates = [(row["begins"], row["ends"]) for row in tiny().decisions["schedule"]]
    assert dates == [("2021-01-01", "2021-02-04"), ("2021-02-05", "2021-03-11")]


def test_each_bears_half_of_the_cluster() -> None:
    cost = {row["workload"]: 0.0 for row in tiny().money_rows["workload_costs"]}
    for row in tiny().money_rows["workload_costs"]:
        cost[row["workload"]] += row["present_value"]
    assert cost == {"first": pytest.approx(806832.333333 / 2), "second": pytest.approx(806832.333333 / 2)}
    hours = {
        (row["workload"], row["load"]): row["quantity"]
        for row in tiny().money_rows["unit_costs"]
        if row["unit"] == "accelerator-hour"
    }
    # at work 32 accelerators for 35 days each; in service half of 32 for four years
    assert hours["first", "mean"] == pytest.approx(32 * 35 * 24)
    assert hours["first", "peak"] == pytest.approx(16 * 8760 * 4)


def test_windows_that_overlap_force_two_clusters() -> None:
    """In 35 days one after the other they would need 8 servers (18 days each is too long, so 9), apart 4 and 4."""
    window = {"start": 1, "deadline": 35}
    assert clusters(checked(solved(run("a", **window), run("b", **window)))) == [[("a", 4, 1, 35)], [("b", 4, 1, 35)]]


@pytest.mark.slow
def test_a_larger_cluster_makes_them_fit() -> None:
    """In 60 days on 5 servers: 27.8, so 28 and 28; both at once would take 8 servers."""
    window = {"start": 1, "deadline": 60}
    (both,) = clusters(checked(solved(run("a", **window), run("b", **window))))
    assert both == [("a", 5, 1, 28), ("b", 5, 29, 56)] or both == [("b", 5, 1, 28), ("a", 5, 29, 56)]


@pytest.mark.slow
def test_the_order_is_that_of_the_windows() -> None:
    """``late`` may not begin before day 50, so ``early`` goes first, whatever their order in the file."""
    plan = checked(solved(run("late", start=50), run("early", deadline=40)))
    assert clusters(plan) == [[("early", 4, 1, 35), ("late", 4, 50, 84)]]


def test_precedence_forces_order() -> None:
    """``b`` goes first where its deadline is; where it waits for ``a`` both are over by day 60, on 5 servers."""
    assert clusters(checked(solved(run("a", start=1), run("b", deadline=40)))) == [
        [("b", 4, 1, 35), ("a", 4, 36, 70)],
    ]
    assert clusters(checked(solved(run("a"), run("b", deadline=60, after=["a"])))) == [
        [("a", 5, 1, 28), ("b", 5, 29, 56)],
    ]


def test_a_run_waits_for_one_on_another_cluster() -> None:
    """``a`` and ``c`` are held apart by their windows; ``b`` waits for both, and takes the servers of either."""
    window = {"start": 1, "deadline": 35}
    plan = checked(solved(run("a", **window), run("c", **window), run("b", after=["a", "c"])))
    days = {name: (first, last) for own in clusters(plan) for name, _, first, last in own}
    assert days == {"a": (1, 35), "c": (1, 35), "b": (36, 70)}
    assert plan.totals["servers"] == 8


@pytest.mark.slow
def test_a_service_keeps_its_servers_beside_them() -> None:
    """Plain compute of a server all the time: 4 for the runs in turn, and 1."""
    load = {"name": "load", "kind": "compute", "peak_flops": 2e15}
    plan = checked(solved(run("a", start=1), run("b", start=1), load))
    assert plan.totals["servers"] == 5


def test_impossible_windows_are_an_answer() -> None:
    """5,000 times the work in a day is 695,600 servers, of which the site can power 122."""
    assert str(solved(run("a", tokens=1e15, start=1, deadline=1)).status) == "infeasible"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["workloads.second.deadline=1462"], "found day 1462; a day of the period, from 1 to 1460, is accepted"),
        (["workloads.second.start=101"], "found a deadline on day 100 before the start on day 101"),
        (["workloads.first.after=[second]"], "each waits for the other"),
        (["workloads.second.after=[second]"], "after[0]: found the run itself; another run is accepted"),
        (["workloads.second.after=[frist]"], "after[0]: found 'frist', an unknown run; did you mean 'first'?"),
        (["workloads.first.concurrent_runs=2"], "found 2 runs that take turns; 1 is accepted"),
        (["workloads.first.scale_by_period=[0.5]"], "found a run that takes turns at another scale"),
        (["horizon.periods=2"], "found a run that takes turns in a horizon of 2 periods; 1 is accepted"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(keys: list[str], said: str) -> None:
    with pytest.raises(InstanceError) as refused:
        api.load_instance(TINY, keys)
    assert said in str(refused.value)


# Every way of dealing runs out, tried one by one


Asked = Mapping[str, tuple[int, int, int, tuple[str, ...]]]
"""Least servers, first and last day of the window, and the runs waited for, by name."""


def partitions(names: tuple[str, ...]) -> Iterator[list[list[str]]]:
    if not names:
        yield []
        return
    for rest in partitions(names[1:]):
        yield [[names[0]], *rest]
        for n, own in enumerate(rest):
            yield [*rest[:n], [names[0], *own], *rest[n + 1 :]]


def in_time(chains: list[tuple[tuple[str, ...], int]], asked: Asked) -> bool:
    """Whether runs that begin as early as they can end in time: day by day, whoever may begin does."""
    taken = {name: max(1, math.ceil(WORK / servers - 1e-9)) for own, servers in chains for name in own}
    over: dict[str, int] = {}
    busy = [0] * len(chains)
    left = [list(own) for own, _ in chains]
    for day in range(1, 400):
        for n, own in enumerate(left):
            if own and busy[n] < day:
                name = own[0]
                _, first, last, after = asked[name]
                if day >= first and all(over.get(other, day) < day for other in after):
                    busy[n] = over[name] = day + taken[name] - 1
                    if over[name] > last:
                        return False
                    own.pop(0)
    return not any(left)


def fewest(asked: Asked, most: int) -> int:
    """Fewest servers over all partitions, orders and sizes of clusters."""
    best = most + 1
    for parts in partitions(tuple(asked)):
        least = [max(asked[name][0] for name in own) for own in parts]
        for sizes in itertools.product(*(range(low, most + 1) for low in least)):
            if sum(sizes) < best:
                for orders in itertools.product(*(itertools.permutations(own) for own in parts)):
                    if in_time(list(zip(orders, sizes, strict=True)), asked):
                        best = sum(sizes)
                        break
    return best


def drawn(seed: int, waits: bool) -> tuple[list[dict[str, Any]], Asked]:
    """Three runs with windows, which may wait for each other."""
    draw = random.Random(seed)
    runs, asked = [], {}
    for n, name in enumerate("abc"):
        days = draw.choice((30, 40, 60))
        first = draw.choice((1, 1, 20, 50))
        last = first + draw.choice((60, 80, 120)) - 1
        after = tuple(other for other in "abc"[:n] if waits and draw.random() < 0.5)
        last += 60 * len(after)
        runs.append(run(name, days, start=first, deadline=last, after=list(after)))
        asked[name] = math.ceil(WORK / days - 1e-9), first, last, after
    return runs, asked


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), *(
    pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 25)
)])  # fmt: skip
@pytest.mark.parametrize("waits", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_no_other_way_takes_fewer_servers(seed: int, waits: bool) -> None:
    """Servers alone cost much: what the program finds is the least of all partitions, orders and sizes."""
    runs, asked = drawn(seed, waits)
    free = ("catalogue.overrides.switches.qm8790.price=1", "catalogue.overrides.optics.aoc-200g.price=1",
            "catalogue.overrides.racks.rack-42u.price=1", "sites.home.power_limit_mw=0.5")  # fmt: skip
    result = solved(*runs, changes=free)
    best = fewest(asked, 16)
    if best > 16:
        assert str(result.status) == "infeasible"
        return
    assert checked(result).totals["servers"] == best
