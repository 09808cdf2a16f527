"""Accelerators that a training run or an inference service needs, by compute and by memory.

Rates are dense peak FLOP/s at one precision (a rate); FLOPs are a quantity; tera is 1e12 and GB is 1e9 bytes. A
load may be zero, a capacity may not. Every function raises ``ValueError`` for a value that is not finite.

Sources named below in short:

- CSC: CSC Securities, AI compute supply-chain review, 14 June 2023 (F49 is its exhibit 49).
- Kaplan: Kaplan et al., Scaling Laws for Neural Language Models, 2020, arXiv:2001.08361, section 2.1.
- ZeRO: Rajbhandari et al., ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, 2020,
  arXiv:1910.02054, sections 3 and 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from planner.units import GIGA, PETA, SECONDS_PER_DAY, TERA

RELATIVE_TOLERANCE = 1e-9
"""Float noise that ``whole_devices`` forgives before it rounds up."""


def _above_zero(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a finite number above 0, found {value:g}")


def _at_least(least: float, **values: float) -> None:
    for name, value in values.items():
        if not (value >= least and math.isfinite(value)):
            raise ValueError(f"{name} must be a finite number of at least {least:g}, found {value:g}")


def _share(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value <= 1:
            raise ValueError(f"{name} must be above 0 and at most 1, found {value:g}")


# Work


def training_flops(parameters: float, tokens: float) -> float:
    """FLOPs of one training run, 6 N D: forward pass 2 N, backward pass 4 N per token.

    For a mixture of experts give the parameters active per token. Attention over the context and recomputed
    activations are left out, so a utilisation used with it is a model FLOP utilisation (MFU).
    Source: Kaplan; CSC 2.1.3 and F49.

    >>> training_flops(parameters=175e9, tokens=300e9)  # 6 x 1.75e11 x 3e11
    3.15e+23

    Raises:
        ValueError: parameters not above 0, or tokens below 0.
    """
    _above_zero(parameters=parameters)
    _at_least(0, tokens=tokens)
    return 6 * parameters * tokens


def petaflop_days(flops: float) -> float:
    """FLOPs in days of 1e15 FLOP/s, as training runs are often given.

    GPT-3, for which 3,640 were published (6 N D is 0.2 % more):

    >>> round(petaflop_days(training_flops(175e9, 300e9)), 1)
    3645.8

    Raises:
        ValueError: flops below 0.
    """
    _at_least(0, flops=flops)
    return flops / (PETA * SECONDS_PER_DAY)


def inference_flops_per_token(parameters: float) -> float:
    """FLOPs of one token read or written by a model, 2 N: a multiplication and an addition per parameter.

    For a mixture of experts give the parameters active per token. Source: Kaplan; CSC F50.

    >>> inference_flops_per_token(parameters=175e9)  # 2 x 1.75e11
    350000000000.0

    Raises:
        ValueError: parameters not above 0.
    """
    _above_zero(parameters=parameters)
    return 2 * parameters


def sustained_flops(flops: float, days: float) -> float:
    """Rate in FLOP/s that finishes ``flops`` FLOPs within ``days`` days. Source: CSC F49 (definition).

    >>> round(sustained_flops(flops=3.15e23, days=30) / 1e15, 3)  # 3.15e23 / (30 x 86,400 s), in PFLOP/s
    121.528

    Raises:
        ValueError: flops below 0, or days not above 0.
    """
    _at_least(0, flops=flops)
    _above_zero(days=days)
    return flops / (days * SECONDS_PER_DAY)


def inference_peak_flops(
    parameters: float, tokens_per_query: float, queries_per_day: float, peak_factor: float = 1
) -> float:
    """Rate in FLOP/s of a service in its busiest moment: the mean over the day times ``peak_factor``.

    Source: CSC F50.

    >>> users, queries_each = 0.2e8, 20
    >>> peak = inference_peak_flops(1.5e12, 1000, queries_each * users, peak_factor=5)
    >>> round(peak / 1e18, 2)  # 2 x 1.5e12 x 1000 x 4e8 / 86,400 x 5, in EFLOP/s
    69.44

    Raises:
        ValueError: parameters not above 0, tokens or queries below 0, or peak_factor below 1.
    """
    _at_least(0, tokens_per_query=tokens_per_query, queries_per_day=queries_per_day)
    _at_least(1, peak_factor=peak_factor)
    flops_per_day = inference_flops_per_token(parameters) * tokens_per_query * queries_per_day
    return sustained_flops(flops_per_day, days=1) * peak_factor


def growth_per_year(first: float, last: float, years: float) -> float:
    """Yearly growth (0.2 means 20 %) that turns ``first`` into ``last`` in ``years`` years; 2023 to 2027 is four.

    >>> round(growth_per_year(first=100, last=144, years=2), 12)  # sqrt(1.44) - 1
    0.2

    Raises:
        ValueError: any of the three not above 0.
    """
    _above_zero(first=first, last=last, years=years)
    return float((last / first) ** (1 / years) - 1)


# Accelerators by compute


def accelerators_needed(flops_per_second: float, peak_flops: float, utilisation: float) -> float:
    """Accelerators, unrounded, that deliver ``flops_per_second`` FLOP/s.

    ``peak_flops`` is the dense peak of one accelerator in FLOP/s at the precision used; ``utilisation`` is the
    achieved share of it, above 0 and at most 1. Source: CSC F49, F50.

    >>> round(accelerators_needed(3e15, peak_flops=312e12, utilisation=0.3), 3)  # 3e15 / (0.3 x 3.12e14)
    32.051

    Raises:
        ValueError: flops_per_second below 0, peak_flops not above 0, or utilisation outside (0, 1].
    """
    _at_least(0, flops_per_second=flops_per_second)
    _above_zero(peak_flops=peak_flops)
    _share(utilisation=utilisation)
    return flops_per_second / (utilisation * peak_flops)


def whole_devices(devices: float) -> int:
    """Least whole number of devices that covers a fractional need.

    A need within a relative 1e-9 of a whole number is that number, so float noise never buys a device.

    >>> whole_devices(8.2), whole_devices(1.0000000001), whole_devices(0.1 + 0.2), whole_devices(0)
    (9, 1, 1, 0)

    Raises:
        ValueError: devices below 0.
    """
    _at_least(0, devices=devices)
    nearest = round(devices)
    return nearest if math.isclose(devices, nearest, rel_tol=RELATIVE_TOLERANCE) else math.ceil(devices)


# Accelerators by memory


def inference_memory_bytes(parameters: float, bytes_per_parameter: float = 2, overhead: float = 1) -> float:
    """Memory of one replica of a served model, bytes: weights, and intermediate state ``overhead`` times as large.

    A mixture of experts holds all its parameters, not only the active ones. Source: CSC F43, F51 (FP16 weights
    and an equal amount of intermediate state).

    >>> inference_memory_bytes(parameters=175e9) / 1e9  # 175e9 x 2 bytes x (1 + 1), in GB
    700.0

    Raises:
        ValueError: parameters or bytes_per_parameter not above 0, or overhead below 0.
    """
    _above_zero(parameters=parameters, bytes_per_parameter=bytes_per_parameter)
    _at_least(0, overhead=overhead)
    return parameters * bytes_per_parameter * (1 + overhead)


def devices_per_replica(memory_bytes: float, device_memory_gb: float) -> int:
    """Accelerators whose memories together hold ``memory_bytes`` bytes. Source: CSC F51.

    >>> devices_per_replica(memory_bytes=700e9, device_memory_gb=80)  # 700 / 80 = 8.75
    9

    Raises:
        ValueError: either not above 0.
    """
    _above_zero(memory_bytes=memory_bytes, device_memory_gb=device_memory_gb)
    return whole_devices(memory_bytes / (device_memory_gb * GIGA))


def replicas_for_users(users: float, users_per_replica: float = 100) -> int:
    """Replicas of a model that serve ``users`` users at once. Source: CSC F51 (100 users a replica).

    >>> replicas_for_users(users=20e6, users_per_replica=100), replicas_for_users(users=101)
    (200000, 2)

    Raises:
        ValueError: users below 0, or users_per_replica not above 0.
    """
    _at_least(0, users=users)
    _above_zero(users_per_replica=users_per_replica)
    return whole_devices(users / users_per_replica)


def training_state_bytes(parameters: float, bytes_per_parameter: float = 16) -> float:
    """Memory of weights, gradients and optimizer state of a model in training, bytes; activations are extra.

    16 bytes with Adam in mixed precision: FP16 weights 2, FP16 gradients 2, and FP32 weights, momentum and
    variance 3 x 4. Source: ZeRO 3.1; CSC 7.2.

    >>> training_state_bytes(parameters=175e9) / 1e12  # 175e9 x 16 bytes, in TB
    2.8

    Raises:
        ValueError: either not above 0.
    """
    _above_zero(parameters=parameters, bytes_per_parameter=bytes_per_parameter)
    return parameters * bytes_per_parameter


def sharded_state_share(
    data_parallel_devices: int, bytes_per_parameter: float = 16, optimizer_bytes_per_parameter: float = 12
) -> float:
    """Share of the training state left on each device once the optimizer state is sharded (ZeRO stage 1).

    Every device keeps weights and gradients, and one part in ``data_parallel_devices`` of the optimizer state:
    (4 + 12 / devices) / 16. Source: ZeRO 5.1; CSC 7.2 prints 26.2 %, the value for 64 devices.

    >>> sharded_state_share(data_parallel_devices=64)  # (4 + 12 / 64) / 16
    0.26171875
    >>> sharded_state_share(data_parallel_devices=1)
    1.0

    Raises:
        ValueError: data_parallel_devices below 1, bytes_per_parameter not above 0, or
            optimizer_bytes_per_parameter not between 0 and bytes_per_parameter.
    """
    _at_least(1, data_parallel_devices=data_parallel_devices)
    _above_zero(bytes_per_parameter=bytes_per_parameter)
    _at_least(0, optimizer_bytes_per_parameter=optimizer_bytes_per_parameter)
    if optimizer_bytes_per_parameter > bytes_per_parameter:
        raise ValueError(
            f"optimizer_bytes_per_parameter must be at most bytes_per_parameter ({bytes_per_parameter:g}), "
            f"found {optimizer_bytes_per_parameter:g}"
        )
    kept = bytes_per_parameter - optimizer_bytes_per_parameter
    return (kept + optimizer_bytes_per_parameter / data_parallel_devices) / bytes_per_parameter


class ServingGroup(NamedTuple):
    """Servers that are added together to serve, and the replicas they hold."""

    servers_per_group: int
    replicas_per_group: int


def packing(devices_per_replica: int, accelerators_per_server: int) -> ServingGroup:
    """Smallest group of whole servers that holds whole replicas of a model.

    A replica that fits in one server shares it with others, and never spans two; a larger one has whole servers to
    itself. Accelerators left over stay idle.

    >>> packing(devices_per_replica=3, accelerators_per_server=8)  # 8 // 3 replicas in one server
    ServingGroup(servers_per_group=1, replicas_per_group=2)
    >>> packing(devices_per_replica=9, accelerators_per_server=8)  # ceil(9 / 8) servers
    ServingGroup(servers_per_group=2, replicas_per_group=1)

    Raises:
        ValueError: either below 1.
    """
    _at_least(1, devices_per_replica=devices_per_replica, accelerators_per_server=accelerators_per_server)
    if devices_per_replica <= accelerators_per_server:
        return ServingGroup(1, accelerators_per_server // devices_per_replica)
    return ServingGroup(-(-devices_per_replica // accelerators_per_server), 1)


# Money


class Purchase(NamedTuple):
    """What accelerators cost by themselves, and in whole servers; None where no price is given."""

    accelerator_value: float | None
    servers: int
    server_value: float | None


def purchase(
    accelerators: float, price: float | None = None, server_price: float | None = None, per_server: int = 8
) -> Purchase:
    """Cost of accelerators, unrounded as they are, and of the whole servers that hold them.

    GPT-3 on A100 at 78 TFLOP/s: 1,558.05 at 15,000 USD, or 195 DGX A100 at 199,000 (Guosen, 24 April 2023):

    >>> found = purchase(1558.05, 15_000, 199_000)
    >>> round(found.accelerator_value / 1e6, 2), found.servers, found.server_value / 1e6
    (23.37, 195, 38.805)

    Raises:
        ValueError: accelerators or a price below 0, or per_server below 1.
    """
    _at_least(0, accelerators=accelerators)
    _at_least(1, per_server=per_server)
    for name, given in (("price", price), ("server_price", server_price)):
        if given is not None:
            _at_least(0, **{name: given})
    servers = whole_devices(accelerators / per_server)
    return Purchase(
        None if price is None else accelerators * price,
        servers,
        None if server_price is None else servers * server_price,
    )


# Derivations, every intermediate kept


@dataclass(frozen=True)
class TrainingDemand:
    """Accelerators of one type that training runs need, with every step of the derivation."""

    parameters: float
    """Parameters used per token."""
    tokens: float
    days: float
    concurrent_runs: int
    flops_per_run: float
    flops: float
    """FLOPs of all runs."""
    flops_per_second: float
    """Sustained rate of all runs, FLOP/s; the source calls it the peak."""
    device_peak_tflops: float
    """Dense peak of one accelerator at the precision used, TFLOP/s."""
    utilisation: float
    accelerators_unrounded: float
    accelerators: int
    """Whole accelerators; each run has its own, so each run's need is rounded up."""


