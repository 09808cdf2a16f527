"""What a table of predicted against published figures comes to, and the targets it is held to."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """One target and what was found."""

    what: str
    found: float
    asked: float
    unit: str
    """``%`` of the published value, ``points`` of MFU, or none."""
    met: bool
    missed_by: tuple[str, ...] = ()
    """Rows beyond the target."""


def summarised(what: str, rows: Sequence[Mapping[str, Any]], target: float | None, note: str) -> dict[str, Any]:
    """``what``, ``rows``, ``mean_error``, ``leave_one_out``, ``worst``, ``target``, ``met`` and ``note`` of some rows.

    Errors are means of absolute values but for the worst, which is signed. The leave-one-out error is that of rows
    used to fit; None where there are none.

    >>> rows = [{"error": -0.1, "leave_one_out": -0.2}, {"error": 0.3, "leave_one_out": None}]
    >>> found = summarised("rows", rows, 0.15, "")
    >>> round(found["mean_error"], 3), found["leave_one_out"], found["worst"], found["met"]
    (0.2, 0.2, 0.3, False)
    """
    error = statistics.fmean(abs(row["error"]) for row in rows)
    left_out = [abs(row["leave_one_out"]) for row in rows if row["leave_one_out"] is not None]
    return {
        "what": what,
        "rows": len(rows),
        "mean_error": error,
        "leave_one_out": statistics.fmean(left_out) if left_out else None,
        "worst": max((row["error"] for row in rows), key=abs),
        "target": target,
        "met": None if target is None else error <= target,
        "note": note,
    }
