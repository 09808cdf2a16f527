"""What may be chosen: catalogue rows, networks, shipments, money and supply."""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from planner.engineering.export_rules import EndUse, Party, Terms, ValidatedEndUser, faults_of
from planner.instance.values import MAX_PERIODS, Country, Fraction, Metres, Money, Ratio, Record, Span, usual


class Overrides(Record):
    """Changes to catalogue rows: ``{servers: {dgx-a100: {price: 150000}}}``."""

    accelerators: Mapping[str, Mapping[str, Any]] = {}
    """Figures of accelerators by id."""
    servers: Mapping[str, Mapping[str, Any]] = {}
    """Figures of servers by id, ``price`` among them."""
    switches: Mapping[str, Mapping[str, Any]] = {}
    """Figures of switches by id, ``price`` among them."""
    optics: Mapping[str, Mapping[str, Any]] = {}
    """Figures of transceivers, cables and fibres by id, ``price`` among them."""
    cooling: Mapping[str, Mapping[str, Any]] = {}
    """Figures of cooling methods by id, ``price`` (of a kW) among them."""
    racks: Mapping[str, Mapping[str, Any]] = {}
    """Figures of racks by id, ``price`` among them."""


class OwnRows(Record):
    """What the files of the user's own held when they were read, so that a plan can be judged without them."""

    sha256: Mapping[str, str] = {}
    """Digest of each file's lines, by its name as stated."""
    rows: Mapping[str, tuple[Mapping[str, Any], ...]] = {}
    """Rows by kind."""


class CatalogueChoice(Record):
    """Which catalogue rows may be used and what is changed. Absent lists mean all with a price; of servers those
    that are not for requests alone (``Server.on_request``)."""

    accelerators: tuple[str, ...] | None = None
    """Ids of accelerators that may be used."""
    servers: tuple[str, ...] | None = None
    """Ids of servers that may be bought."""
    switches: tuple[str, ...] | None = None
    """Ids of switches that compute and storage networks may use."""
    optics: tuple[str, ...] | None = None
    """Ids of transceivers, cables and fibres that may be used."""
    cooling: tuple[str, ...] | None = None
    """Ids of cooling methods that may be used."""
    price_rule: Literal["nearest", "in-force"] = "nearest"
    """Which of the dated prices of an item counts: the nearest to the order, carried to its date at the rate of its
    class, or the latest of that date as it stands."""
    files: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """CSV or YAML files with rows of your own, below the folder of the instance (``planner catalogue template``)."""
    own: OwnRows = usual(OwnRows)
    """What ``files`` held: written by reading them, never again once it is there."""
    overrides: Overrides = usual(Overrides)
    """Figures of catalogue rows that are to be others, and rows that are to be there too."""


