"""Sizes of loads on a server type by a pocket calculator: what one piece takes and carries.

For loads whose efficiency is typed: plain compute, training at an MFU, services at a utilisation or by users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner.catalogue.entries import Accelerator, Server
from planner.instance.workloads import Compute, Inference, Training

EPS = 1e-9


def ceil(number: float) -> int:
    return math.ceil(number - EPS * max(1.0, abs(number)))


@dataclass(frozen=True)
class Piece:
    """A piece of a load: accelerators that share servers (``servers`` 0), or several whole servers together."""

    workload: str
    devices: int
    servers: int
    rate: float


def demand(load: Training | Inference | Compute) -> float:
    """Runs, FLOP/s or replicas at scale 1."""
    if isinstance(load, Training):
        return float(load.concurrent_runs)
    if isinstance(load, Compute):
        return load.peak_flops
    if load.concurrent_users is not None:
        return float(ceil(load.concurrent_users / load.users_per_replica))
    assert load.queries_per_day is not None
    assert load.utilisation is not None, "only typed loads"
    tokens = (load.tokens_in or 0) + (load.tokens_out or 0)
    active = load.active_parameters or load.parameters
    assert active is not None
    return 2 * active * tokens * load.queries_per_day * load.peak_factor / 86_400


def shares(accelerators: int) -> list[int]:
    """Shares of a server that pack exactly, each dividing the next: 8 -> 1, 2, 4, 8 and 72 -> 1, 2, 4, 8, 24, 72."""
    found = [1]
    while found[-1] < accelerators:
        left = accelerators // found[-1]
        found.append(found[-1] * next(p for p in range(2, left + 1) if left % p == 0))
    return found


def whole(devices: int, accelerators: int) -> tuple[int, int]:
    """(devices, servers) of a piece: a share of a server, or whole servers."""
    if devices <= accelerators:
        return next(s for s in shares(accelerators) if s >= devices), 0
    servers = -(-devices // accelerators)
    return servers * accelerators, servers


def pieces(load: Training | Inference | Compute, server: Server, chip: Accelerator, most: float) -> list[Piece]:
    """Ways to carry a piece of a load on a server type; none where it cannot run there.

    Args:
        most: its largest demand in any period.
    """
    each = (chip.peak_tflops(load.precision) or 0.0) * 1e12
    count, name = server.accelerators, load.name
    if not each:
        return []
    if isinstance(load, Compute):
        if load.one_cluster:
            return [Piece(name, *whole(max(1, ceil(most / each)), count), most)]
        return [Piece(name, 1, 0, each)]
    memory = (chip.memory_gb or 0.0) * 1e9
    if not memory:
        return []
    assert load.parameters is not None
    if isinstance(load, Training):
        assert load.mfu is not None, "only typed loads"
        work = 6 * (load.active_parameters or load.parameters) * load.tokens / (load.days * 86_400)
        for_speed = ceil(work / (each * count * load.mfu))
        servers = max(1, for_speed, ceil(load.parameters * load.bytes_per_parameter / (memory * count)))
        return [Piece(name, servers * count, servers if servers > 1 else 0, 1.0)]
    needed = ceil(load.parameters * load.bytes_per_parameter * (1 + load.memory_overhead) / memory)

    def rate(devices: int) -> float:
        """By users the replicas that fit, at a utilisation all that the accelerators give."""
        if load.concurrent_users is not None:
            return float(devices // needed if devices <= count else 1)
        assert load.utilisation is not None
        return each * load.utilisation * devices

    if needed > count:
        devices, servers = whole(needed, count)
        return [Piece(name, devices, servers, rate(devices))]
    found: list[Piece] = []
    for share in shares(count):
        # Every share is a multiple of the smaller ones: a larger piece must carry more on each accelerator.
        if share >= needed and all(rate(share) / share > p.rate / p.devices * (1 + EPS) for p in found):
            found.append(Piece(name, share, 0, rate(share)))
    return found
