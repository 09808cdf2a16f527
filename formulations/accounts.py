"""Accounts that money is booked under. No Pyomo here: ``planner.money`` reads them too."""

from __future__ import annotations

from enum import StrEnum


class Account(StrEnum):
    """Accounts that money is booked under."""

    CAPEX = "capex"
    ENERGY = "energy"
    RENT = "rent"
    MAINTENANCE = "maintenance"
    WATER = "water"
    CARBON = "carbon"
    EMBODIED = "embodied carbon"
    SALE = "sale"
    RESIDUAL = "residual"


RUNNING = (Account.ENERGY, Account.RENT, Account.MAINTENANCE, Account.WATER, Account.CARBON)
"""Accounts paid through the years of a period; the others fall due at its beginning, residual value at the end."""
