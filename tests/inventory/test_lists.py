"""Lists of a plan: what they say of a small one by hand, and every piece of many plans counted again."""

from __future__ import annotations

import csv
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from planner import api
from planner.catalogue import Catalogue
from planner.instance import Instance, instance_catalogue
from planner.instance.choices import FloorLayout
from planner.inventory.lists import list_texts
from planner.inventory.racks import rack_rows
from planner.options import Options
from planner.plan import Plan
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions
from planner.verification import verify_plan

ROOT = Path(__file__).parents[2]
TINY = sorted((ROOT / "instances/tiny").glob("*.yaml"))


def instance(
    server: str, switches: list[str], fabric: Mapping[str, Any], servers: int, *, one_cluster: bool = False
) -> Instance:
    """A question that about so many servers answer."""
    from planner.catalogue import load_catalogue

    row = load_catalogue().servers[server]
    rate = load_catalogue().accelerators[row.accelerator].peak_tflops("fp16") or 0.0
    flops = servers * row.accelerators * rate * 1e12
    load = {"name": "w", "kind": "compute", "precision": "fp16", "peak_flops": flops, "one_cluster": one_cluster}
    return api.load_instance(
        {
            "name": "lists",
            "horizon": {"start": "2026-06", "periods": 1, "period_years": 3},
            "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
            "workloads": [load],
            "sites": [{"name": "s", "country": "US", "power_limit_mw": 600, "tariff_per_kwh": 0.1}],
            "catalogue": {"servers": [server], "switches": switches},
            "fabric": fabric,
        }
    )


def plan_of(options: Options, bought: Mapping[tuple[str, int], int], step: Mapping[tuple[str, int], int]) -> Plan:
    """The plan of decisions that no search has made."""
    return compile_plan(
        options, Decisions(bought, step, {}, {}), status="feasible", bound=None, solver={"gap": 1.0}
    )  # fmt: skip


def some_plans(options: Options, count: int) -> Iterator[Plan]:
    """Plans of random steps of random pools, with any number of servers that the step is for."""
    chosen = random.Random(count)
    for _ in range(count):
        pool = chosen.choice(options.pools)
        index = chosen.randrange(pool.steps)
        step = options.designs[pool.design].steps[index]
        servers = chosen.randint(max(1, step.least), step.servers)
        yield plan_of(options, {(pool.id, 1): servers}, {(pool.id, 1): index})


def layout(plan: Plan) -> FloorLayout | None:
    return api.load_instance(plan.provenance["instance"]).fabric.layout


def rows(plan: Plan, catalogue: Catalogue, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader("".join(list_texts(plan, catalogue, layout(plan))[name]).splitlines()))


