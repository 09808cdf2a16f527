"""Sections that an instance leaves out."""

from __future__ import annotations

import pytest

from planner.instance import Instance
from planner.instance.choices import CatalogueChoice, FabricChoice, Oversubscription
from planner.instance.values import Record

SECTIONS = [
    default
    for model in (Instance, CatalogueChoice, FabricChoice)
    for field in model.model_fields.values()
    for default in (field.default if isinstance(field.default, tuple) else (field.default,))
    if isinstance(default, Record)
]


def test_the_sections_that_may_be_left_out_are_found() -> None:
    assert {type(section) for section in SECTIONS} >= {CatalogueChoice, FabricChoice, Oversubscription}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: type(section).__name__)
def test_a_section_left_out_is_an_empty_one(section: Record) -> None:
    """And its usual values pass the checks that typed ones must pass."""
    typed = type(section).model_validate({})
    assert section == typed
    assert section.model_fields_set == typed.model_fields_set == set()
    # round trip through the checks
    assert type(section).model_validate(section.model_dump(), strict=False) == section
