"""Where a plan says it comes from: hashes of its inputs, sources of its prices, names of its kits.

No amount follows from these words, so nothing else would notice if they were wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from planner.plan.plan import Plan
from planner.verification import bill
from planner.verification.bill import Purchase
from planner.verification.checks import Book
from planner.verification.facts import View
from planner.verification.tables import sound

ROUNDING = 1e-9
"""By how much a gap may pass the one asked for: rounding, no more."""


def check(view: View, book: Book, plan: Plan) -> None:
    """Check what the plan says about its origin."""
    _hashes(view, book, plan)
    _status(book, plan)
    for row in view.tables.bill:
        purchase = Purchase(row.kind, row.item, row.site, row.pool, row.period)
        origin = bill.price_origin(view, purchase)
        if origin is not None:
            found = (row.price_as_of, row.price_source, row.price_grade)
            book.text("price origin right", f"bill {purchase}", "date, source and grade", found, origin)
    for link in view.tables.links:
        where = f"pool {link.pool} {link.network} {link.link_class} period {link.period}"
        parts = sorted(link.parts_per_link)
        book.text("kits named by their parts", where, "kit of", sorted(link.kit.split("+")), parts)


def _hashes(view: View, book: Book, plan: Plan) -> None:
    """The instance as the plan stores it, and the catalogue with its overrides, are those the plan was made from."""
    said = plan.provenance if isinstance(plan.provenance, Mapping) else {}
    text = json.dumps(said.get("instance"), sort_keys=True, separators=(",", ":"))
    for name, found in (
        ("instance", hashlib.sha256(text.encode()).hexdigest()),
        ("catalogue", view.facts.catalogue.digest()),
    ):
        stated = said.get(f"{name}_sha256")
        detail = f"plan: {name} of hash {_short(stated)} stated, {_short(found)} found, which the other checks are by"
        book.record(f"{name} is the one solved", stated == found, detail)


def _status(book: Book, plan: Plan) -> None:
    """A plan is called optimal only where its own objective and bound lie within the gap that was asked for."""
    said = plan.provenance.get("solver") if isinstance(plan.provenance, Mapping) else None
    asked = said.get("gap") if isinstance(said, Mapping) else None
    if not book.record("asked gap stated", sound(asked), f"plan: gap {asked!r} in provenance.solver"):
        return
    if plan.status != "optimal" or not (sound(plan.objective, signed=True) and sound(plan.bound, signed=True)):
        return
    distance = max(0.0, plan.objective - plan.bound)
    gap = distance / abs(plan.objective) if plan.objective else float(distance > 0)
    proven = max(gap, plan.gap) <= float(asked or 0.0) + ROUNDING if sound(plan.gap) else False
    detail = f"plan: {plan.status}, gap {gap:.9g} by objective and bound, {plan.gap!r} stated, {asked!r} asked"
    book.record("optimal within the asked gap", proven, detail)


def _short(digest: object) -> str:
    return digest[:12] if isinstance(digest, str) else "none"
