"""The list of keys and the JSON schema say what the schema accepts, no less and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from planner.errors import InstanceError
from planner.instance import parse_instance
from planner.instance.keys import json_schema, keys
from planner.instance.shape import key_paths
from planner.instance.text import read_text, read_yaml

INSTANCES = Path(__file__).resolve().parents[2] / "instances"
FILES = sorted(file for folder in ("tiny", "reference", "studies") for file in (INSTANCES / folder).rglob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def data_of(file: Path) -> Any:
    return json.loads(json.dumps(read_yaml(read_text(file)).data, default=str))


def test_every_key_that_holds_a_value_is_listed() -> None:
    listed = {key.key for key in keys()}
    assert {path.rstrip("[]{}") for path in key_paths()} <= {key.rstrip("[]{}") for key in listed}


def test_a_key_has_its_unit_default_and_meaning() -> None:
    found = {key.key: key for key in keys("sites")}
    assert found["sites[].power_limit_mw"].accepts.startswith("a number of MW above 0")
    assert found["sites[].power_limit_mw"].default == "required"
    assert found["sites[].pue_rule"].default == "every-hall"
    assert "whose figures are the defaults" in found["sites[].hub"].meaning
    assert all(key.startswith("sites") for key in found)


def test_kinds_of_a_record_are_told_apart() -> None:
    found = {key.key: key for key in keys("workloads")}
    assert found["workloads[].kind"].accepts == "training or inference or compute"
    assert found["workloads[].tokens"].meaning.startswith("Of training.")
    assert not found["workloads[].sites"].meaning.startswith("Of ")


def test_every_key_has_a_meaning() -> None:
    said = {key.key: key.meaning for key in keys()}
    assert [key for key, meaning in said.items() if not meaning or meaning in ("Of training.", "Of inference.")] == []


def test_what_a_record_extends_is_documented_too() -> None:
    assert {key.key: key for key in keys("workloads.sites")}["workloads[].sites"].meaning != ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_instance_of_the_repository_suits_the_schema(file: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(file))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": "has space"},
        {"horizon": {"start": "soon"}},
        {"horizon": {"start": "2026-01", "periods": 0}},
        {"scope": "everything"},
        {"sites": []},
        {"sites": [{"name": "a", "power_limit_mw": 0}]},
        {"sites": [{"name": "a", "power_limit_mw": 1, "colour": "red"}]},
        {"workloads": [{"name": "w", "kind": "dream"}]},
    ],
)
def test_what_the_schema_refuses_the_engine_refuses(change: dict[str, Any]) -> None:
    data = data_of(FILES[0]) | change
    assert list(VALIDATOR.iter_errors(data))
    with pytest.raises(InstanceError):
        parse_instance(data)
