"""``planner fabric``: the networks of a cluster, switch by switch and cable by cable, without a solver."""

from __future__ import annotations

import csv
import dataclasses
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.outcome import outcomes, print_json, refuse
from planner.cli.parameters import AsJson

if TYPE_CHECKING:
    from planner.catalogue import Catalogue
    from planner.engineering.fabric import FabricError
    from planner.engineering.management import OutOfBand
    from planner.engineering.networks import Ask, Parts, Priced

Servers = Annotated[int | None, typer.Option(help="Servers of the cluster.", min=1, show_default=False)]
ServerId = Annotated[str | None, typer.Option("--server", help="Catalogue id of the server type.", show_default=False)]
Endpoints = Annotated[
    int | None, typer.Option(help="Ports in place of servers: one network of so many.", min=1, show_default=False)
]
PortGbps = Annotated[
    float | None,
    typer.Option(help="Speed of an endpoint, Gb/s; that of the switch's ports if absent.", min=0.1, show_default=False),
]
SwitchId = Annotated[str, typer.Option("--switch", help="Catalogue id of the switch.", show_default=False)]
Radix = Annotated[
    int | None,
    typer.Option(help="Ports of the switch in place of the catalogue's.", min=2, max=4096, show_default=False),
]
Tiers = Annotated[int, typer.Option(help="Tiers: 1, 2 or 3; 0 for the fewest that do.", min=0, max=3)]
PlanesOption = Annotated[int, typer.Option("--planes", help="Planes that share out the ports of a server.", min=1)]
Split = Annotated[int, typer.Option(help="Planes that every port is split over, each at a part of its speed.", min=1)]
Oversubscription = Annotated[
    str, typer.Option(help="Most bandwidth down over up at leaves, or at leaves and spines: 2:1, or 1:1,7:1.")
]
Rails = Annotated[
    bool | None, typer.Option("--rails/--plain", help="Port i to leaf i, or all ports of a server to one leaf.")
]
Managers = Annotated[int, typer.Option(help="Links of fabric managers.", min=0)]
AnyPods = Annotated[
    bool,
    typer.Option("--any-pods", help="Any number of pods and a row of leaves more, beyond the vendors' own schemes."),
]
Growth = Annotated[
    bool, typer.Option("--growth", help="Wire every leaf for as many servers as it can hold; uplinks follow them.")
]
PodServers = Annotated[
    int, typer.Option(help="Servers of a pod of three tiers; 0 for the vendor's, or pods as few as can be.", min=0)
]
DualHomed = Annotated[
    bool,
    typer.Option("--dual-homed", help="No switch alone: two leaves for the ports of a server, joined by two switches."),
]
SpineSwitch = Annotated[
    str | None, typer.Option(help="Switch of spines, and of cores, where not that of leaves.", show_default=False)
]
CoreSwitch = Annotated[str | None, typer.Option(help="Switch of cores where not that of spines.", show_default=False)]
UplinkGbps = Annotated[
    float | None,
    typer.Option(help="Speed of links between switches, where faster than ports.", min=0.1, show_default=False),
]
SharedSpines = Annotated[
    bool, typer.Option("--shared-spines", help="One group of spines for all rails of a pod, with --tiers 3.")
]
LengthOption = Annotated[
    list[str] | None,
    typer.Option(
        "--length", metavar="CLASS=METRES", help="Length of node-leaf, leaf-spine, spine-core, leaf-leaf links."
    ),
]
Floor = Annotated[
    bool, typer.Option("--floor", help="Lengths from racks in rows in place of 10, 30 and 50 m by class.")
]
PerRack = Annotated[int, typer.Option(help="Servers of a rack, with --floor.", min=1)]
OpticOption = Annotated[
    list[str] | None,
    typer.Option("--optic", help="Use only these optics and fibres of the catalogue; repeat for several."),
]
Date = Annotated[
    datetime.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day of the prices; the latest if absent.", show_default=False),
]
ComputeOnly = Annotated[bool, typer.Option("--compute-only", help="Leave out storage and management networks.")]
CablesFile = Annotated[
    Path | None, typer.Option("--cables", metavar="FILE", help="Write every cable as CSV.", show_default=False)
]
PictureFile = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="Draw the compute network as SVG.", show_default=False)
]


