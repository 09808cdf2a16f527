"""What a pool has in use in a period: switches, modules, cables and fibres counted device by device, and their power.

Modules are whole for each server, leaf, spine and core and each class of links: a twin-port module with one link in it
is still a module. Where the links of servers are made with several kits (by length, on a floor), every server has one
of them, and servers that share a cage the same. Where some links are made with another kit because a part is in short
supply, they are counted by the link instead, rounded up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planner.catalogue.entries import Optic
from planner.engineering.tree import Tree
from planner.verification.checks import round_up
from planner.verification.facts import IN_BAND, OUT_OF_BAND, Pool, Range, View
from planner.verification.standards import Standard, standard
from planner.verification.standing import attached, filled, groups, places, tree_of
from planner.verification.tables import Links

BLOCK = 4
"""Most servers that share a cage of a leaf."""
Needs = dict[str, Range]
"""Pieces by part: least and most."""


@dataclass(frozen=True)
class InUse:
    """What a pool has in use.

    Attributes:
        switches: by catalogue id.
        parts: with the servers in service.
        height: of the switches, U.
        network_kw: of switches and parts with the servers in service.
        full_kw: most that they draw with every place taken.
    """

    switches: Counter[str]
    parts: Needs
    height: float
    network_kw: Range
    full_kw: float


def in_use(view: View, pool: Pool, period: int) -> InUse:
    """What a pool has in use in a period, from its networks and links."""
    key = ("in use", pool.id, period)
    if key not in view.memo:
        view.memo[key] = _in_use(view, pool, period)
    found: InUse = view.memo[key]
    return found


def _in_use(view: View, pool: Pool, period: int) -> InUse:
    switches: Counter[str] = Counter()
    for (pool_id, _, of_period), row in view.networks.items():
        if (pool_id, of_period) == (pool.id, period):
            spine = row.spine_switch or row.switch
            switches[row.switch] += row.leaves
            switches[spine] += row.spines
            switches[row.core_switch or spine] += row.cores
    switches = +switches
    rows = view.facts.catalogue.switches
    known = {rows[id]: count for id, count in switches.items() if id in rows}
    kw = sum(switch.power_w * count for switch, count in known.items()) / 1000.0
    parts, full = _parts(view, pool, period), _parts(view, pool, period, full=True)
    low, high = parts_kw(view, parts)
    return InUse(
        switches, parts, sum(switch.rack_units * count for switch, count in known.items()),
        (kw + low, kw + high), kw + max(high, parts_kw(view, full)[1]),
    )  # fmt: skip


def parts_kw(view: View, parts: Needs) -> Range:
    """Power of modules and cables, kW."""
    optics = view.facts.catalogue.optics
    known = [(optics[part].power_w / 1000.0, need) for part, need in parts.items() if part in optics]
    return sum(kw * low for kw, (low, _) in known), sum(kw * high for kw, (_, high) in known)


def it_kw(view: View, pool: Pool, period: int) -> Range:
    """IT power of a pool, kW: servers in service, switches and parts in use."""
    low, high = in_use(view, pool, period).network_kw
    servers = pool.server.power_kw * view.in_service(pool.id, period)
    return servers + low, servers + high


def _parts(view: View, pool: Pool, period: int, *, full: bool = False) -> Needs:
    """Parts of all links of a pool; ``full``: with every place below its networks taken."""
    classes: dict[tuple[str, str], list[Links]] = {}
    for row in view.links.get((pool.id, period), []):
        if row.links:
            classes.setdefault((row.network, row.link_class), []).append(row)
    total: Needs = {}
    for (network, link_class), rows in classes.items():
        counted = None
        if len(rows) == 1:
            counted = by_device(view, pool, network, rows[0], full)
        elif link_class == "node-leaf":
            counted = by_kit(view, pool, network, rows)
        standing = attached(view, pool, network, period)
        if counted is None or (full and len(rows) > 1 and link_class == "node-leaf"):
            counted = counted or by_link(rows)
            if full and link_class == "node-leaf" and standing:
                # With other places taken a kit may have a block of servers more.
                share, block = max(1.0, places(view, pool, network, period) / standing), rows[0].links / standing + 1
                counted = {part: (low, high * share + BLOCK * block) for part, (low, high) in counted.items()}
        for part, (low, high) in counted.items():
            before = total.get(part, (0.0, 0.0))
            total[part] = before[0] + low, before[1] + high
    return total


def by_link(rows: list[Links]) -> Needs:
    """Parts of the links of a class, counted by the link: rounded up over all kits, or for each of them."""
    found: Needs = {}
    for row in rows:
        for part, each in row.parts_per_link.items():
            low, high = found.get(part, (0.0, 0.0))
            found[part] = low + each * row.links, high + round_up(each * row.links)
    return {part: (round_up(low), high) for part, (low, high) in found.items()}


def by_kit(view: View, pool: Pool, network: str, rows: list[Links]) -> Needs | None:
    """Parts of links to servers made with several kits, each of whole servers; None where some servers have two."""
    rules = standard(view, pool, network, rows[0].period)
    if isinstance(rules, str) or not shares_kits(view, rows):
        return None
    line = groups(view, pool, network, rows[0].period)
    # Leaves that every server has ports on: without spines they may be fewer.
    reached = {group.row.leaves_each // rules.planes // max(group.units, 1) for group in line}
    leaves = min(reached) if len(reached) == 1 else rules.row
    ports = rules.rules.ports * rules.planes
    spare = leaves * rules.planes if len(reached) > 1 else 0
    found: Needs = {}
    for row in rows:
        hosts, rest = divmod(row.links, ports)
        if rest:
            return None
        cable = view.facts.catalogue.optics[next(iter(row.parts_per_link))]
        if len(row.parts_per_link) == 1 and cable.legs == 1:
            _take(found, cable.id, round_up(row.links / cable.links), 0)
            continue
        ends = ends_of(view, pool, network, row)
        if ends is None:
            return None
        lower, upper, fibre = ends
        above = leaves * rules.planes * -(-hosts * rules.rules.ports // leaves // upper.links)
        _take(found, upper.id, above, spare)
        if lower is not None:
            _take(found, lower.id, hosts * -(-ports // lower.links), 0)
        if fibre is not None:
            _take(found, fibre.id, row.links, 0)
    return found


def shares_kits(view: View, rows: list[Links]) -> bool:
    """Whether kits are dealt to whole servers: no part is in such short supply that some links have another one."""
    scarce = {limit.id for limit in view.facts.instance.supply if limit.kind == "optics"}
    return not scarce.intersection(part for row in rows for part in row.parts_per_link)


def _take(found: Needs, part: str, pieces: int, spare: int) -> None:
    low, high = found.get(part, (0.0, 0.0))
    found[part] = low + pieces, high + pieces + spare


def by_device(view: View, pool: Pool, network: str, row: Links, full: bool) -> Needs | None:
    """Parts of a class made with one kit, device by device; None where its devices are not known."""
    rules = standard(view, pool, network, row.period)
    ends = ends_of(view, pool, network, row)
    if isinstance(rules, str) or ends is None or row.link_class not in ("node-leaf", "leaf-spine", "spine-core"):
        return None
    lower, upper, cable = ends
    at_server = row.link_class == "node-leaf"
    line = groups(view, pool, network, row.period)
    servers = attached(view, pool, network, row.period)
    if full or not at_server:
        servers = places(view, pool, network, row.period)
    below, above, spare, links = 0, 0, 0, 0
    carried = lower.links if lower is not None else 1
    several = sum(group.count for group in line) > 1 and upper.links > 1
    for group, inside, count in filled(line, servers):
        tree = tree_of(rules, group, inside)
        if tree is None:
            return None
        under, over, short = modules(tree, row.link_class, carried, upper.links)
        if several and at_server:  # counted as if they stood in one row, a plan may round once more for each cluster
            short = max(short, rules.row)
        times = count * rules.planes
        below, above, spare = below + times * under, above + times * over, spare + times * short
        links += times * tree.links(row.link_class)
    if at_server:  # the cages of a server serve all planes; those of out-of-band switches carry one link each
        below = _server_modules(view, pool, network, rules, carried, servers, row)
    elif links != row.links:
        return None
    found: Needs = {}
    for part, least, most in ((lower, below, below), (upper, above, above + spare)):
        if part is None:
            continue
        before = found.get(part.id, (0.0, 0.0))
        found[part.id] = before[0] + least, before[1] + most
    if cable is not None:
        found[cable.id] = (float(row.links),) * 2 if not full else (float(max(links, row.links)),) * 2
    return found


def _server_modules(view: View, pool: Pool, network: str, rules: Standard, lower: int, servers: int, row: Links) -> int:
    every = rules.rules.ports * rules.planes
    if network == IN_BAND:
        switches = attached(view, pool, network, row.period)
        switches -= view.in_service(pool.id, row.period) * pool.server.trays
        return (servers - switches) * -(-every // lower) + switches * every
    return servers * -(-every // lower)


def ends_of(view: View, pool: Pool, network: str, row: Links) -> tuple[Optic | None, Optic, Optic | None] | None:
    """Lower module, upper module and fibre of a kit; a splitter cable stands for the upper module alone.

    None for a straight cable that includes its ends, or an unsound kit.
    """
    optics = view.facts.catalogue.optics
    parts = [optics[part] for part in row.parts_per_link if part in optics]
    modules = [part for part in parts if part.kind == "transceiver"]
    fibres = [part for part in parts if part.kind == "fibre"]
    if len(parts) == len(row.parts_per_link) == 1 and parts[0].legs > 1:
        return None, parts[0], None
    if len(fibres) != 1 or len(modules) not in (1, 2) or len(parts) != len(row.parts_per_link):
        return None
    lower, upper = modules[0], modules[-1]
    least = cages(view, pool, network, row)[0]
    # The lower end comes first in a kit; where only one of two fits the lower cage, that one stands there.
    misfit = lower.co_packaged or (not upper.co_packaged and lower.links != least == upper.links)
    if len(modules) == 2 and row.link_class == "node-leaf" and misfit:
        lower, upper = upper, lower
    return lower, upper, fibres[0]


def cages(view: View, pool: Pool, network: str, row: Links) -> tuple[int, int]:
    """Links that one cage carries at the lower and at the upper end of a link."""
    rules = standard(view, pool, network, row.period)
    if network == OUT_OF_BAND or isinstance(rules, str):
        return 1, 1
    upper = rules.rules.cage
    if network == IN_BAND:
        upper = rules.switch.ports_per_cage * max(1, round(rules.switch.port_gbps / pool.ports(network)[1]))
    if row.link_class == "leaf-spine":
        return upper // rules.rules.faster, rules.rules.spine_ports[1] if network != IN_BAND else upper
    if row.link_class == "spine-core":
        return (upper, upper) if network == IN_BAND else (rules.rules.spine_ports[1], rules.rules.core_ports[1])
    if row.link_class != "node-leaf":
        return upper, upper
    return (pool.server.ports_per_cage * rules.parts if network == "compute" else 1), upper


@lru_cache(maxsize=4096)
def modules(tree: Tree, link_class: str, lower: int, upper: int) -> tuple[int, int, int]:
    """Modules of a class below and above, whole for each device, and how many more whole leaves would take.

    A plan may fill the cages of a leaf as if its places were all taken, where they do not fill whole cages: one module
    a leaf at most. 600 DGX H100 on 64-port leaves with twin-port cages, of 19 units, the last of 24 servers:

    >>> tree = Tree(64, 8, True, 600, 0, 32, 32, 152, 1, 1, 1)
    >>> modules(tree, "node-leaf", 1, 2)
    (0, 2400, 0)
    """
    tiers = {"node-leaf": (0, tree.leaves), "leaf-spine": (tree.leaves, tree.spines)}
    size = tiers.get(link_class, (tree.spines, tree.cores))
    below, above = (np.zeros(count, np.int64) for count in size)
    for ends in tree.chunks(link_class):
        above += np.bincount(ends.upper, minlength=size[1])
        if size[0]:
            below += np.bincount(ends.lower, minlength=size[0])
    whole = tree.places * (tree.ports // tree.row) % upper == 0
    spare = 0 if link_class != "node-leaf" or whole else int((above > 0).sum())
    return int((-(-below // lower)).sum()), int((-(-above // upper)).sum()), spare
