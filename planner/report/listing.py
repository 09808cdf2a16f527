"""Catalogue rows as tables: the columns a person compares; ``--json`` has them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.report.tables import Table, ditto, table
from planner.report.words import UNKNOWN, percent, price
from planner.units import GIGA

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


def _text(key: str) -> Callable[[Row], str]:
    return lambda row: _shown(row.get(key))


def _price(row: Row) -> str:
    if row.get("price") is None:
        return UNKNOWN
    return f"{price(row['price'])} {row['price_currency']}" + (" *" if row.get("price_estimate") else "  ")


def _date(row: Row) -> str:
    return str(row.get("price_date") or UNKNOWN)[:7]


def _tariff(row: Row) -> str:
    return UNKNOWN if row.get("tariff") is None else f"{row['tariff']:g} {row['tariff_currency']}"


PRICED: tuple[Column, ...] = ((">price", _price), (">dated", _date))
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "accelerators": (
        ("=id", _text("id")),
        ("vendor", _text("vendor")),
        (">year", lambda row: str(row.get("year"))),
        (">FP16\nTFLOP/s", _text("fp16_tflops")),
        (">FP8\nTFLOP/s", _text("fp8_tflops")),
        (">memory\nGB", _text("memory_gb")),
        (">memory\nGB/s", _text("memory_gbs")),
        (">W", _text("tdp_w")),
        *PRICED,
    ),
    "servers": (
        ("=id", _text("id")),
        ("=accelerator", _text("accelerator")),
        (">number", lambda row: f"{row['accelerators']}" + (" +" if row["on_request"] else "  ")),
        (">kW", _text("power_kw")),
        (">U", _text("rack_units")),
        ("cooling", _text("cooling")),
        (">compute\nports", lambda row: f"{row['compute_ports']} x {row['compute_port_gbps']:g}G"),
        *PRICED,
    ),
    "switches": (
        ("=id", _text("id")),
        ("name", _text("name")),
        ("protocol", _text("protocol")),
        (">ports", _text("ports")),
        (">Gb/s", _text("port_gbps")),
        (">W", _text("power_w")),
        *PRICED,
    ),
    "optics": (
        ("=id", _text("id")),
        ("kind", _text("kind")),
        ("medium", _text("medium")),
        (">Gb/s\na link", _text("gbps")),
        (">links", _text("links")),
        (">reach\nm", _text("reach_m")),
        (">W", _text("power_w")),
        *PRICED,
    ),
    "cooling": (
        ("=id", _text("id")),
        ("name", _text("name")),
        (">PUE", lambda row: f"{row['pue']:g}"),
        (">range", lambda row: f"{row['pue_low']:g}-{row['pue_high']:g}"),
        (">kW per\nrack", _text("rack_kw")),
        ("servers\ncooled by", _text("server_cooling")),
        (">price\nper kW", _price),
        (">dated", _date),
    ),
    "racks": (("=id", _text("id")), ("name", _text("name")), (">U", _text("rack_units")), *PRICED),
    "sites": (
        ("=id", _text("id")),
        ("name", _text("name")),
        ("kind", _text("kind")),
        ("country", _text("country")),
        ("province", _text("province")),
        (">PUE\nlimit", _text("pue_limit")),
        (">least\nfill", lambda row: percent(row.get("min_rack_fill") or 0)),
        (">tariff\nper kWh", _tariff),
    ),
    "places": (
        ("=id", _text("id")),
        ("name", _text("name")),
        ("country", _text("country")),
        (">design day\ndry bulb C", _text("design_dry_bulb_c")),
        (">wet\nbulb C", _text("design_wet_bulb_c")),
        (">grid\ng per kWh", _text("grid_g_per_kwh")),
    ),
    "tariffs": (
        ("=id", _text("id")),
        ("currency", _text("currency")),
        (">energy\nper kWh", _text("energy_per_kwh")),
        (">peak,\nvalley", lambda row: f"x {row['peak_multiple']:g}, {row['valley_multiple']:g}"),
        (">demand\nkW, month", _text("demand_per_kw_month")),
        (">capacity\nkVA, month", _text("capacity_per_kva_month")),
        (">offshore\nwind, kWh", _text("offshore_wind_per_kwh")),
        (">and its\ngap", _text("offshore_wind_gap_per_kwh")),
    ),
    "rents": (
        ("=id", _text("id")),
        ("term", _text("term")),
        ("provider", _text("provider")),
        (">per hour", lambda row: f"{row['per_hour']:.2f} {row['currency']}" + (" *" if row["estimate"] else "  ")),
        (">dated", lambda row: row["as_of"][:7]),
    ),
    "hosted": (
        ("=id", _text("id")),
        ("provider", _text("provider")),
        (">input, 1e6\ntokens", lambda row: f"{row['in_per_million']:.2f} {row['currency']}"),
        (">cached", _text("cached_per_million")),
        (">output", lambda row: f"{row['out_per_million']:.2f}" + (" *" if row["estimate"] else "  ")),
        (">dated", lambda row: row["as_of"][:7]),
    ),
    "models": (
        ("=id", _text("id")),
        ("name", _text("name")),
        (">layers", _text("layers")),
        (">hidden", _text("hidden")),
        (">heads", _text("heads")),
        (">KV\nheads", _text("kv_heads")),
        (">experts", lambda row: f"{row['active_experts']} of {row['experts']}" if row["experts"] else ""),
        (">parameters\n1e9", lambda row: f"{row['parameters'] / GIGA:,.2f}"),
        (">active\n1e9", lambda row: f"{row['active_parameters'] / GIGA:,.2f}"),
    ),
}
"""Columns by kind of row."""
SPARE: Mapping[str, tuple[str, ...]] = {
    "accelerators": ("vendor", ">dated", ">memory\nGB/s"),
    "servers": ("cooling", ">dated", ">compute\nports", ">U"),
    "switches": ("protocol", ">dated", ">W", "name"),
    "optics": (">dated", ">W", "medium"),
    "cooling": (">dated", ">range", "name"),
    "sites": ("province", "kind", ">least\nfill"),
    "places": (">wet\nbulb C", "name"),
    "models": (">hidden", ">heads", ">KV\nheads", "name"),
    "rents": (">dated",),
    "hosted": (">dated", "provider"),
    "tariffs": (">peak,\nvalley",),
}
"""Columns by kind that a narrow terminal does without, so that ids stay whole."""
MARKET = ("rents", "hosted")
"""Kinds whose rows are prices themselves."""


def listing(kind: str, rows: Sequence[Row]) -> Table:
    """The rows of one kind as a table.

    Raises:
        KeyError: there is no such kind.
    """
    columns = COLUMNS[kind]
    note = "sources and dates: --sources; all columns: --json"
    if any(row.get("on_request") for row in rows):
        note = f"+ offered only where a list or a workload names it; {note}"
    return table(
        f"{kind.capitalize()}: {len(rows)}",
        [name for name, _ in columns],
        ([show(row) for _, show in columns] for row in rows),
        f"* estimated price; {note}" if any(row.get("price_estimate") for row in rows) or kind in MARKET else note,
        spare=SPARE.get(kind, ()),
    )


def source_listing(kind: str, rows: Sequence[Row]) -> Table:
    """Where each row of one kind comes from and, below it, its latest price."""
    cells = []
    for row in rows:
        cells.append((row["id"], "figures", row["as_of"], _starred(row["source"], row["estimate"])))
        if row.get("price") is not None:
            cells.append((row["id"], "price", row["price_date"], _starred(row["price_source"], row["price_estimate"])))
    return table(f"{kind.capitalize()}: {len(rows)}", ("=id", "of", "dated", "source"), ditto(cells), "* estimate")


def _starred(source: str, estimate: bool) -> str:
    return f"{source} *" if estimate else source


def _shown(value: Any) -> str:
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or UNKNOWN
    return f"{value:,g}" if isinstance(value, (int, float)) else str(value)
