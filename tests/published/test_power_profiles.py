"""Power of servers and racks against published profiles, and what part load makes of a plan's energy.

Profiles: InferenceX-app, system-power-model.profiles.json at 01f0ba1; constants.ts at 77ca49a (May 2026).
"""

from __future__ import annotations

from typing import Any

import pytest

import planner
from planner.catalogue import load_catalogue
from planner.catalogue.facility import facility_rows
from planner.catalogue.operating import OperatingCost
from planner.engineering.power import PowerError, facility_kw, part_load
from planner.errors import InstanceError
from planner.instance import parse_instance

CATALOGUE = load_catalogue()
FIXED_W = 1_271.6
"""Of a chassis, whatever the load."""
PROFILES = {  # server: W at full load but for the network, W of the network
    "hgx-h100-oem": (7_214, 405), "hgx-h200-oem": (7_214, 405), "hgx-b200-oem": (9_614, 1_113),
    "dgx-b300": (11_194, 1_296), "mi300x-8": (7_254, 405), "mi325x-8": (9_254, 405), "mi355x-8": (12_454, 1_442),
}  # fmt: skip


@pytest.mark.parametrize("server", PROFILES)
def test_maximum_power_of_a_row_holds_the_profile(server: str) -> None:
    """Rows have the maxima that makers print; full load is 73 to 87 % of them, near the default load factor of 85 %."""
    full = sum(PROFILES[server]) / 1_000
    assert 0.72 < full / CATALOGUE.servers[server].power_kw < 0.88


def test_idle_share_of_the_profiles() -> None:
    """Chassis and network over full load, without what idle accelerators draw: 17 to 22 %; that of the H100 counts."""
    shares = {server: (FIXED_W + network) / (full + network) for server, (full, network) in PROFILES.items()}
    assert all(0.17 <= share <= 0.2225 for share in shares.values())
    (idle,) = (row.amount for row in facility_rows("operations.csv", OperatingCost) if row.id == "idle")
    assert idle == pytest.approx(shares["hgx-h100-oem"], abs=0.001)


def test_a_chassis_of_b200_in_a_utility() -> None:
    """4,837.2 W x 1.3 = 6,288.4 W; 10 % of headroom on it 6,917.2 W; 144,566 of them in a GW."""
    each = round(facility_kw(4.8372, 1.3), 4)  # as it is printed
    assert each == 6.2884
    assert each * 1.1 == pytest.approx(6.91724, abs=1e-4)
    assert int(1e6 / (each * 1.1)) == 144_566


@pytest.mark.parametrize(
    ("server", "network_w", "switch_trays_w", "aux_w"),
    [("gb200-nvl72", 3_645, 477.5, 132), ("gb300-nvl72", 5_059, 477.5, 220)],
)
def test_a_rack_of_72(server: str, network_w: float, switch_trays_w: float, aux_w: float) -> None:
    """18 compute trays of 2 x 2 and 9 switch trays; eight shelves of six supplies of 5.5 kW carry a GB200 rack twice
    over (132 kW), and its parts are 18 x 4 x 1,200 W, 9 x 477.5 W and 18 x 132 W and the trays' processors. With its
    network at PUE 1.1 within 7 % of 2.10 kW an accelerator."""
    row = CATALOGUE.servers[server]
    assert (row.trays, row.switch_trays, row.accelerators) == (18, 9, 18 * 2 * 2)
    accelerators_w = 72 * (CATALOGUE.accelerators[row.accelerator].tdp_w or 0.0)
    parts = accelerators_w + 9 * switch_trays_w + 18 * aux_w
    assert 0.70 < parts / 1_000 / row.power_kw < 0.80
    if server == "gb200-nvl72":
        assert row.power_kw == 8 * 6 * 5.5 / 2
    assert (row.power_kw + network_w / 1_000) * 1.1 / 72 == pytest.approx(2.10, rel=0.07)


def question(**operations: Any) -> Any:
    return parse_instance({
        "name": "part", "horizon": {"start": "2026-05", "period_years": 4, "discount_rate": 0},
        "currency": {"unit": "USD", "rates": {"CNY": 0.14}}, "operations": operations,
        "workloads": [{"name": "w", "kind": "compute", "peak_flops": 1e16}], "policy": {"export_rules": "none"},
        "sites": [{"name": "s", "country": "US", "power_limit_mw": 1, "tariff_per_kwh": 0.1,
                   "pue": {"chilled-water": 1.3}}],
        "catalogue": {"servers": ["hgx-h100-oem"], "cooling": ["chilled-water"]},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("operations", "load"),
    [
        ({}, 0.85),
        ({"utilisation": 0.4}, 0.22 + 0.78 * 0.4),
        ({"utilisation": "40%", "idle_share": 0.3}, 0.3 + 0.7 * 0.4),
    ],
)
def test_energy_at_part_load(operations: dict[str, Any], load: float) -> None:
    """IT kW x load x 8,760 h x 1.3 x 4 years x 0.1 USD; the plan is verified."""
    plan = planner.solve(question(**operations), isolate=False).require_plan()
    (site,) = plan.decisions["sites"]
    energy = sum(row["amount"] for row in plan.cost_rows if row["account"] == "energy")
    assert energy == pytest.approx(site["it_kw"] * load * 8_760 * 1.3 * 4 * 0.1, rel=1e-6)
    assert all(row["passed"] for row in plan.verification)


@pytest.mark.parametrize(
    ("operations", "sentence"),
    [
        ({"utilisation": 0.4, "load_factor": 0.9}, "found load_factor beside utilisation"),
        ({"idle_share": 0.3}, "found idle_share without utilisation"),
        ({"utilisation": 0}, "utilisation"),
    ],
)
def test_what_contradicts_itself_is_refused(operations: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InstanceError, match=sentence):
        question(**operations)


def test_part_load_needs_shares() -> None:
    with pytest.raises(PowerError, match="shares from 0 to 1"):
        part_load(1.2, 0.2)
