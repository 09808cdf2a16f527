"""A plan as CSV files for NetBox's bulk import: sites, racks, devices at their units, interfaces, cables.

Headers are those of the import forms of NetBox 4.2 (``netbox/dcim/forms/bulk_import.py``), values those of its choices
(``netbox/dcim/choices.py``). Racks and devices are those of ``racks.csv``, cables those of ``cables.csv``, in one
period. Rows are made as they are written, so that long lists take no memory.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from planner.catalogue import Catalogue
from planner.catalogue.entries import Server, Switch
from planner.instance.choices import FloorLayout
from planner.inventory.cables import CableRow, cable_rows
from planner.inventory.racks import RackRow, rack_rows
from planner.plan.plan import Plan

ROWS = 10_000
"""Rows of a file: NetBox imports a file as a whole."""
MOST_CABLES = 250_000
"""Cables of a plan that are exported."""
NAME, DESCRIPTION = 64, 200
"""Characters of a device's or interface's name, and of a description."""
TO_READ = "00-read-me.txt"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "01-manufacturers": ("name", "slug"),
    "02-device-roles": ("name", "slug", "color", "vm_role"),
    "03-device-types": (
        "manufacturer", "model", "slug", "part_number", "u_height", "is_full_depth", "description",
    ),
    "04-sites": ("name", "slug", "status", "latitude", "longitude"),
    "05-locations": ("site", "name", "slug", "status", "description"),
    "06-racks": ("site", "location", "name", "status", "width", "u_height", "desc_units", "description"),
    "07-devices": (
        "name", "role", "manufacturer", "device_type", "status", "site", "location", "rack", "position", "face",
        "description",
    ),
    "08-interfaces": ("device", "name", "label", "type", "speed", "enabled", "mgmt_only", "description"),
    "09-cables": (
        "side_a_device", "side_a_type", "side_a_name", "side_b_device", "side_b_type", "side_b_name", "type",
        "status", "label", "length", "length_unit", "description",
    ),
}  # fmt: skip
"""Files in the order of their import, and their headers."""
ROLES = {
    "server": ("AI server", "475569"), "leaf": ("Leaf switch", "047857"), "spine": ("Spine switch", "1d4ed8"),
    "core": ("Core switch", "6d28d9"), "pdu": ("Rack PDU", "b45309"),
}  # fmt: skip
"""Role and its colour by what a device is called."""
PDU = ("Generic", "Rack PDU", "generic-rack-pdu")
"""Type of the power strips of a rack: a management port, no unit, and their price in that of the rack."""
MAKERS = {"NVIDIA": "Nvidia"}
"""Manufacturers that the device-type library spells otherwise than the catalogue."""
LIBRARY = {
    "dgx-a100": ("Nvidia", "NVIDIA DGX A100 640GB", "nvidia-dgx-a100-640gb"),
    "sb7890": ("Mellanox", "SB7890", "mellanox-sb7890"),
    "qm8790": ("Mellanox", "QM8790", "mellanox-qm8790"),
    "qm9700": ("Nvidia", "QM9700", "nvidia-qm9700"),
    "q3400-ra": ("Nvidia", "Q3400-RA", "nvidia-q3400-ra"),
    "sn2201": ("Nvidia", "SN2201", "mellanox-sn2201"),
    "sn3700": ("Mellanox", "SN3700", "mellanox-sn3700"),
    "sn4600": ("Mellanox", "SN4600", "mellanox-sn4600"),
    "sn4600c": ("Mellanox", "SN4600C", "mellanox-sn4600c"),
    "sn4700": ("Mellanox", "SN4700", "mellanox-sn4700"),
    "sn5600": ("Nvidia", "SN5600", "nvidia-sn5600"),
}
"""Manufacturer, model and slug in the public library (github.com/netbox-community/devicetype-library), by catalogue id;
all others are made up: the catalogue's name, and a slug of manufacturer and id."""
INTERFACES = {
    "ethernet": {
        1.0: "1000base-t", 100.0: "100gbase-x-qsfp28", 200.0: "200gbase-x-qsfp56", 400.0: "400gbase-x-osfp",
        800.0: "800gbase-x-osfp",
    },
    "infiniband": {100.0: "infiniband-edr", 200.0: "infiniband-hdr", 400.0: "infiniband-ndr", 800.0: "infiniband-xdr"},
}  # fmt: skip
"""Type of an interface by protocol and Gb/s; the catalogue does not know the form of Ethernet cages."""
CABLES = {"dac": "dac-passive", "acc": "dac-active", "aoc": "aoc", "cord": "cat6"}
"""Type of a cable by its kind; a fibre's is its medium, mmf or smf."""
KBPS_PER_GBPS = 1_000_000


