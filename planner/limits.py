"""The limits of an instance as a table: where each stands in the file, how to drop it, and what a plan needs of it.

The diagnosis of an instance without a plan, and the sentences of what each limit would have to give, read this table.
A new limit is one row here; ``NOT_LIMITS`` lists every other key of an instance, so that none is forgotten.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.instance import Instance
from planner.instance.choices import Budget
from planner.instance.openings import Openings, things_in
from planner.instance.over_time import delivery_date, lead_months, ordered
from planner.instance.resolve import convert, order_date
from planner.instance.workloads import Compute, Inference
from planner.plan.redundancy import Stands, careful, short
from planner.units import KW_PER_MW

if TYPE_CHECKING:
    from planner.options import Options
    from planner.plan import Plan

UNLIMITED_MW = 1e5
UNLIMITED_PUE = 5.0
ROUNDING = 1e-9
"""Share of a limit by which a figure may pass it."""


@dataclass(frozen=True)
class Need:
    """What a plan takes of one limit.

    Attributes:
        where: site, item or workload.
        needed: what the plan has, in ``unit``.
        limit: what is allowed; 0 where the limit takes an option away altogether.
    """

    where: str
    needed: float
    limit: float
    unit: str


@dataclass(frozen=True)
class Limit:
    """One kind of limit.

    Attributes:
        name: in words, as reports show it.
        paths: keys of the instance that state it, or that decide what it says.
        check: name of the check of ``planner verify`` that holds a plan against it.
        present: whether an instance has it.
        drop: the instance without it.
        measure: what a plan needs, by the options of the instance that has the limit.
        intro, each: how the needs of a plan made without it are said.
        least: whether the figure must be at least the limit.
    """

    name: str
    paths: tuple[str, ...]
    check: str
    present: Callable[[Options], bool]
    drop: Callable[[Instance], Instance]
    measure: Callable[[Options, Plan], Iterable[Need]]
    intro: str
    each: str
    least: bool = False

    def passed(self, need: Need) -> bool:
        """Whether a need breaks the limit."""
        slack = ROUNDING * max(1.0, abs(need.limit))
        return need.needed < need.limit - slack if self.least else need.needed > need.limit + slack

    def broken(self, options: Options, plan: Plan) -> list[Need]:
        """The needs of a plan that break the limit."""
        return [need for need in self.measure(options, plan) if self.passed(need)]

    def sentence(self, options: Options, plan: Plan) -> str:
        """What a plan made without the limit takes, most of all where it breaks it."""
        needs = self.broken(options, plan) or list(self.measure(options, plan))
        said = dict.fromkeys(
            self.each.format(where=n.where, needed=n.needed, limit=n.limit, unit=n.unit) for n in needs
        )
        return f"{self.intro} {', '.join(said)}"


def without(instance: Instance, dropped: Iterable[Limit]) -> Instance:
    """An instance with some of its limits dropped."""
    for limit in dropped:
        instance = limit.drop(instance)
    return instance


# Dropping


def _sites(**change: object) -> Callable[[Instance], Instance]:
    return lambda i: i.model_copy(update={"sites": tuple(site.model_copy(update=change) for site in i.sites)})


def _section(section: str, **change: object) -> Callable[[Instance], Instance]:
    return lambda i: i.model_copy(update={section: getattr(i, section).model_copy(update=change)})


def _services(**change: object) -> Callable[[Instance], Instance]:
    return lambda i: i.model_copy(
        update={"workloads": tuple(w.model_copy(update=change) if isinstance(w, Inference) else w for w in i.workloads)}
    )


def _unhurried(instance: Instance) -> Instance:
    """The instance without latency targets, of services and of their classes."""
    free = (w.changed(ttft_s=None, tpot_s=None) if isinstance(w, Inference) else w for w in instance.workloads)
    return instance.model_copy(update={"workloads": tuple(free)})


def _anywhere(instance: Instance) -> Instance:
    """The instance with every workload free to run at any site on any server."""
    free = {"sites": None, "servers": None, "countries": None}
    workloads = tuple(w.model_copy(update=free) for w in instance.workloads)
    freed = instance.model_copy(update={"workloads": workloads})
    return _section("policy", hub_roles=False)(_services(round_trip_ms=None)(freed))


def _any_number(instance: Instance) -> Instance:
    """The instance with no limit on the number of sites, halls and server types."""
    asked = instance.opening
    free = {name: getattr(asked, name).model_copy(update={"most": None}) for name in ("site", "hall", "server_type")}
    return instance.model_copy(update={"opening": asked.model_copy(update=free)})


def _apart(instance: Instance) -> Instance:
    """The instance with servers of one type, and plain compute, free to stand in several clusters of a site."""
    workloads = tuple(
        w.model_copy(update={"one_cluster": False}) if isinstance(w, Compute) else w for w in instance.workloads
    )
    freed = instance.model_copy(update={"workloads": workloads})
    return _section("fabric", one_cluster_per_site=False)(freed)


def _on_sale_from_the_first(instance: Instance) -> Instance:
    from planner.instance import instance_catalogue

    choice = instance.catalogue
    rows = {id: choice.overrides.accelerators.get(id, {}) for id in instance_catalogue(instance).accelerators}
    always = {id: {**row, "available": None} for id, row in rows.items()}
    overrides = choice.overrides.model_copy(update={"accelerators": always})
    return instance.model_copy(update={"catalogue": choice.model_copy(update={"overrides": overrides})})


# Measuring


def _power(options: Options, plan: Plan) -> Iterable[Need]:
    worst: dict[str, Need] = {}
    for row in plan.decisions["sites"]:
        limit = options.sites[row["site"]].power_limit_kw_by_period[row["period"] - 1] / KW_PER_MW
        need = Need(row["site"], row["facility_kw"] / KW_PER_MW, limit, "MW")
        if row["site"] not in worst or need.needed - limit > worst[row["site"]].needed - worst[row["site"]].limit:
            worst[row["site"]] = need
    return worst.values()


def _pue(options: Options, plan: Plan) -> Iterable[Need]:
    for row in plan.decisions["cooling"]:
        site = options.sites[row["site"]]
        if site.pue_limit is not None and row["it_kw"] > 0:
            yield Need(f"{row['cooling']} at {row['site']}", row["pue"], site.pue_limit, "PUE")


def _export(options: Options, plan: Plan) -> Iterable[Need]:
    """Accelerators ordered where no pool of the instance may order them, or of which only so many may be ordered."""
    allowed = {(p.site, p.server, t) for p in options.pools for t, may in enumerate(p.may_order, start=1) if may}
    capped = {device for cap in options.caps for device, _ in cap.coefficients}
    devices = {id: server.accelerators for id, server in options.catalogue.servers.items()}
    ordered: Counter[str] = Counter()
    for row in plan.decisions["fleet"]:
        kept_out = (row["site"], row["server"], row["period"]) not in allowed
        if row["bought"] and (kept_out or row["accelerator"] in capped):
            ordered[f"{row['accelerator']} at {row['site']}"] += row["bought"] * devices[row["server"]]
    return [Need(where, number, 0, "accelerators") for where, number in ordered.items()]


def _delivered(options: Options, plan: Plan) -> Iterable[Need]:
    """Servers that are bought before they can be delivered."""
    instance, first = options.instance, order_date(options.instance)
    for row in plan.decisions["fleet"]:
        day = ordered(instance, row["server"], row["accelerator"], row["period"] - 1)
        if row["bought"] and day < first:
            yield Need(f"{row['server']} in period {row['period']} (ordered {day:%Y-%m})", row["bought"], 0, "servers")


def _on_sale(options: Options, plan: Plan) -> Iterable[Need]:
    devices = options.catalogue.accelerators
    for row in plan.decisions["fleet"]:
        month = devices[row["accelerator"]].available
        waited = lead_months(options.instance, row["server"], row["accelerator"])
        day = (delivery_date if waited else order_date)(options.instance, row["period"] - 1)
        if row["bought"] and month is not None and str(month) > f"{day:%Y-%m}":
            yield Need(f"{row['accelerator']} (on sale from {month})", row["bought"], 0, "servers")


def _budget(options: Options, plan: Plan) -> Iterable[Need]:
    budget, instance = options.instance.budget, options.instance
    if budget.capex is not None:
        yield Need("", plan.totals["capex"], convert(budget.capex, instance), plan.currency)
    spent: dict[int, float] = defaultdict(float)
    for row in plan.cost_rows:
        if row["account"] == "capex":
            spent[row["period"]] += row["amount"]
    for period, amount in enumerate(budget.capex_by_period or (), start=1):
        yield Need(f" in period {period}", spent[period], convert(amount, instance), plan.currency)


def _supply(options: Options, plan: Plan) -> Iterable[Need]:
    servers = options.catalogue.servers
    for limit in options.instance.supply:
        bought = 0
        for row in plan.bill_of_materials_rows:
            if limit.period not in (None, row["period"]):
                continue
            if (row["kind"], row["item"]) == (limit.kind, limit.id):
                bought += row["quantity"]
            elif limit.kind == "accelerators" and row["kind"] == "servers":
                server = servers[row["item"]]
                bought += row["quantity"] * server.accelerators if server.accelerator == limit.id else 0
        when = "" if limit.period is None else f" in period {limit.period}"
        yield Need(f"{limit.id}{when}", bought, limit.limit, limit.kind)


def _opened(options: Options, plan: Plan) -> Iterable[Need]:
    """Sites, halls and server types that ever have a server of one's own."""
    fleet = [row for row in plan.decisions["fleet"] if row["in_service"]]
    for kind, most in Openings(options.instance).most.items():
        used = {thing for row in fleet for thing in things_in(row["site"], row["cooling"], row["server"])}
        number = sum(thing.kind == kind for thing in used)
        yield Need(f"{kind.removesuffix(' opening')}s", number, most, "")


