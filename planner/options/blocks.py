"""What a workload asks for and what one block of a server type gives.

A block is one training run, one serving group or one compute server: whole servers that carry a whole piece of load.
"""

from __future__ import annotations

from planner.catalogue.entries import Accelerator, Server
from planner.engineering import compute
from planner.instance.models import parameters_of
from planner.instance.workloads import Compute, Inference, Training
from planner.units import GIGA, SECONDS_PER_DAY, TERA

Load = Training | Inference | Compute


def demand_of(workload: Load) -> tuple[float, str]:
    """Demand of a workload at scale 1 and its unit: runs, replicas, requests/s or FLOP/s."""
    if isinstance(workload, Training):
        return float(workload.concurrent_runs), "runs"
    if isinstance(workload, Compute):
        return workload.peak_flops, "FLOP/s"
    if workload.concurrent_users is not None:
        return float(compute.replicas_for_users(workload.concurrent_users, workload.users_per_replica)), "replicas"
    assert workload.queries_per_day is not None  # the schema wants one of the two
    if workload.utilisation is None:
        return workload.queries_per_day * workload.peak_factor / SECONDS_PER_DAY, "requests/s"
    tokens = (workload.tokens_in or 0) + (workload.tokens_out or 0)
    _, active = parameters_of(workload)
    return compute.inference_peak_flops(active, tokens, workload.queries_per_day, workload.peak_factor), "FLOP/s"


def by_performance(workload: Load) -> bool:
    """Whether the performance model sizes a workload: no efficiency is typed, and it is not sized by memory alone."""
    if isinstance(workload, Training):
        return workload.mfu is None
    return isinstance(workload, Inference) and workload.utilisation is None and workload.concurrent_users is None


def block_of(workload: Load, server: Server, accelerator: Accelerator, demand: float) -> tuple[int, float] | str:
    """(servers, rate) of one block by peak FLOP/s and memory, or the sentence why the server type cannot carry it.

    Args:
        demand: the largest demand of any period (a block of one-cluster compute holds all of it).
    """
    peak = accelerator.peak_tflops(workload.precision)
    if peak is None:
        return f"the catalogue has no {workload.precision} rate for {accelerator.id}"
    server_peak = peak * TERA * server.accelerators
    if isinstance(workload, Compute):
        if not workload.one_cluster:
            return 1, server_peak
        return max(1, compute.whole_devices(demand / server_peak)), demand
    if accelerator.memory_gb is None:
        return f"the catalogue has no memory size for {accelerator.id}"
    if isinstance(workload, Training):
        parameters, active = parameters_of(workload)
        flops = compute.sustained_flops(compute.training_flops(active, workload.tokens), workload.days)
        state = compute.training_state_bytes(parameters, workload.bytes_per_parameter)
        assert workload.mfu is not None  # else the performance model sizes it
        for_speed = compute.whole_devices(flops / (server_peak * workload.mfu))
        for_memory = compute.whole_devices(state / (accelerator.memory_gb * GIGA * server.accelerators))
        return max(1, for_speed, for_memory), 1.0
    parameters, _ = parameters_of(workload)
    memory = compute.inference_memory_bytes(parameters, workload.bytes_per_parameter, workload.memory_overhead)
    devices = compute.devices_per_replica(memory, accelerator.memory_gb)
    servers, replicas = compute.packing(devices, server.accelerators)
    if workload.concurrent_users is not None:
        return servers, float(replicas)
    # A replica over several servers has them to itself and uses all their accelerators.
    used = replicas * devices if servers == 1 else servers * server.accelerators
    assert workload.utilisation is not None  # else the performance model sizes it
    return servers, peak * TERA * workload.utilisation * used
