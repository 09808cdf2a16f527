"""Which variants a sweep solves: a grid over keys, a sample of it, or scenarios by name.

An axis is written as a change with several values: ``sites.*.pue_limit=1.1:1.5:0.05`` (first, last, step),
``budget.capex=-20%,+0%,+20%``, ``catalogue.servers.dgx-h100.price*=0.8,1,1.2``.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import SweepError

MOST_VALUES = 10_000
MOST_RUNS = 100_000
DIGITS = 12
PROBABILITY = "probability"
_NUMBER = r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*:\s*({_NUMBER})\s*(?::\s*({_NUMBER})\s*)?")
_OPENING, _CLOSING = "[{(", "]})"


@dataclass(frozen=True)
class Variant:
    """One run of a sweep.

    Attributes:
        name: of the scenario; the changes where it has none.
        values: what each varied key is set to, as text; empty for a scenario.
        changes: as for ``planner.load_instance``.
        probability: of a scenario, where it is stated.
    """

    name: str
    values: Mapping[str, str]
    changes: tuple[str, ...]
    probability: float | None = None


@dataclass(frozen=True)
class Axis:
    """A key and the values that it takes.

    Attributes:
        key: with the operator of a relative change, if there is one.
        values: as text; empty where the axis is a span to sample from.
        span: first and last, where the values are numbers of a range.
    """

    key: str
    values: tuple[str, ...]
    span: tuple[float, float] | None = None


def read_axis(text: str) -> Axis:
    """An axis as it is typed.

    >>> read_axis("sites.a.pue_limit=1.1:1.3:0.1").values
    ('1.1', '1.2', '1.3')
    >>> read_axis("catalogue.servers=[a, b],[c]").values
    ('[a, b]', '[c]')
    >>> read_axis("horizon.discount_rate=0:0.1").span
    (0.0, 0.1)

    Raises:
        SweepError: it is no key with values.
    """
    key, equals, rest = text.partition("=")
    if not equals or not key.strip() or not rest.strip():
        accepted = "a key and its values such as sites.a.pue_limit=1.1:1.5:0.1 or budget.capex=1M,2M is accepted"
        raise SweepError(f"found {text[:60]!r}; {accepted}")
    found = _RANGE.fullmatch(rest)
    if found is None:
        return Axis(key.strip(), tuple(_split(rest)))
    first, last = float(found[1]), float(found[2])
    if not math.isfinite(first) or not math.isfinite(last):
        raise SweepError(f"found {rest.strip()} of {key.strip()}; finite numbers are accepted")
    if found[3] is None:
        return Axis(key.strip(), (), (first, last))
    step = float(found[3])
    if not step or (last - first) / step < 0:
        raise SweepError(f"found {rest.strip()} of {key.strip()}; a step from the first to the last is accepted")
    steps = (last - first) / step
    if not steps < MOST_VALUES:
        raise SweepError(f"found {steps:,.0f} steps of {key.strip()}; fewer than {MOST_VALUES:,} are accepted")
    count = int(steps + 1e-9) + 1
    values = tuple(f"{first + step * n:.{DIGITS}g}" for n in range(count))
    return Axis(key.strip(), values, (first, last))


def _split(text: str) -> Iterator[str]:
    """Values between commas that stand in no brackets."""
    depth, begin = 0, 0
    for at, letter in enumerate(text):
        depth += (letter in _OPENING) - (letter in _CLOSING)
        if letter == "," and depth <= 0:
            yield text[begin:at].strip()
            begin = at + 1
    yield text[begin:].strip()


def grid(axes: Sequence[Axis]) -> list[Variant]:
    """Every combination of values, the last axis fastest.

    Raises:
        SweepError: an axis has a span without a step, or there are too many combinations.
    """
    _refuse_twins(axes)
    runs = 1
    for axis in axes:
        if not axis.values:
            raise SweepError(f"found the span of {axis.key} without a step; first:last:step is accepted, or --sample N")
        runs *= len(axis.values)
    if runs > MOST_RUNS:
        raise SweepError(f"found {runs:,} combinations; at most {MOST_RUNS:,} are accepted")
    return [_variant(axes, values) for values in itertools.product(*(axis.values for axis in axes))]


def sample(axes: Sequence[Axis], count: int, seed: int = 0) -> list[Variant]:
    """A Latin hypercube: so many runs, in which each axis takes a value from each of as many equal parts of its span,
    or each of its values equally often, in an order of its own.

    >>> drawn = sample([read_axis("a.b=0:4"), read_axis("c.d=x,y")], 4)
    >>> sorted(int(float(v.values["a.b"])) for v in drawn), sorted(v.values["c.d"] for v in drawn)
    ([0, 1, 2, 3], ['x', 'x', 'y', 'y'])
    """
    if not 1 <= count <= MOST_RUNS:
        raise SweepError(f"found a sample of {count:,}; from 1 to {MOST_RUNS:,} are accepted")
    _refuse_twins(axes)
    chance = random.Random(seed)
    columns = []
    for axis in axes:
        if axis.span is not None and not axis.values:
            first, last = axis.span
            parts = [first + (last - first) * (n + chance.random()) / count for n in range(count)]
            column = [f"{value:.6g}" for value in parts]
        else:
            column = [axis.values[n % len(axis.values)] for n in range(count)]
        chance.shuffle(column)
        columns.append(column)
    return [_variant(axes, values) for values in zip(*columns, strict=True)]


def _refuse_twins(axes: Sequence[Axis]) -> None:
    """Every key is varied once, and its column is no other's (``name`` is that of the variant)."""
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise SweepError(f"found {key} twice; one --over for each key is accepted")
        if key == "name":
            raise SweepError("found the name of the question, which changes no plan; another key is accepted")


