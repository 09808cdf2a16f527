"""``planner demand`` by peak and utilisation or by memory: closed forms of ``planner.engineering.compute``."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args

import typer

from planner.engineering import compute

if TYPE_CHECKING:
    from planner.catalogue.entries import Accelerator

DEFAULT_ACCELERATORS = ("a100-sxm-80", "a800-sxm-80", "h100-sxm")


def training(
    parameters: float,
    tokens: float,
    days: float,
    active_parameters: float | None,
    concurrent: int,
    mfu: float | None,
    precision: str,
    accelerator: Sequence[str] | None,
    peak_tflops: float | None,
    as_json: bool,
) -> None:
    """Print the accelerators of training runs: 6 x parameters x tokens FLOPs a run."""
    with _usage_errors():
        devices = _devices_by_peak(accelerator, peak_tflops, precision, "training", mfu, "--mfu")
        demands = [
            compute.training_demand(
                parameters,
                tokens,
                days,
                device_peak_tflops=device.device_peak_tflops,
                utilisation=device.utilisation,
                concurrent_runs=concurrent,
                active_parameters=active_parameters,
            )
            for device in devices
        ]
    if as_json:
        _print_json("training", devices, demands)
        return
    first = demands[0]
    _print_steps(
        "Training",
        [
            (
                "FLOPs of one run",
                f"6 x {_plain(first.parameters)} parameters x {_plain(tokens)} tokens",
                _plain(first.flops_per_run),
            ),
            ("FLOPs of all runs", f"x {concurrent} at once", _plain(first.flops)),
            ("rate to finish in time", f"/ ({_plain(days)} days x 86,400 s)", _rate(first.flops_per_second)),
        ],
    )
    _print_by_peak(devices, demands, "rate / (utilisation x peak); each run rounded up")


def inference(
    parameters: float,
    queries_per_day: float,
    tokens_per_query: float,
    active_parameters: float | None,
    peak_factor: float,
    utilisation: float | None,
    precision: str,
    divide_twice: bool,
    accelerator: Sequence[str] | None,
    peak_tflops: float | None,
    as_json: bool,
) -> None:
    """Print the accelerators of a service in its busiest moment: 2 x parameters FLOPs a token."""
    with _usage_errors():
        devices = _devices_by_peak(accelerator, peak_tflops, precision, "inference", utilisation, "--utilisation")
        demands = [
            compute.inference_demand(
                parameters,
                tokens_per_query,
                queries_per_day,
                device_peak_tflops=device.device_peak_tflops,
                utilisation=device.utilisation,
                peak_factor=peak_factor,
                active_parameters=active_parameters,
                divide_twice=divide_twice,
            )
            for device in devices
        ]
    if as_json:
        _print_json("inference", devices, demands)
        return
    first = demands[0]
    _print_steps(
        "Inference, by compute",
        [
            ("FLOPs per token", f"2 x {_plain(first.parameters)} parameters", _plain(first.flops_per_token)),
            (
                "tokens a day",
                f"{_plain(queries_per_day)} queries x {_plain(tokens_per_query)} tokens",
                _plain(first.tokens_per_day),
            ),
            ("FLOPs a day", "FLOPs per token x tokens a day", _plain(first.flops_per_day)),
            ("mean rate", "/ 86,400 s", _rate(first.mean_flops_per_second)),
            ("busiest rate", f"x {_plain(peak_factor)}", _rate(first.peak_flops_per_second)),
        ],
    )
    rule = "busiest rate / (utilisation x peak)"
    if divide_twice:
        rule += " / utilisation once more: an error of the source, never to plan with"
    _print_by_peak(devices, demands, rule)


def memory(
    parameters: float,
    users: float,
    users_per_replica: float,
    overhead: float,
    bytes_per_parameter: float,
    accelerator: Sequence[str] | None,
    device_memory_gb: float | None,
    as_json: bool,
) -> None:
    """Print the accelerators whose memory holds the replicas of a served model."""
    with _usage_errors():
        devices = _devices_by_memory(accelerator, device_memory_gb)
        demands = [
            compute.memory_demand(
                parameters,
                users,
                device_memory_gb=device.device_memory_gb,
                users_per_replica=users_per_replica,
                bytes_per_parameter=bytes_per_parameter,
                overhead=overhead,
            )
            for device in devices
        ]
    if as_json:
        _print_json("memory", devices, demands)
        return
    first = demands[0]
    _print_steps(
        "Inference, by memory",
        [
            (
                "weights",
                f"{_plain(parameters)} parameters x {_plain(bytes_per_parameter)} bytes",
                f"{_plain(first.weights_gb)} GB",
            ),
            ("one replica", f"x (1 + {_plain(overhead)})", f"{_plain(first.replica_gb)} GB"),
            ("replicas", f"{_plain(users)} users / {_plain(users_per_replica)}, rounded up", f"{first.replicas:,}"),
        ],
    )
    _print_table(
        "",
        ("accelerator", "memory GB", "replica / memory", "per replica", "accelerators"),
        [
            (
                device.accelerator,
                _plain(device.device_memory_gb),
                f"{demand.devices_per_replica_unrounded:,.2f}",
                f"{demand.devices_per_replica:,}",
                f"{demand.accelerators:,}",
            )
            for device, demand in zip(devices, demands, strict=True)
        ],
        caption="accelerators per replica, rounded up, x replicas",
    )


# Accelerators asked for


class _DeviceByPeak(NamedTuple):
    accelerator: str
    precision: str | None
    device_peak_tflops: float
    utilisation: float
    utilisation_source: str | None
    """Source of the catalogue's default; None when the user gave the utilisation."""


