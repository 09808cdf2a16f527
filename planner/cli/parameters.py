"""Arguments and options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from planner.units import quantity, share, tally

MOST_THREADS = 256


def _gap(value: float) -> float:
    if not 0 <= value < 1:
        raise typer.BadParameter("a share from 0 up to 1, such as 0.001, is accepted")
    return value


def _seconds(value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter("seconds above 0 are accepted")
    return value


def seconds(value: float | str) -> float:
    """Seconds: a number, or text with a unit of time such as ``50ms``."""
    return quantity(value, "s")


def number(value: float | str) -> float:
    """A count, with the letter of a model card if need be; what is no finite number is left to the checks, which name
    every fault of a command at once."""
    return float(value) if _not_finite(value) else tally(value)


def portion(value: float | str) -> float:
    """A share, in percent if need be; what is no finite number is left to the checks."""
    return float(value) if _not_finite(value) else share(value)


def _not_finite(value: float | str) -> bool:
    return isinstance(value, str) and value.strip().lstrip("+-").lower() in ("nan", "inf", "infinity")


def precision(word: str) -> str:
    """A number format by the name that the catalogue has for its units: ``bf16`` is ``fp16``."""
    from planner.catalogue.entries import ALIKE

    return ALIKE.get(word, word)


def counted(text: str, **more: Any) -> Any:
    """An option that is a count."""
    return typer.Option(parser=number, metavar="NUMBER", help=text, **more)


def shared(text: str) -> Any:
    """An option that is a share."""
    return typer.Option(parser=portion, metavar="SHARE", help=text)


def timed(text: str) -> Any:
    """An option that is a time."""
    return typer.Option(parser=seconds, metavar="SECONDS", help=text)


def in_format(text: str) -> Any:
    """An option that is a number format."""
    return typer.Option(parser=precision, metavar="FORMAT", help=text)


InstanceFile = Annotated[Path, typer.Argument(metavar="FILE", help="Instance file (YAML).", show_default=False)]
PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", help="plan.json, or the folder that holds it.", show_default=False)
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value first, e.g. sites.a.pue_limit=1.2; repeat for several.",
        show_default=False,
    ),
]
Gap = Annotated[
    float, typer.Option("--gap", help="Stop at this relative distance from the proven bound.", callback=_gap)
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", help="Seconds for one solve; the best plan so far is kept.", callback=_seconds),
]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Threads of the solver; its choice if absent.", min=1, max=MOST_THREADS)
]
Seed = Annotated[int, typer.Option("--seed", help="Random seed of the solver.", min=0, max=2**31 - 1)]
Tolerance = Annotated[
    float, typer.Option("--tolerance", parser=portion, metavar="SHARE", help="Distance of the two values told.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

DEFAULT_GAP = 1e-4
