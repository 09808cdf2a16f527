"""What every plan of the same options needs, looked up once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.engineering.racks import usable_units
from planner.instance.openings import Openings, Thing
from planner.money import DISCOUNT, RUNNING, Money, Terms
from planner.running import Running, kw_worth, running
from planner.units import W_PER_KW

if TYPE_CHECKING:
    from planner.options.tables import Design, Options, Pool, Size, Step
    from planner.options.tied import Attachment

ROUNDING = 1e-9


@dataclass(frozen=True)
class Worth:
    """Money of one piece (or kW), installed, by period of purchase from the first; ``life`` in whole periods."""

    terms: Terms
    life: int
    price: tuple[float, ...]
    objective: tuple[float, ...]


@dataclass(frozen=True)
class Shape:
    """What a pool with so many servers on a step has in use, without racks.

    Attributes:
        kw: power of its networks, kW.
        switches, parts: pieces by catalogue id.
        cords: parts of every server rack installed.
        network_racks: racks of its switches.
    """

    kw: float
    switches: Mapping[str, int]
    parts: Mapping[str, int]
    cords: Mapping[str, int]
    network_racks: int


Swapped = tuple[tuple[int, int], ...]
"""(number of a swap, links): links to servers made with another kit than their attachment's."""
NOTHING = Shape(0.0, {}, {}, {}, 0)