def training_demand(
    parameters: float,
    tokens: float,
    days: float,
    *,
    device_peak_tflops: float,
    utilisation: float,
    concurrent_runs: int = 1,
    active_parameters: float | None = None,
) -> TrainingDemand:
    """Accelerators with a dense peak of ``device_peak_tflops`` TFLOP/s that finish the runs within ``days`` days.

    ``concurrent_runs`` runs of the same size go on at once; ``active_parameters`` are those used per token (all of
    them if absent). Source: CSC 2.1.3, F49.

    >>> demand = training_demand(175e9, 300e9, 30, device_peak_tflops=312, utilisation=0.5)
    >>> round(demand.accelerators_unrounded, 2), demand.accelerators  # 121.528e15 / (0.5 x 312e12)
    (779.02, 780)

    Raises:
        ValueError: parameters, days or device_peak_tflops not above 0, tokens below 0, utilisation outside (0, 1],
            concurrent_runs below 1, or active_parameters not above 0 or more than parameters.
    """
    active = _active(parameters, active_parameters)
    _above_zero(device_peak_tflops=device_peak_tflops)
    _at_least(1, concurrent_runs=concurrent_runs)
    flops_per_run = training_flops(active, tokens)
    flops = flops_per_run * concurrent_runs
    flops_per_second = sustained_flops(flops, days)
    per_run = accelerators_needed(sustained_flops(flops_per_run, days), device_peak_tflops * TERA, utilisation)
    return TrainingDemand(
        parameters=active,
        tokens=tokens,
        days=days,
        concurrent_runs=concurrent_runs,
        flops_per_run=flops_per_run,
        flops=flops,
        flops_per_second=flops_per_second,
        device_peak_tflops=device_peak_tflops,
        utilisation=utilisation,
        accelerators_unrounded=accelerators_needed(flops_per_second, device_peak_tflops * TERA, utilisation),
        accelerators=concurrent_runs * whole_devices(per_run),
    )


