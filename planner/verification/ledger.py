"""Money: the bill of materials, every cost line, the objective and the totals, recomputed from prices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from planner.catalogue.facility import EmbodiedCarbon, facility_rows
from planner.plan.plan import Plan
from planner.units import HOURS_PER_YEAR, KG_PER_TONNE
from planner.verification import bill, opening, operating, owned, power
from planner.verification.bill import KINDS, MAINTAINED, Purchase
from planner.verification.checks import ABSOLUTE, Book, near
from planner.verification.facts import View
from planner.verification.sites import mean_load, money
from planner.verification.tables import Cost, sound
from planner.verification.totals import check_totals

PER_KW = ("cooling", "facility", "building")
UPKEEP = (*MAINTAINED, "software", "network licences", "staff", "plant")
Line = tuple[str, str, str, int]
"""Account, item, site, period."""


def check(view: View, book: Book, plan: Plan) -> None:
    """Check every amount of money of the plan."""
    _bill(view, book)
    expected = expected_lines(view)
    _lines(view, book, expected)
    _objective(view, book, plan, expected)
    check_totals(view, book, plan, {end: expected_lines(view, end) for end in ("amount", "low", "high")})


def _bill(view: View, book: Book) -> None:
    """Rows of the bill of materials against the purchases in the decision tables, and their prices."""
    bought = bill.purchases(view) | bill.included(view)
    for row in view.tables.bill:
        purchase = Purchase(row.kind, row.item, row.site, row.pool, row.period)
        where = f"bill {purchase}"
        if not book.record("names known", row.kind in KINDS, f"{where}: one of {', '.join(KINDS)} is expected"):
            continue
        book.record("bill rows above zero", row.quantity > 0, f"{where}: quantity {row.quantity:g}")
        amount = bought.pop(purchase, 0.0)
        if row.kind in PER_KW:
            book.same("bill quantities equal purchases", where, "kW", row.quantity, amount)
        else:
            book.count("bill quantities equal purchases", where, "quantity", row.quantity, round(amount))
        book.text("bill unit right", where, "unit", row.unit, "kW" if row.kind in PER_KW else "each")
        how = "included" if row.kind == bill.SCALE_UP else "bought"
        book.text("acquisition known", where, "acquisition", row.acquisition, how)
        price = bill.unit_price(view, purchase)
        if book.record("price known", price is not None, f"{where}: a price in the catalogue") and price is not None:
            book.same("unit price right", where, "unit price", row.unit_price, price)
            for end, said in (("low", row.price_low), ("high", row.price_high)):
                book.same("price range right", where, f"{end} price", said, bill.unit_price(view, purchase, end) or 0.0)
        book.same("bill cost is quantity times price", where, "cost", row.cost, row.quantity * row.unit_price)
    for purchase, amount in bought.items():
        detail = f"bill {purchase}: no row, bought {amount:g}"
        book.record("bill quantities equal purchases", amount <= ABSOLUTE, detail)


class Spent(NamedTuple):
    """An amount of a cost line: what it is spent for, and the periods which that serves.

    Attributes:
        pool: None for what a site shares.
        method: cooling method that it is spent for alone; None for anything else.
        server: server type that it is spent for, at whatever site; None for anything else.
    """

    account: str
    item: str
    site: str
    period: int
    pool: str | None
    method: str | None
    first: int
    last: int
    amount: float
    present_value: float
    server: str | None = None


def expected_lines(view: View, figure: str = "amount") -> dict[Line, tuple[float, float]]:
    """Amount and present value of every cost line, from decisions and prices alone.

    Args:
        figure: of every price: its amount, or the low or high end of its range.
    """
    lines: dict[Line, tuple[float, float]] = {}
    for spent in spending(view, figure):
        line = (spent.account, spent.item, spent.site, spent.period)
        before = lines.get(line, (0.0, 0.0))
        lines[line] = before[0] + spent.amount, before[1] + spent.present_value
    return lines


def spending(view: View, figure: str = "amount") -> tuple[Spent, ...]:
    """Every amount that the plan spends, at a figure of every price; worked out once."""
    if ("spending", figure) not in view.memo:
        view.memo["spending", figure] = tuple(_spending(view, figure))
    found: tuple[Spent, ...] = view.memo["spending", figure]
    return found


def _spending(view: View, figure: str) -> Iterator[Spent]:
    instance, end = view.facts.instance, view.facts.periods[-1]
    years, horizon = view.facts.years, view.facts.years * len(view.facts.periods)
    rate = instance.horizon.discount_rate
    residual = instance.horizon.residual_value == "straight-line" and instance.objective == "tco"
    for purchase, quantity in bill.purchases(view).items():
        price = bill.unit_price(view, purchase, figure)
        if price is None:
            continue
        bought_at = (purchase.period - 1) * years
        cost = quantity * price
        life = view.facts.life_years(purchase.kind, purchase.item)
        last = end
        if life is not None and purchase.kind != "land":
            last = min(end, purchase.period + view.facts.periods_of_life(life) - 1)
        method = purchase.item if purchase.kind in ("cooling", opening.HALL) else None
        of_type = purchase.item if purchase.kind == opening.SERVER_TYPE else None
        serves = Spent(
            "capex", purchase.kind, purchase.site, purchase.period, purchase.pool, method, purchase.period, last, cost,
            cost / (1 + rate) ** bought_at, of_type,
        )  # fmt: skip
        yield serves
        if purchase.kind == "servers" and (installed := operating.share(instance, "installation")):
            paid = quantity * installed * (view.facts.price("servers", purchase.item, figure) or 0.0)
            yield serves._replace(item="installation", amount=paid, present_value=paid / (1 + rate) ** bought_at)
        per_tonne = money(instance.carbon.price_per_tonne, instance)
        if instance.carbon.embodied and per_tonne is not None:
            made = quantity * embodied_tonnes(view, purchase.kind, purchase.item) * per_tonne
            if made:
                value = made / (1 + rate) ** bought_at
                yield serves._replace(account="embodied carbon", amount=made, present_value=value)
        if residual and life is not None:
            worn = 0.0 if purchase.kind == "land" else min(life, horizon - bought_at)
            left = cost * (life - worn) / life
            value = -left / (1 + rate) ** horizon  # due at the end
            yield serves._replace(account="residual", period=end, amount=-left, present_value=value)
    for site in view.facts.sites:
        for period in view.facts.periods:
            _, _, annual_kw = power.loads(view, site, period)
            kwh = annual_kw * mean_load(instance) * HOURS_PER_YEAR
            for account, item, yearly in _yearly(view, site, period, kwh):
                value = paid_yearly(yearly, rate, period, years)
                yield Spent(account, item, site, period, None, None, period, period, yearly * years, value)
    for row in view.tables.rented:
        yearly, t = row.rent * row.in_service / years, row.period
        value = paid_yearly(yearly, rate, t, years)
        yield Spent("rent", "servers", row.site, t, row.pool, None, t, t, yearly * years, value)
    yield from _owned(view)
    for kept, count in bill.in_service(view):
        price = view.facts.price(kept.kind, kept.item, figure)
        for item, each in () if price is None else _upkeep(view, kept.kind, kept.item, price):
            yearly, period = each * count, kept.period
            yield Spent(
                "maintenance", item, kept.site, period, kept.pool, None, period, period, yearly * years,
                paid_yearly(yearly, rate, period, years),
            )  # fmt: skip


def _owned(view: View) -> Iterator[Spent]:
    """Upkeep of owned servers, and what those fetch that are sold, or still there at the end."""
    instance, end, years = view.facts.instance, view.facts.periods[-1], view.facts.years
    rate = instance.horizon.discount_rate
    for row in view.tables.owned:
        entry = next((each for each in instance.owned if each.name == row.fleet), None)
        if entry is None:
            continue
        for item, yearly in owned.upkeep(view, entry).items():
            paid, t = yearly * row.in_service, row.period
            value = paid_yearly(paid, rate, t, years)
            yield Spent("maintenance", item, row.site, t, row.pool, None, t, t, paid * years, value)
        kept = owned.kept(view, row.pool)
        use = Spent("sale", "servers", row.site, row.period, row.pool, None, 1, kept, 0.0, 0.0)
        if not kept:  # sold on the first day, for all at the site
            use = use._replace(pool=None, last=1)
        if row.sold:
            fetched = -row.sold * owned.worth(view, entry, row.period)
            yield use._replace(amount=fetched, present_value=fetched / (1 + rate) ** ((row.period - 1) * years))
        if row.period == end and row.in_service and instance.horizon.residual_value == "straight-line":
            left = -row.in_service * owned.worth(view, entry, end + 1)
            if instance.objective == "tco":
                value = left / (1 + rate) ** (end * years)
                yield use._replace(account="residual", amount=left, present_value=value)


def _upkeep(view: View, kind: str, id: str, price: float) -> Iterator[tuple[str, float]]:
    """What keeping one piece costs in a year, by what it is paid for."""
    instance = view.facts.instance
    yield kind, operating.share(instance, "maintenance") * price
    if kind == "switches":
        yield "network licences", operating.share(instance, "network-licences") * price
    if kind == "servers":
        yield "software", operating.software(instance, view.facts.catalogue, id)


def _yearly(view: View, site: str, period: int, kwh: float) -> Iterator[tuple[str, str, float]]:
    """Account, item and money of a year's energy, peak power, water and carbon at a site."""
    facts = view.facts.sites[site]
    price = money(view.facts.instance.carbon.price_per_tonne, view.facts.instance)
    yield "energy", "electricity", kwh * facts.tariff_per_kwh
    it_kw, peak, _ = power.loads(view, site, period)
    for item, each in operating.facility_yearly(view.facts.instance, facts.country).items():
        yield "maintenance", item, it_kw * each
    if facts.demand_charge_per_kw_year:
        yield "energy", "demand charge", peak * facts.demand_charge_per_kw_year
    water, carbon = power.uses(view, site, period)
    if facts.water_price_per_m3:
        yield "water", "water", water * facts.water_price_per_m3
    if price is not None and carbon:
        yield "carbon", "emissions", carbon * price


