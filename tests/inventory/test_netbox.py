"""Files for NetBox, imported here by the rules of its forms: headers, choices, names found, units free, ports free.

NetBox itself is not run. Headers, required columns and choices are typed from its source: ``dcim/forms/bulk_import.py``
and ``dcim/choices.py`` of NetBox 4.2.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from test_lists import DESIGNS, instance, some_plans
from typer.testing import CliRunner

from planner import api
from planner.catalogue import load_catalogue
from planner.cli.main import app
from planner.inventory import netbox
from planner.plan import Plan

ROOT = Path(__file__).parents[2]
Row = dict[str, str]

FIELDS = {
    "manufacturers": "name slug description tags",
    "device-roles": "name slug color vm_role config_template description tags",
    "device-types": "manufacturer default_platform model slug part_number u_height exclude_from_utilization "
    "is_full_depth subdevice_role airflow description weight weight_unit comments tags",
    "sites": "name slug status region group tenant facility time_zone description physical_address shipping_address "
    "latitude longitude comments tags",
    "locations": "site parent name slug status tenant facility description tags",
    "racks": "site location name facility_id tenant status role form_factor serial asset_tag width u_height desc_units "
    "outer_width outer_depth outer_unit mounting_depth airflow weight max_weight weight_unit description comments tags",
    "devices": "name role tenant manufacturer device_type platform serial asset_tag status site location rack position "
    "face latitude longitude parent device_bay airflow virtual_chassis vc_position vc_priority cluster description "
    "config_template comments tags",
    "interfaces": "device name label parent bridge lag type speed duplex enabled mark_connected wwn vdcs mtu mgmt_only "
    "description poe_mode poe_type mode vrf rf_role rf_channel rf_channel_frequency rf_channel_width tx_power tags",
    "cables": "side_a_device side_a_type side_a_name side_b_device side_b_type side_b_name type status tenant label "
    "color length length_unit description comments tags",
}
REQUIRED = {
    "manufacturers": "name slug", "device-roles": "name slug color", "device-types": "manufacturer model slug u_height",
    "sites": "name slug status", "locations": "site name slug status", "racks": "site name status width u_height",
    "devices": "name role manufacturer device_type status site rack", "interfaces": "device name type",
    "cables": "side_a_device side_a_type side_a_name side_b_device side_b_type side_b_name type status",
}  # fmt: skip
INTERFACES = {
    "1000base-t", "100gbase-x-qsfp28", "200gbase-x-qsfp56", "400gbase-x-osfp", "800gbase-x-osfp", "infiniband-edr",
    "infiniband-hdr", "infiniband-ndr", "infiniband-xdr", "other",
}  # fmt: skip
CABLES = {"cat6", "dac-active", "dac-passive", "aoc", "mmf", "smf"}


def files(plan: Plan, period: int | None = None) -> dict[str, list[Row]]:
    """Rows by kind, its parts put together; every header is known and what is required is there."""
    found: dict[str, list[Row]] = {}
    for name, text in api.netbox(plan, period).items():
        content = text if isinstance(text, str) else "".join(text)
        if name == netbox.TO_READ:
            continue
        kind = name[3:].removesuffix(".csv").rstrip("-0123456789")
        rows = list(csv.DictReader(content.splitlines()))
        assert rows, name
        assert len(rows) <= netbox.ROWS
        assert set(rows[0]) <= set(FIELDS[kind].split()), kind
        for row in rows:
            assert all(row[column] for column in REQUIRED[kind].split()), (kind, row)
        found.setdefault(kind, []).extend(rows)
    return found


def once(rows: list[Row], *columns: str) -> None:
    """No two rows have the same there."""
    keys = Counter(tuple(row[column] for column in columns) for row in rows)
    assert max(keys.values()) == 1, keys.most_common(1)


def imported(plan: Plan, period: int | None = None) -> dict[str, list[Row]]:
    """What NetBox checks as it imports the files one after the other."""
    f = files(plan, period)
    for kind in ("manufacturers", "device-roles", "sites"):
        once(f[kind], "name")
        once(f[kind], "slug")
    once(f["device-types"], "manufacturer", "model")
    once(f["device-types"], "manufacturer", "slug")
    once(f["locations"], "site", "slug")
    once(f["racks"], "site", "location", "name")
    once(f["devices"], "name")
    once(f["interfaces"], "device", "name")
    for rows in f.values():
        assert all(len(row.get("name", "")) <= 64 and len(row.get("description", "")) <= 200 for row in rows)
        assert all(row["status"] == "planned" for row in rows if "status" in row)
    makers = {row["name"] for row in f["manufacturers"]}
    heights = {(row["manufacturer"], row["model"]): float(row["u_height"]) for row in f["device-types"]}
    assert {maker for maker, _ in heights} == makers
    sites = {row["name"] for row in f["sites"]}
    locations = {(row["site"], row["name"]) for row in f["locations"]}
    assert {site for site, _ in locations} == sites
    racks = {(row["site"], row["location"], row["name"]): int(row["u_height"]) for row in f["racks"]}
    assert {place[:2] for place in racks} == locations
    units = set()
    for row in f["devices"]:
        assert row["role"] in {role["name"] for role in f["device-roles"]}
        place = (row["site"], row["location"], row["rack"])
        if not heights[row["manufacturer"], row["device_type"]]:  # NetBox has no units for what has no height
            assert place in racks
            assert row["position"] == row["face"] == ""
            continue
        assert row["face"] == "front"
        low, high = float(row["position"]), heights[row["manufacturer"], row["device_type"]]
        assert 1 <= low <= racks[place] + 1 - high
        for unit in range(int(low), int(low + high)):
            assert (place, unit) not in units
            units.add((place, unit))
    devices = {row["name"] for row in f["devices"]}
    ports = {(row["device"], row["name"]) for row in f["interfaces"]}
    assert {device for device, _ in ports} <= devices
    assert {row["type"] for row in f["interfaces"]} <= INTERFACES
    free = set(ports)
    for row in f["cables"]:
        assert row["type"] in CABLES
        for side in "ab":
            assert row[f"side_{side}_type"] == "dcim.interface"
            free.remove((row[f"side_{side}_device"], row[f"side_{side}_name"]))  # there, and not connected yet
    assert not free
    return f


def listed(plan: Plan, name: str, period: int) -> list[Row]:
    rows = list(csv.DictReader("".join(api.lists(plan)[name]).splitlines()))
    spans = ((row, row["periods"].partition("-")) for row in rows)
    return [row for row, (first, _, last) in spans if int(first) <= period <= int(last or first)]


def agree(plan: Plan, f: Mapping[str, list[Row]], period: int) -> None:
    """To the piece with ``racks.csv`` and ``cables.csv``: racks, devices by type and unit, cables by part."""
    racked = listed(plan, "racks.csv", period)
    assert len(f["racks"]) == len({row["rack"] for row in racked})
    item = {(r["manufacturer"], r["model"]): r["description"].removeprefix("catalogue id ") for r in f["device-types"]}
    devices = [row for row in f["devices"] if row["role"] != "Rack PDU"]
    assert Counter((item[r["manufacturer"], r["device_type"]], r["position"]) for r in devices) == Counter(
        (row["item"], row["unit"]) for row in racked if row["device"]
    )
    assert {row["description"] for row in devices} == {row["device"] for row in racked if row["device"]}
    cables = listed(plan, "cables.csv", period)
    assert Counter((r["label"], r["description"], float(r["length"])) for r in f["cables"]) == Counter(
        (row["label"], row["cable"], float(row["length_m"])) for row in cables
    )
    assert len(f["interfaces"]) == 2 * len(cables)
    strips = {row["from_device"] for row in cables if "/pdu-" in row["from_device"]}
    assert {row["description"] for row in f["devices"] if row["role"] == "Rack PDU"} == strips


@pytest.mark.parametrize(
    "name", ["A100 with management", "H100 in planes", "NVL72 with trays", "splitters", "dual-homed"]
)
def test_any_network_is_imported_whole(name: str) -> None:
    for plan in some_plans(api.check(instance(*DESIGNS[name])), 2):
        agree(plan, imported(plan), 1)


def two_periods() -> Plan:
    """One server and then two, on one switch: eight cables and then sixteen."""
    question = api.load_instance(ROOT / "instances/tiny/07-two-periods.yaml", ["sites.home.place=virginia"])
    return api.solve(question, gap=0, isolate=False).require_plan()


def test_a_period_is_what_stands_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan = two_periods()
    for period, servers in ((1, 1), (2, 2)):
        f = imported(plan, period)
        agree(plan, f, period)
        assert len(f["devices"]) == servers + 1
        assert len(f["cables"]) == 8 * servers
        assert (f["sites"][0]["latitude"], f["sites"][0]["longitude"]) == ("39.04", "-77.49")
    types = {row["description"]: (row["manufacturer"], row["slug"]) for row in f["device-types"]}
    assert types["catalogue id qm8790"] == ("Mellanox", "mellanox-qm8790")
    assert types["catalogue id dgx-a100"] == ("Nvidia", "nvidia-dgx-a100-640gb")
    with pytest.raises(netbox.NetboxError, match="no device stands in period 3"):
        api.netbox(plan, 3)

    plan.write(tmp_path / "plan")
    monkeypatch.setattr(netbox, "ROWS", 10)
    f = imported(plan)
    agree(plan, f, 2)
    into = tmp_path / "netbox"
    into.mkdir()
    (into / "09-cables-7.csv").write_text("of a longer plan", encoding="utf-8")
    ran = CliRunner().invoke(app, ["report", str(tmp_path / "plan"), "--netbox", str(into)])
    assert ran.exit_code == 0, ran.output
    names = sorted(path.name for path in into.iterdir())
    assert names == sorted(api.netbox(plan))
    assert "09-cables-2.csv" in names
    assert "09-cables-7.csv" not in names
    assert (into / netbox.TO_READ).read_text(encoding="utf-8").index("06-racks.csv") > 0

    monkeypatch.setattr(netbox, "MOST_CABLES", 15)
    ran = CliRunner().invoke(app, ["report", str(tmp_path / "plan"), "--netbox", str(into)])
    assert ran.exit_code == 2
    assert "more than 15 cables, and so many are exported at most" in ran.output
    assert sorted(path.name for path in into.iterdir()) == names


def test_what_the_library_is_said_to_have_is_in_the_catalogue() -> None:
    catalogue = load_catalogue()
    for id, (maker, _, slug) in netbox.LIBRARY.items():
        assert id in catalogue.servers or id in catalogue.switches
        assert netbox.slug(slug) == slug
        assert maker in ("Nvidia", "Mellanox")
