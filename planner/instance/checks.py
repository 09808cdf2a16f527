"""Checks across records: what the schema cannot see because it looks at one record at a time."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from planner.catalogue import Catalogue, CatalogueOverrideError, load_catalogue
from planner.engineering.outside_air import why_not
from planner.errors import InstanceError
from planner.instance import resolve
from planner.instance.choices import Overrides
from planner.instance.idle import prices_of_accelerators
from planner.instance.models import parameters_of
from planner.instance.operating import currencies
from planner.instance.paths import Finding, KeyPath, suggestion
from planner.instance.schema import Instance
from planner.instance.sites import Site
from planner.instance.turns import check_turns
from planner.instance.values import Money
from planner.instance.workloads import Inference, Training
from planner.units import DAYS_PER_YEAR

FIRST_YEAR, LAST_YEAR = 2000, 2200
MOST_UNKNOWN = 200
_SINGULAR = {
    "accelerators": "accelerator",
    "servers": "server",
    "switches": "switch",
    "optics": "optic",
    "cooling": "cooling method",
    "racks": "rack",
}


def check(instance: Instance, catalogue: Catalogue | None = None) -> list[Finding]:
    """Everything wrong with an instance whose records are each valid.

    Args:
        instance: an instance that its schema accepts.
        catalogue: the catalogue before the instance's overrides; the package's own if absent.

    Returns:
        Findings with a key path, a message, and the other places each was drawn from.
    """
    findings = [*_names(instance), *_periods(instance), *_trained(instance), *check_turns(instance)]
    ordered = resolve.order_date(instance) if _years_suit(instance) else datetime.date(FIRST_YEAR, 1, 1)
    base = (catalogue or load_catalogue()).with_price_rule(instance.catalogue.price_rule)
    try:
        base = base.with_rows(instance.catalogue.own.rows)
    except InstanceError as error:
        findings += [Finding(("catalogue", "own"), f"{fault.key}: {fault.message}") for fault in error.faults]
    rows, wrong_rows = _overridden(base, instance, ordered)
    findings += wrong_rows
    known = {
        kind: list(dict.fromkeys([*rows.entries(kind), *getattr(instance.catalogue.overrides, kind)]))
        for kind in Overrides.model_fields
    }
    findings += itertools.islice(_references(instance, known), MOST_UNKNOWN)
    for position, site in enumerate(instance.sites):
        findings += itertools.islice(_site(position, site, instance, rows, known["cooling"], ordered), MOST_UNKNOWN)
    findings += _careful(instance)
    findings += _filled(instance)
    findings += _owned(instance, rows)
    findings += _currencies(instance, rows, ordered)
    findings += prices_of_accelerators(instance, rows)
    return findings


def _trained(instance: Instance) -> Iterator[Finding]:
    """Runs that train more parameters than their models have."""
    for position, workload in enumerate(instance.workloads):
        if isinstance(workload, Training) and workload.trainable_parameters is not None:
            every, _ = parameters_of(workload)
            if workload.trainable_parameters > every:
                yield Finding(
                    ("workloads", position, "trainable_parameters"),
                    f"found {workload.trainable_parameters:g} trainable_parameters of {every:g} parameters; at most "
                    "all of them are accepted",
                    (("workloads", position, "model"), ("workloads", position, "parameters")),
                )


def _overridden(catalogue: Catalogue, instance: Instance, ordered: datetime.date) -> tuple[Catalogue, list[Finding]]:
    """The catalogue with those overrides that fit it, and what is wrong with the others."""
    overrides = resolve.catalogue_overrides(instance)
    findings: list[Finding] = []
    while True:
        try:
            return catalogue.with_overrides(overrides, instance.currency.unit, ordered), findings
        except CatalogueOverrideError as error:
            wrong = [(_override_place(key, overrides), message) for key, message in error.faults]
        if not findings:  # later rounds only repeat what follows from the first
            findings = [Finding(("catalogue", "overrides", *place), message) for place, message in wrong]
        refused = {place[:2] for place, _ in wrong}
        fitting = {
            kind: {id: row for id, row in rows.items() if (kind, id) not in refused}
            for kind, rows in overrides.items()
            if (kind,) not in refused
        }
        overrides = fitting if fitting != overrides else {}


def _override_place(key: str, overrides: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[str, ...]:
    """The (kind, id, field) of a dotted key; ids may have dots of their own, and a field may be one not given."""
    kind, _, rest = key.partition(".")
    ids = [id for id in overrides.get(kind, {}) if rest == id or rest.startswith(f"{id}.")]
    if not ids:
        return (kind,)
    id = max(ids, key=len)
    field = rest[len(id) + 1 :]
    return (kind, id, field) if field else (kind, id)


def _names(instance: Instance) -> Iterator[Finding]:
    """Workloads, sites and offers have names of their own, offers not those of sites."""
    sections: tuple[tuple[str, Sequence[Any]], ...] = (
        ("workloads", instance.workloads), ("sites", instance.sites), ("rent", instance.rent),
        ("owned", instance.owned),
    )  # fmt: skip
    here = [site.name for site in instance.sites]
    for position, offer in enumerate(instance.rent):
        if offer.name in here:
            message = f"found the name {offer.name!r} of a site; a name of its own is accepted"
            yield Finding(("rent", position, "name"), message, (("sites", here.index(offer.name), "name"),))
    for section, items in sections:
        for position, earlier in _again(item.name for item in items):
            again = f"found the name {items[position].name!r} again (first at {section}[{earlier}])"
            message = f"{again}; a name of its own is accepted"
            yield Finding((section, position, "name"), message, ((section, earlier, "name"),))


def _again(keys: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    """Positions of keys that stand again, and where each stood first."""
    first: dict[Hashable, int] = {}
    for position, key in enumerate(keys):
        earlier = first.setdefault(key, position)
        if earlier != position:
            yield position, earlier


def _years_suit(instance: Instance) -> bool:
    horizon = instance.horizon
    first = instance.policy.order_date
    years = (int(horizon.start[:4]), first.year if first is not None else FIRST_YEAR)
    return min(years) >= FIRST_YEAR and max(years) + horizon.periods * horizon.period_years <= LAST_YEAR


def _periods(instance: Instance) -> Iterator[Finding]:
    """Dates, lengths and period numbers agree with the horizon."""
    horizon = instance.horizon
    periods: tuple[KeyPath, ...] = (("horizon", "periods"),)
    if not _years_suit(instance):
        found = f"{horizon.periods} x {horizon.period_years:g} years from {horizon.start}"
        if instance.policy.order_date is not None:
            found += f", the first order on {instance.policy.order_date}"
        message = f"found {found}; a horizon between the years {FIRST_YEAR} and {LAST_YEAR} is accepted"
        yield Finding(("horizon",), message, (("policy", "order_date"),))
    one_per_period = [
        (("workloads", position, "scale_by_period"), workload.scale_by_period)
        for position, workload in enumerate(instance.workloads)
    ]
    by_period: list[tuple[KeyPath, tuple[Any, ...] | None]] = [
        *one_per_period,
        *((("sites", n, "power_limit_mw_by_period"), s.power_limit_mw_by_period) for n, s in enumerate(instance.sites)),
        (("budget", "capex_by_period"), instance.budget.capex_by_period),
        *((("price_paths", n, "by_period"), path.by_period) for n, path in enumerate(instance.price_paths)),
    ]
    for path, values in by_period:
        if values is not None and len(values) != horizon.periods:
            found = f"found {len(values)} value{'s' if len(values) != 1 else ''}"
            message = f"{found}; one for each of the {horizon.periods} periods is accepted"
            yield Finding(path, message, periods)
    period_days = horizon.period_years * DAYS_PER_YEAR
    for position, workload in enumerate(instance.workloads):
        if isinstance(workload, Training) and workload.days > period_days:
            message = f"found {workload.days:g} days; at most the {period_days:g} days of a period are accepted"
            yield Finding(("workloads", position, "days"), message, (("horizon", "period_years"),))
    for position, limit in enumerate(instance.supply):
        if limit.period is not None and limit.period > horizon.periods:
            message = f"found period {limit.period}; a period from 1 to {horizon.periods} is accepted"
            yield Finding(("supply", position, "period"), message, periods)
    yield from _paths_once(instance)


def _paths_once(instance: Instance) -> Iterator[Finding]:
    """A price has one path."""
    for position, earlier in _again((path.kind, path.id) for path in instance.price_paths):
        path = instance.price_paths[position]
        what = path.kind if path.id is None else f"{path.kind} {path.id!r}"
        message = f"found a path of {what} again (first at price_paths[{earlier}]); one is accepted"
        yield Finding(("price_paths", position), message, (("price_paths", earlier),))


def _references(instance: Instance, known: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Sites and catalogue rows that are named exist."""
    places = [site.name for site in instance.sites]
    names = [*places, *(offer.name for offer in instance.rent)]
    naming = tuple(("sites", position, "name") for position in range(len(places)))
    for position, workload in enumerate(instance.workloads):
        yield from _unknown("site", workload.sites, names, ("workloads", position, "sites"), naming)
        yield from _unknown("server", workload.servers, known["servers"], ("workloads", position, "servers"))
        if isinstance(workload, Inference):
            yield from _unknown("place", workload.users, sorted(resolve.places()), ("workloads", position, "users"))
            if workload.round_trip_ms is not None and not workload.users:
                message = f"found a limit of {workload.round_trip_ms:g} ms without users; give the places of its users"
                yield Finding(("workloads", position, "round_trip_ms"), message, (("workloads", position, "users"),))
    for kind in ("accelerators", "servers", "switches", "optics", "cooling"):
        chosen = getattr(instance.catalogue, kind)
        yield from _unknown(_SINGULAR[kind], chosen, known[kind], ("catalogue", kind))
    for name in ("spine_switches", "core_switches"):
        chosen, key = getattr(instance.fabric, name), ("fabric", name)
        yield from _unknown("switch", chosen, known["switches"], key)
        allowed = instance.catalogue.switches
        for position, id in enumerate(chosen or ()):
            if allowed is not None and id in known["switches"] and id not in allowed:
                message = f"found {id!r}, which catalogue.switches leaves out; {', '.join(allowed)} would be accepted"
                yield Finding((*key, position), message, (("catalogue", "switches"),))
    policy = instance.policy
    yield from _unknown("accelerator", policy.export_exempt, known["accelerators"], ("policy", "export_exempt"))
    for id in policy.us_shipments:
        yield from _unknown_one("accelerator", id, known["accelerators"], ("policy", "us_shipments", id))
    for position, offer in enumerate(instance.rent):
        yield from _unknown_one("server", offer.server, known["servers"], ("rent", position, "server"))
        if offer.place is not None:
            yield from _unknown_one("place", offer.place, sorted(resolve.places()), ("rent", position, "place"))
    for position, owned in enumerate(instance.owned):
        yield from _unknown_one("site", owned.site, places, ("owned", position, "site"), naming)
        yield from _unknown_one("server", owned.server, known["servers"], ("owned", position, "server"))
        yield from _unknown_one("cooling method", owned.cooling, known["cooling"], ("owned", position, "cooling"))
    for position, step in enumerate(instance.discounts):
        here: KeyPath = ("discounts", position)
        yield from _unknown_one("server", step.server, known["servers"], (*here, "server"))
        for number, other in enumerate(instance.discounts):
            if other.server == step.server and other.pieces <= step.pieces and number != position:
                found = f"found {step.off:g} off from {step.pieces} pieces, as {other.off:g} is from {other.pieces}"
                if other.off >= step.off:
                    yield Finding((*here, "off"), f"{found}; more is accepted", (("discounts", number),))
    if instance.rent and instance.objective == "capex":
        message = "found offers to rent under objective capex, which does not count what they cost; tco is accepted"
        yield Finding(("rent",), message, (("objective",),))
    rows_of = {**known, "facility": places, "building": places}
    named: tuple[tuple[str, Sequence[Any]], ...] = (
        ("supply", instance.supply), ("price_paths", instance.price_paths), ("lead_times", instance.lead_times),
    )  # fmt: skip
    for section, entries in named:
        for position, entry in enumerate(entries):
            rows = rows_of[entry.kind]
            if entry.id is not None and entry.id not in rows:
                what = _SINGULAR.get(entry.kind, "site")
                message = f"found the unknown {what} {entry.id!r}; {suggestion(entry.id, rows, entry.kind)}"
                yield Finding((section, position, "id"), message, ((section, position, "kind"),))


