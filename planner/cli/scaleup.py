"""``planner scale-up``: switches and modules of an NVLink domain, and modules of the scale-out network beside it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson

Accelerators = Annotated[int, typer.Argument(help="Accelerators of one domain, in whole chassis.", min=1)]
Links = Annotated[int, typer.Option(help="Scale-up links of an accelerator.", min=1)]
PerModule = Annotated[int, typer.Option("--links-per-module", help="Links that one optical module carries.", min=1)]
Chassis = Annotated[int, typer.Option(help="Accelerators of a chassis, on copper.", min=1)]
LowerSwitches = Annotated[int, typer.Option("--chassis-switches", help="First-tier switches of a chassis.", min=1)]
UpperPorts = Annotated[int, typer.Option(help="Links of a second-tier switch.", min=1)]
ModuleGbps = Annotated[float, typer.Option(help="Speed of a module, Gb/s.", min=0.1)]
PortGbps = Annotated[float, typer.Option(help="Scale-out port of an accelerator, Gb/s.", min=0)]
Tiers = Annotated[int, typer.Option(help="Tiers of the scale-out network, optics on each.", min=1, max=3)]


def scale_up(
    accelerators: Accelerators = 256,
    links: Links = 18,
    links_per_module: PerModule = 4,
    chassis: Chassis = 8,
    chassis_switches: LowerSwitches = 3,
    upper_ports: UpperPorts = 128,
    module_gbps: ModuleGbps = 800,
    port_gbps: PortGbps = 400,
    tiers: Tiers = 3,
    as_json: AsJson = False,
) -> None:
    """Count the switches and modules of an NVLink domain; as it stands, of DGX GH200, 256 accelerators."""
    with outcomes(as_json):
        from planner.engineering.scaleup import nvlink_tree, optical_ends

        try:
            domain = nvlink_tree(
                accelerators, links=links, links_per_optic=links_per_module, chassis=chassis,
                lower_per_chassis=chassis_switches, upper_ports=upper_ports,
            )  # fmt: skip
        except ValueError as error:
            refuse(str(error), as_json)
        outside = optical_ends(port_gbps, module_gbps, tiers)
        each = domain.ends_per_accelerator
        if as_json:
            found = {
                "per_accelerator": each,
                "scale_out_per_accelerator": outside,
                "all_per_accelerator": each + outside,
            }
            print_json({"scale_up": {**asdict(domain), **found}})
            return
        from planner.report.tables import table
        from planner.report.terminal import new_console, print_tables
        from planner.report.words import count

        rows = [
            ("first-tier switches", count(domain.lower_switches), ""),
            ("second-tier switches", count(domain.upper_switches), ""),
            (f"modules of {module_gbps:g}G between the tiers", count(domain.optic_ends), f"{each:g}"),
            (f"scale-out of several domains: {port_gbps:g}G over {tiers} tiers", "", f"{outside:g}"),
            ("modules in all", "", f"{each + outside:g}"),
        ]
        title = f"Scale-up domain of {accelerators:,} accelerators"
        print_tables(new_console(), [table(title, ("", ">number", ">of an\naccelerator"), rows)])
