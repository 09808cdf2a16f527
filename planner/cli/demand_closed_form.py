"""``planner demand`` by peak and utilisation or by memory: closed forms of ``planner.engineering.compute``."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import typer

from planner.cli.demand_devices import DeviceByPeak, devices_by_memory, devices_by_peak
from planner.engineering import compute

PER_SERVER = 8
"""Accelerators of a server, if not given."""


class Money(NamedTuple):
    """What is asked about money: USD of an accelerator and of a server, and accelerators of one."""

    price: float | None
    server_price: float | None
    per_server: int | None

    def of(self, accelerators: float) -> compute.Purchase:
        """What so many accelerators cost."""
        return compute.purchase(accelerators, self.price, self.server_price, self.per_server or PER_SERVER)

    @property
    def asked(self) -> bool:
        return any(value is not None for value in self)


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
    money: Money,
    as_json: bool,
) -> None:
    """Print the accelerators of training runs: 6 x parameters x tokens FLOPs a run."""
    with _usage_errors():
        devices = devices_by_peak(accelerator, peak_tflops, precision, "training", mfu, "--mfu")
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
        bought = [money.of(demand.accelerators_unrounded) for demand in demands]
        days_of_peta = [{"petaflop_days": compute.petaflop_days(demand.flops_per_run)} for demand in demands]
    if as_json:
        _print_json("training", devices, demands, days_of_peta, _bought(money, bought))
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
            ("PFLOP/s-days of one run", "/ (1e15 x 86,400 s)", _plain(days_of_peta[0]["petaflop_days"])),
            ("FLOPs of all runs", f"x {concurrent} at once", _plain(first.flops)),
            ("rate to finish in time", f"/ ({_plain(days)} days x 86,400 s)", _rate(first.flops_per_second)),
        ],
    )
    _print_by_peak(devices, demands, "rate / (utilisation x peak); each run rounded up")
    _print_money(devices, money, bought)


def inference(
    parameters: float,
    queries_per_day: float,
    tokens_per_query: float,
    active_parameters: float | None,
    peak_factor: float,
    utilisation: float | None,
    precision: str,
    divide_twice: bool,
    flops_per_token: float | None,
    accelerator: Sequence[str] | None,
    peak_tflops: float | None,
    money: Money,
    as_json: bool,
) -> None:
    """Print the accelerators of a service in its busiest moment: 2 x parameters FLOPs a token, if not given."""
    with _usage_errors():
        devices = devices_by_peak(accelerator, peak_tflops, precision, "inference", utilisation, "--utilisation")
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
                flops_per_token=flops_per_token,
            )
            for device in devices
        ]
        bought = [money.of(demand.accelerators_unrounded) for demand in demands]
    if as_json:
        _print_json("inference", devices, demands, _bought(money, bought))
        return
    first = demands[0]
    _print_steps(
        "Inference, by compute",
        [
            (
                "FLOPs per token",
                f"2 x {_plain(first.parameters)} parameters" if flops_per_token is None else "given",
                _plain(first.flops_per_token),
            ),
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
    _print_money(devices, money, bought)


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
        devices = devices_by_memory(accelerator, device_memory_gb)
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


def _print_json(
    work: str, devices: Sequence[Any], demands: Sequence[Any], *further: Sequence[Mapping[str, Any]]
) -> None:
    rows = [device._asdict() | dataclasses.asdict(demand) for device, demand in zip(devices, demands, strict=True)]
    for more in further:
        rows = [row | added for row, added in zip(rows, more, strict=True)]
    typer.echo(json.dumps({"demand": work, "rows": rows}, indent=2, allow_nan=False))


def _bought(money: Money, bought: Sequence[compute.Purchase]) -> list[dict[str, Any]]:
    """What is bought, as columns of JSON; nothing where nobody asked for money."""
    return [found._asdict() if money.asked else {} for found in bought]


def _print_money(devices: Sequence[DeviceByPeak], money: Money, bought: Sequence[compute.Purchase]) -> None:
    if not money.asked:
        return
    from planner.report import words

    _print_table(
        "",
        ("accelerator", "accelerators cost", f"servers of {money.per_server or PER_SERVER}", "servers cost"),
        [
            (
                device.accelerator,
                "-" if found.accelerator_value is None else words.money(found.accelerator_value, "USD"),
                f"{found.servers:,}",
                "-" if found.server_value is None else words.money(found.server_value, "USD"),
            )
            for device, found in zip(devices, bought, strict=True)
        ],
        caption="accelerators unrounded x price; whole servers x price",
    )


def _print_steps(title: str, steps: Sequence[tuple[str, str, str]]) -> None:
    _print_table(title, ("step", "from", "value"), steps)


def _print_by_peak(
    devices: Sequence[DeviceByPeak],
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
