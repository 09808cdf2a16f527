"""A plan as a business: revenue at stated prices, tax, book value, cash by year, NPV, IRR and payback.

Costs and when they fall due are those of the plan's cash flow; revenue follows the work that is asked for, paid as
running costs are. Nothing here shapes a plan: the cheapest plan for a load is the same at every price of its work.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.catalogue.entries import BUILDING_LIFE_YEARS, LAND_LIFE_YEARS, POWER_TRAIN_LIFE_YEARS
from planner.engineering.finance import discount_factor
from planner.errors import ProformaError
from planner.instance import Instance
from planner.instance.resolve import convert, instance_catalogue
from planner.instance.values import Money
from planner.instance.workloads import Inference, Training, Workload
from planner.money import RUNNING, Account
from planner.plan import Plan
from planner.plan.cash import begins, payments
from planner.plan.output import MEAN, PEAK, in_turn, outputs
from planner.plan.unit_costs import HOURS
from planner.plan.work import devices_taken

if TYPE_CHECKING:
    import pandas as pd

LIVES = {"facility": POWER_TRAIN_LIFE_YEARS, "building": BUILDING_LIFE_YEARS, "land": LAND_LIFE_YEARS}
AT_ONCE = 1e-9
"""Life of what is an expense, not a thing: the opening of a site, a hall or a server type."""
BOUGHT = "bought"
INSTALLATION = "installation"
LOWEST, HIGHEST = -0.999, 1e3
"""Rates between which an internal rate of return is sought."""


class Price(NamedTuple):
    """What a unit of a workload's work is sold for, in the plan's currency."""

    workload: str
    unit: str
    amount: float


@dataclass(frozen=True)
class Year:
    """A year of the horizon, undiscounted, in the plan's currency.

    Attributes:
        begins: first month.
        revenue: of the work that is asked for.
        running: energy, rent, maintenance, staff, water, carbon.
        depreciation: straight line over the life of what was bought, and in the last year what is lost or won against
            the book when the horizon ends.
        profit: before tax: revenue less running costs and depreciation, with what sales bring.
        tax: on profit, after losses of earlier years.
        invested: purchases.
        returned: residual value and sales.
        cash: revenue less running costs, tax and purchases, with what was returned.
        cumulative: cash up to the end of the year.
        book_value: of what was bought, at the end of the year.
    """

    year: int
    begins: str
    revenue: float
    running: float
    depreciation: float
    profit: float
    tax: float
    invested: float
    returned: float
    cash: float
    cumulative: float
    book_value: float


@dataclass(frozen=True)
class Proforma:
    """A plan as a business.

    Attributes:
        rate: discount rate a year; ``tax_rate`` on profit.
        npv: present value of all cash after tax; ``npv_before_tax`` without tax.
        irr: rate at which the present value of the cash is 0; None where none, or more than one, is.
        payback_years: from the first day until the cash adds up to 0 or more for good, evenly within a year; None if
            never.
        break_even: by (workload, unit): the price at which the present value before tax would be 0, all else equal.
    """

    currency: str
    rate: float
    tax_rate: float
    prices: tuple[Price, ...]
    years: tuple[Year, ...]
    npv: float
    npv_before_tax: float
    irr: float | None
    payback_years: float | None
    break_even: Mapping[tuple[str, str], float]

    def to_frame(self) -> pd.DataFrame:
        """The years as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([vars(year) for year in self.years])


def pro_forma(plan: Plan, instance: Instance, prices: Iterable[str], tax_rate: float = 0.0) -> Proforma:
    """Work a plan out as a business.

    Args:
        prices: such as ``chat=0.8`` for the main unit of a workload (a million tokens, a run, a user's year, an
            accelerator-hour), ``chat=1.5/million output tokens`` for another one; with a currency if it is another:
            ``run=5M EUR``.
        tax_rate: share of profit, paid at the end of its year; losses are carried forward.

    Raises:
        ProformaError: a price names no workload or no unit of it, or a figure is out of range.
    """
    if not 0 <= tax_rate < 1:
        raise ProformaError(f"found the tax rate {tax_rate:g}; a share from 0 up to 1 is accepted")
    horizon = instance.horizon
    length = horizon.period_years
    sold: list[tuple[Price, tuple[float, ...], bool]] = []
    for text in prices:
        price, made, early = _priced(plan, instance, text)
        if any(price[:2] == other[:2] for other, _, _ in sold):
            raise ProformaError(f"found two prices of {price.unit} of {price.workload}; one is accepted")
        sold.append((price, made, early))
    if not sold:
        raise ProformaError("found no price; one such as chat=0.8 is needed")

    sales = _Sales(sold, length, horizon.discount_rate)
    costs = plan.money_rows["cash_flow"]
    spent = sum(row["present_value"] for row in costs)
    years = _years(plan, instance, sales.by_year, tax_rate)
    taxes = sum(year.tax * discount_factor(horizon.discount_rate, year.year) for year in years)
    flows = [*sales.flows, *((_when(row, length, horizon.periods), -row["amount"]) for row in costs)]
    flows += [(float(year.year), -year.tax) for year in years]
    return Proforma(
        plan.currency, horizon.discount_rate, tax_rate, tuple(price for price, _, _ in sold), years,
        sales.value - spent - taxes, sales.value - spent, internal_rate(flows), payback(flows),
        {key: (spent - sales.value + sales.of[key]) / units for key, units in sales.units.items() if units},
    )  # fmt: skip


