"""What the load is: training runs, services and plain compute; and the user's own measurements."""

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, model_validator

from planner.catalogue.entries import ALIKE, Precision
from planner.engineering.performance.models import preset
from planner.instance.traffic import OWN, Profile, RequestClass, Targets, busiest, class_faults
from planner.instance.values import (
    Bytes,
    Count,
    Country,
    Days,
    Fraction,
    Milliseconds,
    Name,
    Parameters,
    Record,
    Seconds,
    Share,
    Tally,
)
from planner.units import SECONDS_PER_DAY

Day = Annotated[int, Field(ge=1, le=40_000)]
"""Day of a period, from 1."""
LOADS = ("queries_per_day", "requests_per_second", "concurrent_users")
"""Keys of a service that say how much it is asked, one of which is given."""

Redundancy = Literal["N+1", "N+2", "N+3", "N+4", "N+5", "N+6", "N+7", "N+8", "N+9"]

_as_catalogued = BeforeValidator(lambda word: ALIKE.get(word, word) if isinstance(word, str) else word)
Arithmetic = Annotated[Precision, _as_catalogued]
Served = Annotated[Literal[Precision, "w8a16", "w4a16", "w4a8"], _as_catalogued]


class _Workload(Record):
    name: Name
    """Names the load in the plan."""
    sites: tuple[Name, ...] | None = None
    """Sites that may carry it; absent means all."""
    servers: tuple[str, ...] | None = None
    """Server types that may carry it; absent means all."""
    countries: tuple[Country, ...] | None = None
    """Countries that its data may not leave; absent means any."""
    scale_by_period: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = None
    """Demand of each period as a multiple of the stated one; absent means 1 in every period."""

    @property
    def computed_in(self) -> Precision:
        """Precision of the matrix units that it takes: weights of 8 or 4 bits alone are computed in 16."""
        from planner.engineering.performance.kv import COMPUTED_IN  # with the serving model

        stored: str = getattr(self, "precision", "fp16")
        return cast("Precision", COMPUTED_IN.get(stored, stored))


