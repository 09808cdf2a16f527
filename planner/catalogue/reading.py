"""Records of the catalogue's CSV files as typed rows; every fault is reported, with file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from planner.catalogue.rows import instead, typed
from planner.errors import Fault
from planner.files import read_file

DATA = Path(__file__).parent / "data"
"""Folder of the packaged files."""
MAX_BYTES = 16 * 2**20

Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True)
class Record:
    """A record of a CSV file: its first line, the columns of the file, its cells that are not empty."""

    line: int
    columns: frozenset[str]
    cells: Mapping[str, str]


def csv_text(path: Path) -> str | Fault:
    """Text of a CSV file, or why it cannot be read."""
    try:
        return read_file(path, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        return Fault(str(path), None, "", f"cannot be read: {reason}")


def records(path: Path, model: type[BaseModel], faults: list[Fault]) -> Iterator[Record]:
    """Records of a CSV file; cells are stripped, and empty ones and empty lines left out."""
    text = csv_text(path)
    if isinstance(text, Fault):
        faults.append(text)
        return
    yield from csv_records(text, str(path), faults, lambda header: _bad_header(header, model))


def csv_records(
    text: str, name: str, faults: list[Fault], bad_header: Callable[[list[str]], Iterable[tuple[str, str]]]
) -> Iterator[Record]:
    """Records of a text in CSV, as ``records``.

    Args:
        name: of the file in faults.
        bad_header: what is wrong with a header, as (column, message).
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for record in reader:
            first, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in record]
            if not any(cells):
                continue
            if not header:
                header = cells
                faults += [Fault(name, first, column, message) for column, message in bad_header(header)]
            elif len(cells) != len(header):
                faults.append(Fault(name, first, "", f"found {len(cells)} cells; the header has {len(header)}"))
            else:
                filled = {column: cell for column, cell in zip(header, cells, strict=True) if cell}
                yield Record(first, frozenset(header), filled)
    except csv.Error as error:
        faults.append(Fault(name, line, "", f"is not CSV: {error}"))
    if not header:
        faults.append(Fault(name, None, "", "is empty; a header and rows are accepted"))


def _bad_header(header: Sequence[str], model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for position, name in enumerate(header):
        if name not in model.model_fields:
            yield name, f"found an unknown column; {instead(name, model.model_fields)}"
        elif name in header[:position]:
            yield name, "found the column a second time"
    for name, field in model.model_fields.items():
        if field.is_required() and name not in header:
            yield name, "found no such column; it is required"


def typed_row(path: Path, record: Record, model: type[Row], faults: list[Fault]) -> Row | None:
    """The typed row, or None and its faults. What is wrong with whole columns was said of the header."""
    fields = model.model_fields  # looked up once: pydantic searches for it each time
    cells = {name: cell for name, cell in record.cells.items() if name in fields}
    row, found = typed(model, cells)
    faults += [Fault(str(path), record.line, name, message) for name, message in found if name in record.columns]
    return row
