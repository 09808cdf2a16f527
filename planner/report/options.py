"""What an instance may choose among, and what was taken out and why: the answer of ``planner check``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, ditto, table
from planner.report.words import count, plural

if TYPE_CHECKING:
    from planner.options import Options
    from planner.options.standings import Standing
from planner.options.tables import Pool, Size

Data = Mapping[str, Any]
Rows = list[dict[str, Any]]

TYPED = "peak rate and memory, at the utilisation typed if any"
"""Basis of blocks that the performance model does not size."""
FAMILY_WORDS = {
    "availability": "not on sale at the order date",
    "beaten": "another option is at least as good in every respect",
    "catalogue": "the catalogue lacks it",
    "export": "the export rules of the order date",
    "fabric": "no network can be built",
    "locality": "where the workload may run",
    "placement": "no rack holds it",
    "power": "the power of the site",
    "price": "no price is known",
    "pue": "the PUE limit of the site",
    "lead time": "it is not there in time",
    "rent": "the offer does not serve",
    "workload": "it cannot carry the workload",
}


def options_data(options: Options) -> dict[str, Any]:
    """Pools, networks, workloads and removed options as plain data."""
    workloads, networks = _workloads(options), _networks(options)
    return {
        "name": options.instance.name,
        "description": options.instance.description,
        "periods": len(options.periods),
        "counts": {
            "pools": len(options.pools),
            "sites": len({pool.site for pool in options.pools if not pool.offer}),
            "servers": len({pool.server for pool in options.pools}),
            "networks": len(networks),
            "steps": sum(len(design.steps) for design in options.designs.values()),
            "sizes": len(options.sizes),
            "removed": len(options.removed),
        },
        "workloads": workloads,
        "notes": {device: list(notes) for device, notes in options.notes.items()}
        | {s.name: [f"PUE limit {s.pue_limit:g} by {s.pue_basis}."] for s in options.sites.values() if s.pue_basis},
        "stranded": [r["workload"] for r in workloads if r["demand"] and not r["pools"]],
        "blocks": _blocks(options),
        "pools": [_pool(pool) for pool in options.pools if not pool.offer],
        "offers": [_offer(options, pool) for pool in options.pools if pool.offer],
        "networks": networks,
        "removed": [{"subject": r.subject, "family": r.family, "reason": r.reason} for r in options.removed],
    }


def options_sentence(data: Data) -> str:
    """The first line: the file is valid, and how much there is to choose from."""
    found = data["counts"]
    return (
        f"Valid: {plural(found['pools'], 'pool')} of {plural(found['servers'], 'server type')} at "
        f"{plural(found['sites'], 'site')}; {plural(found['removed'], 'option')} removed"
    )


def note_sentences(data: Data) -> list[str]:
    """What the export rules say beside their outcome, by accelerator, and laws that limit PUE, by site."""
    return [f"{device}: {note}" for device, notes in data["notes"].items() for note in notes]


def stranded_sentence(data: Data) -> str:
    """The warning that some workload has no pool left; empty if all have."""
    names = ", ".join(data["stranded"])
    return f"No pool can carry {names}: there is no plan. The removed options below say why." if names else ""


def options_tables(data: Data) -> tuple[Table, ...]:
    """Workloads, their blocks, pools, networks and one table of removed options for each family of rules."""
    tables = [workload_table(data), block_table(data), pool_table(data), network_table(data)]
    tables += [offer_table(data)] if data["offers"] else []
    tables += [*removed_tables(data)]
    return tuple(found for found in tables if found.rows)


def workload_table(data: Data) -> Table:
    """Demand of each workload and the pools that could carry it."""
    return table(
        "Workloads",
        ("workload", "kind", ">largest demand", "unit", ">pools"),
        ((r["workload"], r["kind"], f"{r['demand']:,.6g}", r["unit"], count(r["pools"])) for r in data["workloads"]),
    )


def block_table(data: Data) -> Table:
    """What one block of a workload takes and carries on each server type, and how that was sized."""
    by_ratio = len({ratio for r in data["blocks"] for ratio in r["oversubscription"]}) > 1
    return table(
        "Workloads by server type",
        ("workload", "server", *(("oversubscription",) if by_ratio else ()), ">devices of\na block",
         ">a block carries", "basis"),
        ditto(
            (
                r["workload"], r["server"], *((", ".join(r["oversubscription"]),) if by_ratio else ()),
                count(r["devices_per_block"]), _carried(r["rate_per_block"], r["rate_unit"]), r["basis"] or TYPED,
            )
            for r in data["blocks"]
        ),
    )  # fmt: skip


def pool_table(data: Data) -> Table:
    """Pools by server and cooling, with the sites that have them."""
    sites: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for r in data["pools"]:
        sites[r["server"], r["cooling"], r["rack_kw"], r["places"]].append(r["site"])
    rows = (
        (server, cooling, f"{rack_kw:g}", count(places), ", ".join(dict.fromkeys(names)))
        for (server, cooling, rack_kw, places), names in sites.items()
    )
    columns = ("server", "cooling", ">kW per\nrack", ">servers\nper rack", "sites")
    return table("Pools", columns, ditto(rows), "a pool is one of each; it may grow along one of the networks below")


def offer_table(data: Data) -> Table:
    """Servers that may be rented."""
    rows = (
        (
            r["offer"], r["server"], r["workload"] or "all work", f"{r['rent']:,.0f} {r['currency']}",
            count(r["most_servers"]),
        )
        for r in data["offers"]
    )  # fmt: skip
    return table(
        "To rent", ("offer", "server", "for", ">rent of a server\nin a period", ">servers\nat most"), ditto(rows)
    )  # fmt: skip


def network_table(data: Data) -> Table:
    """Networks by server type."""
    return table(
        "Networks",
        ("server", "network", "switch", ">Gb/s", ">tiers", ">planes", ">sizes", ">servers\nat most"),
        ditto(
            (
                r["server"], r["network"], r["switch"], f"{r['gbps']:g}", _tiers(r), count(r["planes"]),
                count(r["sizes"]), count(r["most_servers"]),
            )
            for r in data["networks"]
        ),
        "sizes that may be chosen; as many servers as this instance could need",
    )  # fmt: skip


def removed_tables(data: Data) -> Iterable[Table]:
    """What was removed, by family; subjects with the same reason share a row."""
    families: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for r in data["removed"]:
        families[r["family"]][r["reason"]].append(r["subject"])
    for family, reasons in sorted(families.items()):
        why = FAMILY_WORDS.get(family, family)
        rows = [(", ".join(subjects), reason) for reason, subjects in reasons.items()]
        number = sum(map(len, reasons.values()))
        yield table(f"Removed by {family} ({why}): {number:,}", ("option", "reason"), rows)


def _workloads(options: Options) -> Rows:
    """Largest demand of each workload, and how many pools could carry it."""
    units = {size.workload: size.rate_unit for size in options.sizes}
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for size in options.sizes:
        places[size.workload] |= {(size.server, site) for site in options.sites_of.get(size.id, ())}
    pools = Counter((pool.server, pool.site) for pool in options.pools)
    return [
        {
            "workload": workload.name,
            "kind": workload.kind,
            "demand": max(options.demand.get((workload.name, t), 0.0) for t in options.periods),
            "unit": units.get(workload.name, ""),
            "pools": sum(pools[place] for place in places[workload.name]),
        }
        for workload in options.instance.workloads
    ]


def _blocks(options: Options) -> Rows:
    """One row for each workload, server and size: networks of several oversubscriptions may share it."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for size in options.sizes:
        figures = {
            "devices_per_block": _devices(size, options),
            "servers_per_block": size.servers,
            "rate_per_block": size.rate,
            "rate_unit": size.rate_unit,
            "expected_devices": size.expected_devices,
            "basis": size.basis,
        }
        row = {"workload": size.workload, "server": size.server, "oversubscription": [], **figures}
        entry = found.setdefault((size.workload, size.server, *figures.values()), row)
        ratio = f"{size.leaf_ratio:g}:1" + (f", spines {size.spine_ratio:g}:1" if size.spine_ratio > 1 else "")
        if ratio not in entry["oversubscription"]:
            entry["oversubscription"].append(ratio)
    order = list(dict.fromkeys(key[0] for key in found))
    return sorted(found.values(), key=lambda r: order.index(r["workload"]))


