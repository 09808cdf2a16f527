"""PUE limits that law sets: by place, size and the month a hall went into service, in both readings."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from planner.api import load_instance
from planner.catalogue import load_catalogue
from planner.catalogue.facility import PlaceLaw, facility_rows
from planner.instance.resolve import site_facts
from planner.options.make import make_options
from planner.report.options import note_sentences, options_data
from planner.verification.sites import read_site

DE = {"place": "frankfurt", "country": "DE", "tariff_per_kwh": 0.19}
SG = {"hub": "singapore"}


def instance(site: dict[str, Any], start: str = "2026-09", years: float = 3, flops: float = 1e16) -> Any:
    return load_instance(
        {
            "name": "hall",
            "scope": "hardware",
            "horizon": {"start": start, "periods": 1, "period_years": years},
            "currency": {"unit": "USD", "rates": {"CNY": 0.14}},
            "workloads": [{"name": "run", "kind": "compute", "peak_flops": flops}],
            "sites": [{"name": "hall", "power_limit_mw": 1} | site],
            "catalogue": {"servers": ["dgx-h100"], "switches": ["qm9700"]},
            "fabric": {"storage_network": False},
        }
    )


@pytest.mark.parametrize(
    ("site", "start", "years", "limit"),
    [
        (DE, "2026-09", 3, 1.2),
        (DE, "2026-07", 3, 1.2),
        (DE, "2026-06", 1, None),  # before the law, and gone before it asks standing halls
        (DE, "2026-06", 2, 1.5),  # to June 2028: from July 2027
        (DE, "2026-06", 5, 1.3),  # to June 2031: from July 2030
        (DE | {"in_service": "2020-01"}, "2026-09", 2, 1.5),
        (DE | {"in_service": "2020-01"}, "2028-01", 2.5, 1.5),  # ends on 2030-07-01, the first day of 1.3
        (DE | {"in_service": "2020-01"}, "2028-01", 3, 1.3),
        (DE | {"in_service": "2026-09"}, "2026-06", 3, 1.2),
        (DE | {"power_limit_mw": 0.299}, "2026-09", 3, None),  # below 300 kW
        (DE | {"power_limit_mw": 0.3}, "2026-09", 3, 1.2),
        (DE | {"pue_limit": 1.4}, "2026-09", 3, 1.4),
        (DE | {"pue_limit": None}, "2026-09", 3, None),
        ({"hub": "frankfurt"}, "2026-09", 3, 1.2),
        (SG, "2025-06", 3, 1.3),  # the row of the place
        (SG, "2026-06", 3, 1.25),
        ({"hub": "zhangjiakou"}, "2025-06", 3, 1.25),
        ({"hub": "zhangjiakou"}, "2026-01", 3, 1.25),
        ({"hub": "guian"}, "2026-01", 3, 1.2),  # the hub's row is stricter than 1.25
        ({"place": "guian", "country": "CN", "tariff_per_kwh": 0.1}, "2026-01", 3, None),  # nearby is not in the hub
        ({"place": "beijing", "country": "CN", "tariff_per_kwh": 0.1}, "2026-01", 3, None),
        ({"place": "beijing", "country": "CN", "tariff_per_kwh": 0.1, "power_limit_mw": 7.5}, "2026-01", 3, 1.3),
        ({"place": "beijing", "country": "CN", "tariff_per_kwh": 0.1, "power_limit_mw": 7.5}, "2023-01", 3, None),
        ({"hub": "beijing", "in_service": "2020-01"}, "2026-01", 3, 1.3),  # the hub's row is stricter than 1.35
        ({"place": "stockholm", "country": "SE", "tariff_per_kwh": 0.1}, "2026-09", 5, None),
    ],
)
def test_limits_in_both_readings(site: dict[str, Any], start: str, years: float, limit: float | None) -> None:
    asked = instance(site, start, years)
    assert site_facts(asked, load_catalogue())[0].pue_limit == limit
    assert read_site(asked.sites[0], asked, load_catalogue()).pue_limit == limit


def test_a_law_that_takes_a_method_out_is_named() -> None:
    options = make_options(instance(DE))
    assert {pool.cooling for pool in options.pools} == {"direct-evaporative", "rear-door"}
    reasons = {r.subject: r.reason for r in options.removed if r.family == "pue"}
    assert "limit 1.2 (EnEfG section 11(2), new halls from 2026-07-01)" in reasons["evaporative at hall"]
    assert note_sentences(options_data(options)) == [
        "hall: PUE limit 1.2 by EnEfG section 11(2), new halls from 2026-07-01."
    ]
    typed = make_options(instance(DE | {"pue_limit": 1.2}))
    assert all("EnEfG" not in r.reason for r in typed.removed)
    assert note_sentences(options_data(typed)) == []


def test_a_report_names_the_law_of_the_sites_it_uses() -> None:
    import planner
    from planner.report.data import plan_summary
    from planner.report.summary import lines

    plan = planner.solve(instance(DE, flops=1e15), gap=0.05, isolate=False).require_plan()
    assert plan.provenance["site_laws"] == {"hall": "PUE limit 1.2 by EnEfG section 11(2), new halls from 2026-07-01"}
    assert "hall: PUE limit 1.2 by EnEfG section 11(2), new halls from 2026-07-01." in list(lines(plan_summary(plan)))


def test_every_row_is_on_the_page_and_names_what_there_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sites.md").read_text(encoding="utf-8")
    known = set(load_catalogue().sites)
    for law in facility_rows("place_law.csv", PlaceLaw):
        assert set(law.places) <= known
        service = f"from {law.in_service_from}" if law.in_service_from else f"before {law.in_service_before}"
        row = next(line for line in page.splitlines() if line.startswith(f"| {law.id} |"))
        assert row.endswith(f"| {service} | {law.effective} | {law.pue_limit:g} | {law.citation} |")
        assert (law.halls == "new") == (law.in_service_from is not None)
        assert law.effective >= datetime.date(2023, 1, 1)
