"""A plan: integer decision rows, a priced bill of materials, cost lines and where they came from.

Tables are tuples of plain dictionaries, so that ``plan.json`` holds exactly what the object holds; the
properties give them as pandas DataFrames. The columns of every table are listed in ``COLUMNS``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlanFileError

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 1
MAX_BYTES = 512 * 2**20

# Every decision row names its pool (site/server/rack class/fabric family) and period (from 1).
COLUMNS: Mapping[str, tuple[str, ...]] = {
    # servers of a pool
    "fleet": (
        "pool",
        "site",
        "server",
        "accelerator",
        "cooling",
        "rack_kw",
        "fabric",
        "period",
        "bought",
        "in_service",
    ),
    # which pool carries which workload; a block is one training run, one serving group or one compute server
    "workloads": (
        "workload",
        "kind",
        "pool",
        "site",
        "server",
        "period",
        "blocks",
        "servers_per_block",
        "rate_per_block",
        "rate_unit",
        "servers",
        "expected_servers",
    ),
    # server and network racks of a pool; places is what one rack holds (servers), 0 for network racks
    "racks": ("pool", "site", "purpose", "rack", "rack_kw", "places", "period", "bought", "installed"),
    # frames: `clusters` equal clusters of one pool's network, each for at most `servers_each` servers
    "clusters": (
        "pool",
        "site",
        "network",
        "frame",
        "tiers",
        "servers_each",
        "units_each",
        "spines_each",
        "cores_each",
        "period",
        "clusters",
    ),
    # switches and links by tier of one network of a pool
    "networks": (
        "pool",
        "site",
        "network",
        "switch",
        "period",
        "units",
        "leaves",
        "spines",
        "cores",
        "switches_bought",
        "switches",
        "node_leaf_links",
        "leaf_spine_links",
        "spine_core_links",
    ),
    # links of one class on one kit of parts (end_a is the lower end); parts_per_link: part id -> count per link
    "links": ("pool", "site", "network", "link_class", "gbps", "length_m", "kit", "parts_per_link", "period", "links"),
    # modules, cables and fibres of a pool
    "parts": ("pool", "site", "part", "period", "bought", "installed"),
    "cooling": ("site", "cooling", "period", "bought_kw", "capacity_kw", "it_kw", "pue", "peak_pue"),
    "sites": (
        "site",
        "country",
        "period",
        "it_kw",
        "facility_kw",
        "power_limit_kw",
        "bought_power_kw",
        "power_kw",
        "bought_building_kw",
        "building_kw",
        "land_bought",
        "it_mwh_per_year",
        "facility_mwh_per_year",
        "pue",
        "pue_limit",
        "water_m3_per_year",
        "carbon_t_per_year",
    ),
}
BILL_COLUMNS = (
    "kind",
    "item",
    "description",
    "site",
    "pool",
    "network",
    "period",
    "quantity",
    "unit",
    "unit_price",
    "cost",
    "acquisition",
    "price_as_of",
    "price_source",
    "price_estimate",
)
RUNNING_ACCOUNTS = ("energy", "maintenance", "water", "carbon", "embodied carbon")
"""Accounts whose sum is ``opex``."""
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
        totals: tco, capex, opex, accelerators, servers, racks, switches, optics, cables, it_kw, facility_kw, pue.
        decisions: table name -> rows.
        bill_of_materials_rows: rows of ``BILL_COLUMNS``.
        cost_rows: rows of ``COST_COLUMNS``; account is capex, energy, maintenance, water, carbon,
            embodied carbon or residual (negative).
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

    # Tables

    @property
    def bill_of_materials(self) -> pd.DataFrame:
        """Priced purchases, one row per item, site, pool, network and period; money in ``currency``."""
        return _table(self.bill_of_materials_rows, BILL_COLUMNS)

    @property
    def costs(self) -> pd.DataFrame:
        """Cost lines: undiscounted amount and present value by account, item, site and period."""
        return _table(self.cost_rows, COST_COLUMNS)

    def table(self, name: str) -> pd.DataFrame:
        """One table of decisions, by its name in ``COLUMNS``.

        Raises:
            KeyError: no such table.
        """
        return _table(self.decisions[name], COLUMNS[name])

    # Files

    def to_json(self) -> str:
        """The plan as text; equal plans give equal text."""
        return json.dumps(self.to_dict(), indent=1, sort_keys=False, allow_nan=False) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data, in the order of ``plan.json``."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "status": self.status,
            "gap": self.gap,
            "bound": self.bound,
            "objective": self.objective,
            "objective_kind": self.objective_kind,
            "currency": self.currency,
            "currency_year": self.currency_year,
            "totals": dict(self.totals),
            "decisions": {name: [dict(row) for row in rows] for name, rows in self.decisions.items()},
            "bill_of_materials": [dict(row) for row in self.bill_of_materials_rows],
            "costs": [dict(row) for row in self.cost_rows],
            "verification": [dict(row) for row in self.verification],
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Plan:
        """Read a plan from plain data.

        Raises:
            PlanFileError: not a plan, a key missing, or another format version.
        """
        if not isinstance(data, Mapping) or "format_version" not in data:
            raise PlanFileError("this is not a plan: an object with format_version is expected")
        if data["format_version"] != FORMAT_VERSION:
            raise PlanFileError(f"plan format {data['format_version']!r} found; this version reads {FORMAT_VERSION}")
        missing = [key for key in _KEYS if key not in data]
        if missing:
            raise PlanFileError(f"the plan has no {', '.join(missing)}")
        decisions, totals, provenance = data["decisions"], data["totals"], data["provenance"]
        rows = {
            "bill_of_materials": data["bill_of_materials"],
            "costs": data["costs"],
            "verification": data["verification"],
        }
        if not all(isinstance(part, Mapping) for part in (decisions, totals, provenance)):
            raise PlanFileError("decisions, totals and provenance must be objects")
        for name, table in [*decisions.items(), *rows.items()]:
            if not isinstance(table, list) or not all(isinstance(row, Mapping) for row in table):
                raise PlanFileError(f"{name} must be a list of objects")
        return cls(
            **{key: data[key] for key in _SCALARS},
            totals=dict(totals),
            decisions={name: tuple(table) for name, table in decisions.items()},
            bill_of_materials_rows=tuple(rows["bill_of_materials"]),
            cost_rows=tuple(rows["costs"]),
            verification=tuple(rows["verification"]),
            provenance=dict(provenance),
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Plan:
        """Read ``plan.json``, or the ``plan.json`` in a folder.

        Raises:
            PlanFileError: the file cannot be read or is no plan.
        """
        file = Path(path)
        if file.is_dir():
            file = file / "plan.json"
        try:
            if file.stat().st_size > MAX_BYTES:
                raise PlanFileError(f"{file} is larger than {MAX_BYTES // 2**20} MiB")
            return cls.from_dict(json.loads(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise PlanFileError(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            if isinstance(error, PlanFileError):
                raise PlanFileError(f"{file}: {error}") from None
            raise PlanFileError(f"{file} is not JSON text: {error}") from None

    def write(self, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write ``plan.json``, ``bom.csv`` and ``costs.csv`` into a folder, made if absent.

        Each file appears whole or not at all.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        contents = {
            "plan.json": self.to_json(),
            "bom.csv": self.bill_of_materials.to_csv(index=False, lineterminator="\n"),
            "costs.csv": self.costs.to_csv(index=False, lineterminator="\n"),
        }
        for name, text in contents.items():
            draft = target / f".{name}.part"
            draft.write_text(text, encoding="utf-8")
            draft.replace(target / name)
        return tuple(target / name for name in contents)

    def _repr_html_(self) -> str:
        from planner.report.html import plan_summary_html

        return plan_summary_html(self)


_SCALARS = ("name", "status", "gap", "bound", "objective", "objective_kind", "currency", "currency_year")
_KEYS = (*_SCALARS, "totals", "decisions", "bill_of_materials", "costs", "verification", "provenance")


def _table(rows: tuple[Mapping[str, Any], ...], columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
