"""Whether a device may be shipped to a destination at a date, by the US rules on advanced computing.

Planning data, not legal advice. The rules are data (``planner/catalogue/data/export_rules.toml``), dated and with
their Federal Register citations; ``decide`` judges one shipment by them, ``caps`` gives the quantity limits as one
linear row each. Total processing performance (TPP) and performance density are computed from catalogue columns.
"""

from __future__ import annotations

from planner.engineering.export_rules.caps import Cap, caps
from planner.engineering.export_rules.data import (
    OUTCOMES,
    EndUse,
    ExportRulesError,
    Outcome,
    Party,
    ValidatedEndUser,
    accepted,
    known_country,
    load_rules,
)
from planner.engineering.export_rules.decision import Decision, changes, decide, faults_of
from planner.engineering.export_rules.figures import figures, io_gbs, performance_density, tpp
from planner.engineering.export_rules.matching import Terms

__all__ = [
    "OUTCOMES",
    "Cap",
    "Decision",
    "EndUse",
    "ExportRulesError",
    "Outcome",
    "Party",
    "Terms",
    "ValidatedEndUser",
    "accepted",
    "caps",
    "changes",
    "decide",
    "faults_of",
    "figures",
    "io_gbs",
    "known_country",
    "load_rules",
    "performance_density",
    "tpp",
]
