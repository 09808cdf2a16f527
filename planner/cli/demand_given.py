"""``planner demand run`` and ``replica``: what machines of a given size do, by the performance model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from planner.cli.demand_performance import model_of, show, told
from planner.cli.outcome import refuse
from planner.cli.parameters import counted, in_format, shared

if TYPE_CHECKING:
    from planner.catalogue import Catalogue
    from planner.engineering.performance.device import Device
    from planner.engineering.performance.models import Model
    from planner.engineering.performance.training_estimate import Recomputation

Made = TypeVar("Made")
SETTLED = ("tensor", "pipeline", "context", "expert", "micro_batch", "zero")
"""Numbers of a training layout that may be given; data parallelism takes the devices that remain."""
MOST = 1e20
"""Tokens, sequences or devices: beyond any run, and far from the end of the numbers."""

ModelName = Annotated[
    str,
    typer.Option(
        "--model", help="An id of `planner catalogue models`, a number of parameters such as 13B, or a shape."
    ),
]
ActiveParameters = Annotated[
    float | None,
    counted("Parameters used per token (mixture of experts), with a number of them."),
]
DraftTokens = Annotated[
    int | None, typer.Option(help="Tokens drafted ahead in every step (speculative decoding); with --draft-acceptance.")
]
DraftAcceptance = Annotated[
    float | None, shared("Chance, 0 to 1, that a drafted token is kept if those before it are.")
]
ServerName = Annotated[str, typer.Option("--server", help="An id of `planner catalogue servers`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the same as JSON.")]


def run(
    model: ModelName,
    server: ServerName,
    devices: Annotated[int, typer.Option(help="Accelerators of the run.")],
    tokens: Annotated[float | None, counted("Tokens of the whole run, for its days.")] = None,
    sequence: Annotated[float | None, typer.Option(help="Tokens of a sequence; the model's own if absent.")] = None,
    batch_tokens: Annotated[
        float | None,
        counted("Tokens of a step; usual for the model's size if absent."),
    ] = None,
    batch_sequences: Annotated[float | None, typer.Option(help="Sequences of a step, in place of tokens.")] = None,
    precision: Annotated[str, in_format("Of the matrix products: fp16 or fp8.")] = "fp16",
    recomputation: Annotated[
        str | None, typer.Option(help="Of activations: none, selective or full; the fastest that fits if absent.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=N,...", help=f"What is settled of {', '.join(SETTLED)}; the fastest of the rest is taken."
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(help="Software: unfused, fused or overlapped; that of the year and precision if absent."),
    ] = None,
    year: Annotated[int | None, typer.Option(help="Of the run, for its software; today's if absent.")] = None,
    trainable_parameters: Annotated[
        float | None,
        counted(
            "Parameters that are trained, such as those of adapters (LoRA); all if absent.",
        ),
    ] = None,
    oversubscription: Annotated[
        float, typer.Option(help="Bandwidth down over up of the compute network, from 1.")
    ] = 1.0,
    measurements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own measurements (CSV; see docs/performance.md).")
    ] = None,
    active_parameters: ActiveParameters = None,
    as_json: AsJson = False,
) -> None:
    """Speed and duration of a training run on accelerators that are given."""
    with told(as_json):
        from planner.catalogue import load_catalogue
        from planner.engineering.performance.device import OTHER
        from planner.engineering.performance.parallel import RECOMPUTATION
        from planner.engineering.performance.server_types import TRAINING_PRECISIONS
        from planner.engineering.performance.training import DoesNotTrain, estimate_training
        from planner.engineering.performance.training_calibration import training_constants
        from planner.engineering.performance.training_measured import calibrated, read_measurements
        from planner.report.given import given_run, not_possible

        catalogue = load_catalogue()
        faults = _out_of_range(
            {"--devices": devices, "--tokens": tokens, "--sequence": sequence, "--batch-tokens": batch_tokens,
             "--batch-sequences": batch_sequences, "--trainable-parameters": trainable_parameters}
        )  # fmt: skip
        if batch_tokens is not None and batch_sequences is not None:
            faults.append("found both --batch-tokens and --batch-sequences; one is accepted")
        faults += _not_among("precision", precision, TRAINING_PRECISIONS)
        faults += _not_among("recomputation", recomputation, RECOMPUTATION)
        if not oversubscription >= 1:
            faults.append(f"oversubscription must be at least 1, found {oversubscription:g}")
        known = _tried(faults, lambda: model_of(model, active_parameters))
        device = _tried(faults, lambda: _device(server, catalogue, max(1.0, oversubscription)))
        settled = _tried(faults, lambda: _settled(layout))
        generation = device.generation if device else OTHER
        constants = _tried(faults, lambda: training_constants(generation, stack, precision, year))
        if known and device and settled:
            faults += _not_tried(settled, known, device, sequence)
        if known and (trainable_parameters or 0) > known.parameters:
            faults.append(
                f"found --trainable-parameters above the {known.parameters:g} of the model; fewer are accepted"
            )
        if faults or known is None or device is None or constants is None:
            refuse("; ".join(faults), as_json)

        sequence = sequence or known.sequence
        batch = batch_sequences * sequence if batch_sequences else batch_tokens
        measured = read_measurements(measurements, catalogue) if measurements else []
        own = [row for row in measured if row.device.name == device.name]
        if measurements and not own:
            refuse(
                f"found no measurement of {device.name} in {measurements}; rows of servers with it are accepted",
                as_json,
            )
        constants = calibrated(constants, own) if own else constants
        try:
            found = estimate_training(
                known, device, devices, tokens or 1.0, sequence, batch,
                cast("Recomputation | None", recomputation), constants,
                precision=precision, layout=settled,
                trained=1.0 if trainable_parameters is None else trainable_parameters / known.parameters,
            )  # fmt: skip
        except DoesNotTrain as error:
            show(not_possible("run", known, server, device, str(error)), as_json)
        else:
            show(given_run(known, server, device, found, tokens, sequence, constants), as_json)


def replica(
    model: ModelName,
    server: ServerName,
    tokens_in: Annotated[float, counted("Tokens of a prompt.")],
    tokens_out: Annotated[float, counted("Tokens of an answer.")],
    devices: Annotated[
        int | None, typer.Option(help="Accelerators of the replica; the best size per accelerator if absent.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Requests at once, waiting ones included; all that memory holds if absent.")
    ] = None,
    precision: Annotated[
        str,
        in_format("Of weights and matrix products, e.g. fp16 or w4a16."),
    ] = "fp16",
    kv_precision: Annotated[
        str | None, typer.Option(help="Of the KV cache, e.g. fp16 or fp8; follows the weights if absent.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="vllm (default), sglang, tensorrt-llm, atom or tensorrt-llm-2023.")
    ] = None,
    prefix_hit: Annotated[float, shared("Share of prompt tokens found in a prefix cache.")] = 0.0,
    attention: Annotated[
        str | None,
        typer.Option(help="How attention is spread: tensor, or data (wide experts); the faster if absent."),
    ] = None,
    draft_tokens: DraftTokens = None,
    draft_acceptance: DraftAcceptance = None,
    active_parameters: ActiveParameters = None,
    as_json: AsJson = False,
) -> None:
    """Throughput and latency of one replica of a served model on accelerators that are given."""
    with told(as_json):
        from planner.catalogue import load_catalogue
        from planner.engineering.performance.device import OTHER
        from planner.engineering.performance.inference import DoesNotServe, service_of
        from planner.engineering.performance.inference_calibration import DEFAULT_ENGINE, constants_of
        from planner.engineering.performance.serving_layouts import ATTENTION
        from planner.report.given import given_replica, not_possible

        faults: list[str] = []
        catalogue = load_catalogue()
        known = _tried(faults, lambda: model_of(model, active_parameters))
        device = _tried(faults, lambda: _device(server, catalogue))
        generation = device.generation if device else OTHER
        constants = _tried(faults, lambda: constants_of(generation, engine or DEFAULT_ENGINE))
        lengths = tokens_in, tokens_out
        _tried(
            faults,
            lambda: service_of(
                *lengths, precision, kv_precision, None, None, prefix_hit, concurrency, devices,
                draft_tokens=draft_tokens or 0, draft_acceptance=draft_acceptance,
            ),
        )  # fmt: skip
        faults += _not_among("attention", attention, ATTENTION)
        if faults or known is None or device is None or constants is None:
            refuse("; ".join(faults), as_json)

        asked = {
            "devices": devices, "tokens_in": tokens_in, "tokens_out": tokens_out, "precision": precision,
            "kv_precision": kv_precision, "prefix_hit": prefix_hit, "concurrency": concurrency,
            "draft_tokens": draft_tokens or 0, "draft_acceptance": draft_acceptance, "attention": attention,
        }  # fmt: skip
        try:
            demand = given_replica(known, server, device, constants, asked)
        except DoesNotServe as error:
            demand = not_possible("replica", known, server, device, str(error))
        show(demand, as_json)


def _tried(faults: list[str], make: Callable[[], Made]) -> Made | None:
    """What is made, or None with the fault noted, so that the next one is found too."""
    try:
        return make()
    except (ValueError, OverflowError) as error:
        faults.append(str(error))
        return None


def _device(server: str, catalogue: Catalogue, oversubscription: float = 1.0) -> Device:
    """An accelerator of a server type.

    Raises:
        ValueError: the catalogue has no such server or too few of its figures.
    """
    from planner.catalogue.rows import instead
    from planner.engineering.performance.device import device_of

    found = catalogue.servers.get(server)
    if found is None:
        raise ValueError(f"found no server {server!r}; {instead(server, catalogue.servers)}")
    return device_of(catalogue.accelerators[found.accelerator], found, oversubscription)


def _in_range(value: float) -> bool:
    return 0 < value <= MOST


def _out_of_range(options: Mapping[str, float | None]) -> list[str]:
    wrong = [f"{name} {value:g}" for name, value in options.items() if value is not None and not _in_range(value)]
    return [f"found {', '.join(wrong)}; numbers above 0 and up to {MOST:g} are accepted"] if wrong else []


def _not_among(name: str, value: str | None, accepted: Sequence[str]) -> list[str]:
    wrong = value is not None and value not in accepted
    return [f"found {name} {value!r}; {', '.join(accepted)} are accepted"] if wrong else []


def _settled(text: str | None) -> dict[str, float]:
    """Numbers of a layout by name, out of ``tensor=8,pipeline=8``.

    >>> _settled("tensor=8, pipeline=12")
    {'tensor': 8.0, 'pipeline': 12.0}

    Raises:
        ValueError: a name is unknown or stands twice, or a number is not whole.
    """
    if text is None:
        return {}
    pieces = [[part.strip() for part in piece.split("=", 1)] for piece in text.split(",")]
    names = Counter(piece[0] for piece in pieces)
    wrong = [
        "=".join(piece)
        for piece in pieces
        if len(piece) < 2 or piece[0] not in SETTLED or names[piece[0]] > 1 or not piece[1].isdecimal()
    ]
    if wrong:
        raise ValueError(
            f"found {', '.join(wrong)} in --layout; {', '.join(SETTLED)} are accepted, each once as NAME=N with a "
            "whole N (the devices that remain are data parallel)"
        )
    return {name: float(number) for name, number in pieces}


def _not_tried(settled: Mapping[str, float], model: Model, device: Device, sequence: float | None) -> list[str]:
    """Numbers of a layout that the performance model does not look at, with those it does."""
    from planner.engineering.performance.parallel import candidates

    length = model.sequence if sequence is None else sequence
    if not _in_range(length):
        return []
    found = candidates(model, device.scale_up_size, int(length))
    tried = {name: sorted({int(value) for value in getattr(found, name)}) for name in settled}
    return [
        f"found {name}={number:g}; {', '.join(map(str, tried[name]))} are accepted for {model.name} on {device.name}"
        for name, number in settled.items()
        if number not in tried[name]
    ]
