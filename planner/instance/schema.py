"""The instance file as frozen, validated objects. A field's docstring is its documentation.

Money is a number in the instance's own currency or text such as ``"0.65 CNY"``; a quantity is a number in the
unit its key names or text with its own unit. Unknown keys are refused.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from planner.catalogue.entries import Precision
from planner.engineering.export_rules import EndUse, Party, Terms, ValidatedEndUser, faults_of, known_country
from planner.engineering.performance.models import preset
from planner.units import quantity

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
MAX_PERIODS = 40


def _known(code: str) -> str:
    if not known_country(code):
        raise ValueError("no country has this code; two letters of ISO 3166 such as CN, DE or US are accepted")
    return code


Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_known)]


def _in(unit: str) -> BeforeValidator:
    def read(value: Any) -> Any:
        return quantity(value, unit) if isinstance(value, (str, int, float)) else value

    return BeforeValidator(read)


Megawatts = Annotated[float, _in("MW"), Field(gt=0, le=1e5, allow_inf_nan=False)]
Kilowatts = Annotated[float, _in("kW"), Field(gt=0, le=1e5, allow_inf_nan=False)]
Days = Annotated[float, _in("day"), Field(ge=0.01, le=1e5, allow_inf_nan=False)]
Metres = Annotated[float, _in("m"), Field(gt=0, le=1e5, allow_inf_nan=False)]
Span = Annotated[float, _in("m"), Field(ge=0, le=1e3, allow_inf_nan=False)]
"""A distance on a floor, m."""
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Pue = Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=1, le=64, allow_inf_nan=False)]
Parameters = Annotated[float, Field(gt=0, le=1e16, allow_inf_nan=False)]
"""Parameters of a model; the upper bounds here keep absurd figures, such as a slip of units, out of the model."""
Bytes = Annotated[float, Field(gt=0, le=1e4, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Rate = Annotated[float, Field(ge=1e-9, le=1e9, allow_inf_nan=False)]
"""Units of one currency that one unit of another buys."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Money(Record):
    """An amount and its currency; no currency means the instance's own."""

    amount: Annotated[float, Field(ge=0, le=1e15)]
    currency: Currency | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number or text such as '0.65 CNY' is accepted")
        if isinstance(value, (int, float)):
            return {"amount": value}
        if isinstance(value, str):
            found = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([A-Z]{3})?\s*", value[:64])
            if not found:
                raise ValueError("a number or text such as '0.65 CNY' is accepted")
            return {"amount": float(found[1].replace(",", "").replace("_", "")), "currency": found[2]}
        return value


class CurrencySetting(Record):
    unit: Currency = "USD"
    """Currency of every figure of the plan."""
    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    """Year the money is counted in; the year of the start if absent."""
    rates: Mapping[Currency, Rate] = {}
    """Units of ``unit`` that one unit of another currency buys, e.g. ``{CNY: 0.14}``."""


