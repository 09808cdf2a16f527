"""One load on each of several server types: whole servers, their range, or why a type cannot carry it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from planner.engineering.compute import packing, whole_devices
from planner.engineering.performance.device import Device, device_of
from planner.engineering.performance.inference import DoesNotServe, estimate_replicas, replicas_needed
from planner.engineering.performance.inference_calibration import (
    DEFAULT_ENGINE,
    ENGINES,
    ServingConstants,
    constants_of,
)
from planner.engineering.performance.measurements import Measurement, calibrate
from planner.engineering.performance.models import Model
from planner.engineering.performance.replicas import ServingEstimate
from planner.engineering.performance.service import Service, choice_faults, service_of
from planner.engineering.performance.training import DoesNotTrain, TrainingEstimate, smallest_cluster
from planner.engineering.performance.training_calibration import TrainingConstants, training_constants
from planner.engineering.performance.training_measured import TrainingMeasurement, calibrated

if TYPE_CHECKING:
    from planner.catalogue.entries import Accelerator, Server

Estimate = TypeVar("Estimate", TrainingEstimate, ServingEstimate)
Constants = TypeVar("Constants", TrainingConstants, ServingConstants)
TRAINING_PRECISIONS = ("fp16", "fp8")
"""Of the matrix products of a run."""
NONE_MEASURED: Mapping[str, Any] = MappingProxyType({})


def _beyond(**figures: tuple[float | None, float, float]) -> list[str]:
    """Sentences on figures that are not between least and most; absent ones are left alone."""
    return [
        f"found {name} {value:g}; a number from {least:g} to {most:g} is accepted"
        for name, (value, least, most) in figures.items()
        if value is not None and not least <= value <= most
    ]


@dataclass(frozen=True)
class OnServers(Generic[Estimate, Constants]):
    """A load on one server type."""

    server: str
    device: Device
    constants: Constants
    estimate: Estimate
    """Of one run at the servers taken, or of one replica (one group, where disaggregated)."""
    servers: int
    """Taken for the whole load."""
    low_servers: int
    """Enough in one case of ten."""
    high_servers: int | None
    """Enough in nine cases of ten; None where no number is."""
    accelerators: int
    """Of the servers taken."""


@dataclass(frozen=True)
class Excluded:
    """A server type that cannot carry the load."""

    server: str
    accelerator: str
    reason: str


@dataclass(frozen=True)
class Run:
    """A training run that must end in time."""

    model: Model
    tokens: float
    days: float
    runs: int = 1
    """Runs of this size at once, each in a cluster of its own."""
    sequence: float | None = None
    batch_tokens: float | None = None
    precision: str = "fp16"
    stack: str | None = None
    """Software; that of the year and precision if absent."""
    year: int | None = None
    """In which the run is made; today's software if absent."""
    trained: float = 1.0
    """Share of the parameters that is trained."""

    def __post_init__(self) -> None:
        faults = _beyond(
            runs=(self.runs, 1, 1e9), tokens=(self.tokens, 1, 1e20), days=(self.days, 0.01, 1e5),
            sequence=(self.sequence, 1, 1e8), batch_tokens=(self.batch_tokens, 1, 1e12),
        )  # fmt: skip
        if not 0 < self.trained <= 1:
            faults.append(f"found a trained share of {self.trained:g}; a number above 0 and at most 1 is accepted")
        if self.precision not in TRAINING_PRECISIONS:
            faults.append(f"found precision {self.precision!r}; {', '.join(TRAINING_PRECISIONS)} are accepted")
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True)
class Queries:
    """A service by the queries of a day and its latency targets."""

    model: Model
    queries_per_day: float
    tokens_in: float
    tokens_out: float
    peak_factor: float = 1.0
    precision: str = "fp16"
    kv_precision: str | None = None
    ttft_s: float | None = None
    tpot_s: float | None = None
    prefix_hit: float = 0.0
    disaggregated: bool = False
    engine: str = DEFAULT_ENGINE
    draft_tokens: int = 0
    draft_acceptance: float | None = None
    targets: str = "mean"
    """What the latency targets bind, a key of ``TARGETS``."""

    def __post_init__(self) -> None:
        faults = _beyond(
            queries_per_day=(self.queries_per_day, 1e-9, 1e18), peak_factor=(self.peak_factor, 1, 1e6),
            tokens_in=(self.tokens_in, 1, 1e9), tokens_out=(self.tokens_out, 1, 1e9),
            ttft_s=(self.ttft_s, 1e-9, 1e5), tpot_s=(self.tpot_s, 1e-9, 1e5),
        )  # fmt: skip
        faults += choice_faults(
            self.precision, self.kv_precision, self.prefix_hit, self.draft_tokens, self.draft_acceptance, self.targets
        )
        if self.engine not in ENGINES:
            faults.append(f"found no engine {self.engine!r}; {', '.join(ENGINES)} are accepted")
        if faults:
            raise ValueError("; ".join(faults))

    def service(self) -> Service:
        """What is asked of a replica.

        Raises:
            ValueError: an unknown precision or a share out of range.
        """
        return service_of(
            self.tokens_in, self.tokens_out, self.precision, self.kv_precision, self.ttft_s, self.tpot_s,
            self.prefix_hit, None, None, draft_tokens=self.draft_tokens, draft_acceptance=self.draft_acceptance,
            targets=self.targets,
        )  # fmt: skip

    def asked(self) -> dict[str, Any]:
        """What is asked of a replica: arguments of ``estimate_serving``."""
        names = ("tokens_in", "tokens_out", "precision", "kv_precision", "ttft_s", "tpot_s", "prefix_hit")
        drafting = ("draft_tokens", "draft_acceptance")
        return {name: getattr(self, name) for name in (*names, "disaggregated", *drafting, "targets")}


