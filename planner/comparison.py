"""What differs between two plans, and how much of it the optimality gaps leave open.

The best possible cost of a plan's instance lies between its ``bound`` and its ``objective``. Two instances differ for
certain only if these intervals do not overlap; below that a difference may come from where the solver stopped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.display import shown
from planner.errors import IncomparableError
from planner.plan import Plan
from planner.plan.readable import TOTALS, require_readable

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
"""Relative size below which a difference is rounding, the tolerance of solver and verification."""
TOTAL_COLUMNS = ("total", "a", "b", "change")
DECISION_COLUMNS = ("decision", "site", "subject", "period", "unit", "a", "b", "change")
COST_COLUMNS = ("account", "item", "site", "a", "b", "change", "beyond_gap")

DECISIONS = ("fleet", "rented", "owned", "workload", "racks", "network", "optics", "cooling", "power")

Row = Mapping[str, Any]
Rows = tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """Plan B held against plan A; every ``change`` is B less A, money in ``currency``.

    Attributes:
        name_a, name_b: names of the instances.
        currency: of every amount; ``objective_kind`` is what both plans minimise.
        objective_a, objective_b: objectives; ``bound_a`` and ``bound_b`` what is proven of them.
        noise: sum of both plans' distances from objective to bound. A change no larger than this may come from the
            gaps alone.
        real: whether the intervals from bound to objective do not overlap, so that the difference is proven.
        total_rows: rows of ``TOTAL_COLUMNS``.
        decision_rows: rows of ``DECISION_COLUMNS``, only where the plans differ.
        cost_rows: rows of ``COST_COLUMNS`` in present value, every line of either plan; ``beyond_gap`` says that
            the change is larger than ``noise``.
        notes: what makes the two plans hard to compare.
    """

    name_a: str
    name_b: str
    currency: str
    objective_kind: str
    objective_a: float
    objective_b: float
    bound_a: float
    bound_b: float
    noise: float
    real: bool
    total_rows: Rows
    decision_rows: Rows
    cost_rows: Rows
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """Objective of B less objective of A."""
        return self.objective_b - self.objective_a

    @property
    def tolerance(self) -> float:
        """Money below which a difference is rounding."""
        return _tolerance(self.objective_a, self.objective_b)

    @property
    def interval(self) -> tuple[float, float]:
        """Least and largest difference between the best possible plans that both proofs allow."""
        return self.bound_b - self.objective_a, self.objective_b - self.bound_a

    @property
    def totals(self) -> pd.DataFrame:
        """Totals of both plans and their change."""
        return _frame(self.total_rows, TOTAL_COLUMNS)

    @property
    def decisions(self) -> pd.DataFrame:
        """Decisions that differ."""
        return _frame(self.decision_rows, DECISION_COLUMNS)

    @property
    def costs(self) -> pd.DataFrame:
        """Cost lines of both plans in present value and their change."""
        return _frame(self.cost_rows, COST_COLUMNS)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return {
            "name_a": self.name_a,
            "name_b": self.name_b,
            "currency": self.currency,
            "objective_kind": self.objective_kind,
            "objective": {"a": self.objective_a, "b": self.objective_b, "change": self.difference},
            "bound": {"a": self.bound_a, "b": self.bound_b},
            "interval": list(self.interval),
            "noise": self.noise,
            "real": self.real,
            "notes": list(self.notes),
            "totals": [dict(row) for row in self.total_rows],
            "decisions": [dict(row) for row in self.decision_rows],
            "costs": [dict(row) for row in self.cost_rows],
        }

    def __str__(self) -> str:
        return shown("comparison as text", self)

    def _repr_html_(self) -> str:
        return shown("comparison as HTML", self)


def compare_plans(a: Plan, b: Plan) -> Comparison:
    """Hold plan B against plan A.

    Raises:
        IncomparableError: they are in different currencies or minimise different things.
        PlanFileError: a table of either plan is missing or malformed.
    """
    require_readable(a)
    require_readable(b)
    require_comparable((a.currency, b.currency), (a.objective_kind, b.objective_kind))
    tolerance = _tolerance(a.objective, b.objective)
    noise = max(0.0, a.objective - a.bound) + max(0.0, b.objective - b.bound)
    return Comparison(
        name_a=a.name,
        name_b=b.name,
        currency=a.currency,
        objective_kind=a.objective_kind,
        objective_a=a.objective,
        objective_b=b.objective,
        bound_a=a.bound,
        bound_b=b.bound,
        noise=noise,
        real=b.bound > a.objective + tolerance or a.bound > b.objective + tolerance,
        total_rows=tuple(_row({"total": name}, a.totals[name], b.totals[name]) for name in TOTALS),
        decision_rows=tuple(_decisions(a, b)),
        cost_rows=tuple(_costs(a, b, noise + tolerance)),
        notes=tuple(_notes(a, b)),
    )


def require_comparable(currencies: tuple[str, str], objectives: tuple[str, str]) -> None:
    """Refuse two plans, or questions, whose amounts cannot be set against each other.

    Raises:
        IncomparableError: naming what differs.
    """
    for what, (of_a, of_b) in (("currencies", currencies), ("objectives", objectives)):
        if of_a != of_b:
            raise IncomparableError(f"plans of different {what} cannot be compared: {of_a} and {of_b}")


def _tolerance(*objectives: float) -> float:
    return TOLERANCE * max(map(abs, objectives))


def differs(row: Row) -> bool:
    """Whether a row of a comparison shows a change beyond rounding."""
    return bool(abs(row["change"]) > TOLERANCE * max(1.0, abs(row["a"]), abs(row["b"])))


Key = tuple[str, str, str, int, str]
"""decision, site, subject, period, unit"""


def _decisions(a: Plan, b: Plan) -> Iterable[Row]:
    of_a, of_b = _quantities(a), _quantities(b)
    for key in sorted({*of_a, *of_b}, key=lambda key: (DECISIONS.index(key[0]), *key)):
        row = _row(dict(zip(DECISION_COLUMNS, key, strict=False)), of_a.get(key, 0), of_b.get(key, 0))
        if differs(row):
            yield row


def _quantities(plan: Plan) -> dict[Key, float]:
    """What a plan decides, in the groups that a comparison shows."""
    found: dict[Key, float] = defaultdict(float)

    def add(decision: str, site: str, subject: str, row: Row, unit: str, quantity: float) -> None:
        if quantity:
            found[decision, site, subject, row["period"], unit] += quantity

    tables = plan.decisions
    pools = {r["pool"]: r for r in tables["fleet"]}
    for r in tables["fleet"]:
        add("fleet", r["site"], _pool_words(r), r, "servers", r["in_service"])
    for r in tables["rented"]:
        add("rented", r["site"], r["server"], r, "servers", r["in_service"])
    for r in tables["owned"]:
        add("owned", r["site"], r["fleet"], r, "servers", r["in_service"])
    for r in tables["workloads"]:
        on = pools.get(r["pool"])
        subject = f"{r['workload']} on {_pool_words(on) if on else r['server']}"
        add("workload", r["site"], subject, r, "servers", r["servers"])
    for r in tables["racks"]:
        add("racks", r["site"], f"{r['rack']} of {r['rack_kw']:g} kW for {r['purpose']}s", r, "racks", r["installed"])
    for r in tables["networks"]:
        for tier in ("leaves", "spines", "cores"):
            add("network", r["site"], f"{r['network']}, {r['switch']}", r, tier, r[tier])
    for r in tables["parts"]:
        add("optics", "", r["part"], r, "pieces", r["installed"])
    for r in tables["cooling"]:
        add("cooling", r["site"], r["cooling"], r, "kW", r["capacity_kw"])
    for r in tables["sites"]:
        add("power", r["site"], "power train", r, "kW", r["power_kw"])
    return found


def _pool_words(row: Row) -> str:
    """What a pool is, whatever it is called.

    >>> row = {"server": "dgx-a100", "cooling": "air", "rack_kw": 20.0}
    >>> _pool_words({**row, "leaf_oversubscription": 2, "spine_oversubscription": 1})
    'dgx-a100, air, racks of 20 kW, leaves 2:1'
    """
    words = f"{row['server']}, {row['cooling']}, racks of {row['rack_kw']:g} kW"
    for tier, name in (("leaf", "leaves"), ("spine", "spines")):
        if row[f"{tier}_oversubscription"] > 1:
            words += f", {name} {row[f'{tier}_oversubscription']:g}:1"
    return words


def _costs(a: Plan, b: Plan, open_to_gaps: float) -> Iterable[Row]:
    of_a, of_b = _present_values(a), _present_values(b)
    for key in sorted({*of_a, *of_b}):
        row = _row(dict(zip(("account", "item", "site"), key, strict=True)), of_a.get(key, 0.0), of_b.get(key, 0.0))
        yield {**row, "beyond_gap": abs(row["change"]) > open_to_gaps}


def _present_values(plan: Plan) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in plan.cost_rows:
        found[row["account"], row["item"], row["site"]] += row["present_value"]
    return found


def _notes(a: Plan, b: Plan) -> Iterable[str]:
    for side, plan in (("A", a), ("B", b)):
        if not plan.is_as_written:
            yield f"plan {side} was edited after it was written: its digest does not fit"
    if a.currency_year != b.currency_year:
        yield f"money is counted in {a.currency_year} in one plan and in {b.currency_year} in the other"
    if _horizon(a) != _horizon(b):
        yield "the horizons differ"
    if a.objective_kind == "capex":
        yield "only capex was minimised: other cost lines may differ between equally good plans"


def _horizon(plan: Plan) -> Any:
    instance = plan.provenance.get("instance")
    return instance.get("horizon") if isinstance(instance, Mapping) else None


def _row(labels: dict[str, Any], of_a: float, of_b: float) -> dict[str, Any]:
    return {**labels, "a": of_a, "b": of_b, "change": of_b - of_a}


def _frame(rows: Rows, columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
