"""``planner fabric``: tables, JSON, cable list, picture, and every refusal in one sentence with exit code 2."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from planner.cli.main import app

A100 = ["--servers", "140", "--server", "dgx-a100", "--switch", "qm8790"]
H100 = ["--servers", "127", "--server", "dgx-h100", "--switch", "qm9700", "--managers", "4"]


def run(*arguments: str, code: int = 0) -> Result:
    found = CliRunner().invoke(app, ["fabric", *arguments])
    assert found.exit_code == code, found.output
    return found


def data(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


def test_json_of_the_published_a100_design() -> None:
    found = data(*A100)
    compute = found["networks"]["compute"]
    assert (compute["leaves"], compute["spines"], compute["cores"], compute["switches"]) == (56, 80, 28, 164)
    assert compute["links"] == {"node-leaf": 1120, "leaf-spine": 1120, "spine-core": 1120}
    assert sum(compute["transceivers"].values()) == 6720
    assert set(found["networks"]) == {"compute", "storage", "in-band", "out-of-band"}
    assert found["totals"]["cost"] == pytest.approx(sum(n["cost"] for n in found["networks"].values()))
    assert found["proof"]["non_blocking"]
    labels = [a["design"] for a in found["alternatives"]]
    assert {"2 tiers, 1:1", "3 tiers, 1:1", "8 planes, one port each", "leaves 2:1"} <= set(labels)
    assert "at most 100" in found["alternatives"][0]["reason"]


def test_json_of_the_published_h100_design() -> None:
    compute = data(*H100)["networks"]["compute"]
    assert (compute["leaves"], compute["spines"], compute["cores"]) == (32, 16, 0)
    assert compute["links"] == {"node-leaf": 1020, "leaf-spine": 1024, "spine-core": 0}


def test_table_says_what_the_json_says() -> None:
    text = run(*A100).stdout
    for figure in ("56", "80", "28", "1,120", "Non-blocking", "other ways", "aoc-200g", "Not possible"):
        assert figure in text


def test_planes_and_oversubscription() -> None:
    planes = data(*A100, "--planes", "8")["networks"]["compute"]
    assert (planes["planes"], planes["leaves"], planes["spines"], planes["cores"]) == (8, 56, 32, 0)
    split = data("--servers", "64", "--server", "dgx-b300", "--switch", "sn5600", "--split", "2", "--compute-only")
    assert (split["networks"]["compute"]["gbps"], split["networks"]["compute"]["radix"]) == (400, 128)
    thin = data(*A100, "--oversubscription", "2:1", "--compute-only")
    assert thin["networks"]["compute"]["switches"] < 164
    assert 0.5 <= thin["proof"]["share"] < 1
    above = data(*A100, "--tiers", "3", "--oversubscription", "1:1,7:1", "--compute-only")
    assert above["networks"]["compute"]["cores"] < 10


def test_endpoints() -> None:
    found = data("--endpoints", "65536", "--port-gbps", "400", "--switch", "qm9700")
    assert found["networks"]["compute"]["switches"] == 5120
    assert list(found["networks"]) == ["compute"]


def test_cable_list(tmp_path: Path) -> None:
    file = tmp_path / "cables.csv"
    run(*H100, "--cables", str(file), "--floor")
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    compute = [r for r in rows if r["network"] == "compute"]
    assert len(compute) == 1020 + 1024
    assert len({(r["b_device"], r["b_port"]) for r in rows}) == len(rows)
    assert {r["a_device"] for r in compute if "manager" in r["a_device"]} == {"compute/manager-1", "compute/manager-2"}
    assert len({r["length_m"] for r in compute}) > 1


@pytest.mark.parametrize("size", [4, 20, 140, 1500])
def test_picture(tmp_path: Path, size: int) -> None:
    file = tmp_path / "fabric.svg"
    run("--servers", str(size), "--server", "dgx-a100", "--switch", "qm8790", "--picture", str(file), "--compute-only")
    text = file.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    shapes = [e for e in root.iter() if e.tag.endswith(("rect", "line"))]
    assert 2 < len(shapes) < 900
    assert f"{size:,} x DGX A100" in text
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        if "x" in box.attrib:
            assert 0 <= float(box.attrib["x"]) <= 1200 - float(box.attrib["width"]) + 0.1


@pytest.mark.parametrize(("arguments", "said"), [
    ([*A100, "--radix", "41"], "nearest possible: 40"),
    (["--servers", "2001", "--server", "dgx-a100", "--switch", "qm8790"], "at most 2,000"),
    ([*A100, "--length", "leaf-spine=9000"], "longest possible is 2000 m"),
    ([*A100, "--length", "leafspine=9"], "CLASS=METRES"),
    ([*A100, "--length", "leaf-spine=nan"], "CLASS=METRES"),
    (["--servers", "4", "--server", "dgx-a10", "--switch", "qm8790"], "did you mean"),
    (["--servers", "4", "--server", "dgx-a100", "--switch", "qm879"], "did you mean 'qm8790'"),
    ([*A100, "--optic", "aoc-200"], "did you mean"),
    ([*A100, "--planes", "3"], "1, 2, 4, 8 planes"),
    ([*A100, "--split", "2"], "no 100G ports"),
    ([*A100, "--oversubscription", "lots"], "is accepted"),
    ([*A100, "--oversubscription", "0.5:1"], "can be built"),
    ([*A100, "--endpoints", "9"], "not both"),
    (["--switch", "qm8790"], "or --endpoints"),
    (["--servers", "4", "--server", "dgx-h100", "--switch", "qm8790"], "no 400G ports"),
    (["--servers", "4", "--server", "l40s-8", "--switch", "qm8790"], "speaks ethernet"),
    ([*A100, "--cables", "/nowhere/file.csv"], "cannot be written"),
    ([*A100, "--picture", "/nowhere/file.svg"], "cannot be written"),
])  # fmt: skip
def test_wrong_requests_end_with_one_sentence(arguments: list[str], said: str) -> None:
    found = run(*arguments, code=2)
    assert said in found.stderr
    assert found.stderr.count("Error:") == 1
    assert "Traceback" not in found.output
    assert json.loads(run(*arguments, "--json", code=2).stdout)["status"] == "error"


@pytest.mark.parametrize(
    ("arguments", "standing", "missing", "hint"),
    [
        (["--optic", "sr4-2x400g", "--optic", "fibre-om4-mpo12"], {"compute"},
         ["storage", "in-band", "out-of-band"], "further --optic parts"),
        (["--optic", "sr4-2x400g", "--optic", "fibre-om4-mpo12", "--optic", "cord-1g"], {"compute", "out-of-band"},
         ["storage", "in-band"], "further --optic parts"),
        (["--length", "node-leaf=600"], {"compute", "storage", "in-band"}, ["out-of-band"], "shorter links"),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_built_hides_no_other(
    arguments: list[str], standing: set[str], missing: list[str], hint: str, tmp_path: Path
) -> None:
    """Which network is missing, why, and what would help; the cables of the others are listed."""
    file = tmp_path / "cables.csv"
    found = data("--servers", "40", "--server", "dgx-h100", "--switch", "qm9700", *arguments, "--cables", str(file))
    assert set(found["networks"]) == standing
    assert found["networks"]["compute"]["leaves"] == 16
    assert [sentence.split()[1] for sentence in found["missing"]] == missing
    assert all(hint in sentence and "--compute-only" in sentence for sentence in found["missing"])
    with file.open(encoding="utf-8") as stream:
        assert {row["network"] for row in csv.DictReader(stream)} == standing


def test_radix_holds_for_the_storage_network_too() -> None:
    """48 links of storage on 32 ports: three leaves of 16 down and 16 up below two spines."""
    found = data("--servers", "24", "--server", "dgx-h100", "--switch", "qm9700", "--radix", "32")
    assert (found["networks"]["storage"]["leaves"], found["networks"]["storage"]["spines"]) == (3, 2)


def test_dual_homed() -> None:
    """6 servers of two ports: a pair of leaves joined to each other, for compute; in the refusal what would do."""
    found = data("--servers", "6", "--server", "l40s-8", "--switch", "sn4700", "--dual-homed")
    assert (found["networks"]["compute"]["leaves"], found["networks"]["compute"]["spines"]) == (2, 0)
    said = run("--servers", "6", "--server", "gh200-1", "--switch", "qm9700", "--dual-homed", code=2).output
    assert "an even number of ports is accepted" in " ".join(said.split())


def test_pods_of_a_stated_size() -> None:
    """3,072 HGX H100 in pods of 384 on 128 ports of 400G, 15:1 between them; without three tiers a refusal."""
    asked = ["--servers", "3072", "--server", "hgx-h100-oem", "--switch", "sn5600", "--plain", "--compute-only"]
    found = data(*asked, "--tiers", "3", "--pod-servers", "384", "--oversubscription", "1:1,15:1")
    compute = found["networks"]["compute"]
    assert (compute["pods"], compute["leaves"]) == (8, 384)
    assert 1 / 15 <= found["proof"]["share"] <= 1 / 7
    assert "--tiers 3" in run(*asked, "--pod-servers", "384", code=2).output
