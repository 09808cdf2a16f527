"""Networks of the pools: one step each, a complete network for up to so many servers.

| symbol | attribute | unit | meaning |
|---|---|---|---|
| s[p,j,t] | ``step`` | 0 or 1 | pool p stands on network j |
| a[p,f,t] | ``attached`` | servers | servers on networks of family f; n[p,t] where there is one family |
| c[p,f,r,t] | ``filled`` | - | rate r of family f times its servers, rounded up (what servers share); below 0 if r is |
| w[p,f,k,t] | ``swapped`` | links of a module | links to servers of family f that swap k makes with another kit |
| o[p,i,t] | ``bought`` | pieces or money | purchases of thing i: switches of a type, network racks, parts |

    (N1)  a[p,f,t] <= sum_{j of f} servers[j] s[p,j,t]                                servers_have_places
    (N2)  sum_j s[p,j,t] <= 1                                                         one_network_each
    (N3)  n[p,t] = sum_f a[p,f,t]                                                     servers_are_attached
    (N4)  r a[p,f,t] <= c[p,f,r,t]                                                    shared_modules_are_whole
    (N5)  needs of the step, of the servers and of their racks <= stock of o[p,i]     things_suffice
    (N6)  sum_j least[j] s[p,j,t] <= n[p,t]                                           no_network_too_large
    (N7)  sum_{p in group} sum_j s[p,j,t] <= 1                                        one_cluster_in_group
    (N8)  sum_{k' no longer than k} links[k'] w[p,f,k',t] <= per_server[k] a[p,f,t]   swapped_links_are_there

A step is physics: switches, parts, racks and kW of a network that is designed and proven outside the model, so that no
big-M stands between servers and switches and the relaxation is the lower envelope of each pool's cost. In one period
what is needed is bought, and (N5) is not written. (N6) only where waste would satisfy a limit (a mean PUE); (N7) where
the instance asks for one cluster of a server type at a site; (N8) where optics are in short supply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from formulations.assets import Asset, post_purchase, post_upkeep
from formulations.ledger import Ledger
from formulations.linear import at_most, equal, times
from formulations.stock import in_service, purchase_variable

Thing = tuple[str, str]  # kind, id
Term = tuple[float, Any]
Needs = dict[tuple[str, str, str, int], list[Term]]  # of a thing, by (pool, kind, id, period)


@dataclass(frozen=True)
class StepData:
    """A network: its family, most servers, fewest servers worth it, kW and what it needs of each thing."""

    family: str
    servers: int
    least: int
    kw: float
    needs: Mapping[Thing, float]


@dataclass(frozen=True)
class SwapData:
    """Links made with another kit: whose they are, most of a server, links of a unit; what it takes more, and kW."""

    of: str
    per_server: float
    links: int
    needs: Mapping[Thing, float]
    kw: float


@dataclass(frozen=True)
class FamilyData:
    """What a server on a family of networks takes, by thing, and its kW; what it shares with others, by rate; and which
    of its links other kits may make."""

    needs: Mapping[Thing, float]
    kw: float
    shared: Mapping[float, tuple[Mapping[Thing, float], float]] = field(default_factory=dict)
    swaps: Sequence[SwapData] = ()


@dataclass(frozen=True)
class FabricData:
    """Steps and families by pool.

    Attributes:
        site: by pool.
        steps: by pool and number; ``open_in`` the periods in which it may stand (absent: all).
        families: by pool and family.
        rack_needs: of a server rack of a pool, by thing.
        asset: money of one unit of a thing; ``most`` the most that a pool may buy of it; ``whole`` those bought in
            whole pieces by declaration.
        tight: pools that may not stand on a network larger than they need.
        groups: pools of which one at most may stand, by name.
    """

    periods: Sequence[int]
    site: Mapping[str, str]
    steps: Mapping[tuple[str, int], StepData]
    open_in: Mapping[tuple[str, int], Sequence[int]]
    families: Mapping[tuple[str, str], FamilyData]
    rack_needs: Mapping[str, Mapping[Thing, float]]
    asset: Mapping[Thing, Asset]
    most: Mapping[tuple[str, str, str], float]
    most_servers: Mapping[str, int]
    whole: frozenset[Thing]
    tight: frozenset[str]
    groups: Mapping[str, Sequence[str]]


def servers_have_places(servers: Any, steps: Sequence[Term]) -> Any:
    """(N1) The servers of a family stand below its chosen network."""
    return at_most([(1.0, servers), *times(-1.0, steps)], 0.0)


def one_network_each(steps: Sequence[Any]) -> Any:
    """(N2), (N7) At most one network stands."""
    return at_most([(1.0, step) for step in steps], 1.0)


def servers_are_attached(servers: Any, attached: Sequence[Any]) -> Any:
    """(N3) Every server stands below some family's network."""
    return equal([(1.0, servers), *[(-1.0, a) for a in attached]], 0.0)


