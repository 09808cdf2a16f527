"""The price of an item on a day, from dated rows of several grades; grades and ranges of the packaged rows."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from planner.catalogue import load_catalogue
from planner.catalogue.entries import GRADES, Price
from planner.catalogue.pricing import nearest, yearly_change
from planner.catalogue.rows import typed

CATALOGUE = load_catalogue()


def row(amount: float, on: str, grade: str = "quote", **change: Any) -> Price:
    fields = {"kind": "servers", "id": "x", "amount": amount, "low": amount / 2, "high": amount * 2, "currency": "USD"}
    made, found = typed(Price, {**fields, "grade": grade, "as_of": on, "source": "by hand", **change})
    assert made is not None, found
    return made


def at(day: str, *rows: Price, per_year: float = 0.0) -> Price:
    found = nearest(rows, per_year, datetime.date.fromisoformat(day))
    assert found is not None
    return found


def test_the_nearest_row_counts_before_or_after_the_order() -> None:
    rows = row(100, "2024-01-01"), row(60, "2026-01-01")
    assert [at(day, *rows).amount for day in ("2020-01-01", "2024-12-30", "2025-01-02", "2030-01-01")] == [
        100, 100, 60, 60,
    ]  # fmt: skip


def test_of_two_equally_near_the_later_counts() -> None:
    assert at("2024-01-11", row(1, "2024-01-01"), row(2, "2024-01-21")).amount == 2


def test_a_memory_counts_as_two_years_further_away() -> None:
    memory, quote = row(1, "2024-01-01", "memory"), row(2, "2026-01-01")
    assert at("2024-01-02", memory, quote).amount == 2  # 2.003 years against 730 days, 1.999 years
    assert at("2023-12-01", memory, quote).amount == 1
    assert at("2025-01-01", row(1, "2025-01-01", "derived"), row(2, "2026-01-02")).amount == 1


def test_a_price_is_carried_to_the_day_at_the_rate_of_its_class() -> None:
    """20 % a year down: 100 of 2024 is 80 a year later and 125 a year before; three years at most."""
    start = row(100, "2024-07-01")
    later = at("2025-07-01", start, per_year=-0.2)
    assert later.amount == pytest.approx(80, rel=1e-3)
    assert (later.low, later.high) == (pytest.approx(later.amount / 2), pytest.approx(later.amount * 2))
    assert later.as_of == start.as_of
    assert at("2023-07-02", start, per_year=-0.2).amount == pytest.approx(125, rel=1e-3)
    assert at("2035-07-01", start, per_year=-0.2).amount == pytest.approx(51.2)


def test_lists_and_prices_of_ones_own_are_not_carried() -> None:
    for grade in ("list", "given"):
        assert at("2026-01-01", row(100, "2024-01-01", grade), per_year=-0.2).amount == 100


def test_rates_of_the_classes() -> None:
    """(285 / 317) ^ (1 / 2) - 1 for servers; copper and fibre stand still."""
    assert yearly_change("servers") == pytest.approx((285 / 317) ** 0.5 - 1, abs=5e-4)
    assert yearly_change("optics", "transceiver") == -0.2
    assert yearly_change("optics", "fibre") == yearly_change("racks") == yearly_change("nothing") == 0


def test_an_8_gpu_server_of_2024_and_of_2026() -> None:
    """317,000 in August 2024 and 285,000 in August 2026; half way between both are carried to the same price."""
    found = [CATALOGUE.price("servers", "hgx-h100-oem", datetime.date(year, 8, 1)) for year in (2024, 2025, 2026)]
    assert [round(price.amount) for price in found if price] == [317_000, pytest.approx(300_500, rel=0.01), 285_000]


@pytest.mark.parametrize("change", [{"low": 101}, {"high": 99}])
def test_a_range_that_does_not_hold_its_price_is_refused(change: dict[str, float]) -> None:
    fields = {"kind": "servers", "id": "x", "amount": 100, "low": 90, "high": 110, "currency": "USD"}
    made, found = typed(Price, {**fields, "grade": "quote", "as_of": "2024-01-01", "source": "by hand", **change})
    assert made is None
    assert any("low <= amount <= high is accepted" in message for _, message in found)


def test_every_packaged_price_has_a_grade_and_a_range() -> None:
    for price in CATALOGUE.prices:
        assert price.grade in GRADES[1:]
        assert price.low < price.high, price.id
        assert ("from memory" in f"{price.source} {price.note}") or price.grade != "memory" or "Derived" in price.source


def test_a100_and_a800_servers_are_priced_by_one_method() -> None:
    day = datetime.date(2023, 6, 14)
    full, cut = (CATALOGUE.price("servers", id, day) for id in ("hgx-a100-oem", "nf5688m6-8xa800"))
    assert full is not None
    assert cut is not None
    assert (full.amount, full.grade, full.source) == (cut.amount, cut.grade, cut.source)
