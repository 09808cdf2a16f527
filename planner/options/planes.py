"""The design of one plane of a network, made once."""

from __future__ import annotations

from functools import lru_cache

from planner.engineering import fabric


def row_of(plane: fabric.Design) -> int:
    """Leaves that the servers of a unit share."""
    return plane.ports // plane.rail_ports if plane.rails else 1


@lru_cache(maxsize=1024)
def one_plane(
    radix: int,
    ports: int,
    rails: bool,
    tiers: int,
    leaf_ratio: float,
    spine_ratio: float,
    cage: int,
    rail_ports: int,
    frames: bool,
) -> fabric.Design | str:
    """The design of one plane, made once, with its frames or without; or the sentence why it cannot be built."""
    try:
        return fabric.design(
            radix, ports, rails=rails, tiers=tiers, leaf_ratio=leaf_ratio, spine_ratio=spine_ratio, cage_links=cage,
            rail_ports=rail_ports, frames=frames,
        )  # fmt: skip
    except fabric.FabricError as error:
        return str(error)
