"""Typed rows of the catalogue. Every row says where its figures come from and when they held."""

import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

CoolingInterface = Literal["air", "liquid", "immersion"]
Precision = Literal["fp32", "fp16", "fp8", "int8", "fp4", "int4"]
ALIKE = {"bf16": "fp16", "bfloat16": "fp16", "tf32": "fp32"}
"""Formats that run on the units of another at its rate, by the name that the catalogue has for those."""

POWER_TRAIN_LIFE_YEARS = 15.0
"""Life of feeds, transformers, UPS and generators: upper end of the 10-15 years of a land data centre (CSC
Securities, AI compute supply-chain review, 14 June 2023, 6.3)."""
BUILDING_LIFE_YEARS = 39.0
"""Life of a building: straight-line recovery of non-residential real property in US tax law (26 USC 168(c))."""
LAND_LIFE_YEARS = 1000.0
"""Land does not wear out."""

# Upper bounds keep absurd figures, such as a slip of units in an override, out of the model.
Rate = Annotated[float | None, Field(le=1e9)]
"""Operations, bytes or bits a second in the unit of its field."""
Watts = Annotated[float, Field(gt=0, le=1e8)]
Kilowatts = Annotated[float, Field(gt=0, le=1e5)]
RackUnits = Annotated[float, Field(gt=0, le=1000)]
Years = Annotated[float, Field(ge=0.01, le=1000)]
Pue = Annotated[float, Field(ge=1, le=5)]
Gbps = Annotated[float, Field(ge=0, le=1e6)]
"""Gb/s, one direction."""
MOST_PORTS = 1024
"""Ports of a switch at the speed used: the largest chips carry 1,024 of 100G. Designing takes time with its square."""
Ports = Annotated[int, Field(ge=0, le=MOST_PORTS)]


def split_cell(value: object) -> object:
    """CSV cells hold lists separated by semicolons."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    return value


class Entry(BaseModel):
    """What every catalogue row has."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.\-]*$", max_length=64)]
    """Key used in instance files, in lower case with hyphens."""
    name: str
    """Name as the vendor writes it."""
    source: Annotated[str, Field(min_length=3)]
    """Where the figures come from."""
    as_of: datetime.date
    """Date the figures held."""
    estimate: bool = False
    """True when a figure is from memory or derived, not confirmed by a primary source."""
    note: str = ""
    """Conflicts between sources, gaps filled, and which figure of the row is the estimate."""


class Accelerator(Entry):
    """One accelerator. Rates are dense peak (no sparsity), tera = 1e12."""

    vendor: str
    vendor_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    year: Annotated[int, Field(ge=1950, le=2200)]
    node_nm: Rate = None
    fp32_tflops: Rate = None
    """Vector FP32, TFLOP/s."""
    fp16_tflops: Rate = None
    """FP16/BF16 tensor peak, TFLOP/s."""
    fp16_vector_tflops: Rate = None
    """FP16 outside the tensor units, TFLOP/s; some published estimates use it."""
    fp8_tflops: Rate = None
    int8_tops: Rate = None
    fp4_tflops: Rate = None
    int4_tops: Rate = None
    memory_gb: Rate = None
    """GB = 1e9 bytes, as vendors print it."""
    memory_gbs: Rate = None
    """Memory bandwidth, GB/s."""
    scale_up_gbs: Rate = None
    """Scale-up link bandwidth, GB/s, both directions added."""
    host_link_gbs: Rate = None
    """Host link bandwidth, GB/s, both directions added."""
    tdp_w: Rate = None
    die_mm2: Rate = None
    """Logic-die area of the package on non-planar nodes, mm2."""
    datacenter: bool = True
    """Designed or marketed for data centres (an export-rule input)."""
    available: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    """Month of the first shipments to customers, YYYY-MM; orders before it are not possible. None: no such limit."""

    fp64_tflops: Rate = None
    """FP64 peak, matrix units included, TFLOP/s; given where it decides the total processing performance."""
    unsold: str = ""
    """Why no server with it can be bought; empty where one can."""

    @property
    def on_sale_from(self) -> datetime.date | None:
        """First day of ``available``; None where no month is known."""
        return None if self.available is None else datetime.date(int(self.available[:4]), int(self.available[5:]), 1)

    def peak_tflops(self, precision: Precision) -> float | None:
        """Dense peak at ``precision`` in TFLOP/s (TOP/s for integers); None when the row has no figure."""
        column = f"{precision}_tops" if precision.startswith("int") else f"{precision}_tflops"
        value: float | None = getattr(self, column)
        return value


