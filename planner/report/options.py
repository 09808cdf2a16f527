"""What an instance may choose among, and what was taken out and why: the answer of ``planner check``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from planner.report.tables import Table, ditto, table
from planner.report.words import count, plural

if TYPE_CHECKING:
    import pandas as pd

    from planner.options import Options

Data = Mapping[str, Any]
Rows = list[dict[str, Any]]

TYPED = "peak rate and memory, at the utilisation typed if any"
"""Basis of blocks that the performance model does not size."""
FAMILY_WORDS = {
    "availability": "not on sale at the order date",
    "beaten": "another option is at least as good in every respect",
    "export": "the export rules of the order date",
    "fabric": "no network can be built",
    "placement": "no rack holds it",
    "power": "the power of the site",
    "price": "no price is known",
    "pue": "the PUE limit of the site",
    "workload": "it cannot carry the workload",
}


def options_data(options: Options) -> dict[str, Any]:
    """Pools, networks, workloads and removed options as plain data."""
    pools, workloads = _pools(options), _workloads(options)
    return {
        "name": options.instance.name,
        "description": options.instance.description,
        "periods": len(options.periods),
        "counts": {
            "pools": len(options.pools),
            "sites": len({r["site"] for r in pools}),
            "servers": len({r["server"] for r in pools}),
            "networks": len(options.networks),
            "frames": len(options.frames),
            "kits": len(options.kits),
            "removed": len(options.removed),
        },
        "workloads": workloads,
        "notes": {device: list(notes) for device, notes in options.notes.items()},
        "stranded": [r["workload"] for r in workloads if r["demand"] and not r["pools"]],
        "blocks": _blocks(options),
        "pools": pools,
        "networks": _networks(options),
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
    """What the export rules say beside their outcome, by accelerator."""
    return [f"{device}: {note}" for device, notes in data["notes"].items() for note in notes]


def stranded_sentence(data: Data) -> str:
    """The warning that some workload has no pool left; empty if all have."""
    names = ", ".join(data["stranded"])
    return f"No pool can carry {names}: there is no plan. The removed options below say why." if names else ""


def options_tables(data: Data) -> tuple[Table, ...]:
    """Workloads, their blocks, pools, networks and one table of removed options for each family of rules."""
    tables = [workload_table(data), block_table(data), pool_table(data), network_table(data), *removed_tables(data)]
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
    sizes = Counter((r["workload"], r["server"]) for r in data["blocks"])
    by_fabric = any(number > 1 for number in sizes.values())
    return table(
        "Workloads by server type",
        ("workload", "server", *(("fabrics",) if by_fabric else ()), ">servers of\na block", ">a block carries",
         "basis"),
        ditto(
            (
                r["workload"], r["server"], *((_fabrics(r, sizes),) if by_fabric else ()),
                count(r["servers_per_block"]), _carried(r["rate_per_block"], r["rate_unit"]), r["basis"] or TYPED,
            )
            for r in data["blocks"]
        ),
    )  # fmt: skip


def _fabrics(row: Data, sizes: Mapping[tuple[str, str], int]) -> str:
    return ", ".join(row["fabrics"]) if sizes[row["workload"], row["server"]] > 1 else "all"


def pool_table(data: Data) -> Table:
    """Pools by server and cooling, with the sites and fabrics that suit; equal rows of several sites are one."""
    fabrics: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for r in data["pools"]:
        fabrics[r["server"], r["cooling"], r["rack_kw"], r["places"], r["site"]].append(r["fabric"])
    sites: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for (*key, site), found in fabrics.items():
        sites[*key, ", ".join(found)].append(site)
    rows = (
        (server, cooling, f"{rack_kw:g}", count(places), ", ".join(names), suiting)
        for (server, cooling, rack_kw, places, suiting), names in sites.items()
    )
    columns = ("server", "cooling", ">kW per\nrack", ">servers\nper rack", "sites", "fabrics")
    note = "a pool is one of each; a fabric is a switch and the most tiers it may have"
    return table("Pools", columns, ditto(rows), note)


def network_table(data: Data) -> Table:
    """Networks by server and fabric."""
    return table(
        "Networks",
        ("server", "fabric", "network", "switch", ">Gb/s", ">servers\nper unit", ">leaves\nper unit",
         ">servers in\na cluster"),
        ditto(
            (
                r["server"], r["fabric"], r["network"], r["switch"], f"{r['gbps']:g}", count(r["unit_servers"]),
                count(r["unit_leaves"]), count(r["largest_cluster"]),
            )
            for r in data["networks"]
        ),
        "largest cluster that this instance could need",
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
    demand = options.demand.groupby("workload", sort=False)["demand"].max()
    kinds = {workload.name: workload.kind for workload in options.instance.workloads}
    pools = options.blocks.groupby("workload")["pool"].nunique()
    units = dict(zip(options.blocks["workload"], options.blocks["rate_unit"], strict=True))
    return [
        {
            "workload": name,
            "kind": kinds[name],
            "demand": float(demand[name]),
            "unit": units.get(name, ""),
            "pools": int(pools.get(name, 0)),
        }
        for name in kinds
    ]


def _blocks(options: Options) -> Rows:
    """One row for each workload, server and size: pools of several sites and fabrics share them."""
    pools = options.pools[["server", "fabric"]]
    keys = ("servers_per_block", "rate_per_block", "rate_unit", "expected_servers", "basis")
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in _records(options.blocks, ("workload", "pool", *keys)):
        server, fabric = (str(pools.at[row["pool"], name]) for name in ("server", "fabric"))
        size = {key: row[key] for key in keys}
        entry = found.setdefault(
            (row["workload"], server, *size.values()),
            {"workload": row["workload"], "server": server, "fabrics": [], **size},
        )
        if fabric not in entry["fabrics"]:
            entry["fabrics"].append(fabric)
    order = list(dict.fromkeys(key[0] for key in found))
    return sorted(found.values(), key=lambda r: order.index(r["workload"]))


def _pools(options: Options) -> Rows:
    keys = ("pool", "site", "country", "server", "accelerator", "accelerators", "cooling", "rack", "rack_kw", "fabric")
    return _records(options.pools, (*keys, "switch", "places", "server_kw", "may_order", "most_servers"))


def _networks(options: Options) -> Rows:
    """One row for each server, fabric and network: pools of several sites share them."""
    largest = options.frames.groupby(["pool", "network"])["servers"].max()
    pools = options.pools[["server", "fabric"]]
    keys = ("switch", "gbps", "radix", "ports", "unit_servers", "unit_leaves")
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in _records(options.networks, ("pool", "network", *keys)):
        server, fabric = (str(pools.at[row["pool"], name]) for name in ("server", "fabric"))
        cluster = int(largest.get((row["pool"], row["network"]), 0))
        entry = found.setdefault(
            (server, fabric, row["network"]),
            {"server": server, "fabric": fabric, "network": row["network"], **{k: row[k] for k in keys},
             "largest_cluster": 0},
        )  # fmt: skip
        entry["largest_cluster"] = max(entry["largest_cluster"], cluster)
    return list(found.values())


def _records(frame: pd.DataFrame, columns: tuple[str, ...]) -> Rows:
    """Rows as plain Python values."""
    return [{str(key): value for key, value in row.items()} for row in frame[list(columns)].to_dict("records")]


def _carried(rate: float, unit: str) -> str:
    """What a block carries: ``1 run``, ``28.58 requests/s``."""
    return f"{rate:,.4g} {unit.removesuffix('s') if rate == 1 and '/' not in unit else unit}"