def shared_modules_are_whole(rate: float, servers: Any, filled: Any) -> Any:
    """(N4) Two servers may share a twin-port module; half a module is not sold. Of r below 0, -c blocks of servers at
    most have another kit: those that their share fills."""
    return at_most([(rate, servers), (-1.0, filled)], 0.0)


def things_suffice(needs: Sequence[Term], stock: Sequence[Term]) -> Any:
    """(N5) What the network in use needs is installed."""
    return at_most([*needs, *times(-1.0, stock)], 0.0)


def no_network_too_large(least: Sequence[Term], servers: Any) -> Any:
    """(N6) A network stands only where no smaller one would do."""
    return at_most([*least, (-1.0, servers)], 0.0)


def filled_between(rate: float, most_servers: int) -> tuple[int, int]:
    """Bounds of c: no plan has more servers; -1.5 times 4 servers lies in -7 to 0."""
    most = int(abs(rate) * most_servers) + 1
    return (0, most) if rate > 0 else (-most, 0)


def swapped_links_are_there(per_server: float, servers: Any, swapped: Sequence[Term]) -> Any:
    """(N8) No more links are made with other kits than are short enough for them."""
    return at_most([*swapped, (-per_server, servers)], 0.0)


def add_fabric(model: pyo.ConcreteModel, data: FabricData, servers: Any, racks: Any, ledger: Ledger) -> pyo.Block:
    """Add ``model.fabric``; posts purchases, upkeep and IT load of switches, parts and network racks.

    Args:
        servers: in service by (pool, period).
        racks: terms of the server racks installed, by (pool, period).

    The block keeps ``purchases``: terms of what is bought of a thing by (pool, kind, id, period).
    """
    fabric = model.fabric = pyo.Block(concrete=True, doc="networks of the pools")
    periods = list(data.periods)
    steps_of: dict[str, list[int]] = {p: [] for p in data.site}
    for p, j in data.steps:
        steps_of[p].append(j)
    families_of: dict[str, list[str]] = {p: [] for p in data.site}
    for p, f in data.families:
        families_of[p].append(f)
    keys = [(p, t) for p in data.site for t in periods]
    several = [(p, f, t) for p, names in families_of.items() if len(names) > 1 for f in names for t in periods]
    fabric.step = pyo.Var(
        [(p, j, t) for p, j in data.steps for t in data.open_in.get((p, j), periods)], domain=pyo.Binary, doc="s [-]"
    )
    fabric.attached = pyo.Var(
        several,
        domain=pyo.NonNegativeReals,
        bounds=lambda _, p, f, t: (0, data.most_servers[p]),
        doc="a [servers]",
    )
    fabric.filled = pyo.Var(
        [(p, f, rate, t) for (p, f), family in data.families.items() for rate in family.shared for t in periods],
        domain=pyo.Integers,
        bounds=lambda _, p, f, rate, t: filled_between(rate, data.most_servers[p]),
        doc="c [-]",
    )
    standing = {
        (p, t): [(data.steps[p, j], fabric.step[p, j, t]) for j in steps_of[p] if (p, j, t) in fabric.step]
        for p, t in keys
    }

    def attached(p: str, f: str, t: int) -> Any:
        return fabric.attached[p, f, t] if len(families_of[p]) > 1 else servers[p, t]

    fabric.servers_have_places = pyo.Constraint(
        [(p, f, t) for p, f in data.families for t in periods],
        rule=lambda _, p, f, t: servers_have_places(
            attached(p, f, t), [(float(step.servers), s) for step, s in standing[p, t] if step.family == f]
        ),
        doc="(N1)",
    )
    fabric.one_network_each = pyo.Constraint(
        [key for key in keys if len(standing[key]) > 1],
        rule=lambda _, p, t: one_network_each([s for _, s in standing[p, t]]),
        doc="(N2)",
    )
    fabric.servers_are_attached = pyo.Constraint(
        [(p, t) for p, t in keys if len(families_of[p]) > 1],
        rule=lambda b, p, t: servers_are_attached(servers[p, t], [b.attached[p, f, t] for f in families_of[p]]),
        doc="(N3)",
    )
    fabric.shared_modules_are_whole = pyo.Constraint(
        fabric.filled.index_set(),
        rule=lambda b, p, f, rate, t: shared_modules_are_whole(rate, attached(p, f, t), b.filled[p, f, rate, t]),
        doc="(N4)",
    )
    swaps = {(p, f, k): swap for (p, f), family in data.families.items() for k, swap in enumerate(family.swaps)}
    fabric.swap_links = {key: swap.links for key, swap in swaps.items()}
    fabric.swapped = pyo.Var(
        [(*key, t) for key in swaps for t in periods],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, p, f, k, t: (0, int(swaps[p, f, k].per_server * data.most_servers[p] / swaps[p, f, k].links)),
        doc="w [links of a module]",
    )
    fabric.swapped_links_are_there = pyo.Constraint(
        fabric.swapped.index_set(),
        rule=lambda b, p, f, k, t: swapped_links_are_there(
            swaps[p, f, k].per_server,
            attached(p, f, t),
            [
                (float(other.links), b.swapped[p, f, number, t])
                for number, other in enumerate(data.families[p, f].swaps)
                if other.of == swaps[p, f, k].of and other.per_server <= swaps[p, f, k].per_server
            ],
        ),
        doc="(N8)",
    )
    fabric.no_network_too_large = pyo.Constraint(
        [(p, t) for p, t in keys if p in data.tight],
        rule=lambda _, p, t: no_network_too_large(
            [(float(step.least), s) for step, s in standing[p, t]], servers[p, t]
        ),
        doc="(N6)",
    )
    fabric.one_cluster_in_group = pyo.Constraint(
        [(g, t) for g in data.groups for t in periods],
        rule=lambda _, g, t: one_network_each([s for p in data.groups[g] for _, s in standing[p, t]]),
        doc="(N7)",
    )
    needs: Needs = {}
    for p, t in keys:
        for step, chosen in standing[p, t]:
            _collect(needs, p, t, step.needs, 1.0, chosen)
            ledger.post_it_kw(p, t, step.kw, [(1.0, chosen)])
        for f in families_of[p]:
            family, on = data.families[p, f], attached(p, f, t)
            _collect(needs, p, t, family.needs, 1.0, on)
            ledger.post_it_kw(p, t, family.kw, [(1.0, on)])
            for rate, (shared, kw) in family.shared.items():
                _collect(needs, p, t, shared, 1.0, fabric.filled[p, f, rate, t])
                ledger.post_it_kw(p, t, kw, [(1.0, fabric.filled[p, f, rate, t])])
            for k, swap in enumerate(family.swaps):
                _collect(needs, p, t, swap.needs, 1.0, fabric.swapped[p, f, k, t])
                ledger.post_it_kw(p, t, swap.kw, [(1.0, fabric.swapped[p, f, k, t])])
        for number, variable in racks[p, t] if data.rack_needs.get(p) else ():
            _collect(needs, p, t, data.rack_needs[p], number, variable)
    _buy(fabric, data, needs, ledger)
    return fabric


