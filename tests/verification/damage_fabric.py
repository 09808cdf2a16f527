"""Damage to networks, links and parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from damage import Draft, NotApplicable, Row, alter, in_service, mutation


def _compute(row: Row) -> bool:
    return bool(row["network"] == "compute" and row.get("leaves", 1) > 0)


def _spined(row: Row) -> bool:
    return bool(row["spines_each"] > 0 and row["clusters"] > 0)


def _cored(row: Row) -> bool:
    return bool(row["cores"] > 0)


def _less(column: str) -> Callable[[Row], Any]:
    return lambda row: row[column] - 1


def _optical(row: Row) -> bool:
    return len(row["parts_per_link"]) > 1


alter("leaf missing", "fabric", "leaves recomputed", "networks", "leaves", _less("leaves"), _compute)
alter("spine missing", "fabric", "spines recomputed", "networks", "spines", _less("spines"), lambda r: r["spines"] > 0)
alter("core missing", "fabric", "cores recomputed", "networks", "cores", _less("cores"), _cored)
alter("spines spread unevenly", "fabric", "spines spread evenly", "clusters", "spines_each",
      lambda r: r["spines_each"] - 1 if r["spines_each"] > 3 else 3, _spined)  # fmt: skip
alter("frame with half its spines", "fabric", "spine ports suffice", "clusters", "spines_each",
      lambda r: r["spines_each"] // 2,
      lambda r: _spined(r) and r["spines_each"] % 2 == 0 and r["units_each"] > 0)  # fmt: skip
alter("frame with a core less", "fabric", "cores suffice", "clusters", "cores_each",
      _less("cores_each"), lambda r: r["cores_each"] > 0)  # fmt: skip
alter("more servers than a frame carries", "fabric", "servers fit the frame", "clusters", "servers_each",
      lambda r: r["servers_each"] * 100, lambda r: r["clusters"] > 0)  # fmt: skip
alter(
    "frame of another family", "fabric", "tiers allowed", "clusters", "tiers", lambda r: 4, lambda r: r["clusters"] > 0
)
alter("row of leaves missing", "fabric", "units recomputed", "networks", "units",
      lambda r: r["units"] // 2, lambda r: r["units"] > 1)  # fmt: skip
alter("too many rows of leaves", "fabric", "units recomputed", "networks", "units", lambda r: r["units"] + 9999)
alter("fewer places than servers", "fabric", "places suffice", "clusters", "servers_each",
      lambda r: r["servers_each"] // 2, lambda r: r["clusters"] > 0 and r["units_each"] > 1)  # fmt: skip
alter("leaf of a row missing", "fabric", "leaves are whole rows", "clusters", "leaves_each",
      _less("leaves_each"), _spined)  # fmt: skip
alter("an uplink less on every leaf", "fabric", "spines spread evenly", "clusters", "uplinks_of_leaf",
      _less("uplinks_of_leaf"), _spined)  # fmt: skip
alter("more pods than rows of leaves", "fabric", "servers fit the frame", "clusters", "pods_each",
      lambda r: r["units_each"] + 1, _spined)  # fmt: skip
alter("a spine of more uplinks than ports", "fabric", "spine ports suffice", "clusters", "uplinks_of_spine",
      lambda r: 41, lambda r: r["cores_each"] > 0)  # fmt: skip
alter("spines with fewer uplinks than their leaves need", "fabric", "graph proven", "clusters", "uplinks_of_spine",
      _less("uplinks_of_spine"), lambda r: r["cores_each"] > 0)  # fmt: skip
alter("switch short", "fabric", "switches suffice", "switches", "installed", lambda r: r["installed"] - 1,
      lambda r: r["installed"] > 0)  # fmt: skip
alter("switch never bought", "fabric", "switches follow purchases", "switches", "installed",
      lambda r: r["installed"] + 1)  # fmt: skip
alter("switch of an unknown type", "fabric", "names known", "switches", "switch", lambda r: "patch-panel")
alter("compute network of an unknown switch", "fabric", "network can be built", "networks", "switch",
      lambda r: "patch-panel", _compute)  # fmt: skip
alter("a storage switch of another speed", "fabric", "network can be built", "networks", "switch",
      lambda r: "sb7890", lambda r: r["network"] == "storage")  # fmt: skip
alter("a storage switch that is not allowed", "fabric", "switch allowed", "networks", "switch", lambda r: "qm9700",
      lambda r: r["network"] == "storage")  # fmt: skip
alter("network of another speed", "fabric", "link speed recomputed", "networks", "gbps", lambda r: 400.0)
alter("spines of an unknown switch", "fabric", "network can be built", "networks", "spine_switch",
      lambda r: "patch-panel", _compute)  # fmt: skip
alter(
    "uplinks of another speed", "fabric", "network can be built", "networks", "uplink_gbps", lambda r: 800.0, _compute
)
alter("network in two planes", "fabric", "planes allowed", "networks", "planes", lambda r: 2, _compute)
alter("network of four tiers", "fabric", "network can be built", "networks", "tiers", lambda r: 4)
alter("leaves oversubscribed", "fabric", "oversubscription as asked", "networks", "leaf_oversubscription",
      lambda r: 2.0, _compute)  # fmt: skip
alter("spines oversubscribed", "fabric", "oversubscription as asked", "networks", "spine_oversubscription",
      lambda r: 7.0, _compute)  # fmt: skip
alter("links between twins that are none", "fabric", "links recomputed", "networks", "leaf_leaf_links",
      lambda r: r["leaf_leaf_links"] + 2)  # fmt: skip
alter("server link missing", "fabric", "links recomputed", "networks", "node_leaf_links", _less("node_leaf_links"),
      lambda r: r["node_leaf_links"] > 0)  # fmt: skip
alter("uplink missing", "fabric", "links recomputed", "networks", "leaf_spine_links", _less("leaf_spine_links"),
      lambda r: r["leaf_spine_links"] > 0)  # fmt: skip
alter("core link missing", "fabric", "links recomputed", "networks", "spine_core_links", _less("spine_core_links"),
      lambda r: r["spine_core_links"] > 0)  # fmt: skip
alter("one link not made", "fabric", "every link is made", "links", "links", _less("links"), lambda r: r["links"] > 0)
alter("wrong speed of a link", "fabric", "link speed recomputed", "links", "gbps", lambda r: r["gbps"] / 2)
alter("wrong length of a link", "fabric", "link length recomputed", "links", "length_m", lambda r: r["length_m"] + 1)
alter("link of an unknown class", "fabric", "names known", "links", "link_class", lambda r: "moon-earth")
alter("network of an unknown kind", "fabric", "names known", "networks", "network", lambda r: "gossip")
alter("half the parts of a link", "fabric", "parts per link recomputed", "links", "parts_per_link",
      lambda r: {part: count / 2 for part, count in r["parts_per_link"].items()})  # fmt: skip
alter("unknown part in a kit", "fabric", "names known", "links", "parts_per_link", lambda r: {"wet-string": 1})
alter("kit without a fibre", "fabric", "kit complete", "links", "parts_per_link",
      lambda r: {p: n for p, n in r["parts_per_link"].items() if not p.startswith("fibre")}, _optical)  # fmt: skip
alter("part never bought", "fabric", "parts follow purchases", "parts", "bought", lambda r: r["bought"] + 1)
alter("unknown part installed", "fabric", "names known", "parts", "part", lambda r: "wet-string")


@mutation("switch for nothing", "fabric", "nothing bought without need")
def _(draft: Draft) -> None:
    row = draft.row("switches", lambda r: r["bought"] > 0)
    row["bought"], row["installed"] = row["bought"] + 1, row["installed"] + 1


@mutation("part for nothing", "fabric", "nothing bought without need")
def _(draft: Draft) -> None:
    row = draft.row("parts", lambda r: r["bought"] > 0)
    row["bought"], row["installed"] = row["bought"] + 1, row["installed"] + 1


@mutation("part that no link takes", "fabric", "nothing bought without need")
def _(draft: Draft) -> None:
    row = dict(draft.row("parts", lambda r: r["bought"] > 0))
    draft.decisions["parts"].append({**row, "part": "dac-100g", "bought": 1, "installed": 1})


@mutation("network where no server stands", "fabric", "no network without servers")
def _(draft: Draft) -> None:
    row = draft.row("fleet", in_service)
    row["in_service"] = row["bought"] = 0


@mutation("one transceiver short", "fabric", "parts suffice")
def _(draft: Draft) -> None:
    row = draft.row("parts", lambda r: r["installed"] > 0)
    needed = sum(
        link["links"] * link["parts_per_link"].get(row["part"], 0)
        for link in draft.decisions["links"]
        if (link["pool"], link["period"]) == (row["pool"], row["period"])
    )
    if needed < 1:
        raise NotApplicable("a part in use")
    row["installed"] = int(-(-needed // 1)) - 1


def _swap(name: str, check: str, old: Callable[[str], bool], new: str) -> None:
    """Register the replacement of one part of a kit by another."""

    def change(draft: Draft) -> None:
        row = draft.row("links", lambda r: any(old(part) for part in r["parts_per_link"]))
        row["parts_per_link"] = {new if old(p) else p: n for p, n in row["parts_per_link"].items()}

    mutation(name, "fabric", check)(change)


@mutation("optic of wrong reach", "fabric", "optics reach")
def _(draft: Draft) -> None:
    row = draft.row("links", lambda r: r["length_m"] > 3)
    row["parts_per_link"] = {"dac-200g": 1}  # copper, 3 m


@mutation("optic of wrong speed", "fabric", "optics speed fits")
def _(draft: Draft) -> None:
    row = draft.row("links")
    row["parts_per_link"] = {"dac-200g" if row["gbps"] == 100 else "dac-100g": 1}


@mutation("modules of two media", "fabric", "media agree")
def _(draft: Draft) -> None:
    row = draft.row("links", lambda r: any(part.startswith("fibre-om") for part in r["parts_per_link"]))
    fibre = next(part for part in row["parts_per_link"] if part.startswith("fibre"))
    module = next(part for part in row["parts_per_link"] if not part.startswith("fibre"))
    row["parts_per_link"] = {module: 1, "fr4-200g": 1, fibre: 1}


_swap("fibre of another medium", "media agree", lambda part: part.startswith("fibre-om"), "fibre-os2-mpo12")
_swap("module with two links in a cage for one", "cages fit", lambda part: part == "sr4-200g", "sr4-2x200g")


@mutation("network row missing", "fabric", "row present")
def _(draft: Draft) -> None:
    draft.decisions["networks"].remove(draft.row("networks"))


@mutation("link row missing", "fabric", "every link is made")
def _(draft: Draft) -> None:
    draft.decisions["links"].remove(draft.row("links", lambda r: r["links"] > 0))


@mutation("cluster row missing", "fabric", "spines recomputed")
def _(draft: Draft) -> None:
    draft.decisions["clusters"].remove(draft.row("clusters", _spined))