def _unknown_one(
    what: str, id: str, known: Sequence[str], path: KeyPath, depends: tuple[KeyPath, ...] = ()
) -> Iterator[Finding]:
    if id not in known:
        yield Finding(path, f"found the unknown {what} {id!r}; {suggestion(id, known, 'ones')}", depends)


def _unknown(
    what: str, ids: Iterable[str] | None, known: Sequence[str], path: KeyPath, depends: tuple[KeyPath, ...] = ()
) -> Iterator[Finding]:
    for position, id in enumerate(ids or ()):
        yield from _unknown_one(what, id, known, (*path, position), depends)


def _site(
    position: int,
    site: Site,
    instance: Instance,
    catalogue: Catalogue,
    known_cooling: Sequence[str],
    ordered: datetime.date,
) -> Iterator[Finding]:
    """A site has every figure it needs and cooling methods that suit it."""
    here: KeyPath = ("sites", position)
    for key, ratios in (("pue", site.pue), ("peak_pue", site.peak_pue)):
        for id in ratios:
            if id not in known_cooling:
                message = f"found the unknown cooling method {id!r}; {suggestion(id, known_cooling, 'methods')}"
                yield Finding((*here, key, id), message)
    most_mw = max(site.power_limit_mw_by_period or (site.power_limit_mw,))
    if site.least_mw is not None and site.least_mw > most_mw:
        message = f"found {site.least_mw:g} MW, more than the site may draw; at most {most_mw:g} MW is accepted"
        yield Finding((*here, "least_mw"), message, ((*here, "power_limit_mw"), (*here, "power_limit_mw_by_period")))
    unknown = list(_unknown("cooling method", site.cooling, known_cooling, (*here, "cooling")))
    yield from unknown
    if site.hub is not None and site.hub not in catalogue.sites:
        message = f"found the unknown hub {site.hub!r}; {suggestion(site.hub, catalogue.sites, 'hubs')}"
        yield Finding((*here, "hub"), message)
        return
    yield from _place(here, site, instance, catalogue)
    hub = resolve.hub_of(site, catalogue)
    for id, peak in site.peak_pue.items():
        if peak < site.pue.get(id, 1.0):
            message = f"found {peak:g}, below the annual PUE of {site.pue[id]:g}; at least that is accepted"
            yield Finding((*here, "peak_pue", id), message, ((*here, "pue", id),))
    whence = f"and hub {hub.id} has none in the catalogue" if hub is not None else "and no hub to take it from"
    if site.country is None and hub is None:
        yield Finding((*here, "country"), f"found no country {whence}; give country or hub", ((*here, "hub"),))
    if site.tariff_per_kwh is None and (hub is None or hub.tariff is None):
        message = f"found no tariff_per_kwh {whence}; give an amount such as 0.08 or '0.65 CNY'"
        yield Finding((*here, "tariff_per_kwh"), message, ((*here, "hub"),))
    if site.power_capex_per_kw is None and catalogue.price("facility", "power-train", ordered) is None:
        message = "found no power_capex_per_kw and no price in the catalogue; give an amount"
        yield Finding((*here, "power_capex_per_kw"), message)
    offshore = resolve.is_offshore(site, catalogue)
    place = "an undersea site" if offshore else "a site on land"
    suited = [id for id, method in catalogue.cooling.items() if method.offshore == offshore]
    unsuited = False
    for index, id in enumerate(site.cooling or ()):
        if id in catalogue.cooling and id not in suited:
            unsuited = True
            message = f"found {id!r}, which does not suit {place}; accepted there: {', '.join(suited)}"
            yield Finding((*here, "cooling", index), message, ((*here, "offshore"), (*here, "hub")))
        elif id in catalogue.cooling and id not in site.pue:
            reason = why_not(id, resolve.place_of(site), site.outside_air)
            if reason is not None:
                unsuited = True
                message = f"found {id!r}, but {reason}; give a place that is cool and clean enough, or another method"
                yield Finding((*here, "cooling", index), message, ((*here, "place"), (*here, "hub")))
    refused = len(known_cooling) > len(catalogue.cooling)  # a new method that is wrong: reported already
    if not unknown and not unsuited and not refused and not resolve.allowed_cooling(site, instance, catalogue):
        message = f"found no cooling method for {place} that the site, its hub and catalogue.cooling all allow"
        depends = ((*here, "hub"), (*here, "offshore"), ("catalogue", "cooling"))
        yield Finding((*here, "cooling"), message, depends)


