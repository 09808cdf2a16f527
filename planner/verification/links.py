"""Links, the kits they are made of, and the parts installed; checks of the concern ``fabric``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from planner.catalogue.entries import Optic
from planner.verification import lengths
from planner.verification.checks import WHOLE, Book
from planner.verification.counting import cages, in_use
from planner.verification.facts import IN_BAND, NETWORKS, OUT_OF_BAND, Pool, Range, View
from planner.verification.standards import Standard, standard
from planner.verification.tables import Clusters, Links, Network

CLASSES = ("node-leaf", "leaf-spine", "spine-core", "leaf-leaf")


def by_class(row: Network) -> Iterator[tuple[str, int]]:
    """Links of a network by their class."""
    counts = row.node_leaf_links, row.leaf_spine_links, row.spine_core_links, row.leaf_leaf_links
    return zip(CLASSES, counts, strict=True)


TIERS_OF = {
    "node-leaf": ("", "leaf"), "leaf-spine": ("leaf", "spine"), "spine-core": ("spine", "core"),
    "leaf-leaf": ("leaf", "leaf"),
}  # fmt: skip
"""Tiers at the ends of the links of a class, the lower end first; empty for servers."""
CABLES = ("dac", "acc", "aoc", "cord")
MANAGEMENT = (IN_BAND, OUT_OF_BAND)
"""Networks whose parts no list of the instance binds."""
TWIN_M = 2
"""Length of the links from leaf to leaf."""


CORD_M = 10
"""Length of a management cord where a floor gives the other lengths."""


def check(view: View, book: Book) -> None:
    """Check that every link is made, of parts that fit, and that the parts are those that the links take."""
    made: Counter[tuple[str, str, str, int]] = Counter()
    for row in view.tables.links:
        where = f"pool {row.pool} {row.network} {row.link_class} period {row.period}"
        if not book.record("names known", row.link_class in CLASSES, f"{where}: one of {', '.join(CLASSES)} expected"):
            continue
        key = (row.pool, row.network, row.link_class, row.period)
        made[key] += row.links
        pool = view.pools.get(row.pool)
        if pool is not None and row.network in NETWORKS:
            _kit(view, book, pool, row, where)
    for network_row in view.tables.networks:
        for link_class, links in by_class(network_row):
            key = (network_row.pool, network_row.network, link_class, network_row.period)
            where = f"pool {network_row.pool} {network_row.network} {link_class} period {network_row.period}"
            book.count("every link is made", where, "links on kits", made.pop(key, 0), links)
    for (pool_id, network, link_class, period), links in made.items():
        where = f"pool {pool_id} {network} {link_class} period {period}"
        book.count("every link is made", where, "links on kits", links, 0)
    _parts(view, book)
    if view.facts.instance.fabric.layout is not None:
        _long_enough(view, book)


def _parts(view: View, book: Book) -> None:
    managed = {(r.pool, part) for r in view.tables.links if r.network in MANAGEMENT for part in r.parts_per_link}
    bought: dict[tuple[str, str], dict[int, float]] = {}
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in view.tables.parts:
        bought.setdefault((row.pool, row.part), {})[row.period] = row.bought
        found.setdefault((row.pool, row.part), {})[row.period] = row.installed
    needed: dict[tuple[str, str], dict[int, Range]] = {}
    for a_pool, period, _ in view.pool_periods:
        for part, need in in_use(view, a_pool, period).parts.items():
            needed.setdefault((a_pool.id, part), {})[period] = need
            installed = found.get((a_pool.id, part), {}).get(period, 0.0)
            where = f"pool {a_pool.id} part {part} period {period}"
            book.enough("parts suffice", where, "installed", installed, need[0])
    for (pool, part), purchases in bought.items():
        optic, where = view.facts.catalogue.optics.get(part), f"pool {pool} part {part}"
        if not book.record("names known", optic is not None, f"{where}: a part of the catalogue") or optic is None:
            continue
        allowed = view.facts.allowed("optics", part) or (pool, part) in managed
        book.record("part allowed", allowed, f"{where}: expected one that catalogue.optics allows")
        view.purchases_stand(
            book,
            "parts follow purchases",
            where,
            "parts installed",
            bought=purchases,
            found=found[pool, part],
            life_years=optic.life_years,
        )
        need_of = needed.get((pool, part), {})
        view.bought_late(book, where, "pieces", bought=purchases, need=need_of, life_years=optic.life_years)


def _kit(view: View, book: Book, pool: Pool, row: Links, where: str) -> None:
    speed = pool.ports(row.network)[1]
    tree = None if row.network == OUT_OF_BAND else standard(view, pool, row.network, row.period)
    speed /= 1 if tree is None or isinstance(tree, str) else tree.parts
    if tree is not None and not isinstance(tree, str) and row.link_class in ("leaf-spine", "spine-core"):
        speed *= tree.rules.faster
    length = _length(view, book, pool, row, where)
    book.same("link speed recomputed", where, "Gb/s", row.gbps, speed)
    optics = view.facts.catalogue.optics
    unknown = [part for part in row.parts_per_link if part not in optics]
    if not book.record("names known", not unknown, f"{where}: kit {row.kit}, unknown parts {unknown}"):
        return
    parts = [optics[part] for part in row.parts_per_link]
    if row.network not in MANAGEMENT:
        barred = [part.id for part in parts if not view.facts.allowed("optics", part.id)]
        book.record("part allowed", not barred, f"{where}: {barred or 'every part'} of a kit, as catalogue.optics says")
    place = f"{where} kit {row.kit}"
    for part in parts:
        book.within("optics reach", place, f"{part.id} reaches {part.reach_m:g} m, length", length, part.reach_m)
        if part.kind != "fibre":
            book.same("optics speed fits", place, f"{part.id} Gb/s", part.gbps, speed)
    fitting = cages(view, pool, row.network, row)
    rules = standard(view, pool, row.network, row.period)
    engines = ["", ""]
    if not isinstance(rules, str) and row.network != OUT_OF_BAND:
        engines = [rules.of_tier(tier).built_in_optics if tier else "" for tier in TIERS_OF[row.link_class]]
    engine = max(engines)
    if len(parts) == 1 and parts[0].kind in CABLES:
        book.record("built-in optics stay in their switch", not engine, f"{place}: a cable; the switch has {engine}")
        _cable(book, row, parts[0], fitting, place)
        if parts[0].links > parts[0].legs == 1 and not isinstance(rules, str):
            joined = _cage_to_cage(rules, view.clusters.get((pool.id, row.network, row.period), []), row.link_class)
            book.record("cables join two cages", joined, f"{place}: both links of a cage lead to one at the other end")
    else:
        _modules(book, parts, fitting, engines, row, place)


def _length(view: View, book: Book, pool: Pool, row: Links, where: str) -> float:
    """Check the length of a row, and give the length that its parts must reach: the instance's, or its floor's."""
    typed: float | None = TWIN_M
    if row.link_class != "leaf-leaf":
        typed = view.facts.instance.fabric.typed_length_m(row.link_class)
    if typed is None and row.network == OUT_OF_BAND:
        typed = CORD_M
    if typed is not None:
        book.same("link length recomputed", where, "metres", row.length_m, typed)
        return typed
    rules = standard(view, pool, row.network, row.period)
    if isinstance(rules, str):
        return row.length_m
    if row.link_class == "node-leaf":
        ways = lengths.node_leaf(view, pool, rules, row.network, row.period)
        steps = sorted({step for way in ways for step in way})
        known = any(abs(row.length_m - step) <= WHOLE for step in steps)
        book.record("link length recomputed", known, f"{where}: metres {row.length_m:g}, expected one of {steps}")
    else:
        needed = lengths.between_switches(view, pool, rules, row)
        book.enough("link length recomputed", where, "metres", row.length_m, needed)
    return row.length_m


def _long_enough(view: View, book: Book) -> None:
    """Of the server links of a network, at least the share of the floor is made to be so long."""
    made: dict[tuple[str, str, int], list[Links]] = {}
    for row in view.tables.links:
        if row.link_class == "node-leaf" and row.network != OUT_OF_BAND:
            made.setdefault((row.pool, row.network, row.period), []).append(row)
    for (pool_id, network, period), rows in made.items():
        pool = view.pools.get(pool_id)
        known = pool is not None and network in NETWORKS
        rules = standard(view, pool, network, period) if pool is not None and known else "no such pool"
        if pool is None or isinstance(rules, str):
            continue
        where, total = f"pool {pool_id} {network} node-leaf period {period}", sum(row.links for row in rows)

        def reaching(step: float, rows: list[Links] = rows) -> int:
            return sum(row.links for row in rows if row.length_m >= step - WHOLE)

        ways = lengths.node_leaf(view, pool, rules, network, period)
        fits = (way for way in ways if all(reaching(m) >= share * total - WHOLE for m, share in way.items()))
        for step, share in next(fits, ways[0]).items():
            book.enough("links are long enough", where, f"links of {step:g} m or more", reaching(step), share * total)


def _cable(book: Book, row: Links, cable: Optic, fitting: tuple[int, int], place: str) -> None:
    ends = (cable.links // cable.legs, cable.links)  # a leg of a splitter has its part of the links
    detail = f"{place}: cable ends of {ends[0]} and {ends[1]} links, cages for {fitting[0]} and {fitting[1]}"
    book.record("cages fit", fitting == ends, detail)
    book.same("parts per link recomputed", place, cable.id, row.parts_per_link[cable.id] * cable.links, 1)


def _cage_to_cage(rules: Standard, clusters: list[Clusters], link_class: str) -> bool:
    """Whether both links of every twin-port cage lead to the same device, port after port."""
    for frame in (rules.one_plane(cluster) for cluster in clusters if cluster.clusters):
        if link_class == "node-leaf" and (
            rules.rules.ports % 2 or rules.parts > 1 or frame.leaves > max(frame.units, 1)
        ):
            return False
        groups = frame.pods * (frame.leaves // max(frame.units, 1) if frame.tiers == 3 else 1)
        if link_class == "leaf-spine" and frame.spines and frame.uplinks * groups // frame.spines % 2:
            return False
    return link_class != "spine-core"  # whose links are dealt to the cores in turn


def _modules(
    book: Book, parts: list[Optic], fitting: tuple[int, int], engines: list[str], row: Links, place: str
) -> None:
    """A module at each end, of one medium and standard, and one fibre that carries it.

    A switch with co-packaged optics (``engines``, at the lower and the upper end) has them in place of a module.
    """
    modules = [part for part in parts if part.kind == "transceiver"]
    fibres = [part for part in parts if part.kind == "fibre"]
    complete = len(fibres) == 1 and len(modules) in (1, 2) and len(parts) == len(fibres) + len(modules)
    if not book.record("kit complete", complete, f"{place}: {len(modules)} kinds of module, {len(fibres)} of fibre"):
        return
    fibre = fibres[0]
    media = {part.medium for part in parts}
    standards = {part.standard for part in modules} | ({fibre.standard} if fibre.standard else set())
    detail = f"{place}: media {', '.join(sorted(media))}, standards {', '.join(sorted(standards))}"
    book.record("media agree", len(media) == 1 and len(standards) == 1, detail)
    ends = modules * 2 if len(modules) == 1 else modules
    built_in = sum(end.co_packaged for end in ends)
    inside = sorted(engine for engine in engines if engine)
    sound = sorted(end.id for end in ends if end.co_packaged) == inside
    detail = f"{place}: {built_in} ends of co-packaged optics, expected {len(inside)} of {max(engines) or 'none'}"
    book.record("built-in optics stay in their switch", sound, detail)
    carried = sorted(end.links for end in ends if not end.co_packaged)
    open_cages = sorted(cage for cage, engine in zip(fitting, engines, strict=True) if not engine)
    book.record("cages fit", carried == open_cages, f"{place}: modules carry {carried} links, cages {open_cages}")
    expected: dict[str, float] = {fibre.id: 1.0}
    for end in ends:
        expected[end.id] = expected.get(end.id, 0.0) + 1 / end.links
    for part, count in expected.items():
        book.same("parts per link recomputed", place, part, row.parts_per_link[part], count)
