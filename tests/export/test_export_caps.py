"""Quantity limits of the export rules: the published numbers of accelerators, and which rows bind when."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping

import pytest
from published_devices import UNITS

from planner.catalogue import load_catalogue
from planner.engineering.export_rules import Cap, Terms, caps, load_rules, tpp
from planner.instance import parse_instance
from planner.instance.resolve import instance_catalogue, site_facts
from planner.options.export import export_caps

DEVICES = load_catalogue().accelerators
DAY = datetime.date.fromisoformat
DIFFUSION = frozenset({"ai-diffusion"})
SITES = {"johor": "MY", "kedah": "MY", "neom": "SA", "ohio": "US", "shanghai": "CN"}
FREE = ("unrestricted", "notification")


def rows(
    *devices: str,
    on: tuple[str, ...],
    sites: Mapping[str, str] = SITES,
    accept: tuple[str, ...] = FREE,
    **terms: object,
) -> dict[str, Cap]:
    found = caps(
        [DEVICES[d] for d in devices],
        sites,
        [DAY(date) for date in on],
        Terms(**terms),
        accept,  # type: ignore[arg-type]
    )
    assert len({cap.id for cap in found}) == len(found)
    return {cap.id: cap for cap in found}


@pytest.mark.parametrize("id", UNITS)
def test_accelerators_of_each_cap_as_published(id: str) -> None:
    rule = load_rules().caps
    schedule = {entry.last: entry.limit for entry in rule["nveu"].schedule}
    limits = [
        rule["lpp"].limit, rule["country-allocation"].limit, schedule[DAY("2025-03-31")], schedule[DAY("2026-12-31")],
        schedule[DAY("2027-12-31")],
    ]  # fmt: skip
    performance = tpp(DEVICES[id])
    assert performance is not None
    assert tuple(math.floor((limit or 0) / performance) for limit in limits) == UNITS[id]


def test_no_rule_in_force_has_a_cap() -> None:
    assert rows("h100-sxm", "h20", "h200-sxm", on=("2024-01-01", "2025-06-01")) == {}


def test_low_volume_exception_caps_each_calendar_year_of_all_sites_abroad() -> None:
    found = rows(
        "h100-sxm", "rtx-4090", "t4", on=("2025-05-01", "2025-06-01", "2025-12-01", "2026-12-01"), scenarios=DIFFUSION
    )
    assert set(found) == {"lpp: 2025", "lpp: 2026"}
    cap = found["lpp: 2025"]
    assert cap.coefficients == (("h100-sxm", 15832.0),)  # below .a or not for data centres: another exception
    assert (cap.sites, cap.periods, cap.limit, cap.share) == (("johor", "kedah", "neom"), (2, 3), 26.9e6, 0.0)
    assert found["lpp: 2026"].periods == (4,)


def test_licences_accepted_replace_the_exception_by_the_country_allocation() -> None:
    accept = (*FREE, "licence")
    found = rows("h100-sxm", on=("2025-06-01", "2027-12-31", "2028-01-01"), scenarios=DIFFUSION, accept=accept)
    assert found["country-allocation: MY"].sites == ("johor", "kedah")
    assert found["country-allocation: SA"].sites == ("neom",)
    assert {cap.limit for id, cap in found.items() if id.startswith("country")} == {790e6}
    assert found["country-allocation: SA"].periods == (1, 2)
    assert found["lpp: 2028"].periods == (3,)  # the text allots nothing after 2027
    free = rows("h100-sxm", on=("2025-06-01",), scenarios=DIFFUSION, accept=(*accept, "licence-denial"))
    assert free == {}


def test_allied_countries_have_no_cap_where_the_operator_is_at_home_in_one() -> None:
    sites = {"bavaria": "DE"}
    assert rows("h100-sxm", on=("2025-06-01",), sites=sites, scenarios=DIFFUSION, headquarters="US") == {}
    assert set(rows("h100-sxm", on=("2025-06-01",), sites=sites, scenarios=DIFFUSION, headquarters="IN")) == {
        "lpp: 2025"
    }


def test_national_end_user_has_a_schedule() -> None:
    found = rows(
        "h100-sxm", on=("2025-06-01", "2026-12-01", "2028-06-01"), scenarios=DIFFUSION, headquarters="US",
        validated_end_user="national",
    )  # fmt: skip
    limits = {id: (cap.periods, cap.limit) for id, cap in found.items() if ": SA: " in id}
    assert list(limits.values()) == [((1,), 949.5e6), ((1, 2), 4272.75e6), ((1, 2, 3), 5064e6)]


def test_universal_end_user_keeps_shares_at_home() -> None:
    found = rows(
        "h100-sxm", "t4", on=("2025-06-01",), scenarios=DIFFUSION, headquarters="US", validated_end_user="universal"
    )
    outside = found["uveu-outside"]
    assert (outside.share, outside.limit, outside.sites) == (0.25, 0.0, ("johor", "kedah", "neom", "shanghai"))
    assert dict(outside.coefficients).keys() == {"h100-sxm", "t4"}
    assert found["uveu-country: MY"].share == 0.07
    assert found["uveu-us"].share == 0.5
    other = rows("h100-sxm", on=("2025-06-01",), scenarios=DIFFUSION, headquarters="GB", validated_end_user="universal")
    assert "uveu-us" not in other


def test_half_of_what_was_shipped_in_the_us_may_go_to_china() -> None:
    accept = (*FREE, "licence-case-by-case")
    on = ("2025-12-01", "2026-02-01")
    found = rows("h200-sxm", "b200", on=on, accept=accept, us_shipments=(("h200-sxm", 1000.0),))
    cap = found["china-ratio-2026: h200-sxm"]
    assert (cap.sites, cap.periods, cap.limit) == (("shanghai",), (2,), 0.5 * 1000 * 15832)
    assert rows("h200-sxm", on=on, accept=accept) == {}  # the decision's notes say that the figure is missing


def test_site_in_china_stays_below_a_supercomputer() -> None:
    """200 PFLOP/s of FP32 over 44 TFLOP/s of an H20: 4,545 of them."""
    found = rows("h20", "l20", on=("2024-06-01",), scenarios=frozenset({"supercomputer-envelope"}))
    cap = found["supercomputer-fp32: shanghai"]
    assert cap.counts == "fp32_tflops"
    assert [math.floor(cap.limit / amount) for _, amount in cap.coefficients] == [4545, 3369]
    assert cap.limit < 200_000


def test_caps_of_an_instance() -> None:
    site = {"name": "johor", "country": "MY", "power_limit_mw": 1, "tariff_per_kwh": 0.1, "power_capex_per_kw": 1}
    instance = parse_instance(
        {
            "name": "caps",
            "currency": {"rates": {"CNY": 0.14}},
            "scope": "hardware",
            "horizon": {"start": "2025-06", "periods": 2, "period_years": 1},
            "workloads": [{"name": "load", "kind": "compute", "peak_flops": 1e15}],
            "sites": [site],
            "policy": {"scenarios": ["ai-diffusion"]},
        }
    )
    catalogue = instance_catalogue(instance)
    found = export_caps(instance, (DEVICES["h100-sxm"],), site_facts(instance, catalogue))
    assert [(cap.id, cap.periods) for cap in found] == [("lpp: 2025", (1,)), ("lpp: 2026", (2,))]
