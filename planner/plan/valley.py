"""What loads carry on replicas of services in the hours in which these are idle, counted on decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.engineering.valley import idle

if TYPE_CHECKING:
    from planner.options.tables import Filling, Options, Size
    from planner.plan.decisions import Decisions
    from planner.plan.ground import Ground


@dataclass(frozen=True)
class Filled:
    """Blocks of one size of a service at a site.

    Attributes:
        idle: blocks that are idle, mean of a day.
    """

    filling: Filling
    site: str
    period: int
    blocks: int
    idle: float

    @property
    def carried(self) -> float:
        """Of the load that fills them, mean of a day."""
        return self.idle * self.filling.rate


def filled(options: Options, shared: Mapping[tuple[str, str, int], int]) -> Iterator[Filled]:
    """All that is idle by the hour for loads to fill, of blocks by (size, site, period)."""
    for (id, site, t), blocks in shared.items():
        filling = options.fillings.get(id)
        if filling is not None and site in filling.sites:
            yield Filled(filling, site, t, blocks, idle(blocks, filling.levels))


def filled_rows(ground: Ground, decisions: Decisions) -> list[dict[str, Any]]:
    """Rows of what is filled, in the order of sizes, sites and periods."""
    order = {id: number for number, id in enumerate(ground.sizes)}
    rows = []
    for each in sorted(
        filled(ground.options, decisions.shared), key=lambda f: (order[f.filling.size], f.site, f.period)
    ):
        size: Size = ground.sizes[each.filling.size]
        if each.idle:
            unit = next(s.rate_unit for s in ground.options.sizes if s.workload == each.filling.workload)
            rows.append(
                {
                    "workload": each.filling.workload, "service": size.workload, "site": each.site,
                    "server": size.server, "leaf_oversubscription": size.leaf_ratio,
                    "spine_oversubscription": size.spine_ratio, "devices_per_block": size.devices,
                    "period": each.period, "blocks": each.blocks, "idle_blocks": each.idle,
                    "rate_per_block": each.filling.rate, "rate_unit": unit, "carried": each.carried,
                }
            )  # fmt: skip
    return rows