def _racks(options: Options, plan: Plan) -> Iterable[Need]:
    for row in plan.decisions["racks"]:
        limit = options.sites[row["site"]].rack_kw_limit
        if limit is not None and row["installed"]:
            yield Need(row["site"], row["rack_kw"], limit, "kW")


def _fill(options: Options, plan: Plan) -> Iterable[Need]:
    """Share of the places of a site's server racks that servers fill."""
    places: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    installed: Counter[tuple[str, int]] = Counter()
    for row in plan.decisions["racks"]:
        if row["purpose"] == "server":
            places[row["site"], row["period"]][row["pool"]] = row["places"]
            installed[row["site"], row["period"]] += row["installed"]
    filled: Counter[tuple[str, int]] = Counter()
    for row in plan.decisions["fleet"]:
        key = (row["site"], row["period"])
        filled[key] += row["in_service"] / max(1, places[key].get(row["pool"], 1))
    for (site, period), number in installed.items():
        if number:
            share = 100 * filled[site, period] / number
            yield Need(site, share, 100 * options.sites[site].min_rack_fill, "%")


def _places(options: Options, plan: Plan) -> Iterable[Need]:
    """Loads at sites, or on servers, where the instance does not have them."""
    offered = {(size.workload, size.server, site) for size in options.sizes for site in options.sites_of[size.id]}
    offers = {pool.site: pool.offer for pool in options.pools if pool.offer}
    offered |= {(workload, server, offers[site]) for workload, server, site in offered if site in offers}
    for row in plan.decisions["workloads"]:
        if (row["workload"], row["server"], row["site"]) not in offered:
            yield Need(f"{row['workload']} at {row['site']} on {row['server']}", row["blocks"], 0, "blocks")


