"""Whether a device may be ordered for a site: export rules of the order date, and the month it goes on sale."""

from __future__ import annotations

import datetime

from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules import Cap, accepted, caps, decide
from planner.instance import Instance
from planner.instance.resolve import SiteFacts, order_date

Reason = tuple[str, str]
"""Family of the rule and a sentence."""


def judge_order(
    instance: Instance, device: Accelerator, country: str, date: datetime.date
) -> tuple[Reason | None, tuple[str, ...]]:
    """Why a device may not be ordered for a site in a country at a date (None if it may), and what the export rules say
    beside their outcome: limits not applied for want of a figure, duties, scenarios."""
    begin = device.on_sale_from
    if begin is not None and begin > date:
        return ("availability", f"first shipments in {device.available}, after the order of {date}"), ()
    policy = instance.policy
    if policy.export_rules == "none" or device.id in policy.export_exempt:
        return None, ()
    decision = decide(device, country, date, policy.terms)
    letter = decision.letter_sentence
    notes = (f"{letter}.", *decision.notes) if letter else decision.notes
    if decision.outcome in accepted(policy.accept):
        return None, notes
    reason = f"{decision.outcome} on {date}: {decision.reason}"
    return ("export", f"{reason}. {letter}" if letter else reason), notes


def export_caps(instance: Instance, devices: tuple[Accelerator, ...], sites: tuple[SiteFacts, ...]) -> tuple[Cap, ...]:
    """Quantity limits of the export rules on the orders of a plan; none where the instance leaves the rules out."""
    policy = instance.policy
    if policy.export_rules == "none":
        return ()
    dates = [order_date(instance, t) for t in range(instance.horizon.periods)]
    devices = tuple(device for device in devices if device.id not in policy.export_exempt)
    return caps(devices, {site.name: site.country for site in sites}, dates, policy.terms, policy.accept)
