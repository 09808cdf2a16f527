"""Rows and money of the example plans, in closed forms of their own; nothing of the package computes any of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from example_money import money_rows

from planner.catalogue.entries import GRADES
from planner.instance import Instance, instance_catalogue, instance_data
from planner.plan.plan import Plan

Row = dict[str, Any]

PRICES = {
    ("servers", "dgx-a100"): 200_000.0,
    ("switches", "qm8790"): 14_000.0,
    ("optics", "dac-200g"): 85.0,
    ("optics", "aoc-200g"): 400.0,
    ("optics", "sr4-200g"): 300.0,
    ("optics", "fibre-om4-mpo12"): 60.0,
    ("racks", "rack-42u"): 7_000.0,
    ("cooling", "evaporative"): 1_000.0,
    ("facility", "power-train"): 1_850.0,
}
LIVES = {
    "dgx-a100": 5.0, "qm8790": 5.0, "dac-200g": 5.0, "aoc-200g": 5.0, "sr4-200g": 5.0, "fibre-om4-mpo12": 10.0,
    "rack-42u": 10.0, "evaporative": 12.5, "power-train": 15.0,
}  # fmt: skip

WATER = 0.55
"""m3 per MWh of IT energy with evaporative cooling, as the catalogue says."""


class At(NamedTuple):
    """A pool and the site where it stands."""

    pool: str
    site: str

    @property
    def names(self) -> Row:
        return {"pool": self.pool, "site": self.site}


def fleet_row(at: At, period: int, bought: int, in_service: int) -> Row:
    return {**at.names, "server": "dgx-a100", "accelerator": "a100-sxm-80", "cooling": "evaporative", "rack_kw": 20.0,
            "leaf_oversubscription": 1.0, "spine_oversubscription": 1.0, "period": period, "bought": bought,
            "in_service": in_service}  # fmt: skip


def work_row(workload: str, kind: str, at: At, period: int, blocks: int, devices: int, rate: float, unit: str) -> Row:
    servers = blocks * devices / 8
    return {**at.names, "workload": workload, "kind": kind, "server": "dgx-a100", "period": period,
            "blocks": blocks, "devices_per_block": devices, "servers_per_block": devices / 8, "rate_per_block": rate,
            "rate_unit": unit, "servers": servers, "expected_servers": servers}  # fmt: skip


def rack_row(at: At, period: int, purpose: str, places: int, bought: int, installed: int) -> Row:
    return {**at.names, "purpose": purpose, "rack": "rack-42u", "rack_kw": 20.0, "places": places, "period": period,
            "bought": bought, "installed": installed}  # fmt: skip


def cluster_row(
    at: At,
    network: str,
    frame: str,
    tiers: int,
    servers: int,
    units: int,
    leaves: int,
    spines: int,
    period: int,
    clusters: int,
    uplinks: int = 0,
    spine_uplinks: int = 0,
    cores: int = 0,
) -> Row:
    return {**at.names, "network": network, "frame": frame, "tiers": tiers, "servers_each": servers,
            "units_each": units, "leaves_each": leaves, "uplinks_of_leaf": uplinks, "pods_each": 1,
            "spines_each": spines, "uplinks_of_spine": spine_uplinks, "cores_each": cores, "period": period,
            "clusters": clusters}  # fmt: skip


def network_row(
    at: At, network: str, tiers: int, period: int, units: int, leaves: int, spines: int, cores: int, node_leaf: int,
    leaf_spine: int, spine_core: int,
) -> Row:  # fmt: skip
    return {**at.names, "network": network, "switch": "qm8790", "spine_switch": None, "core_switch": None,
            "gbps": 200.0, "uplink_gbps": 200.0, "tiers": tiers, "planes": 1,
            "leaf_oversubscription": 1.0, "spine_oversubscription": 1.0, "period": period, "units": units,
            "leaves": leaves, "spines": spines, "cores": cores, "node_leaf_links": node_leaf,
            "leaf_spine_links": leaf_spine, "spine_core_links": spine_core, "leaf_leaf_links": 0}  # fmt: skip


def switch_row(at: At, period: int, bought: int, installed: int) -> Row:
    return {**at.names, "switch": "qm8790", "period": period, "bought": bought, "installed": installed}


def link_row(
    at: At, network: str, link_class: str, length: float, parts: dict[str, int], period: int, links: int
) -> Row:
    return {**at.names, "network": network, "link_class": link_class, "gbps": 200.0, "length_m": float(length),
            "kit": "+".join(parts), "parts_per_link": dict(parts), "period": period, "links": links}  # fmt: skip


def part_row(at: At, part: str, period: int, bought: int, installed: int) -> Row:
    return {**at.names, "part": part, "period": period, "bought": bought, "installed": installed}


def site_row(
    site: str,
    period: int,
    it: float,
    bought: float,
    peak_pue: float,
    limit: float,
    pue_limit: float | None,
    load: float,
) -> Row:
    mwh = it * load * 8760 / 1000
    return {"site": site, "country": "US", "period": period, "it_kw": it, "facility_kw": it * peak_pue,
            "power_limit_kw": limit, "bought_power_kw": bought, "power_kw": it * peak_pue, "bought_building_kw": 0.0,
            "building_kw": 0.0, "land_bought": 0, "water_m3_per_year": WATER * mwh, "carbon_t_per_year": None,
            "it_mwh_per_year": mwh,
            "facility_mwh_per_year": mwh * 1.25, "pue": 1.25, "pue_limit": pue_limit}  # fmt: skip


# Money


def finished(
    instance: Instance,
    decisions: dict[str, list[Row]],
    energy: dict[tuple[str, int], float],
    totals: Row,
    prices: Mapping[tuple[str, str], float] = PRICES,
    demand: dict[tuple[str, int], float] | None = None,
) -> Plan:
    """The plan with its bill of materials, cost lines, objective and totals.

    Args:
        energy, demand: money a year for electricity, and for the demand charge.
        prices: by kind and item.
    """  # fmt: skip
    ordered = instance.policy.order_date
    bill = bill_rows(decisions, ordered.isoformat() if ordered else f"{instance.horizon.start}-01", prices)
    costs = cost_rows(instance, decisions, bill, energy, prices, demand or {})
    tco = sum(row["present_value"] for row in costs)
    held = json.dumps(instance_data(instance), sort_keys=True, separators=(",", ":"))
    capex = sum(row["amount"] for row in costs if row["account"] == "capex")
    opex = sum(row["amount"] for row in costs if row["account"] in ("energy", "maintenance"))
    return Plan(
        name=instance.name,
        status="optimal",
        gap=0.0,
        bound=tco,
        objective=tco,
        objective_kind=instance.objective,
        currency="USD",
        currency_year=int(instance.horizon.start[:4]),
        totals={
            "tco": tco,
            "capex": capex,
            "opex": opex,
            "tco_low": tco,
            "tco_high": tco,
            "capex_low": capex,
            "capex_high": capex,
            **dict.fromkeys((f"bought_{grade}" for grade in GRADES), 0.0),
            "bought_given": capex,
            **totals,
        },
        decisions={name: tuple(rows) for name, rows in decisions.items()},
        bill_of_materials_rows=tuple(bill),
        cost_rows=tuple(costs),
        money_rows={name: tuple(rows) for name, rows in money_rows(instance, decisions, bill, costs).items()},
        verification=(),
        provenance={
            "instance_sha256": hashlib.sha256(held.encode()).hexdigest(),
            "catalogue_sha256": instance_catalogue(instance).digest(),
            "solver": {"gap": 1e-4},
            "instance": json.loads(held),
        },
    )


def bill_rows(decisions: dict[str, list[Row]], as_of: str, prices: Mapping[tuple[str, str], float]) -> list[Row]:
    """One row for each purchase; racks of a pool together. Prices are the instance's, dated on the first order."""
    found: dict[tuple[str, str, str, str, int], float] = {}

    def buy(kind: str, item: str, row: Row, quantity: float) -> None:
        key = (kind, item, row["site"], row.get("pool", ""), row["period"])
        found[key] = found.get(key, 0) + quantity

    for row in decisions["fleet"]:
        buy("servers", row["server"], row, row["bought"])
    for row in decisions["switches"]:
        buy("switches", row["switch"], row, row["bought"])
    for row in decisions["parts"]:
        buy("optics", row["part"], row, row["bought"])
    for row in decisions["racks"]:
        buy("racks", row["rack"], row, row["bought"])
    for row in decisions["cooling"]:
        buy("cooling", row["cooling"], row, row["bought_kw"])
    for row in decisions["sites"]:
        buy("facility", "power-train", row, row["bought_power_kw"])
    return [
        {"kind": kind, "item": item, "description": item, "site": site, "pool": pool,
         "period": period, "quantity": quantity, "unit": "kW" if kind in ("cooling", "facility") else "each",
         "unit_price": prices[kind, item], "cost": quantity * prices[kind, item], "acquisition": "bought",
         "price_as_of": as_of, "price_source": "instance" if kind == "facility" else "instance override",
         "price_grade": "given", "price_low": prices[kind, item], "price_high": prices[kind, item]}
        for (kind, item, site, pool, period), quantity in found.items()
        if quantity > 0
    ]  # fmt: skip