class ModelShape(Record):
    """A transformer by its shape; what is absent follows from the rest or is not there."""

    layers: Annotated[int, Field(ge=1, le=10_000)]
    """Transformer layers."""
    hidden: Annotated[int, Field(ge=1, le=10**7)]
    """Width of the residual stream."""
    heads: Annotated[int, Field(ge=1, le=10**5)]
    """Heads of attention."""
    kv_heads: Annotated[int, Field(ge=1, le=10**5)] | None = None
    """Heads of keys and values; absent means as many as ``heads``."""
    head_size: Annotated[int, Field(ge=1, le=10**5)] | None = None
    """Width of a head; absent means ``hidden`` over ``heads``."""
    ffn: Annotated[int, Field(ge=0, le=10**8)]
    """Inner width of the dense feed-forward block; 0 where every layer has experts."""
    gated: bool = True
    """Whether feed-forward blocks have a gate, and so three matrices (SwiGLU)."""
    vocabulary: Annotated[int, Field(ge=1, le=10**8)]
    """Tokens of the vocabulary."""
    sequence: Annotated[int, Field(ge=1, le=10**8)] = 4096
    """Tokens of a sequence in training, if the load does not say."""
    tied_embeddings: bool = False
    """Whether input and output embeddings are one matrix."""
    attention: Literal["mha", "gqa", "mqa", "mla"] | None = None
    """Multi-head, grouped, multi-query or latent; absent means as the heads of keys and values say."""
    query_rank: Annotated[int, Field(ge=0, le=10**6)] = 0
    """Of latent attention: width of the compressed queries; 0 for none."""
    kv_rank: Annotated[int, Field(ge=0, le=10**6)] = 0
    """Of latent attention: width of the compressed keys and values that are cached."""
    rope_size: Annotated[int, Field(ge=0, le=10**6)] = 0
    """Of latent attention: width of the part of a key that carries the position."""
    experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    """Experts of a layer; 0 for a dense model."""
    active_experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    """Experts that a token goes to, without those shared by all."""
    shared_experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    """Experts that every token goes to."""
    expert_ffn: Annotated[int, Field(ge=0, le=10**8)] = 0
    """Inner width of an expert."""
    dense_layers: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Layers of a model of experts that have a dense feed-forward block instead."""
    learned_positions: Annotated[int, Field(ge=0, le=10**8)] = 0
    """Rows of a table of learned positions."""
    windowed_layers: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Layers whose attention sees the last ``window`` tokens only; layers that keep a state in place of a cache are
    windows of as many tokens as the state has room for."""
    window: Annotated[int, Field(ge=0, le=10**8)] = 0
    """Tokens that a windowed layer sees."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.head_size is None and self.hidden % self.heads:
            raise ValueError(f"found {self.heads} heads in a hidden size of {self.hidden}; give head_size")
        if (self.experts > 0) != (self.active_experts > 0) or self.active_experts > self.experts:
            raise ValueError(
                f"found {self.experts} experts of which {self.active_experts} active; both, or neither, are needed"
            )
        if (self.ffn == 0) != (self.experts > 0 and self.dense_layers == 0):
            raise ValueError(
                f"found ffn {self.ffn}, {self.experts} experts and {self.dense_layers} dense_layers; the dense block "
                "has a width where a layer has one, and 0 where every layer has experts"
            )
        if self.experts and not self.expert_ffn:
            raise ValueError(f"found {self.experts} experts without expert_ffn; a width above 0 is needed")
        if (self.windowed_layers > 0) != (self.window > 0) or self.windowed_layers > self.layers:
            raise ValueError(
                f"found {self.windowed_layers} windowed_layers of {self.layers} with a window of {self.window}; both, "
                "or neither, are needed, and no more layers than there are"
            )
        return self


class _Transformer(_Workload):
    model: str | ModelShape | None = None
    """Id of a known model (``planner catalogue models``) or its shape. Give this or ``parameters``."""
    parameters: Parameters | None = None
    """Parameter count, where no more is known of the model."""
    active_parameters: Parameters | None = None
    """Parameters used per token (mixture of experts); absent means all."""

    @model_validator(mode="after")
    def _one_model(self) -> Any:
        if (self.model is None) == (self.parameters is None):
            found = "neither" if self.model is None else "both"
            raise ValueError(f"found {found} of model and parameters; one is accepted")
        if self.model is not None and self.active_parameters is not None:
            raise ValueError("found active_parameters beside model, which knows them; one is accepted")
        if isinstance(self.model, str):
            preset(self.model)
        return self


class Training(_Transformer):
    """A training run that must end in time, sized by the performance model, or by 6 x parameters x tokens FLOPs
    (forward and backward pass) at a typed ``mfu``."""

    kind: Literal["training"]
    """What the load is: it decides which keys it has."""
    precision: Arithmetic = "fp16"
    tokens: Annotated[Tally, Field(gt=0, le=1e20)]
    """Tokens that a run reads."""
    days: Days
    """Time in which a run must be done."""
    concurrent_runs: Count = 1
    """Runs of this kind going on at once, each in one cluster of its own."""
    start: Day | None = None
    """First day of the period on which it may run. With ``start``, ``deadline`` or ``after`` a run takes turns with
    others that have any: it holds a cluster for its own days alone."""
    deadline: Day | None = None
    """Last day of the period on which it may run; that of the period if absent."""
    after: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    """Runs that must have ended before it begins; they take turns too."""
    mfu: Share | None = None
    """Model FLOP utilisation; absent means that of the performance model for each server type and network."""
    sequence: Annotated[int, Field(ge=1, le=10**8)] | None = None
    """Tokens of a sequence; the model's own if absent."""
    batch_tokens: Annotated[Tally, Field(gt=0, le=1e12)] | None = None
    """Tokens of a step; what is usual for the model's size if absent."""
    recomputation: Literal["none", "selective", "full"] | None = None
    """Of activations in the backward pass; the fastest that fits if absent."""
    stack: Literal["unfused", "fused", "overlapped"] | None = None
    """Training software: early frameworks, the usual ones, or those whose communication hides behind compute, as tuned
    teams run them. If absent that of the year of the order: early ones before 2023, tuned ones for FP8 from 2024 on,
    the usual ones else; the range of the days then holds that it may be another."""
    trainable_parameters: Parameters | None = None
    """Parameters that are trained, such as those of low-rank adapters (LoRA) on a model whose own weights stay as they
    are; absent means all."""
    bytes_per_parameter: Bytes = 16
    """Training state per parameter at a typed ``mfu``: weights, gradients and Adam state in mixed precision."""

    @model_validator(mode="after")
    def _trains(self) -> Self:
        if self.trainable_parameters is not None and self.mfu is not None:
            raise ValueError("found both of mfu and trainable_parameters; one is accepted")
        if self.start is not None and self.deadline is not None and self.deadline < self.start:
            raise ValueError(
                f"found a deadline on day {self.deadline} before the start on day {self.start}; a deadline on that day "
                "or later is accepted"
            )
        return self

    @property
    def timed(self) -> bool:
        """Whether it says when it may run."""
        return self.start is not None or self.deadline is not None or bool(self.after)