def fabric(
    switch: SwitchId,
    servers: Servers = None,
    server: ServerId = None,
    endpoints: Endpoints = None,
    port_gbps: PortGbps = None,
    radix: Radix = None,
    tiers: Tiers = 0,
    planes: PlanesOption = 1,
    split: Split = 1,
    oversubscription: Oversubscription = "1:1",
    rails: Rails = None,
    managers: Managers = 0,
    any_pods: AnyPods = False,
    growth: Growth = False,
    pod_servers: PodServers = 0,
    dual_homed: DualHomed = False,
    spine_switch: SpineSwitch = None,
    core_switch: CoreSwitch = None,
    uplink_gbps: UplinkGbps = None,
    shared_spines: SharedSpines = False,
    length: LengthOption = None,
    floor: Floor = False,
    servers_per_rack: PerRack = 4,
    optic: OpticOption = None,
    date: Date = None,
    compute_only: ComputeOnly = False,
    cables: CablesFile = None,
    picture: PictureFile = None,
    as_json: AsJson = False,
) -> None:
    """Design the networks of a cluster, with cost, power and proof."""
    with outcomes(as_json):
        from planner.catalogue import load_catalogue
        from planner.engineering import networks
        from planner.engineering.fabric import FabricError
        from planner.engineering.floor import Layout
        from planner.engineering.topology import prove

        # Without a day the latest prices count as they stand, and are not carried to any day.
        catalogue = load_catalogue() if date else load_catalogue().with_price_rule("in-force")
        day = date.date() if date else datetime.date.max
        try:
            row = _switch(catalogue, switch, radix)
            size, kind = _size(catalogue, servers, server, endpoints, port_gbps or row.port_gbps)
            leaf_ratio, spine_ratio = _ratios(oversubscription)
            if endpoints is None and port_gbps is not None:
                raise ValueError("--port-gbps goes with --endpoints; a server type has the speed of its own ports")
            if pod_servers and tiers != 3:
                raise ValueError("--pod-servers goes with --tiers 3; two tiers have no pods")
            if spine_ratio > 1 and tiers in (1, 2):
                raise ValueError(f"spines of {tiers} tiers have no uplinks to oversubscribe; --tiers 3 is accepted")
            if shared_spines and tiers != 3:
                raise ValueError("--shared-spines goes with --tiers 3; two tiers have one group of spines")
            if core_switch and tiers in (1, 2):
                raise ValueError(f"{tiers} tiers have no cores for --core-switch; --tiers 3 is accepted")
            ask = networks.Ask(
                size, kind, row, tiers, planes, split, leaf_ratio, spine_ratio, rails,
                managers, any_pods, growth, _lengths(length or []),
                Layout(servers_per_rack=servers_per_rack) if floor else None, dual_homed,
                pod_servers, _switch(catalogue, spine_switch, None) if spine_switch else None,
                _switch(catalogue, core_switch, None) if core_switch else None, uplink_gbps or 0.0, shared_spines,
            )  # fmt: skip
            if ask.switch.protocol not in kind.protocols:
                raise FabricError(f"{kind.id} speaks {', '.join(kind.protocols)}; {switch} is {ask.switch.protocol}")
            switches = {**catalogue.switches, row.id: row}
            parts = networks.Parts(switches, _optics(catalogue, optic), _prices(catalogue, day), bool(optic))
            found = [networks.compute(ask, parts)]
            out_of_band, missing = (None, []) if compute_only or endpoints else _others(ask, parts, found)
            others = networks.alternatives(ask, parts)
        except (FabricError, ValueError) as error:
            refuse(str(error), as_json)
        proof = prove(found[0].planes.tree)
        if cables is not None:
            _write_cables(found, out_of_band, ask, parts, cables, as_json)
        if picture is not None:
            from planner.report.topology import topology_svg

            title = f"{size:,} x {kind.name} on {ask.switch.name}"
            tree = found[0].planes.tree
            _write(picture, topology_svg(tree, title, found[0].planes.planes), as_json)
        from planner.report import fabric as words

        if as_json:
            asked = {"servers": size, "server": kind.id, "switch": switch, "oversubscription": oversubscription}
            print_json({"fabric": asked, "missing": missing, **words.document(found, out_of_band, others, proof)})
            return
        from planner.report.terminal import new_console, print_line, print_tables

        console = new_console()
        accelerators = size * kind.accelerators
        print_line(console, f"{size:,} x {kind.name}, {accelerators:,} accelerators, on {ask.switch.name}", "bold")
        print_tables(console, words.network_tables(found, out_of_band, catalogue.optics))
        for sentence in missing:
            print_line(console, f"{sentence}.", "bold red")
        print_tables(console, [words.alternatives_table(found[0], others)])
        for other in others:
            if other.reason:
                print_line(console, f"Not possible: {other.label}: {other.reason}.")
        console.print()
        each = "Each plane: " if found[0].planes.planes > 1 else ""
        print_line(console, each + proof.summary, "" if proof.sound else "bold red")


def _size(
    catalogue: Catalogue, servers: int | None, server: str | None, endpoints: int | None, port_gbps: float
) -> tuple[int, Any]:
    from planner.catalogue.rows import instead
    from planner.engineering.networks import endpoints_server

    if endpoints is not None:
        if servers is not None or server is not None:
            raise ValueError("give --servers and --server, or --endpoints, not both")
        return endpoints, endpoints_server(endpoints, port_gbps)
    if servers is None or server is None:
        raise ValueError("give --servers and --server, or --endpoints")
    if server not in catalogue.servers:
        raise ValueError(f"unknown server {server!r}; {instead(server, catalogue.servers)}")
    return servers, catalogue.servers[server]