def _slow(options: Options, plan: Plan) -> Iterable[Need]:
    """Services on blocks that the instance does not have."""
    offered = {(size.workload, size.server, size.devices, round(size.rate, 9)) for size in options.sizes}
    for row in plan.decisions["workloads"]:
        block = (row["workload"], row["server"], row["devices_per_block"], round(row["rate_per_block"], 9))
        if row["kind"] == "inference" and block not in offered:
            yield Need(f"{row['workload']} on {row['server']}", row["blocks"], 0, "replicas")


def _lost(options: Options, plan: Plan) -> Iterable[Need]:
    """What is left of services that ask to hold when servers or a site are lost, in per cent of the demand."""
    asked = careful(options.instance)
    fleets = {pool.id: pool.fleet for pool in options.pools}
    free: dict[tuple[str, int], float] = defaultdict(float)
    availability = {pool.id: pool.availability for pool in options.pools}
    for row in plan.decisions["fleet"]:
        if row["pool"] in fleets:
            free[fleets[row["pool"]], row["period"]] += row["in_service"] * availability[row["pool"]]
    stands: dict[tuple[str, int], Stands] = {}
    for row in plan.decisions["workloads"]:
        fleet = fleets.get(row["pool"], row["pool"])
        free[fleet, row["period"]] -= row["servers"]
        if row["workload"] in asked and row["blocks"]:
            key, gang = (row["workload"], row["period"]), row["servers_per_block"] > 1
            rate = min(row["rate_per_block"], options.demand[key])
            stands.setdefault(key, Stands()).add(row["site"], [fleet], gang, row["blocks"], rate)
    for (workload, t), own in stands.items():
        demand = options.demand[workload, t]
        for what, _, left in short(asked[workload], demand, own):
            yield Need(f"of {workload} {what}", 100 * max(0.0, left) / demand, 100, "%")
        for fleet in own.fleets:
            lacking = asked[workload].spares - free[fleet, t]
            yield Need(
                f"of the spare servers of {workload} on {fleet}",
                100 * min(1.0, 1 - lacking / max(1, asked[workload].spares)),
                100,
                "%",
            )


