"""Where a plan says it comes from: hashes of its inputs, sources of its prices, names of its kits.

No amount follows from these words, so nothing else would notice if they were wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from planner.plan import Plan
from planner.verification import bill
from planner.verification.bill import Purchase
from planner.verification.checks import Book
from planner.verification.facts import View


def check(view: View, book: Book, plan: Plan) -> None:
    """Check what the plan says about its origin."""
    _hashes(view, book, plan)
    for row in view.tables.bill:
        purchase = Purchase(row.kind, row.item, row.site, row.pool, row.network, row.period)
        origin = bill.price_origin(view, purchase)
        if origin is not None:
            found = (row.price_as_of, row.price_source, row.price_estimate)
            book.text("price origin right", f"bill {purchase}", "date, source and estimate", found, origin)
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
        detail = f"plan: {name} of hash {_short(stated)} stated, {_short(found)} found"
        book.record(f"{name} is the one solved", stated == found, detail)


def _short(digest: object) -> str:
    return digest[:12] if isinstance(digest, str) else "none"
