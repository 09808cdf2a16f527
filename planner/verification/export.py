"""Whether a device may be ordered: a second reading of the rules on advanced computing, and of the sales calendar.

Written from the rules again, with groups and thresholds of its own, and compared with the first reading by tests.
Covers what ``policy`` can ask for. Planning data, not legal advice.
"""

from __future__ import annotations

import datetime

from planner.catalogue.entries import Accelerator
from planner.instance.choices import Policy

SCALE = (
    "unrestricted",
    "notification",
    "licence-approval",
    "licence-case-by-case",
    "licence-denial",
    "prohibited",
)
"""Outcomes, mildest first; where several rules apply the worst holds."""
FREE, NOTICE, APPROVAL, CASE, DENIAL, NEVER = SCALE

_CHINA = ("CN", "HK")
_EMBARGO = ("RU", "BY", "IR", "KP", "SY", "CU")
_D5 = (
    *_CHINA, *_EMBARGO,
    "IQ", "LY", "VE", "MM", "NI", "LB", "AF", "SD", "SS", "SO", "CF", "CD", "ER", "HT", "ZW",
)  # fmt: skip
_D1_D4 = (
    "SA", "QA", "KW", "BH", "OM", "EG", "JO", "PK", "VN", "KZ", "KG", "UZ", "TJ", "TM", "AM",
    "AZ", "GE", "MD", "MN", "KH", "LA", "YE",
)  # fmt: skip
_A6 = ("IL", "SG", "CY", "MT", "MX", "ZA", "AL", "TW")
_A5 = (
    "IN", "CH", "GB", "JP", "KR", "CA", "AU", "NZ", "NO", "IS", "TR", "AR", "AT", "BE", "BG", "HR", "CZ", "DK", "EE",
    "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
)  # fmt: skip
_SUPPLEMENT_8 = ("uae-government", "amazon", "apple", "google", "meta", "microsoft", "openai", "oracle", "xai")
_SUPPLEMENT_8_TO_2027 = ("g42", "core42")

_D = datetime.date
_AUGUST_2022, _FIRST, _MACAU, _OCTOBER_2023, _SECOND = (
    _D(2022, 8, 26), _D(2022, 10, 21), _D(2023, 1, 17), _D(2023, 10, 23), _D(2023, 11, 17),
)  # fmt: skip
_APPROVED_CENTRES, _LETTERS, _GUIDANCE, _DIFFUSION, _ASSURANCES = (
    _D(2024, 9, 30), _D(2025, 4, 9), _D(2025, 5, 13), _D(2025, 5, 15), _D(2025, 7, 14),
)  # fmt: skip
_STATE_MONEY, _CUSTOMS, _REVIEW, _UAE = _D(2025, 11, 5), _D(2026, 1, 14), _D(2026, 1, 15), _D(2026, 7, 10)


def accepted(policy: Policy) -> set[str]:
    """Outcomes the policy accepts, the word ``licence`` spelt out."""
    return {o for word in policy.accept for o in ((APPROVAL, CASE) if word == "licence" else (word,))}


def on_sale(device: Accelerator, date: datetime.date) -> bool:
    """Whether the device's first shipments begin in the month of the date or before."""
    return device.available is None or device.available <= f"{date:%Y-%m}"


def outcome(device: Accelerator, country: str, date: datetime.date, policy: Policy) -> str:
    """Outcome of the rules in force on ``date`` for a device, a destination and the terms of a policy.

    Without headquarters the operator is taken to be at home in ``country``.
    """
    if country == "US" or (country in _CHINA and device.vendor_country in _CHINA):
        return FREE
    home = policy.operator_country or country
    found = [_parties(country, date, policy), _uses(device, country, date, policy)]
    if device.vendor_country in (*_CHINA, "MO") and _paragraph(device):
        found.append(NEVER if date >= _GUIDANCE else FREE)
    else:
        found += [
            _entry_2022(device, country, date, home),
            _entry_2023(device, country, date, home, policy),
            _letters(device, country, date, home, policy),
        ]
    return max(found, key=SCALE.index)


def performance(device: Accelerator) -> float | None:
    """Total processing performance: operations per second in tera times bit length, the largest over formats."""
    bits = {
        "fp64_tflops": 64, "fp32_tflops": 32, "fp16_tflops": 16, "fp8_tflops": 8, "int8_tops": 8, "fp4_tflops": 4,
        "int4_tops": 4,
    }  # fmt: skip
    products = [length * getattr(device, column) for column, length in bits.items() if getattr(device, column)]
    return max(products, default=None)


def _named(device: Accelerator, families: tuple[str, ...]) -> bool:
    return any(device.id == family or device.id.startswith(family + "-") for family in families)


def _transfers(device: Accelerator, least: float) -> bool:
    """Whether both links together reach a rate, GB/s; an unknown link to the host is taken to be enough."""
    return device.host_link_gbs is None or (device.scale_up_gbs or 0) + device.host_link_gbs >= least


def _watched(country: str) -> bool:
    """In group D:5 or Macau."""
    return country in _D5 or country == "MO"


