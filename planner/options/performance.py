"""Blocks sized by the performance model: a training run in time, or replicas that meet the targets of a service."""

from __future__ import annotations

from planner.catalogue.entries import Accelerator, Server
from planner.engineering.performance.device import device_of
from planner.engineering.performance.replicas import ClassTimes, ServingEstimate
from planner.engineering.performance.training import smallest_cluster
from planner.errors import PlannerError
from planner.instance.models import model_of, replicas_on, run_on, trained_share, training_constants_of
from planner.instance.schema import Instance
from planner.instance.workloads import Inference, Training
from planner.options.blocks import Block, chain, frontier, gang


def performance_blocks(
    instance: Instance,
    workload: Training | Inference,
    server: Server,
    accelerator: Accelerator,
    oversubscription: float,
    most: float,
) -> tuple[Block, ...] | str:
    """Blocks of a workload by the performance model, or the sentence why the server type cannot carry it.

    Args:
        oversubscription: bandwidth down over bandwidth up of the compute network, all tiers together.
        most: the largest demand of any period.
    """
    try:
        if isinstance(workload, Training):
            return (_run(instance, workload, server, accelerator, oversubscription),)
        return _service(instance, workload, server, accelerator, oversubscription, most)
    except (PlannerError, ValueError) as error:
        return str(error)


def _run(
    instance: Instance, workload: Training, server: Server, accelerator: Accelerator, oversubscription: float
) -> Block:
    device = device_of(accelerator, server, oversubscription)
    constants = training_constants_of(instance, workload, accelerator.id, device)

    def fewest(safe: bool) -> tuple[int, str]:
        found = smallest_cluster(
            model_of(workload), device, workload.tokens, workload.days, workload.sequence, workload.batch_tokens,
            workload.recomputation, constants, precision=workload.precision, granule=server.accelerators,
            percentile_90=safe, trained=trained_share(workload),
        )  # fmt: skip
        layout = f"TP{found.layout.tensor} PP{found.layout.pipeline} DP{found.layout.data}"
        said = f"MFU {found.mfu:.0%}, {layout}, {found.days:.3g} days ({found.low_days:.3g}-{found.high_days:.3g})"
        unknown = [what for what, so in (("software", found.software_decides), ("batch", found.batch_decides)) if so]
        assumed = f", {' and '.join(unknown)} assumed" if unknown else ""
        return -(-found.devices // server.accelerators), f"{said}, {found.limiting}-bound{assumed}"

    expected, basis = fewest(False)
    servers = expected
    if instance.estimates == "safe":
        servers, basis = fewest(True)
    return gang(servers, server.accelerators, 1.0, expected, basis)


def run_days(
    instance: Instance,
    workload: Training,
    server: Server,
    accelerator: Accelerator,
    oversubscription: float,
    servers: int,
) -> float | None:
    """Days of a run on so many servers, those that nine runs in ten keep where the plan is safe; None where it does not
    train on them."""
    device = device_of(accelerator, server, oversubscription)
    try:
        found = run_on(instance, workload, servers * server.accelerators, accelerator.id, device)
    except (PlannerError, ValueError):
        return None
    return found.high_days if instance.estimates == "safe" else found.days


def _service(
    instance: Instance,
    workload: Inference,
    server: Server,
    accelerator: Accelerator,
    oversubscription: float,
    most: float,
) -> tuple[Block, ...] | str:
    device = device_of(accelerator, server, oversubscription)
    shares = chain(server.accelerators)
    found = replicas_on(instance, workload, accelerator.id, device, shares)
    safe = instance.estimates == "safe"
    serving = [(each, rate) for each in found if (rate := each.low_requests_per_s if safe else each.requests_per_s)]
    if not serving:
        return f"{accelerator.id} meets the latency targets in fewer than nine cases of ten, with any batch"
    blocks = []
    for share in shares:
        fitting = [(share // each.devices * rate, each, rate) for each, rate in serving if each.devices <= share]
        if fitting:
            total, each, rate = max(fitting, key=lambda option: (option[0], -option[1].devices))
            blocks.append(Block(share, 0, total, share * (rate / each.requests_per_s), _basis(workload, share, each)))
    for each, rate in serving:
        if each.devices > server.accelerators:
            servers = -(-each.devices // server.accelerators)
            expected = servers * (rate / each.requests_per_s)
            blocks.append(gang(servers, server.accelerators, rate, expected, _basis(workload, each.devices, each)))
    return frontier(blocks, most)


def _basis(workload: Inference, devices: int, found: ServingEstimate) -> str:
    what = "group" if workload.disaggregated else "replica"
    count = devices // found.devices
    several = f"{what} of {found.devices}" if count == 1 else f"{count} {what}s of {found.devices}"
    rates = f"{found.requests_per_s:.3g} requests/s ({found.low_requests_per_s:.3g}-{found.high_requests_per_s:.3g})"
    bound = "" if workload.targets == "mean" else f" ({workload.targets})"
    first = f"{found.ttft_s:.2g} s ({found.low_ttft_s:.2g}-{found.high_ttft_s:.2g})"
    times = f"first token {first}, then {1000 * found.tpot_s:.3g} ms each{bound}"
    if found.classes:
        times = ", ".join(map(_of_class, found.classes))
    return f"{several}, {found.batch} in flight, {rates}, {times}, limited by {found.limiting}"


def _of_class(times: ClassTimes) -> str:
    bound = "" if times.targets == "mean" else f" ({times.targets})"
    return f"{times.name}: first token {times.ttft_s:.2g} s, then {1000 * times.tpot_s:.3g} ms each{bound}"