def _filled(instance: Instance) -> Iterator[Finding]:
    """Idle hours that a load fills are those of services that have some, each filled by one load."""
    services = {w.name: (n, w) for n, w in enumerate(instance.workloads) if isinstance(w, Inference)}
    by: dict[str, str] = {}
    for load in (w for _, w in services.values() if w.fills):
        here = ("workloads", services[load.name][0], "fills")
        yield from _unknown("service", load.fills, list(services), here)
        for name in (each for each in load.fills if each in services):
            position, service = services[name]
            if service.profile is None or service.fills or service is load:
                message = f"found {name}, which has no hours of a profile to fill; a service with a profile is accepted"
                yield Finding(here, message, (("workloads", position),))
            elif by.setdefault(name, load.name) != load.name:
                yield Finding(here, f"found {name}, which {by[name]} fills; one load is accepted", ())


def _careful(instance: Instance) -> Iterator[Finding]:
    """Services that are to hold without a site may stand at enough of them; an offer counts for one."""
    places = [*(site.name for site in instance.sites), *(offer.name for offer in instance.rent)]
    for position, workload in enumerate(instance.workloads):
        if not isinstance(workload, Inference):
            continue
        own = [name for name in places if workload.sites is None or name in workload.sites]
        here = ("workloads", position)
        depends = ((*here, "sites"), ("sites",), ("rent",))
        if workload.survives_site_loss and len(own) < 2:
            found = f"found {len(own)} {'site' if len(own) == 1 else 'sites'} that may carry it"
            yield Finding((*here, "survives_site_loss"), f"{found}; two or more are needed", depends)
        share = workload.largest_site_share
        if share is not None and share * len(own) < 1 - 1e-9:
            found = f"found {share:g} of the demand at each of {len(own)} sites that may carry it"
            yield Finding(
                (*here, "largest_site_share"),
                f"{found}; {1 / max(1, len(own)):.4g} or more, or more sites, are needed",
                depends,
            )


