"""What users call: load an instance, check it, solve it, verify and compare plans.

Pyomo and the solver are imported only when a model is built.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from planner.errors import Fault, PythonModeError
from planner.instance import Instance, parse_instance, parse_text, read_instance

if TYPE_CHECKING:
    from planner.comparison import Comparison
    from planner.engineering.performance.models import Model
    from planner.instance.keys import Key
    from planner.options import Options
    from planner.plan import Plan
    from planner.proforma import Proforma
    from planner.report.remarks import Check
    from planner.result import SolveResult
    from planner.solver import Progress, SolverOptions
    from planner.solving.compliance import ComplianceReport
    from planner.solving.explain import Explanation
    from planner.sweeps.alternatives import Alternatives
    from planner.sweeps.axes import Variant
    from planner.sweeps.breakeven import Breakeven
    from planner.sweeps.pareto import Front
    from planner.sweeps.reach import Reach
    from planner.sweeps.relax import Relaxation
    from planner.sweeps.robust import Robust
    from planner.sweeps.sweep import Sweep
    from planner.sweeps.tornado import Tornado
    from planner.verification import VerificationReport

Source = str | os.PathLike[str] | Mapping[str, Any]
"""Path of an instance file, or its data."""
DEFAULT_GAP = 1e-4
MOST_SURCHARGE = 1000.0
MOST_THREADS = 256
"""More threads than the solver can use; starting thousands of them never ends."""


def load_instance(
    source: Source,
    changes: Sequence[str] = (),
    remarks: list[Fault] | None = None,
) -> Instance:
    """Read an instance from a YAML file or plain data.

    Args:
        source: path of the file, or the data as mappings and lists.
        changes: settings such as ``"sites.guian.pue_limit=1.15"`` made before the check.
        remarks: where settings of the file that nothing reads are added, if given.

    Raises:
        InstanceError: the instance is invalid, or nothing reads a change; carries every fault with file, line and key.
    """
    if isinstance(source, Mapping):
        return parse_instance(source, changes=changes, remarks=remarks)
    return read_instance(source, changes, remarks)


def load_text(text: str, source: str = "instance", remarks: list[Fault] | None = None) -> Instance:
    """Read an instance from the text of an instance file, which can name no other files.

    Args:
        source: stands for the file in faults.
        remarks: as for ``load_instance``.

    Raises:
        InstanceError: the instance is invalid; carries every fault with line and key.
    """
    return parse_text(text, source, remarks)


def keys(prefix: str = "") -> list[Key]:
    """The keys of an instance file: what each accepts, with unit and bounds, its default and its meaning.

    Args:
        prefix: a key without positions (``sites.tariff_per_kwh``): it and those below it alone.

    Raises:
        ValueError: there is no such key; the text names the nearest one.
    """
    from planner.instance import keys as schema
    from planner.instance.paths import suggestion

    found = schema.keys(prefix)
    if not found:
        raise ValueError(f"found no key {prefix[:60]!r}; {suggestion(prefix, schema.known_keys(), 'keys')}")
    return found


def json_schema() -> dict[str, Any]:
    """A JSON schema of instance files, for editors that complete and check YAML; what holds between keys is left to
    ``check``."""
    from planner.instance import keys as schema

    return schema.json_schema()


def templates() -> dict[str, str]:
    """Instance files to start from, by name: what each asks. Small ones first."""
    from planner import templates as room

    return {name: room.question(name) for name in room.names()}


def template(name: str) -> str:
    """An instance file to start from, with comments, as text.

    Raises:
        LookupError: there is none of that name.
    """
    from planner.templates import text

    return text(name)


def model_in_words(text: str) -> Model:
    """A model by its shape, such as ``layers=32,hidden=4096,heads=32,kv_heads=8,ffn=14336,vocabulary=128256``; the keys
    and their defaults are those of ``model`` in an instance file.

    Raises:
        ValueError: a key is unknown or missing, or a figure is out of range; all of them are named.
    """
    from planner.instance.models import in_words

    return in_words(text)


def check(instance: Instance) -> Options:
    """The option tables of an instance: what may be chosen, and what was removed and why. Imports no solver."""
    from planner.options import make_options

    return make_options(instance)


def solve(
    instance: Instance,
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int | None = None,
    seed: int = 0,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    isolate: bool = True,
    diagnosis: bool = True,
) -> SolveResult:
    """The cheapest complete plan of an instance.

    Infeasible is an answer: the result then has a diagnosis and no plan. Ctrl-C and the time limit give the best plan
    so far. Every plan is verified before it is returned.

    Args:
        instance: from ``load_instance``.
        gap: relative distance between plan and bound at which to stop.
        time_limit: seconds, held to within five.
        threads: solver threads; None leaves it to the solver.
        seed: random seed of the solver; equal input gives an equal plan.
        on_progress: called with incumbent and bound while the solver works.
        isolate: run the solver in a child process (needed for the time limit and Ctrl-C).
        diagnosis: say why there is no plan, which takes a few further solves.

    Raises:
        ValueError: one of these is out of range.
        OutOfMemoryError: the machine has too little memory to find any plan.
        PythonModeError: Python was started with ``-OO``.
        SolverError, VerificationError: bugs of this package.
    """
    _require_docstrings()
    from planner.solving.answer import solve_instance

    how = _how(gap=gap, time_limit=time_limit, threads=threads, seed=seed, isolate=isolate)
    return solve_instance(instance, how, on_progress, time.monotonic(), diagnosis)


def _how(
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int | None = 1,
    seed: int = 0,
    isolate: bool = True,
) -> SolverOptions:
    """How to solve, checked.

    Raises:
        ValueError: a figure is out of range.
    """
    from planner.solver import SolverOptions

    if not 0 <= gap < 1:
        raise ValueError(f"found gap {gap}; a share from 0 up to 1 is accepted")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise ValueError(f"found time_limit {time_limit}; seconds above 0 are accepted")
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"found threads {threads}; a whole number from 1 to {MOST_THREADS} is accepted")
    if not 0 <= seed < 2**31:
        raise ValueError(f"found seed {seed}; a whole number from 0 to 2147483647 is accepted")
    return SolverOptions(gap=gap, time_limit=time_limit, threads=threads, seed=seed, isolate=isolate)


def _require_docstrings() -> None:
    """Pyomo puts together its documentation from docstrings when it is imported."""
    if sys.flags.optimize >= 2:
        raise PythonModeError(
            "python -OO (or PYTHONOPTIMIZE=2) takes away docstrings, which Pyomo needs; python or python -O is accepted"
        )


def write_model(instance: Instance, path: str | os.PathLike[str]) -> None:
    """Write the mixed-integer problem of an instance, every option in it, for another solver.

    Args:
        path: of the MPS file.

    Raises:
        SolverError: the file cannot be written.
    """
    _require_docstrings()
    from planner.solving import attempt

    attempt.write_model(instance, os.fspath(path))


def price_of_compliance(instance: Instance, **options: Any) -> ComplianceReport:
    """What the export rules cost: the optimum under them and without, and what each excluded device would save.

    Args:
        options: as for ``solve``; both gaps stand in the report.
    """
    from planner.solving import compliance

    return compliance.price_of_compliance(instance, lambda changed: solve(changed, **options))


def take_over(instance: Instance, plan: Plan | str | os.PathLike[str]) -> Instance:
    """The instance with the servers of an earlier plan that stand on its first day among what it owns (``owned``), each
    purchase with its age, its worth, and the power and upkeep of its network.

    Args:
        plan: a plan or the path of ``plan.json`` or its folder.

    Raises:
        PlanFileError: the file is no plan, it holds no instance, or it does not begin before the instance.
        InstanceError: the instance has not the sites and cooling methods where the servers stand.
    """
    from planner.plan import Plan
    from planner.plan.handover import with_stock

    if not isinstance(plan, Plan):
        plan = Plan.read_all(plan)[0]
    return parse_instance(with_stock(instance, plan), f"stock of {plan.name}")


def verify(plan: Plan | str | os.PathLike[str], instance: Instance | None = None) -> VerificationReport:
    """Recompute every limit and every amount of a plan from its instance, by code that shares nothing with the model.

    Args:
        plan: a plan or the path of ``plan.json`` or its folder. Of a path the tables and lists beside the plan
            (``bom.csv``, ``costs.csv``, ``cables.csv``, ``racks.csv``) are held against it too.
        instance: the instance to hold it against; the one stored in the plan if absent.

    Raises:
        PlanFileError: the file is no plan.
        InstanceError: the instance stored in the plan is invalid.
    """
    from planner.instance import instance_catalogue
    from planner.plan import Plan
    from planner.plan.plan import LIST_FILES
    from planner.verification import verify_plan

    tables: Mapping[str, bytes | None] = {}
    if not isinstance(plan, Plan):
        plan, tables = Plan.read_all(plan)
    if instance is None:
        instance = _instance_of(plan)
    catalogue = instance_catalogue(instance)
    texts: Mapping[str, Iterable[str]] = {}
    if any(name in tables for name in LIST_FILES):
        from planner.inventory import list_texts

        texts = list_texts(plan, catalogue, instance.fabric.layout)
    return verify_plan(plan, instance, catalogue, tables, texts)


def lists(plan: Plan) -> dict[str, Iterator[str]]:
    """``cables.csv`` and ``racks.csv`` of a plan as text in pieces: every cable from port to port, every device in its
    rack. ``Plan.write`` takes them.

    Raises:
        PlanFileError, InstanceError: as for ``verify``.
        LookupError, ValueError, ArithmeticError: while the pieces are made: the plan is damaged.
    """
    from planner.instance import instance_catalogue
    from planner.inventory import list_texts

    instance = _instance_of(plan)
    return list_texts(plan, instance_catalogue(instance), instance.fabric.layout)


def workbook(plan: Plan, checks: Sequence[Check] | None = None) -> bytes:
    """A plan as a workbook, the content of an ``.xlsx`` file: bill, orders, cash, fleet, racks, cables, assumptions.

    Args:
        checks: of a verification made now.

    Raises:
        NoWriterError: XlsxWriter is not installed (``planner.report.workbook``).
        PlanFileError, InstanceError, LookupError, ValueError, ArithmeticError: as for ``lists``.
    """
    from planner.instance import instance_catalogue
    from planner.inventory.cables import CableRow, cable_rows
    from planner.inventory.racks import RackRow, rack_rows
    from planner.report import workbook as book

    instance = _instance_of(plan)
    catalogue, layout = instance_catalogue(instance), instance.fabric.layout
    racks, cables = rack_rows(plan, catalogue, layout), cable_rows(plan, catalogue, layout)
    return book.workbook(plan, catalogue, book.Lists(RackRow._fields, racks, CableRow._fields, cables), checks)


def drawings(plan: Plan, period: int | None = None) -> dict[str, str]:
    """Rack elevations and a floor plan of every site as SVG, by name of the file.

    Args:
        period: the one that is drawn; the last in which servers stand if absent.

    Raises:
        PlanFileError, InstanceError, LookupError, ValueError, ArithmeticError: as for ``lists``.
    """
    from planner.instance import instance_catalogue
    from planner.inventory.racks import rack_rows
    from planner.report import elevations

    instance = _instance_of(plan)
    catalogue, layout = instance_catalogue(instance), instance.fabric.layout
    heights: dict[str, float] = {}
    for row in plan.decisions["racks"]:
        heights[row["site"]] = max(heights.get(row["site"], 0.0), catalogue.racks[row["rack"]].rack_units)
    if period is None:
        period = max((row["period"] for row in plan.decisions["fleet"] if row["in_service"]), default=1)
    per_row = elevations.PER_ROW if layout is None else layout.racks_per_row
    return elevations.drawings(rack_rows(plan, catalogue, layout), heights, period, per_row)


def netbox(plan: Plan, period: int | None = None) -> dict[str, str | Iterator[str]]:
    """A plan as CSV files for NetBox's bulk import, by name, in the order of their import; texts or their pieces, to be
    taken in this order.

    Args:
        period: the one whose racks, devices and cables are exported; the last in which servers stand if absent.

    Raises:
        NetboxError: nothing stands there, or more than is exported (``planner.inventory.netbox``).
        PlanFileError, InstanceError, LookupError, ValueError, ArithmeticError: as for ``lists``.
    """
    from planner.catalogue.climates import load_climates
    from planner.instance import instance_catalogue
    from planner.instance.resolve import place_of
    from planner.inventory.netbox import netbox_files

    instance = _instance_of(plan)
    if period is None:
        period = max((row["period"] for row in plan.decisions["fleet"] if row["in_service"]), default=1)
    known = {id: table.place for id, table in load_climates().items()}
    places = {site.name: known.get(place_of(site) or "") for site in instance.sites}
    spots = {site: (place.latitude, place.longitude) for site, place in places.items() if place is not None}
    return netbox_files(plan, instance_catalogue(instance), instance.fabric.layout, period, spots)


def page(plan: Plan, checks: Sequence[Check] = (), *, explained: bool = False, time_limit: float | None = None) -> str:
    """A plan as one page of HTML that needs nothing but itself: answer, charts, pictures, bill, grounds.

    Args:
        checks: of a verification made now; none where it could not be made.
        explained: also say what limits are worth and what else would have to cost (``explain``).
        time_limit: seconds for that.

    Raises:
        NoPageError: plotly or Jinja2 is not installed (``planner.report.frame``).
        PlanFileError: the plan is malformed.
    """
    from planner.errors import InstanceError, PlanFileError
    from planner.instance.resolve import place_of
    from planner.report.explain import explain_sentences, explain_tables
    from planner.report.page import report_page
    from planner.report.surroundings import Surroundings, surroundings_of

    surroundings, worth = Surroundings(), None
    try:
        instance = _instance_of(plan)
        surroundings = surroundings_of(plan, check(instance), {site.name: place_of(site) for site in instance.sites})
        worth = explain(plan, time_limit=time_limit) if explained else None
    except (PlanFileError, InstanceError) as error:  # its instance is missing, or the catalogue has moved on since
        surroundings = Surroundings(troubles=(f"Places, networks, racks and limits are not shown: {error}",))
    tables = [] if worth is None else explain_tables(worth)
    return report_page(plan, checks, surroundings, tables, "" if worth is None else " ".join(explain_sentences(worth)))


def _instance_of(plan: Plan) -> Instance:
    """The instance that a plan holds."""
    from planner.errors import PlanFileError

    data = plan.provenance.get("instance")
    if not isinstance(data, Mapping):
        raise PlanFileError("the plan holds no instance to check it against")
    return parse_instance(data, source="provenance.instance of the plan")


def compare(plan_a: Plan, plan_b: Plan) -> Comparison:
    """What differs between two plans by decision and by cost line, and whether the gaps allow calling it real."""
    from planner.comparison import compare_plans

    return compare_plans(plan_a, plan_b)


def _read(source: Source | Instance) -> Instance:
    """An instance as it is, or read."""
    return source if isinstance(source, Instance) else load_instance(source)


def sweep(
    source: Source | Instance,
    variants: Sequence[Variant],
    *,
    folder: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    dask: str | None = None,
    on_run: Callable[[int, int, dict[str, Any]], None] = lambda done, count, row: None,
    **options: Any,
) -> Sweep:
    """Solve many variants of an instance; a table with a row each. Ctrl-C ends it with the runs that have ended.

    Args:
        source: an instance, or what ``load_instance`` takes.
        variants: from ``grid``, ``sample`` or ``scenarios``.
        folder: where runs are kept as they end, so that the same sweep goes on where it was, and ``sweep.csv`` is
            written; nowhere if absent.
        jobs: processes of this machine that solve side by side.
        dask: address of a Dask scheduler, whose workers solve instead (``pip install 'ai-capacity-planner[dask]'``).
        on_run: called with the number of runs that have ended, of all, and the row of each that ends.
        options: ``gap``, ``time_limit`` (of a run), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance or a change is invalid, with every fault.
        SweepError: the folder holds runs of another question.
        OSError: the folder cannot be written.
    """
    from pathlib import Path

    from planner.sweeps.sweep import run_sweep

    _require_docstrings()
    solver = _how(**options)
    where = None if folder is None else Path(folder)
    return run_sweep(_read(source), variants, solver, folder=where, jobs=jobs, dask=dask, on_run=on_run)


def breakeven(
    source: Source | Instance,
    *,
    price: str | None = None,
    over: str | None = None,
    most: float | None = None,
    tolerance: float = 0.01,
    on_run: Callable[[float, dict[str, Any]], None] = lambda value, row: None,
    **options: Any,
) -> Breakeven:
    """Where the choice flips: the highest price at which a server is bought, or the values of a key.

    Args:
        source: an instance, or what ``load_instance`` takes.
        price: the server, such as ``servers.dgx-h100``.
        over: else a key and its span, such as ``sites.a.tariff_per_kwh=0.05:0.2``.
        most: price up to which is looked, in the currency of the catalogue's row; found by doubling if absent.
        tolerance: distance of the two values told, as a share of them.
        on_run: called with each value that is solved and its row.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance is invalid.
        SweepError: there is no such server or key, or no span.
    """
    from planner.errors import SweepError
    from planner.sweeps import breakeven as room
    from planner.sweeps.axes import read_axis

    _require_docstrings()
    if (price is None) == (over is None):
        raise SweepError("one of a price and a key with its span is needed, and no more")
    if not 0 < tolerance < 1:
        raise SweepError(f"found the tolerance {tolerance:g}; a share above 0 and below 1 is accepted")
    solver = _how(**options)
    instance = _read(source)
    if price is not None:
        kind, dot, server = price.partition(".")
        if kind != "servers" or not dot:
            accepted = "that of a server such as servers.dgx-h100 is accepted"
            raise SweepError(f"found the price of {price[:60]!r}; {accepted}")
        return room.of_price(instance, server, solver, most=most, tolerance=tolerance, on_run=on_run)
    axis = read_axis(str(over))
    if axis.span is None:
        accepted = "a key and its span such as sites.a.tariff_per_kwh=0.05:0.2 is accepted"
        raise SweepError(f"found {str(over)[:60]!r}; {accepted}")
    return room.of_key(instance, axis.key, axis.span, solver, tolerance=tolerance, on_run=on_run)


def reach(
    source: Source | Instance,
    *,
    most: str | None = None,
    least: str | None = None,
    cost: float | None = None,
    tolerance: float = 0.01,
    on_run: Callable[[float, dict[str, Any]], None] = lambda value, row: None,
    **options: Any,
) -> Reach:
    """How far a key can go before there is no plan: the most work within money and limits, the fewest days of a run.

    Args:
        source: an instance, or what ``load_instance`` takes.
        most: a key that shall be large, such as ``workloads.chat.requests_per_second``; with ``*`` in it, such as
            ``workloads.*.requests_per_second``, all of them alike.
        least: else a key that shall be small, such as ``workloads.run.days``.
        cost: most that the plan may cost, in the currency of the instance.
        tolerance: distance of the two values told, as a share of them.
        on_run: called with each value that is solved and its row.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance is invalid.
        SweepError: there is no such number, or no plan near it.
    """
    from planner.errors import SweepError
    from planner.sweeps.reach import how_far

    _require_docstrings()
    if (most is None) == (least is None):
        raise SweepError("one of a key that shall be large and a key that shall be small is needed, and no more")
    if not 0 < tolerance < 1:
        raise SweepError(f"found the tolerance {tolerance:g}; a share above 0 and below 1 is accepted")
    if cost is not None and not 0 < cost < float("inf"):
        raise SweepError(f"found the cost {cost:g}; an amount above 0 is accepted")
    solver = _how(**options)
    way: Literal["most", "least"] = "least" if most is None else "most"
    key = str(least if most is None else most)
    return how_far(_read(source), key, way, solver, cost=cost, tolerance=tolerance, on_run=on_run)


def explain(plan: Plan | str | os.PathLike[str], *, time_limit: float | None = None) -> Explanation | None:
    """Why a plan is as it is: what a server of every type, site and cooling method that it does without would have to
    cost, what one unit more of each limit that binds saves, what one per cent more of each load costs.

    Args:
        plan: a plan or the path of ``plan.json`` or its folder.
        time_limit: seconds for the relaxation that it is read from.

    Returns:
        None where the relaxation has no optimum in time.

    Raises:
        PlanFileError, InstanceError: as for ``verify``.
    """
    from planner.plan import Plan
    from planner.solving import explain as room

    _require_docstrings()
    if not isinstance(plan, Plan):
        plan = Plan.read(plan)
    return room.explain(plan, _instance_of(plan), _how(time_limit=time_limit))


def pro_forma(plan: Plan | str | os.PathLike[str], prices: Iterable[str], *, tax_rate: float = 0.0) -> Proforma:
    """A plan as a business: revenue at stated prices, tax, book value, cash by year, NPV, IRR and payback.

    Args:
        plan: a plan or the path of ``plan.json`` or its folder.
        prices: such as ``chat=0.8`` for the main unit of a workload (a million tokens, a run, a user's year, an
            accelerator-hour), ``chat=1.5/million output tokens`` for another one.
        tax_rate: share of profit.

    Raises:
        PlanFileError, InstanceError: as for ``verify``.
        ProformaError: a price names no workload or unit, or a figure is out of range.
    """
    from planner import proforma as room
    from planner.plan import Plan

    if not isinstance(plan, Plan):
        plan = Plan.read(plan)
    return room.pro_forma(plan, _instance_of(plan), prices, tax_rate)


def pareto(
    source: Source | Instance,
    against: str = "carbon",
    *,
    points: int = 6,
    on_run: Callable[[float | None, dict[str, Any]], None] = lambda limit, row: None,
    **options: Any,
) -> Front:
    """Plans of which none is better in both cost and another measure, cheapest first.

    Args:
        source: an instance with ``objective: tco``, or what ``load_instance`` takes.
        against: ``carbon`` (t CO2 in the year of most) or ``capex``.
        points: plans that are sought, the cheapest and the least among them.
        on_run: called with each limit that is solved (None for the ends) and its row.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance is invalid.
        SweepError: there is no such measure, no plan, or a site of unknown emissions.
    """
    from planner.sweeps.pareto import front

    _require_docstrings()
    solver = _how(**options)
    return front(_read(source), against, solver, points=points, on_run=on_run)


def alternatives(
    source: Source | Instance,
    *,
    within: float = 0.05,
    on_run: Callable[[str], None] = lambda what: None,
    **options: Any,
) -> Alternatives:
    """Plans that cost little more than the best one and differ in what a reader cares about: the cheapest plan without
    each server type, maker, site and cooling method that the best plan has, without rent, and with nothing but rent.

    Ctrl-C ends it with the plans that are known.

    Args:
        source: an instance, or what ``load_instance`` takes.
        within: share of the cost of the best plan up to which another one counts as near it.
        on_run: called with what is being solved.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance is invalid.
        SweepError: the share is out of range, or there is no plan.
    """
    from planner.errors import SweepError
    from planner.sweeps import alternatives as room

    _require_docstrings()
    if not 0 <= within < float("inf"):
        raise SweepError(f"found the share {within:g}; one from 0 such as 0.05 is accepted")
    return room.alternatives(_read(source), _how(**options), tolerance=within, on_run=on_run)


def relax(
    source: Source | Instance, *, on_run: Callable[[str], None] = lambda what: None, **options: Any
) -> Relaxation:
    """Where no plan exists: how far each limit that clashes must give way alone, what the cheapest plan costs then, and
    the plan that misses all limits least, by the sum of what each gives way by as a share of it.

    That plan breaks limits of the instance, and its name says so. Ctrl-C ends it with what is known.

    Args:
        source: an instance, or what ``load_instance`` takes.
        on_run: called with what is being solved.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance is invalid.
        SweepError: it has a plan, or it is not known that it has none.
    """
    from planner.sweeps import relax as room

    _require_docstrings()
    return room.relax(_read(source), _how(**options), on_run=on_run)


def tornado(
    source: Source | Instance,
    over: Sequence[str] = (),
    *,
    by: float | None = None,
    most_solved: int | None = None,
    on_run: Callable[[str], None] = lambda what: None,
    **options: Any,
) -> Tornado:
    """Which inputs move the total most: each lowered and raised alone, with today's plan kept and with the best one.

    Varied is what a range is stated for: prices of what the best plan buys, PUE of its halls where it is that of the
    catalogue, estimates of performance. Ctrl-C ends it with what is known.

    Args:
        source: an instance, or what ``load_instance`` takes.
        over: inputs instead of those, each a key with two values, such as ``sites.a.tariff_per_kwh=0.05:0.15`` or
            ``workloads.chat.requests_per_second=-20%,+20%``.
        by: share by which loads, tariffs and whatever else has no stated range are lowered and raised beside.
        most_solved: inputs for which the best plan is sought, those that move the cost of today's plan most; all if
            absent.
        on_run: called with what is being solved.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance or a value of ``over`` is invalid.
        SweepError: a figure is out of range, or there is no plan as things stand.
    """
    from planner.errors import SweepError
    from planner.sweeps import tornado as room
    from planner.sweeps.axes import read_axis
    from planner.sweeps.inputs import input_of

    _require_docstrings()
    if by is not None and not 0 < by < 1:
        raise SweepError(f"found the share {by:g}; a share above 0 and below 1 is accepted")
    if by is not None and over:
        raise SweepError("found inputs with their values and a share for others; one of the two is accepted")
    inputs = [input_of(read_axis(text)) for text in over]
    return room.tornado(_read(source), _how(**options), inputs=inputs, share=by, most_solved=most_solved, on_run=on_run)


def robust(
    source: Source | Instance,
    variants: Sequence[Variant],
    *,
    plans: Mapping[str, Plan | str | os.PathLike[str]] | None = None,
    surcharge: float | None = None,
    level: float = 0.9,
    on_run: Callable[[str], None] = lambda what: None,
    **options: Any,
) -> Robust:
    """What to order now when it is not known which scenario comes true: candidates by their cost in every scenario.

    Candidates are the plan of each scenario, that of their mean, ``plans``, and the orders of least expected cost,
    which are sought over all scenarios at once where that is not too large. What is ordered now are the servers of the
    first period by site and type; everything else follows the scenario.

    Args:
        source: an instance, or what ``load_instance`` takes.
        variants: from ``scenarios``, with their probabilities; equal ones where none is stated.
        plans: further candidates by name: plans or paths of them.
        surcharge: on the price of servers of the first period that are ordered once the scenario is known, as a share;
            None where nothing can be ordered then.
        level: of the CVaR: 0.9 is the mean cost of the dearest tenth.
        on_run: called with what is being solved.
        options: ``gap``, ``time_limit`` (of a solve), ``threads`` (1 if absent) and ``seed``, as for ``solve``.

    Raises:
        InstanceError: the instance or a scenario is invalid.
        IncomparableError: a scenario has another currency or objective.
        PlanFileError: a file is no plan.
        SweepError: a figure is out of range, or a scenario has no plan of its own.
    """
    from planner.errors import SweepError
    from planner.plan import Plan
    from planner.sweeps.robust import robust as replay

    _require_docstrings()
    if not 0 <= level < 1:
        raise SweepError(f"found the level {level:g}; a share from 0 and below 1 is accepted")
    if surcharge is not None and not 0 <= surcharge <= MOST_SURCHARGE:
        raise SweepError(f"found the surcharge {surcharge:g}; a share from 0 to {MOST_SURCHARGE:g} is accepted")
    named = {name: plan if isinstance(plan, Plan) else Plan.read(plan) for name, plan in (plans or {}).items()}
    return replay(
        _read(source), variants, _how(**options), plans=named, surcharge=surcharge, level=level, on_run=on_run
    )


def grid(*axes: str) -> list[Variant]:
    """Variants of every combination of values, such as ``grid("sites.a.pue_limit=1.1:1.3:0.1", "budget.capex=1M,2M")``.

    Raises:
        SweepError: an axis cannot be read, or there are too many combinations.
    """
    from planner.sweeps import axes as room

    return room.grid([room.read_axis(axis) for axis in axes])


def sample(count: int, *axes: str, seed: int = 0) -> list[Variant]:
    """A Latin hypercube of variants over spans such as ``sites.a.tariff_per_kwh=0.05:0.15`` and lists of values.

    Raises:
        SweepError: an axis cannot be read.
    """
    from planner.sweeps import axes as room

    return room.sample([room.read_axis(axis) for axis in axes], count, seed)


def scenarios(source: Mapping[str, Any] | str | os.PathLike[str]) -> list[Variant]:
    """Variants by name, each a list of changes or a mapping of keys and values: ``{"dear": {"budget.capex": "+10%"}}``.

    Args:
        source: the mapping, or a YAML file of it.

    Raises:
        SweepError: it is no such mapping.
    """
    from planner.sweeps import axes as room

    return room.scenarios(room.read_scenarios(source) if isinstance(source, (str, os.PathLike)) else source)


def whatif(source: Source, changes: Sequence[str], **options: Any) -> tuple[SolveResult, SolveResult]:
    """Solve an instance as it stands and with changes; ``compare`` the two plans to see what moved.

    Args:
        source: as for ``load_instance``.
        changes: at least one setting such as ``"sites.guian.pue_limit=1.15"``.
        options: as for ``solve``.

    Raises:
        InstanceError: base or variant is invalid.
        IncomparableError: the changes touch the currency or the objective; found before anything is solved.
    """
    from planner.comparison import require_comparable

    if not changes:
        raise ValueError("a what-if needs at least one change")
    base, variant = load_instance(source), load_instance(source, changes)
    require_comparable((base.currency.unit, variant.currency.unit), (base.objective, variant.objective))
    return solve(base, **options), solve(variant, **options)
