"""What a report needs of the catalogue: three facts about the items of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.errors import InstanceError
from planner.plan import Plan
from planner.report.components import shares_of_servers


@dataclass(frozen=True)
class CatalogueFacts:
    """Accelerators of a server, kinds of optics and shares of a server's price by component, by id; empty where the
    plan's own totals contradict them."""

    per_server: Mapping[str, int]
    optic_kinds: Mapping[str, str]
    components: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def accelerators(self, server: str, servers: int) -> int | None:
        """Accelerators in a number of servers of one type; None if unknown."""
        return servers * self.per_server[server] if server in self.per_server else None

    def optic_kind(self, part: str) -> str | None:
        """``transceiver``, ``dac``, ``acc``, ``aoc`` or ``fibre``; None if unknown."""
        return self.optic_kinds.get(part)

    def transceivers(self, parts: Mapping[str, float]) -> float | None:
        """Transceivers among the parts; None if the kind of one is unknown."""
        if any(part not in self.optic_kinds for part in parts):
            return None
        return sum(number for part, number in parts.items() if self.optic_kinds[part] == "transceiver")


def catalogue_facts(plan: Plan) -> CatalogueFacts:
    """Facts from the catalogue with the overrides of the plan's instance.

    The catalogue may have moved on since the plan was made: facts that do not give the plan's own totals are left out
    rather than shown.
    """
    from planner.instance import instance_catalogue, parse_instance

    data = plan.provenance.get("instance")
    try:
        instance = parse_instance(data if isinstance(data, Mapping) else {})
        catalogue = instance_catalogue(instance)
    except InstanceError:
        return CatalogueFacts({}, {})
    bought: dict[str, dict[str, float]] = {"servers": {}, "optics": {}}
    for row in plan.bill_of_materials_rows:
        if row["kind"] in bought:
            bought[row["kind"]][row["item"]] = bought[row["kind"]].get(row["item"], 0) + row["quantity"]
    used = [*bought["servers"], *(row["server"] for name in ("rented", "owned") for row in plan.decisions[name])]
    per_server = {id: catalogue.servers[id].accelerators for id in used if id in catalogue.servers}
    kinds = {id: str(catalogue.optics[id].kind) for id in bought["optics"] if id in catalogue.optics}
    facts = CatalogueFacts(per_server, kinds)
    accelerators = sum(number * per_server.get(id, 0) for id, number in bought["servers"].items())
    right = accelerators == plan.totals["accelerators"]
    return CatalogueFacts(
        per_server if right else {},
        kinds if facts.transceivers(bought["optics"]) == plan.totals["optics"] else {},
        shares_of_servers(instance, catalogue, [id for id in bought["servers"] if id in per_server]) if right else {},
    )
