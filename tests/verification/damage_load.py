"""Damage to workloads, cooling, power, supply and budget."""

from __future__ import annotations

from damage import Draft, NotApplicable, Row, alter, in_service, mutation


def _some_blocks(row: Row) -> bool:
    return bool(row["blocks"] > 0)


@mutation("block missing", "workload", "demand met")
def _(draft: Draft) -> None:
    row = draft.row("workloads", _some_blocks)
    draft.decisions["workloads"] = [
        r for r in draft.decisions["workloads"] if (r["workload"], r["period"]) != (row["workload"], row["period"])
    ]


@mutation("more blocks than servers", "workload", "servers suffice for the blocks")
def _(draft: Draft) -> None:
    row = draft.row("workloads", _some_blocks)
    row["blocks"] *= 50
    row["servers"] = row["blocks"] * row["servers_per_block"]


@mutation("run larger than a cluster", "workload", "runs fit the clusters")
def _(draft: Draft) -> None:
    row = draft.row("workloads", lambda r: r["servers_per_block"] > 1 and r["blocks"] > 0)
    for cluster in draft.decisions["clusters"]:
        if cluster["pool"] == row["pool"] and cluster["network"] == "compute":
            cluster["servers_each"] = int(row["servers_per_block"]) - 1


alter("block of another size", "workload", "servers per block recomputed", "workloads", "servers_per_block",
      lambda r: r["servers_per_block"] + 1)  # fmt: skip
alter("block of other accelerators", "workload", "servers per block recomputed", "workloads", "devices_per_block",
      lambda r: r["devices_per_block"] + 1)  # fmt: skip
alter("fewer servers expected", "workload", "expected servers recomputed", "workloads", "expected_servers",
      lambda r: r["expected_servers"] * 0.4, _some_blocks)  # fmt: skip
alter("block counted twice as fast", "workload", "rate per block recomputed", "workloads", "rate_per_block",
      lambda r: r["rate_per_block"] * 2, _some_blocks)  # fmt: skip


@mutation("storage network smaller than a run", "workload", "runs fit the clusters")
def _(draft: Draft) -> None:
    row = draft.row("workloads", lambda r: r["blocks"] > 0 and r["servers_per_block"] > 1)
    same = (row["pool"], row["period"], "storage")
    draft.row("clusters", lambda r: (r["pool"], r["period"], r["network"]) == same and r["clusters"] > 0)
    for cluster in draft.decisions["clusters"]:
        if (cluster["pool"], cluster["period"], cluster["network"]) == same:
            cluster["servers_each"] = int(row["servers_per_block"]) - 1


alter(
    "rate in another unit", "workload", "rate unit known", "workloads", "rate_unit", lambda r: "furlong", _some_blocks
)
alter("servers of blocks miscounted", "workload", "servers of blocks recomputed", "workloads", "servers",
      lambda r: r["servers"] + 1)  # fmt: skip
alter("unknown workload", "workload", "names known", "workloads", "workload", lambda r: "daydream")
alter("workload of another kind", "workload", "rows agree with their pool", "workloads", "kind", lambda r: "siesta")


# Cooling and power


def _loaded(row: Row) -> bool:
    return bool(row["it_kw"] > 0)


alter("cooling short", "cooling", "cooling suffices", "cooling", "capacity_kw", lambda r: r["it_kw"] * 0.9, _loaded)
alter(
    "cooling never bought", "cooling", "cooling follows purchases", "cooling", "bought_kw", lambda r: r["bought_kw"] + 7
)
alter(
    "IT load of a hall too low", "cooling", "it kw recomputed", "cooling", "it_kw", lambda r: r["it_kw"] * 0.99, _loaded
)
alter("better PUE than the method has", "cooling", "pue recomputed", "cooling", "pue", lambda r: 1.01, _loaded)
alter(
    "better peak PUE than the method has", "cooling", "pue recomputed", "cooling", "peak_pue", lambda r: 1.01, _loaded
)
alter("unknown cooling", "cooling", "names known", "cooling", "cooling", lambda r: "open-window")
alter("site IT load too low", "power", "it kw recomputed", "sites", "it_kw", lambda r: r["it_kw"] * 0.99, _loaded)
alter("facility load too low", "power", "facility kw recomputed", "sites", "facility_kw",
      lambda r: r["facility_kw"] * 0.99, _loaded)  # fmt: skip
