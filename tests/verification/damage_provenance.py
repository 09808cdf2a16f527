"""Damage to what a plan says of its origin; no amount follows from it."""

from __future__ import annotations

from damage import Draft, alter, mutation

ORIGIN = ("provenance", "price origin right", "bill")

alter("another source of a price", *ORIGIN, "price_source", lambda r: "a friend")
alter("another date of a price", *ORIGIN, "price_as_of", lambda r: "1999-01-01")
alter("a price better known than it is", *ORIGIN, "price_grade", lambda r: "tender")
alter("another source of the power train's price", *ORIGIN, "price_source", lambda r: "a friend",
      lambda r: r["kind"] == "facility")  # fmt: skip
alter("kit by another name", "provenance", "kits named by their parts", "links", "kit", lambda r: "string")


@mutation("instance edited after solving", "provenance", "instance is the one solved")
def _(draft: Draft) -> None:
    held = {**draft.plan.provenance["instance"], "description": "not the one"}
    draft.changes["provenance"] = {**draft.plan.provenance, "instance": held}


@mutation("another catalogue", "provenance", "catalogue is the one solved")
def _(draft: Draft) -> None:
    draft.changes["provenance"] = {**draft.plan.provenance, "catalogue_sha256": "0" * 64}


@mutation("no hash of the instance", "provenance", "instance is the one solved")
def _(draft: Draft) -> None:
    draft.changes["provenance"] = {k: v for k, v in draft.plan.provenance.items() if k != "instance_sha256"}


@mutation("optimal with a larger gap than asked", "provenance", "optimal within the asked gap")
def _(draft: Draft) -> None:
    draft.changes["bound"] = draft.plan.objective - abs(draft.plan.objective) * 0.592
    draft.changes["gap"] = 0.592
    draft.changes["status"] = "optimal"


@mutation("no gap asked", "provenance", "asked gap stated")
def _(draft: Draft) -> None:
    draft.changes["provenance"] = {**draft.plan.provenance, "solver": {}}


@mutation("edited after it was written", "file", "plan is as it was written")
def _(draft: Draft) -> None:
    draft.changes["stated_digest"] = draft.plan.digest
    draft.row("bill")["description"] = "another name"
