"""What services hold when servers or a site are lost, in sentences for a reader of the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from planner.plan import Plan
from planner.report.words import plural


def losses(plan: Plan, instance: Any) -> list[str]:
    """A sentence for each service that asks to hold without servers or a site.

    Args:
        instance: as the plan's provenance has it; anything else gives none.
    """
    loads = instance.get("workloads") if isinstance(instance, Mapping) else None
    rows = loads if isinstance(loads, Sequence) and not isinstance(loads, str) else ()
    return [said for row in rows if isinstance(row, Mapping) and (said := _sentence(plan, row))]


def _sentence(plan: Plan, load: Mapping[str, Any]) -> str:
    name, redundancy, share = load.get("name"), load.get("redundancy"), load.get("largest_site_share")
    holds = (
        [f"with any {redundancy[2:]} of its servers at a site out of service"] if isinstance(redundancy, str) else []
    )
    holds += ["with any one site lost"] if load.get("survives_site_loss") is True else []
    holds += [f"counting on a site for at most {100 * share:.4g} %"] if isinstance(share, int | float) else []
    if not holds:
        return ""
    own = [row for row in plan.decisions["workloads"] if row["workload"] == name and row["blocks"]]
    last = max((row["period"] for row in own), default=0)
    idle: dict[tuple[str, str], float] = defaultdict(float)
    for row in plan.decisions["fleet"]:
        idle[row["site"], row["server"]] += row["in_service"] if row["period"] == last else 0
    for row in plan.decisions["workloads"]:
        idle[row["site"], row["server"]] -= row["servers"] if row["period"] == last else 0
    blocks: dict[tuple[str, str], int] = defaultdict(int)
    for row in own:
        blocks[row["site"], row["server"]] += row["blocks"] if row["period"] == last else 0
    where = [
        f"{plural(n, 'block', 'blocks')} at {site} on {server}" + _beside(idle[site, server] if redundancy else 0.0)
        for (site, server), n in blocks.items()
        if n
    ]
    return f"{name}: carried {', '.join(holds)}; in period {last} it has {', '.join(where)}."


def _beside(idle: float) -> str:
    """Whole servers that carry nothing, if there are any.

    >>> _beside(2.5), _beside(0.5)
    (' beside 2 idle servers', '')
    """
    whole = int(idle + 1e-9)
    return f" beside {plural(whole, 'idle server', 'idle servers')}" if whole > 0 else ""
