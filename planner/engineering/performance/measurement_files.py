"""CSV files of a user's own measurements: their lines, or every fault of the file."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from planner.catalogue.reading import csv_text
from planner.errors import Fault, InstanceError


def read_lines(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and cells by column; cells that are not there are empty.

    Raises:
        InstanceError: the file cannot be read or has no rows, or columns are missing or unknown.
    """
    text = csv_text(path)
    if isinstance(text, Fault):
        raise InstanceError([text])
    reader = csv.DictReader(text.splitlines())
    names = reader.fieldnames or ()
    faults = []
    if missing := [name for name in required if name not in names]:
        faults.append(f"found no column {', '.join(missing)}; the columns {', '.join(required)} are needed")
    if unknown := [name for name in names if name not in (*required, *optional)]:
        faults.append(f"found unknown columns {', '.join(unknown)}; {', '.join((*required, *optional))} are accepted")
    found = [
        (reader.line_num, {name: (row.get(name) or "").strip() for name in (*required, *optional)}) for row in reader
    ]
    if not found and not faults:
        faults.append("has no rows; one measurement or more is accepted")
    if faults:
        raise InstanceError([Fault(str(path), 1, "", fault) for fault in faults])
    return found


def positive(text: str, whole: bool = False) -> float:
    """A cell as a number.

    >>> positive("64"), positive("1.5e3")
    (64.0, 1500.0)

    Raises:
        ValueError: it is no finite number above 0, or not whole.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)) or (whole and value % 1):
        raise ValueError(f"found {text!r}; a {'whole ' if whole else ''}number above 0 is accepted")
    return value
