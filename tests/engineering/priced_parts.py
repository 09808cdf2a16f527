"""Catalogue rows with their latest prices, to build networks from."""

from __future__ import annotations

import datetime

from planner.catalogue import load_catalogue
from planner.engineering import networks

CATALOGUE = load_catalogue()


def price(kind: str, id: str) -> float | None:
    found = CATALOGUE.price(kind, id, datetime.date.max)
    return found.amount if found else None


PARTS = networks.Parts(CATALOGUE.switches, CATALOGUE.optics, price)
