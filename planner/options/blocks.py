"""What a workload asks for, and the blocks in which a server type can carry it.

A block is a piece of load in its own grain: a training run, a replica of a service (or a few that share a server's
devices), an accelerator of plain compute. Blocks of a server or less take shares that pack exactly into servers; larger
ones, gangs, take whole servers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from planner.catalogue.entries import Accelerator, Precision, Server
from planner.engineering import compute
from planner.instance.models import parameters_of
from planner.instance.workloads import Compute, Inference, Training
from planner.units import GIGA, SECONDS_PER_DAY, TERA

Load = Training | Inference | Compute
EQUAL = 1e-9
"""Relative difference of two rates that counts for nothing."""


@dataclass(frozen=True)
class Block:
    """One way to carry a piece of a workload on a server type.

    Attributes:
        devices: accelerators that it takes: a share of the server's ``chain``, or those of whole servers.
        servers: whole servers of a gang; 0 where blocks share servers.
        rate: what it carries, in the unit of the demand.
        expected_devices: accelerators that the expected estimate takes for the same; fewer where the plan is safe.
        basis: how it was sized, in a few words; empty for typed efficiencies.
    """

    devices: int
    servers: int
    rate: float
    expected_devices: float
    basis: str = ""


def chain(accelerators: int) -> tuple[int, ...]:
    """Shares of a server in which loads are dealt out: each divides the next, and the last is the server.

    Shares of a chain pack exactly: laid largest first, no gap is left that a smaller one does not fill. They double as
    long as the server divides by them, because replicas are spread over powers of two, and grow by the smallest prime
    left after that.

    >>> chain(8), chain(6), chain(72), chain(1)
    ((1, 2, 4, 8), (1, 2, 6), (1, 2, 4, 8, 24, 72), (1,))
    """
    shares = [1]
    while (left := accelerators // shares[-1]) > 1:
        shares.append(shares[-1] * next(n for n in range(2, left + 1) if left % n == 0))
    return tuple(shares)


def share_for(devices: int, accelerators: int) -> int:
    """Least share of a server that holds so many of its accelerators.

    >>> share_for(3, 8), share_for(9, 72)
    (4, 24)
    """
    return next(share for share in chain(accelerators) if share >= devices)


def gang(servers: int, accelerators: int, rate: float, expected_servers: float, basis: str = "") -> Block:
    """A block of whole servers; one server alone is the largest share.

    >>> gang(3, 8, 1.0, 3).servers, gang(1, 8, 1.0, 1).servers
    (3, 0)
    """
    whole = servers if servers > 1 else 0
    return Block(servers * accelerators, whole, rate, expected_servers * accelerators, basis)


def frontier(blocks: Iterable[Block], most: float = float("inf")) -> tuple[Block, ...]:
    """Blocks worth a choice, ascending: the smallest, the best per device, and what lies between.

    A block goes where one with no more devices carries as much of what is asked, or where a smaller one, taken as often
    as it divides into the larger, carries as much. A gang beside blocks that share servers must be worth its
    coarseness: ``WORTH_LARGER`` times as much per device.

    Args:
        most: the largest demand; what carries more carries no more than this.

    >>> rates = {1: 1.0, 2: 2.0, 4: 5.0, 8: 9.0}
    >>> sizes = [Block(devices, 0, rate, devices) for devices, rate in rates.items()]
    >>> [block.devices for block in frontier(sizes)], [block.devices for block in frontier(sizes, 0.5)]
    ([1, 4], [1])
    """
    from planner.engineering.performance.inference import WORTH_LARGER  # with the serving model

    kept: list[Block] = []
    for block in sorted(blocks, key=lambda b: (b.devices, -b.rate)):
        carried = min(block.rate, most)
        each = (1 + EQUAL) * block.rate / block.devices
        beaten = any(
            min(other.rate, most) >= carried * (1 - EQUAL)
            or (block.devices % other.devices == 0 and other.rate / other.devices * (1 + EQUAL) ** 2 >= each)
            or (block.servers and not other.servers and each < WORTH_LARGER * other.rate / other.devices)
            for other in kept
        )
        if not beaten:
            kept.append(block)
    return tuple(kept)


def demand_of(workload: Load) -> tuple[float, str]:
    """Demand of a workload at scale 1 and its unit: runs, replicas, requests/s or FLOP/s."""
    if isinstance(workload, Training):
        return float(workload.concurrent_runs), "runs"
    if isinstance(workload, Compute):
        return workload.peak_flops, "FLOP/s"
    if workload.concurrent_users is not None:
        return float(compute.replicas_for_users(workload.concurrent_users, workload.users_per_replica)), "replicas"
    if workload.utilisation is None:
        return workload.mean_requests_per_s * workload.peak_over_mean, "requests/s"
    tokens = workload.prompt_tokens + workload.answer_tokens
    _, active = parameters_of(workload)
    return compute.inference_peak_flops(
        active, tokens, workload.mean_requests_per_s * SECONDS_PER_DAY, workload.peak_over_mean
    ), "FLOP/s"


def by_performance(workload: Load) -> bool:
    """Whether the performance model sizes a workload: no efficiency is typed, and it is not sized by memory alone."""
    if isinstance(workload, Training):
        return workload.mfu is None
    return isinstance(workload, Inference) and workload.utilisation is None and workload.concurrent_users is None


def typed_blocks(workload: Load, server: Server, device: Accelerator, most: float) -> tuple[Block, ...] | str:
    """Blocks by peak FLOP/s and memory, or the sentence why the server type cannot carry the workload.

    Args:
        most: the largest demand of any period (a block of one-cluster compute holds all of it).
    """
    peak = device.peak_tflops(workload.computed_in)
    if not peak:
        from planner.engineering.performance.formats import in_place_of  # which questions with an answer do without

        known = {name for name in get_args(Precision) if device.peak_tflops(name)}
        instead = in_place_of(workload.computed_in, known) if isinstance(workload, Inference) else ""
        refusal = f"the catalogue has no {workload.computed_in} rate for {device.id}"
        return f"{refusal}; {instead}" if instead else refusal
    if isinstance(workload, Compute):
        return (_plain(workload, server, peak * TERA, most),)
    if device.memory_gb is None:
        return f"the catalogue has no memory size for {device.id}"
    if isinstance(workload, Training):
        return (_run(workload, server, peak * TERA, device.memory_gb),)
    return frontier(_replicas(workload, server, peak * TERA, device.memory_gb), most)


def _plain(workload: Compute, server: Server, device_flops: float, most: float) -> Block:
    """An accelerator at its peak; or all of the demand at once where it must stand in one cluster."""
    if not workload.one_cluster:
        return Block(1, 0, device_flops, 1)
    devices = max(1, compute.whole_devices(most / device_flops))
    if devices <= server.accelerators:
        share = share_for(devices, server.accelerators)
        return Block(share, 0, most, share)
    servers = -(-devices // server.accelerators)
    return gang(servers, server.accelerators, most, servers)


def _run(workload: Training, server: Server, device_flops: float, memory_gb: float) -> Block:
    """Whole servers that train in time at the typed utilisation, and hold the training state."""
    parameters, active = parameters_of(workload)
    flops = compute.sustained_flops(compute.training_flops(active, workload.tokens), workload.days)
    state = compute.training_state_bytes(parameters, workload.bytes_per_parameter)
    assert workload.mfu is not None  # else the performance model sizes it
    for_speed = compute.whole_devices(flops / (device_flops * server.accelerators * workload.mfu))
    for_memory = compute.whole_devices(state / (memory_gb * GIGA * server.accelerators))
    servers = max(1, for_speed, for_memory)
    return gang(servers, server.accelerators, 1.0, servers)


def typed_days(workload: Training, server: Server, device: Accelerator, servers: int) -> float | None:
    """Days of a run on so many servers at its typed utilisation; None where they do not hold its training state."""
    parameters, active = parameters_of(workload)
    state = compute.training_state_bytes(parameters, workload.bytes_per_parameter)
    peak, devices = device.peak_tflops(workload.computed_in), servers * server.accelerators
    if not peak or device.memory_gb is None or workload.mfu is None or state > device.memory_gb * GIGA * devices:
        return None
    flops = compute.training_flops(active, workload.tokens)
    return flops / (peak * TERA * devices * workload.mfu) / SECONDS_PER_DAY


def _replicas(workload: Inference, server: Server, device_flops: float, memory_gb: float) -> Iterable[Block]:
    """Replicas by memory. At a typed utilisation a block uses every accelerator it takes, by concurrent users it
    counts for as many replicas as its memory holds."""
    parameters, _ = parameters_of(workload)
    memory = compute.inference_memory_bytes(parameters, workload.bytes_per_parameter, workload.memory_overhead)
    devices = compute.devices_per_replica(memory, memory_gb)
    by_users = workload.concurrent_users is not None

    def rate(taken: int, replicas: int) -> float:
        return float(replicas) if by_users else (workload.utilisation or 0.0) * device_flops * taken

    if devices > server.accelerators:
        servers = -(-devices // server.accelerators)
        return [gang(servers, server.accelerators, rate(servers * server.accelerators, 1), servers)]
    shares = [share for share in chain(server.accelerators) if share >= devices]
    return [Block(share, 0, rate(share, share // devices), share) for share in shares]