def _devices(size: Size, options: Options) -> int:
    """Accelerators of a block, whole servers counted with all theirs."""
    return max(size.devices, size.servers * options.catalogue.servers[size.server].accelerators)


def _pool(pool: Pool) -> dict[str, Any]:
    keys = (
        "site", "country", "server", "accelerator", "accelerators", "cooling", "rack", "rack_kw", "places", "server_kw",
        "most_servers", "availability",
    )  # fmt: skip
    return {"pool": pool.id, **{key: getattr(pool, key) for key in keys}, "may_order": list(pool.may_order)}


def _offer(options: Options, pool: Pool) -> dict[str, Any]:
    keys = ("offer", "country", "server", "accelerator", "accelerators", "most_servers")
    item = options.items[pool.item]
    return {
        **{key: getattr(pool, key) for key in keys}, "workload": pool.rented_for or None, "rent": item.price,
        "currency": options.instance.currency.unit, "may_sign": list(pool.may_order),
    }  # fmt: skip


def _networks(options: Options) -> Rows:
    """One row for each server type and kind of network: its sizes, and the servers of the largest."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    servers: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for design in options.designs.values():
        for step in design.steps:
            for standing in step.standings:
                row = {"server": design.server, **_kind(standing)}
                key = tuple(row.values())
                entry = found.setdefault(key, {**row, "tiers": set()})
                entry["tiers"] |= {cluster.tiers for cluster in standing.clusters}
                servers[key].add(step.servers)
    return [
        {**row, "tiers": sorted(row["tiers"]), "sizes": len(servers[key]), "most_servers": max(servers[key])}
        for key, row in found.items()
    ]


def _kind(standing: Standing) -> dict[str, Any]:
    return {
        "network": standing.network,
        "switch": standing.switch,
        "gbps": standing.gbps,
        "planes": standing.planes,
        "leaf_oversubscription": standing.leaf_ratio,
        "spine_oversubscription": standing.spine_ratio,
    }


def _tiers(row: Data) -> str:
    tiers = row["tiers"]
    return f"{tiers[0]}-{tiers[-1]}" if len(tiers) > 1 else "".join(map(str, tiers))


def _carried(rate: float, unit: str) -> str:
    """What a block carries: ``1 run``, ``28.58 requests/s``."""
    return f"{rate:,.4g} {unit.removesuffix('s') if rate == 1 and '/' not in unit else unit}"
