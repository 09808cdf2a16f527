"""The option tables and their columns."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd

from planner.catalogue import Catalogue
from planner.engineering.export_rules import Cap
from planner.instance import Instance
from planner.instance.resolve import SiteFacts

LINK_CLASSES = ("node-leaf", "leaf-spine", "spine-core")

POOL_COLUMNS = (
    "pool", "site", "country", "server", "accelerator", "accelerators", "cooling", "rack", "rack_kw", "fabric",
    "switch", "places", "server_kw", "rack_height", "may_order", "most_servers", "availability",
)  # fmt: skip
NETWORK_COLUMNS = (
    "pool", "network", "switch", "gbps", "radix", "ports", "unit_servers", "unit_leaves",
    "unit_leaf_spine_links", "unit_management", "switch_kw", "switch_height",
)  # fmt: skip
FRAME_COLUMNS = (
    "pool", "network", "frame", "tiers", "servers", "units", "leaves", "spines", "cores", "leaf_spine_links",
    "spine_core_links",
)  # fmt: skip
KIT_COLUMNS = ("pool", "network", "link_class", "gbps", "length_m", "kit", "parts")
REACH_COLUMNS = ("pool", "network", "link_class", "length_m", "share")
BLOCK_COLUMNS = (
    "workload", "kind", "pool", "servers_per_block", "rate_per_block", "rate_unit", "one_cluster",
    "expected_servers", "basis",
)  # fmt: skip
DEMAND_COLUMNS = ("workload", "period", "demand")


@dataclass(frozen=True)
class Removed:
    """An option taken out before the model was built: which, by what family of rules, and the sentence why."""

    subject: str
    family: str
    reason: str


@dataclass(frozen=True)
class Item:
    """A thing with a price in the instance's currency, its life and where the price comes from."""

    kind: str
    id: str
    description: str
    unit: str
    price: float
    life_years: float
    price_as_of: datetime.date
    price_source: str
    estimate: bool


@dataclass(frozen=True)
class Options:
    """Every option table of one instance.

    Attributes:
        instance, catalogue: what they were made from.
        sites: SiteFacts by site name.
        items: (kind, id) -> Item for everything an option may call for; the power train is ("facility", site), its
            building ("building", site) and its land ("land", site).
        pools: one row per (site, server, rack class, fabric family), indexed by pool; ``places`` servers per rack,
            ``may_order`` one truth value per period (export rules), ``most_servers`` a proven bound,
            ``availability`` the share of its servers that carry load.
        networks: one row per (pool, network): switch, radix at the used speed, the scalable unit;
            ``unit_management`` out-of-band switches that a unit of the compute network has to itself.
        frames: one row per (pool, network, frame): what stands above the units.
        kits: one row per (pool, network, link class, kit); ``parts`` maps part id to count per link, ``length_m`` is
            the longest link that it makes.
        reaches: one row per (pool, network, link class, length) where a floor gives several lengths: the ``share`` of
            links that are at least so long.
        blocks: one row per (workload, pool): servers and rate of one block (run, serving group, compute server), the
            servers that the expected estimate takes for it, and how it was sized.
        demand: one row per (workload, period from 1), in the unit of the rate.
        removed: what was taken out and why.
        caps: quantity limits of the export rules on what may be ordered.
        notes: what the export rules say beside their outcome, by accelerator.
        embodied_t: tonnes of carbon of making one item, by (kind, id), where the instance counts them.
    """

    instance: Instance
    catalogue: Catalogue
    sites: dict[str, SiteFacts]
    items: dict[tuple[str, str], Item]
    pools: pd.DataFrame
    networks: pd.DataFrame
    frames: pd.DataFrame
    kits: pd.DataFrame
    reaches: pd.DataFrame
    blocks: pd.DataFrame
    demand: pd.DataFrame
    removed: tuple[Removed, ...]
    caps: tuple[Cap, ...] = ()
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    embodied_t: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def periods(self) -> range:
        return range(1, self.instance.horizon.periods + 1)


def records(table: pd.DataFrame) -> Iterator[Any]:
    """Rows of an option table as named tuples (pandas gives their fields no types)."""
    return cast("Iterator[Any]", table.itertuples(index=False))
