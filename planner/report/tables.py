"""A table of text, drawn by ``terminal.py`` and ``html.py`` alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

WORD_WIDTHS = (30, 20, 16, 13, 11, 9, 7, 5, 3)
"""Lengths up to which words stay whole; the first for which a table fits is used."""
GAP = 2
"""Characters between columns."""
SHORT_WORD = 7
"""Words up to this length are whole before a spare column is shown."""


@dataclass(frozen=True)
class Table:
    """Rows of text under headed columns.

    Attributes:
        title: what the table shows.
        columns: headings, in several lines where that keeps a column narrow; one that starts with ``>`` heads a
            column of numbers, set to the right, one with ``=`` a column of ids, which are no more broken than numbers.
        rows: as many cells as columns each.
        note: a sentence below.
        total: whether the last row is the sum of the others.
        spare: columns that a narrow terminal does without, the first of them first.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    total: bool = False
    spare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.title!r} has rows that do not fit its {len(self.columns)} columns")

    def headings(self) -> tuple[tuple[str, bool], ...]:
        """(heading, whether its cells are numbers) of each column."""
        return tuple((name.removeprefix("=").removeprefix(">"), name.startswith(">")) for name in self.columns)

    def narrowed(self, width: int) -> Table:
        """Without as many of the spare columns as ids and numbers need to stay whole.

        >>> one = Table("", ("=id", "made by", ">price"), (("dgx-a100-320", "NVIDIA", "199,000"),), spare=("made by",))
        >>> one.narrowed(30).columns, one.narrowed(25).columns
        (('=id', 'made by', '>price'), ('=id', '>price'))
        """
        found = self
        for name in self.spare:
            if sum(found.least_widths(SHORT_WORD)) + GAP * (len(found.columns) - 1) <= width:
                break
            at = found.columns.index(name)
            rows = tuple(row[:at] + row[at + 1 :] for row in found.rows)
            found = replace(found, columns=found.columns[:at] + found.columns[at + 1 :], rows=rows)
        return found

    def natural_widths(self) -> list[int]:
        """Width of each column with no line broken but by the heading's own."""
        lines = [[*name.split("\n"), *(row[n] for row in self.rows)] for n, (name, _) in enumerate(self.headings())]
        return [max(1, *map(len, found)) for found in lines]

    def least_widths(self, word: int) -> list[int]:
        """Width of each column with numbers and ids whole, and words up to a length whole."""
        widths = []
        for number, (name, is_number) in enumerate(self.headings()):
            cells = [row[number] for row in self.rows]
            whole = is_number or self.columns[number].startswith("=")
            words = [piece for text in (name, *([] if whole else cells)) for piece in text.split()]
            longest = min(max(map(len, words), default=0), word)
            widths.append(max(1, longest, *(map(len, cells) if whole else ())))
        return widths


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], note: str = "", total: bool = False,
    spare: Sequence[str] = (),
) -> Table:  # fmt: skip
    """A ``Table`` of any sequences."""
    return Table(title, tuple(columns), tuple(tuple(row) for row in rows), note, total, tuple(spare))


def ditto(rows: Iterable[tuple[str, ...]], first: int = 1) -> Iterable[tuple[str, ...]]:
    """Rows with the first cells blank where all of them repeat those above.

    >>> list(ditto([("a", "1"), ("a", "2"), ("b", "2")]))
    [('a', '1'), ('', '2'), ('b', '2')]
    """
    above: tuple[str, ...] = ()
    for row in rows:
        yield row if row[:first] != above else ("",) * first + row[first:]
        above = row[:first]


def column_widths(table: Table, width: int) -> list[int]:
    """Widths of the columns within a terminal: numbers and words stay whole as far as there is room.

    Each column gets its least width, then what is left is dealt out until every column is as wide as its text.
    """
    room = max(width - GAP * (len(table.columns) - 1), len(table.columns))
    widths = next((found for found in map(table.least_widths, WORD_WIDTHS) if sum(found) <= room), None)
    if widths is None:
        widths = table.least_widths(WORD_WIDTHS[-1])
        while sum(widths) > room:
            widths[widths.index(max(widths))] -= 1
    wanted = table.natural_widths()
    spare = room - sum(widths)
    while spare and any(have < want for have, want in zip(widths, wanted, strict=True)):
        for number, want in enumerate(wanted):
            if spare and widths[number] < want:
                widths[number] += 1
                spare -= 1
    return widths