class Horizon(Record):
    start: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    """First month, ``YYYY-MM``; purchases of a period are paid and delivered at its beginning."""
    periods: Annotated[int, Field(ge=1, le=MAX_PERIODS)] = 1
    period_years: Annotated[float, Field(ge=0.01, le=100)] = 4
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Real, per year."""
    residual_value: Literal["none", "straight-line"] = "none"
    """``straight-line`` credits the unused share of each item's life at the end of the horizon (tco only)."""

    def order_date(self, period: int, first: datetime.date | None = None) -> datetime.date:
        """Date on which the purchases of ``period`` (from 0) are ordered."""
        begin = first or datetime.date(int(self.start[:4]), int(self.start[5:]), 1)
        months = begin.year * 12 + begin.month - 1 + round(12 * self.period_years * period)
        return datetime.date(months // 12, months % 12 + 1, min(begin.day, 28))


class _Workload(Record):
    name: Name
    sites: tuple[Name, ...] | None = None
    """Sites that may carry it; absent means all."""
    servers: tuple[str, ...] | None = None
    """Server types that may carry it; absent means all."""
    countries: tuple[Country, ...] | None = None
    """Countries that its data may not leave; absent means any."""
    precision: Precision = "fp16"
    scale_by_period: tuple[Annotated[float, Field(ge=0, le=1e6)], ...] | None = None
    """Demand of each period as a multiple of the stated one; absent means 1 in every period."""


class ModelShape(Record):
    """A transformer by its shape; what is absent follows from the rest or is not there."""

    layers: Annotated[int, Field(ge=1, le=10_000)]
    hidden: Annotated[int, Field(ge=1, le=10**7)]
    heads: Annotated[int, Field(ge=1, le=10**5)]
    kv_heads: Annotated[int, Field(ge=1, le=10**5)] | None = None
    head_size: Annotated[int, Field(ge=1, le=10**5)] | None = None
    ffn: Annotated[int, Field(ge=1, le=10**8)]
    gated: bool = True
    vocabulary: Annotated[int, Field(ge=1, le=10**8)]
    sequence: Annotated[int, Field(ge=1, le=10**8)] = 4096
    tied_embeddings: bool = False
    attention: Literal["mha", "gqa", "mqa", "mla"] | None = None
    query_rank: Annotated[int, Field(ge=0, le=10**6)] = 0
    kv_rank: Annotated[int, Field(ge=0, le=10**6)] = 0
    rope_size: Annotated[int, Field(ge=0, le=10**6)] = 0
    experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    active_experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    shared_experts: Annotated[int, Field(ge=0, le=10**5)] = 0
    expert_ffn: Annotated[int, Field(ge=0, le=10**8)] = 0
    dense_layers: Annotated[int, Field(ge=0, le=10_000)] = 0

    @model_validator(mode="after")
    def _agrees(self) -> ModelShape:
        if self.head_size is None and self.hidden % self.heads:
            raise ValueError(f"found {self.heads} heads in a hidden size of {self.hidden}; give head_size")
        if (self.experts > 0) != (self.active_experts > 0) or self.active_experts > self.experts:
            raise ValueError(
                f"found {self.experts} experts of which {self.active_experts} active; both, or neither, are needed"
            )
        return self


class _Transformer(_Workload):
    model: str | ModelShape | None = None
    """Id of a known model (``planner catalogue models``) or its shape. Give this or ``parameters``."""
    parameters: Parameters | None = None
    """Parameter count, where no more is known of the model."""
    active_parameters: Parameters | None = None
    """Parameters used per token (mixture of experts); absent means all."""

    @model_validator(mode="after")
    def _one_model(self) -> Any:
        if (self.model is None) == (self.parameters is None):
            found = "neither" if self.model is None else "both"
            raise ValueError(f"found {found} of model and parameters; one is accepted")
        if self.model is not None and self.active_parameters is not None:
            raise ValueError("found active_parameters beside model, which knows them; one is accepted")
        if isinstance(self.model, str):
            preset(self.model)
        return self


class Training(_Transformer):
    """A training run that must end in time, sized by the performance model, or by 6 x parameters x tokens FLOPs
    (forward and backward pass) at a typed ``mfu``."""

    kind: Literal["training"]
    tokens: Annotated[float, Field(gt=0, le=1e20)]
    days: Days
    concurrent_runs: Count = 1
    """Runs of this kind going on at once, each in one cluster of its own."""
    mfu: Share | None = None
    """Model FLOP utilisation; absent means that of the performance model for each server type and network."""
    sequence: Annotated[int, Field(ge=1, le=10**8)] | None = None
    """Tokens of a sequence; the model's own if absent."""
    batch_tokens: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Tokens of a step; what is usual for the model's size if absent."""
    recomputation: Literal["none", "selective", "full"] | None = None
    """Of activations in the backward pass; the fastest that fits if absent."""
    bytes_per_parameter: Bytes = 16
    """Training state per parameter at a typed ``mfu``: weights, gradients and Adam state in mixed precision."""


class Inference(_Transformer):
    """A service sized at its peak by the performance model, or by 2 x parameters FLOPs per token at a typed
    ``utilisation``, or by memory for concurrent users."""

    kind: Literal["inference"]
    queries_per_day: Annotated[float, Field(gt=0, le=1e18)] | None = None
    tokens_in: Annotated[float, Field(ge=0, le=1e9)] | None = None
    tokens_out: Annotated[float, Field(ge=0, le=1e9)] | None = None
    peak_factor: Annotated[float, Field(ge=1, le=1e6)] = 1
    """Peak load over the daily mean."""
    utilisation: Share | None = None
    """Achieved over peak FLOP/s; absent means what the performance model finds for each server type."""
    ttft_s: Annotated[float, Field(gt=0, le=1e5)] | None = None
    """Longest mean time to the first token, s."""
    tpot_s: Annotated[float, Field(gt=0, le=1e5)] | None = None
    """Longest mean time per output token after the first, s."""
    prefix_hit: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the prompt tokens found in a prefix cache."""
    disaggregated: bool = False
    """Whether prompts and outputs have replicas of their own."""
    kv_precision: Literal["fp16", "fp8"] | None = None
    """Format of the key-value cache; that of the weights if absent."""
    engine: Literal["vllm", "tensorrt-llm", "tensorrt-llm-2023"] | None = None
    """Serving software whose constants are taken."""
    real_time: bool = True
    """Whether somebody waits for the answer; such work is kept off hubs for offline work."""
    users: tuple[str, ...] = ()
    """Places of its users."""
    round_trip_ms: Annotated[float, Field(gt=0, le=1e5)] | None = None
    """Longest network round trip between a place of its users and the site, ms."""
    concurrent_users: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Users at once; sizes the service by memory. Give this or ``queries_per_day``."""
    users_per_replica: Count = 100
    bytes_per_parameter: Bytes = 2
    memory_overhead: Annotated[float, Field(ge=0, le=1e6)] = 1
    """Intermediate state as a multiple of the weights."""

    @model_validator(mode="after")
    def _one_size(self) -> Inference:
        if (self.queries_per_day is None) == (self.concurrent_users is None):
            found = "neither" if self.queries_per_day is None else "both"
            raise ValueError(
                f"found {found} of queries_per_day and concurrent_users; one is accepted: "
                "queries_per_day (with tokens_in, tokens_out) or concurrent_users"
            )
        if self.queries_per_day is not None and not (self.tokens_in or 0) + (self.tokens_out or 0):
            raise ValueError("found queries_per_day without tokens; tokens_in or tokens_out above 0 is needed")
        return self


class Compute(_Workload):
    """Plain compute: peak FLOP/s installed at a precision."""

    kind: Literal["compute"]
    peak_flops: Annotated[float, Field(gt=0, le=1e30)]
    """FLOP/s (operations per second for integer precisions), dense peak."""
    one_cluster: bool = False
    """Whether all of it must stand in one cluster."""


Workload = Annotated[Training | Inference | Compute, Field(discriminator="kind")]


class Site(Record):
    """A site that may be used; whatever is absent comes from the catalogue row named by ``hub``."""

    name: Name
    hub: str | None = None
    """Catalogue id of a hub cluster, city or sea area whose figures are the defaults."""
    country: Country | None = None
    place: str | None = None
    """Catalogue id of the place whose climate, grid and position hold; absent means the hub's own, if it has one."""
    power_limit_mw: Megawatts
    """Facility power at peak (IT, cooling and losses), MW."""
    power_limit_mw_by_period: tuple[Megawatts, ...] | None = None
    """That of each period, where the utility's connection grows or shrinks."""
    tariff_per_kwh: Money | None = None
    pue_limit: Pue | None = None
    """Limit on the annual PUE; absent means the hub's, null means none."""
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
    min_rack_fill: Annotated[float, Field(ge=0, le=1)] | None = None
    """Least share of server places in racks that must be filled."""
    power_capex_per_kw: Money | None = None
    """Feeds, transformers, UPS and generators per kW of facility power; absent means the catalogue's."""
    redundancy: Literal["N", "N+1", "2N"] | None = None
    """Power train built over need: multiplies its price by the catalogue's factor for each level and sets the losses in
    a computed PUE. Absent means the price as it stands, and N+1 for the losses."""
    demand_charge_per_kw_month: Money | None = None
    """Charge on the facility power at peak, per kW and month."""
    building_capex_per_kw: Money | None = None
    """Shell and fit-out per kW of facility power; none if absent."""
    land_capex: Money | None = None
    """Land and connection, paid once when the site is first used; none if absent."""
    water_limit_m3_per_year: Annotated[float, Field(ge=0, le=1e12)] | None = None
    water_price_per_m3: Money | None = None
    grid_g_per_kwh: Annotated[float, Field(ge=0, le=5000)] | None = None
    """Carbon intensity of the grid, g CO2 per kWh; absent means the place's."""
    renewable_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the energy from carbon-free sources on site."""

    @model_serializer(mode="wrap")
    def _absent_is_not_null(self, as_data: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = as_data(self)
        if "pue_limit" not in self.model_fields_set:
            data.pop("pue_limit", None)
        return data


class Overrides(Record):
    """Changes to catalogue rows: ``{servers: {dgx-a100: {price: 150000}}}``."""

    accelerators: Mapping[str, Mapping[str, Any]] = {}
    servers: Mapping[str, Mapping[str, Any]] = {}
    switches: Mapping[str, Mapping[str, Any]] = {}
    optics: Mapping[str, Mapping[str, Any]] = {}
    cooling: Mapping[str, Mapping[str, Any]] = {}
    racks: Mapping[str, Mapping[str, Any]] = {}


class CatalogueChoice(Record):
    """Which catalogue rows may be used (absent means all with a price) and what is changed in them."""

    accelerators: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    switches: tuple[str, ...] | None = None
    optics: tuple[str, ...] | None = None
    cooling: tuple[str, ...] | None = None
    overrides: Overrides = Overrides()


class Oversubscription(Record):
    """Bandwidth down over bandwidth up of a compute network; a bare number is that of its leaves."""

    leaf: Ratio = 1
    spine: Ratio = 1
    """Of the spines of three tiers."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"leaf": value} if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class FloorLayout(Record):
    """Where racks stand, for the lengths of links: server racks in rows, leaves in the row of their unit, spines and
    cores in the middle of the room."""

    servers_per_rack: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Absent: what a rack of the pool holds."""
    racks_per_row: Annotated[int, Field(ge=1, le=1000)] = 10
    switches_per_rack: Annotated[int, Field(ge=1, le=1000)] = 16
    leaves_at: Literal["middle", "end"] = "middle"
    """Where in the row the leaves stand."""
    rack_pitch_m: Span = 0.6
    row_pitch_m: Span = 3.0
    """Distance of neighbouring rows: rack depth and aisle."""
    vertical_m: Span = 1.5
    """From a device up to the cable tray, at either end."""
    slack_m: Span = 1.0
    """Spare length of a cable."""


class FabricChoice(Record):
    """How networks may be built."""

    protocols: Annotated[tuple[Literal["infiniband", "ethernet"], ...], Field(min_length=1)] = (
        "infiniband",
        "ethernet",
    )
    tiers: Annotated[tuple[Literal[2, 3], ...], Field(min_length=1)] = (2, 3)
    """Most tiers a family may have; a two-tier family also offers a single switch for a few servers."""
    planes: Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=1)] = (1,)
    """Numbers of independent planes the compute network may be split into: ``[1, 8]`` offers one fabric, and eight
    fabrics that each take one port of eight. Traffic between planes passes inside the servers."""
    oversubscription: Annotated[tuple[Oversubscription, ...], Field(min_length=1, max_length=8)] = (Oversubscription(),)
    """Ratios the compute network may be built with: ``[1, 2, {spine: 7}]`` offers a non-blocking network, leaves with
    twice as much bandwidth down as up, and spines with seven times as much."""
    storage_network: bool = True
    """Whether servers with storage ports get a storage network of their own."""
    management_networks: bool = False
    """Whether every pool gets an in-band (SN4600C, two 100G ports a server) and an out-of-band network (SN2201, a 1G
    port of every server, switch and PDU). Lists of the catalogue that may be used do not bind these two."""
    layout: FloorLayout | None = None
    """A floor to take the lengths of links from: node-leaf links of one full scalable unit by length, leaf-spine and
    spine-core links as long as the longest of the largest cluster. ``{}`` is a floor of usual measures."""
    node_leaf_m: Metres | None = None
    """Length of every node-leaf link; absent: the floor's, or 10 m without one."""
    leaf_spine_m: Metres | None = None
    """Absent: the floor's, or 30 m."""
    spine_core_m: Metres | None = None
    """Absent: the floor's, or 50 m."""

    def typed_length_m(self, link_class: str) -> float | None:
        """Length of a link class that does not follow from the floor; None where it does."""
        typed, usual = {
            "node-leaf": (self.node_leaf_m, 10.0),
            "leaf-spine": (self.leaf_spine_m, 30.0),
            "spine-core": (self.spine_core_m, 50.0),
        }[link_class]
        return usual if typed is None and self.layout is None else typed


Acceptable = Literal[
    "unrestricted", "notification", "licence-approval", "licence-case-by-case", "licence-denial", "licence"
]


class Policy(Record):
    hub_roles: bool = True
    """Whether hubs in the west of China are kept for offline work, as their programme intends."""
    export_rules: Literal["us", "none"] = "us"
    export_exempt: tuple[str, ...] = ()
    """Accelerators planned with as if the export rules did not name them: a question, not a way round."""
    order_date: datetime.date | None = None
    """Date of the first order; absent means the first day of the horizon."""
    accept: Annotated[tuple[Acceptable, ...], Field(min_length=1)] = ("unrestricted", "notification")
    """Outcomes of the export rules under which a device may be planned; ``licence`` stands for ``licence-approval``
    and ``licence-case-by-case``."""
    operator_country: Country | None = None
    """Country of the headquarters of the operator or its ultimate parent; absent means the country of each site."""
    end_use: EndUse = "commercial"
    """What the sites are for; ``state-funded``: civil use in a data centre built with state money."""
    operator_listing: Party = "unlisted"
    """Standing of the operator on the US Entity List."""
    consignee: str | None = None
    """The operator's name in 15 CFR 740 Supplement 8 (licence-free in the United Arab Emirates), if it has one."""
    validated_end_user: ValidatedEndUser | None = None
    """Programme of validated end users that has approved the operator."""
    shipped_from: Country = "US"
    """Country the accelerators are exported from."""
    scenarios: tuple[str, ...] = ()
    """Uncertain or unenforced rules to count, and stays to assume, by name: ``planner export --help`` lists them."""
    us_shipments: Mapping[str, Annotated[float, Field(ge=0, le=1e12)]] = {}
    """Accelerators of each type shipped to US customers since its launch: China may have half of their TPP."""

    @property
    def terms(self) -> Terms:
        """Terms of the orders, as the export rules ask for them."""
        return Terms(
            headquarters=self.operator_country,
            end_use=self.end_use,
            party=self.operator_listing,
            consignee=self.consignee,
            validated_end_user=self.validated_end_user,
            shipped_from=self.shipped_from,
            scenarios=frozenset(self.scenarios),
            us_shipments=tuple(self.us_shipments.items()),
        )

    @model_validator(mode="after")
    def _known_to_the_rules(self) -> Policy:
        faults = faults_of(None, Terms(consignee=self.consignee, scenarios=frozenset(self.scenarios)))
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Budget(Record):
    capex: Money | None = None
    """Most capital spending over the horizon, undiscounted."""
    capex_by_period: tuple[Money, ...] | None = None


class SupplyLimit(Record):
    """At most so many of one item may be bought."""

    kind: Literal["accelerators", "servers", "switches", "optics"]
    id: str
    limit: Annotated[int, Field(ge=0, le=10**12)]
    period: Annotated[int, Field(ge=1, le=MAX_PERIODS)] | None = None
    """Period (from 1) the limit holds for; absent means the whole horizon."""


class Carbon(Record):
    """Emissions of the energy used, location-based, less those of on-site renewables."""

    price_per_tonne: Money | None = None
    limit_tonnes_per_year: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """Most emissions of all sites together in a year of any period."""
    embodied: bool = False
    """Whether the price is also paid for making servers and switches."""

    @model_validator(mode="after")
    def _priced(self) -> Carbon:
        if self.embodied and self.price_per_tonne is None:
            raise ValueError("found embodied without price_per_tonne; a price of carbon is needed for it")
        return self


class TrainingMeasurement(Record):
    """Throughput of training steps that somebody measured."""

    accelerator: str
    model: str
    devices: Annotated[int, Field(ge=1, le=10**7)]
    tokens_per_s: Annotated[float, Field(gt=0, le=1e15)]
    """Of all devices together."""
    sequence: Annotated[float, Field(gt=0, le=1e9)] | None = None
    batch_tokens: Annotated[float, Field(gt=0, le=1e12)] | None = None
    precision: Literal["fp16", "fp8"] = "fp16"


class InferenceMeasurement(Record):
    """Highest throughput of one replica that somebody measured."""

    accelerator: str
    model: str
    precision: Literal["fp16", "fp8", "int8", "fp4", "w8a16", "w4a16"]
    devices: Annotated[int, Field(ge=1, le=10**5)]
    tokens_in: Annotated[float, Field(ge=1, le=1e9)]
    tokens_out: Annotated[float, Field(ge=1, le=1e9)]
    output_tokens_per_s: Annotated[float, Field(gt=0, le=1e12)]


class Measurements(Record):
    """The user's own measurements; an accelerator that has some is calibrated on them alone."""

    training: tuple[TrainingMeasurement, ...] = ()
    inference: tuple[InferenceMeasurement, ...] = ()


class Operations(Record):
    load_factor: Share = 0.85
    """Mean IT power over maximum power of the equipment in service."""
    availability: Share = 1.0
    """Share of the servers in service that can carry load."""
    server_failures_per_year: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Share of the servers in a land hall that fail in a year: what undersea cabins carry spares for. 8 of 135 servers
    of the land control failed in 25 months (Microsoft Natick phase 2, 14 September 2020; from memory)."""
    maintenance_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Yearly maintenance as a share of the purchase price of servers, switches and optics in service."""


class Instance(Record):
    """A planning question: the load, the sites, the money and the rules."""

    name: Name
    description: str = ""
    currency: CurrencySetting = CurrencySetting()
    horizon: Horizon
    objective: Literal["tco", "capex"] = "tco"
    """``tco``: present value of all spending less residual value; ``capex``: undiscounted purchases."""
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1, max_length=200)]
    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=200)]
    catalogue: CatalogueChoice = CatalogueChoice()
    fabric: FabricChoice = FabricChoice()
    policy: Policy = Policy()
    budget: Budget = Budget()
    supply: tuple[SupplyLimit, ...] = ()
    operations: Operations = Operations()
    carbon: Carbon = Carbon()
    estimates: Literal["expected", "safe"] = "expected"
    """Whether loads are sized by the expected estimate of the performance model, or so that nine cases in ten hold."""
    measurements: Measurements = Measurements()
