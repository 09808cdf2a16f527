"""A plan: integer decision rows, a priced bill of materials, cost lines and where they came from.

Tables are tuples of plain dictionaries, so that ``plan.json`` holds exactly what the object holds; the
properties give them as pandas DataFrames. ``planner.plan.rows`` declares the tables and their columns.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from formulations.accounts import RUNNING, Account
from planner.display import shown
from planner.errors import PlanFileError
from planner.files import Text, kept_apart, read_file, write_together
from planner.plan.formats import FORMAT_VERSION, in_present_form
from planner.plan.reading import decision_faults, digest, table_faults
from planner.plan.records import Records
from planner.plan.rows import DECISIONS, MONEY, Alternative, Cash, Order, UnitCost, WorkloadCost, columns
from planner.plan.screen import plan_screen

if TYPE_CHECKING:
    import pandas as pd

PLAN_FILE = "plan.json"
TABLE_FILES: Mapping[str, str] = {"bom.csv": "bill_of_materials", "costs.csv": "costs"}
"""Tables that are also written as CSV."""
FILES = (PLAN_FILE, *TABLE_FILES)
"""Files of a plan in its folder."""
LIST_FILES = ("cables.csv", "racks.csv")
"""Lists of what stands on the floor (``planner.inventory``), beside them where they were asked for."""
NO_LISTS: Mapping[str, Text] = MappingProxyType({})
MAX_BYTES = 512 * 2**20
COLUMNS: Mapping[str, tuple[str, ...]] = {name: columns(name) for name in DECISIONS}
"""Columns of the tables of decisions, by table."""
BILL_COLUMNS = columns("bill_of_materials")
COST_COLUMNS = columns("costs")
RUNNING_ACCOUNTS = tuple(str(account) for account in (*RUNNING, Account.EMBODIED))
"""Accounts whose sum is ``opex``."""
ACCOUNTS = tuple(str(account) for account in Account)
"""Every account."""


@dataclass(frozen=True, repr=False)
class Plan:
    """A complete plan. ``planner.plan.rows`` has the tables of ``decisions``.

    Attributes:
        name: name of the instance.
        status: ``optimal`` (within the asked gap) or ``feasible`` (a limit was reached first).
        gap: relative distance (objective - bound) / |objective|.
        bound: proven lower limit of the objective.
        objective: value of the objective, in ``currency``.
        objective_kind: ``tco`` or ``capex``.
        currency: ISO code; ``currency_year`` the year money is counted in.
        totals: tco, capex, opex, the ranges of tco and capex, purchases by grade of their prices, accelerators,
            servers, racks, switches, optics, cables, it_kw, facility_kw, pue.
        decisions: table name -> rows.
        bill_of_materials_rows: rows of ``BILL_COLUMNS``.
        cost_rows: rows of ``COST_COLUMNS``; account is capex, energy, rent, maintenance, water, carbon,
            embodied carbon or residual (negative).
        money_rows: rows of the tables of ``planner.plan.rows.MONEY`` by name: costs by workload and unit of work,
            alternatives, cash flow, orders.
        verification: list of checks with ``check``, ``passed``, ``detail``.
        provenance: hashes of inputs, versions, solver options, the instance itself under ``instance``.
        stated_digest: the digest that the file states which the plan was read from; None for a plan made here. Of a
            file of an earlier format that was not edited, the digest of what it says in the present one.
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
    money_rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    verification: tuple[Mapping[str, Any], ...]
    provenance: Mapping[str, Any]
    stated_digest: str | None = field(default=None, compare=False)

    # Tables

    @property
    def bill_of_materials(self) -> pd.DataFrame:
        """Priced purchases, one row per item, site, pool and period; money in ``currency``."""
        return _table(self.bill_of_materials_rows, BILL_COLUMNS)

    @property
    def costs(self) -> pd.DataFrame:
        """Cost lines: undiscounted amount and present value by account, item, site and period."""
        return _table(self.cost_rows, COST_COLUMNS)

    @property
    def workload_costs(self) -> Records[WorkloadCost]:
        """Cost lines shared out among the workloads; they add up to ``costs``."""
        return Records.of("workload_costs", WorkloadCost, self.money_rows["workload_costs"])

    @property
    def unit_costs(self) -> Records[UnitCost]:
        """Cost of a run, a million tokens, an accelerator-hour or a user, at mean and at peak load."""
        return Records.of("unit_costs", UnitCost, self.money_rows["unit_costs"])

    @property
    def alternatives(self) -> Records[Alternative]:
        """What renting the accelerators or buying the tokens would cost instead, with the break-even."""
        return Records.of("alternatives", Alternative, self.money_rows["alternatives"])

    @property
    def cash_flow(self) -> Records[Cash]:
        """Cash by account, year of the horizon and period."""
        return Records.of("cash_flow", Cash, self.money_rows["cash_flow"])

    @property
    def orders(self) -> Records[Order]:
        """What to order when, for which site and from whom."""
        return Records.of("orders", Order, self.money_rows["orders"])

    def rows(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Rows of any table, by its name in ``planner.plan.rows.TABLES``.

        Raises:
            KeyError: no such table.
        """
        lines = {"bill_of_materials": self.bill_of_materials_rows, "costs": self.cost_rows}
        return {**self.decisions, **lines, **self.money_rows}[name]

    def to_csv(self, name: str) -> str:
        """One table as CSV text.

        Raises:
            KeyError: no such table.
        """
        return _csv(self.rows(name), columns(name), _shown if name in _ROUNDED else lambda column, value: value)

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
        content = self._content()
        return {"format_version": FORMAT_VERSION, "sha256": digest(content), **content}

    @property
    def digest(self) -> str:
        """SHA-256 over everything that the plan says; differs from ``stated_digest`` where a file was edited."""
        return digest(self._content())

    @property
    def is_as_written(self) -> bool:
        """Whether nobody changed the plan since it was written."""
        return self.stated_digest in (None, self.digest)

    def _content(self) -> dict[str, Any]:
        return {
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
            **{name: [dict(row) for row in self.money_rows[name]] for name in MONEY},
            "verification": [dict(row) for row in self.verification],
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Plan:
        """Read a plan from plain data; one of an earlier format with a ``FormerFormatWarning``.

        Raises:
            PlanFileError: not a plan, a key, table or column missing, or a format version that is not read.
        """
        if not isinstance(data, Mapping) or "format_version" not in data:
            raise PlanFileError("this is not a plan: an object with format_version is expected")
        data = in_present_form(data, _KEYS)
        missing = [key for key in _KEYS if key not in data]
        if missing:
            raise PlanFileError(f"the plan has no {', '.join(missing)}")
        if unknown := [key for key in data if key not in (*_KEYS, "format_version")]:
            raise PlanFileError(f"{unknown[0]!r} is no key of a plan")
        decisions, totals, provenance = data["decisions"], data["totals"], data["provenance"]
        if not all(isinstance(part, Mapping) for part in (decisions, totals, provenance)):
            raise PlanFileError("decisions, totals and provenance must be objects")
        checks = data["verification"]
        if not isinstance(checks, list) or not all(isinstance(row, Mapping) for row in checks):
            raise PlanFileError("verification must be a list of objects")
        for faults in (decision_faults(decisions), *(table_faults(name, data[name]) for name in _LINES)):
            for fault in faults:
                raise PlanFileError(fault)
        return cls(
            **{key: data[key] for key in _SCALARS},
            totals=dict(totals),
            decisions={name: tuple(decisions[name]) for name in DECISIONS},
            bill_of_materials_rows=tuple(data["bill_of_materials"]),
            cost_rows=tuple(data["costs"]),
            money_rows={name: tuple(data[name]) for name in MONEY},
            verification=tuple(checks),
            provenance=dict(provenance),
            stated_digest=str(data["sha256"]),
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Plan:
        """Read ``plan.json``, or the ``plan.json`` in a folder.

        Raises:
            PlanFileError: the file cannot be read or is no plan.
        """
        return cls._read(_file(path))

    @classmethod
    def read_all(cls, path: str | os.PathLike[str]) -> tuple[Plan, dict[str, bytes | None]]:
        """Read a plan, and the tables beside its file as they stand there.

        Returns:
            The plan, and by name the content of every file of ``TABLE_FILES`` and ``LIST_FILES`` that is there; None
            if it cannot be read.

        Raises:
            PlanFileError: as for ``read``.
        """
        file = _file(path)
        tables: dict[str, bytes | None] = {}
        with kept_apart(file.parent, writes=False):
            plan = cls._read(file)
            for name in (*TABLE_FILES, *LIST_FILES) if file.name == PLAN_FILE else ():
                try:
                    tables[name] = read_file(file.parent / name, MAX_BYTES)
                except FileNotFoundError:
                    continue
                except OSError:
                    tables[name] = None
        return plan, tables

    @classmethod
    def _read(cls, file: Path) -> Plan:
        try:
            return cls.from_dict(json.loads(read_file(file, MAX_BYTES), object_pairs_hook=_once))
        except OSError as error:
            raise PlanFileError(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            if isinstance(error, PlanFileError):
                raise PlanFileError(f"{file}: {error}") from None
            raise PlanFileError(f"{file} is not JSON text: {error}") from None

    def write(self, folder: str | os.PathLike[str], lists: Mapping[str, Text] = NO_LISTS) -> tuple[Path, ...]:
        """Write ``plan.json``, ``bom.csv`` and ``costs.csv`` into a folder, made if absent.

        They appear whole and together or not at all, whoever else writes there (``planner.files.write_together``).

        Args:
            lists: texts of ``LIST_FILES`` (``planner.inventory``); of a former plan, those not given go.

        Raises:
            OSError: they cannot be written; what was there still stands.
        """
        return self._put(Path(folder), lists)

    def add_lists(self, folder: str | os.PathLike[str], lists: Mapping[str, Text]) -> tuple[Path, ...]:
        """Write the files of the plan again, lists beside them: to be called where they stand already without.

        Lists of a large plan take minutes and hundreds of megabytes; whatever ends that leaves the plan as it stands.

        Raises:
            OSError: they cannot be written; what was there still stands.
        """
        return self._put(Path(folder), lists)

    def _put(self, target: Path, lists: Mapping[str, Text]) -> tuple[Path, ...]:
        tables: dict[str, Text] = {file: self.to_csv(table) for file, table in TABLE_FILES.items()}
        write_together(target, (PLAN_FILE, self.to_json()), {**tables, **lists}, set(LIST_FILES) - set(lists))
        return tuple(target / name for name in (*FILES, *lists))

    def __repr__(self) -> str:
        return plan_screen(self)

    def _repr_html_(self) -> str:
        return shown("plan as HTML", self)


_SCALARS = ("name", "status", "gap", "bound", "objective", "objective_kind", "currency", "currency_year")
_LINES = ("bill_of_materials", "costs", *MONEY)
_KEYS = ("sha256", *_SCALARS, "totals", "decisions", *_LINES, "verification", "provenance")


def _file(path: str | os.PathLike[str]) -> Path:
    return Path(path) / PLAN_FILE if os.path.isdir(path) else Path(path)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file, every key of which must stand there once: of two, one would be read by nobody."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise PlanFileError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def _table(rows: tuple[Mapping[str, Any], ...], columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


_ROUNDED = ("bill_of_materials", "orders")
"""Tables with quantities in kW."""
KW_DECIMALS = 3
"""Of quantities in kW in ``bom.csv``: watts."""


def _shown(column: str, value: Any) -> Any:
    """A cell of ``bom.csv``: whole quantities whole, kW to the watt. ``plan.json`` keeps every digit.

    >>> _shown("quantity", 19707.50001899865), _shown("quantity", 12.0), _shown("cost", 0.1)
    (19707.5, 12, 0.1)
    """
    if column != "quantity" or not isinstance(value, float):
        return value
    rounded = round(value, KW_DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def _csv(rows: tuple[Mapping[str, Any], ...], names: tuple[str, ...], shown: Callable[[str, Any], Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([shown(name, row.get(name)) for name in names] for row in rows)
    return text.getvalue()