def _owned(instance: Instance, catalogue: Catalogue) -> Iterator[Finding]:
    """Owned servers stand in a hall that their site may have, went into service before the horizon, and serve on."""
    by_name = {site.name: (position, site) for position, site in enumerate(instance.sites)}
    for number, owned in enumerate(instance.owned):
        here: KeyPath = ("owned", number)
        if owned.in_service > instance.horizon.start:
            message = f"found {owned.in_service}, after the horizon begins; at the latest {instance.horizon.start} is"
            yield Finding((*here, "in_service"), f"{message} accepted", (("horizon", "start"),))
        if owned.serves_until is not None and owned.serves_until <= owned.in_service:
            message = f"found {owned.serves_until}; a month after {owned.in_service} is accepted"
            yield Finding((*here, "serves_until"), message, ((*here, "in_service"),))
        if owned.site not in by_name or owned.cooling not in catalogue.cooling:
            continue
        position, site = by_name[owned.site]
        if site.hub is not None and site.hub not in catalogue.sites:
            continue
        methods = resolve.allowed_cooling(site, instance, catalogue)
        if owned.cooling not in methods:
            offered = ", ".join(methods)
            message = f"found {owned.cooling!r}, by which {site.name} may not be cooled; {offered} is accepted"
            yield Finding((*here, "cooling"), message, (("sites", position, "cooling"), ("catalogue", "cooling")))