def embodied_tonnes(view: View, kind: str, id: str) -> float:
    """Carbon of making one server (by its accelerators), switch or rack, t."""
    kg = {row.id: row.kg_per_unit for row in facility_rows("embodied_carbon.csv", EmbodiedCarbon)}
    if kind == "servers":
        return view.facts.catalogue.servers[id].accelerators * kg["accelerator"] / KG_PER_TONNE
    return {"switches": kg["switch"], "racks": kg["rack"]}.get(kind, 0.0) / KG_PER_TONNE


def paid_yearly(yearly: float, rate: float, period: int, years: float) -> float:
    """Present value of a yearly payment at the year ends of one period, year by year.

    The last part of a year, if the period is no whole number of years, counts as an even flow that is worth as much as
    the payment at the year's end when the year is full.

    >>> round(paid_yearly(100, 0.08, 1, 4), 6), round(paid_yearly(100, 0.08, 2, 1), 6), paid_yearly(100, 0.0, 1, 2.5)
    (331.212684, 85.733882, 250.0)
    """
    begin, total = (period - 1) * years, 0.0
    whole = math.floor(years + 1e-9)
    rest = max(0.0, years - whole)
    for year in range(1, whole + 1):
        total += float(yearly / (1 + rate) ** (begin + year))
    if rest > 1e-9:
        share = rest if rate < 1e-9 else (1 - (1 + rate) ** -rest) / rate
        total += float(yearly * share / (1 + rate) ** (begin + whole))
    return total


