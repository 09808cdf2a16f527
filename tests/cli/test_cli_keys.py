"""``planner keys`` and ``planner schema``."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from planner.cli.main import app


def test_keys_say_what_is_accepted() -> None:
    told = CliRunner().invoke(app, ["keys", "budget.capex"])
    assert told.exit_code == 0
    assert "budget.capex\n" in told.stdout.replace(" \n", "\n")
    assert "Most capital spending over the horizon" in told.stdout
    rows = json.loads(CliRunner().invoke(app, ["keys", "horizon", "--json"]).stdout)
    assert {"key": "horizon.periods", "accepts": "a whole number from 1 to 40", "default": "1"}.items() <= next(
        row for row in rows if row["key"] == "horizon.periods"
    ).items()


def test_an_unknown_key_is_told_the_nearest() -> None:
    told = CliRunner().invoke(app, ["keys", "site.tarif"])
    assert told.exit_code == 2
    assert "did you mean 'sites.tariff_per_kwh'?" in told.output


def test_the_schema_is_one_document() -> None:
    document = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert set(document["required"]) == {"name", "horizon", "workloads", "sites"}
