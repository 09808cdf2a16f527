"""Money of assets and its posting: purchase, maintenance, carbon of making and residual value of the same terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from formulations.ledger import Account, Ledger
from formulations.linear import Terms


@dataclass(frozen=True)
class Asset:
    """Money and life of one piece (or kW, or unit of money) of an asset, undiscounted.

    Attributes:
        price: by period of purchase.
        life: whole periods in service.
        upkeep: of a piece in service, per period; ``upkeep_account`` says what it is.
        residual: money back at the end of the horizon, by period of purchase.
        embodied: price of the carbon of making a piece.
        sale: what a piece fetches, by the period in which it is sold.
    """

    price: Mapping[int, float]
    life: int
    upkeep: float = 0.0
    residual: Mapping[int, float] = field(default_factory=dict)
    embodied: float = 0.0
    upkeep_account: Account = Account.MAINTENANCE
    sale: Mapping[int, float] = field(default_factory=dict)


def post_purchase(ledger: Ledger, item: str, site: str, period: int, asset: Asset, bought: Terms) -> None:
    """Post a purchase in ``period``, what it is sold for, and what is left of it at the end of the horizon, the last
    period."""
    ledger.post(Account.CAPEX, item, site, period, asset.price[period], bought)
    ledger.post(Account.EMBODIED, item, site, period, asset.embodied, bought)
    last = max(asset.price)
    ledger.post(Account.RESIDUAL, item, site, last, -asset.residual.get(period, 0.0), bought)
    for t, fetched in asset.sale.items():
        ledger.post(Account.SALE, item, site, t, -fetched, bought)


def post_upkeep(ledger: Ledger, item: str, site: str, period: int, asset: Asset, in_service: Terms) -> None:
    """Post the maintenance or the rent of the pieces in service in ``period``."""
    ledger.post(asset.upkeep_account, item, site, period, asset.upkeep, in_service)