def _lines(view: View, book: Book, expected: dict[Line, tuple[float, float]]) -> None:
    accounts: dict[str, tuple[str, ...]] = {
        "capex": (*KINDS, "installation"), "energy": ("electricity", "demand charge"), "rent": ("servers",),
        "maintenance": UPKEEP, "residual": KINDS, "sale": ("servers",), "water": ("water",), "carbon": ("emissions",),
        "embodied carbon": ("servers", "switches", "racks"),
    }  # fmt: skip
    found: dict[Line, Cost] = {}
    for row in view.tables.costs:
        where = f"cost line {row.account} {row.item} site {row.site} period {row.period}"
        known = row.item in accounts.get(row.account, ())
        if book.record("names known", known, f"{where}: an account and an item of the format are expected"):
            found[row.account, row.item, row.site, row.period] = row
    for line in sorted({*expected, *found}):
        amount, present_value = expected.get(line, (0.0, 0.0))
        account, item, site, period = line
        where = f"cost line {account} {item} site {site} period {period}"
        if line not in found:
            present = near(amount, 0) and near(present_value, 0)
            book.record("cost lines present", present, f"{where}: no row, expected {amount:,.2f}")
            continue
        book.same("cost lines recomputed", where, "amount", found[line].amount, amount)
        book.same("present values recomputed", where, "present value", found[line].present_value, present_value)


def _objective(view: View, book: Book, plan: Plan, expected: dict[Line, tuple[float, float]]) -> None:
    instance = view.facts.instance
    if instance.objective == "tco":
        objective = sum(present_value for _, present_value in expected.values())
    else:
        objective = sum(amount for (account, *_), (amount, _) in expected.items() if account == "capex")
    if not book.record("numbers sound", sound(plan.objective, signed=True), f"plan: objective {plan.objective!r}"):
        return
    book.same("objective recomputed", "plan", f"objective ({instance.objective})", plan.objective, objective)
    bounded = sound(plan.bound, signed=True) and sound(plan.gap)
    if book.record("numbers sound", bounded, f"plan: bound {plan.bound!r}, gap {plan.gap!r}"):
        below = plan.bound <= plan.objective or near(plan.bound, plan.objective)
        book.record("bound below objective", below, f"plan: bound {plan.bound:,.2f}, objective {plan.objective:,.2f}")
        distance = max(0.0, plan.objective - plan.bound)
        gap = distance / abs(plan.objective) if plan.objective else 0.0
        right = not below or abs(plan.gap - gap) <= 1e-5
        book.record("gap recomputed", right, f"plan: gap {plan.gap:.6g}, expected {gap:.6g}")
