"""The second reading of the export rules against the worked table and against the first reading."""

from __future__ import annotations

import datetime
import itertools

import pytest

from planner.catalogue import load_catalogue
from planner.engineering.export_rules import decide
from planner.verification.export import outcome, performance

DATE = datetime.date
DATES = [
    DATE(2022, 1, 1), DATE(2022, 10, 20), DATE(2022, 10, 21), DATE(2023, 1, 16), DATE(2023, 1, 17), DATE(2023, 11, 16),
    DATE(2023, 11, 17), DATE(2025, 4, 8), DATE(2025, 4, 9), DATE(2025, 5, 12), DATE(2025, 5, 13), DATE(2025, 7, 13),
    DATE(2025, 7, 14), DATE(2026, 1, 14), DATE(2026, 1, 15), DATE(2026, 7, 9), DATE(2026, 7, 10),
]  # fmt: skip


@pytest.mark.parametrize(
    ("device", "country", "date", "expected"),
    [
        ("a100-sxm-80", "CN", DATE(2022, 10, 20), "unrestricted"),
        ("a100-sxm-80", "CN", DATE(2022, 10, 21), "denied"),
        ("a800-sxm-80", "CN", DATE(2023, 7, 1), "unrestricted"),
        ("a800-sxm-80", "CN", DATE(2023, 11, 17), "denied"),
        ("h100-sxm", "MO", DATE(2023, 1, 16), "unrestricted"),
        ("h100-sxm", "MO", DATE(2023, 1, 17), "denied"),
        ("h100-sxm", "SA", DATE(2024, 6, 1), "licence"),
        ("h100-sxm", "DE", DATE(2024, 6, 1), "unrestricted"),
        ("h20", "CN", DATE(2025, 4, 9), "denied"),
        ("h20", "CN", DATE(2025, 7, 14), "licence"),
        ("h200-sxm", "CN", DATE(2026, 1, 14), "denied"),
        ("h200-sxm", "CN", DATE(2026, 1, 15), "licence"),
        ("b200", "CN", DATE(2026, 1, 15), "denied"),
        ("b200", "US", DATE(2026, 1, 15), "unrestricted"),
        ("ascend-910b", "CN", DATE(2025, 6, 1), "unrestricted"),
        ("ascend-910b", "MY", DATE(2025, 6, 1), "denied"),
    ],
)
def test_worked_cases(device: str, country: str, date: datetime.date, expected: str) -> None:
    assert outcome(load_catalogue().accelerators[device], country, date, None) == expected


def test_headquarters_override_geography() -> None:
    h100 = load_catalogue().accelerators["h100-sxm"]
    assert performance(h100) == pytest.approx(15_832, rel=1e-3)
    assert outcome(h100, "DE", DATE(2024, 1, 1), "CN") == "denied"
    assert outcome(h100, "DE", DATE(2024, 1, 1), "US") == "unrestricted"
    assert outcome(h100, "DE", DATE(2023, 11, 16), "CN") == "unrestricted"


def test_two_readings_agree() -> None:
    countries = ("US", "CN", "HK", "MO", "IQ", "SA", "AE", "DE", "RU", "SG", "MY", "VN")
    for device in load_catalogue().accelerators.values():
        for country, date, home in itertools.product(countries, DATES, (None, "US", "CN", "MO")):
            first, second = decide(device, country, date, home).outcome, outcome(device, country, date, home)
            assert first == second, (device.id, country, date, home)