def _collect(needs: Needs, pool: str, period: int, each: Mapping[Thing, float], factor: float, variable: Any) -> None:
    for (kind, id), amount in each.items():
        needs.setdefault((pool, kind, id, period), []).append((factor * amount, variable))


def _buy(fabric: pyo.Block, data: FabricData, needs: Needs, ledger: Ledger) -> None:
    """(N5) and the money of what is bought; in one period what is needed is bought."""
    keys = list(dict.fromkeys((p, kind, id) for p, kind, id, _ in needs))
    periods = list(data.periods)
    over_time = keys if len(periods) > 1 else []
    fabric.bought = purchase_variable(
        over_time, periods, data.most, lambda key: (key[1], key[2]) in data.whole, "o [pieces or money]"
    )
    fabric.things_suffice = pyo.Constraint(
        [(*key, t) for key in over_time for t in periods if (*key, t) in needs],
        rule=lambda b, p, kind, id, t: things_suffice(
            needs[p, kind, id, t], in_service(b.bought, (p, kind, id), t, data.asset[kind, id].life)
        ),
        doc="(N5)",
    )
    fabric.purchases = {}
    for p, kind, id in keys:
        asset = data.asset[kind, id]
        for t in periods:
            if over_time:
                bought: Sequence[Term] = [(1.0, fabric.bought[p, kind, id, t])]
                stock: Sequence[Term] = in_service(fabric.bought, (p, kind, id), t, asset.life)
            else:
                bought = stock = needs.get((p, kind, id, t), [])
            fabric.purchases[p, kind, id, t] = bought
            post_purchase(ledger, kind, data.site[p], t, asset, bought)
            post_upkeep(ledger, kind, data.site[p], t, asset, stock)