alter(
    "power train short", "power", "power built suffices", "sites", "power_kw", lambda r: r["facility_kw"] * 0.9, _loaded
)
alter("power never bought", "power", "power follows purchases", "sites", "bought_power_kw",
      lambda r: r["bought_power_kw"] + 7)  # fmt: skip


def _for_nothing(name: str, concern: str, table: str, bought: str, standing: str) -> None:
    def change(draft: Draft) -> None:
        row = draft.row(table, lambda r: r[bought] > 0)
        row[bought], row[standing] = row[bought] + 7, row[standing] + 7

    mutation(name, concern, "nothing bought without need")(change)


_for_nothing("cooling for nothing", "cooling", "cooling", "bought_kw", "capacity_kw")
_for_nothing("power train for nothing", "power", "sites", "bought_power_kw", "power_kw")
alter("building where it has no price", "power", "nothing bought without need", "sites", "bought_building_kw",
      lambda r: 7.0)  # fmt: skip
alter("land where it has no price", "power", "land bought once", "sites", "land_bought", lambda r: 1)
alter("energy too low", "power", "energy recomputed", "sites", "facility_mwh_per_year",
      lambda r: r["facility_mwh_per_year"] * 0.99, _loaded)  # fmt: skip
alter("site PUE too low", "power", "pue recomputed", "sites", "pue", lambda r: 1.0, _loaded)
alter("other power limit", "power", "site figures right", "sites", "power_limit_kw", lambda r: r["power_limit_kw"] * 2)
alter("other PUE limit", "power", "site figures right", "sites", "pue_limit", lambda r: 4.9)


@mutation("power limit broken", "power", "power within limit")
def _(draft: Draft) -> None:
    row = draft.row("fleet", in_service)
    limit = draft.row("sites", lambda r: r["site"] == row["site"])["power_limit_kw"]
    row["in_service"] = row["bought"] = int(row["in_service"] + limit / 0.1)


@mutation("cooling row missing", "cooling", "row present")
def _(draft: Draft) -> None:
    draft.decisions["cooling"].remove(draft.row("cooling", _loaded))


@mutation("site row missing", "power", "row present")
def _(draft: Draft) -> None:
    draft.decisions["sites"].remove(draft.row("sites", _loaded))


# Supply and budget: so much that no limit holds


@mutation("supply exceeded", "supply", "supply within limit")
def _(draft: Draft) -> None:
    tables = {
        "servers": ("fleet", "server", "bought"), "accelerators": ("fleet", "accelerator", "bought"),
        "switches": ("switches", "switch", "bought"), "optics": ("parts", "part", "bought"),
    }  # fmt: skip
    for limit in draft.asked("supply"):
        table, item, bought = tables[limit["kind"]]
        for row in draft.decisions[table]:
            if row[item] == limit["id"] and limit.get("period") in (None, row["period"]):
                row[bought] += limit["limit"] + 1
                return
    raise NotApplicable("a supply limit on something bought")


@mutation("budget exceeded", "budget", "capital within budget")
def _(draft: Draft) -> None:
    budget = draft.asked("budget") or {}
    if not (budget.get("capex") or budget.get("capex_by_period")):
        raise NotApplicable("a budget")
    draft.row("fleet")["bought"] += 10**9


@mutation("rented servers of an offer that nobody made", "rent", "rows complete")
def _nobody_lets(draft: Draft) -> None:
    draft.decisions["rented"].append({"pool": "let", "period": 1, "site": "let", "in_service": 1})
