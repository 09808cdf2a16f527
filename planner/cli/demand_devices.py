"""Accelerators that ``planner demand`` is asked for, with the figures that its closed forms need."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

import typer

if TYPE_CHECKING:
    from planner.catalogue.entries import Accelerator

DEFAULT_ACCELERATORS = ("a100-sxm-80", "a800-sxm-80", "h100-sxm")


class DeviceByPeak(NamedTuple):
    accelerator: str
    precision: str | None
    device_peak_tflops: float
    utilisation: float
    utilisation_source: str | None
    """Source of the catalogue's default; None when the user gave the utilisation."""


class DeviceByMemory(NamedTuple):
    accelerator: str
    device_memory_gb: float


def devices_by_peak(
    ids: Sequence[str] | None,
    peak_tflops: float | None,
    precision: str,
    work: Literal["training", "inference"],
    utilisation: float | None,
    utilisation_option: str,
) -> list[DeviceByPeak]:
    if peak_tflops is not None:
        if ids:
            raise ValueError("give --accelerator or --peak-tflops, not both")
        if utilisation is None:
            raise ValueError(f"--peak-tflops needs {utilisation_option}: the catalogue has no default for it")
        return [DeviceByPeak("given", None, peak_tflops, utilisation, None)]

    from planner.catalogue import load_catalogue
    from planner.catalogue.entries import Precision as KnownPrecision

    known = get_args(KnownPrecision)
    if precision not in known:
        raise ValueError(f"unknown precision {precision!r}: one of {', '.join(known)} is accepted")
    checked = cast(KnownPrecision, precision)
    catalogue = load_catalogue()
    peaks = _figures(catalogue.accelerators, ids, lambda row: row.peak_tflops(checked), f"{precision} peak")
    devices = []
    for name, peak in peaks:
        if utilisation is not None:
            devices.append(DeviceByPeak(name, precision, peak, utilisation, None))
            continue
        default = catalogue.utilisation(name, work)
        source = f"{default.source} (estimate)" if default.estimate else default.source
        devices.append(DeviceByPeak(name, precision, peak, default.utilisation, source))
    return devices


def devices_by_memory(ids: Sequence[str] | None, device_memory_gb: float | None) -> list[DeviceByMemory]:
    if device_memory_gb is not None:
        if ids:
            raise ValueError("give --accelerator or --device-memory-gb, not both")
        return [DeviceByMemory("given", device_memory_gb)]

    from planner.catalogue import load_catalogue

    rows = load_catalogue().accelerators
    return [DeviceByMemory(*found) for found in _figures(rows, ids, lambda row: row.memory_gb, "memory size")]


def _figures(
    rows: Mapping[str, Accelerator],
    ids: Sequence[str] | None,
    figure: Callable[[Accelerator], float | None],
    described: str,
) -> list[tuple[str, float]]:
    """One figure of each accelerator asked for; of the defaults, those without it are left out and named."""
    asked = list(dict.fromkeys(ids or DEFAULT_ACCELERATORS))
    require_known(asked, rows)
    found = {name: figure(rows[name]) for name in asked}
    missing = [name for name, value in found.items() if value is None]
    if missing and (ids or len(missing) == len(asked)):
        raise ValueError(f"the catalogue has no {described} for {', '.join(missing)}")
    if missing:
        typer.echo(f"left out, no {described} in the catalogue: {', '.join(missing)}", err=True)
    return [(name, value) for name, value in found.items() if value is not None]


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse accelerators that the catalogue does not have.

    Raises:
        ValueError: naming each with its nearest.
    """
    known = list(known)
    if unknown := [_unknown(name, known) for name in names if name not in known]:
        raise ValueError("; ".join(unknown))


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else "; `planner catalogue` lists those known"
    return f"unknown accelerator {name!r}{hint}"
