"""The lists of cables and racks beside a plan, counted: every link on a cable, no port taken twice, modules cage by
cage, every device in one rack, racks within height and power; part of the concern ``file``.

Nothing is known here of how the lists are made; names of devices are names and no more.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from planner.verification.checks import Book
from planner.verification.counting import in_use, shares_kits
from planner.verification.facts import View
from planner.verification.links import by_class
from planner.verification.tables import Links

CABLES, RACKS = NAMES = ("cables.csv", "racks.csv")
Row = Mapping[str, str]
Held = tuple[str, str, int]
"""Pool, purpose and period."""
WATTS = 1e-5


def check(view: View, book: Book, tables: Mapping[str, bytes | None]) -> None:
    """Check the lists that are there, and that both name the same devices."""
    cables, racks = tables.get(CABLES), tables.get(RACKS)
    standing = _racks(view, book, racks) if racks is not None else None
    if cables is not None:
        _cables(view, book, cables, standing)


def _rows(content: bytes) -> Iterator[Row]:
    return csv.DictReader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), strict=True)


def _periods(text: str) -> range:
    """Periods of a row.

    >>> list(_periods("2")), list(_periods("1-3"))
    ([2], [1, 2, 3])
    """
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class _Seen:
    """Things told apart by number, some hundred thousand in little memory."""

    def __init__(self) -> None:
        self.keys = array("q")

    def add(self, *thing: object) -> None:
        self.keys.append(hash(thing))

    @property
    def different(self) -> int:
        return int(np.unique(np.frombuffer(self.keys, np.int64)).size) if self.keys else 0

    @property
    def all(self) -> int:
        return len(self.keys)


def _cables(view: View, book: Book, content: bytes, standing: dict[str, set[str]] | None) -> None:
    links: Counter[tuple[str, str, str, str]] = Counter()
    ports: dict[str, _Seen] = {}
    cages: dict[tuple[str, str, str], _Seen] = {}
    fibres: Counter[tuple[str, str, str]] = Counter()
    labels = _Seen()
    optics = view.facts.catalogue.optics.values()
    splitters = {optic.id for optic in optics if optic.legs > 1}
    straight = {optic.id for optic in optics if optic.kind != "fibre" and optic.links > optic.legs == 1}
    ends: dict[str, None] = {}
    for row in _rows(content):
        pool, periods, network, link_class = row["pool"], row["periods"], row["network"], row["link_class"]
        links[pool, periods, network, link_class] += 1
        labels.add(row["label"])
        cable = row["cable"]
        if cable in splitters:  # one cable from a cage of the switch to several servers
            legs = cages.setdefault((pool, periods, cable), _Seen())
            legs.add(row["to_device"], network, link_class, row["to_cage"])
        elif cable in straight:  # one cable from cage to cage
            both = cages.setdefault((pool, periods, cable), _Seen())
            both.add(row["from_device"], network, link_class, row["from_cage"])
        else:
            fibres[pool, periods, cable] += 1
        taken = ports.setdefault(periods, _Seen())
        for end in ("from", "to"):
            device, part = row[f"{end}_device"], row[f"{end}_part"]
            # Ports of a server are counted network by network; a switch has one network.
            taken.add(device, network, row[f"{end}_port"])
            if part:
                cages.setdefault((pool, periods, part), _Seen()).add(device, network, link_class, row[f"{end}_cage"])
            if standing is not None:
                ends.setdefault(device)
    check = "cables are those of the plan"
    expected: Counter[tuple[str, int, str, str]] = Counter()
    for network_row in view.tables.networks:
        for link_class, count in by_class(network_row):
            expected[network_row.pool, network_row.period, network_row.network, link_class] += count
    found: Counter[tuple[str, int, str, str]] = Counter()
    for (pool, periods, network, link_class), count in links.items():
        for period in _periods(periods):
            found[pool, period, network, link_class] += count
    for key in dict.fromkeys((*expected, *found)):
        pool, period, network, link_class = key
        where = f"{CABLES} pool {pool} {network} {link_class} period {period}"
        book.count(check, where, "cables", found[key], expected[key])
    book.count("no label twice", CABLES, "labels", labels.different, labels.all)
    for periods, taken in ports.items():
        book.count("no port twice", f"{CABLES} periods {periods}", "ports taken", taken.different, taken.all)
    parts: Counter[tuple[str, int, str]] = Counter()
    for (pool, periods, part), seen in cages.items():
        for period in _periods(periods):
            parts[pool, period, part] += seen.different
    for (pool, periods, part), count in fibres.items():
        for period in _periods(periods):
            parts[pool, period, part] += count
    for a_pool, period, where in view.pool_periods:
        needs = in_use(view, a_pool, period).parts
        dealt = _by_link(view, a_pool.id, period)
        for part in dict.fromkeys((*needs, *(part for p, t, part in parts if (p, t) == (a_pool.id, period)))):
            if part in dealt:
                continue
            low, high = needs.get(part, (0.0, 0.0))
            place, counted = f"{CABLES} {where} part {part}", parts[a_pool.id, period, part]
            book.enough("parts of cables are those of the plan", place, "pieces in its cages", counted, low)
            book.no_more("parts of cables are those of the plan", place, "pieces in its cages", counted, high)
    if standing is not None:
        _known(book, ends, standing)


def _by_link(view: View, pool: str, period: int) -> set[str]:
    """Parts of links of which some have another kit for want of parts, which a plan counts by the link and a list by
    the cage."""
    classes: dict[tuple[str, str], list[Links]] = {}
    for row in view.links.get((pool, period), []):
        classes.setdefault((row.network, row.link_class), []).append(row)
    several = [rows for rows in classes.values() if len(rows) > 1 and not shares_kits(view, rows)]
    return {part for rows in several for row in rows for part in row.parts_per_link}


def _known(book: Book, devices: Iterable[str], standing: Mapping[str, set[str]]) -> None:
    """Every end of a cable is a device in a rack, or a part of one or of a rack: a tray, a power distribution unit."""
    there = standing["devices"] | standing["racks"]
    lost = [d for d in devices if d not in there and d.rpartition("/")[0] not in there]
    detail = f"{CABLES}: {len(lost)} devices stand in no rack of {RACKS}, such as {lost[0] if lost else 'none'}"
    book.record("devices of cables stand in racks", not lost, detail)


def _racks(view: View, book: Book, content: bytes) -> dict[str, set[str]]:
    """Check the racks: their number, what they hold, height and power. Gives the names of devices and racks."""
    racks: dict[Held, set[str]] = {}
    items: Counter[tuple[str, int, str]] = Counter()
    devices: dict[int, _Seen] = {}
    names: dict[str, set[str]] = {"devices": set(), "racks": set()}
    filled: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    kinds: dict[tuple[str, str], str] = {}
    servers = view.facts.catalogue.servers
    for row in _rows(content):
        pool, key = row["pool"], (row["rack"], row["periods"])
        names["racks"].add(row["rack"])
        kinds[key] = pool
        own = filled.setdefault(key, [])
        for period in _periods(row["periods"]):
            racks.setdefault((pool, row["purpose"], period), set()).add(row["rack"])
            if row["device"]:
                items[pool, period, row["item"]] += 1
                devices.setdefault(period, _Seen()).add(row["device"])
        if row["device"]:
            names["devices"].add(row["device"])
            kw = float(row["power_kw"]) + (0.0 if row["item"] in servers else float(row["modules_kw"]))
            own.append((float(row["unit"]), float(row["height"]), kw))
    for period, seen in devices.items():
        book.count("no device twice", f"{RACKS} period {period}", "devices", seen.different, seen.all)
    _counted(view, book, racks, items)
    pools = view.pools
    for (rack, periods), held in filled.items():
        pool_of = pools.get(kinds[rack, periods])
        if not book.record("racks are those of the plan", pool_of is not None, f"{RACKS}: pool of {rack}"):
            continue
        assert pool_of is not None
        bottom = pool_of.rack.rack_units + 1
        apart = True
        for unit, height, _ in sorted(held, reverse=True):
            apart &= unit + height <= bottom + 1e-9
            bottom = unit
        book.record("racks hold what fits", apart and bottom >= 1 - 1e-9, f"{rack} periods {periods}: units overlap")
        kw = sum(each for _, _, each in held)
        limit = pool_of.rack_kw * (1 + 1e-9) + WATTS * len(held)
        book.record("racks hold what fits", kw <= limit, f"{rack} periods {periods}: {kw:g} kW of {pool_of.rack_kw:g}")
    return names


def _counted(view: View, book: Book, racks: Mapping[Held, set[str]], items: Mapping[tuple[str, int, str], int]) -> None:
    """Racks, servers and switches as many as the plan has."""
    check = "racks are those of the plan"
    installed: Counter[Held] = Counter()
    for row in view.tables.racks:
        installed[row.pool, row.purpose, row.period] += row.installed
    for held in dict.fromkeys((*installed, *racks)):
        where = f"{RACKS} pool {held[0]} {held[1]} racks period {held[2]}"
        book.count(check, where, "racks", len(racks.get(held, ())), installed[held])
    wanted: Counter[tuple[str, int, str]] = Counter()
    for pool, period, _ in view.pool_periods:
        wanted[pool.id, period, pool.server.id] += view.in_service(pool.id, period)
        for id, count in in_use(view, pool, period).switches.items():
            wanted[pool.id, period, id] += count
    for key in dict.fromkeys((*wanted, *items)):
        pool_id, period, item = key
        where = f"{RACKS} pool {pool_id} period {period} {item}"
        book.count("devices in racks are those of the plan", where, "devices", items.get(key, 0), wanted[key])
