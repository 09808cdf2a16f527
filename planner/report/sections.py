"""The tables of a plan's summary, from what ``data.py`` gathers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from planner.report.components import component_table
from planner.report.data import LINK_ORDER
from planner.report.finance import finance_tables
from planner.report.schedule import schedule_table
from planner.report.summary import Summary
from planner.report.tables import Table, ditto, table
from planner.report.words import UNKNOWN, count, energy, money_scale, power_scale, price, ratio, share

POOL_NOTE = "# numbers the pools for the tables below"
KIND_WORDS = {"servers": "server", "switches": "switch", "optics": "optic", "racks": "rack"}


def plan_tables(summary: Summary) -> tuple[Table, ...]:
    """Every table of the summary that has rows, in reading order."""
    tables = (
        fleet_table(summary),
        rented_table(summary),
        owned_table(summary),
        workload_table(summary),
        filled_table(summary),
        schedule_table(summary["schedule"]),
        rack_table(summary),
        network_table(summary),
        choice_table(summary),
        link_table(summary),
        site_table(summary),
        cooling_table(summary),
        purchase_table(summary),
        component_table(summary["components"], summary["currency"]),
        cost_table(summary),
        period_table(summary),
        *finance_tables(summary),
    )
    return tuple(found for found in tables if found.rows)


def fleet_table(summary: Summary) -> Table:
    """Servers by site."""
    return table(
        "Fleet",
        ("#", "=site", "=server", "=accelerator", ">servers", ">acceler-\nators", "=cooling"),
        (
            (
                _pool(r), r["site"], r["server"], r["accelerator"], count(r["servers"]),
                count(r["accelerators"]), r["cooling"],
            )
            for r in summary["fleet"]
        ),
        POOL_NOTE + ("; servers in service in the largest period" if len(summary["periods"]) > 1 else ""),
        spare=("=accelerator", "=cooling"),
    )  # fmt: skip


def rented_table(summary: Summary) -> Table:
    """Servers rented, by offer."""
    rows = summary["rented"]
    scale = money_scale((r["rent"] for r in rows), summary["currency"])
    last = len(summary["periods"])
    return table(
        "Rented",
        ("=offer", "=server", "=accelerator", "for", *((">periods",) if last > 1 else ()), ">servers",
         ">acceler-\nators", f">rent\n{scale.unit}"),
        (
            (
                r["site"], r["server"], r["accelerator"], r["workload"] or "all work",
                *((f"{r['periods'][0]}-{r['periods'][-1]}",) if last > 1 else ()), count(r["servers"]),
                count(r["accelerators"]), scale(r["rent"]),
            )
            for r in rows
        ),
        "hall, power and network are the provider's; a training run on demand is paid for its days"
        + ("; servers of the period with most of them" if last > 1 else ""),
        spare=("=accelerator",),
    )  # fmt: skip


def rack_table(summary: Summary) -> Table:
    """Racks of each pool: power, places and number."""
    return table(
        "Racks",
        ("#", "=site", "=cooling", ">kW each", ">servers\neach", ">server\nracks", ">network\nracks"),
        (
            (
                _pool(r), r["site"], r["cooling"], f"{r['rack_kw']:g}", count(r["servers_per_rack"]),
                count(r["server_racks"]), count(r["network_racks"]),
            )
            for r in summary["fleet"]
        ),
    )  # fmt: skip


def owned_table(summary: Summary) -> Table:
    """Servers that were there from the start, by fleet."""
    rows = summary["owned"]
    scale = money_scale((r["sale"] for r in rows), summary["currency"])
    return table(
        "Owned from the start",
        ("fleet", "=site", "=server", "=accelerator", "=cooling", ">kept by\nperiod", ">sold", f">for\n{scale.unit}"),
        (
            (
                r["fleet"], r["site"], r["server"], r["accelerator"], r["cooling"],
                ", ".join(count(n) for n in dict.fromkeys(r["by_period"])), count(r["sold"]), scale(r["sale"]),
            )
            for r in rows
        ),
        "kept servers in the order of the periods, each number once",
        spare=("=accelerator", "=cooling"),
    )  # fmt: skip


def workload_table(summary: Summary) -> Table:
    """Who carries what."""
    blocks = {"training": "run", "inference": "replica", "compute": "block"}
    by_period, is_safe = len(summary["periods"]) > 1, summary["caution"] is not None
    order = list(dict.fromkeys(r["workload"] for r in summary["workloads"]))
    rows = sorted(summary["workloads"], key=lambda r: (order.index(r["workload"]), r["first_period"]))
    return table(
        "Workloads",
        ("workload", *((">periods",) if by_period else ()), "carried by", ">blocks", "of", ">devices\neach",
         ">servers", *((">by expected\nestimate",) if is_safe else ())),
        ditto(
            (
                r["workload"], *((_periods(r),) if by_period else ()), _carrier(r),
                count(r["blocks"]), blocks.get(r["kind"], "block"), count(r["devices_per_block"]), count(r["servers"]),
                *((f"{r['expected_servers']:,.1f}",) if is_safe else ()),
            )
            for r in rows
        ),
    )  # fmt: skip


def filled_table(summary: Summary) -> Table:
    """What loads carry on replicas of services in the hours in which these are idle."""
    by_period = len(summary["periods"]) > 1
    return table(
        "Idle hours",
        ("workload", *((">period",) if by_period else ()), "on replicas of", "at", ">blocks", ">idle",
         ">can carry", "of"),
        ditto(
            (
                r["workload"], *((count(r["period"]),) if by_period else ()), r["service"],
                f"{r['site']}, {r['server']}", count(r["blocks"]), f"{r['idle_blocks']:.2f}",
                f"{r['carried']:,.4g}", r["rate_unit"],
            )
            for r in summary["filled"]
        ),
        "idle, and what that carries: mean of a day",
    )  # fmt: skip


def network_table(summary: Summary) -> Table:
    """Switches and links by tier of every network, and its transceivers per accelerator."""
    return table(
        "Networks",
        ("#", "network", "=switch", ">tiers", ">clus-\nters", ">leaf+spine\n+core", ">links\nby tier",
         ">transceivers\nper accel."),
        ditto(
            (
                _pool(r), r["network"], "\n".join(dict.fromkeys(r["switch_types"])), _tiers(r),
                count(r["clusters"]), _by_tier(r[tier] for tier in ("leaves", "spines", "cores")),
                _by_tier(r[f"{name}_links"] for name in ("node_leaf", "leaf_spine", "spine_core")),
                _short(r["transceivers_per_accelerator"]),
            )
            for r in summary["networks"]
        ),
    )  # fmt: skip


def choice_table(summary: Summary) -> Table:
    """The compute networks chosen, each beside the cheapest with other tiers or planes on the same servers."""
    choices = summary["network_choices"]
    built = [r for c in choices for r in (c["chosen"], c["vendor"], c["other"]) if r is not None]
    scale = money_scale((r["cost"] for r in built if r["cost"]), summary["currency"])

    def row(choice: Mapping[str, Any], found: Mapping[str, Any], remark: str) -> tuple[str, ...]:
        if found["cost"] is None:
            remark = f"carries at most {count(found['most_servers'])}"
        return (
            choice["server"], count(choice["servers"]), found["fabric"], count(found["switches"]),
            count(found["links"]), UNKNOWN if found["cost"] is None else scale(found["cost"]), remark,
        )  # fmt: skip

    rows = []
    for choice in choices:
        rows.append(row(choice, choice["chosen"], "chosen"))
        vendor = choice["vendor"]
        if vendor["cost"] is not None and vendor["cost"] > choice["chosen"]["cost"] * (1 + 1e-9):
            rows.append(row(choice, vendor, "the vendor's own scheme"))
        if choice["other"] is not None:
            rows.append(row(choice, choice["other"], "cheapest other"))
    offered = {c["server"]: ", ".join(c["offered"]) for c in choices}
    return table(
        "Why this network",
        ("=server", ">servers", "=fabric", ">switches", ">links", f">{scale.unit}", ""),
        ditto(rows),
        "compute network of the largest cluster, beside the cheapest with other tiers (t) or planes (p). Offered: "
        + "; ".join(f"{server}: {names}" for server, names in offered.items()),
    )


def link_table(summary: Summary) -> Table:
    """Links of all pools by network and tier, with speed, reach and the parts that make them."""
    links: dict[tuple[str, ...], int] = defaultdict(int)
    for r in summary["links"]:
        links[r["network"], r["link_class"], f"{r['gbps']:g}", f"{r['length_m']:g} m", r["kit"]] += r["links"]
    order = sorted(links, key=lambda key: (key[0], LINK_ORDER.index(key[1]) if key[1] in LINK_ORDER else 9))
    return table(
        "Links",
        ("network", "from-to", ">Gb/s", ">length", "made of", ">links"),
        ditto((*key, count(links[key])) for key in order),
    )


def site_table(summary: Summary) -> Table:
    """Power, PUE, energy and cost of the sites, with their limits."""
    rows = summary["sites"]
    scale = power_scale(max(r["power_limit_kw"], r["facility_kw"]) for r in rows)
    cost = money_scale((r["present_value"] for r in rows), summary["currency"])
    return table(
        "Sites",
        ("site", "country", f">IT\n{scale.unit}", f">facility\n{scale.unit}", f">limit\n{scale.unit}", ">PUE",
         ">PUE\nlimit", ">energy\na year", f">cost\n{cost.unit}"),
        (
            (
                r["site"], r["country"], scale(r["it_kw"]), scale(r["facility_kw"]), scale(r["power_limit_kw"]),
                ratio(r["pue"]), ratio(r["pue_limit"]), energy(r["facility_mwh_per_year"]), cost(r["present_value"]),
            )
            for r in rows
        ),
        "power at peak; cost is the present value of everything spent there" + _unused(summary),
    )  # fmt: skip


def cooling_table(summary: Summary) -> Table:
    """Cooling methods by site."""
    rows = summary["cooling"]
    order = [r["site"] for r in [*summary["sites"], *rows]]
    scale = power_scale(r["capacity_kw"] for r in rows)
    return table(
        "Cooling",
        ("site", "method", f">IT load\n{scale.unit}", f">capacity\n{scale.unit}", ">PUE\nyear", ">PUE\npeak"),
        (
            (r["site"], r["cooling"], scale(r["it_kw"]), scale(r["capacity_kw"]), ratio(r["pue"]), ratio(r["peak_pue"]))
            for r in sorted(rows, key=lambda r: order.index(r["site"]))
        ),
    )


def purchase_table(summary: Summary) -> Table:
    """The bill of materials by product."""
    rows = summary["purchases"]
    currency = summary["currency"]
    total = sum(r["cost"] for r in rows)
    scale = money_scale([total], currency)
    cells = [
        (
            r["part_kind"] or KIND_WORDS.get(r["kind"], r["kind"]), r["item"], r["description"], _quantity(r),
            price(r["unit_price"] or 0), r["price_grade"], scale(r["cost"]),
            share(r["cost"] / total if total else None),
        )
        for r in rows
    ]  # fmt: skip
    if rows:
        cells.append(("total", "", "", "", "", "", scale(total), share(1.0)))
    columns = ("=kind", "=item", "description", ">quantity", f">{currency}\neach", "price", f">{scale.unit}", ">share")
    return table("Purchases", columns, cells, total=True, spare=(">share", "price", "description"))


def cost_table(summary: Summary) -> Table:
    """Costs by account and item."""
    rows = summary["costs"]
    value, amount = (sum(r[key] for r in rows) for key in ("present_value", "amount"))
    scale = money_scale([value, amount], summary["currency"])
    cells = [(r["account"], r["item"], scale(r["amount"]), scale(r["present_value"]), share(r["share"])) for r in rows]
    if rows:
        cells.append(("total", "", scale(amount), scale(value), share(1.0)))
    columns = ("account", "item", f">undiscounted\n{scale.unit}", f">present value\n{scale.unit}", ">share")
    return table("Costs", columns, cells, total=True)


def period_table(summary: Summary) -> Table:
    """Purchases, stock and money by period; empty where there is one period only."""
    rows = summary["periods"] if len(summary["periods"]) > 1 else []
    scale = money_scale((r[k] for r in rows for k in ("capex", "energy", "maintenance")), summary["currency"])
    watts = power_scale(r["facility_kw"] for r in rows)
    return table(
        "Periods",
        (">period", ">servers\nbought", ">servers\nin service", f">IT\n{watts.unit}", f">facility\n{watts.unit}",
         f">capex\n{scale.unit}", f">energy\n{scale.unit}", f">maintenance\n{scale.unit}"),
        (
            (
                count(r["period"]), count(r["servers_bought"]), count(r["servers"]), watts(r["it_kw"]),
                watts(r["facility_kw"]), scale(r["capex"]), scale(r["energy"]), scale(r["maintenance"]),
            )
            for r in rows
        ),
        "money undiscounted",
    )  # fmt: skip


def _unused(summary: Summary) -> str:
    used = {r["site"] for r in summary["sites"]}
    others = [name for name in summary["offered_sites"] if name not in used]
    return f"; not used: {', '.join(others)}" if others else ""


def _periods(row: Mapping[str, Any]) -> str:
    first, last = row["first_period"], row["last_period"]
    return count(first) if first == last else f"{first}-{last}"


def _carrier(row: Mapping[str, Any]) -> str:
    number = f"{row['held']}:" if row["number"] is None else f"#{_pool(row)}"
    return f"{number} {row['site']}, {row['server']}"


def _pool(row: Mapping[str, Any]) -> str:
    return count(row["number"])  # a pool that is not in the fleet has none


def _tiers(row: Mapping[str, Any]) -> str:
    """Tiers of the clusters, and planes where there are several: ``2+3``, ``2 x8``."""
    planes = f" x{row['planes']}" if row["planes"] > 1 else ""
    return ("+".join(map(str, row["tiers"])) or UNKNOWN) + planes


def _by_tier(numbers: Iterable[int]) -> str:
    """Counts of leaf, spine and core tier, as far as there are such: ``56+80+28``."""
    return "+".join(count(number) for number in numbers if number) or "0"


def _short(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _quantity(row: Mapping[str, Any]) -> str:
    return count(row["quantity"]) if row["unit"] == "each" else f"{row['quantity']:,.0f} {row['unit']}"
