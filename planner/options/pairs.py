"""Families whose spines or cores are of other types than their leaves, offered where the instance states none.

Of the many pairs of switch types few are ever the cheapest. One is dropped where the least that any of its trees may
cost is no less than what others do cost; the rest are looked at tree by tree, and kept for the sizes of clusters at
which nothing is cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from planner.catalogue.entries import Optic, Server
from planner.engineering import fabric
from planner.engineering.networks import above_of
from planner.options import attach, kits
from planner.options.chains import Chain, Numbers, clusters
from planner.options.groups import Chains
from planner.options.networks import Family, NetworkOption, Networks, Upper
from planner.options.packing import Packing
from planner.options.resources import Resources, Vector
from planner.options.tables import LINK_CLASSES

FINE = 560
"""Servers up to which a pair is offered that is the cheapest at any size."""
SAVING = 0.01
"""What it must save beyond."""
APART = 1.05
"""How far apart the sizes are that are looked at beyond."""
LARGEST = 2048
"""Servers up to which sizes are looked at; what is the cheapest there is so beyond."""
SAME = 1e-9


def points(family: Family, chain: Chain | None) -> Numbers | None:
    """Points of its chain that a family is offered at: clusters that are the cheapest, and whole ones if the largest
    is; None for all."""
    if family.cheapest is None or chain is None:
        return None
    single, wins = np.flatnonzero(chain.full == 0), np.array(family.cheapest)
    tails = chain.servers[single]
    small = np.unique(np.searchsorted(tails, wins[wins <= FINE]))
    beyond = np.flatnonzero(tails > FINE) if (wins > FINE).any() else small[:0]
    found = np.union1d(small[small < len(tails)], beyond)
    whole = len(found) > 0 and chain.tail[single[found[-1]]] == len(chain.clusters) - 1
    return np.union1d(single[found], np.flatnonzero(chain.full)) if whole else single[found]


def sizes(most: int) -> Vector:
    """Servers of the clusters that pairs are compared at, alike for pools of about as many.

    >>> sizes(3).tolist(), len(sizes(500)), float(sizes(5600)[-1])  # 560 x 1.05^26
    ([1.0, 2.0, 3.0, 4.0], 512, 1991.0)
    """
    largest = min(1 << (most - 1).bit_length(), LARGEST)
    beyond = FINE * APART ** np.arange(1, math.log(LARGEST / FINE, APART))
    return np.append(np.arange(1.0, min(largest, FINE) + 1), np.floor(beyond[beyond <= largest]))


class Pairs:
    """Finds the pairs, once for all server types whose networks are alike.

    Args:
        optic_rows: of the catalogue, by id.
    """

    def __init__(
        self, made: Networks, chains: Chains, optic_rows: Mapping[str, Optic], resources: Resources
    ) -> None:  # fmt: skip
        self.made = made
        self.chains = chains
        self.optics = optic_rows
        self.resources = resources
        self._found: dict[tuple[object, ...], list[tuple[int, Upper, tuple[float, ...]]]] = {}

    def of(self, server: Server, alike: Sequence[Family], packing: Packing | None, most: int) -> list[Family]:
        """The pairs of a server type; none where one switch does for every load.

        Args:
            alike: its families of one type each.
            packing: gangs; None without any.
            most: servers of its largest pool.
        """
        choice = self.made.choice
        if not alike or choice.spine_switches is not None or choice.core_switches is not None:
            return []
        singly = max(family.compute.plane.radix // server.compute_ports for family in alike)
        largest = max(packing.sizes) if packing is not None else 1
        if largest <= singly and not choice.dual_homed and not choice.one_cluster_per_site:
            return []
        servers = sizes(most)
        key = (len(servers), *(_told(option) for family in alike for option in (family.compute, *family.storage)))
        if key not in self._found:
            self._found[key] = self._cheapest(alike, servers)
        found = []
        for number, upper, own in self._found[key]:
            family = alike[number]
            below = _below(self.made, family.compute, upper)
            name = family.id + upper.name
            found.append(replace(family, id=name, compute=below, optional=True, cheapest=own))
        return found

    def _cheapest(self, alike: Sequence[Family], servers: Vector) -> list[tuple[int, Upper, tuple[float, ...]]]:
        """Types above the leaves of which family, and the sizes at which this is the cheapest."""
        tied = [self._tied(family, servers) for family in alike]
        best: Vector = np.min(
            [self._cost(f.compute, servers) + own for f, own in zip(alike, tied, strict=True)], axis=0
        )
        saving = np.where(servers > FINE, SAVING, SAME)
        hopes = []
        for number, family in enumerate(alike):
            for upper in self._others(family):
                try:
                    option = _below(self.made, family.compute, upper)
                except fabric.FabricError:
                    continue
                least = at_least(option, servers) + tied[number]
                better = least < best * (1 - saving)
                if better.any():
                    hope = float((1 - least[better] / best[better]).sum())
                    hopes.append((hope, number, upper, option, least))
        found = []
        for _, number, upper, option, least in sorted(hopes, key=lambda each: -each[0]):
            if (least < best * (1 - saving)).any():
                exact = self._cost(option, servers) + tied[number]
                if (exact < best * (1 - saving)).any():
                    best = np.minimum(best, exact)
                    found.append((number, upper, exact))
        kept = [(number, upper, tuple(servers[np.isfinite(exact) & (exact <= best)])) for number, upper, exact in found]
        return [each for each in kept if each[2]]

    def _others(self, family: Family) -> Iterator[Upper]:
        """Other types above the leaves of a family, in every way."""
        leaf, tiers = family.compute.switch, family.compute.tiers
        gbps = family.compute.uplink_gbps or family.compute.gbps
        if not family.optional:
            able = [s for s in self.made.switches if s.protocol == leaf.protocol and fabric.has_speed(s, gbps)]
            for spine, core in product(able, able) if tiers == 3 else zip(able, able, strict=True):
                if (spine, core) != (leaf, leaf):
                    yield Upper(
                        None if spine is leaf else spine, None if core is spine else core, family.compute.uplink_gbps
                    )

    def _cost(self, option: NetworkOption, servers: Vector) -> Vector:
        """Of the switches of one cluster and the links between them; infinite where there is none so large."""
        assert option.rules is not None
        found = clusters(option.rules, option.planes, int(servers[-1]), option.worth)
        cost = np.array([cluster.counts for cluster in found]).reshape(len(found), -1) @ np.array(option.worth)
        return np.append(cost, np.inf)[np.searchsorted([cluster.servers for cluster in found], servers)]

    def _tied(self, family: Family, servers: Vector) -> Vector:
        """Cost of what follows from the leaves alone: links to servers, and the storage network."""
        found = servers * self._per_server(family.compute)
        stored = []
        for option in family.storage:
            chain = self.chains.of(option, int(servers[-1]))
            if chain is not None:
                costs = np.append(chain.counts @ np.array(option.worth), np.inf)
                at = np.searchsorted(chain.servers, servers)
                stored.append(costs[at] + servers * self._per_server(option))
        return found + np.min(stored, axis=0) if stored else found

    def _per_server(self, option: NetworkOption) -> float:
        """Cost of the links of a server to its leaves."""
        money = self.resources.kw
        return min(
            sum(
                term.rows * term.rate * float(self.resources.of("optics", term.part)[:money].sum())
                for term in attach.terms_of(option, {(option.network, attach.NODE_LEAF): way}, 0)
            )
            for way in kits.ways(option, attach.NODE_LEAF, self.optics, self.resources)
        )


def _told(option: NetworkOption) -> tuple[object, ...]:
    """What the cost of a network follows from."""
    links = tuple(kit.id for kit in option.kits[attach.NODE_LEAF])
    return option.rules, option.planes, option.worth, option.nic_links, option.uplink_gbps, links


def _below(made: Networks, option: NetworkOption, upper: Upper) -> NetworkOption:
    """A network with these switches above its leaves.

    Raises:
        FabricError: nothing links them.
    """
    assert option.rules is not None
    above = above_of(option.switch, option.gbps, upper.spine, upper.core, upper.uplink_gbps)
    rules = replace(option.rules, above=above)
    found = replace(option, rules=rules, spine=upper.spine, core=upper.core)
    links = {attach.NODE_LEAF: option.kits[attach.NODE_LEAF]}
    links |= {link_class: made.between(found, link_class) for link_class in LINK_CLASSES[1 : option.tiers]}
    lengths = {link_class: made.choice.typed_length_m(link_class) or 0.0 for link_class in links}
    found = replace(found, kits=links, length_m=lengths)
    return replace(found, worth=made.worth_of(found))


def at_least(option: NetworkOption, servers: Vector) -> Vector:
    """The least that switches and links between them of one cluster may cost: leaves for so many servers, as many
    uplinks as they ask for, and just the ports above that these need; infinite beyond what spines can join."""
    rules, worth = option.rules, option.worth
    assert rules is not None
    upper, three = rules.upper, rules.tiers == 3
    if not rules.full:
        return np.full_like(servers, np.inf)
    leaves = np.ceil(servers / rules.full) * rules.row
    up = np.maximum(np.ceil(servers * rules.ports / rules.leaf_ratio / upper.faster), leaves)
    passed = np.ceil(up / rules.spine_ratio) if three else np.zeros_like(up)
    spines = np.maximum(np.ceil((up + passed) / upper.spine_radix), rules.groups if three else 1)
    cores = np.ceil(passed / upper.core_radix)
    link = worth[3] + worth[4] * upper.faster / option.cage_links + worth[5] / upper.spine_cage
    higher = worth[6] + worth[7] / upper.spine_cage + worth[8] / upper.core_cage
    cost = leaves * worth[0] + spines * worth[1] + cores * worth[2] + up * link + passed * higher
    return np.where(three | (leaves <= upper.spine_radix), option.planes * cost, np.inf)
