"""The lists of a plan as CSV text, in pieces, so that a hundred thousand cables take no memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from planner.catalogue import Catalogue
from planner.instance.choices import FloorLayout
from planner.inventory.cables import CableRow, cable_rows
from planner.inventory.racks import RackRow, rack_rows
from planner.plan.plan import Plan

LINES = 2_000
"""Lines of a piece."""


def list_texts(plan: Plan, catalogue: Catalogue, layout: FloorLayout | None) -> dict[str, Iterator[str]]:
    """The text of ``cables.csv`` and of ``racks.csv`` in pieces, made as they are asked for.

    Args:
        catalogue: the catalogue with the overrides of the plan's instance.
        layout: the instance's floor; None where it has none.

    Raises (while pieces are made):
        LookupError, ValueError, ArithmeticError: the plan is damaged, or not of this catalogue.
    """
    return {
        "cables.csv": _text(CableRow._fields, cable_rows(plan, catalogue, layout)),
        "racks.csv": _text(RackRow._fields, rack_rows(plan, catalogue, layout)),
    }


def _text(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    left = iter(rows)
    piece: list[tuple[object, ...]] = [columns]
    while piece:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(piece)
        yield text.getvalue()
        piece = list(islice(left, LINES))
