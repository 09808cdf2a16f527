"""Networks of a cluster as tables and as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.engineering.cabling import Planes
from planner.engineering.management import OutOfBand
from planner.engineering.networks import Alternative, Priced, by_class
from planner.engineering.topology import Proof
from planner.engineering.tree import LEAF_LEAF
from planner.report.tables import Table, table
from planner.report.words import count, money, money_scale, plural, power, power_scale


def network_tables(networks: Iterable[Priced], out_of_band: OutOfBand | None, optics: Mapping[str, Any]) -> list[Table]:
    """A table by tier of every network."""
    found = [_by_tier(network, optics) for network in networks]
    if out_of_band is not None:
        row = (count(out_of_band.switches), count(out_of_band.links), count(out_of_band.uplinks))
        found.append(
            table(
                f"out-of-band on {out_of_band.switch.id}",
                ("tier", ">switches", ">1G links", ">uplinks"),
                [("leaf", *row)],
                note=f"{_counted(out_of_band.parts)}. {money(out_of_band.cost, 'USD')}, {power(out_of_band.power_kw)}. "
                "The uplinks are in-band links.",
            )
        )
    return found


def _by_tier(network: Priced, optics: Mapping[str, Any]) -> Table:
    planes, tree = network.planes, network.planes.tree
    below = {"leaf": "node-leaf", "spine": "leaf-spine", "core": "spine-core"}
    tiers = [("leaf", tree.leaves), ("spine", tree.spines), ("core", tree.cores)]
    rows = [(tier, count(planes.planes * n), *_links(planes, below[tier])) for tier, n in tiers if n]
    if tree.above is not None:
        rows = [(f"{row[0]} ({planes.switch_of(row[0]).id})", *row[1:]) for row in rows]
    if LEAF_LEAF in planes.classes:
        rows.append(("", "", *_links(planes, LEAF_LEAF)))
    said = f"{network.planes.name} on {planes.switch.id}, {planes.gbps:g}G, radix {tree.radix}"
    if planes.gbps_of("leaf-spine") != planes.gbps:
        said += f", {planes.gbps_of('leaf-spine'):g}G between switches"
    if planes.planes > 1:
        said += f", {planes.planes} planes"
    return table(
        said, ("tier", ">switches", "links", ">number", ">m", "made of"), rows,
        note=f"{plural(planes.switches, 'switch', 'switches')}; {_counted(network.parts)}. "
        f"{money(network.cost, 'USD')} ({money(network.switch_cost, 'USD')} switches), {power(network.power_kw)}.",
    )  # fmt: skip


def _links(planes: Planes, link_class: str) -> tuple[str, ...]:
    wired = planes.wires[link_class]
    made = " + ".join(_kit(wired.lower_part, wired.upper_part, wired.cable))
    return link_class, count(planes.links(link_class)), f"{wired.length_m:g}", made


def _counted(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{count(n)} {part}" for part, n in parts.items())


def _kit(lower: str, upper: str, cable: str) -> Iterable[str]:
    return dict.fromkeys(part for part in (lower, upper, cable) if part)


def alternatives_table(asked: Priced, others: Sequence[Alternative]) -> Table:
    """The compute network asked for and others, side by side."""
    built = [asked, *(a.priced for a in others if a.priced is not None)]
    usd, kilowatts = money_scale((p.cost for p in built), "USD"), power_scale(p.power_kw for p in built)

    def row(label: str, found: Priced) -> tuple[str, ...]:
        planes = found.planes
        links = by_class(planes)
        return (
            label, *(count(planes.planes * n) for n in (planes.tree.leaves, planes.tree.spines, planes.tree.cores)),
            count(sum(links.values())), count(transceivers(found)), usd(found.cost), kilowatts(found.power_kw),
        )  # fmt: skip

    rows = [row("as asked", asked)]
    rows += [row(a.label, a.priced) for a in others if a.priced is not None]
    return table(
        "compute network, other ways",
        ("design", ">leaves", ">spines", ">cores", ">links", ">optics", f">{usd.unit}", f">{kilowatts.unit}"),
        rows, note="Optics are transceivers, two ends of an AOC included.",
    )  # fmt: skip


def transceivers(network: Priced) -> int:
    """Optical ends: pluggable modules, and both ends of active optical cables."""
    return sum(ends(network).values())


def ends(network: Priced) -> dict[str, int]:
    """Optical ends by product."""
    wires = network.planes.wires.values()
    modules = {p for w in wires for p in (w.lower_part, w.upper_part) if p}
    active = {w.cable for w in wires if w.kind == "aoc"}
    return {p: n * (2 if p in active else 1) for p, n in network.parts.items() if p in modules | active}


def document(
    networks: Sequence[Priced], out_of_band: OutOfBand | None, others: Sequence[Alternative], proof: Proof
) -> dict[str, Any]:
    """Everything as plain data."""
    found = {network.planes.name: network_data(network) for network in networks}
    if out_of_band is not None:
        found["out-of-band"] = {
            "switch": out_of_band.switch.id, "planes": 1, "leaves": out_of_band.switches, "spines": 0, "cores": 0,
            "switches": out_of_band.switches, "links": {"node-leaf": out_of_band.links, "uplinks": out_of_band.uplinks},
            "transceivers": {}, "cables": dict(out_of_band.parts), "cost": out_of_band.cost,
            "power_kw": out_of_band.power_kw,
        }  # fmt: skip
    totals = {key: sum(n[key] for n in found.values()) for key in ("switches", "cost", "power_kw")}
    return {
        "currency": "USD",
        "networks": found,
        "totals": totals,
        "alternatives": [
            {"design": a.label, "reason": a.reason, **(network_data(a.priced) if a.priced is not None else {})}
            for a in others
        ],
        "proof": {
            **dataclasses.asdict(proof),
            "sound": proof.sound,
            "non_blocking": proof.non_blocking,
            "summary": proof.summary,
        },
    }


def network_data(network: Priced) -> dict[str, Any]:
    """One network as plain data; counts are of all its planes."""
    planes, tree = network.planes, network.planes.tree
    modules = {p for w in planes.wires.values() for p in (w.lower_part, w.upper_part) if p}
    return {
        "switch": planes.switch.id,
        "gbps": planes.gbps,
        "radix": tree.radix,
        "spine_switch": planes.switch_of("spine").id,
        "core_switch": planes.switch_of("core").id,
        "uplink_gbps": planes.gbps_of("leaf-spine"),
        "tiers": tree.tiers,
        "planes": planes.planes,
        "pods": tree.pods,
        "leaves": planes.planes * tree.leaves,
        "spines": planes.planes * tree.spines,
        "cores": planes.planes * tree.cores,
        "switches": planes.switches,
        "links": by_class(planes),
        "lengths_m": {link_class: w.length_m for link_class, w in planes.wires.items()},
        "kits": {link_class: w.kit.id for link_class, w in planes.wires.items()},
        "transceivers": ends(network),
        "cables": {part: n for part, n in network.parts.items() if part not in modules},
        "cost": network.cost,
        "switch_cost": network.switch_cost,
        "optics_cost": network.optics_cost,
        "power_kw": network.power_kw,
    }
