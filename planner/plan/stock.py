"""Stock of a thing over the periods: bought as late as its need allows, retired when its life ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RELATIVE = 1e-9
"""Of a need in kW: less than that is rounding of sums, no need."""
SNAP = 1e-6
"""Of an early purchase in kW: one that near to what is needed is meant to be just that."""


@dataclass(frozen=True)
class Stock:
    """One priced item of a pool or a site, by period from the first.

    Attributes:
        kind, id: key of the item.
        site: where it stands.
        pool: name of the pool; empty for what a site shares.
        purpose: what it is for where a pool has the same item for two: racks for servers and for network.
        bought, standing: pieces or kW.
    """

    kind: str
    id: str
    site: str
    pool: str
    purpose: str
    bought: Sequence[float]
    standing: Sequence[float]


def in_service(bought: Sequence[int], life: int) -> tuple[int, ...]:
    """What was bought and still serves, by period.

    >>> in_service((3, 1, 0, 2), life=2)
    (3, 4, 1, 2)
    """
    return tuple(sum(bought[max(0, t - life + 1) : t + 1]) for t in range(len(bought)))


def pieces(need: Sequence[int], life: int, early: Mapping[int, float] | None = None) -> tuple[list[int], list[int]]:
    """Whole pieces bought and standing by period: the increase of the need, and what replaces retired ones.

    A need of 4, 6, 5, 7 with lives of two periods. The four of the first period retire before the third, which has
    the two of the second left and buys three; these are left in the fourth, which buys four:

    >>> pieces((4, 6, 5, 7), life=2)
    ([4, 2, 3, 4], [4, 6, 5, 7])

    Where at least three are to be bought in the second period (index 1), one of them is not bought again in the third:

    >>> pieces((4, 6, 5, 7), life=2, early={1: 3})
    ([4, 3, 2, 5], [4, 7, 5, 7])

    Nothing is bought early that no period of its life needs:

    >>> pieces((4, 6, 5, 7), life=2, early={2: 50})
    ([4, 2, 7, 0], [4, 6, 9, 7])
    """
    bought: list[int] = []
    standing: list[int] = []
    stock = 0
    for t, wanted in enumerate(need):
        if t >= life:
            stock -= bought[t - life]
        new = wanted - stock if wanted > stock else 0
        if early and (asked := round(early.get(t, 0))) > new:
            new = round(max(new, min(asked, _useful(need, life, bought))))
        stock += new
        bought.append(new)
        standing.append(stock)
    return bought, standing


def amounts(
    need: Sequence[float], life: int, early: Mapping[int, float] | None = None
) -> tuple[list[float], list[float]]:
    """The same of what is bought by the kW.

    >>> amounts((10.0, 12.5, 12.5), life=3)
    ([10.0, 2.5, 0.0], [10.0, 12.5, 12.5])
    >>> amounts((10.0, 12.5, 12.5), life=3, early={0: 12.499999}), amounts((10.0, 12.5), life=3, early={0: 11.0})
    (([12.5, 0.0, 0.0], [12.5, 12.5, 12.5]), ([11.0, 1.5], [11.0, 12.5]))
    """
    bought: list[float] = []
    standing: list[float] = []
    for t, wanted in enumerate(need):
        stock = sum(bought[max(0, t - life + 1) : t])
        new = wanted - stock if wanted - stock > RELATIVE * max(1.0, wanted) else 0.0
        if early and (asked := early.get(t, 0.0)) > new + SNAP * max(1.0, new):
            useful = _useful(need, life, bought)
            new = max(new, useful if asked >= useful - SNAP * max(1.0, useful) else asked)
        bought.append(new)
        standing.append(stock + new)
    return bought, standing


def _useful(need: Sequence[float], life: int, bought: Sequence[float]) -> float:
    """Most that a purchase of the next period is ever needed for, beside what was bought before."""
    t = len(bought)
    return max(need[u] - sum(bought[max(0, u - life + 1) : t]) for u in range(t, min(len(need), t + life)))