class _DeviceByMemory(NamedTuple):
    accelerator: str
    device_memory_gb: float


def _devices_by_peak(
    ids: Sequence[str] | None,
    peak_tflops: float | None,
    precision: str,
    work: Literal["training", "inference"],
    utilisation: float | None,
    utilisation_option: str,
) -> list[_DeviceByPeak]:
    if peak_tflops is not None:
        if ids:
            raise ValueError("give --accelerator or --peak-tflops, not both")
        if utilisation is None:
            raise ValueError(f"--peak-tflops needs {utilisation_option}: the catalogue has no default for it")
        return [_DeviceByPeak("given", None, peak_tflops, utilisation, None)]

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
            devices.append(_DeviceByPeak(name, precision, peak, utilisation, None))
            continue
        default = catalogue.utilisation(name, work)
        source = f"{default.source} (estimate)" if default.estimate else default.source
        devices.append(_DeviceByPeak(name, precision, peak, default.utilisation, source))
    return devices


def _devices_by_memory(ids: Sequence[str] | None, device_memory_gb: float | None) -> list[_DeviceByMemory]:
    if device_memory_gb is not None:
        if ids:
            raise ValueError("give --accelerator or --device-memory-gb, not both")
        return [_DeviceByMemory("given", device_memory_gb)]

    from planner.catalogue import load_catalogue

    rows = load_catalogue().accelerators
    return [_DeviceByMemory(*found) for found in _figures(rows, ids, lambda row: row.memory_gb, "memory size")]


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


@contextmanager
def _usage_errors() -> Iterator[None]:
    """A bad value is one sentence on stderr and exit code 2."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


# Printing


def _plain(value: float) -> str:
    """Six significant digits: 3.15e+23, 1,000."""
    return f"{value:,.6g}"


def _rate(flops_per_second: float) -> str:
    """A rate with its SI prefix: 121.528 PFLOP/s."""
    prefixes = ("", "k", "M", "G", "T", "P", "E", "Z")
    step = min(int(math.log10(max(flops_per_second, 1)) // 3), len(prefixes) - 1)
    return f"{_plain(flops_per_second / 1000**step)} {prefixes[step]}FLOP/s"


def _print_json(work: str, devices: Sequence[Any], demands: Sequence[Any]) -> None:
    rows = [device._asdict() | dataclasses.asdict(demand) for device, demand in zip(devices, demands, strict=True)]
    typer.echo(json.dumps({"demand": work, "rows": rows}, indent=2, allow_nan=False))


def _print_steps(title: str, steps: Sequence[tuple[str, str, str]]) -> None:
    _print_table(title, ("step", "from", "value"), steps)


def _print_by_peak(
    devices: Sequence[_DeviceByPeak],
    demands: Sequence[compute.TrainingDemand | compute.InferenceDemand],
    rule: str,
) -> None:
    _print_table(
        "",
        ("accelerator", "peak TFLOP/s", "utilisation", "unrounded", "accelerators"),
        [
            (
                device.accelerator,
                _plain(device.device_peak_tflops),
                f"{100 * device.utilisation:.4g} %",
                f"{demand.accelerators_unrounded:,.2f}",
                f"{demand.accelerators:,}",
            )
            for device, demand in zip(devices, demands, strict=True)
        ],
        caption=rule,
    )
    for source in dict.fromkeys(device.utilisation_source for device in devices if device.utilisation_source):
        names = [device.accelerator for device in devices if device.utilisation_source == source]
        typer.echo(f"utilisation of {', '.join(names)}: {source}")


def _print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, caption=caption or None, title_justify="left", caption_justify="left")
    for number, column in enumerate(columns):
        is_text = number == 0 or column == "from"
        table.add_column(column, justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
