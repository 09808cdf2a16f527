"""The figures of a plan at a glance, as plain data: what ``planner report --json`` prints and the tables show.

With several periods, a stock (servers in service, switches, power) is that of its largest period; a purchase is the sum
over the horizon.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.catalogue.entries import GRADES
from planner.instance.openings import OPENINGS
from planner.plan import ACCOUNTS, Plan
from planner.plan.readable import MONEY_TOTALS, TOTALS, require_readable
from planner.plan.reading import is_number
from planner.report.choice import network_choices
from planner.report.components import bill_components
from planner.report.facts import CatalogueFacts, catalogue_facts
from planner.report.finance import finance
from planner.report.losses import losses
from planner.report.remarks import Check, short_runs, split_fleets
from planner.report.schedule import schedule
from planner.units import DAYS_PER_YEAR

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]
LINK_CLASSES = ("node_leaf", "leaf_spine", "spine_core")
SWITCH_TIERS = ("leaves", "spines", "cores")
LINK_ORDER = (*(name.replace("_", "-") for name in LINK_CLASSES), "leaf-leaf")
MOST_NAMED = 3
"""Items that a line of money by grade names."""
KINDS = (
    "servers", "switches", "optics", "racks", "cooling", "facility", "building", "land", *OPENINGS, "scale-up",
    "server discount",
)  # fmt: skip


def plan_summary(plan: Plan, checks: Iterable[Check] | None = None) -> dict[str, Any]:
    """Headline, decisions, purchases, costs and proof of a plan.

    Args:
        checks: of a verification made now; absent: what the plan says of the one made with it.

    Raises:
        PlanFileError: a table or total of the plan is missing or malformed.
    """
    require_readable(plan)
    facts = catalogue_facts(plan)
    return {
        "name": plan.name,
        "status": plan.status,
        "objective_kind": plan.objective_kind,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "asked_gap": _number(plan, "solver", "gap"),
        "currency": plan.currency,
        "currency_year": plan.currency_year,
        "description": _setting(plan, "instance", "description", kind=(str,)) or "",
        "scope": _setting(plan, "instance", "scope", kind=(str,)),
        "horizon": _horizon(plan),
        "offered_sites": _offered_sites(plan),
        "totals": {name: plan.totals[name] for name in (*TOTALS, *MONEY_TOTALS)},
        "fleet": fleet(plan, facts),
        "rented": rented(plan, facts),
        "owned": owned(plan, facts),
        "workloads": workloads(plan),
        "filled": [dict(row) for row in plan.decisions["filled"]],
        "schedule": schedule(plan, pool_numbers(plan), _period_days(plan)),
        "caution": caution(plan),
        "split_fleets": split_fleets(plan),
        "short_runs": short_runs(plan, _setting(plan, "instance")),
        "losses": losses(plan, _setting(plan, "instance")),
        "export_notes": _export_notes(plan),
        "site_laws": _site_laws(plan),
        "priced_apart": _priced_apart(plan),
        "networks": networks(plan, facts),
        "network_choices": network_choices(plan),
        "links": links(plan),
        "sites": sites(plan),
        "cooling": cooling(plan),
        "purchases": purchases(plan, facts),
        "components": bill_components(plan, facts.components),
        "grades": grades(plan),
        "costs": costs(plan),
        "periods": periods(plan),
        **finance(plan),
        "verification": verification(plan, checks),
    }


def verification(plan: Plan, checks: Iterable[Check] | None) -> dict[str, Any]:
    """Checks made and failed: now, or as the plan says of when it was made."""
    if checks is None:
        found = [(row["check"], row["passed"], row["detail"]) for row in plan.verification]
    else:
        found = [(check.check, check.passed, check.detail) for check in checks]
    return {
        "made_now": checks is not None,
        "checks": len(found),
        "failed": [{"check": check, "detail": detail} for check, passed, detail in found if not passed],
    }


def pool_numbers(plan: Plan) -> dict[str, int]:
    """Pools by the short number that tables use for them, in order of the fleet."""
    return {pool: n for n, pool in enumerate(dict.fromkeys(r["pool"] for r in plan.decisions["fleet"]), start=1)}


def fleet(plan: Plan, facts: CatalogueFacts) -> Rows:
    """Servers of each pool, with the racks they stand in."""
    racks = _grouped(plan.decisions["racks"], "pool", "purpose")
    found = []
    for (pool,), rows in _grouped(plan.decisions["fleet"], "pool").items():
        row, servers = rows[0], int(_most(rows, "in_service"))
        server_racks, network_racks = racks.get((pool, "server"), []), racks.get((pool, "network"), [])
        found.append(
            {
                "number": pool_numbers(plan)[pool],
                **{key: row[key] for key in ("pool", "site", "server", "accelerator", "cooling", "rack_kw")},
                "servers": servers,
                "bought": sum(r["bought"] for r in rows),
                "accelerators": facts.accelerators(row["server"], servers),
                "servers_per_rack": max((r["places"] for r in server_racks), default=0),
                "server_racks": _most(server_racks, "installed"),
                "network_racks": _most(network_racks, "installed"),
            }
        )
    return found


def rented(plan: Plan, facts: CatalogueFacts) -> Rows:
    """Servers rented by each offer: in the period with most of them, and what is paid over the horizon."""
    found = []
    for rows in _grouped(plan.decisions["rented"], "pool").values():
        row = _largest(rows, "in_service")
        found.append(
            {
                **{key: row[key] for key in ("pool", "site", "server", "accelerator", "workload")},
                "servers": row["in_service"],
                "accelerators": facts.accelerators(row["server"], row["in_service"]) or 0,
                "periods": [r["period"] for r in rows if r["in_service"]],
                "rent": sum(r["rent"] * r["in_service"] for r in rows),
            }
        )
    return found


def owned(plan: Plan, facts: CatalogueFacts) -> Rows:
    """Servers that were there from the start, by fleet: how many stand in each period, and what the others fetch."""
    found = []
    for (fleet,), rows in _grouped(plan.decisions["owned"], "fleet").items():
        standing: dict[int, int] = defaultdict(int)
        for row in rows:
            standing[row["period"]] += row["in_service"]
        first, sold = max(standing.values()), sum(row["sold"] for row in rows)
        found.append(
            {
                "fleet": fleet,
                **{key: rows[0][key] for key in ("site", "server", "accelerator", "cooling")},
                "servers": first,
                "accelerators": facts.accelerators(rows[0]["server"], first) or 0,
                "by_period": [standing[t] for t in sorted(standing)],
                "sold": sold,
                "sale": sum(row["sold"] * row["sale_value"] for row in rows),
            }
        )
    return found


def workloads(plan: Plan) -> Rows:
    """Which pool carries which workload, with how many blocks and servers, from which period to which."""
    numbers = pool_numbers(plan)
    there = {row["pool"] for row in plan.decisions["owned"]}
    keys = (
        "workload", "kind", "pool", "site", "server", "blocks", "devices_per_block", "servers_per_block", "servers",
        "expected_servers",
    )  # fmt: skip
    found: Rows = []
    for rows in _grouped(plan.decisions["workloads"], "workload", "pool", "devices_per_block").values():
        before: dict[str, Any] = {}
        for row in sorted(rows, key=lambda row: row["period"]):
            held = "owned" if row["pool"] in there else "rented" if row["pool"] not in numbers else "bought"
            same = {"number": numbers.get(row["pool"]), "held": held, **{key: row[key] for key in keys}}
            if before == {**same, "first_period": before.get("first_period"), "last_period": row["period"] - 1}:
                before["last_period"] = row["period"]
            else:
                before = {**same, "first_period": row["period"], "last_period": row["period"]}
                found.append(before)
    return found


def caution(plan: Plan) -> dict[str, int] | None:
    """Servers at work, and how many the expected estimate takes for the same loads, in the period where they differ
    most; None unless the plan is safe."""
    if _setting(plan, "instance", "estimates") != "safe":
        return None
    found = [{"servers": 0, "expected_servers": 0}]
    for of_period in _grouped(plan.decisions["workloads"], "period").values():
        pools = _grouped(of_period, "pool").values()  # loads share the servers of a pool
        servers, expected = (
            sum(math.ceil(sum(r[column] for r in rows) - 1e-6) for rows in pools)
            for column in ("servers", "expected_servers")
        )
        found.append({"servers": servers, "expected_servers": expected})
    return max(found, key=lambda row: row["servers"] - row["expected_servers"])


def networks(plan: Plan, facts: CatalogueFacts) -> Rows:
    """Switches by tier, links by class and optics of each network of a pool."""
    numbers = pool_numbers(plan)
    clusters = _grouped(plan.decisions["clusters"], "pool", "network", "period")
    kits = _grouped(plan.decisions["links"], "pool", "network", "period")
    in_service = {(r["pool"], r["period"]): (r["server"], r["in_service"]) for r in plan.decisions["fleet"]}
    found = []
    for rows in _grouped(plan.decisions["networks"], "pool", "network").values():
        row = max(rows, key=_switches)  # the first period of equals
        key = (row["pool"], row["network"], row["period"])
        frames, parts = clusters.get(key, []), _parts(kits.get(key, []))
        modules = facts.transceivers(parts)
        accelerators = facts.accelerators(*in_service.get((row["pool"], row["period"]), ("", 0)))
        found.append(
            {
                "number": numbers.get(row["pool"]),
                "pool": row["pool"],
                "site": row["site"],
                "network": row["network"],
                "switch": row["switch"],
                "switch_types": [row[k] for k in ("switch", "spine_switch", "core_switch") if row[k]],
                "gbps": row["gbps"],
                "planes": row["planes"],
                "tiers": sorted({r["tiers"] for r in frames}),
                "clusters": sum(r["clusters"] for r in frames),
                **{tier: row[tier] for tier in SWITCH_TIERS},
                "switches": _switches(row),
                **{f"{name}_links": row[f"{name}_links"] for name in LINK_CLASSES},
                "parts": parts,
                "transceivers": modules,
                "transceivers_per_accelerator": modules / accelerators if modules and accelerators else modules,
            }
        )
    return found


def links(plan: Plan) -> Rows:
    """Links of every network by class and kit of parts, in the period with most of them."""
    numbers = pool_numbers(plan)
    keys = ("pool", "site", "network", "link_class", "gbps", "length_m", "kit", "links")
    found = []
    for rows in _grouped(plan.decisions["links"], "pool", "network", "link_class", "kit").values():
        row = _largest(rows, "links")
        found.append({"number": numbers.get(row["pool"]), **{key: row[key] for key in keys}})
    return sorted(found, key=lambda r: (r["number"] or 0, r["network"], _place(LINK_ORDER, r["link_class"])))


def sites(plan: Plan) -> Rows:
    """Power, PUE, yearly energy and cost of each site."""
    cost: dict[str, float] = defaultdict(float)
    for row in plan.cost_rows:
        cost[row["site"]] += row["present_value"]
    keys = ("site", "country", "it_kw", "facility_kw", "power_limit_kw", "facility_mwh_per_year", "pue", "pue_limit")
    found = []
    for (site,), rows in _grouped(plan.decisions["sites"], "site").items():
        row = _largest(rows, "facility_kw")
        found.append({**{key: row[key] for key in keys}, "present_value": cost[site]})
    return found


def cooling(plan: Plan) -> Rows:
    """Load and capacity of each cooling method at each site."""
    keys = ("site", "cooling", "it_kw", "capacity_kw", "pue", "peak_pue")
    return [
        {key: _largest(rows, "capacity_kw")[key] for key in keys}
        for rows in _grouped(plan.decisions["cooling"], "site", "cooling").values()
    ]


def purchases(plan: Plan, facts: CatalogueFacts) -> Rows:
    """The bill of materials by product, the dearest of each kind first."""
    found: Rows = []
    for (kind, item), rows in _grouped(plan.bill_of_materials_rows, "kind", "item").items():
        quantity, cost = sum(r["quantity"] for r in rows), sum(r["cost"] for r in rows)
        found.append(
            {
                "kind": kind,
                "item": item,
                "description": rows[0]["description"],
                "part_kind": facts.optic_kind(item) if kind == "optics" else None,
                "quantity": quantity,
                "unit": rows[0]["unit"],
                "unit_price": cost / quantity if quantity else None,
                "cost": cost,
                "price_as_of": max(r["price_as_of"] for r in rows),
                "price_source": rows[0]["price_source"],
                "price_grade": max((r["price_grade"] for r in rows), key=GRADES.index),
                "price_low": min(r["price_low"] for r in rows),
                "price_high": max(r["price_high"] for r in rows),
            }
        )
    return sorted(found, key=lambda r: (_place(KINDS, r["kind"]), -r["cost"], r["item"]))


def grades(plan: Plan) -> Rows:
    """Purchases by how their prices are known, the best known first, with what weighs most in each."""
    total = sum(r["cost"] for r in plan.bill_of_materials_rows)
    found = []
    for grade in GRADES:
        by_item: dict[str, float] = defaultdict(float)
        for row in plan.bill_of_materials_rows:
            if row["price_grade"] == grade:
                by_item[row["item"]] += row["cost"]
        if cost := sum(by_item.values()):
            largest = sorted(by_item, key=lambda item: (-by_item[item], item))[:MOST_NAMED]
            found.append({"grade": grade, "cost": cost, "share": cost / total, "largest": largest})
    return found


def costs(plan: Plan) -> Rows:
    """Cost by account and item: undiscounted amount, present value and its share of all present value."""
    total = sum(r["present_value"] for r in plan.cost_rows)
    found: Rows = []
    for (account, item), rows in _grouped(plan.cost_rows, "account", "item").items():
        value = sum(r["present_value"] for r in rows)
        found.append(
            {
                "account": account,
                "item": item,
                "amount": sum(r["amount"] for r in rows),
                "present_value": value,
                "share": value / total if total else None,
            }
        )
    return sorted(found, key=lambda r: (_place(ACCOUNTS, r["account"]), -r["present_value"], r["item"]))


def periods(plan: Plan) -> Rows:
    """Purchases, stock, power and money of each period."""
    fleets, halls = _grouped(plan.decisions["fleet"], "period"), _grouped(plan.decisions["sites"], "period")
    money = _grouped(plan.cost_rows, "period", "account")
    numbers = sorted({period for (period,) in [*fleets, *halls]} | {period for period, _ in money})
    return [
        {
            "period": t,
            "servers_bought": sum(r["bought"] for r in fleets.get((t,), [])),
            "servers": sum(r["in_service"] for r in fleets.get((t,), [])),
            "it_kw": sum(r["it_kw"] for r in halls.get((t,), [])),
            "facility_kw": sum(r["facility_kw"] for r in halls.get((t,), [])),
            **{name: sum(r["amount"] for r in money.get((t, name), [])) for name in ACCOUNTS},
        }
        for t in numbers
    ]


def _site_laws(plan: Plan) -> dict[str, str]:
    """Laws that limit the PUE of sites the plan uses; empty if the plan stores none."""
    found = _setting(plan, "site_laws", kind=(Mapping,)) or {}
    used = {row["site"] for row in plan.decisions["sites"] if row["it_kw"] > 0}
    return {site: law for site, law in found.items() if site in used and isinstance(law, str)}


def _export_notes(plan: Plan) -> dict[str, list[str]]:
    """Notes of the export rules by accelerator bought; empty if the plan stores none, or nothing readable."""
    found = _setting(plan, "export_notes", kind=(Mapping,)) or {}
    return {
        device: [note for note in notes if isinstance(note, str)]
        for device, notes in found.items()
        if isinstance(device, str) and isinstance(notes, Sequence) and not isinstance(notes, str)
    }


def _priced_apart(plan: Plan) -> list[dict[str, str]]:
    """Groups of like servers at prices of different grades; empty if the plan stores none, or nothing readable."""
    found = _setting(plan, "priced_apart", kind=(Sequence,)) or ()
    return [
        {str(id): grade for id, grade in group.items() if grade in GRADES}
        for group in found
        if isinstance(group, Mapping)
    ]


def _period_days(plan: Plan) -> float:
    return (_number(plan, "instance", "horizon", "period_years") or 0.0) * DAYS_PER_YEAR


def _horizon(plan: Plan) -> dict[str, Any] | None:
    """Start, periods, years and discount rate of the instance stored in the plan; None if it stores none."""
    start = _setting(plan, "instance", "horizon", "start", kind=(str,))
    count, years, rate = (
        _number(plan, "instance", "horizon", key) for key in ("periods", "period_years", "discount_rate")
    )
    if start is None or count is None or years is None or rate is None:
        return None
    return {"start": start, "periods": count, "years": count * years, "discount_rate": rate}


def _offered_sites(plan: Plan) -> list[str]:
    """Names of the sites that the instance offers; empty if the plan stores no instance."""
    offered = _setting(plan, "instance", "sites")
    rows = offered if isinstance(offered, Sequence) and not isinstance(offered, str) else ()
    return [row["name"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("name"), str)]


def _setting(plan: Plan, *path: str, kind: tuple[type, ...] = (object,)) -> Any:
    """A value of the provenance, None where there is none of that kind."""
    value: Any = plan.provenance
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, kind) else None


def _number(plan: Plan, *path: str) -> float | None:
    """A number of the provenance, None where there is none."""
    value = _setting(plan, *path)
    return value if is_number(value) else None


def _switches(row: Row) -> int:
    """Switches in use by a network."""
    return sum(row[tier] for tier in SWITCH_TIERS)


def _parts(links: Iterable[Row]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for row in links:
        for part, share in row["parts_per_link"].items():
            found[part] += row["links"] * share
    return dict(found)


def _grouped(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[key] for key in keys)].append(row)
    return dict(found)


def _largest(rows: Sequence[Row], key: str) -> Row:
    return max(rows, key=lambda row: row[key])  # the first period of equals


def _most(rows: Sequence[Row], key: str) -> float:
    return max((row[key] for row in rows), default=0)


def _place(order: Sequence[str], word: str) -> int:
    return order.index(word) if word in order else len(order)
