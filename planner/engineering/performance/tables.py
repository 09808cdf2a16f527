"""Reader of the CSV files of figures that the performance models use; they lie with the catalogue's."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def read_rows(file: str) -> tuple[dict[str, str], ...]:
    """Rows of a packaged CSV file, column -> text; read once.

    >>> read_rows("models.csv")[0]["id"]
    'gpt3-175b'
    """
    text = (files("planner.catalogue") / "data" / file).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
