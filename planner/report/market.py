"""Fleets and markets as data and tables: published demand rolled up to accelerators, money and cooling."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

from planner.engineering.market import (
    CoolingMarket,
    cooling_market,
    fleet,
    published_demand,
    published_servers,
    server_value,
)
from planner.report.tables import Table, ditto, table
from planner.report.words import UNKNOWN, count, percent
from planner.units import GIGA

if TYPE_CHECKING:
    from planner.catalogue import Catalogue

MIDDLE = (7, 1)
"""Month and day of a year on which its accelerators are priced."""


def fleet_rows(
    catalogue: Catalogue,
    accelerator: str,
    peak_tflops: float | None = None,
    utilisation: float | None = None,
    price: float | None = None,
    accelerator_share: float = 0.7,
) -> list[dict[str, Any]]:
    """Fleets of the published demand by year and kind of vendor, with their value in the currency of the price.

    Args:
        accelerator: catalogue id, whose FP16 peak and price in the middle of each year count.
        peak_tflops, price: in place of the catalogue's; a price is in USD.

    Raises:
        ValueError: no such accelerator, no peak of it, or a figure out of its range.
    """
    from planner.catalogue.rows import instead

    if accelerator not in catalogue.accelerators:
        raise ValueError(f"found no accelerator {accelerator!r}; {instead(accelerator, catalogue.accelerators)}")
    peak = catalogue.accelerators[accelerator].fp16_tflops if peak_tflops is None else peak_tflops
    if peak is None:
        raise ValueError(f"the catalogue has no FP16 peak of {accelerator}; give --peak-tflops")
    if price is not None and not 0 <= price < math.inf:
        raise ValueError(f"price must be a finite number of at least 0, found {price:g}")
    found = []
    for row in published_demand():
        sized = fleet(row, peak, utilisation)
        known = catalogue.price("accelerators", accelerator, datetime.date(row.year, *MIDDLE))
        each, currency = (
            (price, "USD") if price is not None else (known.amount, known.currency) if known else (None, "")
        )
        value = None if each is None else sized.accelerators * each
        found.append(
            {
                "year": row.year, "vendors_of": row.kind, "vendors": row.vendors, "training": sized.training,
                "inference": sized.inference, "accelerators": sized.accelerators, "per_vendor": sized.per_vendor,
                "accelerator_price": each, "currency": currency, "accelerator_value": value,
                "server_value": None if value is None else server_value(value, accelerator_share), "source": row.source,
            }
        )  # fmt: skip
    return found


def server_rows(accelerator_share: float = 0.7) -> list[dict[str, Any]]:
    """The published market of AI servers by year, world and China, and the accelerators in it."""
    by_year: dict[int, dict[str, Any]] = {}
    for row in published_servers():
        year = by_year.setdefault(row.year, {"year": row.year, "forecast": row.forecast, "currency": row.currency})
        year[row.region] = row.value
    found = sorted(by_year.values(), key=lambda year: int(year["year"]))
    before = None
    for year in found:
        year["china_share"] = year["China"] / year["world"]
        year["accelerators"] = year["world"] * accelerator_share
        year["growth"] = None if before is None else year["world"] / before - 1
        before = year["world"]
    return found


def cooling_of(catalogue: Catalogue, racks: float, rack_kw: float, liquid_share: float) -> CoolingMarket:
    """Cooling of new racks at the catalogue's prices as dated, CNY."""
    dated = catalogue.with_price_rule("in-force")
    air, liquid = (dated.price("cooling", id, datetime.date.max) for id in ("air", "cold-plate"))
    if air is None or liquid is None or {air.currency, liquid.currency} != {"CNY"}:
        raise ValueError("the catalogue has no price of air and cold-plate in CNY")
    return cooling_market(racks, rack_kw, liquid_share, air.amount, liquid.amount)


def market_tables(
    fleets: list[dict[str, Any]], servers: list[dict[str, Any]], cooling: CoolingMarket, heading: str, share: float
) -> list[Table]:
    """Fleets, the market of servers, and cooling, as tables."""
    currency = fleets[0]["currency"] or "no price"
    totals = {
        year: sum(r["server_value"] or 0 for r in fleets if r["year"] == year) for year in (r["year"] for r in fleets)
    }
    return [
        table(
            f"Fleets of published demand, {heading}",
            (">year", "vendors of", ">vendors", ">training", ">inference", ">accelerators", ">of a\nvendor",
             f">servers\n1e9 {currency}"),
            (
                (
                    str(r["year"]), r["vendors_of"], count(r["vendors"]), count(round(r["training"])),
                    count(round(r["inference"])), count(round(r["accelerators"])), count(round(r["per_vendor"])),
                    _billions(r["server_value"]),
                )
                for r in fleets
            ),
            f"servers: accelerators over {percent(share)}; all of a year: "
            + ", ".join(f"{year} {_billions(value or None)}" for year, value in totals.items())
            + "; demand: CSC 2023, F49 and F50",
        ),
        table(
            "Market of AI servers as published, 1e9 USD",
            (">year", "", ">world", ">growth", ">of it\naccelerators", ">China", ">share"),
            (
                (
                    str(r["year"]), "forecast" if r["forecast"] else "", _billions(r["world"]),
                    UNKNOWN if r["growth"] is None else percent(r["growth"]), _billions(r["accelerators"]),
                    _billions(r["China"]), percent(r["china_share"]),
                )
                for r in servers
            ),
            "CSC 2023, F108 and F109",
        ),
        table(
            "Cooling of a year's new racks",
            ("", ">1e9 CNY"),
            ditto(
                [
                    ("all by air", _billions(cooling.all_air)), ("part by liquid", _billions(cooling.mixed)),
                    ("of it liquid", _billions(cooling.liquid)),
                ]
            ),
            f"{cooling.it_kw / 1e6:g} GW of IT load, at the catalogue's prices per kW; CSC 2023, 6.2",
        ),
    ]  # fmt: skip


def _billions(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value / GIGA:,.2f}"
