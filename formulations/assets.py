"""Prices of assets and their posting: purchase, maintenance and residual value follow from the same variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formulations.ledger import Account, Ledger


@dataclass(frozen=True)
class Asset:
    """Money and life of one kind of asset.

    Attributes:
        price: per piece or kW.
        life: whole periods in service.
        maintenance_per_period: per piece in service and period, undiscounted.
        residual: share of the price left at the end of the horizon, by period of purchase.
        embodied: price of the carbon of making a piece.
    """

    price: float
    life: int
    maintenance_per_period: float
    residual: Mapping[int, float]
    embodied: float = 0.0


def post_purchase(ledger: Ledger, item: str, site: str, period: int, asset: Asset, bought: Any) -> None:
    """Post the purchase of ``bought`` pieces in ``period`` and what is left of it at the end of the horizon."""
    ledger.post(Account.CAPEX, item, site, period, asset.price * bought)
    share = asset.residual.get(period, 0.0)
    if share:
        ledger.post(Account.RESIDUAL, item, site, period, -share * asset.price * bought)
    if asset.embodied:
        ledger.post(Account.EMBODIED, item, site, period, asset.embodied * bought)


def post_upkeep(ledger: Ledger, item: str, site: str, period: int, asset: Asset, in_service: Any) -> None:
    """Post the maintenance of the pieces in service in ``period``."""
    if asset.maintenance_per_period:
        ledger.post(Account.MAINTENANCE, item, site, period, asset.maintenance_per_period * in_service)
