"""Makes docs/study-hubs.md: one question over the Chinese hubs, asked at four dates.

``python docs/studies/hubs.py`` solves everything anew (about ten minutes on two cores), keeps the answers in
hubs.json beside this file and writes the page; with ``--page`` it only writes the page from the answers kept.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from planner import api
from planner.engineering.export_rules import accepted, decide
from planner.instance import Instance, order_date
from planner.plan import Plan
from planner.solving.compliance import ComplianceReport

ROOT = Path(__file__).resolve().parents[2]
QUESTION = ROOT / "instances" / "studies" / "hubs.yaml"
ANSWERS = Path(__file__).with_suffix(".json")
PAGE = ROOT / "docs" / "study-hubs.md"
GAP, TIME_LIMIT_S = 5e-3, 240.0
DATES = ("2022-06", "2023-06", "2024-06", "2026-06")
SAID = {
    "2022-06": {"gpt3": "a100-sxm-80", "chat": "a100-sxm-80"},
    "2023-06": {"gpt3": "h800-sxm", "chat": "a800-sxm-80"},
    "2024-06": {"gpt3": "l20", "chat": "h20"},
    "2026-06": {"gpt3": "ascend-910c", "chat": "ascend-910c"},
}
"""Accelerator that carries most of each load: what the prose of the page says."""
NO_LONGER_MADE = {"2026-06": ("a100-sxm-80", "a800-sxm-80", "h800-sxm")}
"""Not to be had new at a date: an assumption of the study, for the catalogue knows first shipments only."""
LICENCES = "policy.accept=[unrestricted, notification, licence]"
SHUNNED = ("ascend-910b", "ascend-910c")
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "as above": ((), ()),
    "licences case by case are obtained": ((), (LICENCES,)),
    "no Ascend 910B or 910C": (SHUNNED, ()),
    "no Ascend 910B or 910C, licences obtained": (SHUNNED, (LICENCES,)),
    "the same without H100": ((*SHUNNED, "h100-sxm"), (LICENCES,)),
    "the same without H100 and H200": ((*SHUNNED, "h100-sxm", "h200-sxm"), (LICENCES,)),
}
"""At the last date: devices left out, and settings changed."""
PUE_DATE, PUE_LIMITS = "2024-06", (1.5, 1.3, 1.25, 1.2, 1.15)
TIERS = {1: "single switches", 2: "two tiers", 3: "three tiers"}
"""The largest clusters of a network, in words."""
Answer = dict[str, Any]


def question(date: str, *changes: str, without: Sequence[str] = ()) -> Instance:
    """The question with orders placed on the first of a month ``YYYY-MM``, some accelerators left out."""
    gone = {*without, *NO_LONGER_MADE.get(date, ())}
    kept = [id for id in api.load_instance(QUESTION).catalogue.accelerators or () if id not in gone]
    return api.load_instance(
        QUESTION, (f"horizon.start={date}", f"catalogue.accelerators={json.dumps(kept)}", *changes)
    )


def at_pue_limit(limit: float) -> Instance:
    """The question of ``PUE_DATE`` with one PUE limit for every site."""
    sites = [site.name for site in api.load_instance(QUESTION).sites]
    return question(PUE_DATE, *(f"sites.{name}.pue_limit={limit}" for name in sites))


def law(instance: Instance) -> Answer:
    """What may be ordered: devices allowed, not on sale yet, no longer made, and excluded with outcome and rule."""
    options = api.check(instance)
    date = order_date(instance)
    found: Answer = {
        "allowed": sorted({pool.accelerator for pool in options.pools}), "not on sale": [], "excluded": {},
        "no longer made": list(NO_LONGER_MADE.get(instance.horizon.start, ())),
    }  # fmt: skip
    for id in instance.catalogue.accelerators or ():
        device = options.catalogue.accelerators[id]
        if device.on_sale_from is not None and device.on_sale_from > date:
            found["not on sale"].append(id)
            continue
        decision = decide(device, "CN", date, instance.policy.terms)
        if decision.outcome not in accepted(instance.policy.accept):
            found["excluded"][id] = [decision.outcome, decision.rule, decision.paragraph]
    return found


def answer(plan: Plan) -> Answer:
    """The figures of a plan that the page shows."""
    pools = {row["pool"]: row for row in plan.decisions["fleet"]}
    carried: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    places: dict[str, list[list[Any]]] = defaultdict(list)
    switches = {row["pool"]: row["switch"] for row in plan.decisions["networks"] if row["network"] == "compute"}
    tiers: dict[str, int] = {}
    for row in plan.decisions["clusters"]:
        if row["network"] == "compute":
            tiers[row["pool"]] = max(row["tiers"], tiers.get(row["pool"], 0))
    for row in plan.decisions["workloads"]:
        if row["blocks"]:
            pool = pools[row["pool"]]
            carried[row["workload"]][pool["accelerator"]] += row["blocks"] * row["devices_per_block"]
            network = f"{switches[row['pool']]}, {TIERS[tiers[row['pool']]]}"
            places[row["workload"]].append([row["site"], pool["accelerator"], pool["cooling"], network, row["servers"]])
    return {
        "cost": plan.objective, "bound": plan.bound, "gap": plan.gap, "capex": plan.totals["capex"],
        "servers": plan.totals["servers"], "switches": plan.totals["switches"], "it_kw": plan.totals["it_kw"],
        "facility_kw": plan.totals["facility_kw"], "pue": plan.totals["pue"],
        "carried": {w: dict(sorted(d.items(), key=lambda item: -item[1])) for w, d in carried.items()},
        "places": {w: sorted(rows, key=lambda row: -row[-1]) for w, rows in places.items()},
        "halls": sorted(
            [row["site"], row["cooling"], row["it_kw"], row["pue"]]
            for row in plan.decisions["cooling"]
            if row["it_kw"] > 0
        ),
    }  # fmt: skip


def solved(instance: Instance) -> Answer | None:
    """The answer to one instance; None where there is no plan."""
    plan = api.solve(instance, gap=GAP, time_limit=TIME_LIMIT_S).plan
    return None if plan is None else answer(plan)


def compliance(report: ComplianceReport) -> Answer:
    """The price of compliance as plain data."""
    data = report.to_dict()
    return {"price": report.price, "without": data["without_rules"], "excluded": data["excluded"]}


def solve_all() -> Answer:
    """Every solve of the study."""
    found: Answer = {"dates": {}, "variants": {}, "pue": {}}
    for date in DATES:
        instance = question(date)
        report = api.price_of_compliance(instance, gap=GAP, time_limit=TIME_LIMIT_S)
        found["dates"][date] = {
            "law": law(instance), "plan": answer(report.result.require_plan()), "compliance": compliance(report)
        }  # fmt: skip
        print(date, "done", flush=True)
    for name, (without, changes) in VARIANTS.items():
        found["variants"][name] = solved(question(DATES[-1], *changes, without=without))
        print(name, "done", flush=True)
    for limit in PUE_LIMITS:
        found["pue"][str(limit)] = solved(at_pue_limit(limit))
        print("PUE", limit, "done", flush=True)
    return found


def departures(answers: Answer) -> list[str]:
    """Where the plans are not what the prose of the page says."""
    return [
        f"{date}: {load} runs mostly on {main}, the page says {said}"
        for date, loads in SAID.items()
        for load, said in loads.items()
        if (main := next(iter(answers["dates"][date]["plan"]["carried"][load]))) != said
    ]


# The page


def _million(amount: float) -> str:
    return f"{amount / 1e6:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(header), " | ".join("---" for _ in header), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _carried(plan: Answer, load: str) -> str:
    return ", ".join(f"{count:,} {device}" for device, count in plan["carried"][load].items())


def _places(plan: Answer, load: str) -> str:
    by_site: dict[tuple[str, str], float] = defaultdict(float)
    for site, _, cooling, _, servers in plan["places"][load]:
        by_site[site, cooling] += servers
    return ", ".join(f"{round(servers, 1):,g} in {site} ({cooling})" for (site, cooling), servers in by_site.items())


def _fabrics(plan: Answer, load: str) -> str:
    return "; ".join(dict.fromkeys(row[3] for row in plan["places"][load]))


def _excluded(facts: Answer) -> str:
    return "; ".join(
        f"{id}: {outcome} ({rule}{' ' + paragraph if paragraph else ''})"
        for id, (outcome, rule, paragraph) in facts["law"]["excluded"].items()
    ) or "none"  # fmt: skip


def _side_by_side(dates: Mapping[str, Answer]) -> str:
    rows: list[tuple[str, Any]] = [
        ("cost, million USD (proven gap)", lambda d: f"{_million(d['plan']['cost'])} ({d['plan']['gap']:.2%})"),
        ("purchases, million USD", lambda d: _million(d["plan"]["capex"])),
        ("training runs on", lambda d: _carried(d["plan"], "gpt3")),
        ("its servers", lambda d: _places(d["plan"], "gpt3")),
        ("its network", lambda d: _fabrics(d["plan"], "gpt3")),
        ("service runs on", lambda d: _carried(d["plan"], "chat")),
        ("its servers", lambda d: _places(d["plan"], "chat")),
        ("its networks", lambda d: _fabrics(d["plan"], "chat")),
        ("servers, switches", lambda d: f"{d['plan']['servers']}, {d['plan']['switches']}"),
        (
            "IT and facility power, MW",
            lambda d: f"{d['plan']['it_kw'] / 1e3:.2f}, {d['plan']['facility_kw'] / 1e3:.2f}",
        ),
        ("annual PUE", lambda d: f"{d['plan']['pue']:.3f}"),
        ("may be ordered", lambda d: ", ".join(d["law"]["allowed"])),
        ("kept out by law", _excluded),
        ("not on sale yet", lambda d: ", ".join(d["law"]["not on sale"]) or "none"),
        ("no longer made", lambda d: ", ".join(d["law"]["no longer made"]) or "none"),
    ]
    return _table(("", *dates), ((name, *(show(d) for d in dates.values())) for name, show in rows))


def _compliance(dates: Mapping[str, Answer]) -> str:
    rows = []
    for date, facts in dates.items():
        without, price = facts["compliance"]["without"], facts["compliance"]["price"]
        nothing = price is None or price[1] <= 0 or without["devices"] == sorted(_devices(facts["plan"]))
        low, high = (0.0, 0.0) if nothing else price
        rows.append(
            (date, f"{_million(facts['plan']['cost'])} ({facts['plan']['gap']:.2%})",
             f"{_million(without['objective'])} ({without['gap']:.2%})",
             "nothing" if nothing else f"{_million(low)} to {_million(high)}", ", ".join(without["devices"]))
        )  # fmt: skip
    return _table(("date", "under the rules (gap)", "without (gap)", "price", "accelerators without the rules"), rows)


def _devices(plan: Answer) -> set[str]:
    return {device for devices in plan["carried"].values() for device in devices}


def _one_by_one(dates: Mapping[str, Answer]) -> str:
    rows = [
        (date, one["device"], f"{_million(one['objective'])} ({one['gap']:.2%})",
         f"{_million(one['saving'][0])} to {_million(one['saving'][1])}", ", ".join(one["devices"]))
        for date, facts in dates.items()
        for one in facts["compliance"]["excluded"]
        if one["saving"] is not None and one["device"] in one["devices"]
    ]  # fmt: skip
    return _table(("date", "device allowed", "cost (gap)", "saves", "accelerators bought"), rows)


def _variants(variants: Mapping[str, Answer | None]) -> str:
    rows = [
        (name, "no plan", "", "")
        if plan is None
        else (name, f"{_million(plan['cost'])} ({plan['gap']:.2%})", _carried(plan, "gpt3"), _carried(plan, "chat"))
        for name, plan in variants.items()
    ]
    return _table(("2026-06", "cost (gap)", "training", "service"), rows)


def _cooling(pue: Mapping[str, Answer | None]) -> str:
    rows = []
    for limit, plan in pue.items():
        if plan is None:
            rows.append((limit, "no plan", "", ""))
            continue
        halls = ", ".join(f"{cooling} in {site} ({kw:,.0f} kW, {own:.3f})" for site, cooling, kw, own in plan["halls"])
        rows.append((limit, halls, f"{plan['pue']:.3f}", f"{_million(plan['cost'])} ({plan['gap']:.2%})"))
    return _table(("limit", "cooling (IT load, annual PUE)", "PUE of all", "cost (gap)"), rows)


def page(answers: Answer) -> str:
    """The page, from the answers kept."""
    text = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    tables = {
        "PLANS": _side_by_side(answers["dates"]),
        "COMPLIANCE": _compliance(answers["dates"]),
        "ONE BY ONE": _one_by_one(answers["dates"]),
        "VARIANTS": _variants(answers["variants"]),
        "COOLING": _cooling(answers["pue"]),
    }
    for name, table in tables.items():
        text = text.replace(f"<!-- {name} -->", table)
    return text


def main() -> None:
    """Solve and write, or only write."""
    if "--page" not in sys.argv[1:]:
        ANSWERS.write_text(json.dumps(solve_all(), indent=1) + "\n", encoding="utf-8")
    answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    PAGE.write_text(page(answers), encoding="utf-8")
    if wrong := departures(answers):
        sys.exit("\n".join(["The prose of docs/studies/hubs.md must change:", *wrong]))


if __name__ == "__main__":
    main()