class _Sales:
    """Revenue of what is sold.

    Attributes:
        by_year: undiscounted, by year of the horizon; ``flows``: (years from the first day, amount).
        value: present value of all; ``of``: by (workload, unit); ``units``: discounted units of each.
    """

    def __init__(self, sold: Iterable[tuple[Price, tuple[float, ...], bool]], length: float, rate: float) -> None:
        self.by_year: dict[int, float] = defaultdict(float)
        self.flows: list[tuple[float, float]] = []
        self.units: dict[tuple[str, str], float] = defaultdict(float)
        self.of: dict[tuple[str, str], float] = {}
        for price, made, early in sold:
            key = price.workload, price.unit
            for t, amount in enumerate(made, start=1):
                begin = (t - 1) * length
                paid = list(payments(t, length, rate))
                if early:
                    paid = [(int(begin + 1e-9) + 1, 1.0, discount_factor(rate, begin))]
                for year, share, present in paid:
                    self.by_year[year] += price.amount * amount * share
                    self.flows.append((begin if early else min(year, begin + length), price.amount * amount * share))
                    self.units[key] += amount * present
            self.of[key] = price.amount * self.units[key]
        self.value = sum(self.of.values())


def _years(plan: Plan, instance: Instance, revenue: Mapping[int, float], tax_rate: float) -> tuple[Year, ...]:
    """The years of the horizon, with tax on profits after losses."""
    end = math.ceil(instance.horizon.period_years * instance.horizon.periods - 1e-9)
    accounts: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in plan.money_rows["cash_flow"]:
        accounts[row["year"]][_kind(row["account"])] += row["amount"]
    written, book = _book(plan, instance, end)
    years: list[Year] = []
    total = losses = 0.0
    for n in range(1, end + 1):
        running, invested, returned = accounts[n]["running"], accounts[n]["invested"], -accounts[n]["returned"]
        # What was bought ends with the horizon: its book value leaves with what it fetches.
        depreciation = written[n - 1] + (book[n - 1] - returned if n == end else 0.0)
        profit = revenue.get(n, 0.0) - running - depreciation + (0.0 if n == end else returned)
        tax = tax_rate * max(0.0, profit - losses)
        losses = max(0.0, losses - profit)
        cash = revenue.get(n, 0.0) - running - tax - invested + returned
        total += cash
        years.append(
            Year(
                n, begins(instance, n), revenue.get(n, 0.0), running, depreciation, profit, tax,
                invested, returned, cash, total, 0.0 if n == end else book[n - 1],
            )
        )  # fmt: skip
    return tuple(years)


def internal_rate(flows: Sequence[tuple[float, float]]) -> float | None:
    """The rate a year at which the present value of (years, amount) is 0; None where none, or more than one, is.

    100 spent, 60 back after one year and after two: x = 1 / (1 + r) solves 60 x + 60 x^2 = 100.

    >>> round(internal_rate([(0, -100), (1, 60), (2, 60)]), 6)
    0.130662
    >>> internal_rate([(0, -100), (1, 50)]), internal_rate([(0, 5), (1, 60)]) is None
    (-0.5, True)
    """
    by_time: dict[float, float] = defaultdict(float)
    for when, amount in flows:
        by_time[round(when, 9)] += amount
    sums = [amount for _, amount in sorted(by_time.items()) if abs(amount) > 1e-9]
    # One change of sign of the running total means one root (Norstrom's rule); of the amounts, by Descartes.
    total, totals = 0.0, []
    for amount in sums:
        total += amount
        totals.append(total)
    if _changes(sums) != 1 and _changes(totals) != 1:
        return None

    def worth(rate: float) -> float:
        return float(sum(amount * (1 + rate) ** -when for when, amount in by_time.items()))

    from scipy.optimize import brentq

    if worth(LOWEST) * worth(HIGHEST) >= 0:
        return None
    return round(float(brentq(worth, LOWEST, HIGHEST, xtol=1e-12)), 10)


def _changes(amounts: Sequence[float]) -> int:
    signs = [amount > 0 for amount in amounts if amount]
    return sum(one != other for one, other in itertools.pairwise(signs))


def payback(flows: Sequence[tuple[float, float]]) -> float | None:
    """Years from the first day until what was spent has come back for good, evenly within a year; None if never.

    >>> payback([(0, -100), (1, 40), (2, 40), (3, 40)])
    2.5
    >>> payback([(0, -100), (1, 40)]) is None
    True
    """
    by_time: dict[float, float] = defaultdict(float)
    for when, amount in flows:
        by_time[round(when, 9)] += amount
    total, last, found = 0.0, 0.0, None
    for when, amount in sorted(by_time.items()):
        before, total = total, total + amount
        if total < -1e-9 * abs(amount):
            found = None
        elif found is None:
            found = last - before / amount * (when - last) if before < 0 else when
        last = when
    return found


