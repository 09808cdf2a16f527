"""Damage to the fleet and its racks."""

from __future__ import annotations

from damage import Draft, NotApplicable, Row, alter, in_service, mutation

from planner.catalogue import load_catalogue

# Fleet

alter("one server too many in service", "fleet", "servers in service follow purchases", "fleet", "in_service",
      lambda r: r["in_service"] + 1)  # fmt: skip
alter("a server bought and never in service", "fleet", "servers in service follow purchases", "fleet", "bought",
      lambda r: r["bought"] + 1)  # fmt: skip
alter("unknown server", "fleet", "names known", "fleet", "server", lambda r: "dgx-z9")
alter("unknown site", "fleet", "names known", "fleet", "site", lambda r: "atlantis")
alter("unknown cooling in the fleet", "fleet", "names known", "fleet", "cooling", lambda r: "open-window")
alter("row of a pool without servers", "fleet", "pool has fleet rows", "parts", "pool", lambda r: "p1/but/not")
alter("row of another site", "fleet", "rows agree with their pool", "racks", "site", lambda r: "elsewhere")
alter("other oversubscription in the fleet", "fleet", "rows agree with their pool", "fleet", "leaf_oversubscription",
      lambda r: 2.0, lambda r: r["period"] > 1)  # fmt: skip
alter(
    "other accelerator in the fleet", "fleet", "rows agree with their pool", "fleet", "accelerator", lambda r: "abacus"
)
alter("other site in the fleet", "fleet", "rows agree with their pool", "fleet", "site", lambda r: "elsewhere",
      lambda r: r["period"] > 1)  # fmt: skip
alter("negative purchase", "fleet", "numbers sound", "fleet", "bought", lambda r: -1)
alter("not a number", "fleet", "numbers sound", "fleet", "in_service", lambda r: float("nan"))
alter("infinite number", "fleet", "numbers sound", "fleet", "in_service", lambda r: float("inf"))
alter("fractional server", "fleet", "numbers sound", "fleet", "in_service", lambda r: r["in_service"] - 0.5)
alter("text for a number", "fleet", "numbers sound", "fleet", "bought", lambda r: "three")
alter("period beyond the horizon", "fleet", "period within horizon", "fleet", "period", lambda r: 999)


@mutation("fleet row missing", "fleet", "row present")
def _(draft: Draft) -> None:
    found = draft.row("fleet", in_service)
    rest = [r for r in draft.decisions["fleet"] if r["pool"] == found["pool"] and r["period"] != found["period"]]
    if not rest:
        raise NotApplicable("a pool with rows of two periods")
    # the purchase stays visible, the row of a later period goes
    draft.decisions["fleet"].remove(max(rest, key=lambda r: r["period"]))


@mutation("fleet row twice", "fleet", "rows unique")
def _(draft: Draft) -> None:
    draft.decisions["fleet"].append(dict(draft.row("fleet")))


@mutation("column missing", "fleet", "rows complete")
def _(draft: Draft) -> None:
    del draft.row("fleet")["in_service"]


@mutation("table missing", "fleet", "table present")
def _(draft: Draft) -> None:
    del draft.decisions["fleet"]


# Placement


def _server_rack(row: Row) -> bool:
    return bool(row["purpose"] == "server" and row["installed"] > 0)


def _network_rack(row: Row) -> bool:
    return bool(row["purpose"] == "network" and row["installed"] > 0)


@mutation("one rack too few", "placement", "racks suffice")
def _(draft: Draft) -> None:
    row = draft.row("racks", _server_rack)
    fleet = draft.row("fleet", lambda r: (r["pool"], r["period"]) == (row["pool"], row["period"]))
    if not fleet["in_service"]:
        raise NotApplicable("servers in service")
    row["installed"] = -(-fleet["in_service"] // row["places"]) - 1


@mutation("racks left half empty", "placement", "rack fill within rule")
def _(draft: Draft) -> None:
    hubs = load_catalogue().sites
    asked = {site["name"]: (site.get("min_rack_fill"), site.get("hub")) for site in draft.asked("sites")}
    sites = {name for name, (fill, hub) in asked.items() if (hubs[hub].min_rack_fill if hub and fill is None else fill)}
    row = draft.row("racks", lambda r: _server_rack(r) and r["site"] in sites)
    row["installed"], row["bought"] = row["installed"] * 3 + 2, row["bought"] * 3 + 2


alter("one place too many in a rack", "placement", "servers per rack recomputed", "racks", "places",
      lambda r: r["places"] + 1, _server_rack)  # fmt: skip
alter("rack never bought", "placement", "racks follow purchases", "racks", "bought", lambda r: r["bought"] + 1)
alter(
    "no network rack", "placement", "network racks suffice by height", "racks", "installed", lambda r: 0, _network_rack
)
alter("network rack too weak", "placement", "network racks suffice by power", "racks", "installed", lambda r: 0,
      _network_rack)  # fmt: skip
alter("another rack", "placement", "rack class right", "racks", "rack", lambda r: "shelf")
alter("racks for cats", "placement", "names known", "racks", "purpose", lambda r: "cats")


@mutation("rack stronger than the site allows", "placement", "rack class right")
def _(draft: Draft) -> None:
    draft.row("racks")["rack_kw"] *= 2


@mutation("one server rack too many", "placement", "nothing bought without need")
def _(draft: Draft) -> None:
    row = draft.row("racks", lambda r: _server_rack(r) and r["bought"] > 0)
    row["bought"], row["installed"] = row["bought"] + 1, row["installed"] + 1


@mutation("five network racks too many", "placement", "nothing bought without need")
def _(draft: Draft) -> None:
    row = draft.row("racks", lambda r: _network_rack(r) and r["bought"] > 0)
    row["bought"], row["installed"] = row["bought"] + 5, row["installed"] + 5


@mutation("rack in the fleet stronger than the site allows", "placement", "rack class right")
def _(draft: Draft) -> None:
    draft.row("fleet")["rack_kw"] *= 2


@mutation("rack row missing", "placement", "row present")
def _(draft: Draft) -> None:
    row = draft.row("racks", _server_rack)
    later = [r for r in draft.decisions["racks"] if r["pool"] == row["pool"] and r["period"] > row["period"]
             and r["purpose"] == "server"]  # fmt: skip
    if not later:
        raise NotApplicable("server racks of two periods")
    draft.decisions["racks"].remove(later[0])