def _parties(country: str, date: datetime.date, policy: Policy) -> str:
    if country in _EMBARGO:
        return NEVER
    if policy.operator_listing == "listed":
        return DENIAL
    first_term = _D(2025, 9, 29) <= date <= _D(2025, 11, 9)
    second_term = date >= _D(2026, 11, 10) and "affiliates-stay-extended" not in policy.scenarios
    return DENIAL if policy.operator_listing == "majority-owned" and (first_term or second_term) else FREE


def _uses(device: Accelerator, country: str, date: datetime.date, policy: Policy) -> str:
    """What the accelerators are for, and what the host country adds."""
    if country == "CN" and date >= _STATE_MONEY and policy.end_use == "state-funded":
        return FREE if device.vendor_country in _CHINA else NEVER
    customs = "cn-customs" in policy.scenarios and date >= _CUSTOMS
    if country == "CN" and customs and _named(device, ("h20", "h200")):
        return NEVER
    if not _watched(country):
        return FREE
    if policy.end_use in ("military", "weapons"):
        return DENIAL
    return DENIAL if policy.end_use == "supercomputer" and date >= _FIRST else FREE


def _entry_2022(device: Accelerator, country: str, date: datetime.date, home: str) -> str:
    """China (and Macau later) only; both speed of calculation and of transfer count."""
    if not _FIRST <= date < _SECOND:
        return FREE
    if country not in _CHINA and not (country == "MO" and date >= _MACAU):
        return FREE
    tpp = performance(device)
    covered = (tpp is None or tpp >= 4800) and _transfers(device, 600)
    at_ease = home == "US" or home in _A5 or home in _A6
    return (CASE if at_ease else DENIAL) if covered else FREE


def _paragraph(device: Accelerator) -> str:
    """Paragraph a or b of the entry since 2023-11-17, '' for none; a missing figure counts as the stricter."""
    tpp = performance(device)
    if tpp is None or tpp >= 4800:
        return "a"
    if tpp < 1600 or not device.datacenter:
        return ""
    if device.die_mm2 is None:
        return "a"
    density = tpp / device.die_mm2
    if density >= 5.92:
        return "a"
    return "b" if density >= 3.2 or (tpp >= 2400 and density >= 1.6) else ""


def _entry_2023(device: Accelerator, country: str, date: datetime.date, home: str, policy: Policy) -> str:
    found = _paragraph(device)
    if date < _SECOND or not found:
        return FREE
    strong = found == "a" and device.datacenter
    if _watched(country) or _watched(home):
        if not strong:
            return NOTICE
        return CASE if _reviewed(device, country, date, policy) else DENIAL
    if found == "a" and "ai-diffusion" in policy.scenarios and date >= _DIFFUSION:
        return FREE  # by one exception or another, within caps
    if not strong:
        return FREE
    if country == "AE" and date >= _UAE:
        until_2027 = policy.consignee in _SUPPLEMENT_8_TO_2027 and date < _D(2027, 4, 6)
        return FREE if policy.consignee in _SUPPLEMENT_8 or until_2027 else APPROVAL
    if country in _D1_D4 or country == "AE":
        approved = policy.validated_end_user == "data-centre" and date >= _APPROVED_CENTRES
        return FREE if approved else APPROVAL
    return FREE


def _reviewed(device: Accelerator, country: str, date: datetime.date, policy: Policy) -> bool:
    """The policy of 2026-01-15: case by case for products that the US market had before, below two limits."""
    tpp = performance(device)
    sold = device.available <= "2026-01" if device.available is not None else device.year <= 2025
    return (
        date >= _REVIEW
        and country in (*_CHINA, "MO")
        and policy.shipped_from == "US"
        and device.vendor_country == "US"
        and sold
        and tpp is not None
        and tpp < 21_000
        and device.memory_gbs is not None
        and device.memory_gbs < 6_500
    )


def _letters(device: Accelerator, country: str, date: datetime.date, home: str, policy: Policy) -> str:
    """Letters to single companies, unless the policy leaves them out."""
    if "without-letters" in policy.scenarios:
        return FREE
    concerned = _watched(country) or _watched(home)
    tpp = performance(device)
    fast = tpp is None or tpp >= 4800
    if _AUGUST_2022 <= date < _FIRST and country in (*_CHINA, "RU") and device.vendor in ("NVIDIA", "AMD"):
        return CASE if fast and _transfers(device, 600) else FREE
    if _OCTOBER_2023 <= date < _SECOND and device.vendor == "NVIDIA" and device.datacenter and fast:
        if concerned:
            return DENIAL
        return APPROVAL if country in _D1_D4 or country == "AE" else FREE
    if date < _LETTERS or device.vendor not in ("NVIDIA", "AMD", "Intel") or not concerned:
        return FREE
    memory = device.memory_gbs
    if memory is not None and memory < 1400 and not _transfers(device, min(1100, 1700 - memory)):
        return FREE
    return DENIAL if date < _ASSURANCES else CASE