class Server(Entry):
    """A server (node) around one type of accelerator."""

    vendor: str
    vendor_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    accelerator: str
    """Catalogue id of its accelerators."""
    accelerators: Annotated[int, Field(ge=1, le=4096)]
    rack_units: RackUnits
    power_kw: Kilowatts
    """Maximum power, kW."""
    cooling: Annotated[tuple[CoolingInterface, ...], BeforeValidator(split_cell), Field(min_length=1)]
    """Ways the server can be cooled."""
    compute_ports: Ports
    """Ports on the compute (back-end) network."""
    compute_port_gbps: Gbps
    storage_ports: Ports = 0
    storage_port_gbps: Gbps = 0
    ports_per_cage: Annotated[int, Field(ge=1, le=2)] = 1
    """Compute ports carried by one pluggable cage of the server (2 = twin-port modules)."""
    rail_optimised: bool = True
    """Whether port i of every server goes to leaf i of its scalable unit (training servers)."""
    rail_ports: Annotated[int, Field(ge=1, le=1024)] = 1
    """Ports of the server on each rail: 18 of an NVL72 rack, whose 18 trays have one on each of four rails."""
    pod_servers: Annotated[int, Field(ge=0, le=4096)] = 0
    """Servers of a pod of its vendor's networks of three tiers; 0 where the vendor makes as few pods as can be."""
    port_split: Annotated[int, Field(ge=1, le=8)] = 1
    """Planes that each of its compute ports may be split over, each at a part of its speed."""
    trays: Annotated[int, Field(ge=1, le=1024)] = 1
    """Hosts that it is made of, each with management ports of its own: 18 compute trays of an NVL72 rack."""
    switch_trays: Annotated[int, Field(ge=0, le=1024)] = 0
    """Switch trays inside it, each with an out-of-band port: 9 of an NVL72 rack."""
    protocols: Annotated[tuple[Literal["infiniband", "ethernet"], ...], BeforeValidator(split_cell)]
    """Protocols its network cards speak."""
    life_years: Years = 5
    on_request: bool = False
    """Whether plans are offered it only where the instance lists it or its accelerator, or a workload names it."""

    @property
    def out_of_band_ports(self) -> int:
        """Out-of-band ports: one of each tray."""
        return self.trays + self.switch_trays


