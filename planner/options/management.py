"""The management networks of a pool: in-band in pairs of leaves, out-of-band on 1G switches.

Their switches and parts are those of ``planner.engineering.management``, whatever lists of the catalogue an instance
gives for its other networks. The out-of-band network has no frames: it takes as many switches as there are devices to
reach, which the model counts (``formulations/management.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from planner.catalogue import Catalogue
from planner.catalogue.entries import Optic, Switch
from planner.engineering import fabric, optics
from planner.engineering import management as rules
from planner.instance.choices import FabricChoice
from planner.options.networks import NetworkOption

IN_BAND, OUT_OF_BAND = "in-band", "out-of-band"
OUT_OF_BAND_PORTS = 48
CORD_M = 10.0
"""Length of a management cord where a floor gives the other lengths: out-of-band switches stand in every row."""
LEAF_LEAF = "leaf-leaf"
"""Link class of the links between twins."""
Kits = tuple[optics.Kit, ...]


def switches(catalogue: Catalogue) -> tuple[Switch, Switch]:
    """The in-band and the out-of-band switch."""
    return catalogue.switches[rules.IN_BAND_SWITCH], catalogue.switches[rules.OUT_OF_BAND_SWITCH]


def optic_rows(catalogue: Catalogue) -> list[Optic]:
    """Optics of the speeds of management links, and fibres."""
    speeds = (rules.IN_BAND_GBPS, rules.OUT_OF_BAND_GBPS)
    return [o for o in catalogue.optics.values() if o.gbps in speeds or o.kind == "fibre"]


def networks(
    pair: tuple[Switch, Switch],
    optic_rows: list[Optic],
    choice: FabricChoice,
    kit_rank: Callable[[optics.Kit], optics.Rank] | None,
) -> tuple[NetworkOption, NetworkOption]:
    """The in-band and the out-of-band network of any pool.

    Raises:
        FabricError: no optic or cable reaches.
    """
    band, below = pair
    two, three = rules.in_band_designs(fabric.used_radix(band, rules.IN_BAND_GBPS))
    wide = tuple(f for f in three.frames if f.units > two.frames[-1].units)
    upper = optics.cage_links(band, rules.IN_BAND_GBPS)

    def made(network: str, gbps: float, link_class: str, length_m: float | None, lower: int, upper: int) -> Kits:
        found = optics.kits(optic_rows, gbps=gbps, length_m=length_m or 0.0, lower=lower, upper=upper)
        if not found:
            raise fabric.FabricError(f"no optic or cable makes a {gbps:g}G {network} link of {length_m or 0:g} m")
        return found if kit_rank is None or length_m is None else optics.not_beaten(found, kit_rank)

    lengths = {
        **{c: choice.typed_length_m(c) for c in ("node-leaf", "leaf-spine", "spine-core")}, LEAF_LEAF: rules.TWIN_M,
    }  # fmt: skip
    kits = {
        c: made(IN_BAND, rules.IN_BAND_GBPS, c, m, 1 if c == "node-leaf" else upper, upper) for c, m in lengths.items()
    }
    cord_m = choice.typed_length_m("node-leaf") or CORD_M
    cord = made(OUT_OF_BAND, rules.OUT_OF_BAND_GBPS, "node-leaf", cord_m, 1, 1)
    unit = fabric.Unit(servers=0, leaves=1, leaf_spine_links=0)
    counted = fabric.Design(below.ports, ports=1, tiers=1, rails=False, unit=unit, frames=(), down=below.ports)
    pairs = replace(two, frames=(*two.frames, *wide))
    known = {c: m or 0.0 for c, m in lengths.items()}
    cords = {"node-leaf": cord}
    return (
        NetworkOption(IN_BAND, band, rules.IN_BAND_GBPS, pairs, kits, known, pairs),
        NetworkOption(OUT_OF_BAND, below, rules.OUT_OF_BAND_GBPS, counted, cords, {"node-leaf": cord_m}, counted),
    )


def of_unit(compute: NetworkOption, servers_per_rack: int) -> int:
    """Out-of-band switches that a scalable unit of the compute network has to itself (row M2)."""
    design = compute.design
    row = design.ports // design.rail_ports if design.rails else compute.planes
    rows = design.unit.leaves // row
    each = rules.out_of_band_of_unit(design.unit.servers // rows, row, servers_per_rack)
    return rows * each


def places(networks: Sequence[NetworkOption], most_servers: int, servers_per_rack: int) -> int:
    """In-band ports that a pool needs at most: for its servers and, generously, its out-of-band switches.

    Blocks that take whole units leave less than half of them idle, so twice the switches of a full pool are enough.
    """
    switches, own = 0.0, 0
    for option in networks:
        unit, frames = option.design.unit, option.design.frames
        units = -(-most_servers // unit.servers)
        share = max(f.switches / f.servers for f in frames)
        switches += 2 * (units * unit.leaves + share * most_servers) + max(f.switches for f in frames[:2])
        if option.network == "compute":
            own = 2 * units * of_unit(option, servers_per_rack)
    racks = -(-most_servers // servers_per_rack)
    in_band = 0.25 * most_servers + 16  # a pair for 58 servers, with all above it
    links = most_servers + switches + in_band + rules.PDUS_PER_RACK * racks
    return most_servers + max(own, math.ceil(links / OUT_OF_BAND_PORTS))
