"""Amounts of money in the instance's currency."""

from __future__ import annotations

from planner.catalogue.entries import Price
from planner.errors import Fault, InstanceError
from planner.instance.schema import Instance
from planner.instance.values import Money


def convert(money: Money, instance: Instance) -> float:
    """``money`` in the instance's currency.

    Raises:
        InstanceError: the instance has no rate for the currency.
    """
    return money.amount * rate_of(money.currency or instance.currency.unit, instance)


def convert_price(price: Price, instance: Instance) -> float:
    """The amount of a catalogue price in the instance's currency.

    Raises:
        InstanceError: the instance has no rate for the currency.
    """
    return price.amount * rate_of(price.currency, instance)


def rate_of(currency: str, instance: Instance) -> float:
    """What one unit of a currency is in the instance's own.

    Raises:
        InstanceError: the instance has no rate for the currency.
    """
    if currency == instance.currency.unit:
        return 1.0
    rate = instance.currency.rates.get(currency)
    if rate is None:
        message = f"found no rate for {currency}; give the {instance.currency.unit} that one {currency} buys"
        raise InstanceError([Fault(instance.name, None, f"currency.rates.{currency}", message)])
    return rate
