"""Plans in every scenario, in sentences and tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, table
from planner.report.words import clean, money, money_scale, percent
from planner.sweeps.robust import TWO_STAGE

if TYPE_CHECKING:
    from planner.solving.stages import Orders
    from planner.sweeps.robust import Candidate, Robust


def _name(candidate: Candidate) -> str:
    return clean(" = ".join(candidate.names))


def orders_text(orders: Orders) -> str:
    """Orders in words.

    >>> orders_text({("quebec", "dgx-h100"): 12})
    '12 dgx-h100 at quebec'
    """
    told = sorted(orders.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{n} {server} at {site}" for (site, server), n in told) or "nothing"


def robust_sentences(found: Robust) -> list[str]:
    """What to order, how sure that is, and what knowing more would be worth."""
    best = found.cheapest
    if best is None:
        return ["None of the candidates holds in every scenario.", *_why_one_stage(found)]
    expected = money(found.expected(best), found.currency)
    sentences = [
        f"Least expected cost: {expected} for the orders of {_name(best)} ({clean(orders_text(best.orders))})."
    ]
    if found.gap is None:
        sentences.append("That is the best of the candidates; whether other orders are better is not proven.")
    else:
        sentences.append(f"No orders have an expected cost lower by more than {percent(found.gap)}: proven.")
    for words, other in (
        (f"mean of the dearest {percent(1 - found.level)}", found.safest),
        ("largest regret", found.least_regret),
    ):
        if other is not None and other is not best:
            sentences.append(f"Least {words}: {_name(other)}.")
    if found.value_of_information is not None:
        sentences.append(f"To know the scenario beforehand would save {_money(found, found.value_of_information)}.")
    worth = found.value_of_stochastic_solution
    if worth is not None and math.isinf(worth):
        sentences.append("The plan of the mean has no plan in some scenario.")
    elif worth is not None:
        sentences.append(f"Against the plan of the mean it saves {_money(found, worth)}.")
    return [*sentences, *_why_one_stage(found)]


def _why_one_stage(found: Robust) -> list[str]:
    return [f"Orders over all scenarios at once: {found.two_stage}."] if found.two_stage else []


def _money(found: Robust, value: float) -> str:
    return money(value, found.currency)


def robust_tables(found: Robust) -> list[Table]:
    """Costs and regrets by candidate and scenario; servers that are left over or ordered late; reasons."""
    finite = [c for candidate in found.candidates for c in candidate.costs if math.isfinite(c)]
    scale = money_scale(finite, found.currency)

    def told(value: float) -> str:
        return scale(value) if math.isfinite(value) else "no plan"

    measures = (">expected", f">dearest\n{percent(1 - found.level)}", ">largest\nregret")
    heads = tuple(f">{clean(s.name)}\n{percent(s.probability)}" for s in found.scenarios)
    costs = [
        (_name(c), told(found.expected(c)), told(found.cvar(c)), told(found.regret(c)), *map(told, c.costs))
        for c in found.candidates
    ]
    costs.append(("known beforehand", scale(found.perfect), "", "", *(scale(s.best) for s in found.scenarios)))
    regrets = [(_name(c), told(found.regret(c)), *map(told, found.regrets(c))) for c in found.candidates]
    spare = [
        (
            _name(c),
            clean(orders_text(c.orders)),
            *("no plan" if o is None else _spare(sum(o.unused.values()), sum(o.late.values())) for o in c.outcomes),
        )
        for c in found.candidates
    ]
    tables = [
        table(f"Cost, {scale.unit}", ("orders of", *measures, *heads), costs),
        table(f"Regret, {scale.unit}", ("orders of", ">largest", *heads), regrets),
        table("Ordered now, and what is left over (-) or ordered late (+)", ("orders of", "ordered", *heads), spare),
    ]
    whys = [
        (_name(c), clean(s.name), clean(why))
        for c in found.candidates
        for s, why in zip(found.scenarios, c.why, strict=True)
        if why
    ]
    return [*tables, table("No plan", ("orders of", "scenario", "why"), whys)] if whys else tables


def _spare(unused: int, late: int) -> str:
    return " ".join(filter(None, (f"-{unused:,}" if unused else "", f"+{late:,}" if late else ""))) or "0"


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def robust_data(found: Robust) -> dict[str, Any]:
    """The same as plain data; null where a candidate has no plan."""
    best, safest, least = found.cheapest, found.safest, found.least_regret
    return {
        "currency": found.currency,
        "objective": found.objective,
        "level": found.level,
        "surcharge": found.surcharge,
        "scenarios": [
            {"name": s.name, "probability": s.probability, "best": s.best, "bound": s.bound} for s in found.scenarios
        ],
        "candidates": [
            {
                "names": list(c.names),
                "two_stage": TWO_STAGE in c.names,
                "orders": [{"site": site, "server": server, "number": n} for (site, server), n in c.orders.items()],
                "expected": _finite(found.expected(c)),
                "cvar": _finite(found.cvar(c)),
                "largest_regret": _finite(found.regret(c)),
            }
            for c in found.candidates
        ],
        "outcomes": found.rows(),
        "least_expected": None if best is None else best.names[0],
        "least_cvar": None if safest is None else safest.names[0],
        "least_regret": None if least is None else least.names[0],
        "perfect_information": found.perfect,
        "value_of_information": found.value_of_information,
        "value_of_stochastic_solution": _finite(found.value_of_stochastic_solution),
        "two_stage_bound": found.two_stage_bound,
        "gap": found.gap,
        "two_stage": found.two_stage or None,
    }