class Ground:
    """Options with what follows from them whatever is decided."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.money = Money(options.instance, options.items, options.embodied_t)
        self.periods = list(options.periods)
        self.pools = {pool.id: pool for pool in options.pools}
        self.sizes = {size.id: size for size in options.sizes}
        self.ratios = {d.id: (d.leaf_ratio, d.spine_ratio) for d in options.designs.values()}
        self.pools_of: dict[tuple[object, ...], list[Pool]] = {}
        """Pools whose servers carry shared blocks together, by (site, server, ratios), in order of id."""
        for pool in sorted(options.pools, key=lambda p: p.id):
            self.pools_of.setdefault((pool.site, pool.server, *self.ratios[pool.design]), []).append(pool)
        weights = self.money.objective
        self.running_weight = {
            account: tuple(weights.get((account, t), 0.0) for t in self.periods) for account in RUNNING
        }
        openings = Openings(options.instance)
        self.most_opened = openings.most
        self.opens: dict[Thing, float] = {thing: openings.least_kw(thing) for thing in openings.of(options.pools)}
        """Least kW that things are opened with, of those that cost anything to open or are limited."""
        self.discounts: dict[str, list[tuple[int, str]]] = {}
        """(pieces of an order, name) of the steps of discounts, by server type."""
        for step in options.instance.discounts:
            if (DISCOUNT, step.name) in options.items:
                self.discounts.setdefault(step.server, []).append((step.pieces, step.name))
        self.part_kw = {part: row.power_w / W_PER_KW for part, row in options.catalogue.optics.items()}
        self.stands: dict[tuple[object, ...], Any] = {}
        """Pools already worked out (``planner.plan.built``)."""
        self.costs: dict[tuple[str, int, int], list[tuple[float, int]]] = {}
        """Steps of pools by cost (``planner.plan.steps``)."""
        self.step_money: dict[tuple[str, str, int], list[float]] = {}
        self._worth: dict[tuple[str, str], Worth] = {}
        self._shapes: dict[tuple[str, int, int, Swapped], Shape] = {}
        self._running: dict[tuple[str, str], Running] = {}
        self._kw_worth: dict[tuple[str, str, int], float] = {}

    def design(self, pool: Pool) -> Design:
        return self.options.designs[pool.design]

    def step(self, pool: Pool, index: int | None) -> Step | None:
        """The step that a pool has chosen; None without one, or where its design has no such step."""
        steps = self.design(pool).steps
        return None if index is None or not 0 <= index < len(steps) else steps[index]

    def fleet_of(self, size: Size, site: str) -> list[Pool]:
        """Pools of a site that may carry the shared blocks of a size together."""
        return self.pools_of.get((site, size.server, size.leaf_ratio, size.spine_ratio), [])

    def carries(self, pool: Pool, size: Size) -> bool:
        """Whether a pool is one that a size was made for."""
        suits = (pool.server, *self.ratios[pool.design]) == (size.server, size.leaf_ratio, size.spine_ratio)
        return suits and pool.site in self.options.sites_of.get(size.id, ())

    def worth(self, kind: str, id: str) -> Worth:
        """Money of an item; looked up once."""
        if (kind, id) not in self._worth:
            terms = self.money.terms(kind, id)
            self._worth[kind, id] = Worth(
                terms,
                terms.life,
                tuple(terms.price[t] + terms.installation for t in self.periods),
                tuple(self.money.worth(kind, id, t) for t in self.periods),
            )
        return self._worth[kind, id]

    def running(self, site: str, cooling: str) -> Running:
        """What a kW of IT load uses and costs at a site."""
        if (site, cooling) not in self._running:
            options = self.options
            self._running[site, cooling] = running(options.instance, options.sites[site], cooling)
        return self._running[site, cooling]

    def running_worth(self, site: str, cooling: str) -> tuple[float, ...]:
        """What a kW of IT load adds to the objective while it runs, by period."""
        paid = self.running(site, cooling).money.items()
        return tuple(
            sum(amount * self.running_weight[account][t] for (account, _), amount in paid)
            for t in range(len(self.periods))
        )

    def kw_worth(self, pool: Pool, t: int) -> float:
        """What a kW of IT load adds to the objective from a period (from 0) on; nothing in a provider's hall."""
        if pool.offer:
            return 0.0
        key = (pool.site, pool.cooling, t)
        if key not in self._kw_worth:
            options, period = self.options, self.periods[t]
            self._kw_worth[key] = kw_worth(options.instance, options.sites[pool.site], pool.cooling, self.money, period)
        return self._kw_worth[key]

    def rack_worth(self, pool: Pool, t: int) -> float:
        """The same of a rack of a pool."""
        return 0.0 if pool.given else self.worth("racks", pool.rack).objective[t]

    def shape(self, pool: Pool, index: int, servers: int, swapped: Swapped = ()) -> Shape:
        """What so many servers on a step have in use."""
        key = (pool.design, index, servers, swapped)
        if key not in self._shapes:
            design = self.design(pool)
            step = design.steps[index]
            attachment = design.attachments[step.attachment]
            tied: Counter[str] = Counter()
            for term in attachment.terms:
                tied[term.part] += term.pieces(servers)
            network_racks = step.network_racks
            if swapped:
                tied = swapped_parts(attachment, swapped, servers, tied)
                network_racks = self._network_racks(design, step, tied, servers)
            racks = -(-servers // design.places)
            kw = step.fixed_kw + sum(self.part_kw[part] * count for part, count in tied.items())
            kw += sum(self.part_kw[part] * count * racks for part, count in attachment.per_rack.items())
            tied.update(step.parts)
            self._shapes[key] = Shape(kw, step.switches, dict(tied), attachment.per_rack, network_racks)
        return self._shapes[key]

    def _network_racks(self, design: Design, step: Step, tied: Mapping[str, int], servers: int) -> int:
        """Racks of switches by height, and by power with all places taken as those in use are."""
        rows = self.options.catalogue.switches
        height = sum(rows[id].rack_units * count for id, count in step.switches.items())
        share = step.servers / servers
        kw = step.fixed_kw + share * sum(self.part_kw[part] * count for part, count in tied.items())
        usable = usable_units(design.rack_height, max(rows[id].rack_units for id in step.switches))
        return max(math.ceil(height / usable - ROUNDING), math.ceil(kw / design.rack_kw - ROUNDING))


def remade(attachment: Attachment, swapped: Swapped) -> Counter[tuple[str, str]]:
    """Links by network and kit of the attachment that another kit makes instead."""
    gone: Counter[tuple[str, str]] = Counter()
    for k, links in swapped:
        swap = attachment.swaps[k]
        gone[swap.made.network, swap.kit] += links
    return gone


def swapped_parts(
    attachment: Attachment, swapped: Swapped, servers: int, tied: Mapping[str, int]
) -> Counter[str]:  # fmt: skip
    """Parts that follow the servers where some of their links are made with another kit.

    Links of a network that are made with several kits are counted by the link: half a twin-port module each, whole over
    all links of a kit.

    Args:
        tied: parts without swaps.
    """
    found = Counter(tied)
    gone = remade(attachment, swapped)
    for network in dict.fromkeys(attachment.swaps[k].made.network for k, _ in swapped):
        own = [(attachment.swaps[k], links) for k, links in swapped if attachment.swaps[k].made.network == network]
        for term in own[0][0].whole:
            found[term.part] -= term.pieces(servers)
        kits = [(swap.made.parts_per_link, links) for swap, links in own]
        for made in attachment.links:
            if made.network == network:
                links = made.count(servers, 0) - gone[network, made.kit]
                kits.append((made.parts_per_link, links))
        for parts, links in kits:
            for part, share in parts.items():
                found[part] += math.ceil(share * links - ROUNDING)
    return +found


_last: list[Ground] = []


def ground_of(options: Options) -> Ground:
    """The ground of options; that of the last ones asked for is kept, for a search asks a thousand times."""
    for ground in _last:
        if ground.options is options:
            return ground
    ground = Ground(options)
    _last[:] = [ground]
    return ground
