"""``planner proforma``: a plan as a business."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.outcome import outcomes, print_answer, print_json
from planner.cli.parameters import AsJson, PlanFile, portion

Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="WORKLOAD=AMOUNT[/UNIT]",
        help="What its work is sold for, e.g. chat=0.8 or 'chat=2/million output tokens'; repeat for several.",
        show_default=False,
    ),
]
Tax = Annotated[float, typer.Option("--tax", parser=portion, metavar="SHARE", help="Tax on profit.")]


def proforma(plan: PlanFile, price: Prices = None, tax: Tax = 0.0, as_json: AsJson = False) -> None:
    """Work a plan out as a business: revenue, tax, book value, NPV, IRR, payback."""
    with outcomes(as_json):
        from planner import api
        from planner.report import proforma as words

        found = api.pro_forma(plan, price or (), tax_rate=tax)
        if as_json:
            print_json(words.proforma_data(found))
        else:
            print_answer(words.proforma_sentences(found), words.proforma_tables(found))
