"""Blocks sized by the performance model: a training run in time, or replicas that meet the targets of a service."""

from __future__ import annotations

from dataclasses import dataclass

from planner.catalogue.entries import Accelerator, Server
from planner.engineering.compute import packing
from planner.engineering.performance.device import device_of
from planner.engineering.performance.training import smallest_cluster
from planner.errors import PlannerError
from planner.instance.models import model_of, served_on, training_constants_of
from planner.instance.schema import Instance
from planner.instance.workloads import Inference, Training


@dataclass(frozen=True)
class Sized:
    """One block of a workload on a server type.

    Attributes:
        servers: servers of the block, each whole.
        rate: what it carries, in the unit of the demand.
        expected_servers: servers that the expected estimate would take for the same load; fewer than ``servers`` where
            the plan is safe.
        basis: how it was sized, in a few words.
    """

    servers: int
    rate: float
    expected_servers: float
    basis: str


def sized(
    instance: Instance,
    workload: Training | Inference,
    server: Server,
    accelerator: Accelerator,
    oversubscription: float,
) -> Sized | str:
    """The block of a workload by the performance model, or the sentence why the server type cannot carry it.

    Args:
        oversubscription: bandwidth down over bandwidth up of the compute network, all tiers together.
    """
    try:
        if isinstance(workload, Training):
            return _run(instance, workload, server, accelerator, oversubscription)
        return _service(instance, workload, server, accelerator, oversubscription)
    except (PlannerError, ValueError) as error:
        return str(error)


def _run(
    instance: Instance, workload: Training, server: Server, accelerator: Accelerator, oversubscription: float
) -> Sized:
    device = device_of(accelerator, server, oversubscription)
    constants = training_constants_of(instance, workload, accelerator.id, device)

    def fewest(safe: bool) -> tuple[int, str]:
        found = smallest_cluster(
            model_of(workload), device, workload.tokens, workload.days, workload.sequence, workload.batch_tokens,
            workload.recomputation, constants, precision=workload.precision, granule=server.accelerators,
            percentile_90=safe,
        )  # fmt: skip
        layout = f"TP{found.layout.tensor} PP{found.layout.pipeline} DP{found.layout.data}"
        said = f"MFU {found.mfu:.0%}, {layout}, {found.days:.3g} days ({found.low_days:.3g}-{found.high_days:.3g})"
        return -(-found.devices // server.accelerators), f"{said}, {found.limiting}-bound"

    expected, basis = fewest(False)
    if instance.estimates == "safe":
        servers, basis = fewest(True)
        return Sized(servers, 1.0, expected, basis)
    return Sized(expected, 1.0, expected, basis)


def _service(
    instance: Instance, workload: Inference, server: Server, accelerator: Accelerator, oversubscription: float
) -> Sized | str:
    device = device_of(accelerator, server, oversubscription)
    found = served_on(instance, workload, accelerator.id, device)
    servers, replicas = packing(found.devices, server.accelerators)
    each = found.low_requests_per_s if instance.estimates == "safe" else found.requests_per_s
    if not each:
        return f"{accelerator.id} meets the latency targets in fewer than nine cases of ten, with any batch"
    what = "groups" if workload.disaggregated else "replicas"
    rates = f"{found.requests_per_s:.3g} requests/s ({found.low_requests_per_s:.3g}-{found.high_requests_per_s:.3g})"
    times = f"first token {found.ttft_s:.2g} s, then {1000 * found.tpot_s:.3g} ms each"
    basis = f"{what} of {found.devices}, {found.batch} in flight, {rates}, {times}, limited by {found.limiting}"
    return Sized(servers, replicas * each, servers * each / found.requests_per_s, basis)
