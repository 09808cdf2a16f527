"""What is paid once for each site, hall and server type that is used at all, its least size, and how many may be.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| z[k,t] | ``opened`` | 0 or 1 | 1 where thing k (a site, hall or server type) is opened in period t |

    (Z1)  use of k <= most sum_{u<=t} z[k,u]                     nothing_before_opening
    (Z2)  z[k,t] <= sum_{p of k} n[p,t]                          opened_by_servers
    (Z3)  least[k] z[k,t] <= stock of what k is built of         least_is_built
    (Z4)  sum_{k of a kind} sum_t z[k,t] <= most of the kind     few_are_opened

Uses are the servers of each pool, and the share of a workload that is carried: no plan carries more than all of it and
one block. The latter keeps the relaxation from opening a tenth of a site for a tenth of its power.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase
from formulations.ledger import Ledger
from formulations.linear import Terms, at_most, times

Thing = tuple[str, str, str]  # kind, site, id


@dataclass(frozen=True)
class Use:
    """A use of a thing: what it is of, terms, and the most that they ever add up to."""

    of: str
    terms: Terms
    most: float


@dataclass(frozen=True)
class OpeningData:
    """Things that may be opened.

    Attributes:
        asset: by thing; what opening it costs.
        uses: by (thing, period).
        servers: terms of the servers in service, by (thing, period).
        least: by thing that is built in a least size; ``stock`` what stands of each that it is built of, by (thing,
            period).
        most: things that may be opened, by kind.
    """

    periods: Sequence[int]
    asset: Mapping[Thing, Asset]
    uses: Mapping[tuple[Thing, int], Sequence[Use]]
    servers: Mapping[tuple[Thing, int], Terms]
    least: Mapping[Thing, float]
    stock: Mapping[tuple[Thing, int], Sequence[Terms]]
    most: Mapping[str, int]


def nothing_before_opening(use: Terms, most: float, opened: Sequence[Any]) -> Any:
    """(Z1) No server, and no part of a workload, before the thing is opened."""
    return at_most([*use, *[(-most, z) for z in opened]], 0.0)


def opened_by_servers(opened: Any, servers: Terms) -> Any:
    """(Z2) What is opened is used from that period on, so that opening follows from the servers alone."""
    return at_most([(1.0, opened), *times(-1.0, servers)], 0.0)


def least_is_built(least: float, opened: Any, stock: Terms) -> Any:
    """(Z3) Plant is not built below a size; divided by it."""
    return at_most([(1.0, opened), *times(-1 / least, stock)], 0.0)


def few_are_opened(opened: Sequence[Any], most: int) -> Any:
    """(Z4) Over the horizon."""
    return at_most([(1.0, z) for z in opened], float(most))


def add_opening(model: pyo.ConcreteModel, data: OpeningData, ledger: Ledger) -> pyo.Block:
    """Add ``model.opening``; nothing of it stands where no thing costs anything to open or is limited."""
    opening = model.opening = pyo.Block(concrete=True, doc="sites, halls and server types that are opened")
    things, periods = list(data.asset), list(data.periods)
    opening.opened = pyo.Var([(*k, t) for k in things for t in periods], domain=pyo.Binary, doc="z [-]")
    rows = {(*k, t, use.of): use for (k, t), uses in data.uses.items() for use in uses}
    opening.nothing_before_opening = pyo.Constraint(
        list(rows),
        rule=lambda b, kind, site, id, t, of: nothing_before_opening(
            rows[kind, site, id, t, of].terms,
            rows[kind, site, id, t, of].most,
            [b.opened[kind, site, id, u] for u in periods if u <= t],
        ),
        doc="(Z1)",
    )
    opening.opened_by_servers = pyo.Constraint(
        [(*k, t) for k in things for t in periods],
        rule=lambda b, *index: opened_by_servers(b.opened[index], data.servers[index[:3], index[3]]),
        doc="(Z2)",
    )
    built = {(*k, t, number): terms for (k, t), found in data.stock.items() for number, terms in enumerate(found)}
    opening.least_is_built = pyo.Constraint(
        list(built),
        rule=lambda b, *index: least_is_built(data.least[index[:3]], b.opened[index[:4]], built[index]),
        doc="(Z3)",
    )
    opening.few_are_opened = pyo.Constraint(
        [kind for kind in data.most if any(k[0] == kind for k in things)],
        rule=lambda b, kind: few_are_opened(
            [b.opened[(*k, t)] for k in things if k[0] == kind for t in periods], data.most[kind]
        ),
        doc="(Z4)",
    )
    for k, asset in data.asset.items():
        for t in periods:
            post_purchase(ledger, k[0], k[1], t, asset, [(1.0, opening.opened[(*k, t)])])
    return opening