class Oversubscription(Record):
    """Bandwidth down over bandwidth up of a compute network; a bare number is that of its leaves."""

    leaf: Ratio = 1
    """Of the leaves: bandwidth to servers over bandwidth to spines."""
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
    """Server racks of a row."""
    switches_per_rack: Annotated[int, Field(ge=1, le=1000)] = 16
    """Spines and cores of a network rack."""
    leaves_at: Literal["middle", "end"] = "middle"
    """Where in the row the leaves stand."""
    rack_pitch_m: Span = 0.6
    """Distance of neighbouring racks in a row."""
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
    """Protocols that networks may speak."""
    tiers: Annotated[tuple[Literal[2, 3], ...], Field(min_length=1)] = (2, 3)
    """Most tiers a family may have; a two-tier family also offers a single switch for a few servers."""
    planes: Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=1)] = (1,)
    """Numbers of independent planes the compute network may be split into: ``[1, 8]`` offers one fabric, and eight
    fabrics that each take one port of eight. Traffic between planes passes inside the servers."""
    split: Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=1)] | None = None
    """Planes that every compute port may be split over, each at a part of its speed: ``[1, 2]`` also offers two fabrics
    of 400G to ports of 800G. Absent: one, and what the server's row of the catalogue allows (``port_split``)."""
    rails: Literal["any", "server", "plain"] = "any"
    """``any``: servers that are not rail-optimised may have a rail for each port all the same, where that is cheaper;
    ``server``: as the server's row of the catalogue says; ``plain``: all ports of a server go to one leaf, which spares
    leaves in small clusters of rail-optimised servers."""
    oversubscription: Annotated[tuple[Oversubscription, ...], Field(min_length=1, max_length=8)] = (
        usual(Oversubscription),
    )
    """Ratios the compute network may be built with: ``[1, 2, {spine: 7}]`` offers a non-blocking network, leaves with
    twice as much bandwidth down as up, and spines with seven times as much."""
    pods: Literal["any", "vendor"] = "any"
    """Trees that are offered: all that are worth building, or those of the vendors' tables, with as few rows of leaves
    and as few pods as can be (NVL72: pods of 8 racks)."""
    pod_servers: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Servers of a pod of a compute network of three tiers: pods are as few as that makes, in place of ``pods``. With
    spines of 7:1 this is the scheme of Llama 3's cluster: pods of 384 servers, oversubscribed between them."""
    spine_switches: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Switches that spines and cores of compute networks may be, whatever their leaves are; of those that
    ``catalogue.switches`` allows; the cheapest is taken. Absent: those of the leaves."""
    core_switches: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Switches that cores may be. Absent: those of the spines."""
    uplink_gbps: Annotated[tuple[Annotated[float, Field(gt=0, le=1e5)], ...], Field(min_length=1)] | None = None
    """Speeds that links between switches of compute networks may have, each a whole multiple of that of a server's port
    (its part, where it is split). Absent: that speed."""
    dual_homed: bool = False
    """Whether no failed switch may cut a server off or part a network: the ports of a server on a tree end on two
    leaves at least, below two spines at least or joined to each other; no single switches. Planes may fail whole, as
    the others go on. Holds for compute and storage; in-band management always is."""
    growth: bool = False
    """Whether every leaf is wired for as many servers as it can hold, with half its ports up, so that its unit fills
    without new spines. Otherwise uplinks follow the ports in use."""
    storage_network: bool = True
    """Whether servers with storage ports get a storage network of their own."""
    management_networks: bool = False
    """Whether every pool gets an in-band (SN4600C, two 100G ports a server) and an out-of-band network (SN2201, a 1G
    port of every server, switch and PDU). Lists of the catalogue that may be used do not bind these two."""
    one_cluster_per_site: bool = False
    """Whether the servers of one type at a site stand in one cluster of the compute network: one pool, and no network
    of several clusters."""
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
    """Export rules, who orders and when."""

    hub_roles: bool = True
    """Whether hubs in the west of China are kept for offline work, as their programme intends."""
    export_rules: Literal["us", "none"] = "us"
    """``us``: the dated US rules and what they lead to; ``none``: no export rules at all."""
    export_exempt: tuple[str, ...] = ()
    """Accelerators planned with as if the export rules did not name them: a question, not a way round."""
    order_date: datetime.date | None = None
    """Date of the first order; absent means the first day of the horizon."""
    rules_as_of: datetime.date | None = None
    """Day whose export rules hold for every order and shipment, so that what a rule costs can be asked without moving
    the orders: what is on sale and what it costs stay those of the order. Absent: the rules of each day."""
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
    def _known_to_the_rules(self) -> Self:
        if self.consignee is None and not self.scenarios:
            return self  # nothing to look up, and the rules take time to read
        faults = faults_of(None, Terms(consignee=self.consignee, scenarios=frozenset(self.scenarios)))
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Budget(Record):
    """Limits on spending."""

    capex: Money | None = None
    """Most capital spending over the horizon, undiscounted."""
    capex_by_period: tuple[Money, ...] | None = None
    """Most capital spending in each period, undiscounted."""


class PricePath(Record):
    """What the price of a kind of item, or of one, becomes over the horizon; that of the one item goes before."""

    kind: Literal["servers", "switches", "optics", "racks", "cooling", "facility", "building"]
    """``facility``: the power train of sites."""
    id: str | None = None
    """Row of the catalogue, or name of the site (facility, building); absent means the whole kind."""
    change_per_year: Annotated[float, Field(gt=-1, le=10)] | None = None
    """Share that the price rises each year, -0.2 for a fifth less a year, from the first period on. Give this or
    ``by_period``."""
    by_period: tuple[Annotated[float, Field(ge=0, le=1e3)], ...] | None = None
    """Price of each period as a multiple of the stated one."""

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if (self.change_per_year is None) == (self.by_period is None):
            found = "neither" if self.by_period is None else "both"
            raise ValueError(f"found {found} of change_per_year and by_period; one is accepted")
        return self


class QuantityDiscount(Record):
    """A step of the price of a server type: what a large order has off."""

    server: str
    """Server type, catalogue id."""
    pieces: Annotated[int, Field(ge=2, le=10**7)]
    """Servers of the type, at all sites, that one period's order must have."""
    off: Annotated[Fraction, Field(gt=0, lt=1)]
    """Share of the price that all servers of the order have off; the largest step that is reached holds."""

    @property
    def name(self) -> str:
        """What it is called in the bill."""
        return f"{self.server} from {self.pieces}"


class LeadTime(Record):
    """Months from the order of servers to their delivery; the longest that names a server type or its accelerator holds
    for it."""

    kind: Literal["accelerators", "servers"]
    """Whether ``id`` is a server type or an accelerator."""
    id: str | None = None
    """Absent means the whole kind."""
    months: Annotated[int, Field(ge=0, le=240)]
    """Months from order to delivery."""


class SupplyLimit(Record):
    """At most so many of one item may be bought."""

    kind: Literal["accelerators", "servers", "switches", "optics"]
    """Kind of the item."""
    id: str
    """Catalogue id of the item."""
    limit: Annotated[int, Field(ge=0, le=10**12)]
    """Most pieces."""
    period: Annotated[int, Field(ge=1, le=MAX_PERIODS)] | None = None
    """Period (from 1) the limit holds for; absent means the whole horizon."""
