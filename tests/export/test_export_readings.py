"""The second reading of the export rules, which verification uses, against the first, which the options use."""

from __future__ import annotations

import datetime
import itertools

import pytest

from planner.catalogue import load_catalogue
from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules import Terms, decide, known_country, load_rules
from planner.engineering.export_rules import tpp as first_tpp
from planner.instance.choices import Policy
from planner.verification.export import SCALE, outcome, performance

DEVICES = load_catalogue().accelerators
COUNTRIES = ("US", "CN", "HK", "MO", "IQ", "SA", "AE", "DE", "RU", "SG", "MY", "VN", "IL", "CU")
HEADQUARTERS = (None, "US", "CN", "SG")
FEW = ("CN", "MO", "SA", "AE", "DE", "MY", "RU")


def boundaries() -> list[datetime.date]:
    """Every date on which some rule begins or ends, and the day before."""
    rules = load_rules()
    clauses = [clause for rule in rules.rules for clause in rule.clauses]
    dates = {rule.effective for rule in rules.rules} | {rule.ends for rule in rules.rules}
    dates |= {clause.from_ for clause in clauses} | {c.ends for clause in clauses for c in clause.consignees}
    dates |= {m.first for country in rules.countries.values() for m in country if m.first > datetime.date.min}
    found = sorted(date for date in dates if date is not None)
    return sorted({day for date in found for day in (date - datetime.timedelta(days=1), date)})


def both(device: Accelerator, country: str, date: datetime.date, policy: Policy) -> tuple[str, str]:
    terms = Terms(
        policy.operator_country, policy.end_use, policy.operator_listing, policy.consignee,
        policy.validated_end_user, policy.shipped_from, frozenset(policy.scenarios),
    )  # fmt: skip
    return decide(device, country, date, terms).outcome, outcome(device, country, date, policy)


@pytest.mark.parametrize("home", HEADQUARTERS)
def test_both_agree_on_every_boundary(home: str | None) -> None:
    policy = Policy(operator_country=home)
    for device, country, date in itertools.product(one_of_each(), COUNTRIES, boundaries()):
        first, second = both(device, country, date, policy)
        assert first == second, (device.id, country, date, home)


VARIANTS = [
    {"end_use": "supercomputer"},
    {"end_use": "military"},
    {"end_use": "weapons", "operator_country": "CN"},
    {"end_use": "state-funded"},
    {"operator_listing": "listed"},
    {"operator_listing": "majority-owned"},
    {"operator_listing": "majority-owned", "scenarios": ["affiliates-stay-extended"]},
    {"consignee": "microsoft", "operator_country": "US"},
    {"consignee": "g42"},
    {"validated_end_user": "data-centre"},
    {"shipped_from": "TW"},
    {"scenarios": ["without-letters"]},
    {"scenarios": ["cn-customs", "supercomputer-envelope"]},
    {"scenarios": ["ai-diffusion"]},
    {"scenarios": ["ai-diffusion"], "operator_country": "US"},
    {"scenarios": ["ai-diffusion"], "operator_country": "CN"},
    {"scenarios": ["ai-diffusion"], "validated_end_user": "national"},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_both_agree_on_the_terms_of_the_order(variant: dict[str, object]) -> None:
    policy = Policy.model_validate(variant)
    for device, country, date in itertools.product(one_of_each()[::2], FEW, boundaries()):
        first, second = both(device, country, date, policy)
        assert first == second, (device.id, country, date, variant)


def one_of_each() -> list[Accelerator]:
    """A device for every way the rules can take, and three whose figures are missing."""
    names = (
        "a10", "a40", "a100-sxm-80", "a800-sxm-80", "h100-sxm", "h20", "h200-sxm", "b200", "l4", "l40s", "rtx-4090",
        "rtx-4090-d", "rtx-5090", "mi210", "mi250x", "mi300x", "gaudi-3", "tpu-v5e", "trainium-2", "biren-br100",
        "ascend-910", "ascend-910b", "mlu370-x8", "mlu590", "gh200", "a100-pcie-40",
    )  # fmt: skip
    lacking = [
        DEVICES["l4"].model_copy(update={"die_mm2": None}),
        DEVICES["h200-sxm"].model_copy(update={"memory_gbs": None}),
        DEVICES["h100-sxm"].model_copy(
            update={"fp32_tflops": None, "fp16_tflops": None, "fp8_tflops": None, "int8_tops": None}
        ),
    ]
    return [DEVICES[name] for name in names] + lacking


def test_both_compute_the_same_performance() -> None:
    for device in DEVICES.values():
        assert performance(device) == first_tpp(device), device.id


def test_the_scale_is_the_same() -> None:
    from planner.engineering.export_rules import OUTCOMES

    assert SCALE == OUTCOMES


def test_countries_of_the_grid_exist() -> None:
    assert all(map(known_country, COUNTRIES))
