"""Values of the model -> decision rows, bill of materials and cost lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pyomo.environ as pyo

from formulations.ledger import Account
from planner.build import BuiltModel
from planner.engineering.power import energy_kwh_per_year
from planner.options import Options
from planner.options.tables import LINK_CLASSES, records
from planner.units import G_PER_TONNE, KWH_PER_MWH, L_PER_M3

Rows = list[dict[str, Any]]
SNAP = 1e-7
"""Relative distance within which a continuous purchase is taken to be just what the load needs."""


def extract(options: Options, built: BuiltModel) -> tuple[dict[str, Rows], Rows, Rows]:
    """(decisions, bill of materials, cost lines) of a model whose variables hold a plan, whole numbers exact."""
    return _Extractor(options, built).extract()


def whole(expression: Any) -> int:
    """Value of an expression in whole variables."""
    return round(pyo.value(expression))


class _Extractor:
    def __init__(self, options: Options, built: BuiltModel) -> None:
        self.options = options
        self.built = built
        self.model = built.model
        self.periods = list(options.periods)
        fleet = self.model.fleet
        # A pool is part of the plan if anything was ever bought for it.
        self.used = [
            row for row in records(options.pools) if any(whole(fleet.bought[row.pool, t]) for t in self.periods)
        ]
        self.used_pools = {row.pool for row in self.used}

    def extract(self) -> tuple[dict[str, Rows], Rows, Rows]:
        self._clear_idle_pools()
        self._settle_continuous()
        decisions = {
            "fleet": self._fleet(),
            "workloads": self._workloads(),
            "racks": self._racks(),
            "clusters": self._clusters(),
            "networks": self._networks(),
            "links": self._links(),
            "parts": self._parts(),
            "cooling": self._cooling(),
            "sites": self._sites(),
        }
        return decisions, self._bill(decisions), self._costs()

    def _clear_idle_pools(self) -> None:
        """A plan cut short may hold switches or racks for a pool without servers: they are not bought."""
        m = self.model
        for variables in (
            m.fabric.units, m.fabric.frames, m.fabric.switches_bought, m.fabric.parts_bought, m.fabric.links,
            m.placement.racks_bought, m.placement.network_racks_bought,
        ):  # fmt: skip
            for index, variable in variables.items():
                if index[0] not in self.used_pools:
                    variable.set_value(0, skip_validation=True)

    def _settle_continuous(self) -> None:
        """Cooling and power are continuous: set their loads to what the whole numbers make, buy no less than that."""
        m = self.model
        loads: dict[tuple[str, str, int], float] = defaultdict(float)
        for r in records(self.options.pools):
            for t in self.periods:
                loads[r.site, r.cooling, t] += pyo.value(self.built.ledger.it_kw(r.pool, t))
        for key, load in loads.items():
            m.halls[key].set_value(load, skip_validation=True)
        for (s, c, t), capacity in m.cooling.capacity_kw.items():
            if (s, c, t) in m.cooling.modules:
                module = self.options.catalogue.cooling[c].module_kw
                bought = module * whole(m.cooling.modules[s, c, t])
                m.cooling.bought_kw[s, c, t].set_value(bought, skip_validation=True)
            else:
                _cover(m.cooling.bought_kw[s, c, t], pyo.value(capacity), pyo.value(m.halls[s, c, t]))
        for (s, a, t), built in m.power.built_kw.items():
            _cover(m.power.bought_kw[s, a, t], pyo.value(built), pyo.value(m.power.facility_kw[s, t]))

    # Decisions

    def _fleet(self) -> Rows:
        fleet = self.model.fleet
        return [
            {
                "pool": r.pool, "site": r.site, "server": r.server, "accelerator": r.accelerator, "cooling": r.cooling,
                "rack_kw": r.rack_kw, "fabric": r.fabric, "period": t, "bought": whole(fleet.bought[r.pool, t]),
                "in_service": whole(fleet.in_service[r.pool, t]),
            }
            for r in self.used
            for t in self.periods
        ]  # fmt: skip

    def _workloads(self) -> Rows:
        blocks = self.model.workload.blocks
        sites = self.options.pools
        rows = []
        for r in records(self.options.blocks):
            for t in self.periods:
                if r.pool in self.used_pools and (count := whole(blocks[r.workload, r.pool, t])):
                    rows.append(
                        {
                            "workload": r.workload, "kind": r.kind, "pool": r.pool, "site": sites.at[r.pool, "site"],
                            "server": sites.at[r.pool, "server"], "period": t, "blocks": count,
                            "servers_per_block": int(r.servers_per_block), "rate_per_block": float(r.rate_per_block),
                            "rate_unit": r.rate_unit, "servers": count * int(r.servers_per_block),
                            "expected_servers": float(count * r.expected_servers),
                        }
                    )  # fmt: skip
        return rows

    def _racks(self) -> Rows:
        placement = self.model.placement
        rows = []
        for r in self.used:
            kinds = (
                ("server", r.places, placement.racks_bought, placement.racks),
                ("network", 0, placement.network_racks_bought, placement.network_racks),
            )
            for purpose, places, bought, installed in kinds:
                for t in self.periods:
                    rows.append(
                        {
                            "pool": r.pool, "site": r.site, "purpose": purpose, "rack": r.rack, "rack_kw": r.rack_kw,
                            "places": int(places), "period": t, "bought": whole(bought[r.pool, t]),
                            "installed": whole(installed[r.pool, t]),
                        }
                    )  # fmt: skip
        return rows

    def _clusters(self) -> Rows:
        frames = self.model.fabric.frames
        rows = []
        for r in self._of_used("frames"):
            for t in self.periods:
                if count := whole(frames[r.pool, r.network, r.frame, t]):
                    rows.append(
                        {
                            "pool": r.pool, "site": self._site(r.pool), "network": r.network, "frame": r.frame,
                            "tiers": int(r.tiers), "servers_each": int(r.servers),
                            "units_each": int(r.units), "spines_each": int(r.spines), "cores_each": int(r.cores),
                            "period": t, "clusters": count,
                        }
                    )  # fmt: skip
        return rows

    def _networks(self) -> Rows:
        fabric = self.model.fabric
        frames_of = defaultdict(list)
        for f in self._of_used("frames"):
            frames_of[f.pool, f.network].append(f)
        rows = []
        for r in self._of_used("networks"):
            for t in self.periods:
                units = whole(fabric.units[r.pool, r.network, t])
                standing = [
                    (f, whole(fabric.frames[f.pool, f.network, f.frame, t])) for f in frames_of[r.pool, r.network]
                ]
                links = {
                    c: whole(fabric.required_links[r.pool, r.network, c, t])
                    for c in LINK_CLASSES
                    if (r.pool, r.network, c, t) in fabric.required_links
                }
                rows.append(
                    {
                        "pool": r.pool, "site": self._site(r.pool), "network": r.network, "switch": r.switch,
                        "period": t, "units": units,
                        "leaves": int(r.unit_leaves) * units + sum(int(f.leaves) * n for f, n in standing),
                        "spines": sum(int(f.spines) * n for f, n in standing),
                        "cores": sum(int(f.cores) * n for f, n in standing),
                        "switches_bought": whole(fabric.switches_bought[r.pool, r.network, t]),
                        "switches": whole(fabric.switches[r.pool, r.network, t]),
                        **{f"{c.replace('-', '_')}_links": links.get(c, 0) for c in LINK_CLASSES},
                    }
                )  # fmt: skip
        return rows

    def _links(self) -> Rows:
        links = self.model.fabric.links
        rows = []
        for r in self._of_used("kits"):
            for t in self.periods:
                if count := whole(links[r.pool, r.network, r.link_class, r.kit, t]):
                    rows.append(
                        {
                            "pool": r.pool, "site": self._site(r.pool), "network": r.network,
                            "link_class": r.link_class, "gbps": float(r.gbps), "length_m": float(r.length_m),
                            "kit": r.kit, "parts_per_link": dict(r.parts), "period": t, "links": count,
                        }
                    )  # fmt: skip
        return rows

    def _parts(self) -> Rows:
        fabric = self.model.fabric
        keys = dict.fromkeys((p, i) for p, i, _ in fabric.parts)
        rows: Rows = [
            {
                "pool": p, "site": self._site(p), "part": i, "period": t,
                "bought": whole(fabric.parts_bought[p, i, t]), "installed": whole(fabric.parts[p, i, t]),
            }
            for p, i in keys
            for t in self.periods
            if p in self.used_pools
        ]  # fmt: skip
        used = {(r["pool"], r["part"]) for r in rows if r["installed"] or r["bought"]}
        return [r for r in rows if (r["pool"], r["part"]) in used]

    def _cooling(self) -> Rows:
        cooling, halls = self.model.cooling, self.model.halls
        used = dict.fromkeys((r.site, r.cooling) for r in self.used)
        sites = self.options.sites
        return [
            {
                "site": s, "cooling": c, "period": t, "bought_kw": pyo.value(cooling.bought_kw[s, c, t]),
                "capacity_kw": pyo.value(cooling.capacity_kw[s, c, t]), "it_kw": pyo.value(halls[s, c, t]),
                "pue": sites[s].pue[c], "peak_pue": sites[s].peak_pue[c],
            }
            for s, c in used
            for t in self.periods
        ]  # fmt: skip

    def _sites(self) -> Rows:
        m, load_factor = self.model, self.options.instance.operations.load_factor
        rows = []
        for s in dict.fromkeys(r.site for r in self.used):
            facts = self.options.sites[s]
            for t in self.periods:
                it = {c: pyo.value(kw) for (site, c, u), kw in m.halls.items() if (site, u) == (s, t)}
                it_mwh = sum(energy_kwh_per_year(kw, load_factor, 1.0) for kw in it.values()) / KWH_PER_MWH
                mwh = sum(energy_kwh_per_year(kw, load_factor, facts.pue[c]) for c, kw in it.items()) / KWH_PER_MWH
                rows.append(
                    {
                        "site": s, "country": facts.country, "period": t, "it_kw": sum(it.values()),
                        "facility_kw": pyo.value(m.power.facility_kw[s, t]),
                        "power_limit_kw": facts.power_limit_kw_by_period[t - 1],
                        **self._built(s, t), "it_mwh_per_year": it_mwh,
                        "facility_mwh_per_year": mwh, "pue": mwh / it_mwh if it_mwh else None,
                        "pue_limit": facts.pue_limit,
                        "water_m3_per_year": sum(
                            energy_kwh_per_year(kw, load_factor, 1.0) * facts.water_l_per_kwh[c] / L_PER_M3
                            for c, kw in it.items()
                        ),
                        "carbon_t_per_year": None
                        if facts.carbon_g_per_kwh is None
                        else mwh * KWH_PER_MWH * facts.carbon_g_per_kwh / G_PER_TONNE,
                    }
                )  # fmt: skip
        return rows

    def _built(self, site: str, t: int) -> dict[str, Any]:
        """Power train, building and land bought and standing; a site without a price of one has none of it."""
        power = self.model.power
        found: dict[str, Any] = {}
        for item, name in (("facility", "power"), ("building", "building")):
            there = (site, item, t) in power.built_kw
            found[f"bought_{name}_kw"] = pyo.value(power.bought_kw[site, item, t]) if there else 0.0
            found[f"{name}_kw"] = pyo.value(power.built_kw[site, item, t]) if there else 0.0
        return {**found, "land_bought": whole(power.opened[site, t]) if (site, t) in power.opened else 0}

    def _site(self, pool: str) -> str:
        return str(self.options.pools.at[pool, "site"])

    def _of_used(self, table: str) -> Iterable[Any]:
        return (r for r in records(getattr(self.options, table)) if r.pool in self.used_pools)

    # Money

    def _bill(self, decisions: Mapping[str, Rows]) -> Rows:
        purchases: list[tuple[str, str, str, str, str, int, float]] = []
        for r in decisions["fleet"]:
            purchases.append(("servers", r["server"], r["site"], r["pool"], "", r["period"], r["bought"]))
        for r in decisions["networks"]:
            purchases.append(
                ("switches", r["switch"], r["site"], r["pool"], r["network"], r["period"], r["switches_bought"])
            )
        for r in decisions["parts"]:
            purchases.append(("optics", r["part"], r["site"], r["pool"], "", r["period"], r["bought"]))
        racks: dict[tuple[str, str, str, int], int] = defaultdict(int)
        for r in decisions["racks"]:
            racks[r["rack"], r["site"], r["pool"], r["period"]] += r["bought"]
        purchases += [("racks", rack, site, pool, "", t, count) for (rack, site, pool, t), count in racks.items()]
        for r in decisions["cooling"]:
            purchases.append(("cooling", r["cooling"], r["site"], "", "", r["period"], r["bought_kw"]))
        for r in decisions["sites"]:
            purchases.append(("facility", "power-train", r["site"], "", "", r["period"], r["bought_power_kw"]))
            purchases.append(("building", "building", r["site"], "", "", r["period"], r["bought_building_kw"]))
            purchases.append(("land", "land", r["site"], "", "", r["period"], r["land_bought"]))
        rows = []
        for kind, item, site, pool, network, t, quantity in purchases:
            if quantity <= 0:
                continue
            priced = self.options.items[kind, site if kind in ("facility", "building", "land") else item]
            rows.append(
                {
                    "kind": kind, "item": item, "description": priced.description, "site": site, "pool": pool,
                    "network": network, "period": t, "quantity": quantity, "unit": priced.unit,
                    "unit_price": priced.price, "cost": quantity * priced.price, "acquisition": "bought",
                    "price_as_of": priced.price_as_of.isoformat(), "price_source": priced.price_source,
                    "price_estimate": priced.estimate,
                }
            )  # fmt: skip
        return rows

    def _costs(self) -> Rows:
        rows = []
        for line in self.built.ledger.money_lines():
            amount = float(pyo.value(line.amount))
            if abs(amount) < 1e-9:
                continue
            weight = self.built.present_value[line.account, line.period]
            rows.append(
                {
                    "account": str(line.account), "item": line.item, "site": line.site, "period": line.period,
                    "amount": amount, "present_value": amount * weight,
                }
            )  # fmt: skip
        return rows


def objective_value(kind: str, costs: Iterable[Mapping[str, Any]]) -> float:
    """Objective from the cost lines: present value of all (tco) or undiscounted purchases (capex)."""
    if kind == "capex":
        return sum(r["amount"] for r in costs if r["account"] == Account.CAPEX)
    return sum(r["present_value"] for r in costs)


def _cover(bought: Any, stock: float, need: float) -> None:
    """Raise a continuous purchase so that the stock covers the need exactly; drop what the solver's tolerance left."""
    value = pyo.value(bought)
    short = need - stock
    if short > 0 or (value > 0 and -short <= SNAP * max(1.0, need)):
        value = max(0.0, value + short)
    bought.set_value(value if value > SNAP else 0.0, skip_validation=True)
