"""Whether a device may be ordered for a site: export rules of the order date, and the month it goes on sale."""

from __future__ import annotations

import datetime

from planner.catalogue.entries import Accelerator
from planner.engineering.export_rules import Cap, accepted, caps, decide
from planner.instance import Instance
from planner.instance.over_time import delivery_date, months_before
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
    return judge_export(instance, device, country, date)


def judge_delivery(
    instance: Instance, device: Accelerator, country: str, period: int, months: int
) -> tuple[Reason | None, tuple[str, ...]]:
    """The same for servers that are ordered so many months before the first day of a period (from 0): nothing is
    ordered before the first order, the device is on sale on delivery, and the rules of both days hold."""
    delivered = delivery_date(instance, period)
    ordered, first = months_before(delivered, months), order_date(instance)
    if ordered < first:
        return ("lead time", f"{months} months from the first order on {first}, after {delivered}"), ()
    begin = device.on_sale_from
    if begin is not None and begin > delivered:
        return ("availability", f"first shipments in {device.available}, after the delivery of {delivered}"), ()
    reason, notes = judge_export(instance, device, country, ordered)
    return (reason, notes) if reason is not None else judge_export(instance, device, country, delivered)


def judge_export(
    instance: Instance, device: Accelerator, country: str, date: datetime.date
) -> tuple[Reason | None, tuple[str, ...]]:
    """The same by the export rules of a day alone, or of the day that the instance names."""
    policy = instance.policy
    date = policy.rules_as_of or date
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
    dates = [policy.rules_as_of or order_date(instance, t) for t in range(instance.horizon.periods)]
    devices = tuple(device for device in devices if device.id not in policy.export_exempt)
    return caps(devices, {site.name: site.country for site in sites}, dates, policy.terms, policy.accept)
