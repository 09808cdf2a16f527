"""Orders replayed in every scenario: a newsvendor by hand, and the order of the values of knowing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from twins import twins
from typer.testing import CliRunner

from planner import api
from planner.cli.main import app
from planner.errors import SweepError
from planner.sweeps.axes import Variant
from planner.sweeps.robust import MEAN, TWO_STAGE, Robust, mean_instance, probabilities

pytestmark = pytest.mark.slow

LOAD = "workloads.load.peak_flops"
THREE = {"low": {LOAD: "*0.6", "probability": "30%"}, "as it stands": {}, "high": {LOAD: "*1.7"}}
KEY = ("s", "hgx-a100-oem")
PRICE = 150_000


def of(found: Robust, name: str) -> int:
    return next(n for n, c in enumerate(found.candidates) if name in c.names)


def test_late_orders_by_hand() -> None:
    """Three, five and nine servers. One too many wastes 150,000, one late costs 30 % of it, 45,000: with three ordered
    two and six are late, which is 90,000 and 270,000 above what is best; in the mean of 30, 35 and 35 %: 126,000."""
    found = api.robust(twins(), api.scenarios(THREE), surcharge=0.3, gap=0)
    assert found.weights == pytest.approx((0.3, 0.35, 0.35))
    low, stands, high = (found.candidates[of(found, name)] for name in THREE)
    assert [candidate.orders for candidate in (low, stands, high)] == [{KEY: 3}, {KEY: 5}, {KEY: 9}]
    assert found.regrets(low) == pytest.approx((0, 2 * 0.3 * PRICE, 6 * 0.3 * PRICE))
    assert found.regrets(stands) == pytest.approx((2 * PRICE, 0, 4 * 0.3 * PRICE))
    assert found.regrets(high) == pytest.approx((6 * PRICE, 4 * PRICE, 0))
    assert found.cheapest is low
    assert TWO_STAGE in low.names
    assert found.gap == pytest.approx(0, abs=1e-9)
    assert found.safest is high
    assert found.least_regret is low
    assert found.value_of_information == pytest.approx(126_000)
    # Perfect information, the two-stage orders, the plan of the mean (6 servers): in this order.
    mean = found.candidates[of(found, MEAN)]
    assert mean.orders == {KEY: 6}
    assert found.perfect <= found.expected(low) <= found.expected(mean)
    assert found.value_of_stochastic_solution == pytest.approx(found.expected(mean) - found.expected(low))
    frame = found.to_frame()
    assert list(frame[frame.candidate == "as it stands"].late_servers) == [0, 0, 4]
    for candidate, number in zip(found.candidates, (3, 5, 9, 6), strict=True):
        for outcome in candidate.outcomes:
            assert outcome is not None
            assert all(row["bought"] <= 9 for row in outcome.plan.decisions["fleet"])
            assert number - sum(outcome.unused.values()) + sum(outcome.late.values()) in (3, 5, 9)


def test_supply_that_fails_breaks_a_plan_and_the_orders_that_hold_are_found() -> None:
    """The cheap type is cut to 2 in one scenario; only orders within that hold in both, filled up by the other type."""
    supply = [{"kind": "servers", "id": "hgx-a100-oem", "limit": 100}]
    cut = {"plenty": {}, "cut": {"supply.hgx-a100-oem.limit": 2}}
    found = api.robust(twins() | {"supply": supply}, api.scenarios(cut), gap=0)
    plenty = found.candidates[of(found, "plenty")]
    assert not plenty.holds
    assert "5 are ordered and 2 delivered" in plenty.why[1]
    best = found.cheapest
    assert best is not None
    assert TWO_STAGE in best.names
    assert best.orders == {KEY: 2, ("s", "dgx-a100"): 3}
    assert found.perfect < found.expected(best)


def test_means_and_probabilities() -> None:
    tariff = "sites.s.tariff_per_kwh"
    variants = [Variant("a", {}, (f"{tariff}=+50%",), 0.5), Variant("b", {}, (f"{LOAD}=*3",), 0.5)]
    data = api.load_instance(twins())
    mean = mean_instance(api.load_instance(twins()).model_dump(mode="json"), variants, [0.5, 0.5])
    assert mean is not None
    assert mean.sites[0].tariff_per_kwh.amount == pytest.approx(0.125)  # 0.15 and 0.10
    assert mean.workloads[0].peak_flops == pytest.approx(2 * data.workloads[0].peak_flops)  # 1 and 3
    with pytest.raises(SweepError, match="1 in all"):
        probabilities([Variant("a", {}, (), 0.5), Variant("b", {}, (), 0.4)])
    with pytest.raises(SweepError, match="above 0 up to 1"):
        api.scenarios({"a": {"probability": 2}})
    with pytest.raises(SweepError, match="from 2 to"):
        api.robust(twins(), api.scenarios({"alone": {}}))
    with pytest.raises(SweepError, match="no plan in the scenario 'none'"):
        api.robust(twins(), api.scenarios({"one": {}, "none": {"sites.s.power_limit_mw": 0.001}}))


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "twins.yaml").write_text(yaml.safe_dump(twins()))
    (tmp_path / "two.yaml").write_text(yaml.safe_dump({"scenarios": {"low": {LOAD: "*0.6"}, "as it stands": {}}}))
    asked = ["robust", str(tmp_path / "twins.yaml"), "--scenarios", str(tmp_path / "two.yaml")]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert "5 hgx-a100-oem at s" in told.output
    assert "no plan" in told.output
    data = json.loads(CliRunner().invoke(app, [*asked, "--late", "10%", "--json"]).stdout)
    assert data["surcharge"] == 0.1
    assert data["perfect_information"] <= next(c for c in data["candidates"] if c["two_stage"])["expected"]
