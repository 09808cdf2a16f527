"""Rows of the option tables about the networks of a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from planner.options import management
from planner.options.lengths import serves_m
from planner.options.networks import NetworkOption
from planner.units import W_PER_KW

Table = list[dict[str, Any]]


@dataclass
class NetworkRows:
    """Networks, frames, kits and reaches, filled pool by pool."""

    networks: Table = field(default_factory=list)
    frames: Table = field(default_factory=list)
    kits: Table = field(default_factory=list)
    reaches: Table = field(default_factory=list)

    def add(self, pool: str, options: tuple[NetworkOption, ...], managed: int, most: int, places: int) -> None:
        """Add the networks of a pool.

        Args:
            managed: how many of the last options are management networks.
            most: servers that the pool may ever hold; places: servers of a rack.
        """
        for option in options:
            needed = most
            if option.network == management.IN_BAND:
                needed = management.places(options[:-managed], most, places)
            of_unit = management.of_unit(option, places) if managed and option.network == "compute" else 0
            self._network(pool, option, of_unit)
            cored = self._frames(pool, option, needed)
            self._kits(pool, option, cored)

    def _network(self, pool: str, option: NetworkOption, of_unit: int) -> None:
        unit = option.design.unit
        self.networks.append(
            {
                "pool": pool, "network": option.network, "switch": option.switch.id, "gbps": option.gbps,
                "radix": option.design.radix, "ports": option.design.ports, "unit_servers": unit.servers,
                "unit_leaves": unit.leaves, "unit_leaf_spine_links": unit.leaf_spine_links,
                "unit_management": of_unit, "switch_kw": option.switch.power_w / W_PER_KW,
                "switch_height": option.switch.rack_units,
            }
        )  # fmt: skip

    def _frames(self, pool: str, option: NetworkOption, needed: int) -> bool:
        """Frames up to the first that carries all that is needed; whether any has cores."""
        cored = False
        for frame in option.design.frames:
            cored = cored or frame.cores > 0
            self.frames.append(
                {
                    "pool": pool, "network": option.network, "frame": frame.id, "tiers": frame.tiers,
                    "servers": frame.servers, "units": frame.units, "leaves": frame.leaves,
                    "spines": frame.spines, "cores": frame.cores, "leaf_spine_links": frame.leaf_spine_links,
                    "spine_core_links": frame.spine_core_links,
                }
            )  # fmt: skip
            if frame.units and frame.servers >= needed:
                break  # a larger frame is never needed
        return cored

    def _kits(self, pool: str, option: NetworkOption, cored: bool) -> None:
        for link_class, kits in option.kits.items():
            if link_class == "spine-core" and not cored:
                continue
            shares = option.shares.get(link_class, {option.length_m[link_class]: 1.0})
            key = {"pool": pool, "network": option.network, "link_class": link_class}
            for kit in kits:
                self.kits.append(
                    {
                        **key, "gbps": option.gbps, "length_m": serves_m(shares, kit), "kit": kit.id,
                        "parts": dict(kit.parts),
                    }
                )  # fmt: skip
            self.reaches += [{**key, "length_m": m, "share": share} for m, share in shares.items() if share < 1]
