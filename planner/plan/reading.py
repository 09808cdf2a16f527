"""Whether the tables of a plan file have the columns and types that ``planner.plan.rows`` declares, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from planner.plan.rows import DECISIONS, TABLES, columns

LARGEST = 1e30
"""No figure of a plan comes near; NaN and infinity do not pass either."""


def table_faults(table: str, rows: Any) -> Iterator[str]:
    """What is wrong with the form of a table, a sentence each. Whether a figure is right is the verifier's to say.

    >>> list(table_faults("costs", [{"account": "capex", "item": "servers", "site": "a", "period": 1, "amount": "x"}]))
    ["costs row 1: amount: found 'x'; a number is accepted", 'costs row 1 has no present_value']
    """
    if not isinstance(rows, (list, tuple)):
        yield f"{table} must be a list of objects"
        return
    wanted = _accepted(table)
    for number, row in enumerate(rows, start=1):
        where = f"{table} row {number}"
        if not isinstance(row, Mapping):
            yield f"{where} must be an object"
            continue
        for name, (fits, what) in wanted.items():
            if name not in row:
                yield f"{where} has no {name}"
            elif not fits(row[name]):
                found = "nothing" if row[name] is None else repr(row[name])[:40]
                yield f"{where}: {name}: found {found}; {what} is accepted"
        yield from (f"{where}: {name!r} is no column" for name in row if name not in wanted)


def decision_faults(decisions: Mapping[str, Any]) -> Iterator[str]:
    """The same of all tables of decisions, none of which may be absent."""
    for name in DECISIONS:
        if name not in decisions:
            yield f"the plan has no decisions.{name}"
        else:
            yield from table_faults(name, decisions[name])
    yield from (f"{name!r} is no table of decisions" for name in decisions if name not in DECISIONS)


def digest(content: Any) -> str:
    """SHA-256 of plain data as JSON with sorted keys and no blanks: of any change but to blanks and order of keys.

    It tells an edited file from a written one; whoever edits on purpose can write it anew, so it is no signature.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}), digest({"a": 1.0}) == digest({"a": 1.0000000000000002})
    (True, False)
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_number(value: object) -> bool:
    """Whether a value read from JSON is a number that arithmetic may be done with.

    >>> [is_number(v) for v in (1, 2.5, True, "3", float("nan"), 1e300)]
    [True, True, False, False, False, False]
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


Accepts = tuple[Callable[[object], bool], str]


@cache
def _accepted(table: str) -> Mapping[str, Accepts]:
    hints = get_type_hints(TABLES[table])
    return {name: _accepts(hints[name]) for name in columns(table)}


def _accepts(hint: Any) -> Accepts:
    members = get_args(hint)
    if NoneType in members:
        fits, what = _accepts(next(member for member in members if member is not NoneType))
        return lambda value: value is None or fits(value), f"{what} or null"
    if isinstance(get_origin(hint), type) and issubclass(get_origin(hint), Mapping):
        return lambda value: isinstance(value, Mapping) and all(map(is_number, value.values())), "an object of numbers"
    if hint is bool:
        return lambda value: isinstance(value, bool), "true or false"
    if hint is str:
        return lambda value: isinstance(value, str), "text"
    return is_number, "a number"
