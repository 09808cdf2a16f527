"""The independent check of a plan: every limit and every amount recomputed from instance, catalogue and plan alone.

The rules are those of ``docs/plan-format.md``. Nothing of the options, the model, the solver, the money and the
compiling of plans is imported. What is shared with them, so that a fault in it would not be noticed here:

* the reading of files: instance (``planner.instance.schema`` and what it holds), catalogue rows and overrides of their
  fields, climate and other tables, plan rows (``planner.plan.rows``), units;
* physics of a climate: annual PUE, design day and water of a cooling method (``planner.engineering.cooling``);
* physics of a load whose efficiency is not typed: the performance model is asked again at the size the plan
  gives, and so are the parameters of a model that is named;
* the wiring of a tree, port by port, and its proof (``planner.engineering.tree`` and ``topology``): which tree a
  network must be is worked out here, the links of that tree and their number at each device are counted on it;
* quantity limits of the export rules (``export_rules.caps``); outcomes of orders are read from the rules again.

Lists of cables and racks are counted cage by cage and unit by unit. All else is worked out a second time: figures of
sites with their hubs, prices in force and currencies, racks, networks and parts, power, energy, purchases, money,
totals, export outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from planner.catalogue import Catalogue
from planner.instance import Instance, instance_data
from planner.plan.plan import Plan
from planner.verification import (
    budget,
    cash,
    cooling,
    fabric,
    files,
    fleet,
    ledger,
    lists,
    opening,
    owned,
    placement,
    power,
    provenance,
    rent,
    supply,
    unit_costs,
    workload,
)
from planner.verification.checks import Book, Check, VerificationReport
from planner.verification.facts import Facts, View
from planner.verification.tables import read_tables

NO_TABLES: Mapping[str, bytes | None] = MappingProxyType({})
NO_TEXTS: Mapping[str, Iterable[str]] = MappingProxyType({})
__all__ = ["CONCERNS", "Check", "VerificationReport", "verify_plan"]

CONCERNS = (
    "file", "fleet", "rent", "placement", "fabric", "workload", "cooling", "power", "supply", "budget", "ledger",
    "provenance",
)  # fmt: skip


def verify_plan(
    plan: Plan,
    instance: Instance,
    catalogue: Catalogue,
    tables: Mapping[str, bytes | None] = NO_TABLES,
    texts: Mapping[str, Iterable[str]] = NO_TEXTS,
) -> VerificationReport:
    """Check a plan against its instance and the catalogue.

    Args:
        plan: the plan; whatever is wrong with its tables is a failed check, never an exception.
        instance: the question it answers.
        catalogue: the catalogue, with or without the instance's overrides (they are applied again).
        tables: content of the files beside the plan, by name; None of one that cannot be read.
        texts: what the lists among them should say, in pieces. What they say is counted here all the same.
    """
    books = {concern: Book(concern) for concern in CONCERNS}
    facts = Facts(instance, catalogue)
    files.check(plan, tables, books["file"])
    files.check_lists(tables, texts, books["file"])
    _answers(plan, instance, books["ledger"])
    view = View(facts, read_tables(plan, len(facts.periods), books), books["fleet"])
    steps: Mapping[str, Callable[[View, Book], None]] = {
        "fleet": _fleet,
        "placement": placement.check,
        "fabric": fabric.check,
        "rent": rent.check,
        "workload": workload.check,
        "cooling": cooling.check,
        "power": power.check,
        "supply": _numbers,
        "budget": budget.check,
        "ledger": lambda view, book: _money(view, book, plan),
        "provenance": lambda view, book: provenance.check(view, book, plan),
    }
    if any(tables.get(name) is not None for name in lists.NAMES):
        steps = {**steps, "file": lambda view, book: lists.check(view, book, tables)}
    for concern, step in steps.items():
        book = books[concern]
        try:
            step(view, book)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            # A plan so damaged that the recomputation cannot be done is not a right plan.
            book.record("can be recomputed", False, f"{concern}: {type(error).__name__}: {error}")
    return VerificationReport(tuple(check for book in books.values() for check in book.checks()))


def _fleet(view: View, book: Book) -> None:
    fleet.check(view, book)
    owned.check(view, book)


def _numbers(view: View, book: Book) -> None:
    supply.check(view, book)
    opening.check(view, book)


def _money(view: View, book: Book, plan: Plan) -> None:
    ledger.check(view, book, plan)
    cash.check(view, book)
    unit_costs.check(view, book)


def _answers(plan: Plan, instance: Instance, book: Book) -> None:
    """The plan must be one of this instance."""
    check = "plan answers the instance"
    year = instance.currency.year or int(instance.horizon.start[:4])
    book.text(check, "plan", "name", plan.name, instance.name)
    book.text(check, "plan", "currency", plan.currency, instance.currency.unit)
    book.text(check, "plan", "currency year", plan.currency_year, year)
    book.text(check, "plan", "objective kind", plan.objective_kind, instance.objective)
    book.record(check, plan.status in ("optimal", "feasible"), f"plan: status {plan.status!r}")
    held = plan.provenance.get("instance") if isinstance(plan.provenance, Mapping) else None
    try:
        same = instance_data(Instance.model_validate(held)) == instance_data(instance)
    except ValueError:
        same = False
    book.record(check, same, "plan: the instance in its provenance is the one it is checked against")
