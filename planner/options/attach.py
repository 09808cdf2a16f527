"""What ties servers to the leaves of a network: modules whole for every server and leaf, cables by the link."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from planner.engineering.management import PDUS_PER_RACK
from planner.engineering.mesh import meshes
from planner.options.kits import Mix, Piece, Way
from planner.options.management import IN_BAND, OUT_OF_BAND
from planner.options.networks import NetworkOption
from planner.options.planes import row_of
from planner.options.resources import Resources, Vector
from planner.options.tied import Dealt, Made, Swap, Term

NODE_LEAF = "node-leaf"
SAME_KW = 1e-12


def whole_rate(servers: int, lanes: int, cage: int) -> float:
    """Cages of a leaf for each server below it, so that those of a full leaf are a whole number.

    Two servers of a rail share a twin-port module; 9 servers of one link each fill 5 modules of two:

    >>> whole_rate(32, 1, 2), round(whole_rate(9, 1, 2), 4)
    (0.5, 0.5556)
    """
    return lanes / cage if servers * lanes % cage == 0 else -(-servers * lanes // cage) / servers


def terms_of(option: NetworkOption, mix: Mix, shared: int) -> tuple[Term, ...]:
    """Parts of the node-leaf links of one network that follow the servers.

    They are those of ``cabling.bill`` for clusters whose servers fill one leaf row after the other, or more: by less
    than one module for each leaf of a row where a row is not full and its cages are not whole. Where a floor gives
    several lengths with kits of their own, servers are dealt to the kits (``Dealt``).

    Args:
        shared: leaves of the only cluster where it has no spines, that the ports of every server are dealt to; 0 for a
            tree.
    """
    plane, found = option.plane, []
    row = shared or row_of(plane)
    lanes = plane.ports // row
    servers = plane.radix // plane.ports if shared == 1 else option.leaf_servers
    if shared > 1 and option.rules is not None:
        servers = max(tree.servers for tree in meshes(option.rules) if tree.leaves == shared)
    pieces = mix[option.network, NODE_LEAF]
    if len(pieces) > 1:
        return _dealt_terms(option, pieces, row)
    ends = pieces[0].ends
    if ends.lower:
        found.append(Term(ends.lower, 1, -(-option.ports // option.nic_links)))
    if ends.upper:
        rate = option.hosts * whole_rate(servers, lanes, option.cage_links)
        found.append(Term(ends.upper, row * option.planes, rate))
    if ends.cable:
        found.append(Term(ends.cable, 1, _cables(option.ports, pieces[0])))
    return tuple(found)


def _cables(links: int, piece: Piece) -> int:
    """Fibres or cables of so many links: half as many straight twin-port cables."""
    return round(links * dict(piece.kit.parts)[piece.ends.cable])


def _dealt(option: NetworkOption, pieces: Way, row: int) -> list[Dealt]:
    """Which hosts each of several kits has."""
    ports, lanes = option.ports // option.hosts, option.plane.ports // row
    block = option.cage_links // math.gcd(option.cage_links, lanes)
    upto = [*itertools.accumulate(piece.share for piece in pieces[:-1]), 1.0]
    return [Dealt(option.hosts, ports, block, *shares) for shares in itertools.pairwise([0.0, *upto])]


def _dealt_terms(option: NetworkOption, pieces: Way, row: int) -> tuple[Term, ...]:
    """Parts of links to servers that several kits make: all made with the longest, and what shorter ones change of it
    for every block that has them."""
    dealt = _dealt(option, pieces, row)
    block, ports = dealt[0].block, dealt[0].ports
    found: Counter[tuple[str, float]] = Counter()
    for number, (piece, own) in enumerate(zip(pieces, dealt, strict=True)):
        of_host = {
            piece.ends.lower: -(-ports // option.nic_links),
            piece.ends.cable: _cables(ports, piece) if piece.ends.cable else 0,
        }
        of_block = {part: count * block for part, count in of_host.items()}
        of_block[piece.ends.upper] = of_block.get(piece.ends.upper, 0) + block * ports // option.cage_links
        for part, count in of_block.items():
            found[part, own.rate(own.below)] += count
            found[part, own.rate(own.upto)] -= count
        if number == len(pieces) - 1:  # the longest: every host, and every block that has begun
            for part, count in of_block.items():
                found[part, own.rate(1.0)] += count
            for part, count in of_host.items():
                found[part, float(option.hosts)] += count
            found[piece.ends.upper, option.hosts / block] += block * ports // option.cage_links
    return tuple(Term(part, rows, rate) for (part, rate), rows in found.items() if part and rows and rate)


def links_of(option: NetworkOption, mix: Mix, shared: int) -> tuple[Made, ...]:
    """Node-leaf links of a network by kit; ``shared`` as for ``terms_of``."""
    pieces = mix[option.network, NODE_LEAF]
    dealt = _dealt(option, pieces, shared or row_of(option.plane)) if len(pieces) > 1 else [None]
    return tuple(
        Made(
            option.network, NODE_LEAF, option.gbps, p.length_m, p.kit.id, dict(p.kit.parts),
            per_server=option.ports * p.share,
            per_rack=PDUS_PER_RACK if option.network == OUT_OF_BAND else 0, dealt=own,
        )
        for p, own in zip(pieces, dealt, strict=True)
    )  # fmt: skip


def swaps_of(option: NetworkOption, mix: Mix, shared: int, resources: Resources) -> tuple[Swap, ...]:
    """Links to servers that may be made with another kit because a part of one of the two is in short supply.

    Only with kits that draw no more, so that the racks of the network hold them; the other way round is a swap of the
    mix with the other kit.
    """
    found = []
    for piece in mix[option.network, NODE_LEAF] if option.network in ("compute", "storage") else ():
        parts, power = dict(piece.kit.parts), resources.kit(piece.kit)[resources.kw]
        for kit in option.kits[NODE_LEAF]:
            short = [(m, share) for m, share in piece.lengths if m <= kit.reach_m]
            other = dict(kit.parts)
            scarce = resources.scarce & ({*parts} ^ {*other})
            if kit.id == piece.kit.id or not short or not scarce or resources.kit(kit)[resources.kw] > power + SAME_KW:
                continue
            length, share = max(m for m, _ in short), sum(share for _, share in short)
            links = math.lcm(*(resources.links[part] for part in (*parts, *other)))
            made = Made(option.network, NODE_LEAF, option.gbps, length, kit.id, other)
            whole = terms_of(option, mix, shared)
            found.append(Swap(piece.kit.id, parts, made, option.ports * share, links, whole))
    return tuple(sorted(found, key=lambda swap: swap.per_server))


def cords_of_rack(options: Sequence[NetworkOption], mix: Mix) -> Mapping[str, int]:
    """Parts of every server rack: the cords of its power distribution units."""
    if all(option.network != OUT_OF_BAND for option in options):
        return {}
    (cord,) = mix[OUT_OF_BAND, NODE_LEAF]
    return {part: math.ceil(share * PDUS_PER_RACK) for part, share in cord.kit.parts}


def others_parts(option: NetworkOption, mix: Mix) -> list[tuple[str, int]]:
    """Parts of the links to what is no server: out-of-band switches (two links each), or all that these reach; with the
    links that a piece serves."""
    ends = mix[option.network, NODE_LEAF][-1].ends  # of the longest kit, which reaches every switch
    return [
        (part, links) for part, links in ((ends.cable, 1), (ends.lower, 1), (ends.upper, option.cage_links)) if part
    ]


def envelope(terms: Sequence[Term], resources: Resources) -> tuple[Vector, Vector]:
    """(slope, most rounding) of each term: ``rows ceil(rate n)`` lies between ``slope n`` and that and the rounding,
    which is below 0 where the rows are."""
    slopes = np.zeros((len(terms), resources.columns))
    above = np.zeros_like(slopes)
    for i, term in enumerate(terms):
        piece = resources.of("optics", term.part)
        slopes[i] = term.rows * term.rate * piece
        above[i] = term.rows * (1 - 1 / Fraction(term.rate).limit_denominator(4096).denominator) * piece
    return slopes, above


__all__ = ["IN_BAND", "cords_of_rack", "envelope", "links_of", "others_parts", "swaps_of", "terms_of", "whole_rate"]
