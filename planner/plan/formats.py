"""The format of plan files, and how files of earlier ones are read: what they lack is filled in as it was then.

Who changes a table or a column raises ``FORMAT_VERSION`` and says here what a plan of the former number lacks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from planner.errors import FormerFormatWarning, PlanFileError
from planner.plan.reading import digest

FORMAT_VERSION = 11
OLDEST = 6
"""Plans before it say nothing of the range and grade of prices, which nobody could fill in."""

Data = dict[str, Any]


def _without_rented(data: Data) -> Data:
    """Nothing could be rented before format 7."""
    return _with_table(data, "rented")


def _without_owned(data: Data) -> Data:
    """Nothing could be owned before format 8."""
    return _with_table(data, "owned")


def _one_speed(data: Data) -> Data:
    """Before format 9 a network had one speed and one switch type; late plans of 8 have the columns of 9."""
    networks = data["decisions"].get("networks") if isinstance(data["decisions"], Mapping) else None
    if not isinstance(networks, list):
        return data
    then = {"spine_switch": None, "core_switch": None}
    rows = [{**then, "uplink_gbps": row.get("gbps"), **row} if isinstance(row, Mapping) else row for row in networks]
    return {**data, "decisions": {**data["decisions"], "networks": rows}}


def _without_filled(data: Data) -> Data:
    """No load could run in idle hours of a service before format 10."""
    return _with_table(data, "filled")


def _without_schedule(data: Data) -> Data:
    """No runs took turns before format 11."""
    return _with_table(data, "schedule")


STEPS: Mapping[int, Callable[[Data], Data]] = {
    6: _without_rented, 7: _without_owned, 8: _one_speed, 9: _without_filled, 10: _without_schedule,
}  # fmt: skip
"""From each format to the next."""


def in_present_form(data: Mapping[str, Any], keys: tuple[str, ...]) -> Data:
    """A plan of any format that is read, as one of the present format.

    The digest is held to the file as it stands, by the rules of its own format, which are the same for all that are
    read: where it fits, that of the present form takes its place; where not, it stays, and fits nothing.

    Args:
        data: a plan file as plain data, with ``format_version``.
        keys: that every plan has; a file without one of them is not touched.

    Raises:
        PlanFileError: a format that is not read.
    """
    version = data["format_version"]
    if isinstance(version, bool) or not isinstance(version, int) or not OLDEST <= version <= FORMAT_VERSION:
        raise PlanFileError(_refusal(version))
    if version == FORMAT_VERSION or any(key not in data for key in keys):
        return dict(data)
    found = dict(data)
    for step in range(version, FORMAT_VERSION):
        found = STEPS[step](found)
    fits = data["sha256"] == digest(_content(data))
    name = repr(data["name"])[:60]
    said = (
        f"plan {name} is of format {version}: migrated to format {FORMAT_VERSION} as it was read; its file is as it was"
    )
    warnings.warn(said, FormerFormatWarning, stacklevel=2)
    return {**found, "sha256": digest(_content(found))} if fits else found


def _refusal(version: object) -> str:
    """Why a format is not read, and what to do about it.

    >>> _refusal(5)
    'plan format 5 found; this version reads 6 to 11. Its question can be solved again: provenance.instance'
    >>> _refusal(12)
    'plan format 12 found; this version reads 6 to 11. A later version of planner wrote it, and reads it'
    """
    said = f"plan format {version!r} found; this version reads {OLDEST} to {FORMAT_VERSION}"
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        return said
    if version < OLDEST:
        return f"{said}. Its question can be solved again: provenance.instance"
    return f"{said}. A later version of planner wrote it, and reads it"


def _content(data: Mapping[str, Any]) -> Data:
    return {key: value for key, value in data.items() if key not in ("format_version", "sha256")}


def _with_table(data: Data, name: str) -> Data:
    decisions = data["decisions"]
    if not isinstance(decisions, Mapping):
        return data
    if name in decisions:
        raise PlanFileError(f"{name!r} is no table of plan format {data['format_version']}")
    return {**data, "decisions": {**decisions, name: []}}
