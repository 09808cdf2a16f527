"""``planner demand --model``: servers by the performance model, on every server type that has data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from planner.cli.demand_devices import DEFAULT_ACCELERATORS, require_known
from planner.cli.outcome import ExitCode, end, outcomes, print_json, refuse

if TYPE_CHECKING:
    from planner.catalogue import Catalogue
    from planner.catalogue.entries import Server
    from planner.engineering.performance.models import Model
    from planner.report.demand import Demand

Row = TypeVar("Row")


def training(
    model: str,
    active_parameters: float | None,
    tokens: float,
    days: float,
    concurrent: int,
    sequence: float | None,
    batch_tokens: float | None,
    precision: str,
    stack: str | None,
    year: int | None,
    trainable_parameters: float | None,
    accelerator: Sequence[str] | None,
    oversubscription: float | None,
    safe: bool,
    measurements: Path | None,
    as_json: bool,
) -> None:
    """Print the servers of training runs."""
    with told(as_json):
        from planner.catalogue import load_catalogue
        from planner.engineering.performance.server_types import Run, devices_in, run_on_each
        from planner.engineering.performance.training_measured import read_measurements
        from planner.report.demand import training_demand

        catalogue = load_catalogue()
        known_model = model_of(model, active_parameters)
        run = Run(
            known_model, tokens, days, concurrent, sequence, batch_tokens, precision, stack, year,
            1.0 if trainable_parameters is None else trainable_parameters / known_model.parameters,
        )  # fmt: skip
        measured = _grouped(
            read_measurements(measurements, catalogue) if measurements else (), lambda row: row.device.name
        )
        known, unknown = devices_in(
            _servers(catalogue, accelerator),
            catalogue.accelerators,
            1.0 if oversubscription is None else oversubscription,
        )
        found, excluded = run_on_each(run, known, safe, measured)
        show(training_demand(run, found, [*excluded, *unknown], accelerator or DEFAULT_ACCELERATORS, safe), as_json)


def inference(
    model: str,
    active_parameters: float | None,
    queries_per_day: float,
    tokens_in: float,
    tokens_out: float,
    peak_factor: float,
    precision: str,
    kv_precision: str | None,
    ttft_s: float | None,
    tpot_s: float | None,
    prefix_hit: float | None,
    disaggregated: bool,
    engine: str | None,
    draft_tokens: int,
    draft_acceptance: float | None,
    targets: str,
    accelerator: Sequence[str] | None,
    oversubscription: float | None,
    safe: bool,
    measurements: Path | None,
    as_json: bool,
) -> None:
    """Print the servers of a service."""
    with told(as_json):
        from planner.catalogue import load_catalogue
        from planner.engineering.performance.inference_calibration import DEFAULT_ENGINE
        from planner.engineering.performance.measurements import read_measurements
        from planner.engineering.performance.server_types import Queries, devices_in, queries_on_each
        from planner.report.demand import inference_demand

        catalogue = load_catalogue()
        queries = Queries(
            model_of(model, active_parameters), queries_per_day, tokens_in, tokens_out, peak_factor, precision,
            kv_precision, ttft_s, tpot_s, prefix_hit or 0.0, disaggregated, engine or DEFAULT_ENGINE, draft_tokens,
            draft_acceptance, targets,
        )  # fmt: skip
        measured = _grouped(read_measurements(measurements) if measurements else (), lambda row: row.accelerator)
        require_known(measured, catalogue.accelerators)
        known, unknown = devices_in(
            _servers(catalogue, accelerator),
            catalogue.accelerators,
            1.0 if oversubscription is None else oversubscription,
        )
        found, excluded = queries_on_each(queries, known, safe, measured)
        demand = inference_demand(queries, found, [*excluded, *unknown], accelerator or DEFAULT_ACCELERATORS, safe)
        show(demand, as_json)


def model_of(text: str, active_parameters: float | None = None) -> Model:
    """The model that a word of the command line names: an id, a number of parameters (of which so many active), or a
    shape such as ``layers=80,hidden=8192,heads=64,kv_heads=8,ffn=28672,vocabulary=128256``.

    >>> model_of("550e9", 55e9).name, model_of("13B").name, model_of("llama-3-8b").layers
    ('550B-A55B', '13B', 32)

    Raises:
        ValueError: the id or a key of the shape is unknown, or a number is out of range.
    """
    from planner.engineering.performance.models import bare, preset
    from planner.units import tally

    if "=" in text:
        if active_parameters is not None:
            raise ValueError("found --active-parameters beside a shape, which has its experts; one is accepted")
        from planner.api import model_in_words

        return model_in_words(text)
    try:
        parameters = tally(text)
    except ValueError:
        found = preset(text)
        if active_parameters is not None:
            raise ValueError(f"found --active-parameters beside {text}, which knows them; one is accepted") from None
        return found
    return bare(parameters, active_parameters)


def _servers(catalogue: Catalogue, accelerators: Sequence[str] | None) -> list[Server]:
    """Server types with the accelerators asked for, in their order; where none is named all but those for requests.

    Raises:
        ValueError: an accelerator is unknown, or stands in no server of the catalogue.
    """
    if accelerators is None:
        return [server for server in catalogue.servers.values() if not server.on_request]
    require_known(accelerators, catalogue.accelerators)
    rows = [(name, server) for name in dict.fromkeys(accelerators) for server in catalogue.servers.values()]
    found = [(name, server) for name, server in rows if server.accelerator == name]
    homeless = [name for name in dict.fromkeys(accelerators) if name not in {name for name, _ in found}]
    if homeless:
        reasons = "; ".join(f"{name}: {catalogue.unheld(name)}" for name in homeless)
        raise ValueError(f"{reasons}; `planner catalogue servers` lists those that are held")
    return [server for _, server in found]


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def show(demand: Demand, as_json: bool) -> None:
    """The derivation and the tables, or the same as JSON; its own exit code where nothing carries the load."""
    if as_json:
        print_json(demand.data)
    else:
        from planner.report.terminal import new_console, print_tables

        print_tables(new_console(), demand.tables)
    if not demand.data["rows"]:
        end(ExitCode.INFEASIBLE)


@contextmanager
def told(as_json: bool) -> Iterator[None]:
    """Every refusal is one sentence, but a file of measurements gets all its faults."""
    from planner.errors import InstanceError

    with outcomes(as_json):
        try:
            yield
        except InstanceError:
            raise
        except (ValueError, OverflowError) as error:
            refuse(str(error), as_json)
