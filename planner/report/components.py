"""Servers and networks of a plan by component, as broker reports split the bill of AI computing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from planner.plan import Plan
from planner.report.tables import Table, ditto, table
from planner.report.words import UNKNOWN, money_scale, percent, price, share

if TYPE_CHECKING:
    from planner.catalogue import Catalogue
    from planner.instance import Instance

GROUPS = {
    "compute chips": ("accelerators", "processors"),
    "memory": ("accelerator-memory", "memory"),
    "interconnect": ("network-adapters", "switches", "optics"),
    "rest": ("rest",),
}
"""Components by the lines of the published bill."""
PUBLISHED = {"compute chips": (0.55, 0.75), "memory": (0.1, 0.2), "interconnect": (0.1, 0.2)}
"""Their shares of the bill of AI computing (semiconductor strategy deck, 2023)."""
CNY_IN_USD = 0.14
"""Rate of 2023, as in the derived prices of the catalogue: for a server priced in one currency and cards in another."""


def shares_of_servers(instance: Instance, catalogue: Catalogue, servers: Iterable[str]) -> dict[str, dict[str, float]]:
    """Shares of a server's price by component, by server, at the prices of the first order; none without a rate of
    the USD, in which costs of components are known."""
    from planner.engineering.components import split_of_server
    from planner.errors import InstanceError
    from planner.instance import convert_price, order_date
    from planner.instance.exchange import rate_of

    on, found = order_date(instance), {}
    for id in servers:
        row, of_server = catalogue.servers[id], catalogue.price("servers", id, on)
        if of_server is None or not of_server.amount:
            continue
        each = catalogue.price("accelerators", row.accelerator, on)
        try:
            paid, per_usd = convert_price(of_server, instance), rate_of("USD", instance)
            chips = None if each is None else row.accelerators * convert_price(each, instance)
        except InstanceError:
            continue
        parts = split_of_server(row, catalogue.accelerators[row.accelerator], paid, chips, per_usd)
        found[id] = {name: cost / paid for name, cost in parts.items()}
    return found


def bill_components(plan: Plan, shares: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """What is spent on each component of servers and networks, and its share of both; none where a server's split is
    not known."""
    from planner.engineering.components import COMPONENTS

    costs: dict[str, float] = defaultdict(float)
    for row in plan.bill_of_materials_rows:
        if row["kind"] == "servers":
            if row["item"] not in shares:
                return []
            for name, part in shares[row["item"]].items():
                costs[name] += part * row["cost"]
        elif row["kind"] in ("switches", "optics"):
            costs[row["kind"]] += row["cost"]
    total = sum(costs.values())
    words = {**COMPONENTS, "switches": "switches", "optics": "optics and cables"}
    return [
        {
            "group": group,
            "component": name,
            "description": words[name],
            "cost": costs[name],
            "share": costs[name] / total,
        }
        for group, names in GROUPS.items()
        for name in names
        if costs[name]
    ]


def component_table(rows: list[dict[str, Any]], currency: str) -> Table:
    """The bill by component, each group beside its published range."""
    scale = money_scale((r["cost"] for r in rows), currency)
    of_group: dict[str, float] = defaultdict(float)
    for r in rows:
        of_group[r["group"]] += r["share"]
    cells = [
        (
            r["group"],
            share(of_group[r["group"]]),
            _range(r["group"]),
            r["description"],
            scale(r["cost"]),
            share(r["share"]),
        )
        for r in rows
    ]
    columns = ("bill of", ">share", ">published", "component", f">{scale.unit}", ">share")
    return table(
        "Bill by component",
        columns,
        ditto(cells, first=3),
        "of servers and networks; servers split by their accelerators' prices and a published bill of a server "
        "(docs/prices.md)" if rows else "",
    )  # fmt: skip


def _range(group: str) -> str:
    low, high = PUBLISHED.get(group, (None, None))
    return UNKNOWN if low is None or high is None else f"{low:.0%}-{high:.0%}".replace("%-", "-").replace("%", " %")


def server_splits(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every priced server's latest price and its shares by component, for a listing."""
    import datetime

    from planner.engineering.components import split_of_server

    usd, dated, found = {"USD": 1.0, "CNY": CNY_IN_USD}, catalogue.with_price_rule("in-force"), []
    for id, row in catalogue.servers.items():
        of_server = dated.price("servers", id, datetime.date.max)
        if of_server is None or of_server.currency not in usd:
            continue
        each = dated.price("accelerators", row.accelerator, of_server.as_of)
        per_usd = 1 / usd[of_server.currency]
        chips = None
        if each is not None and each.currency in usd:
            chips = row.accelerators * each.amount * usd[each.currency] * per_usd
        parts = split_of_server(row, catalogue.accelerators[row.accelerator], of_server.amount, chips, per_usd)
        shares = {name: cost / of_server.amount for name, cost in parts.items()}
        whole = shares["accelerators"] + shares["accelerator-memory"]
        found.append(
            {
                "id": id, "price": of_server.amount, "price_currency": of_server.currency,
                "price_date": of_server.as_of.isoformat(), "accelerator_share": whole, "shares": shares,
            }
        )  # fmt: skip
    return found


def split_listing(rows: list[dict[str, Any]]) -> Table:
    """The same as a table."""
    heads = (">acceler-\nators", ">of it\nmemory", ">proces-\nsors", ">memory,\ndrives", ">adap-\nters", ">rest")
    names = ("accelerator-memory", "processors", "memory", "network-adapters", "rest")
    return table(
        f"Servers by component: {len(rows)}",
        ("=id", ">price", *heads),
        (
            (
                r["id"], f"{price(r['price'])} {r['price_currency']}", percent(r["accelerator_share"]),
                *(percent(r["shares"][name]) for name in names),
            )
            for r in rows
        ),
        "shares of the latest price; how they are worked out: docs/prices.md; all digits: --json",
        spare=(heads[2], heads[1]),
    )  # fmt: skip
