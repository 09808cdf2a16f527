"""``planner market``: published demand and markets rolled up to accelerators, servers, money and cooling."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson, counted, shared

Accelerator = Annotated[str, typer.Option(help="Catalogue id of the accelerator that fleets are made of.")]
PeakTflops = Annotated[float | None, typer.Option(help="Its dense FP16 peak, TFLOP/s; the catalogue's if absent.")]
Utilisation = Annotated[float | None, shared("Achieved over peak FLOP/s; that of the source, 30 %, if absent.")]
EachPrice = Annotated[
    float | None, typer.Option("--price", help="Of one accelerator, USD; the catalogue's in mid-year if absent.")
]
AcceleratorShare = Annotated[float, shared("Accelerators' share of the value of servers.")]
Racks = Annotated[float, counted("New racks of a year, to be cooled.")]
RackKw = Annotated[float, typer.Option(help="IT load of a rack, kW.")]
LiquidShare = Annotated[float, shared("Share of the racks that are cooled by liquid.")]


def market(
    accelerator: Accelerator = "h100-sxm",
    peak_tflops: PeakTflops = None,
    utilisation: Utilisation = None,
    price: EachPrice = None,
    accelerator_share: AcceleratorShare = 0.7,
    racks: Racks = 1e6,
    rack_kw: RackKw = 2.5,
    liquid_share: LiquidShare = 0.7,
    as_json: AsJson = False,
) -> None:
    """Roll up the published demand of 2023 to 2027 by vendor, the market of AI servers and that of cooling."""
    with outcomes(as_json):
        from planner.catalogue import load_catalogue
        from planner.report import market as words

        catalogue = load_catalogue()
        try:
            fleets = words.fleet_rows(catalogue, accelerator, peak_tflops, utilisation, price, accelerator_share)
            servers = words.server_rows(accelerator_share)
            cooling = words.cooling_of(catalogue, racks, rack_kw, liquid_share)
        except ValueError as error:
            refuse(str(error), as_json)
        if as_json:
            print_json({"fleets": fleets, "servers": servers, "cooling": {**asdict(cooling), "mixed": cooling.mixed}})
            return
        from planner.report.terminal import new_console, print_tables

        heading = f"{accelerator}" + ("" if peak_tflops is None else f" at {peak_tflops:g} TFLOP/s")
        print_tables(new_console(), words.market_tables(fleets, servers, cooling, heading, accelerator_share))