def _switch(catalogue: Catalogue, switch: str, radix: int | None) -> Any:
    from planner.catalogue.rows import instead

    if switch not in catalogue.switches:
        raise ValueError(f"unknown switch {switch!r}; {instead(switch, catalogue.switches)}")
    row = catalogue.switches[switch]
    return row.model_copy(update={"ports": radix}) if radix is not None else row


def _optics(catalogue: Catalogue, ids: list[str] | None) -> Any:
    from planner.catalogue.rows import instead

    for id in ids or ():
        if id not in catalogue.optics:
            raise ValueError(f"unknown optic {id!r}; {instead(id, catalogue.optics)}")
    return {id: row for id, row in catalogue.optics.items() if not ids or id in ids}


def _ratios(text: str) -> tuple[float, float]:
    parts = text.split(",")
    ratios = []
    for part in parts:
        down, colon, up = part.partition(":")
        try:
            ratios.append(float(down) / float(up if colon else 1))
        except (ValueError, ZeroDivisionError):
            ratios = []
            break
    if not 1 <= len(ratios) <= 2:
        raise ValueError(f"oversubscription {text!r} is none; 2:1, or 1:1,7:1 for leaves and spines, is accepted")
    return ratios[0], ratios[1] if len(ratios) == 2 else 1.0


def _lengths(texts: list[str]) -> dict[str, float]:
    from planner.engineering.tree import CLASSES

    found = {}
    for text in texts:
        link_class, _, metres = text.partition("=")
        try:
            value = float(metres)
        except ValueError:
            value = -1.0
        if link_class not in CLASSES or not 0 < value < 1e6:
            raise ValueError(f"length {text!r} is none; CLASS=METRES with {', '.join(CLASSES)} is accepted")
        found[link_class] = value
    return found


def _prices(catalogue: Catalogue, day: datetime.date) -> Any:
    def price(kind: str, id: str) -> float | None:
        found = catalogue.price(kind, id, day)
        return found.amount if found and found.currency == "USD" else None

    return price


def _others(ask: Ask, parts: Parts, found: list[Priced]) -> tuple[OutOfBand | None, list[str]]:
    """Add the storage and in-band networks, and count the out-of-band one; and say of each that cannot be built why and
    what would help."""
    from planner.engineering import management, networks
    from planner.engineering.fabric import FabricError

    missing: list[str] = []
    defaults = dataclasses.replace(ask, tiers=0, reserved=0)

    def lacks(name: str, error: FabricError) -> None:
        missing.append(f"The {name} network cannot be built: {error}; {_help(ask, error, parts)}")

    try:
        stored = networks.storage(defaults, parts)
        if stored is not None:
            found.append(stored)
    except FabricError as error:
        lacks("storage", error)
    out_of_band = None
    try:
        in_band, out_of_band = management.management(defaults, found, parts)
        found.append(in_band)
        return out_of_band, missing
    except FabricError:
        pass  # one of the two; each by itself says which
    try:
        found.append(management.in_band(defaults, parts))
    except FabricError as error:
        lacks("in-band", error)
    try:
        out_of_band = management.out_of_band(defaults, found, parts)
    except FabricError as error:
        lacks("out-of-band", error)
    return out_of_band, missing


def _help(ask: Ask, error: FabricError, parts: Parts) -> str:
    """What would let a further network be built."""
    ways = []
    if "optic" in str(error):
        if parts.narrowed:
            ways.append("further --optic parts of that speed")
        if ask.lengths_m or ask.layout is not None:
            ways.append("shorter links (--length, --floor)")
    elif "asked for" in str(error):
        ways.append("fewer servers in the cluster")
    return f"{' or '.join([*ways, '--compute-only to leave it out'])} would help"


def _write_cables(
    found: list[Priced], out_of_band: OutOfBand | None, ask: Ask, parts: Parts, file: Path, as_json: bool
) -> None:
    from planner.engineering import management
    from planner.engineering.cabling import IN_BAND, Cable, Names, cables

    try:
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(Cable._fields)
            for network in found:
                hosts = Names(trays=ask.server.trays) if network.planes.name == IN_BAND else Names()
                writer.writerows(cables(network.planes, ask.layout, hosts))
            if found[-1].planes.name == IN_BAND:
                writer.writerows(management.twin_cables(found[-1], parts))
            if out_of_band is not None:
                writer.writerows(management.cords(ask, found, out_of_band, parts))
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
    typer.echo(f"Wrote {file}", err=True)


def _write(file: Path, text: str, as_json: bool) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}", as_json)
    typer.echo(f"Wrote {file}", err=True)
