"""Who bears which money: what a site shares goes to its pools, what a pool costs to the workloads that it carries.

Two rules, both of what stands in the tables (docs/money.md):

* pools share the money of their site in proportion to the energy of their servers: servers in service x kW of one x
  annual PUE of their cooling, over the periods that the money serves;
* workloads share the money of a pool in proportion to the accelerators that their blocks take, over the same periods,
  so that each bears its share of what stands idle; runs that take turns take theirs by their days.

Where nothing is carried in those periods, all periods count; where the pool never carries anything, all that the site
carries, then all that the plan carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.plan.costs import Use
from planner.plan.work import devices_taken

Row = Mapping[str, Any]
Shares = dict[tuple[str, str], float]
"""Share by (workload, accelerator); the accelerator is empty where no pool stands at the site."""


class Sharing:
    """Shares of money by what it is spent for.

    Args:
        fleet, work: rows of the tables.
        energy: of a server in service, by pool, in any unit.
        workloads: names, in the order of the instance.
        periods: from the first to the last.
    """

    def __init__(
        self, fleet: Iterable[Row], work: Iterable[Row], energy: Mapping[str, float], workloads: Sequence[str],
        periods: Sequence[int],
    ) -> None:  # fmt: skip
        self._workloads, self._end = tuple(workloads), periods[-1]
        self.pools: dict[str, Row] = {}
        self.standing: dict[str, dict[int, float]] = {}
        """Servers in service by pool and period."""
        for row in fleet:
            self.pools.setdefault(row["pool"], row)
            self.standing.setdefault(row["pool"], {})[row["period"]] = row["in_service"]
        self._energy = {
            pool: {t: n * energy[pool] for t, n in by_period.items()} for pool, by_period in self.standing.items()
        }
        self.carried: dict[str, dict[int, dict[str, float]]] = {}
        """Accelerators that blocks take, by pool, period and workload."""
        for row in work:
            by_load = self.carried.setdefault(row["pool"], {}).setdefault(row["period"], {})
            by_load[row["workload"]] = by_load.get(row["workload"], 0) + devices_taken(row)
        self._memo: dict[Use, Shares] = {}

    def of(self, use: Use) -> Shares:
        """Shares of the money of a use; they add up to 1."""
        if use not in self._memo:
            found: Shares = {}
            for pool, share in self._of_pools(use).items():
                accelerator = self.pools[pool]["accelerator"] if pool else ""
                for workload, part in self._of_workloads(pool, use).items():
                    key = (workload, accelerator)
                    found[key] = found.get(key, 0.0) + share * part
            self._memo[use] = found
        return self._memo[use]

    def of_pool(self, pool: str, period: int) -> dict[str, float]:
        """Shares of workloads in a pool in one period."""
        return self._of_workloads(pool, Use(self.pools[pool]["site"], pool, "", period, period))

    def _of_pools(self, use: Use) -> dict[str, float]:
        if use.pool:
            return {use.pool: 1.0}
        if use.server:
            # Rented servers, which stand on no cooling of one's own, were not opened.
            pools = [pool for pool, row in self.pools.items() if row["server"] == use.server and row["cooling"]]
        else:
            pools = [
                pool for pool, row in self.pools.items()
                if row["site"] == use.site and use.cooling in ("", row["cooling"])
            ]  # fmt: skip
        for first, last in ((use.first, use.last), (1, self._end)):
            energy = {pool: _within(self._energy[pool], first, last) for pool in pools}
            if any(energy.values()):
                return _normalised(energy)
        return {"": 1.0}

    def _of_workloads(self, pool: str, use: Use) -> dict[str, float]:
        at_site = [name for name, row in self.pools.items() if row["site"] == use.site]
        for pools, first, last in (
            ([pool], use.first, use.last), ([pool], 1, self._end), (at_site, 1, self._end),
            (list(self.pools), 1, self._end),
        ):  # fmt: skip
            total: dict[str, float] = {}
            for name in pools:
                for t, by_load in self.carried.get(name, {}).items():
                    for workload, devices in by_load.items() if first <= t <= last else ():
                        total[workload] = total.get(workload, 0.0) + devices
            if any(total.values()):
                return _normalised(total)
        return _normalised(dict.fromkeys(self._workloads, 1.0))


def _within(by_period: Mapping[int, float], first: int, last: int) -> float:
    return sum(amount for t, amount in by_period.items() if first <= t <= last)


def _normalised(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {name: amount / total for name, amount in amounts.items() if amount}