class Inference(_Transformer):
    """A service sized at its peak by the performance model, or by 2 x parameters FLOPs per token at a typed
    ``utilisation``, or by memory for concurrent users."""

    kind: Literal["inference"]
    """What the load is: it decides which keys it has."""
    precision: Served = "fp16"
    """Of weights and matrix products; w8a16 and w4a16 are weights of 8 and 4 bits computed in 16, w4a8 of 4 computed in
    FP8."""
    queries_per_day: Annotated[Tally, Field(gt=0, le=1e18)] | None = None
    """Requests of a mean day. Give this, ``requests_per_second`` or ``concurrent_users``."""
    requests_per_second: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Mean over the day; the same as 86,400 times as many ``queries_per_day``."""
    tokens_in: Annotated[Tally, Field(ge=0, le=1e9)] | None = None
    """Tokens of a prompt, in the mean."""
    tokens_out: Annotated[Tally, Field(ge=0, le=1e9)] | None = None
    """Tokens of an answer, in the mean."""
    peak_factor: Annotated[float, Field(ge=1, le=1e6)] = 1
    """Peak load over the daily mean; beside a ``profile``, over the mean of its busiest hour."""
    profile: Profile | None = None
    """Load of each hour of a day, 24 numbers of any scale; absent means no more than ``peak_factor`` says."""
    utilisation: Share | None = None
    """Achieved over peak FLOP/s; absent means what the performance model finds for each server type."""
    ttft_s: Seconds | None = None
    """Longest time to the first token, s: the mean, or what ``targets`` says."""
    tpot_s: Seconds | None = None
    """Longest time per output token after the first, s, likewise."""
    targets: Targets = "mean"
    """What the two targets bind: the mean, or the time that so many of a hundred requests stay below."""
    classes: Annotated[tuple[RequestClass, ...], Field(max_length=32)] = ()
    """Requests of several kinds that share the replicas, each with lengths and targets of its own in place of those of
    the service. Services of their own keep them apart."""
    fills: tuple[Name, ...] = ()
    """Services with a ``profile`` whose replicas it may take in the hours in which they are idle, beside replicas of
    its own; for offline work (``real_time: false``), whose rate is that of the mean day."""
    draft_tokens: Annotated[int, Field(ge=0, le=8)] = 0
    """Tokens drafted ahead in every step (speculative decoding, multi-token prediction)."""
    draft_acceptance: Annotated[Fraction, Field(ge=0, le=1)] | None = None
    """Chance that a drafted token is kept once those before it are."""
    prefix_hit: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    """Share of the prompt tokens found in a prefix cache."""
    disaggregated: bool = False
    """Whether prompts and outputs have replicas of their own."""
    kv_precision: Literal["fp16", "fp8"] | None = None
    """Format of the key-value cache; that of the weights if absent."""
    engine: Literal["vllm", "sglang", "tensorrt-llm", "atom", "tensorrt-llm-2023"] | None = None
    """Serving software whose constants are taken."""
    real_time: bool = True
    """Whether somebody waits for the answer; such work is kept off hubs for offline work."""
    users: tuple[str, ...] = ()
    """Places of its users."""
    round_trip_ms: Milliseconds | None = None
    """Longest network round trip between a place of its users and the site, ms."""
    concurrent_users: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Users at once; sizes the service by memory. Give this or ``queries_per_day``."""
    users_per_replica: Count = 100
    """Users that one replica serves at once, where loads are given by users alone."""
    bytes_per_parameter: Bytes = 2
    memory_overhead: Annotated[float, Field(ge=0, le=1e6)] = 1
    """Intermediate state as a multiple of the weights."""
    redundancy: Redundancy | None = None
    """N+1 to N+9: so many servers of any fleet (a server type at a site) that carries it may be out of service, and the
    fleet still carries all of it. Services of a fleet share its spare servers; replicas of several servers have as many
    standby replicas."""
    survives_site_loss: bool = False
    """Whether the demand is met with any one site lost."""
    largest_site_share: Share | None = None
    """Largest share of the demand that one site is counted on for; what stands there beyond it does not count."""

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.profile is not None and not any(self.profile):
            raise ValueError("found a profile without load in any hour; 24 numbers, one of them above 0, are accepted")
        if self.fills:
            self._check_fills()
        given = [name for name in LOADS if getattr(self, name) is not None]
        if self.classes:
            self._check_classes(given)
        elif len(given) != 1:
            found = {0: "neither", 2: "both"}.get(len(given), "all")
            which = given or ["queries_per_day", "concurrent_users"]
            raise ValueError(
                f"found {found} of {', '.join(which[:-1])} and {which[-1]}; one is accepted: queries_per_day or "
                "requests_per_second (with tokens_in, tokens_out) or concurrent_users"
            )
        if (self.draft_tokens > 0) != (self.draft_acceptance is not None):
            found, missing = ("draft_tokens", "draft_acceptance")[:: 1 if self.draft_tokens else -1]
            raise ValueError(f"found {found} without {missing}; both, or neither, are needed")
        if self.concurrent_users is None and not self.prompt_tokens + self.answer_tokens:
            raise ValueError(f"found {given[0]} without tokens; tokens_in or tokens_out above 0 is needed")
        return self

    def _check_fills(self) -> None:
        """Raises ValueError where a load that fills idle hours asks for what such hours cannot give."""
        if self.real_time:
            raise ValueError("found fills of a load with somebody waiting; real_time: false is needed")
        asked = [key for key in ("concurrent_users", "profile") if getattr(self, key) is not None]
        asked += ["peak_factor"] * (self.peak_factor != 1) + ["redundancy or limits by site"] * self.careful
        if asked:
            raise ValueError(f"found {', '.join(asked)} beside fills; a rate of the mean day alone is accepted")

    def _check_classes(self, rates: list[str]) -> None:
        """Raises ValueError with all that is wrong with the classes."""
        faults = [
            f"found {key} beside classes; {key} of each class is accepted"
            for key in OWN
            if getattr(self, key) != type(self).model_fields[key].default
        ]
        for key in ("concurrent_users", "disaggregated"):
            if getattr(self, key):
                faults.append(f"found {key} beside classes; one of the two is accepted")
        if not faults:
            faults += ["found two rates; one is accepted"] if len(rates) > 1 else []
            faults += class_faults(self.classes, next(iter(rates), None))
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def mix(self) -> tuple[tuple[float, RequestClass], ...]:
        """Its classes with their share of the requests; none of a service whose requests are all alike."""
        total = math.fsum(each.mean_requests_per_s for each in self.classes)
        return tuple((each.share or each.mean_requests_per_s / total, each) for each in self.classes)

    @property
    def peak_over_mean(self) -> float:
        """Load at the peak over the mean of a day."""
        return self.peak_factor * busiest(self.profile)

    @property
    def prompt_tokens(self) -> float:
        """Tokens of a prompt, mean of all requests."""
        return math.fsum(share * each.tokens_in for share, each in self.mix) if self.classes else self.tokens_in or 0.0

    @property
    def answer_tokens(self) -> float:
        """Tokens of an answer, mean of all requests."""
        if self.classes:
            return math.fsum(share * each.tokens_out for share, each in self.mix)
        return self.tokens_out or 0.0

    @property
    def cached_share(self) -> float:
        """Share of all prompt tokens that is found in a prefix cache."""
        if not self.classes:
            return self.prefix_hit
        found = math.fsum(share * each.tokens_in * each.prefix_hit for share, each in self.mix)
        return found / self.prompt_tokens if found else 0.0

    @property
    def binds(self) -> bool:
        """Whether it has a latency target."""
        return bool(self.ttft_s or self.tpot_s or any(each.ttft_s or each.tpot_s for each in self.classes))

    def changed(self, **requests: Any) -> Self:
        """The service with keys of its requests changed, of those of every class too."""
        classes = tuple(each.model_copy(update=requests) for each in self.classes)
        return self.model_copy(update={"classes": classes} if classes else requests)

    @property
    def spares(self) -> int:
        """Servers of a fleet that may be out of service beside those that availability leaves out."""
        return 0 if self.redundancy is None else int(self.redundancy.removeprefix("N+"))

    @property
    def careful(self) -> bool:
        """Whether it asks to hold when servers or a site are lost."""
        return self.redundancy is not None or self.survives_site_loss or self.largest_site_share is not None

    @property
    def mean_requests_per_s(self) -> float:
        """Requests per second over the day, of all classes; 0 of a service that is sized by its users."""
        own = self.requests_per_second or (self.queries_per_day or 0.0) / SECONDS_PER_DAY
        return own or math.fsum(each.mean_requests_per_s for each in self.classes)