def cost_rows(
    instance: Instance, decisions: dict[str, list[Row]], bill: list[Row], energy: dict[tuple[str, int], float],
    prices: Mapping[tuple[str, str], float], demand: dict[tuple[str, int], float],
) -> list[Row]:  # fmt: skip
    """Cost lines in closed form: discount and annuity factors, residual value over the life."""
    rate, years = instance.horizon.discount_rate, instance.horizon.period_years
    horizon = years * instance.horizon.periods
    annuity = (1 - (1 + rate) ** -years) / rate if rate else years
    lines: dict[tuple[str, str, str, int], list[float]] = {}

    def post(account: str, item: str, site: str, period: int, amount: float, weight: float) -> None:
        line = lines.setdefault((account, item, site, period), [0.0, 0.0])
        line[0] += amount
        line[1] += amount * weight

    def start(period: int) -> float:
        return float((1 + rate) ** (-(period - 1) * years))

    for row in bill:
        post("capex", row["kind"], row["site"], row["period"], row["cost"], start(row["period"]))
        if instance.horizon.residual_value == "straight-line":
            age = horizon - (row["period"] - 1) * years
            left = row["cost"] * max(0.0, 1 - age / LIVES[row["item"]])
            post("residual", row["kind"], row["site"], instance.horizon.periods, -left, (1 + rate) ** -horizon)
    for (site, period), yearly in energy.items():
        post("energy", "electricity", site, period, yearly * years, annuity / years * start(period))
    for (site, period), yearly in demand.items():
        post("energy", "demand charge", site, period, yearly * years, annuity / years * start(period))
    kept = [("servers", r["server"], r, r["in_service"]) for r in decisions["fleet"]]
    kept += [("switches", r["switch"], r, r["installed"]) for r in decisions["switches"]]
    kept += [("optics", r["part"], r, r["installed"]) for r in decisions["parts"]]
    for kind, item, row, count in kept:
        yearly = instance.operations.maintenance_rate * prices[kind, item] * count
        post("maintenance", kind, row["site"], row["period"], yearly * years, annuity / years * start(row["period"]))
    return [
        {"account": account, "item": item, "site": site, "period": period, "amount": amount, "present_value": value}
        for (account, item, site, period), (amount, value) in lines.items()
        if amount
    ]
