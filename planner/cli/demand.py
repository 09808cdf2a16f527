"""``planner demand``: what a load needs, derived step by step, without a solver."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from planner.cli import demand_closed_form, demand_given
from planner.cli.demand_devices import DEFAULT_ACCELERATORS
from planner.cli.demand_given import DraftAcceptance, DraftTokens
from planner.cli.outcome import print_json, refuse
from planner.cli.parameters import counted, in_format, shared, timed

app = typer.Typer(no_args_is_help=True, help="Derive the servers and accelerators that a load needs.")

Accelerators = Annotated[
    list[str] | None,
    typer.Option(
        "--accelerator",
        help=f"Catalogue id; repeat for several (default: {', '.join(DEFAULT_ACCELERATORS)}; with --model all).",
        show_default=False,
    ),
]
PeakTflops = Annotated[
    float | None,
    typer.Option(help="Dense peak of one accelerator, TFLOP/s, in place of the catalogue's accelerators."),
]
Precision = Annotated[str, in_format("Number format of the matrix products, e.g. fp16.")]
Parameters = Annotated[
    float | None,
    counted("Parameters of the model, sized by its FLOPs.", show_default=False),
]
ActiveParameters = Annotated[
    float | None,
    counted(
        "Parameters used per token (mixture of experts), with a number of them; all if absent.",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Model to size by the performance model on every server type: an id of `planner catalogue models`, a "
        "number of parameters such as 13B, or a shape such as layers=80,hidden=8192,heads=64,ffn=28672,"
        "vocabulary=32000.",
        show_default=False,
    ),
]
Oversubscribed = Annotated[
    float | None,
    typer.Option("--oversubscription", help="With --model: bandwidth down over up of the compute network, from 1."),
]
Safe = Annotated[
    bool, typer.Option("--safe", help="With --model: servers that are enough in nine cases of ten, not in one of two.")
]
Measurements = Annotated[
    Path | None,
    typer.Option(
        "--measurements", metavar="FILE", help="With --model: your own measurements (CSV; see docs/performance.md)."
    ),
]
EachPrice = Annotated[
    float | None, typer.Option("--price", help="With --parameters: USD of an accelerator, for what all of them cost.")
]
ServerPrice = Annotated[
    float | None, typer.Option(help="With --parameters: USD of a server, for what whole servers of them cost.")
]
PerServer = Annotated[int | None, typer.Option(help="With --parameters: accelerators of a server; 8 if absent.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the same as JSON.")]


@app.command()
def training(
    tokens: Annotated[float, counted("Tokens of one run.")],
    days: Annotated[float, typer.Option(help="Days one run may take.")],
    model: ModelName = None,
    parameters: Parameters = None,
    active_parameters: ActiveParameters = None,
    concurrent: Annotated[int, typer.Option(help="Runs of this size at once.")] = 1,
    mfu: Annotated[
        float | None,
        shared(
            "With --parameters: model FLOP utilisation, 0 to 1; the catalogue's if absent.",
        ),
    ] = None,
    precision: Precision = "fp16",
    sequence: Annotated[
        float | None, typer.Option(help="With --model: tokens of a sequence; the model's own if absent.")
    ] = None,
    batch_tokens: Annotated[
        float | None,
        counted(
            "With --model: tokens of a step; usual for the model's size if absent.",
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option(
            help="With --model: training software: unfused, fused or overlapped; that of the year and precision if "
            "absent."
        ),
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="With --model: of the run, for its software; today's if absent.")
    ] = None,
    trainable_parameters: Annotated[
        float | None,
        counted(
            "With --model: parameters that are trained, such as those of adapters (LoRA); all if absent.",
        ),
    ] = None,
    accelerator: Accelerators = None,
    peak_tflops: PeakTflops = None,
    price: EachPrice = None,
    server_price: ServerPrice = None,
    per_server: PerServer = None,
    oversubscription: Oversubscribed = None,
    safe: Safe = False,
    measurements: Measurements = None,
    as_json: AsJson = False,
) -> None:
    """Servers that finish training runs in time.

    With --model by the performance model, on every server type; with --parameters by 6 x parameters x tokens FLOPs.
    """
    with_model = {
        "--sequence": sequence, "--batch-tokens": batch_tokens, "--oversubscription": oversubscription,
        "--safe": safe, "--measurements": measurements, "--stack": stack,
        "--year": year, "--trainable-parameters": trainable_parameters,
    }  # fmt: skip
    money = demand_closed_form.Money(price, server_price, per_server)
    with_parameters = {"--mfu": mfu, "--peak-tflops": peak_tflops, **_named(money)}
    _require_one(model, parameters, with_model, with_parameters, as_json)
    if parameters is not None:
        demand_closed_form.training(
            parameters, tokens, days, active_parameters, concurrent, mfu, precision, accelerator, peak_tflops, money,
            as_json,
        )  # fmt: skip
    elif model is not None:
        from planner.cli import demand_performance

        demand_performance.training(
            model, active_parameters, tokens, days, concurrent, sequence, batch_tokens, precision, stack, year,
            trainable_parameters, accelerator, oversubscription, safe, measurements, as_json,
        )  # fmt: skip


@app.command()
def inference(
    queries_per_day: Annotated[float, counted("Queries of all users a day.")],
    model: ModelName = None,
    tokens_in: Annotated[float | None, counted("With --model: tokens of a prompt.")] = None,
    tokens_out: Annotated[float | None, counted("With --model: tokens of an answer.")] = None,
    parameters: Parameters = None,
    tokens_per_query: Annotated[
        float | None,
        counted("With --parameters: tokens read and written by one query."),
    ] = None,
    active_parameters: ActiveParameters = None,
    peak_factor: Annotated[float, typer.Option(help="Busiest moment over the mean of the day.")] = 1,
    utilisation: Annotated[
        float | None,
        shared("Achieved over peak FLOP/s, 0 to 1; the catalogue's if absent."),
    ] = None,
    precision: Precision = "fp16",
    kv_precision: Annotated[
        str | None, typer.Option(help="With --model: format of the KV cache; follows the weights if absent.")
    ] = None,
    ttft: Annotated[
        float | None,
        timed("With --model: longest time to the first token."),
    ] = None,
    tpot: Annotated[
        float | None,
        timed("With --model: longest time per further token."),
    ] = None,
    prefix_hit: Annotated[
        float | None,
        shared("With --model: share of prompt tokens found in a prefix cache."),
    ] = None,
    disaggregated: Annotated[
        bool, typer.Option("--disaggregated", help="With --model: prompts and answers on replicas of their own.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="With --model: vllm (default), sglang, tensorrt-llm, atom or tensorrt-llm-2023.")
    ] = None,
    draft_tokens: DraftTokens = None,
    draft_acceptance: DraftAcceptance = None,
    targets: Annotated[
        str | None, typer.Option(help="With --model: what the targets bind: mean (default), p90, p95 or p99.")
    ] = None,
    divide_twice: Annotated[
        bool,
        typer.Option(
            "--divide-twice", help="Divide by the utilisation twice: the error of CSC 2023 F50, to reproduce its rows."
        ),
    ] = False,
    flops_per_token: Annotated[
        float | None, counted("With --parameters: FLOPs of a token, in place of 2 x parameters.", show_default=False)
    ] = None,
    accelerator: Accelerators = None,
    peak_tflops: PeakTflops = None,
    price: EachPrice = None,
    server_price: ServerPrice = None,
    per_server: PerServer = None,
    oversubscription: Oversubscribed = None,
    safe: Safe = False,
    measurements: Measurements = None,
    as_json: AsJson = False,
) -> None:
    """Servers that carry a service in its busiest moment.

    With --model by the performance model, on every server type; with --parameters by 2 x parameters FLOPs a token.
    """
    with_model = {
        "--tokens-in": tokens_in, "--tokens-out": tokens_out, "--kv-precision": kv_precision, "--ttft": ttft,
        "--tpot": tpot, "--prefix-hit": prefix_hit, "--disaggregated": disaggregated, "--engine": engine,
        "--oversubscription": oversubscription, "--safe": safe, "--measurements": measurements,
        "--draft-tokens": draft_tokens, "--draft-acceptance": draft_acceptance, "--targets": targets,
    }  # fmt: skip
    money = demand_closed_form.Money(price, server_price, per_server)
    with_parameters = {
        "--tokens-per-query": tokens_per_query, "--utilisation": utilisation, "--peak-tflops": peak_tflops,
        "--divide-twice": divide_twice, "--flops-per-token": flops_per_token, **_named(money),
    }  # fmt: skip
    _require_one(model, parameters, with_model, with_parameters, as_json)
    if parameters is not None:
        if tokens_per_query is None:
            refuse("--parameters needs --tokens-per-query", as_json)
        demand_closed_form.inference(
            parameters, queries_per_day, tokens_per_query, active_parameters, peak_factor, utilisation, precision,
            divide_twice, flops_per_token, accelerator, peak_tflops, money, as_json,
        )  # fmt: skip
    elif model is not None:
        from planner.cli import demand_performance

        if tokens_in is None or tokens_out is None:
            refuse("--model needs --tokens-in and --tokens-out", as_json)
        demand_performance.inference(
            model, active_parameters, queries_per_day, tokens_in, tokens_out, peak_factor, precision, kv_precision,
            ttft, tpot, prefix_hit, disaggregated, engine, draft_tokens or 0, draft_acceptance, targets or "mean",
            accelerator, oversubscription, safe, measurements, as_json,
        )  # fmt: skip


app.command()(demand_given.run)
app.command()(demand_given.replica)


@app.command()
def memory(
    parameters: Annotated[float, counted("Parameters of the model.")],
    users: Annotated[float, typer.Option(help="Users at once.")] = 1,
    users_per_replica: Annotated[float, typer.Option(help="Users at once that one replica serves.")] = 100,
    overhead: Annotated[float, typer.Option(help="Intermediate state as a multiple of the weights.")] = 1,
    bytes_per_parameter: Annotated[float, typer.Option(help="Bytes of one weight.")] = 2,
    accelerator: Accelerators = None,
    device_memory_gb: Annotated[
        float | None,
        typer.Option(help="Memory of one accelerator, GB (1e9 bytes), in place of the catalogue's accelerators."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Accelerators whose memory holds the replicas of a served model."""
    demand_closed_form.memory(
        parameters, users, users_per_replica, overhead, bytes_per_parameter, accelerator, device_memory_gb, as_json
    )