def run_on(
    run: Run,
    server: Server,
    device: Device,
    safe: bool = False,
    measured: Sequence[TrainingMeasurement] = (),
) -> OnServers[TrainingEstimate, TrainingConstants]:
    """The fewest whole servers that finish a run in time; nine times in ten if ``safe``.

    Raises:
        DoesNotTrain: no number of them does.
        ValueError: a number is not above 0 and finite, or measurements do not fit.
    """
    constants = training_constants(device.generation, run.stack, run.precision, run.year)
    constants = calibrated(constants, measured) if measured else constants

    def fewest(percentile_10: bool = False, percentile_90: bool = False) -> TrainingEstimate:
        return smallest_cluster(
            run.model, device, run.tokens, run.days, run.sequence, run.batch_tokens, constants=constants,
            precision=run.precision, granule=server.accelerators, percentile_10=percentile_10,
            percentile_90=percentile_90, trained=run.trained,
        )  # fmt: skip

    def servers(estimate: TrainingEstimate) -> int:
        return run.runs * (estimate.devices // server.accelerators)

    taken = fewest(percentile_90=safe)
    high = None
    with suppress(DoesNotTrain):
        high = servers(taken if safe else fewest(percentile_90=True))
    return OnServers(
        server=server.id,
        device=device,
        constants=constants,
        estimate=taken,
        servers=servers(taken),
        low_servers=servers(fewest(percentile_10=True)),
        high_servers=high,
        accelerators=run.runs * taken.devices,
    )


def queries_on(
    queries: Queries, server: Server, device: Device, safe: bool = False, measured: Sequence[Measurement] = ()
) -> OnServers[ServingEstimate, ServingConstants]:
    """Fewest whole servers that carry the busiest moment of a service, over replicas of every size; at the throughput
    exceeded in nine cases of ten if ``safe``.

    Raises:
        DoesNotServe: the server type lacks the precision, the memory or the speed.
        ValueError: a number is out of range, or measurements do not fit.
    """
    constants = constants_of(device.generation, queries.engine)
    constants = calibrate(measured, {device.name: device})[device.name] if measured else constants

    def servers(estimate: ServingEstimate, requests_per_s: float) -> int:
        together, replicas = packing(estimate.devices, server.accelerators)
        needed = replicas_needed(queries.queries_per_day, queries.peak_factor, requests_per_s)
        return together * whole_devices(needed / replicas)

    best: tuple[int, float, ServingEstimate] | None = None
    for found in estimate_replicas(
        queries.model, device, queries.service(), constants, disaggregated=queries.disaggregated
    ):
        rate = found.low_requests_per_s if safe else found.requests_per_s
        if rate:
            rank = servers(found, rate), -found.requests_per_s_per_device
            if best is None or rank < best[:2]:
                best = *rank, found
    if best is None:
        raise DoesNotServe(f"{device.name} meets the targets in fewer than nine cases of ten, with any batch")
    taken, _, found = best
    return OnServers(
        server=server.id,
        device=device,
        constants=constants,
        estimate=found,
        servers=taken,
        low_servers=servers(found, found.high_requests_per_s),
        high_servers=servers(found, found.low_requests_per_s) if found.low_requests_per_s else None,
        accelerators=taken * server.accelerators,
    )


def devices_in(
    servers: Iterable[Server], accelerators: Mapping[str, Accelerator], oversubscription: float = 1.0
) -> tuple[list[tuple[Server, Device]], list[Excluded]]:
    """Server types with what the model needs to know of them, and those of which the catalogue knows too little.

    Raises:
        ValueError: oversubscription is below 1.
    """
    if not oversubscription >= 1:
        raise ValueError(f"oversubscription must be at least 1, found {oversubscription:g}")
    known, excluded = [], []
    for server in servers:
        try:
            known.append((server, device_of(accelerators[server.accelerator], server, oversubscription)))
        except ValueError as error:
            excluded.append(Excluded(server.id, server.accelerator, str(error)))
    return known, excluded


def run_on_each(
    run: Run,
    types: Iterable[tuple[Server, Device]],
    safe: bool = False,
    measured: Mapping[str, Sequence[TrainingMeasurement]] = NONE_MEASURED,
) -> tuple[list[OnServers[TrainingEstimate, TrainingConstants]], list[Excluded]]:
    """``run_on`` each server type, fewest accelerators first, and the types that cannot finish the run.

    ``measured`` holds a user's measurements by accelerator id.
    """
    return _each(types, lambda server, device: run_on(run, server, device, safe, measured.get(device.name, ())))


def queries_on_each(
    queries: Queries,
    types: Iterable[tuple[Server, Device]],
    safe: bool = False,
    measured: Mapping[str, Sequence[Measurement]] = NONE_MEASURED,
) -> tuple[list[OnServers[ServingEstimate, ServingConstants]], list[Excluded]]:
    """``queries_on`` each server type, fewest accelerators first, and the types that cannot carry the service.

    ``measured`` holds a user's measurements by accelerator id.
    """
    return _each(types, lambda server, device: queries_on(queries, server, device, safe, measured.get(device.name, ())))


def _each(
    types: Iterable[tuple[Server, Device]], size: Callable[[Server, Device], OnServers[Estimate, Constants]]
) -> tuple[list[OnServers[Estimate, Constants]], list[Excluded]]:
    found, excluded = [], []
    for server, device in types:
        try:
            found.append(size(server, device))
        except (DoesNotTrain, DoesNotServe) as error:
            excluded.append(Excluded(server.id, device.name, str(error)))
    return sorted(found, key=lambda row: row.accelerators), excluded
