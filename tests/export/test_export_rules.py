"""Export rules: the published table of devices by date, every boundary, and what the terms of an order change."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
from published_devices import CHINA_DATES, CLASSES, FREE_PLACES, PARAMETERS, PD, U

from planner.catalogue import load_catalogue
from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules import (
    OUTCOMES,
    ExportRulesError,
    Terms,
    accepted,
    decide,
    figures,
    load_rules,
    performance_density,
    tpp,
)

DEVICES = load_catalogue().accelerators
DAY = datetime.date.fromisoformat


WITHOUT = frozenset({"without-letters"})


def outcome(device: str | Accelerator, to: str, on: str, **terms: Any) -> str:
    row = DEVICES[device] if isinstance(device, str) else device
    return decide(row, to, DAY(on), Terms(**terms)).outcome


def made(**figures: Any) -> Accelerator:
    """A device of NVIDIA of given figures; low bandwidths, so that no letter covers it."""
    rest = {"fp32_tflops": None, "fp16_tflops": None, "int8_tops": None, "fp8_tflops": None, "int4_tops": None,
            "memory_gbs": 500.0, "scale_up_gbs": None, "host_link_gbs": 64.0, "id": "made", "name": "Made"}  # fmt: skip
    return DEVICES["a10"].model_copy(update={**rest, **figures})


def with_tpp(value: float, density: float | None = None, **others: Any) -> Accelerator:
    return made(int8_tops=value / 8, die_mm2=None if density is None else value / density, **others)


@pytest.mark.parametrize("id", PARAMETERS)
def test_performance_and_density_as_published(id: str) -> None:
    performance, die, density, io, _ = PARAMETERS[id]
    row = DEVICES[id]
    assert tpp(row) == pytest.approx(performance, rel=1e-9)
    if die is not None:
        assert row.die_mm2 == die
        assert performance_density(row) == pytest.approx(density, abs=0.0051)
    if io is not None:
        assert figures(row)["io_gbs"] == io


def test_performance_is_recomputed_for_every_device_that_has_a_rate() -> None:
    """By hand: the largest product of a rate and its bit length, and over the die area for the density."""
    for row in DEVICES.values():
        rates = [
            (64, row.fp64_tflops), (32, row.fp32_tflops), (16, row.fp16_tflops), (8, row.fp8_tflops),
            (8, row.int8_tops), (4, row.fp4_tflops), (4, row.int4_tops),
        ]  # fmt: skip
        largest = max(bits * (rate or 0) for bits, rate in rates)
        assert tpp(row) == largest > 0
        assert performance_density(row) == (largest / row.die_mm2 if row.die_mm2 else None)


@pytest.mark.parametrize("id", CLASSES)
def test_classes_of_the_published_table(id: str) -> None:
    paragraph, china, middle, later = CLASSES[id]
    row = DEVICES[id]
    assert [outcome(id, "CN", date) for date in CHINA_DATES] == list(china)
    assert {outcome(id, place, "2023-11-17") for place in ("AE", "SA")} == {middle}
    assert {outcome(id, place, "2026-07-10") for place in ("AE", "SA")} == {later}
    dates = ("2022-01-01", *CHINA_DATES, "2026-09-30")
    assert {outcome(id, place, date) for place in FREE_PLACES for date in dates} == {U}
    assert decide(row, "CN", DAY("2023-11-17")).paragraph == paragraph
    for place in ("MO", "IQ"):
        assert outcome(id, place, "2023-11-17") == china[1]


def test_device_that_only_the_letters_reach() -> None:
    """RTX 5090 D: TPP 4,750 and not for data centres, so no paragraph; 1,792 GB/s of memory is above 1,400."""
    full = made(fp4_tflops=1187.5, datacenter=False, memory_gbs=1792.0, host_link_gbs=128.0)
    assert [outcome(full, "CN", date) for date in CHINA_DATES] == [U, U, PD, *["licence-case-by-case"] * 2]
    assert {outcome(full, place, "2026-07-10") for place in ("AE", "SA")} == {U}
    cut = full.model_copy(update={"memory_gbs": 1344.0})
    assert outcome(cut, "CN", "2025-05-01") == U


@pytest.mark.parametrize(
    ("device", "paragraph"),
    [
        (with_tpp(4800, 1.0), "3A090.a.1"),
        (with_tpp(4799.9, 1.59), ""),
        (with_tpp(4799.9, 5.92), "3A090.a.2"),
        (with_tpp(1600, 5.92), "3A090.a.2"),
        (with_tpp(1599.9, 20), ""),
        (with_tpp(2400, 1.6), "3A090.b.1"),
        (with_tpp(2400, 1.59), ""),
        (with_tpp(2399.9, 1.6), ""),
        (with_tpp(2399.9, 3.2), "3A090.b.2"),
        (with_tpp(1600, 3.2), "3A090.b.2"),
        (with_tpp(1600, 3.19), ""),
        (with_tpp(1600, 5.91), "3A090.b.2"),
        (with_tpp(4799.9, 6, datacenter=False), ""),
        (with_tpp(4800, 1, datacenter=False), "3A090.a.1"),
    ],
)
def test_thresholds_of_the_entry_of_2023(device: Accelerator, paragraph: str) -> None:
    assert decide(device, "CN", DAY("2023-11-17")).paragraph == paragraph
    assert outcome(device, "CN", "2023-11-16", scenarios=WITHOUT) == U


@pytest.mark.parametrize(
    ("performance", "io", "expected"), [(4800, 600, PD), (4799.9, 600, U), (4800, 599.9, U), (6000, 900, PD)]
)
def test_thresholds_of_the_entry_of_2022(performance: float, io: float, expected: str) -> None:
    device = with_tpp(performance, 1.0, scale_up_gbs=io - 64)
    assert outcome(device, "CN", "2022-10-21") == expected
    assert outcome(device, "CN", "2022-10-20", scenarios=WITHOUT) == U
    assert outcome(device, "IQ", "2022-10-21") == U


@pytest.mark.parametrize(
    ("memory", "io", "expected"),
    [(1400, 64, PD), (1399, 64, U), (500, 1100, PD), (500, 1099, U), (1000, 700, PD), (1000, 699, U)],
)
def test_thresholds_of_the_letters_of_2025(memory: float, io: float, expected: str) -> None:
    device = with_tpp(1000, 1.0, memory_gbs=float(memory), scale_up_gbs=None, host_link_gbs=float(io))
    assert outcome(device, "CN", "2025-04-09") == expected
    assert outcome(device, "CN", "2025-04-08") == U
    assert outcome(device.model_copy(update={"vendor": "Google"}), "CN", "2025-04-09") == U


@pytest.mark.parametrize(
    ("performance", "memory", "expected"),
    [(20_999, 6499, "licence-case-by-case"), (21_000, 6499, PD), (20_999, 6500, PD), (20_999, None, PD)],
)
def test_thresholds_of_the_review_of_2026(performance: float, memory: float | None, expected: str) -> None:
    device = with_tpp(performance, 20, memory_gbs=memory)
    assert outcome(device, "CN", "2026-01-15") == expected
    assert outcome(device, "CN", "2026-01-14") == PD
    assert outcome(device, "IQ", "2026-01-15") == PD
    assert outcome(device, "CN", "2026-01-15", shipped_from="TW") == PD
    new = device.model_copy(update={"available": "2026-02"})
    assert outcome(new, "CN", "2026-02-15") == PD


@pytest.mark.parametrize(
    ("device", "to", "on", "terms", "expected"),
    [
        ("h100-sxm", "MO", "2023-01-16", {}, U),
        ("h100-sxm", "MO", "2023-01-17", {}, PD),
        ("h100-sxm", "CN", "2023-01-01", {"headquarters": "US"}, "licence-case-by-case"),
        ("h100-sxm", "CN", "2023-01-01", {"headquarters": "SG"}, "licence-case-by-case"),
        ("h100-sxm", "CN", "2023-01-01", {"headquarters": "MY"}, PD),
        ("h100-sxm", "CN", "2024-01-01", {"headquarters": "US"}, PD),
        ("h100-sxm", "DE", "2023-10-22", {"headquarters": "CN"}, U),
        ("h100-sxm", "DE", "2023-11-16", {"headquarters": "CN"}, PD),  # by the letter
        ("h100-sxm", "DE", "2023-11-17", {"headquarters": "CN"}, PD),
        ("h100-sxm", "MY", "2026-02-01", {"headquarters": "CN"}, PD),
        ("a40", "SG", "2024-01-01", {"headquarters": "MO"}, "notification"),
        ("h100-sxm", "SA", "2024-06-01", {"headquarters": "CN"}, PD),
        ("h100-sxm", "AE", "2026-07-10", {"consignee": "microsoft"}, U),
        ("h100-sxm", "AE", "2026-07-09", {"consignee": "microsoft"}, "licence-approval"),
        ("h100-sxm", "AE", "2027-04-05", {"consignee": "g42"}, U),
        ("h100-sxm", "AE", "2027-04-06", {"consignee": "g42"}, "licence-approval"),
        ("h100-sxm", "AE", "2026-07-10", {"consignee": "microsoft", "headquarters": "CN"}, PD),
        ("h100-sxm", "SA", "2024-09-29", {"validated_end_user": "data-centre"}, "licence-approval"),
        ("h100-sxm", "SA", "2024-09-30", {"validated_end_user": "data-centre"}, U),
        ("h100-sxm", "IL", "2024-01-01", {}, U),
        ("t4", "RU", "2024-01-01", {}, "prohibited"),
        ("h100-sxm", "US", "2024-01-01", {"headquarters": "CN"}, U),
        ("t4", "CN", "2022-10-20", {"end_use": "supercomputer"}, U),
        ("t4", "CN", "2022-10-21", {"end_use": "supercomputer"}, PD),
        ("t4", "CN", "2021-01-01", {"end_use": "military"}, PD),
        ("t4", "DE", "2024-01-01", {"end_use": "military"}, U),
        ("t4", "DE", "2024-01-01", {"party": "listed"}, PD),
        ("t4", "DE", "2025-09-28", {"party": "majority-owned"}, U),
        ("t4", "DE", "2025-09-29", {"party": "majority-owned"}, PD),
        ("t4", "DE", "2025-11-10", {"party": "majority-owned"}, U),
        ("t4", "DE", "2026-11-10", {"party": "majority-owned"}, PD),
        ("a10", "CN", "2025-11-04", {"end_use": "state-funded"}, U),
        ("a10", "CN", "2025-11-05", {"end_use": "state-funded"}, "prohibited"),
        ("ascend-910", "CN", "2025-11-05", {"end_use": "state-funded"}, U),
        ("biren-br100", "CN", "2025-01-01", {}, U),
        ("ascend-910b", "CN", "2026-01-01", {}, U),
        ("ascend-910b", "MY", "2025-05-12", {}, U),
        ("ascend-910b", "MY", "2025-05-13", {}, "prohibited"),
        ("ascend-910c", "DE", "2025-05-13", {}, "prohibited"),
        ("h20", "CN", "2025-07-13", {}, PD),
        ("h20", "CN", "2025-07-14", {}, "licence-case-by-case"),
        ("h20", "CN", "2026-02-01", {"scenarios": frozenset({"cn-customs"})}, "prohibited"),
        ("a100-sxm-80", "CN", "2022-09-02", {}, "licence-case-by-case"),  # the letter of 2022-08-26
        ("a100-pcie-40", "CN", "2022-08-26", {}, "licence-case-by-case"),
        ("mi250x", "RU", "2022-02-23", {}, "prohibited"),
        ("mi250x", "CN", "2022-08-26", {}, "licence-case-by-case"),
        ("mi210", "CN", "2022-09-02", {}, U),  # TPP 2,899, below the level of the A100
        ("gaudi-2", "CN", "2022-09-02", {}, U),  # Intel had no letter
        ("a100-sxm-80", "CN", "2022-08-25", {}, U),
        ("a100-sxm-80", "CN", "2022-09-02", {"scenarios": WITHOUT}, U),
        ("a800-sxm-80", "CN", "2022-09-02", {}, U),  # 464 GB/s, made for this
        ("a800-sxm-80", "CN", "2023-10-22", {}, U),
        ("a800-sxm-80", "CN", "2023-10-23", {}, PD),
        ("a800-sxm-80", "CN", "2023-10-23", {"scenarios": WITHOUT}, U),
        ("l40s", "SA", "2023-10-23", {}, "licence-approval"),
        ("l40s", "IL", "2023-10-23", {}, U),
        ("l40s", "SA", "2023-10-23", {"headquarters": "CN"}, PD),
        ("l40s", "DE", "2023-10-23", {}, U),
        ("rtx-4090", "CN", "2023-10-23", {}, U),  # not marketed for data centres
        ("mi250x", "CN", "2023-10-23", {"headquarters": "US"}, "licence-case-by-case"),  # the law of 2022, no letter
        ("h20", "CN", "2025-05-01", {"scenarios": WITHOUT}, U),
        ("biren-br100", "MY", "2025-08-01", {}, "prohibited"),  # TPP 16,384, designed in China
        ("biren-br100", "MY", "2025-05-12", {}, U),
        ("biren-br104", "US", "2025-08-01", {}, U),
        ("metax-c500-oam", "DE", "2025-08-01", {}, "prohibited"),  # 4,480 with an unknown die: the stricter branch
        ("moore-threads-s3000", "DE", "2025-08-01", {}, U),  # TPP 486
        ("mlu370-s4", "DE", "2025-08-01", {}, U),  # TPP 1,536, below 1,600 whatever the die
        ("h100-sxm", "DE", "2025-06-01", {"scenarios": frozenset({"ai-diffusion"}), "headquarters": "US"}, U),
        ("h100-sxm", "CN", "2025-06-01", {"scenarios": frozenset({"ai-diffusion"})}, PD),
    ],
)  # fmt: skip
def test_places_owners_uses_and_scenarios(device: str, to: str, on: str, terms: dict[str, Any], expected: str) -> None:
    assert outcome(device, to, on, **terms) == expected


def test_exceptions_are_named() -> None:
    def exception(device: str, to: str, on: str, **terms: Any) -> str:
        return decide(DEVICES[device], to, DAY(on), Terms(**terms)).exception

    assert exception("a40", "CN", "2024-01-01") == "NAC"
    assert exception("a40", "SA", "2024-01-01") == "ACA"
    assert exception("h100-sxm", "AE", "2026-07-10", consignee="meta") == "Supplement 8"
    diffusion = frozenset({"ai-diffusion"})
    assert exception("h100-sxm", "DE", "2025-06-01", scenarios=diffusion, headquarters="US") == "AIA"
    assert exception("h100-sxm", "SA", "2025-06-01", scenarios=diffusion) == "LPP"
    assert exception("rtx-4090", "SA", "2025-06-01", scenarios=diffusion) == "ACA"


def test_reasons_carry_paragraph_figure_and_margin() -> None:
    denied = decide(DEVICES["h100-sxm"], "CN", DAY("2024-01-15"))
    assert (denied.rule, denied.paragraph, denied.status) == ("us-2023-d5", "3A090.a.1", "law")
    assert "TPP 15,832 >= 4,800" in denied.reason
    assert "88 FR 73458" in denied.citation
    close = decide(DEVICES["a10"], "CN", DAY("2024-01-15")).reason
    assert "performance density 3.183 < 3.2" in close
    smaller = DEVICES["a10"].model_copy(update={"die_mm2": 625.0})
    assert outcome(smaller, "CN", "2024-01-15") == "notification"
    reviewed = decide(DEVICES["h200-sxm"], "CN", DAY("2026-01-15"))
    assert reviewed.citation.startswith("91 FR 1684")
    assert any("us_shipments" in note for note in reviewed.notes)


def test_missing_figure_is_named_and_the_stricter_branch_taken() -> None:
    no_die = DEVICES["l4"].model_copy(update={"die_mm2": None})
    found = decide(no_die, "CN", DAY("2024-01-01"))
    assert (found.outcome, found.missing) == (PD, ("the die area",))
    assert "the die area is missing" in found.reason
    no_rate = made()
    found = decide(no_rate, "CN", DAY("2024-01-01"))
    assert found.missing == ("a rate at any precision",)
    assert outcome(no_rate, "DE", "2024-01-01") == U
    assert decide(with_tpp(1500), "CN", DAY("2024-01-01")).missing == ()  # too slow whatever its die


def test_what_rests_on_a_letter_says_so() -> None:
    """And only that: the H100 of 2025 meets a paragraph of law as well, H20 the letter alone."""
    found = decide(DEVICES["a100-sxm-80"], "CN", DAY("2022-09-15"))
    assert (found.status, found.without_letters) == ("letter", U)
    assert "not on a published rule" in found.letter_sentence
    assert "without-letters" in found.letter_sentence
    assert decide(DEVICES["h20"], "CN", DAY("2025-05-01")).without_letters == U
    assert decide(DEVICES["mi210"], "CN", DAY("2025-05-01")).without_letters == "notification"
    law = decide(DEVICES["h100-sxm"], "CN", DAY("2025-05-01"))
    assert (law.status, law.without_letters, law.letter_sentence) == ("law", "", "")
    left_out = decide(DEVICES["a100-sxm-80"], "CN", DAY("2022-09-15"), Terms(scenarios=WITHOUT))
    assert (left_out.outcome, left_out.without_letters) == (U, "")


def test_a_host_link_that_is_not_known_is_not_taken_for_none() -> None:
    """372 GB/s between chips and a host link of unknown rate may make 600: the stricter branch of 2022."""
    device = with_tpp(5520, 1.0, scale_up_gbs=372.0, host_link_gbs=None)
    found = decide(device, "CN", DAY("2022-10-21"))
    assert (found.outcome, found.missing) == (PD, ("the host link",))
    enough = device.model_copy(update={"scale_up_gbs": 600.0})
    assert decide(enough, "CN", DAY("2022-10-21")).missing == ()
    assert outcome(device.model_copy(update={"host_link_gbs": 64.0}), "CN", "2022-10-21") == U


def test_guidance_follows_the_design_and_the_figures() -> None:
    """A part made up to meet 3A090.b.1 is covered if designed in Hong Kong, and noted where it stays at home."""
    part = with_tpp(2400, 1.6, vendor="Any", vendor_country="HK")
    assert outcome(part, "DE", "2025-05-13") == "prohibited"
    assert outcome(part.model_copy(update={"vendor_country": "TW"}), "DE", "2025-05-13") == U
    home = decide(part, "CN", DAY("2025-05-13"))
    assert home.outcome == U
    assert any("General Prohibition 10" in note for note in home.notes)
    slow = with_tpp(2400, 1.5, vendor="Any", vendor_country="HK")
    assert outcome(slow, "DE", "2025-05-13") == U
    assert decide(slow, "CN", DAY("2025-05-13")).notes == ()


def test_duty_is_told_by_its_bands() -> None:
    """Section 232: TPP 14,000 to 17,500 with 4,500 to 5,000 GB/s, or 20,800 to 21,100 with 5,800 to 6,200."""

    def told(performance: float, memory: float) -> bool:
        notes = decide(with_tpp(performance, 20, memory_gbs=memory), "CN", DAY("2026-02-01")).notes
        return any("section 232" in note for note in notes)

    assert told(15832, 4800)
    assert told(20919.2, 6000)
    assert not told(15832, 3350)
    assert not told(20919.2, 5300)
    assert not told(17500, 4800)


def test_dates_outside_the_data_are_flagged() -> None:
    rules = load_rules()
    early = decide(DEVICES["t4"], "CN", rules.begins - datetime.timedelta(days=1)).notes
    assert any("begin on 2022-08-26" in note for note in early)
    late = decide(DEVICES["t4"], "CN", rules.reaches + datetime.timedelta(days=1)).notes
    assert any(f"reach to {rules.reaches}" in note for note in late)
    assert decide(DEVICES["t4"], "CN", rules.reaches).notes == ()


def test_unknown_words_are_refused_all_at_once() -> None:
    with pytest.raises(ExportRulesError) as caught:
        decide(DEVICES["t4"], "XX", DAY("2024-01-01"), Terms("YY", consignee="nobody", scenarios=frozenset({"what"})))
    assert len(caught.value.faults) == 4
    assert all(word in str(caught.value) for word in ("'XX'", "'YY'", "'nobody'", "'what'"))


def test_every_rule_is_dated_cited_and_sourced() -> None:
    rules = load_rules()
    assert len({rule.id for rule in rules.rules}) == len(rules.rules)
    for rule in rules.rules:
        assert rule.citation
        assert rule.ends is None or rule.effective is None or rule.effective < rule.ends
        named = {rule.scenario, rule.without_scenario} - {None}
        assert named <= set(rules.scenarios)
        assert set(rule.supersedes) <= {other.id for other in rules.rules}
        assert {cap for clause in rule.clauses for step in clause.steps for cap in step.caps} <= set(rules.caps)
        groups = {group for country in rules.countries.values() for m in country for group in m.groups}
        for places in (rule.to, rule.not_to, rule.concerns, rule.headquarters, rule.not_headquarters):
            assert set(places) <= groups | set(rules.countries)


def test_more_performance_is_never_treated_more_mildly() -> None:
    """Since 2023-11-17, at a fixed die: TPP and density grow together. Before it, at fixed I/O."""
    dates = ("2022-10-21", "2023-11-17", "2025-04-09", "2026-01-15")
    for to, on, marketed in itertools.product(("CN", "SA", "DE"), dates, (True, False)):
        found = [
            OUTCOMES.index(outcome(with_tpp(t, t / 800, datacenter=marketed, scale_up_gbs=600), to, on))
            for t in range(500, 30_000, 250)
        ]
        assert found == sorted(found), (to, on, marketed)


def test_accepted_words() -> None:
    assert accepted(["licence"]) == {"licence-approval", "licence-case-by-case"}
    assert accepted(OUTCOMES[:3]) == set(OUTCOMES[:3])