@app.command()
def validation(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/validation.md.")] = False,
    as_json: AsJson = False,
) -> None:
    """What the performance model predicts of published runs and services, row by row, none dropped."""
    from planner.report import validation as words

    if as_json:
        print_json(words.validation_data())
    elif markdown:
        typer.echo(words.validation_page(), nl=False)
    else:
        from planner.report.terminal import new_console, print_line, print_tables

        console = new_console()
        print_tables(console, words.validation_tables())
        for sentence in words.misses():
            print_line(console, sentence)


def _named(money: demand_closed_form.Money) -> dict[str, float | int | None]:
    """What is asked about money by the name of its option."""
    return {"--price": money.price, "--server-price": money.server_price, "--per-server": money.per_server}


def _require_one(
    model: str | None,
    parameters: float | None,
    with_model: Mapping[str, Any],
    with_parameters: Mapping[str, Any],
    as_json: bool,
) -> None:
    """End with a sentence unless there is one of --model and --parameters, and nothing that goes with the other."""
    if (model is None) == (parameters is None):
        refuse(f"found {'neither' if model is None else 'both'} of --model and --parameters; give one", as_json)
    other, options = ("--parameters", with_parameters) if model is not None else ("--model", with_model)
    wrong = [name for name, value in options.items() if value is not None and value is not False]
    if wrong:
        refuse(f"found {', '.join(wrong)}, accepted with {other} only", as_json)
