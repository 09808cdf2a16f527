"""The second reading of the export rules against the worked table; tests/export compares it with the first reading."""

from __future__ import annotations

import datetime

import pytest

from planner.catalogue import load_catalogue
from planner.instance.choices import Policy
from planner.verification.export import accepted, on_sale, outcome, performance

DATE = datetime.date
DENIAL, CASE = "licence-denial", "licence-case-by-case"


@pytest.mark.parametrize(
    ("device", "country", "date", "expected"),
    [
        ("a100-sxm-80", "CN", DATE(2022, 8, 25), "unrestricted"),
        ("a100-sxm-80", "CN", DATE(2022, 10, 20), CASE),  # the letter of August
        ("a100-sxm-80", "CN", DATE(2022, 10, 21), DENIAL),
        ("a800-sxm-80", "CN", DATE(2023, 7, 1), "unrestricted"),
        ("a800-sxm-80", "CN", DATE(2023, 11, 17), DENIAL),
        ("h100-sxm", "MO", DATE(2023, 1, 16), "unrestricted"),
        ("h100-sxm", "MO", DATE(2023, 1, 17), DENIAL),
        ("h100-sxm", "SA", DATE(2024, 6, 1), "licence-approval"),
        ("h100-sxm", "DE", DATE(2024, 6, 1), "unrestricted"),
        ("h20", "CN", DATE(2025, 4, 9), DENIAL),
        ("h20", "CN", DATE(2025, 7, 14), CASE),
        ("h200-sxm", "CN", DATE(2026, 1, 14), DENIAL),
        ("h200-sxm", "CN", DATE(2026, 1, 15), CASE),
        ("b200", "CN", DATE(2026, 1, 15), DENIAL),
        ("b200", "US", DATE(2026, 1, 15), "unrestricted"),
        ("ascend-910b", "CN", DATE(2025, 6, 1), "unrestricted"),
        ("ascend-910b", "MY", DATE(2025, 6, 1), "prohibited"),
    ],
)
def test_worked_cases(device: str, country: str, date: datetime.date, expected: str) -> None:
    assert outcome(load_catalogue().accelerators[device], country, date, Policy()) == expected


def test_headquarters_override_geography() -> None:
    h100 = load_catalogue().accelerators["h100-sxm"]
    assert performance(h100) == pytest.approx(15_832, rel=1e-3)
    assert outcome(h100, "DE", DATE(2024, 1, 1), Policy(operator_country="CN")) == DENIAL
    assert outcome(h100, "DE", DATE(2024, 1, 1), Policy(operator_country="US")) == "unrestricted"
    assert outcome(h100, "DE", DATE(2023, 11, 16), Policy(operator_country="CN")) == DENIAL  # the letter of October
    assert outcome(h100, "DE", DATE(2023, 10, 1), Policy(operator_country="CN")) == "unrestricted"


def test_accepted_words_and_first_shipments() -> None:
    assert accepted(Policy.model_validate({"accept": ["licence"]})) == {"licence-approval", CASE}
    h20 = load_catalogue().accelerators["h20"].model_copy(update={"available": "2024-02"})
    assert not on_sale(h20, DATE(2024, 1, 31))
    assert on_sale(h20, DATE(2024, 2, 1))
    assert on_sale(h20.model_copy(update={"available": None}), DATE(1999, 1, 1))
