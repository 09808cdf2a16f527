"""What ties servers to their networks: links, and parts that follow the servers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dealt:
    """Hosts of a network whose links are made with one of several kits: whole hosts, and whole blocks of hosts that
    share cages of a leaf, so that modules are whole. Kits of shorter links have the blocks that their share fills, the
    longest has the rest.

    Attributes:
        hosts: of a server; ports: links of a host; block: hosts of a block.
        below: share of the hosts whose kits are shorter; ``upto`` with those of this one (1: the longest).
    """

    hosts: int
    ports: int
    block: int
    below: float
    upto: float

    def links(self, servers: int) -> int:
        """Links with so many servers.

        Half of 7 hosts in blocks of two: one block of 3.5 / 2 has the shorter kit, five hosts the longer.

        >>> Dealt(1, 8, 2, 0.0, 0.5).links(7), Dealt(1, 8, 2, 0.5, 1.0).links(7)
        (16, 40)
        """
        shorter = self.block * self.blocks(self.below, servers)
        own = self.hosts * servers if self.upto == 1 else self.block * self.blocks(self.upto, servers)
        return (own - shorter) * self.ports

    def blocks(self, share: float, servers: int) -> int:
        """Whole blocks that a share of the hosts fills."""
        return -Term("", 1, self.rate(share)).pieces(servers)

    def rate(self, share: float) -> float:
        """What ``Term`` rounds to these blocks, below 0."""
        return -share * self.hosts / self.block


@dataclass(frozen=True)
class Made:
    """Links of one class made with one kit: a fixed number, and a number that follows the servers or their racks.

    Attributes:
        parts_per_link: part id -> parts per link (half a twin-port module each).
        links: links of the step whatever stands below it.
        per_server, per_rack: links of each server, of each server rack.
        dealt: where several kits make the links of a network: which hosts have this one.
    """

    network: str
    link_class: str
    gbps: float
    length_m: float
    kit: str
    parts_per_link: Mapping[str, float]
    links: int = 0
    per_server: float = 0.0
    per_rack: float = 0.0
    dealt: Dealt | None = None

    def count(self, servers: int, racks: int) -> int:
        """Links with so many servers in so many racks."""
        follow = round(self.per_server * servers) if self.dealt is None else self.dealt.links(servers)
        return self.links + follow + round(self.per_rack * racks)


@dataclass(frozen=True)
class Term:
    """Pieces of a part that follow the servers: ``rows * ceil(rate * servers)``.

    Twin-port modules of 8 rails, of which two servers share one on each leaf: ``Term(part, 8, 0.5)``. Both may be below
    0: ``Term(part, 8, -0.4)`` is 8 pieces less for every whole block that 0.4 of the servers fill (``Dealt``).
    """

    part: str
    rows: int
    rate: float

    def pieces(self, servers: int) -> int:
        """Pieces for so many servers.

        >>> [Term("module", 8, 0.5).pieces(n) for n in (0, 1, 2, 3)]
        [0, 8, 8, 16]
        """
        return self.rows * math.ceil(self.rate * servers - 1e-9)


@dataclass(frozen=True)
class Swap:
    """Links to servers that may be made with another kit than their attachment's, where parts are in short supply.

    Attributes:
        kit: of the attachment; ``parts_per_link`` of it.
        made: the same links with the other kit.
        per_server: most such links of a server: those that are short enough.
        links: links of which any number of times may be made so; as many as fill a module.
        whole: terms of the attachment that count all node-leaf parts of the network by the device. Links of several
            kits are counted by the link instead.
    """

    kit: str
    parts_per_link: Mapping[str, float]
    made: Made
    per_server: float
    links: int
    whole: tuple[Term, ...]


@dataclass(frozen=True)
class Attachment:
    """What ties servers to a network family: parts and links that grow with the servers, whatever the step.

    Attributes:
        id: names the family within its design.
        terms: parts by the number of servers.
        per_rack: parts of every server rack (management cords).
        links: the node-leaf links, by kit.
        swaps: those of them that another kit may make.
    """

    id: str
    terms: tuple[Term, ...]
    per_rack: Mapping[str, int]
    links: tuple[Made, ...]
    swaps: tuple[Swap, ...] = ()
