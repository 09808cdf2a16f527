"""The networks of a step as the tables of a plan show them, made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from planner.options.tied import Made


@dataclass(frozen=True)
class Cluster:
    """Equal clusters of one network, as rows of the plan's table ``clusters``."""

    frame: str
    tiers: int
    servers: int
    units: int
    leaves: int
    uplinks: int
    pods: int
    spines: int
    spine_uplinks: int
    cores: int
    count: int


@dataclass(frozen=True)
class Standing:
    """One network of a step with all its places taken."""

    network: str
    switch: str
    gbps: float
    tiers: int
    planes: int
    leaf_ratio: float
    spine_ratio: float
    clusters: tuple[Cluster, ...]
    units: int
    leaves: int
    spines: int
    cores: int
    links: tuple[Made, ...]
    """All but the node-leaf links."""
    ports: float
    """Node-leaf links of a server."""
    other_ports: int = 0
    """Node-leaf links of what is no server: out-of-band switches, whose own network counts switches and racks."""
    rack_ports: int = 0
    """Node-leaf links of a server rack."""
    spine_switch: str | None = None
    core_switch: str | None = None
    """Switches of spines and of cores, where not those of leaves and of spines."""
    uplink_gbps: float = 0.0
    """Speed of links between switches where it is not ``gbps``; 0 otherwise."""


class Standings(Sequence[Standing]):
    """The networks of a step, made when first looked at: of many thousand steps a plan shows a few.

    Args:
        make: makes those of a step by its number.
    """

    __slots__ = ("_found", "_make", "_number")

    def __init__(self, make: Callable[[int], tuple[Standing, ...]], number: int) -> None:
        self._make, self._number = make, number
        self._found: tuple[Standing, ...] | None = None

    @property
    def made(self) -> tuple[Standing, ...]:
        if self._found is None:
            self._found = self._make(self._number)
        return self._found

    @overload
    def __getitem__(self, index: int) -> Standing: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Standing, ...]: ...
    def __getitem__(self, index: int | slice) -> Standing | tuple[Standing, ...]:
        return self.made[index]

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Standing]:
        return iter(self.made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.made == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.made)
