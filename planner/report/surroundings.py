"""What instance, options and catalogue add to a plan on its page: places, limits, what was left out, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from planner.inventory.pools import pools
from planner.inventory.racks import rack_rows
from planner.limits import LIMITS
from planner.plan import Plan
from planner.report import elevations
from planner.report.answer import listed
from planner.report.options import block_table, options_data
from planner.report.site_map import Spot, map_svg
from planner.report.tables import Table, table
from planner.report.topology import topology_svg
from planner.report.words import plural

if TYPE_CHECKING:
    from planner.engineering.cabling import Planes
    from planner.options import Options

MOST_TREES, MOST_SITES = 12, 16
"""Networks and sites that are drawn, the largest first."""
NETWORKS = ("compute", "storage", "in-band")
"""Networks that are drawn, in this order."""


@dataclass(frozen=True)
class Picture:
    """A picture of its own, in words for those who do not see it.

    Attributes:
        title: at the head of the picture.
        says: the same in words.
    """

    title: str
    says: str
    svg: str


@dataclass(frozen=True)
class Surroundings:
    """What a page shows beside the plan itself.

    Attributes:
        trees, plain: networks as pictures; those of single switches in a sentence each.
        limits: name, where, needed, limit, unit, least, and used: the share of the limit that is taken.
        removed: subject, family and reason of options left out.
        loads: how the loads were sized on the servers of the plan.
        troubles: what could not be drawn, in sentences.
    """

    map: Picture | None = None
    trees: tuple[Picture, ...] = ()
    plain: tuple[str, ...] = ()
    racks: tuple[Picture, ...] = ()
    limits: tuple[Mapping[str, Any], ...] = ()
    removed: tuple[tuple[str, str, str], ...] = ()
    loads: Table | None = None
    troubles: tuple[str, ...] = field(default=())


def surroundings_of(plan: Plan, options: Options, places: Mapping[str, str | None]) -> Surroundings:
    """All of it.

    Args:
        options: of the plan's instance.
        places: catalogue id of the place of every site of the instance; None where nothing is known of it.
    """
    data = options_data(options)
    used = {(row["workload"], row["server"]) for row in plan.decisions["workloads"]}
    blocks = [row for row in data["blocks"] if (row["workload"], row["server"]) in used]
    troubles: list[str] = []
    trees: list[Picture] = []
    plain: list[str] = []
    racks: list[Picture] = []
    try:
        trees, plain = _trees(plan, options)
        racks = list(_racks(plan, options))
    except (ArithmeticError, LookupError, ValueError) as error:
        troubles.append(f"Networks and racks of this plan cannot be drawn: {error}.")
    return Surroundings(
        _map(plan, places),
        tuple(trees),
        tuple(plain),
        tuple(racks),
        tuple(_limits(plan, options)),
        tuple((r["subject"], r["family"], r["reason"]) for r in data["removed"]),
        block_table({**data, "blocks": blocks}),
        tuple(troubles),
    )


def _limits(plan: Plan, options: Options) -> Iterator[dict[str, Any]]:
    """Every limit in numbers with what the plan takes of it, each once where periods are alike."""
    seen = set()
    for limit in LIMITS:
        if not limit.present(options):
            continue
        for need in limit.measure(options, plan):
            if need.limit <= 0:
                continue
            low = need.limit / need.needed if need.needed > 0 else 0.0
            row = {
                "name": limit.name, "where": need.where, "needed": need.needed, "limit": need.limit, "unit": need.unit,
                "least": limit.least, "used": low if limit.least else need.needed / need.limit,
            }  # fmt: skip
            if tuple(row.values()) not in seen:
                seen.add(tuple(row.values()))
                yield row


def _map(plan: Plan, places: Mapping[str, str | None]) -> Picture | None:
    """Sites whose place is known, on a map with the catalogue's other places of the same countries' surroundings."""
    from planner.catalogue.climates import load_climates

    known = {id: climate.place for id, climate in load_climates().items()}
    peak: dict[str, float] = {}
    for row in plan.decisions["sites"]:
        peak[row["site"]] = max(peak.get(row["site"], 0.0), row["facility_kw"])
    spots = [
        Spot(site, known[place].latitude, known[place].longitude, peak.get(site, 0.0))
        for site, place in places.items()
        if place in known
    ]
    if not spots:
        return None
    others = [
        Spot(p.name, p.latitude, p.longitude)
        for p in known.values()
        if not p.id.endswith("-undersea") and not p.id.endswith(("-existing", "-other"))
    ]
    without = [site for site, place in places.items() if place not in known]
    said = [f"{s.name} at {abs(s.latitude):.1f}° {'N' if s.latitude >= 0 else 'S'}, {abs(s.longitude):.1f}° "
            f"{'E' if s.longitude >= 0 else 'W'}" for s in spots]  # fmt: skip
    says = f"Map of {plural(len(spots), 'site')}: {'; '.join(said)}."
    if without:
        says += f" Not on it, for their place is not stated: {', '.join(without)}."
    return Picture("Where the sites are", says, map_svg(spots, others))


def _last_period(plan: Plan) -> int:
    return max((row["period"] for row in plan.decisions["fleet"] if row["in_service"]), default=1)


def _trees(plan: Plan, options: Options) -> tuple[list[Picture], list[str]]:
    """Networks of the last period with servers, compute networks first: of the clusters of a pool one as a picture, or
    a sentence where all are single switches; and how many are left out."""
    period, layout = _last_period(plan), options.instance.fabric.layout
    standing = [p for p in pools(plan, options.catalogue, layout) if p.first <= period <= p.last and p.servers]
    named = [(network, pool) for network in NETWORKS for pool in standing if network in pool.networks]
    named.sort(key=lambda of: (NETWORKS.index(of[0]), -of[1].servers))  # pools stay in their order
    drawn: list[Picture] = []
    plain: list[str] = []
    more = 0
    for network, pool in named:
        clusters = pool.networks[network]
        planes = max((p for p, _ in clusters), key=lambda p: p.tree.servers)
        what = f"{pool.site}: {network} network of {plural(pool.servers, 'server')} {pool.server.id}"
        if all(p.tree.leaves == 1 for p, _ in clusters):
            number = plural(sum(p.planes for p, _ in clusters), "switch", "switches")
            each = plural(planes.tree.servers, "server")
            own = "on its own" if len(clusters) == 1 else "on their own, each"
            plain.append(f"{what}: {number} {planes.switch.id} {own} for up to {each}.")
        elif len(drawn) < MOST_TREES:
            drawn.append(_tree(what, planes, len(clusters)))
        else:
            more += 1
    if more:
        plain.append(f"{plural(more, 'further network')} of several switches not drawn; the tables below have them.")
    return drawn, plain


def _tree(what: str, planes: Planes, clusters: int) -> Picture:
    """The picture of a cluster, the largest of its pool."""
    tree, n = planes.tree, planes.planes
    tiers = ((tree.leaves, "leaf", "leaves"), (tree.spines, "spine", "spines"), (tree.cores, "core", "cores"))
    counted = listed(plural(number * n, one, many) for number, one, many in tiers if number)
    says = f"{what}: {counted} of {listed(planes.by_type)} for {plural(tree.servers, 'server')}."
    if clusters > 1:
        says += f" The pool has {clusters:,} clusters; the largest is drawn."
    return Picture(what, says, topology_svg(tree, what, n))


def _racks(plan: Plan, options: Options) -> Iterator[Picture]:
    """Elevations of the sites of the last period with servers, those with the most racks first."""
    period, layout = _last_period(plan), options.instance.fabric.layout
    heights: dict[str, float] = {}
    for row in plan.decisions["racks"]:
        heights[row["site"]] = max(heights.get(row["site"], 0.0), options.catalogue.racks[row["rack"]].rack_units)
    found = elevations.sites(rack_rows(plan, options.catalogue, layout), period)
    number = {name: sum(kind.racks for kind in site.kinds.values()) for name, site in found.items()}
    for name, site in sorted(found.items(), key=lambda item: -number[item[0]])[:MOST_SITES]:
        title = f"{name}: racks from the front" + (f", period {period}" if period > 1 else "")
        kinds = sorted(site.kinds.values(), key=lambda kind: (-kind.racks, kind.name))
        held = "; ".join(f"{kind.racks:,} with {_content(kind)}" for kind in kinds[:6])
        says = f"{plural(number[name], 'rack')} of {plural(len(kinds), 'kind')}: {held}."
        yield Picture(title, says, elevations.elevations_svg(site, title, heights[name]))


def _content(kind: elevations.Kind) -> str:
    items = Counter(slot[2] for slot in kind.slots)
    return ", ".join(f"{n} {item}" for item, n in items.items()) or "nothing"


ASKED = (
    "model", "parameters", "tokens", "days", "queries_per_day", "requests_per_second", "tokens_in", "tokens_out",
    "concurrent_users", "peak_factor", "peak_flops", "ttft_s", "tpot_s", "scale_by_period", "sites",
)  # fmt: skip
"""Keys of a workload that are named first."""


def asked_table(instance: Mapping[str, Any]) -> Table:
    """What the plan has to carry, as the instance states it."""
    rows = instance.get("workloads") or ()
    rows = rows if isinstance(rows, (list, tuple)) else ()
    return table(
        "What is asked for",
        ("workload", "kind", "as stated"),
        (
            (
                str(row.get("name", "")), str(row.get("kind", "")),
                "; ".join(
                    f"{key.replace('_', ' ')} {_value(value)}"
                    for key, value in sorted(row.items(), key=lambda item: item[0] not in ASKED)
                    if key not in ("name", "kind") and value not in (None, False, [], {}, "")
                ),
            )
            for row in rows
            if isinstance(row, Mapping)
        ),
    )  # fmt: skip


def _value(value: Any) -> str:
    """A setting in a sentence.

    >>> _value(1.75e11), _value(["a", "b"]), _value(True), _value(0.05)
    ('175,000,000,000', 'a, b', 'yes', '0.05')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(each)}" for key, each in value.items() if each is not None)
    return str(value)