def _place(here: KeyPath, site: Site, instance: Instance, catalogue: Catalogue) -> Iterator[Finding]:
    """The place of a site is known, and its grid where carbon counts."""
    places = sorted(resolve.places())
    if site.place is not None and site.place not in places:
        message = f"found the unknown place {site.place!r}; {suggestion(site.place, places, 'places')}"
        yield Finding((*here, "place"), message)
    elif site.place is not None and resolve.is_offshore(site, catalogue) != site.place.endswith("-undersea"):
        wanted = "a sea area" if resolve.is_offshore(site, catalogue) else "a place on land"
        yield Finding(
            (*here, "place"), f"found {site.place!r}; {wanted} is accepted", ((*here, "hub"), (*here, "offshore"))
        )
    carbon = instance.carbon
    counts = carbon.price_per_tonne is not None or carbon.limit_tonnes_per_year is not None
    if counts and site.grid_g_per_kwh is None and resolve.place_of(site) is None:
        message = "found no carbon intensity of the grid, which carbon needs; give grid_g_per_kwh, or a place"
        yield Finding((*here, "grid_g_per_kwh"), message, ((*here, "place"), (*here, "hub"), ("carbon",)))


def _currencies(instance: Instance, catalogue: Catalogue, ordered: datetime.date) -> Iterator[Finding]:
    """Every currency that something is counted in has a rate."""
    unit, rates = instance.currency.unit, instance.currency.rates
    if rates.get(unit, 1) != 1:
        message = f"found {rates[unit]:g} for the instance's own currency; 1 or no rate is accepted"
        yield Finding(("currency", "rates", unit), message, (("currency", "unit"),))
    known = {unit, *rates}
    reported: set[str] = set()
    for path, money in _amounts(instance):
        if money.currency is not None and money.currency not in known:
            reported.add(money.currency)
            message = (
                f"found the currency {money.currency}, which has no rate in currency.rates; "
                f"{' or '.join(sorted(known))} is accepted"
            )
            yield Finding(path, message, _rate_places(money.currency))
    needs: dict[str, list[str]] = {}
    for currency, needed_by in _catalogue_currencies(instance, catalogue, ordered):
        if currency not in known | reported:
            needs.setdefault(currency, []).append(needed_by)
    for currency, users in needs.items():
        users = list(dict.fromkeys(users))
        named = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
        message = f"found no rate for {currency}, needed by {named}; give the {unit} that one {currency} buys"
        lists = tuple(("catalogue", kind) for kind in _SINGULAR)
        yield Finding(("currency", "rates", currency), message, (*_rate_places(currency), *lists))


