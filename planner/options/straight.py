"""Networks on straight twin-port cables: both links of a cage lead to one cage at the other end.

Ports of rail-optimised servers lead to a leaf each, so that their cages hold modules, but for the single switch of a
small cluster. Between leaves and spines such cables ask for whole cages of links to every spine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planner.catalogue.entries import Server
from planner.engineering import optics
from planner.engineering.fit import most_rows
from planner.options.networks import Family, NetworkOption, Networks


def families(made: Networks, family: Family, server: Server) -> Iterator[Family]:
    """The families on such cables beside one on modules."""
    for compute in _spined(made, family.compute):
        yield replace(family, id=f"{family.id}-straight", compute=compute, optional=True)
    if family.compute.spine or family.compute.core or family.compute.uplink_gbps:
        return  # the same single switches as without them
    whole = family.compute.gbps == server.compute_port_gbps  # parts of a port lead to a plane each
    for compute in _single(made, family.compute) if whole else ():
        yield replace(family, id=f"{family.id}-alone", compute=compute, optional=True, single=True)


def storage(made: Networks, options: tuple[NetworkOption, ...]) -> tuple[NetworkOption, ...]:
    """Storage networks, and each on such cables between leaves and spines."""
    return tuple(each for option in options for each in (option, *_spined(made, option)))


def _spined(made: Networks, option: NetworkOption) -> Iterator[NetworkOption]:
    """Leaves joined to spines by such cables."""
    found = _kits(made, option, "leaf-spine", option.cage_links) if "leaf-spine" in option.kits else ()
    if found and option.rules is not None:
        rules = replace(option.rules, paired=True)
        if most_rows(rules, option.tiers):
            own = replace(option, rules=rules, kits={**option.kits, "leaf-spine": found})
            yield replace(own, worth=made.worth_of(own))


def _single(made: Networks, option: NetworkOption) -> Iterator[NetworkOption]:
    """Single switches with such cables to the servers."""
    rules = option.rules
    if rules is None or not rules.rails or option.tiers == 3 or rules.dual_homed:
        return
    if option.plane.ports % 2 or option.nic_links != option.cage_links:
        return  # the ports of a cage of a server lead to several planes
    found = _kits(made, option, "node-leaf", option.nic_links)
    if found:
        yield replace(option, kits={**option.kits, "node-leaf": found})


def _kits(made: Networks, option: NetworkOption, link_class: str, lower: int) -> tuple[optics.Kit, ...]:
    if option.cage_links == 1 or option.switch.built_in_optics:
        return ()
    if option.rules is not None and option.rules.above is not None:
        return ()  # cages of several sizes or speeds
    length = made.choice.typed_length_m(link_class)
    return made.offered("straight", link_class, option.gbps, length, lower, option.cage_links)
