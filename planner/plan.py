"""A plan: integer decision rows, a priced bill of materials, cost lines and where they came from.

Tables are tuples of plain dictionaries, so that ``plan.json`` holds exactly what the object holds; the
properties give them as pandas DataFrames. The columns of every table are listed in ``COLUMNS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT_VERSION = 1

# Every decision row names its pool (site/server/rack class/fabric family) and period (from 1).
COLUMNS: Mapping[str, tuple[str, ...]] = {
    # servers of a pool
    "fleet": ("pool", "site", "server", "accelerator", "cooling", "rack_kw", "fabric", "period", "bought", "in_service"),
    # which pool carries which workload; a block is one training run, one serving group or one compute server
    "workloads": ("workload", "kind", "pool", "site", "server", "period", "blocks", "servers_per_block", "rate_per_block", "rate_unit", "servers"),
    # server and network racks of a pool; places is what one rack holds (servers), 0 for network racks
    "racks": ("pool", "site", "purpose", "rack", "rack_kw", "places", "period", "bought", "installed"),
    # frames: `clusters` equal clusters of one pool's network, each for at most `servers_each` servers
    "clusters": ("pool", "site", "network", "frame", "tiers", "servers_each", "units_each", "spines_each", "period", "clusters"),
    # switches and links by tier of one network of a pool
    "networks": ("pool", "site", "network", "switch", "period", "units", "leaves", "spines", "cores", "switches_bought",
                 "switches", "node_leaf_links", "leaf_spine_links", "spine_core_links"),
    # links of one class on one kit of parts (end_a is the lower end); parts_per_link: part id -> count per link
    "links": ("pool", "site", "network", "link_class", "gbps", "length_m", "kit", "parts_per_link", "period", "links"),
    # modules, cables and fibres of a pool
    "parts": ("pool", "site", "part", "period", "bought", "installed"),
    "cooling": ("site", "cooling", "period", "bought_kw", "capacity_kw", "it_kw", "pue", "peak_pue"),
    "sites": ("site", "country", "period", "it_kw", "facility_kw", "power_limit_kw", "bought_power_kw", "power_kw",
              "it_mwh_per_year", "facility_mwh_per_year", "pue", "pue_limit"),
}
BILL_COLUMNS = ("kind", "item", "description", "site", "pool", "network", "period", "quantity", "unit", "unit_price",
                "cost", "acquisition", "price_as_of", "price_source", "price_estimate")
COST_COLUMNS = ("account", "item", "site", "period", "amount", "present_value")


@dataclass(frozen=True)
class Plan:
    """A complete plan. See ``COLUMNS`` for the tables of ``decisions``.

    Attributes:
        name: name of the instance.
        status: ``optimal`` (within the asked gap) or ``feasible`` (a limit was reached first).
        gap: relative distance (objective - bound) / |objective|.
        bound: proven lower limit of the objective.
        objective: value of the objective, in ``currency``.
        objective_kind: ``tco`` or ``capex``.
        currency: ISO code; ``currency_year`` the year money is counted in.
        totals: tco, capex, opex, accelerators, servers, racks, switches, optics, it_kw, facility_kw, pue.
        decisions: table name -> rows.
        bill_of_materials: rows of ``BILL_COLUMNS``.
        costs: rows of ``COST_COLUMNS``; account is capex, energy, maintenance or residual (negative).
        verification: list of checks with ``check``, ``passed``, ``detail``.
        provenance: hashes of inputs, versions, solver options, the instance itself under ``instance``.
    """

    name: str
    status: str
    gap: float
    bound: float
    objective: float
    objective_kind: str
    currency: str
    currency_year: int
    totals: Mapping[str, float]
    decisions: Mapping[str, tuple[Mapping[str, Any], ...]]
    bill_of_materials_rows: tuple[Mapping[str, Any], ...]
    cost_rows: tuple[Mapping[str, Any], ...]
    verification: tuple[Mapping[str, Any], ...]
    provenance: Mapping[str, Any]
