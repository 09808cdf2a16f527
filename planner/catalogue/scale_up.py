"""Switches and modules of scale-up domains, which are bought with their servers."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from planner.catalogue.facility import Id, Sourced, facility_rows

KIND = "scale-up"
"""Kind of their rows in a bill of materials."""
INCLUDED = "included"
"""How they are acquired: in the price of their server."""


class ScaleUpPart(Sourced):
    """Switches of a tier, or optical modules, of a scale-up domain."""

    id: Id
    name: str
    server: str
    """Server type that brings it, catalogue id."""
    servers: Annotated[int, Field(ge=1)]
    """Servers of a domain."""
    pieces: Annotated[int, Field(ge=1)]
    """Pieces of a domain."""

    def of(self, servers: int) -> int:
        """Pieces that so many servers bring, a begun domain by their share of it.

        >>> modules = scale_up_parts()["a3-bus-400g"]
        >>> modules.of(48), modules.of(1)
        (5376, 112)
        """
        return math.ceil(servers * self.pieces / self.servers)


def scale_up_parts() -> dict[str, ScaleUpPart]:
    """Every such part by id, in the order of the table."""
    return {row.id: row for row in facility_rows("scale_up.csv", ScaleUpPart)}