@dataclass(frozen=True)
class InferenceDemand:
    """Accelerators of one type that an inference service needs by compute, with every step of the derivation."""

    parameters: float
    """Parameters used per token."""
    tokens_per_query: float
    queries_per_day: float
    peak_factor: float
    flops_per_token: float
    tokens_per_day: float
    flops_per_day: float
    mean_flops_per_second: float
    peak_flops_per_second: float
    """Rate of the service in its busiest moment, FLOP/s."""
    device_peak_tflops: float
    """Dense peak of one accelerator at the precision used, TFLOP/s."""
    utilisation: float
    installed_flops_per_second: float
    """Dense peak to install: the busiest rate over the utilisation, FLOP/s."""
    divide_twice: bool
    accelerators_unrounded: float
    accelerators: int


def inference_demand(
    parameters: float,
    tokens_per_query: float,
    queries_per_day: float,
    *,
    device_peak_tflops: float,
    utilisation: float,
    peak_factor: float = 1,
    active_parameters: float | None = None,
    divide_twice: bool = False,
    flops_per_token: float | None = None,
) -> InferenceDemand:
    """Accelerators with a dense peak of ``device_peak_tflops`` TFLOP/s that carry the service in its busiest moment.

    ``tokens_per_query`` counts tokens read and written; ``flops_per_token`` stands in for 2 N. Source: CSC F50.

    ``divide_twice`` repeats an error of that exhibit, to reproduce its printed rows: its total is already divided by
    the utilisation, and the accelerator rows divide by it again. Never plan with it.

    >>> demand = inference_demand(1.5e12, 1000, 4e8, device_peak_tflops=990, utilisation=0.3, peak_factor=5)
    >>> demand.accelerators  # 69.444e18 / (0.3 x 990e12)
    233820

    Raises:
        ValueError: parameters, flops_per_token or device_peak_tflops not above 0, tokens_per_query or queries_per_day
            below 0, peak_factor below 1, utilisation outside (0, 1], or active_parameters not above 0 or more than
            parameters.
    """
    active = _active(parameters, active_parameters)
    _above_zero(device_peak_tflops=device_peak_tflops)
    peak = inference_peak_flops(active, tokens_per_query, queries_per_day, peak_factor)
    if flops_per_token is None:
        flops_per_token = inference_flops_per_token(active)
    else:
        _above_zero(flops_per_token=flops_per_token)
        peak *= flops_per_token / inference_flops_per_token(active)
    _share(utilisation=utilisation)
    installed = peak / utilisation
    accelerators = accelerators_needed(installed, device_peak_tflops * TERA, utilisation if divide_twice else 1)
    tokens_per_day = tokens_per_query * queries_per_day
    flops_per_day = flops_per_token * tokens_per_day
    return InferenceDemand(
        parameters=active,
        tokens_per_query=tokens_per_query,
        queries_per_day=queries_per_day,
        peak_factor=peak_factor,
        flops_per_token=flops_per_token,
        tokens_per_day=tokens_per_day,
        flops_per_day=flops_per_day,
        mean_flops_per_second=sustained_flops(flops_per_day, days=1),
        peak_flops_per_second=peak,
        device_peak_tflops=device_peak_tflops,
        utilisation=utilisation,
        installed_flops_per_second=installed,
        divide_twice=divide_twice,
        accelerators_unrounded=accelerators,
        accelerators=whole_devices(accelerators),
    )


