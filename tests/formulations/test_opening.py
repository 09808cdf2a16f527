"""opening of a site and of a server type, over two periods; servers n, blocks x and power bought g stand in."""

from __future__ import annotations

import pyomo.environ as pyo
from algebra import algebra, money, variables

from formulations.assets import Asset
from formulations.ledger import Ledger
from formulations.opening import OpeningData, Use, add_opening

SITE = ("site opening", "home", "home")
TYPE = ("server type opening", "", "box")
PAID = Asset(price={1: 70, 2: 70}, life=2)


def opening() -> tuple[pyo.ConcreteModel, Ledger]:
    """A pool of 9 servers at most; blocks carry a fifth of a load each; a site has 50 kW at least."""
    model = pyo.ConcreteModel()
    n = variables(model, "n", ("p", 1), ("p", 2))
    x, g = variables(model, "x", ("b", 1)), variables(model, "g", ("p", 1), ("p", 2))
    uses = {(k, t): [Use("p", [(1.0, n["p", t])], 9)] for k in (SITE, TYPE) for t in (1, 2)}
    uses[SITE, 1].append(Use("share of load", [(0.2, x["b", 1])], 1.2))
    data = OpeningData(
        periods=[1, 2],
        asset={SITE: PAID, TYPE: Asset(price={1: 0, 2: 0}, life=2)},
        uses=uses,
        servers={(k, t): [(1.0, n["p", t])] for k in (SITE, TYPE) for t in (1, 2)},
        least={SITE: 50},
        stock={(SITE, t): [[(1.0, g["p", t])]] for t in (1, 2)},
        most={"server type opening": 3},
    )
    ledger = Ledger()
    add_opening(model, data, ledger)
    return model, ledger


def test_algebra() -> None:
    model, _ = opening()
    site, box = "opening.opened[site opening,home,home,{}]", "opening.opened[server type opening,,box,{}]"
    rows = algebra(model.opening)
    assert sorted(rows["nothing_before_opening"]) == sorted([  # (Z1)
        f"+1*n[p,1] -9*{site.format(1)} <= 0",
        f"-1.2*{site.format(1)} +0.2*x[b,1] <= 0",
        f"+1*n[p,2] -9*{site.format(1)} -9*{site.format(2)} <= 0",
        f"+1*n[p,1] -9*{box.format(1)} <= 0",
        f"+1*n[p,2] -9*{box.format(1)} -9*{box.format(2)} <= 0",
    ])  # fmt: skip
    assert rows["opened_by_servers"] == [  # (Z2)
        f"-1*n[p,{t}] +1*{what.format(t)} <= 0" for what in (site, box) for t in (1, 2)
    ]
    assert rows["least_is_built"] == [f"-0.02*g[p,{t}] +1*{site.format(t)} <= 0" for t in (1, 2)]  # (Z3)
    assert rows["few_are_opened"] == [f"+1*{box.format(1)} +1*{box.format(2)} <= 3"]  # (Z4)
    assert all(v.is_binary() for v in model.opening.opened.values())


def test_what_is_opened_is_paid_once() -> None:
    _, ledger = opening()
    assert money(ledger) == {
        f"capex site opening home {t}": f"+70*opening.opened[site opening,home,home,{t}]" for t in (1, 2)
    }