def _rate_places(currency: str) -> tuple[KeyPath, ...]:
    return (("currency", "rates", currency), ("currency", "unit"))


def _amounts(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Money]]:
    """Every amount of money of an instance and where it stands."""
    if isinstance(value, Money):
        yield path, value
    elif isinstance(value, (BaseModel, tuple)):
        for key, item in value if isinstance(value, BaseModel) else enumerate(value):
            yield from _amounts(item, (*path, key))


def _catalogue_currencies(
    instance: Instance, catalogue: Catalogue, ordered: datetime.date
) -> Iterator[tuple[str, str]]:
    """Currencies of the hub rows and prices that the instance may use, and what each belongs to."""
    choice = instance.catalogue
    methods: dict[str, None] = {}
    for site in instance.sites:
        if site.hub is not None and site.hub not in catalogue.sites:
            continue
        hub = resolve.hub_of(site, catalogue)
        if site.tariff_per_kwh is None and hub is not None and hub.tariff is not None:
            yield hub.tariff_currency, f"the tariff of hub {hub.id}"
        methods.update(dict.fromkeys(resolve.allowed_cooling(site, instance, catalogue)))
    used: dict[str, Iterable[str]] = {
        "servers": resolve.offered_servers(instance, catalogue),
        "switches": [id for id in catalogue.switches if choice.switches is None or id in choice.switches],
        "optics": [id for id in catalogue.optics if choice.optics is None or id in choice.optics],
        "cooling": methods,
        "racks": dict.fromkeys(catalogue.cooling[id].rack for id in methods),
        "facility": ["power-train"] if any(site.power_capex_per_kw is None for site in instance.sites) else [],
    }
    yield from currencies(instance).items()
    for kind, ids in used.items():
        for item in ids:
            price = catalogue.price(kind, item, ordered)
            if price is not None:
                yield price.currency, f"the price of {item}"
