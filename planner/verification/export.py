"""Whether a device may be shipped: a second reading of the US rules on advanced computing, as a table of rules.

Covers the entry 3A090 as of 2022-10-21 and 2023-11-17, the letters of 2025-04-09 and the case-by-case policy of
2026-01-15, for destinations and headquarters in country group D:5 and Macau and destinations in D:1 and D:4.
Planning data, not legal advice.
"""

from __future__ import annotations

import datetime

from planner.catalogue.entries import Accelerator

SCALE = ("unrestricted", "notification", "licence", "denied")
"""Outcomes, mildest first; where several rules apply the worst holds."""

_CHINA = ("CN", "HK")
_D5_BEYOND_CHINA = ("IQ", "LY", "VE", "MM", "NI", "LB", "AF", "SD", "SS", "SO", "CF", "CD", "ER", "HT", "ZW")
_D1_D4 = (
    "SA", "QA", "KW", "BH", "OM", "EG", "JO", "PK", "VN", "KZ", "KG", "UZ", "TJ", "TM", "AM",
    "AZ", "GE", "MD", "MN", "KH", "LA", "YE",
)  # fmt: skip
_EMBARGO = ("RU", "BY", "IR", "KP", "SY", "CU")
_NAMED_BY_GUIDANCE = ("ascend-910b", "ascend-910c", "ascend-910d")

_D = datetime.date
_FIRST, _MACAU, _SECOND = _D(2022, 10, 21), _D(2023, 1, 17), _D(2023, 11, 17)
_LETTERS, _GUIDANCE, _ASSURANCES = _D(2025, 4, 9), _D(2025, 5, 13), _D(2025, 7, 14)
_REVIEW, _UAE = _D(2026, 1, 15), _D(2026, 7, 10)


def outcome(device: Accelerator, country: str, date: datetime.date, headquarters: str | None) -> str:
    """Outcome of the rules in force on ``date`` for a device, a destination and the operator's headquarters.

    Without headquarters the operator is taken to be at home in ``country``.
    """
    if country == "US":
        return "unrestricted"
    if country in _EMBARGO:
        return "denied"
    if device.id.startswith(_NAMED_BY_GUIDANCE):
        return "denied" if date >= _GUIDANCE and country not in _CHINA else "unrestricted"
    if country in _CHINA and device.vendor_country in _CHINA:
        return "unrestricted"
    return max(
        _entry_2022(device, country, date),
        _entry_2023(device, country, date, headquarters or country),
        _letters(device, country, date, headquarters or country),
        key=SCALE.index,
    )


def performance(device: Accelerator) -> float | None:
    """Total processing performance: operations per second in tera times bit length, the largest over formats."""
    bits = {
        "fp32_tflops": 32, "fp16_tflops": 16, "fp8_tflops": 8, "int8_tops": 8, "fp4_tflops": 4, "int4_tops": 4,
    }  # fmt: skip
    products = [length * getattr(device, column) for column, length in bits.items() if getattr(device, column)]
    return max(products, default=None)


def _transfer_gbs(device: Accelerator) -> float:
    return sum(rate for rate in (device.scale_up_gbs, device.host_link_gbs) if rate)


def _in_d5(country: str, date: datetime.date) -> bool:
    return country in _CHINA or country in _D5_BEYOND_CHINA or (country == "MO" and date >= _MACAU)


def _entry_2022(device: Accelerator, country: str, date: datetime.date) -> str:
    """China (and Macau later) only; both speed of calculation and of transfer count."""
    if not _FIRST <= date < _SECOND:
        return "unrestricted"
    tpp = performance(device)
    if tpp is None:
        # The stricter branch is planned on, wherever a rule of the time might have meant the device.
        concerned = _in_d5(country, date) or country in _D1_D4 or country == "AE"
        return "licence" if concerned else "unrestricted"
    if country not in _CHINA and not (country == "MO" and date >= _MACAU):
        return "unrestricted"
    return "denied" if tpp >= 4800 and _transfer_gbs(device) >= 600 else "unrestricted"


def _paragraph(device: Accelerator) -> str:
    """Paragraph a or b of the entry since 2023-11-17, '' for none, '?' where a figure is missing."""
    tpp = performance(device)
    if tpp is None:
        return "?"
    if tpp >= 4800:
        return "a"
    if tpp < 1600 or not device.datacenter:
        return ""
    if device.die_mm2 is None:
        return "?"
    density = tpp / device.die_mm2
    if density >= 5.92:
        return "a"
    return "b" if density >= 3.2 or (tpp >= 2400 and density >= 1.6) else ""


def _entry_2023(device: Accelerator, country: str, date: datetime.date, headquarters: str) -> str:
    if date < _SECOND:
        return "unrestricted"
    found, tpp = _paragraph(device), performance(device)
    d5 = _in_d5(country, date) or _in_d5(headquarters, date)
    middle = country in _D1_D4 or (country == "AE" and date < _UAE)
    uae = country == "AE" and date >= _UAE
    if found == "?":
        return "licence" if d5 or middle else "unrestricted"
    if not found:
        return "unrestricted"
    strong = found == "a" and device.datacenter
    if d5:
        if not strong:
            return "notification"
        reviewed = (
            date >= _REVIEW
            and country in (*_CHINA, "MO")
            and device.vendor_country == "US"
            and device.year <= 2025
            and tpp is not None
            and tpp < 21_000
            and device.memory_gbs is not None
            and device.memory_gbs < 6_500
        )
        return "licence" if reviewed else "denied"
    return "licence" if strong and (middle or uae) else "unrestricted"


def _letters(device: Accelerator, country: str, date: datetime.date, headquarters: str) -> str:
    """Company letters to NVIDIA, AMD and Intel: memory bandwidth, transfer rate, or their sum."""
    if date < _LETTERS or device.vendor not in ("NVIDIA", "AMD", "Intel"):
        return "unrestricted"
    if not (_in_d5(country, date) or _in_d5(headquarters, date)):
        return "unrestricted"
    memory, transfer = device.memory_gbs or 0.0, _transfer_gbs(device)
    if memory < 1400 and transfer < 1100 and memory + transfer < 1700:
        return "unrestricted"
    return "denied" if date < _ASSURANCES else "licence"