def _in_pieces(options: Options, plan: Plan) -> Iterable[Need]:
    """Clusters of the compute networks below plain compute that asks for one, or below a site's servers of one type."""
    clusters: Counter[tuple[str, int]] = Counter()
    for row in plan.decisions["clusters"]:
        if row["network"] == "compute":
            clusters[row["pool"], row["period"]] += row["clusters"]
    whole = {w.name for w in options.instance.workloads if isinstance(w, Compute) and w.one_cluster}
    needed: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in plan.decisions["workloads"]:
        if row["workload"] in whole and row["blocks"]:
            needed[f"workload {row['workload']}", row["period"]].add(row["pool"])
    if options.instance.fabric.one_cluster_per_site:
        for row in plan.decisions["fleet"]:
            if row["in_service"]:
                needed[f"{row['server']} at {row['site']}", row["period"]].add(row["pool"])
    for (name, period), pools in needed.items():
        yield Need(name, sum(max(1, clusters[pool, period]) for pool in pools), 1, "clusters")


def _kept_together(options: Options) -> bool:
    """Whether a workload, or the instance for all of a site's servers of one type, asks for one cluster."""
    asked = any(isinstance(w, Compute) and w.one_cluster for w in options.instance.workloads)
    return asked or options.instance.fabric.one_cluster_per_site


def _water(options: Options, plan: Plan) -> Iterable[Need]:
    for row in plan.decisions["sites"]:
        limit = options.sites[row["site"]].water_limit_m3_per_year
        if limit is not None:
            yield Need(row["site"], row["water_m3_per_year"], limit, "m3 a year")