def _kind(account: str) -> str:
    if Account(account) in RUNNING:
        return "running"
    return "returned" if account in (Account.RESIDUAL, Account.SALE) else "invested"


def _when(row: Mapping[str, Any], length: float, periods: int) -> float:
    """Years from the first day at which a line of the cash flow is paid."""
    begin = (row["period"] - 1) * length
    if Account(row["account"]) in RUNNING:
        return float(min(row["year"], begin + length))
    return length * periods if row["account"] == Account.RESIDUAL else begin


def _priced(plan: Plan, instance: Instance, text: str) -> tuple[Price, tuple[float, ...], bool]:
    """A price, the units that are sold by period, and whether they are over early in it."""
    name, equals, rest = text.partition("=")
    amount, _, unit = rest.partition("/")
    workload = next((each for each in instance.workloads if each.name == name.strip()), None)
    if not equals or workload is None:
        names = ", ".join(each.name for each in instance.workloads)
        raise ProformaError(f"found the price {text[:60]!r}; WORKLOAD=AMOUNT or WORKLOAD=AMOUNT/UNIT of {names}")
    try:
        each = convert(Money.model_validate(amount.strip()), instance)
    except ValueError:
        raise ProformaError(
            f"found the price {text[:60]!r}; an amount such as 0.8, 5M or '2 EUR' is accepted"
        ) from None
    made = _units(plan, instance, workload)
    unit = unit.strip() or next(iter(made))
    if unit not in made:
        raise ProformaError(f"found {unit[:40]!r} of {workload.name}; {' or '.join(made)} is accepted")
    quantities, early = made[unit]
    return Price(workload.name, unit, each), quantities, early


def _units(plan: Plan, instance: Instance, workload: Workload) -> dict[str, tuple[tuple[float, ...], bool]]:
    """Units of the work that is asked for, by period, the main one first."""
    periods = range(1, instance.horizon.periods + 1)
    users = isinstance(workload, Inference) and workload.concurrent_users is not None
    found = {
        each.unit: (each.by_period, each.early)
        for each in outputs(in_turn(workload, plan.decisions["schedule"]), periods, instance.horizon.period_years, None)
        if each.load == (PEAK if users else MEAN)
    }
    hours = sum(
        row["quantity"]
        for row in plan.money_rows["unit_costs"]
        if (row["workload"], row["unit"], row["load"]) == (workload.name, HOURS, MEAN)
    )
    taken = dict.fromkeys(periods, 0.0)
    for row in plan.decisions["workloads"]:
        if row["workload"] == workload.name:
            taken[row["period"]] += devices_taken(row)
    every = sum(taken.values())
    early = isinstance(workload, Training) and any(early for _, early in found.values())
    if every:
        found[HOURS] = tuple(hours * n / every for n in taken.values()), early
    return found


def _book(plan: Plan, instance: Instance, end: int) -> tuple[list[float], list[float]]:
    """Depreciation and book value by year, straight line from the first day of a purchase's period over its life;
    installation with the servers of its site and period."""
    length, catalogue = instance.horizon.period_years, instance_catalogue(instance)
    bought: list[tuple[float, float, float]] = []  # (when, cost, life)
    servers: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for row in plan.bill_of_materials_rows:
        if row["acquisition"] != BOUGHT:
            continue
        life = _life(catalogue, row["kind"], row["item"])
        bought.append(((row["period"] - 1) * length, row["cost"], life))
        if row["kind"] == "servers":
            servers[row["site"], row["period"]].append((row["cost"], life))
    for line in plan.cost_rows:
        if line["account"] == Account.CAPEX and line["item"] == INSTALLATION:
            own = servers[line["site"], line["period"]] or [(1.0, POWER_TRAIN_LIFE_YEARS)]
            total = sum(cost for cost, _ in own)
            bought += [((line["period"] - 1) * length, line["amount"] * cost / total, life) for cost, life in own]
    written, book = [0.0] * end, [0.0] * end
    horizon = length * instance.horizon.periods
    for when, cost, life in bought:
        for n in range(1, end + 1):
            upto, before = min(n, horizon), min(n - 1, horizon)
            gone = min(1.0, max(0.0, upto - when) / life)
            written[n - 1] += cost * (gone - min(1.0, max(0.0, before - when) / life))
            book[n - 1] += cost * (1 - gone) if upto > when - 1e-9 else 0.0
    return written, book


def _life(catalogue: Any, kind: str, item: str) -> float:
    """Years over which a purchase is written off."""
    if kind in LIVES:
        return LIVES[kind]
    entry = getattr(catalogue, kind, {}).get(item)
    if entry is None and kind.startswith("server"):  # a discount on servers
        entry = catalogue.servers.get(item)
    return AT_ONCE if entry is None else float(entry.life_years)
