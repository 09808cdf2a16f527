"""Damage to the bill of materials, cost lines, objective and totals."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from damage import Draft, Row, alter, mutation


def _account(name: str) -> Callable[[Row], bool]:
    return lambda row: row["account"] == name and abs(row["amount"]) > 1


alter("quantity in the bill wrong", "ledger", "bill quantities equal purchases", "bill", "quantity",
      lambda r: r["quantity"] + 1)  # fmt: skip
alter("unit price wrong", "ledger", "unit price right", "bill", "unit_price", lambda r: r["unit_price"] * 0.9,
      lambda r: r["unit_price"] > 1)  # fmt: skip
alter("a range narrower than it is", "ledger", "price range right", "bill", "price_high",
      lambda r: r["price_high"] * 0.9)  # fmt: skip
alter("cost in the bill wrong", "ledger", "bill cost is quantity times price", "bill", "cost",
      lambda r: r["cost"] * 0.9, lambda r: r["cost"] > 1)  # fmt: skip
alter("unit in the bill wrong", "ledger", "bill unit right", "bill", "unit", lambda r: "dozen")
alter("found at a flea market", "ledger", "acquisition known", "bill", "acquisition", lambda r: "found")
alter("bill row of an unknown kind", "ledger", "names known", "bill", "kind", lambda r: "furniture")
alter("bill row for nothing", "ledger", "bill rows above zero", "bill", "quantity", lambda r: 0)
alter("other item in the bill", "ledger", "bill quantities equal purchases", "bill", "item", lambda r: "abacus")
alter("negative cost in the bill", "ledger", "numbers sound", "bill", "cost", lambda r: -1.0)
for account in ("capex", "energy", "maintenance", "residual"):
    alter(f"{account} line wrong", "ledger", "cost lines recomputed", "costs", "amount", lambda r: r["amount"] * 0.99,
          _account(account))  # fmt: skip
    alter(f"present value of {account} wrong", "ledger", "present values recomputed", "costs", "present_value",
          lambda r: r["present_value"] * 0.99, _account(account))  # fmt: skip
alter("cost line not a number", "ledger", "numbers sound", "costs", "amount", lambda r: float("nan"))
alter("cost line of an unknown account", "ledger", "names known", "costs", "account", lambda r: "petty cash")


@mutation("bill row missing", "ledger", "bill quantities equal purchases")
def _(draft: Draft) -> None:
    draft.bill.remove(draft.row("bill"))


@mutation("bill row twice", "ledger", "rows unique")
def _(draft: Draft) -> None:
    draft.bill.append(dict(draft.row("bill")))


@mutation("cost line missing", "ledger", "cost lines present")
def _(draft: Draft) -> None:
    draft.costs.remove(draft.row("costs", _account("capex")))


@mutation("cost line twice", "ledger", "rows unique")
def _(draft: Draft) -> None:
    draft.costs.append(dict(draft.row("costs")))


@mutation("cost line too many", "ledger", "cost lines recomputed")
def _(draft: Draft) -> None:
    row = draft.row("costs", _account("energy"))
    credit = {**row, "account": "residual", "item": "cooling", "amount": -1e9, "present_value": -1e9}
    same = ("account", "item", "site", "period")
    draft.costs = [r for r in draft.costs if any(r[key] != credit[key] for key in same)] + [credit]


@mutation("objective wrong", "ledger", "objective recomputed")
def _(draft: Draft) -> None:
    draft.changes["objective"] = draft.plan.objective * 0.99


@mutation("bound above the objective", "ledger", "bound below objective")
def _(draft: Draft) -> None:
    draft.changes["bound"] = draft.plan.objective + abs(draft.plan.objective) * 0.01


@mutation("gap understated", "ledger", "gap recomputed")
def _(draft: Draft) -> None:
    draft.changes["bound"] = draft.plan.objective - abs(draft.plan.objective) * 0.1
    draft.changes["gap"] = 0.0


@mutation("residual value in the period of the purchase", "ledger", "cost lines present")
def _(draft: Draft) -> None:
    row = draft.row("costs", lambda r: r["account"] == "residual" and r["period"] > 1 and r["amount"] < -1)
    row["period"] = 1


@mutation("objective not a number", "ledger", "numbers sound")
def _(draft: Draft) -> None:
    draft.changes["objective"] = float("nan")


@mutation("plan of another instance", "ledger", "plan answers the instance")
def _(draft: Draft) -> None:
    draft.changes["name"] = "another"


@mutation("instance in the provenance changed", "ledger", "plan answers the instance")
def _(draft: Draft) -> None:
    held = copy.deepcopy(dict(draft.plan.provenance))
    held["instance"] = {**held.get("instance", {}), "description": "not the one"}
    draft.changes["provenance"] = held


def _total(name: str, new: Callable[[Any], Any], check: str = "totals recomputed") -> None:
    def change(draft: Draft) -> None:
        draft.totals[name] = new(draft.totals[name])

    mutation(f"total {name} {'not a number' if check == 'totals sound' else 'wrong'}", "ledger", check)(change)


for total in ("tco", "capex", "opex", "it_kw", "facility_kw", "pue"):
    _total(total, lambda value: value * 1.01 + 1)
for total in ("accelerators", "servers", "racks", "switches", "optics", "cables"):
    _total(total, lambda value: value + 1)
_total("tco_low", lambda value: value * 0.5)
_total("bought_given", lambda value: value * 0.5)
_total("tco", lambda value: float("nan"), "totals sound")


@mutation("total missing", "ledger", "totals sound")
def _(draft: Draft) -> None:
    del draft.totals["servers"]


for account in ("capex", "energy", "residual"):
    alter(f"{account} of a workload wrong", "ledger", "costs by workload recomputed", "workload_costs", "amount",
          lambda r: r["amount"] * 0.99, _account(account))  # fmt: skip
    alter(f"cash of {account} wrong", "ledger", "cash flow recomputed", "cash_flow", "amount",
          lambda r: r["amount"] * 0.99, _account(account))  # fmt: skip
alter("cumulative cash wrong", "ledger", "cash flow recomputed", "cash_flow", "cumulative", lambda r: 0.0)
alter("cash of another year", "ledger", "cash flow dated", "cash_flow", "begins", lambda r: "1999-01")
alter("unit cost wrong", "ledger", "unit costs recomputed", "unit_costs", "unit_cost", lambda r: r["unit_cost"] * 1.01)
alter("units of work wrong", "ledger", "unit costs recomputed", "unit_costs", "quantity", lambda r: r["quantity"] * 2)
alter("a unit that nobody makes", "ledger", "unit costs known", "unit_costs", "unit", lambda r: "dozen")
alter("rent wrong", "ledger", "alternatives recomputed", "alternatives", "price", lambda r: r["price"] / 2)
alter("break-even wrong", "ledger", "alternatives recomputed", "alternatives", "break_even", lambda r: 0.01)
alter("rent of another accelerator", "ledger", "alternatives known", "alternatives", "offer", lambda r: "abacus")
alter("ordered too late", "ledger", "orders dated", "orders", "order_date", lambda r: "2099-01-01")
alter("ordered from another vendor", "ledger", "vendors named", "orders", "vendor", lambda r: "Babbage")
alter("too much ordered", "ledger", "orders equal purchases", "orders", "quantity", lambda r: r["quantity"] + 1)


@mutation("two cents more by workload", "ledger", "costs by workload add up")
def _(draft: Draft) -> None:
    """Within the tolerance of the amount."""
    draft.row("workload_costs", lambda r: (r["account"], r["item"]) == ("capex", "servers"))["amount"] += 0.02


@mutation("a unit cost left out", "ledger", "unit costs known")
def _(draft: Draft) -> None:
    draft.money["unit_costs"].remove(draft.row("unit_costs"))


@mutation("an alternative left out", "ledger", "alternatives known")
def _(draft: Draft) -> None:
    draft.money["alternatives"].remove(draft.row("alternatives"))


@mutation("an order left out", "ledger", "orders equal purchases")
def _(draft: Draft) -> None:
    draft.money["orders"].remove(draft.row("orders"))


@mutation("a year without cash", "ledger", "cash flow complete")
def _(draft: Draft) -> None:
    draft.money["cash_flow"].remove(draft.row("cash_flow", _account("energy")))


@mutation("a workload without its capex", "ledger", "costs by workload complete")
def _(draft: Draft) -> None:
    draft.money["workload_costs"].remove(draft.row("workload_costs", _account("capex")))