def _variant(axes: Sequence[Axis], values: Sequence[str]) -> Variant:
    changes = tuple(f"{axis.key}={value}" for axis, value in zip(axes, values, strict=True))
    return Variant(", ".join(changes), {axis.key: value for axis, value in zip(axes, values, strict=True)}, changes)


def scenarios(data: Any) -> list[Variant]:
    """Scenarios by name, each a list of changes or a mapping of keys and values; ``{}`` is the instance as it stands.
    ``probability`` among them is that of the scenario.

    >>> scenarios({"dear": {"sites.a.tariff_per_kwh": "+20%"}, "as it stands": []})[0].changes
    ('sites.a.tariff_per_kwh=+20%',)

    Raises:
        SweepError: it is no such mapping.
    """
    found = data.get("scenarios", data) if isinstance(data, Mapping) else data
    accepted = "a mapping of names and changes such as 'dear: {sites.a.tariff_per_kwh: +20%}' is accepted"
    if not isinstance(found, Mapping) or not found:
        raise SweepError(f"found no scenarios; {accepted}")
    if len(found) > MOST_RUNS:
        raise SweepError(f"found {len(found):,} scenarios; at most {MOST_RUNS:,} are accepted")
    made = []
    for name, said in found.items():
        if isinstance(said, Mapping):
            changes = tuple(f"{key}={_text(value)}" for key, value in said.items() if key != PROBABILITY)
            chance = _probability(str(name), said[PROBABILITY]) if PROBABILITY in said else None
        elif isinstance(said, Sequence) and not isinstance(said, str):
            changes, chance = tuple(str(change) for change in said), None
        else:
            raise SweepError(f"found {said!r} for the scenario {str(name)[:60]!r}; {accepted}")
        made.append(Variant(str(name), {}, changes, chance))
    return made


def _probability(name: str, value: Any) -> float:
    """A share, in per cent if need be.

    Raises:
        SweepError: it is none.
    """
    from planner.units import share

    try:
        found = share(value)
    except (ValueError, TypeError):
        found = math.nan
    if isinstance(value, bool) or not 0 < found <= 1:
        accepted = "a share above 0 up to 1, such as 0.25 or 25%, is accepted"
        raise SweepError(f"found the probability {value!r} of the scenario {name[:60]!r}; {accepted}")
    return found


def read_scenarios(path: str | os.PathLike[str]) -> Any:
    """What a YAML file of scenarios holds.

    Raises:
        SweepError: it cannot be read; the text names the line.
    """
    from planner.instance.text import UnreadableError, read_text, read_yaml

    try:
        document = read_yaml(read_text(Path(path), "a file of scenarios"))
    except UnreadableError as error:
        raise SweepError(f"{os.fspath(path)}:{error.line or 1}: {error.message}") from None
    for finding in document.findings:
        raise SweepError(f"{os.fspath(path)}:{document.line(finding.path) or 1}: {finding.message}")
    return document.data


def _text(value: Any) -> str:
    """A value as a change writes it; JSON is YAML."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
