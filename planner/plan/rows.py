"""The tables of a plan, each declared once: one dataclass a table, its fields the columns.

Columns of ``plan.json``, headers of CSV files, what ``planner verify`` reads and checks, and the page
``docs/plan-format.md`` follow from here. ``KEYS`` says what makes a row of a table unique.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def column(meaning: str) -> Any:
    """A column with its meaning and unit."""
    return field(metadata={"meaning": meaning})


@dataclass(frozen=True)
class Line:
    """A row of any table."""


@dataclass(frozen=True)
class Row(Line):
    """A row of one period."""

    period: int = column("period, from 1")


@dataclass(frozen=True)
class Fleet(Row):
    """Servers of a pool: one server type at one site in racks of one class."""

    pool: str = column("name of the pool; says nothing by itself")
    site: str = column("site")
    server: str = column("server type, catalogue id")
    accelerator: str = column("its accelerator, catalogue id")
    cooling: str = column("cooling method of its racks, catalogue id")
    rack_kw: float = column("most IT power of a rack, kW")
    leaf_oversubscription: float = column("bandwidth down over bandwidth up of the leaves of its compute network")
    spine_oversubscription: float = column("the same of the spines of three tiers")
    bought: int = column("servers bought")
    in_service: int = column("servers bought and within their life")


@dataclass(frozen=True)
class Rented(Row):
    """Servers rented by an offer: for one training run by the hour, or for whatever they carry."""

    pool: str = column("name of the offer, with the run that they are rented for by the hour")
    site: str = column("offer")
    server: str = column("server type, catalogue id")
    accelerator: str = column("its accelerator, catalogue id")
    workload: str | None = column("training run that they are rented for by the hour; empty for any work")
    signed: int = column("servers whose term begins")
    in_service: int = column("servers within their term")
    rent: float = column("rent of one in the period, undiscounted")


@dataclass(frozen=True)
class Owned(Row):
    """Servers of an owned fleet that are kept equally long, racks and network included; or sold on the first day."""

    pool: str = column("name of the fleet, with the number of periods that these are kept")
    fleet: str = column("entry of owned")
    site: str = column("site")
    server: str = column("server type, catalogue id")
    accelerator: str = column("its accelerator, catalogue id")
    cooling: str = column("cooling method of their hall, catalogue id")
    in_service: int = column("servers kept")
    sold: int = column("servers sold on the first day of the period")
    sale_value: float = column("what one sold then fetches")


@dataclass(frozen=True)
class Work(Row):
    """Which servers carry which workload. A block is a training run, a replica or a piece of plain compute."""

    workload: str = column("name of the workload")
    kind: str = column("training, inference or compute")
    pool: str = column("pool that carries it")
    site: str = column("site")
    server: str = column("server type, catalogue id")
    blocks: int = column("blocks")
    devices_per_block: int = column("accelerators that one block takes")
    servers_per_block: float = column("the same in servers; a share of one where blocks share a server")
    rate_per_block: float = column("what one block carries, in rate_unit")
    rate_unit: str = column("runs, replicas, requests/s or FLOP/s")
    servers: float = column("servers that all blocks take; those of runs that take turns are shared by their days")
    expected_servers: float = column("servers that the expected estimate takes; fewer where the plan is safe")


@dataclass(frozen=True)
class FilledRow(Row):
    """What a load carries on replicas of a service in the hours in which these are idle."""

    workload: str = column("name of the load")
    service: str = column("name of the service whose replicas it takes")
    site: str = column("site")
    server: str = column("server type, catalogue id")
    leaf_oversubscription: float = column("of the compute network of the servers")
    spine_oversubscription: float = column("the same of the spines of three tiers")
    devices_per_block: int = column("accelerators of a block of the service")
    blocks: int = column("blocks of the service")
    idle_blocks: float = column("of those, idle in the mean of a day")
    rate_per_block: float = column("what the load carries on one while it is idle, in rate_unit")
    rate_unit: str = column("requests/s or FLOP/s")
    carried: float = column("what it can carry on all, mean of a day, in rate_unit")


@dataclass(frozen=True)
class Schedule(Row):
    """When the runs run that take turns: the runs of a cluster follow each other on the same servers."""

    workload: str = column("name of the run")
    pool: str = column("pool of the cluster")
    cluster: int = column("number of the cluster in its pool, from 1")
    site: str = column("site")
    server: str = column("server type, catalogue id")
    servers: int = column("servers of the cluster, all of which the run takes")
    first_day: int = column("day of the period on which it begins, from 1")
    last_day: int = column("day of the period on which it ends")
    begins: str = column("date of the first day")
    ends: str = column("date of the last day")


@dataclass(frozen=True)
class Racks(Row):
    """Racks of a pool, for servers and for network."""

    pool: str = column("pool")
    site: str = column("site")
    purpose: str = column("server or network")
    rack: str = column("rack, catalogue id")
    rack_kw: float = column("most IT power of a rack, kW")
    places: int = column("servers that a rack holds; 0 for network racks")
    bought: int = column("racks bought")
    installed: int = column("racks bought and within their life")


@dataclass(frozen=True)
class Clusters(Row):
    """Equal clusters of one network of a pool, as they are wired."""

    pool: str = column("pool")
    site: str = column("site")
    network: str = column("compute, storage, in-band or out-of-band")
    frame: str = column("its shape: tiers, then the switches of each tier of one plane")
    tiers: int = column("tiers")
    servers_each: int = column("most servers of a cluster")
    units_each: int = column("rows of leaves of a cluster, of one plane; 0 for a single switch")
    leaves_each: int = column("leaves of a cluster, all planes")
    uplinks_of_leaf: int = column("uplinks of a leaf in use; its links to other leaves where there are no spines")
    pods_each: int = column("pods that the rows of leaves are dealt to in equal shares")
    spines_each: int = column("spines of a cluster, all planes")
    uplinks_of_spine: int = column("uplinks of a spine in use; 0 below three tiers")
    cores_each: int = column("cores of a cluster, all planes")
    clusters: int = column("such clusters")


@dataclass(frozen=True)
class Network(Row):
    """One network of a pool as it stands: switches in use by tier, links by class."""

    pool: str = column("pool")
    site: str = column("site")
    network: str = column("compute, storage, in-band or out-of-band")
    switch: str = column("switch of its leaves, catalogue id")
    spine_switch: str | None = column("switch of its spines where it is not that of the leaves; empty otherwise")
    core_switch: str | None = column("switch of its cores where it is not that of the spines; empty otherwise")
    gbps: float = column("speed of links between servers and leaves, Gb/s")
    uplink_gbps: float = column("speed of links between switches, Gb/s")
    tiers: int = column("most tiers of its family, 2 or 3")
    planes: int = column("independent copies of the network")
    leaf_oversubscription: float = column("bandwidth down over bandwidth up of its leaves")
    spine_oversubscription: float = column("the same of the spines of three tiers")
    units: int = column("scalable units")
    leaves: int = column("leaf switches")
    spines: int = column("spine switches")
    cores: int = column("core switches")
    node_leaf_links: int = column("links between servers and leaves")
    leaf_spine_links: int = column("links between leaves and spines")
    spine_core_links: int = column("links between spines and cores")
    leaf_leaf_links: int = column("links from leaf to leaf: of clusters without spines, and between twins of in-band")


@dataclass(frozen=True)
class Switches(Row):
    """Switches of one type of a pool, whatever network they serve in."""

    pool: str = column("pool")
    site: str = column("site")
    switch: str = column("switch, catalogue id")
    bought: int = column("switches bought")
    installed: int = column("switches bought and within their life")


@dataclass(frozen=True)
class Links(Row):
    """Links of one class of a network made with one kit of parts."""

    pool: str = column("pool")
    site: str = column("site")
    network: str = column("network")
    link_class: str = column("node-leaf, leaf-spine, spine-core or leaf-leaf")
    gbps: float = column("speed, Gb/s")
    length_m: float = column("longest link of these, m")
    kit: str = column("parts of a link joined by +, lower end first")
    parts_per_link: Mapping[str, float] = column("part id -> parts per link; half a twin-port module each")
    links: int = column("links")


@dataclass(frozen=True)
class Parts(Row):
    """Modules, cables and fibres of a pool."""

    pool: str = column("pool")
    site: str = column("site")
    part: str = column("optic, cable or fibre, catalogue id")
    bought: int = column("pieces bought")
    installed: int = column("pieces bought and within their life")


@dataclass(frozen=True)
class CoolingRow(Row):
    """Cooling of one method at a site."""

    site: str = column("site")
    cooling: str = column("cooling method, catalogue id")
    bought_kw: float = column("capacity bought, kW of IT load")
    capacity_kw: float = column("capacity standing, kW of IT load")
    it_kw: float = column("IT load on this method, kW")
    pue: float = column("annual PUE")
    peak_pue: float = column("facility over IT power on the design day")


@dataclass(frozen=True)
class SiteRow(Row):
    """A site as a whole."""

    site: str = column("site")
    country: str = column("two letters of its country")
    it_kw: float = column("IT load at maximum power, kW")
    facility_kw: float = column("facility load on the design day, kW")
    power_limit_kw: float = column("most facility load, kW")
    bought_power_kw: float = column("power train bought, kW")
    power_kw: float = column("power train standing, kW")
    bought_building_kw: float = column("building bought, kW")
    building_kw: float = column("building standing, kW")
    land_bought: int = column("1 where its land is bought")
    it_mwh_per_year: float = column("IT energy a year, MWh")
    facility_mwh_per_year: float = column("facility energy a year, MWh")
    pue: float | None = column("energy-weighted annual PUE")
    pue_limit: float | None = column("limit on it")
    water_m3_per_year: float = column("water a year, m3")
    carbon_t_per_year: float | None = column("emissions a year, t CO2")


@dataclass(frozen=True)
class Bill(Row):
    """A priced purchase."""

    kind: str = column(
        "servers, switches, optics, racks, cooling, facility, building, land; opening of a site, hall, server type; or "
        "scale-up: switches and modules of a scale-up domain; server discount (negative)"
    )
    item: str = column("catalogue id")
    description: str = column("name")
    site: str = column("site")
    pool: str | None = column("pool; empty for what a site shares")
    quantity: float = column("pieces or kW")
    unit: str = column("each or kW")
    unit_price: float = column("price of one, in the plan's currency")
    cost: float = column("quantity x unit price")
    acquisition: str = column("bought; or included, in the price of the servers of that pool and period")
    price_as_of: str = column("date of the price")
    price_source: str = column("source of the price")
    price_grade: str = column("how the price is known: given, quote, list, tender, analyst, derived or memory")
    price_low: float = column("least that one may cost")
    price_high: float = column("most that one may cost")


@dataclass(frozen=True)
class Cost(Row):
    """Money of one account, item, site and period. Residual value stands in the last period, when it falls due."""

    account: str = column("capex, energy, rent, maintenance, water, carbon, embodied carbon, sale, residual (negative)")
    item: str = column("what it is paid for")
    site: str = column("site")
    amount: float = column("undiscounted")
    present_value: float = column("discounted to the first day")


@dataclass(frozen=True)
class WorkloadCost(Row):
    """What a workload costs, its share of what stands idle included: the cost lines, shared out (docs/money.md)."""

    workload: str = column("name of the workload")
    account: str = column("as in the cost lines")
    item: str = column("what it is paid for")
    amount: float = column("undiscounted")
    present_value: float = column("discounted to the first day")


@dataclass(frozen=True)
class UnitCost(Line):
    """What one unit of the work of a workload costs over the horizon: present value over discounted number of units."""

    workload: str = column("name of the workload")
    unit: str = column(
        "run, million tokens, million input tokens, million output tokens, user-year or accelerator-hour"
    )
    accelerator: str | None = column("of accelerator-hours, catalogue id; empty for all")
    load: str = column(
        "mean: the work that is asked for; peak: what is there, kept busy at the stated peak all the time"
    )
    quantity: float = column("units over the horizon")
    present_quantity: float = column("the same discounted as running costs are")
    present_value: float = column("what they cost, discounted to the first day")
    unit_cost: float = column("present value of one unit")


@dataclass(frozen=True)
class Alternative(Line):
    """What renting the same accelerator-hours, or buying the same tokens of a hosted model, would cost instead."""

    workload: str = column("name of the workload")
    kind: str = column("rent or hosted")
    offer: str = column("accelerator or model, catalogue id")
    term: str = column("of rent: on-demand, 1-year or 3-year; of a hosted model: tokens")
    provider: str = column("who offers it")
    price: float = column("of an accelerator-hour, or of a million tokens in the proportion of the workload")
    quantity: float = column("accelerator-hours or million tokens that the work takes over the horizon")
    cost_instead: float = column("present value of these at that price")
    own_cost: float = column("present value of what the plan pays for the same work")
    break_even: float = column(
        "above which owning is cheaper; rent: share of the hours in service, hosted: million tokens a day"
    )
    planned: float = column("the same of the work that is asked for")
    price_as_of: str = column("date of the price")
    price_source: str = column("source of the price")
    price_estimate: bool = column("whether the price is an estimate")


@dataclass(frozen=True)
class Cash(Row):
    """Money of one account in one year of the horizon. Running costs are paid at year ends within their period."""

    year: int = column("year of the horizon in which it is paid, from 1")
    begins: str = column("first month of that year")
    account: str = column("as in the cost lines")
    amount: float = column("undiscounted")
    present_value: float = column("discounted to the first day")
    cumulative: float = column("undiscounted amounts of all accounts up to the end of the year")
    cumulative_present_value: float = column("the same of present values")


@dataclass(frozen=True)
class Order(Row):
    """What is ordered for a site: the bill of materials without its pools."""

    kind: str = column("as in the bill of materials")
    item: str = column("catalogue id")
    site: str = column("where it is delivered")
    order_date: str = column("day of the order: its lead time before the period, or the period's day of orders")
    in_service: str = column("first day of the period")
    vendor: str | None = column("who makes it; empty where the catalogue names nobody")
    description: str = column("name")
    quantity: float = column("pieces or kW")
    unit: str = column("each or kW")
    unit_price: float = column("price of one, in the plan's currency")
    cost: float = column("quantity x unit price, paid at the beginning of the period")
    present_value: float = column("discounted to the first day")


DECISIONS: Mapping[str, type[Row]] = {
    "fleet": Fleet,
    "rented": Rented,
    "owned": Owned,
    "workloads": Work,
    "filled": FilledRow,
    "schedule": Schedule,
    "racks": Racks,
    "clusters": Clusters,
    "networks": Network,
    "switches": Switches,
    "links": Links,
    "parts": Parts,
    "cooling": CoolingRow,
    "sites": SiteRow,
}
"""Tables of decisions by name."""
MONEY: Mapping[str, type[Line]] = {
    "workload_costs": WorkloadCost,
    "unit_costs": UnitCost,
    "alternatives": Alternative,
    "cash_flow": Cash,
    "orders": Order,
}
"""Tables of money that follow from bill and cost lines, by name."""
TABLES: Mapping[str, type[Line]] = {**DECISIONS, "bill_of_materials": Bill, "costs": Cost, **MONEY}
"""Every table by name."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "fleet": ("pool", "period"),
    "rented": ("pool", "period"),
    "owned": ("pool", "period"),
    "workloads": ("workload", "pool", "devices_per_block", "period"),
    "filled": (
        "workload",
        "service",
        "site",
        "server",
        "leaf_oversubscription",
        "spine_oversubscription",
        "devices_per_block",
        "period",
    ),
    "schedule": ("workload", "period"),
    "racks": ("pool", "purpose", "rack", "period"),
    "clusters": ("pool", "network", "frame", "servers_each", "period"),
    "networks": ("pool", "network", "period"),
    "switches": ("pool", "switch", "period"),
    "links": ("pool", "network", "link_class", "kit", "period"),
    "parts": ("pool", "part", "period"),
    "cooling": ("site", "cooling", "period"),
    "sites": ("site", "period"),
    "bill_of_materials": ("kind", "item", "site", "pool", "period"),
    "costs": ("account", "item", "site", "period"),
    "workload_costs": ("workload", "account", "item", "period"),
    "unit_costs": ("workload", "unit", "accelerator", "load"),
    "alternatives": ("workload", "kind", "offer", "term"),
    "cash_flow": ("account", "year", "period"),
    "orders": ("kind", "item", "site", "period"),
}


def columns(table: str) -> tuple[str, ...]:
    """Columns of a table in the order they are written: names first, the period before the figures."""
    names = [f.name for f in fields(TABLES[table])]
    period = names[:1] if names[0] == "period" else []
    others = names[len(period) :]
    first = [name for name in others if name in KEYS[table]]
    return (*first, *period, *(name for name in others if name not in first))
