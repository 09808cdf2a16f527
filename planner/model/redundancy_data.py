"""What services ask to hold when servers or a site are lost, for ``formulations/redundancy.py``."""

from __future__ import annotations

from formulations.redundancy import RedundancyData
from planner.instance.workloads import Inference, tolerated
from planner.options import Options


def redundancy_data(options: Options, outline: bool = False) -> RedundancyData:
    """Everything that ``add_redundancy`` needs.

    Args:
        outline: leave out spare servers and standby replicas, where replicas have no pool of their own.
    """
    services = [w for w in options.instance.workloads if isinstance(w, Inference)]
    return RedundancyData(
        spares={} if outline else tolerated(services),
        survives=frozenset(w.name for w in services if w.survives_site_loss),
        share={w.name: w.largest_site_share for w in services if w.largest_site_share is not None},
        site={pool.id: pool.site for pool in options.pools},
    )