def _carbon(options: Options, plan: Plan) -> Iterable[Need]:
    limit = options.instance.carbon.limit_tonnes_per_year
    emitted: dict[int, float] = defaultdict(float)
    for row in plan.decisions["sites"]:
        emitted[row["period"]] += row["carbon_t_per_year"] or 0.0
    if limit is not None:
        yield Need("", max(emitted.values(), default=0.0), limit, "t CO2 a year")


def _kept_in_place(options: Options) -> bool:
    named = any(w.sites is not None or w.servers is not None for w in options.instance.workloads)
    return named or any(r.family == "locality" for r in options.removed)


RACK_FILL = Limit(
    "rack fill",
    ("sites[].min_rack_fill",),
    "rack fill within rule",
    lambda o: any(s.min_rack_fill > 0 for s in o.sites.values()),
    _sites(min_rack_fill=0.0),
    _fill,
    "least rack fill; without it the plan fills",
    "{needed:.0f} % of the racks at {where} (least {limit:.0f} %)",
    least=True,
)
PLACES = Limit(
    "workload places",
    (
        "workloads[].sites", "workloads[].servers", "workloads[].countries", "workloads[].round_trip_ms",
        "workloads[].users[]", "workloads[].real_time", "policy.hub_roles",
    ),
    "workload may run there",
    _kept_in_place,
    _anywhere,
    _places,
    "sites and servers that workloads are kept to; without it the plan runs",
    "{where}",
)  # fmt: skip
ONE_CLUSTER = Limit(
    "one cluster",
    ("workloads[].one_cluster", "fabric.one_cluster_per_site"),
    "one cluster only",
    _kept_together,
    _apart,
    _in_pieces,
    "servers kept in one cluster; free of that the plan has",
    "{needed:.0f} clusters below {where}",
)
LATENCY = Limit(
    "latency targets",
    ("workloads[].ttft_s", "workloads[].tpot_s", "workloads[].classes[].ttft_s", "workloads[].classes[].tpot_s"),
    "rate per block recomputed",
    lambda o: any(isinstance(w, Inference) and w.binds for w in o.instance.workloads),
    _unhurried,
    _slow,
    "latency targets of services; without them the plan runs",
    "{where}",
)
LOSSES = Limit(
    "redundancy",
    ("workloads[].redundancy", "workloads[].survives_site_loss", "workloads[].largest_site_share"),
    "load holds without servers or a site",
    lambda o: bool(careful(o.instance)),
    _services(redundancy=None, survives_site_loss=False, largest_site_share=None),
    _lost,
    "redundancy of services; without it the plan carries",
    "{needed:.0f} % {where} (asked {limit:.0f} %)",
    least=True,
)
WATER = Limit(
    "water limit",
    ("sites[].water_limit_m3_per_year",),
    "water within limit",
    lambda o: any(s.water_limit_m3_per_year is not None for s in o.sites.values()),
    _sites(water_limit_m3_per_year=None),
    _water,
    "water limits; without them the plan uses",
    "{needed:,.0f} {unit} at {where} (limit {limit:,.0f})",
)
CARBON = Limit(
    "carbon limit",
    ("carbon.limit_tonnes_per_year",),
    "carbon within limit",
    lambda o: o.instance.carbon.limit_tonnes_per_year is not None,
    _section("carbon", limit_tonnes_per_year=None),
    _carbon,
    "carbon limit; without it the plan emits",
    "{needed:,.0f} {unit} (limit {limit:,.0f})",
)
RACK_POWER = Limit(
    "rack power",
    ("sites[].rack_kw_limit",),
    "rack class right",
    lambda o: any(s.rack_kw_limit is not None for s in o.sites.values()),
    _sites(rack_kw_limit=None),
    _racks,
    "rack power limits; without them the plan has racks of",
    "{needed:g} kW at {where} (limit {limit:g})",
)
SUPPLY = Limit(
    "supply",
    ("supply[].kind", "supply[].id", "supply[].limit", "supply[].period"),
    "supply within limit",
    lambda o: bool(o.instance.supply),
    lambda i: i.model_copy(update={"supply": ()}),
    _supply,
    "supply limits; without them the plan buys",
    "{needed:,.0f} {where} (limit {limit:,.0f})",
)
OPENED = Limit(
    "number opened",
    ("opening.site.most", "opening.hall.most", "opening.server_type.most"),
    "openings within limit",
    lambda o: bool(Openings(o.instance).most),
    _any_number,
    _opened,
    "numbers of sites, halls and server types; without these limits the plan opens",
    "{needed:.0f} {where} (limit {limit:.0f})",
)
EXPORT = Limit(
    "export rules",
    (
        "policy.export_rules", "policy.export_exempt[]", "policy.rules_as_of", "policy.accept[]",
        "policy.operator_country", "policy.end_use", "policy.operator_listing", "policy.consignee",
        "policy.validated_end_user", "policy.shipped_from", "policy.scenarios[]", "policy.us_shipments{}",
    ),
    "device may be exported",
    lambda o: bool(o.caps) or any(r.family == "export" for r in o.removed),
    _section("policy", export_rules="none"),
    _export,
    "export rules; without them the plan orders",
    "{needed:,.0f} {where}",
)  # fmt: skip
FIRST_SHIPMENTS = Limit(
    "availability",
    ("catalogue.overrides.accelerators{}{}",),
    "device is on sale",
    lambda o: any(r.family == "availability" for r in o.removed),
    _on_sale_from_the_first,
    _on_sale,
    "first shipments; with everything on sale the plan uses",
    "{where}",
)
LEAD_TIMES = Limit(
    "lead time",
    ("lead_times[].kind", "lead_times[].id", "lead_times[].months"),
    "servers delivered in time",
    lambda o: any(r.family == "lead time" for r in o.removed),
    lambda i: i.model_copy(update={"lead_times": ()}),
    _delivered,
    "lead times; with everything there at once the plan buys",
    "{needed:,.0f} {where}",
)
PUE = Limit(
    "pue limit",
    ("sites[].pue_limit", "sites[].pue_rule", "sites[].in_service"),
    "pue within limit",
    lambda o: any(s.pue_limit is not None for s in o.sites.values()),
    _sites(pue_limit=UNLIMITED_PUE),
    _pue,
    "PUE limits; without them the plan uses",
    "{where} (PUE {needed:.4g}, limit {limit:g})",
)
BUDGET = Limit(
    "budget",
    ("budget.capex", "budget.capex_by_period[]"),
    "capital within budget",
    lambda o: o.instance.budget.capex is not None or o.instance.budget.capex_by_period is not None,
    lambda i: i.model_copy(update={"budget": Budget()}),
    _budget,
    "budget; without it the cheapest plan spends",
    "{needed:,.0f} {unit}{where} (limit {limit:,.0f})",
)
SITE_POWER = Limit(
    "site power",
    ("sites[].power_limit_mw", "sites[].power_limit_mw_by_period[]"),
    "power within limit",
    lambda o: True,
    _sites(power_limit_mw=UNLIMITED_MW, power_limit_mw_by_period=None),
    _power,
    "site power limits; without them the plan draws",
    "{needed:.4g} MW at {where} (limit {limit:.4g})",
)
LIMITS = (
    RACK_FILL, PLACES, ONE_CLUSTER, LATENCY, LOSSES, WATER, CARBON, RACK_POWER, SUPPLY, OPENED, EXPORT, FIRST_SHIPMENTS,
    LEAD_TIMES, PUE, BUDGET, SITE_POWER,
)  # fmt: skip
"""Every limit. The diagnosis tries to do without them in this order, so that the last ones are named first."""
BY_NAME: Mapping[str, Limit] = {limit.name: limit for limit in LIMITS}