class Compute(_Workload):
    """Plain compute: peak FLOP/s installed at a precision."""

    kind: Literal["compute"]
    """What the load is: it decides which keys it has."""
    precision: Arithmetic = "fp16"
    peak_flops: Annotated[float, Field(gt=0, le=1e30)]
    """FLOP/s (operations per second for integer precisions), dense peak."""
    one_cluster: bool = False
    """Whether all of it must stand in one cluster."""


Workload = Annotated[Training | Inference | Compute, Field(discriminator="kind")]


def tolerated(workloads: Iterable[Workload]) -> dict[str, int]:
    """Servers of a fleet that may be out of service, by the service that asks for it."""
    return {w.name: w.spares for w in workloads if isinstance(w, Inference) and w.spares}


class TrainingMeasurement(Record):
    """Throughput of training steps that somebody measured."""

    accelerator: str
    """Accelerator, catalogue id."""
    model: str
    """Model, catalogue id."""
    devices: Annotated[int, Field(ge=1, le=10**7)]
    """Accelerators that were at work."""
    tokens_per_s: Annotated[float, Field(gt=0, le=1e15)]
    """Of all devices together."""
    sequence: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Tokens of a sequence; absent means those of the model."""
    batch_tokens: Annotated[Tally, Field(gt=0, le=1e12)] | None = None
    """Tokens of a step; absent means as for a load."""
    precision: Annotated[Literal["fp16", "fp8"], _as_catalogued] = "fp16"
    """Number format of the matrix multiplications."""


class InferenceMeasurement(Record):
    """Highest throughput of one replica that somebody measured."""

    accelerator: str
    """Accelerator, catalogue id."""
    model: str
    """Model, catalogue id."""
    precision: Annotated[Literal["fp16", "fp8", "int8", "fp4", "w8a16", "w4a16", "w4a8"], _as_catalogued]
    """Format of weights and matrix multiplications."""
    devices: Annotated[int, Field(ge=1, le=10**5)]
    """Accelerators of the replica."""
    tokens_in: Annotated[float, Field(ge=1, le=1e9)]
    """Tokens of a prompt, in the mean."""
    tokens_out: Annotated[float, Field(ge=1, le=1e9)]
    """Tokens of an answer, in the mean."""
    output_tokens_per_s: Annotated[float, Field(gt=0, le=1e12)]
    """Tokens that the replica wrote in a second."""


class Measurements(Record):
    """The user's own measurements; an accelerator that has some is calibrated on them alone."""

    training: tuple[TrainingMeasurement, ...] = ()
    inference: tuple[InferenceMeasurement, ...] = ()