class Switch(Entry):
    """A network switch used for every tier of a fabric."""

    vendor: str
    vendor_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    protocol: Literal["infiniband", "ethernet"]
    ports: Annotated[int, Field(ge=2, le=MOST_PORTS)]
    port_gbps: Annotated[float, Field(gt=0, le=1e6)]
    """Speed of one port at full rate, Gb/s, one direction."""
    breakout: Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], BeforeValidator(split_cell)] = (1,)
    """Allowed splits of a port: 2 means one 800G port used as two of 400G."""
    ports_per_cage: Annotated[int, Field(ge=1, le=2)] = 1
    """Full-rate ports carried by one pluggable cage (2 = twin-port modules)."""
    built_in_optics: str = ""
    """Catalogue id of the co-packaged optics on every port, which then has no cage; empty for a switch with cages."""
    rack_units: RackUnits
    power_w: Watts
    """Typical power without optical modules, W; modules are counted by themselves."""
    life_years: Years = 5

    @field_validator("breakout")
    @classmethod
    def _splits_are_sound(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if max(value, default=1) * info.data.get("ports", 1) > MOST_PORTS:
            raise PydanticCustomError("ports", f"ports times the split of at most {MOST_PORTS} is accepted")
        return value


class Optic(Entry):
    """A pluggable transceiver, a cable that includes its ends, or a fibre."""

    kind: Literal["transceiver", "dac", "acc", "aoc", "cord", "fibre"]
    """``cord``: a copper patch cord with RJ45 plugs."""
    medium: Literal["copper", "mmf", "smf", "aoc"]
    """What the light or current runs in; a transceiver needs a fibre of the same medium."""
    gbps: Gbps
    """Speed of one link, Gb/s, one direction; 0 for fibre (any speed)."""
    standard: str = ""
    """Optical interface of one link (SR4, DR4, FR4, ...): both ends must agree. On a fibre: the one standard it
    is made for; empty means any of its medium."""
    links: Annotated[int, Field(ge=1, le=8)] = 1
    """Links one module or cable carries (2 = twin-port)."""
    legs: Annotated[int, Field(ge=1, le=8)] = 1
    """Ends at the other side of a splitter cable, each with a like part of its links and in a cage of its own; 1 is a
    straight cable."""
    co_packaged: bool = False
    """An optical engine inside a switch: only for switches whose ``built_in_optics`` it is."""
    reach_m: Annotated[float, Field(gt=0, le=1e8)]
    power_w: Annotated[float, Field(ge=0, le=1e8)] = 0
    """Power of one module (all ends together for a cable), W."""
    life_years: Years = 5

    @field_validator("legs")
    @classmethod
    def _whole_legs(cls, legs: int, info: ValidationInfo) -> int:
        kind, links = info.data.get("kind"), info.data.get("links")
        if legs > 1 and (kind not in ("dac", "acc", "aoc") or (links is not None and links % legs)):
            raise PydanticCustomError(
                "legs",
                "{legs} legs on a {kind} of {links} links; expected a cable (dac, acc, aoc) and a divisor of its links",
                {"legs": legs, "kind": kind, "links": links},
            )
        return legs


class Cooling(Entry):
    """A cooling method."""

    server_cooling: CoolingInterface
    """What a server must offer to be cooled this way."""
    pue: Pue
    """Annual PUE used unless the site types its own."""
    pue_low: Pue
    pue_high: Pue
    rack_kw: Kilowatts
    """Most IT power of one rack, kW."""
    rack: str
    """Catalogue id of the rack it uses."""
    water_l_per_kwh: Annotated[float, Field(ge=0, le=1e6)] = 0
    """Water use per kWh of IT energy, litres."""
    offshore: bool = False
    """Only at undersea sites."""
    module_kw: Annotated[float, Field(ge=0, le=1e6)] = 0
    """IT load of one hall or cabin, the least that can be bought, kW; 0 where any capacity can be."""
    failure_factor: Annotated[float, Field(ge=0, le=10)] = 1
    """Server failures against those of a land hall."""
    service_interval_years: Annotated[float, Field(ge=0, le=50)] = 0
    """Years between visits, without repairs in between: spares are on board; 0 where servers are repaired at once."""
    life_years: Years = 10


class Rack(Entry):
    """A rack or cabinet with its power distribution."""

    rack_units: RackUnits
    """Usable height for servers or switches, U."""
    life_years: Years = 10


class Site(Entry):
    """A hub cluster, city or sea area with its policy limits."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    province: str = ""
    kind: Literal["hub", "city", "undersea"]
    pue_limit: Pue | None = None
    min_rack_fill: Annotated[float, Field(ge=0, le=1)] = 0
    """Least share of rack places that must be filled."""
    tariff: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """Electricity price per kWh."""
    tariff_currency: str = "CNY"
    cooling: Annotated[tuple[str, ...], BeforeValidator(split_cell)] = ()
    """Catalogue ids of the cooling methods allowed; empty means every one that suits the kind of site."""
    role: Literal["", "real-time", "offline"] = ""
    """Work a hub is meant for: real-time work in the east, offline work in the west."""


Grade = Literal["given", "quote", "list", "tender", "analyst", "derived", "memory"]
"""How a price is known: typed by the user, a seller's quote, a published list, a public award, the figure of an analyst
or the press, derived from such figures, or from memory (as is what is derived from figures from memory)."""
GRADES: tuple[Grade, ...] = get_args(Grade)


class Price(BaseModel):
    """One dated price of one catalogue item, with its range."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: Literal["servers", "switches", "optics", "racks", "cooling", "facility", "accelerators"]
    id: str
    amount: Annotated[float, Field(ge=0, le=1e12)]
    low: Annotated[float, Field(ge=0, le=1e12)]
    high: Annotated[float, Field(ge=0, le=1e12)]
    """What it may cost at least and at most on that date, in the same money."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    unit: Literal["each", "kW"] = "each"
    grade: Grade
    as_of: datetime.date
    source: Annotated[str, Field(min_length=3)]
    note: str = ""

    @field_validator("high")
    @classmethod
    def _range_holds_the_price(cls, value: float, info: ValidationInfo) -> float:
        low, amount = info.data.get("low", 0.0), info.data.get("amount", value)
        if not low <= amount <= value:
            raise PydanticCustomError("range", "low <= amount <= high is accepted")
        return value

    @property
    def estimate(self) -> bool:
        """Whether no seller, list or report says it: derived, or from memory."""
        return self.grade in ("derived", "memory")


class Efficiency(BaseModel):
    """Default model FLOP utilisation of one accelerator in one kind of work."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    accelerator: str
    """Catalogue id, or ``default``."""
    work: Literal["training", "inference"]
    utilisation: Annotated[float, Field(gt=0, le=1)]
    source: Annotated[str, Field(min_length=3)]
    as_of: datetime.date
    estimate: bool = False
    note: str = ""
