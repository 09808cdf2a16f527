"""What a further site, hall or server type costs to open, its least size, and how many may be opened."""

from typing import Annotated

from pydantic import Field

from planner.instance.values import Kilowatts, Megawatts, Money, Record, usual

Most = Annotated[int, Field(ge=1, le=10**6)]


class SiteOpening(Record):
    """Sites: permits, connection, project team, whatever a site costs beside what is built there."""

    cost: Money | None = None
    """Of each site that ever has a server, paid once; a site's own ``opening_cost`` goes before."""
    least_mw: Megawatts | None = None
    """Least power train and building that a site is opened with, MW of facility power; ``least_mw`` of the site goes
    before."""
    most: Most | None = None
    """Most sites over the horizon."""


class HallOpening(Record):
    """Halls: all that stands on one cooling method at one site."""

    cost: Money | None = None
    """Of each hall that ever has a server, paid once."""
    least_kw: Kilowatts | None = None
    """Least cooling that a hall is opened with, kW of IT load."""
    most: Most | None = None
    """Most halls of all sites over the horizon."""


class TypeOpening(Record):
    """Server types, wherever they stand: qualification, images, a stock of spares, training."""

    cost: Money | None = None
    """Of each type that is ever bought, paid once."""
    most: Most | None = None
    """Most server types over the horizon; rented ones do not count."""


class Opening(Record):
    """What is paid once for each site, hall and server type that is used at all."""

    site: SiteOpening = usual(SiteOpening)
    hall: HallOpening = usual(HallOpening)
    server_type: TypeOpening = usual(TypeOpening)
