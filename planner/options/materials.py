"""Switches and parts of many steps at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.engineering.management import OUT_OF_BAND_UPLINKS
from planner.options import attach
from planner.options.counts import Counts, between_leaves, part_columns
from planner.options.frontier import Numbers
from planner.options.groups import Group
from planner.options.kits import Mix
from planner.options.networks import NetworkOption
from planner.options.resources import Key


def of_network(option: NetworkOption, mix: Mix, counted: Numbers) -> dict[Key, Numbers]:
    """Pieces of the switches of a network, and of the parts of the links between them, by (kind, id).

    Args:
        counted: ``Counts`` (columns) of some steps (rows).
    """
    found: dict[Key, Numbers] = {}
    for tier, switch in enumerate(option.tiers_of):
        _add(found, "switches", switch.id, counted[:, tier])
    for links, pairs in part_columns(option, mix):
        for column, part, each in pairs:
            pieces = (each * counted[:, column]).astype(np.int64)
            _add(found, "optics", part, np.where(counted[:, links] > 0, pieces, 0))
    joining = counted[:, Counts._fields.index("leaf_leaf")]
    for part, share in between_leaves(option, mix):
        _add(found, "optics", part, np.ceil(share * joining).astype(np.int64))
    return found


def of_group(group: Group, rows: Numbers) -> dict[Key, Numbers]:
    """The same of some steps of a group, with all places taken."""
    found = {("optics", part): np.full(len(rows), pieces, np.int64) for part, pieces in group.rounding.items()}
    reached = np.zeros(len(rows), np.int64)
    for option, counted in group.counts(rows):
        reached += counted[:, :3].sum(1)
        for (kind, id), pieces in of_network(option, group.mix, counted).items():
            _add(found, kind, id, pieces)
    if group.managed is not None:
        band, below = group.networks[-2:]
        out_of_band = group.managed.out_of_band[rows]
        for option, links in ((band, OUT_OF_BAND_UPLINKS * out_of_band), (below, reached)):
            for part, links_of_piece in attach.others_parts(option, group.mix):
                _add(found, "optics", part, -(-links // links_of_piece))
        _add(found, "switches", below.switch.id, out_of_band)
    return found


def _add(found: dict[Key, Numbers], kind: str, id: str, pieces: Numbers) -> None:
    found[kind, id] = found[kind, id] + pieces if (kind, id) in found else pieces


class Materials:
    """Switches and parts of the steps of a server type.

    Args:
        groups: the families.
        group, position: of each step its group, and which of it.

    Attributes:
        keys: (kind, id) of every switch and part.
        pieces: of each of them (column) by step (row).
        switches, parts: the same by id, of each step.
    """

    def __init__(self, groups: Sequence[Group], group: Numbers, position: Numbers) -> None:
        made = []
        for g in np.unique(group).tolist():
            rows = np.flatnonzero(group == g)
            made.append((rows, of_group(groups[g], position[rows])))
        self.keys = tuple(dict.fromkeys(key for _, own in made for key in own))
        column = {key: i for i, key in enumerate(self.keys)}
        self.pieces = np.zeros((len(group), len(self.keys)), np.int64)
        self.switches: list[dict[str, int]] = [{}] * len(group)
        self.parts: list[dict[str, int]] = [{}] * len(group)
        for rows, own in made:
            table = np.column_stack(list(own.values()))
            self.pieces[np.ix_(rows, np.array([column[key] for key in own]))] = table
            for row, counted in zip(rows.tolist(), table.tolist(), strict=True):
                switches: dict[str, int] = {}
                parts: dict[str, int] = {}
                for (kind, id), pieces in zip(own, counted, strict=True):
                    if pieces:
                        (switches if kind == "switches" else parts)[id] = pieces
                self.switches[row], self.parts[row] = switches, parts