class NetboxError(ValueError):
    """A plan cannot be exported; the sentence says why."""


def netbox_files(
    plan: Plan,
    catalogue: Catalogue,
    layout: FloorLayout | None,
    period: int,
    spots: Mapping[str, tuple[float, float]],
) -> dict[str, str | Iterator[str]]:
    """Every file by its name, to be written in this order.

    Args:
        period: whose racks, devices and cables are exported.
        spots: degrees north and east by site, where its place is known.

    Raises:
        NetboxError: nothing stands in the period, there are too many cables, or a name is too long for NetBox.
        LookupError, ValueError, ArithmeticError: the plan is damaged.
    """
    return _Export(plan, catalogue, layout, period, spots).files()


def slug(text: str) -> str:
    """A text as NetBox has it in addresses.

    >>> slug("ODM (Broadcom) TH5-64x800G")
    'odm-broadcom-th5-64x800g'
    """
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-") or "x"


class _Export:
    """What stands in a period, counted and checked before the first row is written."""

    def __init__(
        self, plan: Plan, catalogue: Catalogue, layout: FloorLayout | None, period: int,
        spots: Mapping[str, tuple[float, float]],
    ) -> None:  # fmt: skip
        self.plan, self.catalogue, self.layout, self.period, self.spots = plan, catalogue, layout, period, spots
        self.heights = {
            (row["pool"], row["purpose"]): catalogue.racks[row["rack"]].rack_units for row in plan.decisions["racks"]
        }
        self.pools: dict[str, str] = {}  # short name by pool
        self.sites: dict[str, str] = {}  # by pool
        self.items: dict[str, float] = {}  # height by catalogue id
        self.roles: dict[str, None] = {}
        self.racked: set[str] = set()
        self.pdus: dict[str, tuple[str, str]] = {}  # pool and rack of each
        self.protocol: dict[str, str] = {}  # by switch
        self.counts: Counter[str] = Counter()
        self._look()

    def _standing(self, rows: Iterable[Any]) -> Iterator[Any]:
        """Rows of the period."""
        for row in rows:
            first, _, last = row.periods.partition("-")
            if int(first) <= self.period <= int(last or first):
                yield row

    def _racks(self) -> Iterator[RackRow]:
        return self._standing(rack_rows(self.plan, self.catalogue, self.layout))

    def _cables(self) -> Iterator[CableRow]:
        return self._standing(cable_rows(self.plan, self.catalogue, self.layout))

    def _look(self) -> None:
        rack = ""
        racks: set[str] = set()
        for row in self._racks():
            self.pools.setdefault(row.pool, f"p{len(self.pools) + 1}")
            self.sites[row.pool] = row.site
            self.counts["06-racks"] += row.rack != rack
            rack = row.rack
            racks.add(rack)
            if not row.device:
                continue
            self.counts["07-devices"] += 1
            self.racked.add(row.device)
            self.items.setdefault(row.item, float(row.height or 0))
            self.roles[_role(row.device)] = None
            self._short(row.pool, row.device)
            if row.item in self.catalogue.switches:
                self.protocol[row.device] = self.catalogue.switches[row.item].protocol
        if not self.racked:
            raise NetboxError(f"no device stands in period {self.period}")
        ends: set[tuple[str, str]] = set()
        for cable in self._cables():
            self.counts["09-cables"] += 1
            self.counts["08-interfaces"] += 2
            held, _, strip = cable.from_device.rpartition("/")
            if held in racks and strip.startswith("pdu-") and cable.from_device not in self.pdus:
                self.pdus[cable.from_device] = (cable.pool, held)
                self.racked.add(cable.from_device)
                self.roles["pdu"] = None
            if self.counts["09-cables"] > MOST_CABLES:
                raise NetboxError(f"the plan has more than {MOST_CABLES:,} cables, and so many are exported at most")
            for end in self._ends(cable):
                if end in ends:
                    raise NetboxError(f"two cables of {end[0]} are plugged into {end[1]}")
                ends.add(end)

        self.counts["07-devices"] += len(self.pdus)

    def _short(self, pool: str, name: str) -> str:
        """A device's or rack's name with its pool's short one in front, unique in the plan."""
        short = f"{self.pools[pool]}/{name.removeprefix(f'{pool}/')}"
        if len(short) > NAME:
            raise NetboxError(f"{short} has {len(short)} characters, and NetBox takes {NAME}")
        return short

    def _end(self, pool: str, network: str, device: str, port: int) -> tuple[str, str]:
        """Device and interface. A tray of a rack-scale server is an interface of its rack."""
        interface = f"{network}-{port}"
        if device not in self.racked:
            device, _, tray = device.rpartition("/")
            interface = f"{tray}-{interface}"
            if device not in self.racked:
                raise NetboxError(f"{device}/{tray} has cables and stands in no rack")
        return self._short(pool, device), interface

    def _ends(self, cable: CableRow) -> tuple[tuple[str, str], tuple[str, str]]:
        return (
            self._end(cable.pool, cable.network, cable.from_device, cable.from_port),
            self._end(cable.pool, cable.network, cable.to_device, cable.to_port),
        )

    def _type(self, item: str) -> tuple[str, str, str]:
        """Manufacturer, model and slug of a device type."""
        if item in LIBRARY:
            return LIBRARY[item]
        row: Server | Switch = self.catalogue.servers.get(item) or self.catalogue.switches[item]
        maker = MAKERS.get(row.vendor, row.vendor)
        return maker, row.name[:100], slug(f"{maker}-{item}")

    # Rows

    def files(self) -> dict[str, str | Iterator[str]]:
        types = [self._device_type(item, height) for item, height in self.items.items()]
        types += [(*PDU, "", 0, "false", "power strip in the rack's price")] if self.pdus else []
        rows: dict[str, Iterable[Sequence[Any]]] = {
            "01-manufacturers": [(maker, slug(maker)) for maker in dict.fromkeys(row[0] for row in types)],
            "02-device-roles": [(*_named(tone), "false") for tone in ROLES if tone in self.roles],
            "03-device-types": types,
            "04-sites": self._site_rows(),
            "05-locations": [
                (self.sites[pool], short, short, "planned", pool[:DESCRIPTION]) for pool, short in self.pools.items()
            ],
            "06-racks": self._rack_rows(),
            "07-devices": self._device_rows(),
            "08-interfaces": self._interface_rows(),
            "09-cables": self._cable_rows(),
        }
        found: dict[str, str | Iterator[str]] = {TO_READ: ""}
        for name, of in rows.items():
            number = -(-max(self.counts.get(name, 1), 1) // ROWS)
            left = iter(of)
            for part in range(number):
                file = f"{name}{f'-{part + 1}' if number > 1 else ''}.csv"
                found[file] = _text(HEADERS[name], islice(left, ROWS))
        found[TO_READ] = self._to_read(list(found)[1:])
        return found

    def _device_type(self, item: str, height: float) -> Sequence[Any]:
        maker, model, address = self._type(item)
        row: Server | Switch = self.catalogue.servers.get(item) or self.catalogue.switches[item]
        part = getattr(row, "part_number", None) or ""
        return maker, model, address, part, _plain(height), "true", f"catalogue id {item}"

    def _site_rows(self) -> Iterator[Sequence[Any]]:
        used: Counter[str] = Counter()
        for site in dict.fromkeys(self.sites.values()):
            address = slug(site)
            used[address] += 1
            address += f"-{used[address]}" if used[address] > 1 else ""
            north, east = self.spots.get(site, ("", ""))
            yield site, address, "planned", north, east

    def _rack_rows(self) -> Iterator[Sequence[Any]]:
        before = ""
        for row in self._racks():
            if row.rack != before:
                before = row.rack
                height = self.heights[row.pool, row.purpose]
                place = (self.sites[row.pool], self.pools[row.pool], self._short(row.pool, row.rack))
                yield *place, "planned", 19, int(height), "false", f"{row.purpose} rack of {row.pool}"[:DESCRIPTION]

    def _device_rows(self) -> Iterator[Sequence[Any]]:
        for row in self._racks():
            if row.device:
                maker, model, _ = self._type(row.item)
                yield (
                    self._short(row.pool, row.device), ROLES[_role(row.device)][0], maker, model, "planned", row.site,
                    self.pools[row.pool], self._short(row.pool, row.rack), _plain(float(row.unit or 0)), "front",
                    row.device[:DESCRIPTION],
                )  # fmt: skip
        for device, (pool, rack) in self.pdus.items():
            yield (
                self._short(pool, device), ROLES["pdu"][0], *PDU[:2], "planned", self.sites[pool], self.pools[pool],
                self._short(pool, rack), "", "", device[:DESCRIPTION],
            )  # fmt: skip

    def _interface_rows(self) -> Iterator[Sequence[Any]]:
        for cable in self._cables():
            protocol = self.protocol[cable.to_device]  # the upper end of every cable is a switch
            kind = INTERFACES.get(protocol, {}).get(cable.gbps, "other")
            speed = round(cable.gbps * KBPS_PER_GBPS)
            cages = ((cable.from_cage, cable.from_part), (cable.to_cage, cable.to_part))
            for (device, name), (cage, part) in zip(self._ends(cable), cages, strict=True):
                yield device, name, f"cage {cage}", kind, speed, "true", "false", part

    def _cable_rows(self) -> Iterator[Sequence[Any]]:
        for cable in self._cables():
            (a, a_name), (b, b_name) = self._ends(cable)
            row = self.catalogue.optics[cable.cable]
            kind = CABLES.get(row.kind, row.medium)
            yield (
                a, "dcim.interface", a_name, b, "dcim.interface", b_name, kind, "planned", cable.label,
                _plain(cable.length_m), "m", cable.cable,
            )  # fmt: skip

    def _to_read(self, files: Sequence[str]) -> str:
        found = "\n".join(f"  {name}" for name in files)
        return (
            "Import these files into NetBox in this order, each with the bulk import of its kind of object:\n\n"
            f"{found}\n\n"
            f"Period {self.period} of the plan {self.plan.name}: {self.counts['06-racks']:,} racks, "
            f"{self.counts['07-devices']:,} devices, {self.counts['09-cables']:,} cables. Leave out rows of "
            "manufacturers and device types that are there already.\n"
            "A location is a pool of the plan; its description names it.\n"
        )


def _role(device: str) -> str:
    """What a device is: leaf, spine, core, else a server.

    >>> _role("pool/compute-2/spine-7"), _role("pool/node-1")
    ('spine', 'server')
    """
    last = device.rpartition("/")[2].partition("-")[0]
    return last if last in ROLES else "server"


def _named(tone: str) -> tuple[str, str, str]:
    name, colour = ROLES[tone]
    return name, slug(name), colour


def _plain(value: float) -> float:
    """Whole numbers as such."""
    return int(value) if value == int(value) else value


def _text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV text in pieces."""
    piece: list[Sequence[Any]] = [columns]
    left = iter(rows)
    while piece:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(piece)
        yield text.getvalue()
        piece = list(islice(left, 2_000))
