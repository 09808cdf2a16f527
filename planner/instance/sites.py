"""A site that may be used, with its power, climate, water, grid and prices."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from planner.instance.values import Country, Fraction, Kilowatts, Megawatts, Money, Name, Pue, Record


class Site(Record):
    """A site that may be used; whatever is absent comes from the catalogue row named by ``hub``."""

    name: Name
    """Names the site in the plan."""
    hub: str | None = None
    """Catalogue id of a hub cluster, city or sea area whose figures are the defaults."""
    country: Country | None = None
    """Country whose export rules and laws hold; absent means that of the hub."""
    place: str | None = None
    """Catalogue id of the place whose climate, grid and position hold; absent means the hub's own, if it has one."""
    power_limit_mw: Megawatts
    """Facility power at peak (IT, cooling and losses), MW."""
    power_limit_mw_by_period: tuple[Megawatts, ...] | None = None
    """That of each period, where the utility's connection grows or shrinks."""
    tariff_per_kwh: Money | None = None
    """Price of electricity; absent means the hub's."""
    pue_limit: Pue | None = None
    """Limit on the annual PUE; absent means the stricter of the hub's and the law's at the place, null means none."""
    in_service: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    """Month, ``YYYY-MM``, in which the hall went or goes into service, by which law tells new from standing halls;
    absent means the first order."""
    pue_rule: Literal["every-hall", "site-average"] = "every-hall"
    """Whether each cooling method used must meet the limit, or the site's energy-weighted mean."""
    pue: Mapping[str, Pue] = {}
    """Annual PUE by cooling method, in place of that of the climate or the catalogue."""
    pue_from: Literal["climate", "catalogue"] = "climate"
    """Where PUE, its design-day ratio and water use come from if not typed: computed from the climate of the place, or
    the catalogue's rows. A site without a place has the catalogue's."""
    peak_pue: Mapping[str, Pue] = {}
    """Ratio of facility to IT power on the design day by cooling method; absent means the climate's, or
    a typed annual PUE."""
    cooling: tuple[str, ...] | None = None
    """Cooling methods allowed; absent means every one that suits the site."""
    offshore: bool = False
    """An undersea site: only offshore cooling methods, and they only here."""
    rack_kw_limit: Kilowatts | None = None
    """Most IT power per rack, kW, whatever the cooling method could carry."""
    min_rack_fill: Annotated[Fraction, Field(ge=0, le=1)] | None = None
    """Least share of server places in racks that must be filled."""
    power_capex_per_kw: Money | None = None
    """Feeds, transformers, UPS and generators per kW of facility power; absent means the catalogue's."""
    redundancy: Literal["N", "N+1", "2N"] | None = None
    """Power train built over need: multiplies its price by the catalogue's factor for each level and sets the losses in
    a computed PUE. Absent means the price as it stands, and N+1 for the losses."""
    power_train: Literal["double-conversion", "eco", "hvdc", "legacy"] | None = None
    """Losses of the UPS in a computed PUE, a row of ups.csv; absent means that of the cooling method: stand-by
    batteries (eco) for halls on outside air, double conversion for all others. It moves no price."""
    outside_air: bool | None = None
    """Whether outdoor air may be blown through halls; absent means unless the place is marked as dusty."""
    demand_charge_per_kw_month: Money | None = None
    """Charge on the facility power at peak, per kW and month."""
    building_capex_per_kw: Money | None = None
    """Shell and fit-out per kW of facility power; none if absent."""
    land_capex: Money | None = None
    """Land and connection, paid once when the site is first used; none if absent."""
    opening_cost: Money | None = None
    """What the site costs to open, paid once when it is first used; absent means ``opening.site.cost``."""
    least_mw: Megawatts | None = None
    """Least power train and building that it is opened with, MW of facility power; absent means
    ``opening.site.least_mw``."""
    water_limit_m3_per_year: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """Most water for cooling in a year; absent means no limit."""
    water_price_per_m3: Money | None = None
    """Price of water; absent means that none is paid."""
    grid_g_per_kwh: Annotated[float, Field(ge=0, le=5000)] | None = None
    """Carbon intensity of the grid, g CO2 per kWh; absent means the place's."""
    renewable_share: Annotated[Fraction, Field(ge=0, le=1)] = 0.0
    """Share of the energy from carbon-free sources on site."""

    @model_serializer(mode="wrap")
    def _absent_is_not_null(self, as_data: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = as_data(self)
        if "pue_limit" not in self.model_fields_set:
            data.pop("pue_limit", None)
        return data
