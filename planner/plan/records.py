"""Rows of a table as typed objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from planner.plan.rows import Line, columns

if TYPE_CHECKING:
    import pandas as pd

AnyLine = TypeVar("AnyLine", bound=Line)


class Records(tuple[AnyLine, ...], Generic[AnyLine]):
    """Rows of one table, each with its columns as attributes.

    >>> from planner.plan.rows import UnitCost
    >>> row = dict(workload="gpt", unit="run", accelerator="", load="mean", quantity=2, present_quantity=2.0,
    ...            present_value=10.0, unit_cost=5.0)
    >>> records = Records.of("unit_costs", UnitCost, [row])
    >>> records[0].unit_cost, list(records.to_frame()["unit"])
    (5.0, ['run'])
    """

    table: str

    @classmethod
    def of(cls, table: str, kind: type[AnyLine], rows: Iterable[Mapping[str, Any]]) -> Records[AnyLine]:
        """Rows of a plan as records of their type."""
        names = [f.name for f in fields(kind)]
        found = cls(kind(**{name: row[name] for name in names}) for row in rows)
        found.table = table
        return found

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas DataFrame, its columns in the order of files."""
        import pandas as pd

        names = list(columns(self.table))
        return pd.DataFrame([[getattr(row, name) for name in names] for row in self], columns=names)
