"""Whether a device may be shipped to a destination at a date, by the US rules on advanced computing.

Planning data, not legal advice; data reach 2026-10. What is covered: the entry 3A090 as of 21 October 2022
(87 FR 62186) and 17 November 2023 (88 FR 73458), the notification exception NAC, the company letters of
9 April 2025 and the case-by-case policy of 15 January 2026 (91 FR 1684), for destinations in country group D:5
and Macau, operators headquartered there, and groups D:1 and D:4. Total processing performance (TPP) and
performance density are computed from catalogue columns, never typed.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from planner.catalogue.entries import Accelerator

Outcome = Literal["unrestricted", "notification", "licence", "denied"]

# 15 CFR 740 Supp. 1, as of 2026-09-24. Macau is treated as D:5 by name from 2023-01-17.
EMBARGOED = frozenset({"RU", "BY", "IR", "KP", "SY", "CU"})
CHINA = frozenset({"CN", "HK"})
GROUP_D5 = CHINA | frozenset({"IQ", "LY", "VE", "MM", "NI", "LB", "AF", "SD", "SS", "SO", "CF", "CD", "ER", "HT", "ZW"})
GROUP_D1_D4 = frozenset(
    {"SA", "QA", "KW", "BH", "OM", "EG", "JO", "PK", "VN", "KZ", "KG", "UZ", "TJ", "TM", "AM", "AZ", "GE", "MD", "MN",
     "KH", "LA", "YE"}
)  # fmt: skip

ENTRY_2022 = datetime.date(2022, 10, 21)
MACAU_2023 = datetime.date(2023, 1, 17)
ENTRY_2023 = datetime.date(2023, 11, 17)
LETTERS_2025 = datetime.date(2025, 4, 9)
CASE_BY_CASE_2025 = datetime.date(2025, 7, 14)
CASE_BY_CASE_2026 = datetime.date(2026, 1, 15)
UAE_2026 = datetime.date(2026, 7, 10)
GUIDANCE_2025 = datetime.date(2025, 5, 13)
# General Prohibition 10 guidance of 2025-05-13 names these; their use outside China is a hazard.
SUSPECT = ("ascend-910b", "ascend-910c", "ascend-910d")
LETTER_VENDORS = ("NVIDIA", "AMD", "Intel")


@dataclass(frozen=True)
class Decision:
    """Outcome of the export rules and the sentence that explains it."""

    outcome: Outcome
    reason: str


def tpp(device: Accelerator) -> float | None:
    """Total processing performance: dense TOPS times bit length, the largest over formats (3A090 note).

    H100: 1,979 TFLOP/s at 8 bit gives 15,832. None when the row has no rate at 16 bits or fewer.
    """
    rates = (
        (device.fp16_tflops, 16),
        (device.fp8_tflops, 8),
        (device.int8_tops, 8),
        (device.fp4_tflops, 4),
        (device.int4_tops, 4),
        (device.fp32_tflops, 32),
    )
    found = [rate * bits for rate, bits in rates if rate is not None]
    return max(found) if found else None


def io_gbs(device: Accelerator) -> float:
    """Bidirectional transfer rate to other chips, GB/s: scale-up links plus host link (unknown parts count 0)."""
    return (device.scale_up_gbs or 0) + (device.host_link_gbs or 0)


def classify(device: Accelerator, date: datetime.date) -> str:
    """Paragraph of 3A090 that the device meets at ``date``: 'a', 'b', '2022', '' (none) or 'unknown'."""
    performance = tpp(device)
    if performance is None:
        return "unknown" if date >= ENTRY_2022 else ""
    if date < ENTRY_2022:
        return ""
    if date < ENTRY_2023:
        return "2022" if performance >= 4800 and io_gbs(device) >= 600 else ""
    if not device.datacenter and performance < 4800:
        return ""
    if performance >= 4800:
        return "a"
    if performance < 1600:
        return ""
    if device.die_mm2 is None:
        return "unknown"
    density = performance / device.die_mm2
    if density >= 5.92:
        return "a"
    if (performance >= 2400 and density >= 1.6) or density >= 3.2:
        return "b"
    return ""


def decide(device: Accelerator, country: str, date: datetime.date, headquarters: str | None = None) -> Decision:
    """Outcome for one device, destination country, order date and country of the operator's headquarters.

    Args:
        device: catalogue row.
        country: ISO code of the site.
        date: order date.
        headquarters: ISO code of the operator's headquarters; None takes ``country``.
    """
    if country == "US":
        return Decision("unrestricted", "no export: the site is in the United States")
    if country in EMBARGOED:
        return Decision("denied", f"{country} is under embargo (15 CFR 746)")
    if device.id.startswith(SUSPECT):
        if country in CHINA or date < GUIDANCE_2025:
            return Decision("unrestricted", "Chinese device; General Prohibition 10 guidance from 2025-05-13 applies")
        return Decision("denied", "General Prohibition 10 guidance of 2025-05-13 covers this device")
    if device.vendor_country in CHINA and country in CHINA:
        return Decision("unrestricted", "domestic device in China")

    group_d5 = country in GROUP_D5 or (country == "MO" and date >= MACAU_2023)
    owner_d5 = date >= ENTRY_2023 and (headquarters or country) in GROUP_D5 | {"MO"}
    group_d1_d4 = country in GROUP_D1_D4 or (country == "AE" and date < UAE_2026)
    paragraph = classify(device, date)
    performance = tpp(device)
    figures = "TPP unknown" if performance is None else f"TPP {performance:,.0f}"

    if paragraph == "unknown" and (group_d5 or owner_d5 or group_d1_d4):
        missing = "a rate at 16 bits or fewer" if performance is None else "the die area"
        return Decision("licence", f"{figures}; {missing} is missing, so the stricter branch is taken")
    if paragraph == "2022" and (country in CHINA or (country == "MO" and group_d5)):
        return Decision("denied", f"3A090 of 2022-10-21: {figures} >= 4,800 and I/O {io_gbs(device):,.0f} GB/s >= 600")
    decision = Decision("unrestricted", f"{figures}: no rule in force covers it for {country}")
    if paragraph in ("a", "b"):
        strong = paragraph == "a" and device.datacenter
        name = f"3A090.{paragraph} of 2023-11-17: {figures}"
        if group_d5 or owner_d5:
            if not strong:
                decision = Decision("notification", f"{name}; licence exception NAC with 25 days' notice")
            elif (
                date >= CASE_BY_CASE_2026
                and country in CHINA | {"MO"}
                and device.vendor_country == "US"
                and performance is not None
                and performance < 21_000
                and (device.memory_gbs or float("inf")) < 6_500
                and device.year < 2026
            ):
                decision = Decision("licence", f"{name} < 21,000: case by case since 2026-01-15 (91 FR 1684)")
            else:
                decision = Decision("denied", f"{name}; presumption of denial for data-centre devices")
        elif country == "AE" and date >= UAE_2026:
            decision = Decision("licence" if strong else "unrestricted", f"{name}; rule for the UAE of 2026-07-10")
        elif group_d1_d4:
            decision = Decision(
                "licence" if strong else "unrestricted", f"{name}; country groups D:1 and D:4 (exception ACA below .a)"
            )
    if date >= LETTERS_2025 and (group_d5 or owner_d5) and device.vendor in LETTER_VENDORS:
        memory, io = device.memory_gbs or 0, io_gbs(device)
        if (memory >= 1400 or io >= 1100 or memory + io >= 1700) and decision.outcome != "denied":
            outcome: Outcome = "denied" if date < CASE_BY_CASE_2025 else "licence"
            return Decision(outcome, f"company letters of 2025-04-09: memory {memory:,.0f} GB/s, I/O {io:,.0f} GB/s")
    return decision