NOT_LIMITS: Mapping[str, tuple[str, ...]] = {
    "the question": ("name", "description", "currency", "horizon", "scope", "objective", "estimates"),
    "the load, which a plan must carry": (
        "workloads[].name", "workloads[].kind", "workloads[].precision", "workloads[].scale_by_period[]",
        "workloads[].model", "workloads[].parameters", "workloads[].active_parameters", "workloads[].tokens",
        "workloads[].trainable_parameters",
        "workloads[].days", "workloads[].concurrent_runs", "workloads[].start", "workloads[].deadline",
        "workloads[].after[]", "workloads[].sequence", "workloads[].batch_tokens",
        "workloads[].queries_per_day", "workloads[].requests_per_second", "workloads[].tokens_in",
        "workloads[].tokens_out", "workloads[].peak_factor", "workloads[].prefix_hit",
        "workloads[].concurrent_users", "workloads[].peak_flops",
        "workloads[].profile", "workloads[].profile[]",
        "workloads[].classes[].name", "workloads[].classes[].share", "workloads[].classes[].queries_per_day",
        "workloads[].classes[].requests_per_second", "workloads[].classes[].tokens_in",
        "workloads[].classes[].tokens_out", "workloads[].classes[].prefix_hit",
    ),
    "how the load is sized": (
        "workloads[].mfu", "workloads[].utilisation", "workloads[].recomputation", "workloads[].stack",
        "workloads[].engine", "workloads[].disaggregated", "workloads[].kv_precision", "workloads[].targets",
        "workloads[].classes[].targets", "workloads[].fills[]",
        "workloads[].draft_tokens", "workloads[].draft_acceptance",
        "workloads[].bytes_per_parameter", "workloads[].users_per_replica", "workloads[].memory_overhead",
        "measurements",
    ),
    "where a site is and what it is": ("sites[].name", "sites[].hub", "sites[].country", "sites[].place",
        "sites[].offshore", "sites[].pue{}", "sites[].pue_from", "sites[].peak_pue{}", "sites[].redundancy",
        "sites[].power_train", "sites[].outside_air",
        "sites[].grid_g_per_kwh", "sites[].renewable_share",
    ),
    "prices": (
        "sites[].tariff_per_kwh", "sites[].power_capex_per_kw", "sites[].demand_charge_per_kw_month",
        "sites[].building_capex_per_kw", "sites[].land_capex", "sites[].water_price_per_m3",
        "carbon.price_per_tonne", "carbon.embodied", "price_paths[].kind", "price_paths[].id",
        "price_paths[].change_per_year", "price_paths[].by_period[]", "sites[].opening_cost", "sites[].least_mw",
        "opening.site.cost", "opening.site.least_mw", "opening.hall.cost", "opening.hall.least_kw",
        "opening.server_type.cost", "discounts",
    ),
    "what there is to choose from": (
        "catalogue.price_rule", "catalogue.files[]", "catalogue.own",
        "sites[].cooling[]", "catalogue.accelerators[]", "catalogue.servers[]",
        "catalogue.switches[]", "catalogue.optics[]", "catalogue.cooling[]", "catalogue.overrides",
        "fabric.protocols[]", "fabric.tiers[]",
        "fabric.planes[]", "fabric.split[]", "fabric.rails", "fabric.pods", "fabric.growth",
        "fabric.pod_servers", "fabric.dual_homed",
        "fabric.spine_switches[]", "fabric.core_switches[]", "fabric.uplink_gbps[]",
        "fabric.oversubscription[]", "fabric.storage_network", "fabric.management_networks",
    ),
    "how long links are": ("fabric.layout", "fabric.node_leaf_m", "fabric.leaf_spine_m", "fabric.spine_core_m"),
    "when orders are placed": ("policy.order_date",),
    "what may be rented": ("rent",),
    "what is there from the start": ("owned",),
    "how equipment is run": ("operations",),
}  # fmt: skip
"""Keys of an instance that state no limit, with all below them, by what they are."""
