"""Settings that nothing reads: refused where they are the question, told where they stand in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import Fault, InstanceError
from planner.instance import parse_instance, read_instance

TEXT = """\
name: base
currency: {rates: {CNY: 0.14}}
horizon: {start: 2025-07}
workloads:
  - {name: load, kind: compute, peak_flops: 1e16}
sites:
  - {name: home, country: NO, power_limit_mw: 2, tariff_per_kwh: 0.05, cooling: [air, cold-plate]}
catalogue:
  servers: [dgx-a100, hgx-h100-oem, nf5688m6-8xa800]
  accelerators: [a100-sxm-80, h100-sxm]
  switches: [qm8790, qm9700]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(TEXT)
    return path


def refused(file: Path, change: str) -> Fault:
    with pytest.raises(InstanceError) as caught:
        read_instance(file, [change])
    (fault,) = caught.value.faults
    return fault


def test_the_price_of_an_accelerator_names_the_servers_that_have_one(file: Path) -> None:
    """A plan buys servers, so that no such price can count: refused in a file too."""
    fault = refused(file, "catalogue.accelerators.a100-sxm-80.price=200000")
    assert fault.file.startswith("--set catalogue.accelerators.a100-sxm-80.price")
    assert "dgx-a100" in fault.message
    assert "set catalogue.servers." in fault.message
    file.write_text(f"{TEXT}  overrides:\n    accelerators:\n      a100-sxm-80: {{price: 1}}\n")
    with pytest.raises(InstanceError) as caught:
        read_instance(file)
    (fault,) = caught.value.faults
    assert (fault.line, fault.key) == (14, "catalogue.overrides.accelerators.a100-sxm-80.price")


def test_an_accelerator_that_no_server_holds_says_so(file: Path) -> None:
    fault = refused(file, "catalogue.accelerators.b30a.price=1")
    assert "none in the catalogue holds b30a" in fault.message


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("catalogue.servers.dgx-h100.price=1", "catalogue.servers leaves it out"),
        ("catalogue.servers.nf5688m6-8xa800.price=1", "leaves a800-sxm-80 out, which it holds"),
        ("catalogue.accelerators.h200-sxm.tdp_w=700", "catalogue.accelerators leaves it out"),
        ("catalogue.switches.qm9790.price=1", "catalogue.switches leaves it out"),
        ("catalogue.cooling.immersion.price=1", "no site may be cooled by it"),
        ("catalogue.cooling.air.pue_low=1.2", "only listings"),
        ("sites.home.pue.immersion=1.1", "may not be cooled by it, but by air, cold-plate"),
        ("sites.home.peak_pue.evaporative=1.1", "may not be cooled by it"),
    ],
)
def test_a_change_that_nothing_reads_is_refused(file: Path, change: str, why: str) -> None:
    fault = refused(file, change)
    assert "found a setting that nothing reads" in fault.message
    assert why in fault.message
    assert fault.file == f"--set {change}"


@pytest.mark.parametrize(
    "change",
    [
        "catalogue.servers.dgx-a100.price=1", "catalogue.accelerators.a100-sxm-80.tdp_w=500",
        "catalogue.switches.qm8790.price=1", "catalogue.optics.sr4-200g.price=1", "catalogue.cooling.air.pue=1.4",
        "catalogue.racks.rack-42u.price=1", "sites.home.pue.air=1.4", "catalogue.servers=[dgx-a100]",
        "supply=[{kind: servers, id: dgx-h100, limit: 1}]",
    ],
)  # fmt: skip
def test_a_change_that_something_reads_is_made(file: Path, change: str) -> None:
    read_instance(file, [change])


def test_the_pue_of_a_method_counts_where_no_climate_gives_another(file: Path) -> None:
    file.write_text(TEXT.replace("country: NO", "country: DE, place: frankfurt"))
    assert "pue_from=catalogue" in refused(file, "catalogue.cooling.air.pue=1.4").message
    assert read_instance(file, ["sites.home.pue_from=catalogue", "catalogue.cooling.air.pue=1.4"])


def test_what_a_file_says_in_vain_is_told_with_line_and_key(file: Path) -> None:
    """It may serve other questions: a list that leaves a row out is no reason to refuse what is said of the row."""
    file.write_text(f"{TEXT}  overrides:\n    servers:\n      dgx-h100: {{price: 1}}\n      dgx-a100: {{price: 2}}\n")
    remarks: list[Fault] = []
    read_instance(file, remarks=remarks)
    (remark,) = remarks
    assert (remark.file, remark.line, remark.key) == (str(file), 14, "catalogue.overrides.servers.dgx-h100")
    read_instance(file, ["catalogue.servers=[dgx-a100]"])


def test_management_switches_are_bound_by_no_list() -> None:
    data = {
        "name": "x", "currency": {"rates": {"CNY": 0.14}}, "horizon": {"start": "2024-01"},
        "workloads": [{"name": "load", "kind": "compute", "peak_flops": 1e16}],
        "sites": [{"name": "home", "country": "NO", "power_limit_mw": 2, "tariff_per_kwh": 0.05}],
        "catalogue": {"switches": ["qm8790"]}, "fabric": {"management_networks": True},
    }  # fmt: skip
    parse_instance(data, changes=["catalogue.switches.sn2201.price=1"])
    with pytest.raises(InstanceError, match="leaves it out"):
        parse_instance(data, changes=["fabric.management_networks=false", "catalogue.switches.sn2201.price=1"])
