"""What a search decides; everything else of a plan follows from it (``planner.plan.compile``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Decisions:
    """Whole numbers alone, so that no tolerance of a solver reaches a plan.

    Attributes:
        bought: servers by (pool, period).
        step: index into the steps of the pool's design by (pool, period); absent where no server stands.
        shared: blocks that share servers by (size, site, period).
        gangs: blocks of several whole servers by (size, pool, period).
        early: least that is bought by (kind, id, pool or site, period): pieces, or kW. Only where limits by period can
            make it worth buying before the need; no more is bought than some period of its life needs. Kinds are those
            of prices, but ``server racks`` and ``network racks``; ids of the power train, building and land are sites.
        swapped: links to servers made with another kit than their attachment's, by (pool, attachment, number of the
            swap, period); no more of them than there are, and none where the pool stands on another attachment.
    """

    bought: Mapping[tuple[str, int], int]
    step: Mapping[tuple[str, int], int]
    shared: Mapping[tuple[str, str, int], int]
    gangs: Mapping[tuple[str, str, int], int]
    early: Mapping[tuple[str, str, str, int], float] = field(default_factory=dict)
    swapped: Mapping[tuple[str, str, int, int], int] = field(default_factory=dict)