def periods(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def counted(plan: Plan, catalogue: Catalogue) -> dict[str, Counter[tuple[str, str, int]]]:
    """Devices, racks and parts by (pool, item, period), from the lists alone, without a line of the package."""
    found: dict[str, Counter[tuple[str, str, int]]] = {"devices": Counter(), "racks": Counter(), "parts": Counter()}
    seen = set()
    for row in rows(plan, catalogue, "racks.csv"):
        for t in periods(row["periods"]):
            found["racks"][row["pool"], "", t] += (row["rack"], t) not in seen
            found["devices"][row["pool"], row["item"], t] += row["device"] != ""
            seen.add((row["rack"], t))
    cages = set()
    for row in rows(plan, catalogue, "cables.csv"):
        for t in periods(row["periods"]):
            ends = ["from", "to"]
            if catalogue.optics[row["cable"]].legs > 1:  # a splitter from one cage of the switch to several servers
                row["to_part"], ends = row["cable"], ["to"]
            elif catalogue.optics[row["cable"]].links > 1 and not row["from_part"]:  # a cable of two links
                row["from_part"], ends = row["cable"], ["from"]
            else:
                found["parts"][row["pool"], row["cable"], t] += 1
            for end in ends:
                part = row[f"{end}_part"]
                cage = (t, row[f"{end}_device"], row["network"], row["link_class"], row[f"{end}_cage"])
                if part and cage not in cages:
                    cages.add(cage)
                    found["parts"][row["pool"], part, t] += 1
    return found


def agree(plan: Plan, catalogue: Catalogue) -> None:
    """To the last piece: what is installed in a plan without idle stock, and what was bought of it."""
    found = counted(plan, catalogue)
    tables = plan.decisions
    installed = {
        "parts": Counter({(r["pool"], r["part"], r["period"]): r["installed"] for r in tables["parts"]}),
        "devices": Counter({(r["pool"], r["switch"], r["period"]): r["installed"] for r in tables["switches"]}),
        "racks": Counter[tuple[str, str, int]](),
    }
    for r in tables["fleet"]:
        installed["devices"][r["pool"], r["server"], r["period"]] += r["in_service"]
    for r in tables["racks"]:
        installed["racks"][r["pool"], "", r["period"]] += r["installed"]
    for kind, expected in installed.items():
        assert +found[kind] == +expected, kind
    if max(r["period"] for r in tables["fleet"]) > 1:
        return
    bill = Counter({(r["pool"], r["item"], 1): r["quantity"] for r in plan.bill_of_materials_rows if r["pool"]})
    mine = found["parts"] + found["devices"]
    for (pool, _, t), racks in found["racks"].items():
        mine[pool, next(r["rack"] for r in tables["racks"] if r["pool"] == pool), t] += racks
    assert mine == bill


def failures(plan: Plan, catalogue: Catalogue) -> list[str]:
    question = api.load_instance(plan.provenance["instance"])
    texts = {name: "".join(text) for name, text in list_texts(plan, catalogue, layout(plan)).items()}
    return damaged(plan, question, catalogue, texts)


def damaged(plan: Plan, question: Instance, catalogue: Catalogue, texts: Mapping[str, str]) -> list[str]:
    """Checks that fail for lists that nobody says are wrong: what counting alone finds."""
    report = verify_plan(
        plan, question, catalogue, {name: text.encode() for name, text in texts.items()},
        {name: [text] for name, text in texts.items()},
    )  # fmt: skip
    return sorted({check.check for check in report.failures if check.concern == "file"})


# By hand


@cache
def pair() -> tuple[Plan, Catalogue]:
    """Two DGX A100 with all eight ports on one switch, and a rack for each: 6.5 kW of 10."""
    question = api.load_instance(ROOT / "instances/tiny/01-one-server.yaml", ["sites.home.rack_kw_limit=10"])
    options = api.check(question)
    plan = plan_of(options, {(options.pools[0].id, 1): 2}, {(options.pools[0].id, 1): 0})
    return plan, instance_catalogue(question)


def test_every_cable_by_hand() -> None:
    plan, catalogue = pair()
    pool = plan.decisions["fleet"][0]["pool"]
    found = rows(plan, catalogue, "cables.csv")
    assert [row["label"] for row in found] == [f"C{n:07d}" for n in range(1, 17)]
    expected = {
        "periods": "1", "network": "compute", "link_class": "node-leaf", "from_device": f"{pool}/node-2",
        "from_port": "3", "from_cage": "3", "from_part": "", "to_device": f"{pool}/compute/leaf-1", "to_port": "11",
        "to_cage": "11", "to_part": "", "cable": "aoc-200g", "gbps": "200.0", "length_m": "10.0",
    }  # fmt: skip
    assert found[10].items() >= expected.items()


def test_every_rack_by_hand() -> None:
    """Racks of 42 U: a server of 6 U from unit 37 up, a switch of 1 U in unit 42. Half a cable's watts at each end."""
    plan, catalogue = pair()
    pool = plan.decisions["fleet"][0]["pool"]
    watts = catalogue.optics["aoc-200g"].power_w
    switch = catalogue.switches["qm8790"]
    found = [tuple(row)[3:] for row in rack_rows(plan, catalogue, layout(plan))]
    assert found == [
        (f"{pool}/rack-1", "server", 37, 6, f"{pool}/node-1", "dgx-a100", 6.5, pytest.approx(8 * watts / 2000)),
        (f"{pool}/rack-2", "server", 37, 6, f"{pool}/node-2", "dgx-a100", 6.5, pytest.approx(8 * watts / 2000)),
        (f"{pool}/network-rack-1", "network", 42, 1, f"{pool}/compute/leaf-1", "qm8790", switch.power_w / 1000,
         pytest.approx(16 * watts / 2000)),
    ]  # fmt: skip


# Every piece counted


@pytest.mark.parametrize("file", TINY, ids=lambda file: file.stem)
def test_tiny_plans_to_the_last_piece(file: Path) -> None:
    question = api.load_instance(file)
    plan = api.solve(question, gap=0, isolate=False).plan
    if plan is not None:
        agree(plan, instance_catalogue(question))
        assert failures(plan, instance_catalogue(question)) == []


MANAGED = {"management_networks": True}
DESIGNS: Mapping[str, tuple[str, list[str], Mapping[str, Any], int]] = {
    "A100 with management": ("dgx-a100", ["qm8790", "sn4700"], MANAGED, 200),
    "H100": ("dgx-h100", ["qm9700"], {}, 300),
    "H100 in planes": ("dgx-h100", ["qm9700"], {"planes": [2, 8], **MANAGED}, 200),
    "H100 oversubscribed": ("dgx-h100", ["qm9700"], {"oversubscription": [1.5, {"leaf": 3, "spine": 2}]}, 300),
    "H100, cages of two kinds": ("hgx-h100-oem", ["qm9700", "sn5600"], {}, 200),
    "B300 split": ("dgx-b300", ["sn5600"], MANAGED, 200),
    "NVL72 with trays": ("gb200-nvl72", ["qm9700"], MANAGED, 40),
    "Gaudi 3": ("gaudi-3-8", ["sn5600"], MANAGED, 100),
    "B300 on switches of 4U": ("dgx-b300", ["q3400-ra"], {"storage_network": False}, 300),
    "dual-homed": ("dgx-h100", ["qm9700"], {"dual_homed": True, **MANAGED}, 100),
    "short links": ("dgx-h100", ["qm9700"], {"node_leaf_m": 2, "leaf_spine_m": 2, **MANAGED}, 90),
    "short links, plain": ("dgx-h100", ["qm9700"], {"node_leaf_m": 2, "leaf_spine_m": 5, "rails": "plain"}, 60),
    "a pair of leaves": ("dgx-h100", ["qm9700"], {"dual_homed": True, **MANAGED}, 8),
    "a few leaves, 7:1": ("l40s-8", ["sn4700"], {"oversubscription": [7]}, 50),
    "splitters": ("hgx-h100-oem", ["qm9700"], {"node_leaf_m": 3, **MANAGED}, 100),
    "A100 on a floor of many racks": ("dgx-a100", ["qm8790"], {"layout": {"servers_per_rack": 1}, **MANAGED}, 150),
    "OEM on a narrow floor": ("hgx-h100-oem", ["qm9700"], {"layout": {"vertical_m": 0.2, "slack_m": 0.2}}, 90),
    "on a floor": ("dgx-h100", ["qm9700"], {"layout": {}, **MANAGED}, 200),
}


@pytest.mark.parametrize("plans", [2, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DESIGNS)
def test_designs_to_the_last_piece(name: str, plans: int) -> None:
    question = instance(*DESIGNS[name])
    catalogue = instance_catalogue(question)
    for plan in some_plans(api.check(question), plans):
        agree(plan, catalogue)
        assert failures(plan, catalogue) == []


def test_servers_on_a_floor_have_one_kit_each_by_hand() -> None:
    """7 DGX A100, one to a rack: copper of 3 m reaches a share s of a unit of 20, so that floor(7 s) of them have it, 8
    links each. Ports of 200G have cages of their own: a block is a server.
    """
    question = instance("dgx-a100", ["qm8790"], {"layout": {"vertical_m": 0.3, "slack_m": 0.3}}, 7)
    options = api.check(question)
    pool = next(pool for pool in options.pools if pool.places == 1)
    steps = options.designs[pool.design].steps
    index = next(i for i, step in enumerate(steps) if step.servers >= 7 and len(step.standings[0].clusters) == 1)
    plan = plan_of(options, {(pool.id, 1): 7}, {(pool.id, 1): index})
    made = {r["kit"]: r["links"] for r in plan.decisions["links"] if (r["network"], r["link_class"]) == NODE_LEAF}
    # 20 racks in two rows of 10. Leaves stand beside rack 6 of the row of server 11, the second. There 0.9 m + 0.6 m x
    # 0 to 5 racks is at most 3 m up to 3 racks off: racks 3 to 9 of the row, 7 of 20. From the first row 3 m more.
    assert made == {"dac-200g": 8 * (7 * 7 // 20), "aoc-200g": 8 * (7 - 7 * 7 // 20)}
    agree(plan, instance_catalogue(question))


NODE_LEAF = ("compute", "node-leaf")


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_any_floor_to_the_last_piece(seed: int) -> None:
    chosen = random.Random(seed)
    server, switches = chosen.choice([
        ("dgx-a100", ["qm8790"]), ("dgx-h100", ["qm9700"]), ("hgx-h100-oem", ["qm9700", "sn5600"]),
        ("gaudi-3-8", ["sn5600"]), ("l40s-8", ["sn4700"]), ("gb200-nvl72", ["qm9700"]),
    ])  # fmt: skip
    layout = {
        "vertical_m": chosen.choice([0.2, 0.4]), "slack_m": chosen.choice([0.2, 0.5]),
        "servers_per_rack": chosen.choice([1, 2, 4]), "racks_per_row": chosen.choice([4, 10]),
        "leaves_at": chosen.choice(["middle", "end"]),
    }  # fmt: skip
    fabric = {"layout": layout, "management_networks": chosen.random() < 0.5, "oversubscription": [1, 2]}
    question = instance(server, switches, fabric, chosen.choice([20, 60, 150]))
    catalogue = instance_catalogue(question)
    for plan in some_plans(api.check(question), 4):
        agree(plan, catalogue)
        assert failures(plan, catalogue) == []
        assert {c.concern for c in api.verify(plan).failures} & {"fabric", "placement"} == set()


def test_the_longest_kit_goes_to_the_longest_runs() -> None:
    """On a floor no server nearer to its leaves has a longer kit, but for one that shares a cage of its leaf."""
    question = instance("dgx-a100", ["qm8790"], {"layout": {"vertical_m": 0.3, "slack_m": 0.3}}, 20)
    options = api.check(question)
    pool = next(pool for pool in options.pools if pool.places == 3)
    steps = options.designs[pool.design].steps
    index = next(i for i, step in enumerate(steps) if step.servers >= 20 and len(step.standings[0].clusters) == 1)
    plan = plan_of(options, {(pool.id, 1): 20}, {(pool.id, 1): index})
    made = {r["kit"]: r["links"] for r in plan.decisions["links"] if r["network"] == "compute"}
    listed = Counter[str]()
    longest: dict[str, float] = {}
    for row in rows(plan, instance_catalogue(question), "cables.csv"):
        if (row["network"], row["link_class"]) == ("compute", "node-leaf"):
            listed[row["cable"]] += 1
            longest[row["cable"]] = max(longest.get(row["cable"], 0.0), float(row["length_m"]))
    assert set(listed) == {"dac-200g", "aoc-200g"} <= set(made)
    assert listed == made
    assert longest["dac-200g"] <= longest["aoc-200g"]


def test_power_in_racks_is_the_it_load() -> None:
    question = instance(*DESIGNS["B300 split"])
    catalogue = instance_catalogue(question)
    for plan in some_plans(api.check(question), 3):
        kw = sum(row.power_kw + row.modules_kw for row in rack_rows(plan, catalogue, layout(plan)))
        assert kw == pytest.approx(plan.decisions["sites"][0]["it_kw"], rel=1e-5)


@pytest.mark.slow
def test_a_hundred_thousand_endpoints_take_no_memory() -> None:
    question = instance("dgx-h100", ["qm9700"], {"storage_network": False, "planes": [8]}, 12_500, one_cluster=True)
    options = api.check(question)
    pool = options.pools[0]
    index = next(i for i, step in enumerate(options.designs[pool.design].steps) if step.servers >= 12_500)
    plan = plan_of(options, {(pool.id, 1): 12_500}, {(pool.id, 1): index})
    catalogue = instance_catalogue(question)
    texts = list_texts(plan, catalogue, layout(plan))
    next(texts["cables.csv"])
    tracemalloc.start()
    lines = sum(next(texts["cables.csv"]).count("\n") for _ in range(50))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == 50 * 2_000
    assert peak < 60e6


# Damage


Lines = list[str]
CABLES, RACKS = "cables.csv", "racks.csv"
DAMAGE: Mapping[str, tuple[str, Callable[[Lines], Lines], str]] = {
    "a cable less": (CABLES, lambda lines: lines[:-1], "cables are those of the plan"),
    "a port twice": (CABLES, lambda lines: last(lines, 11, "1"), "no port twice"),
    "a label twice": (CABLES, lambda lines: last(lines, 0, "C0000001"), "no label twice"),
    "another cable": (CABLES, lambda lines: last(lines, 14, "dac-200g"), "parts of cables are those of the plan"),
    "a device of no rack": (CABLES, lambda lines: last(lines, 6, "lost/node-9"), "devices of cables stand in racks"),
    "a server less": (RACKS, lambda lines: [lines[0], *lines[2:]], "devices in racks are those of the plan"),
    "a device twice": (RACKS, lambda lines: [*lines[:2], *lines[1:2], lines[3]], "no device twice"),
    "above the rack": (RACKS, lambda lines: [lines[0], cell(lines[1], 5, "38"), *lines[2:]], "racks hold what fits"),
    "more power": (RACKS, lambda lines: [lines[0], cell(lines[1], 9, "11"), *lines[2:]], "racks hold what fits"),
    "a rack more": (RACKS, lambda lines: [*lines, cell(lines[-1], 3, "another")], "racks are those of the plan"),
}


def last(lines: Lines, column: int, text: str) -> Lines:
    """The last line with another cell."""
    return [*lines[:-1], cell(lines[-1], column, text)]


def cell(line: str, column: int, text: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:column], text, *cells[column + 1 :]])


@pytest.mark.parametrize("name", DAMAGE)
def test_counting_finds_damage(name: str) -> None:
    plan, catalogue = pair()
    question = api.load_instance(plan.provenance["instance"])
    texts = {file: "".join(text) for file, text in list_texts(plan, catalogue, layout(plan)).items()}
    assert damaged(plan, question, catalogue, texts) == []
    file, change, check = DAMAGE[name]
    texts[file] = "\n".join(change(texts[file].splitlines())) + "\n"
    assert check in damaged(plan, question, catalogue, texts)


def test_lists_of_a_damaged_plan_are_a_failed_check() -> None:
    plan, catalogue = pair()
    broken = Plan.from_dict({**plan.to_dict(), "decisions": {**plan.decisions, "racks": []}})
    texts = {file: "".join(text) for file, text in list_texts(plan, catalogue, layout(plan)).items()}
    question = api.load_instance(plan.provenance["instance"])
    report = verify_plan(
        broken, question, catalogue, {name: text.encode() for name, text in texts.items()},
        list_texts(broken, catalogue, None),
    )  # fmt: skip
    assert any("cannot be made again" in check.detail for check in report.failures)


def test_switches_of_4u_leave_a_gap_in_every_rack() -> None:
    """A rack of 42 U holds ten of 4 U, whatever its power: 21 of them take three racks, though 84 U are two."""
    question = instance("dgx-b300", ["q3400-ra"], {"storage_network": False}, 1_000)
    data = {
        **question.model_dump(mode="json", exclude_unset=True),
        "sites": [{"name": "s", "country": "US", "power_limit_mw": 600, "tariff_per_kwh": 0.1}],
    }
    data["catalogue"]["overrides"] = {"cooling": {id: {"rack_kw": 500} for id in ("air", "evaporative")}}
    question = api.load_instance(data)
    options = api.check(question)
    pool = next(pool for pool in options.pools if pool.rack_kw == 500)
    seen = set()
    for index, step in enumerate(options.designs[pool.design].steps[: pool.steps]):
        (switches,) = step.switches.values()
        assert step.network_racks == -(-switches // 10)
        if switches % 21 == 0 and not seen:
            seen.add(switches)
            plan = plan_of(options, {(pool.id, 1): step.servers}, {(pool.id, 1): index})
            assert failures(plan, instance_catalogue(question)) == []
            report = api.verify(plan)
            assert [check.check for check in report.failures if check.concern == "placement"] == []
    assert seen
