"""Typed rows of the catalogue. Every row says where its figures come from and when they held."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

CoolingInterface = Literal["air", "liquid", "immersion"]
Precision = Literal["fp32", "fp16", "fp8", "int8", "fp4", "int4"]

POWER_TRAIN_LIFE_YEARS = 15.0
"""Life of feeds, transformers, UPS and generators: upper end of the 10-15 years of a land data centre (CSC
Securities, AI compute supply-chain review, 14 June 2023, 6.3)."""


def _split(value: object) -> object:
    """CSV cells hold lists separated by semicolons."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    return value


class Entry(BaseModel):
    """What every catalogue row has."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

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
    year: int
    node_nm: float | None = None
    fp32_tflops: float | None = None
    """Vector FP32, TFLOP/s."""
    fp16_tflops: float | None = None
    """FP16/BF16 tensor peak, TFLOP/s."""
    fp16_vector_tflops: float | None = None
    """FP16 outside the tensor units, TFLOP/s; some published estimates use it."""
    fp8_tflops: float | None = None
    int8_tops: float | None = None
    fp4_tflops: float | None = None
    int4_tops: float | None = None
    memory_gb: float | None = None
    """GB = 1e9 bytes, as vendors print it."""
    memory_gbs: float | None = None
    """Memory bandwidth, GB/s."""
    scale_up_gbs: float | None = None
    """Scale-up link bandwidth, GB/s, both directions added."""
    host_link_gbs: float | None = None
    """Host link bandwidth, GB/s, both directions added."""
    tdp_w: float | None = None
    die_mm2: float | None = None
    """Logic-die area of the package on non-planar nodes, mm2."""
    datacenter: bool = True
    """Designed or marketed for data centres (an export-rule input)."""

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
    accelerators: Annotated[int, Field(ge=1)]
    rack_units: Annotated[float, Field(gt=0)]
    power_kw: Annotated[float, Field(gt=0)]
    """Maximum power, kW."""
    cooling: Annotated[tuple[CoolingInterface, ...], BeforeValidator(_split), Field(min_length=1)]
    """Ways the server can be cooled."""
    compute_ports: Annotated[int, Field(ge=0)]
    """Ports on the compute (back-end) network."""
    compute_port_gbps: Annotated[float, Field(ge=0)]
    storage_ports: Annotated[int, Field(ge=0)] = 0
    storage_port_gbps: Annotated[float, Field(ge=0)] = 0
    ports_per_cage: Annotated[int, Field(ge=1, le=2)] = 1
    """Compute ports carried by one pluggable cage of the server (2 = twin-port modules)."""
    rail_optimised: bool = True
    """Whether port i of every server goes to leaf i of its scalable unit (training servers)."""
    protocols: Annotated[tuple[Literal["infiniband", "ethernet"], ...], BeforeValidator(_split)]
    """Protocols its network cards speak."""
    life_years: Annotated[float, Field(gt=0)] = 5


class Switch(Entry):
    """A network switch used for every tier of a fabric."""

    vendor: str
    vendor_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    protocol: Literal["infiniband", "ethernet"]
    ports: Annotated[int, Field(ge=2)]
    port_gbps: Annotated[float, Field(gt=0)]
    """Speed of one port at full rate, Gb/s, one direction."""
    breakout: Annotated[tuple[int, ...], BeforeValidator(_split)] = (1,)
    """Allowed splits of a port: 2 means one 800G port used as two of 400G."""
    ports_per_cage: Annotated[int, Field(ge=1, le=2)] = 1
    """Full-rate ports carried by one pluggable cage (2 = twin-port modules)."""
    rack_units: Annotated[float, Field(gt=0)]
    power_w: Annotated[float, Field(gt=0)]
    """Typical power without optical modules, W; modules are counted by themselves."""
    life_years: Annotated[float, Field(gt=0)] = 5


class Optic(Entry):
    """A pluggable transceiver, a cable that includes its ends, or a fibre."""

    kind: Literal["transceiver", "dac", "acc", "aoc", "fibre"]
    medium: Literal["copper", "mmf", "smf", "aoc"]
    """What the light or current runs in; a transceiver needs a fibre of the same medium."""
    gbps: Annotated[float, Field(ge=0)]
    """Speed of one link, Gb/s, one direction; 0 for fibre (any speed)."""
    standard: str = ""
    """Optical interface of one link (SR4, DR4, FR4, ...): both ends must agree. On a fibre: the one standard it
    is made for; empty means any of its medium."""
    links: Annotated[int, Field(ge=1, le=2)] = 1
    """Links one module or cable carries (2 = twin-port)."""
    reach_m: Annotated[float, Field(gt=0)]
    power_w: Annotated[float, Field(ge=0)] = 0
    """Power of one module (both ends together for a cable), W."""
    life_years: Annotated[float, Field(gt=0)] = 5


class Cooling(Entry):
    """A cooling method."""

    server_cooling: CoolingInterface
    """What a server must offer to be cooled this way."""
    pue: Annotated[float, Field(ge=1)]
    """Annual PUE used unless the site types its own."""
    pue_low: Annotated[float, Field(ge=1)]
    pue_high: Annotated[float, Field(ge=1)]
    rack_kw: Annotated[float, Field(gt=0)]
    """Most IT power of one rack, kW."""
    rack: str
    """Catalogue id of the rack it uses."""
    water_l_per_kwh: Annotated[float, Field(ge=0)] = 0
    """Water use per kWh of IT energy, litres."""
    offshore: bool = False
    """Only at undersea sites."""
    life_years: Annotated[float, Field(gt=0)] = 10


class Rack(Entry):
    """A rack or cabinet with its power distribution."""

    rack_units: Annotated[float, Field(gt=0)]
    """Usable height for servers or switches, U."""
    life_years: Annotated[float, Field(gt=0)] = 10


class Site(Entry):
    """A hub cluster, city or sea area with its policy limits."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    province: str = ""
    kind: Literal["hub", "city", "undersea"]
    pue_limit: Annotated[float, Field(ge=1)] | None = None
    min_rack_fill: Annotated[float, Field(ge=0, le=1)] = 0
    """Least share of rack places that must be filled."""
    tariff: Annotated[float, Field(ge=0)] | None = None
    """Electricity price per kWh."""
    tariff_currency: str = "CNY"
    cooling: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    """Catalogue ids of the cooling methods allowed; empty means every one that suits the kind of site."""


class Price(BaseModel):
    """One dated price of one catalogue item."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["servers", "switches", "optics", "racks", "cooling", "facility", "accelerators"]
    id: str
    amount: Annotated[float, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    unit: Literal["each", "kW"] = "each"
    as_of: datetime.date
    source: Annotated[str, Field(min_length=3)]
    estimate: bool = False
    note: str = ""


class Efficiency(BaseModel):
    """Default model FLOP utilisation of one accelerator in one kind of work."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    accelerator: str
    """Catalogue id, or ``default``."""
    work: Literal["training", "inference"]
    utilisation: Annotated[float, Field(gt=0, le=1)]
    source: Annotated[str, Field(min_length=3)]
    as_of: datetime.date
    estimate: bool = False
    note: str = ""