@dataclass(frozen=True)
class MemoryDemand:
    """Accelerators of one type that an inference service needs by memory, with every step of the derivation."""

    parameters: float
    bytes_per_parameter: float
    overhead: float
    weights_gb: float
    replica_gb: float
    """Weights and intermediate state of one replica, GB."""
    device_memory_gb: float
    devices_per_replica_unrounded: float
    devices_per_replica: int
    users: float
    users_per_replica: float
    replicas: int
    accelerators: int


def memory_demand(
    parameters: float,
    users: float,
    *,
    device_memory_gb: float,
    users_per_replica: float = 100,
    bytes_per_parameter: float = 2,
    overhead: float = 1,
) -> MemoryDemand:
    """Accelerators of ``device_memory_gb`` GB whose memory serves ``users`` users at once. Source: CSC F43, F51.

    >>> demand = memory_demand(175e9, users=20e6, device_memory_gb=80)
    >>> demand.devices_per_replica, demand.replicas, demand.accelerators  # ceil(700 / 80), 20e6 / 100
    (9, 200000, 1800000)

    Raises:
        ValueError: parameters, device_memory_gb, users_per_replica or bytes_per_parameter not above 0, or users or
            overhead below 0.
    """
    memory_bytes = inference_memory_bytes(parameters, bytes_per_parameter, overhead)
    per_replica = devices_per_replica(memory_bytes, device_memory_gb)
    replicas = replicas_for_users(users, users_per_replica)
    return MemoryDemand(
        parameters=parameters,
        bytes_per_parameter=bytes_per_parameter,
        overhead=overhead,
        weights_gb=parameters * bytes_per_parameter / GIGA,
        replica_gb=memory_bytes / GIGA,
        device_memory_gb=device_memory_gb,
        devices_per_replica_unrounded=memory_bytes / (device_memory_gb * GIGA),
        devices_per_replica=per_replica,
        users=users,
        users_per_replica=users_per_replica,
        replicas=replicas,
        accelerators=replicas * per_replica,
    )


def _active(parameters: float, active_parameters: float | None) -> float:
    """Parameters used per token: all of them, or the active ones of a mixture of experts."""
    _above_zero(parameters=parameters)
    if active_parameters is None:
        return parameters
    _above_zero(active_parameters=active_parameters)
    if active_parameters > parameters:
        raise ValueError(f"active_parameters must be at most parameters ({parameters:g}), found {active_parameters:g}")
    return active_parameters
