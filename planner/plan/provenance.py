"""What a plan was made from: equal provenance gives an equal plan. No clock, no machine name."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from planner.instance import instance_data
from planner.plan.reading import digest
from planner.version import __version__

if TYPE_CHECKING:
    from planner.options.tables import Options

LIBRARIES = ("highspy", "numpy", "pandas", "pyomo")
SOLVER_KEYS = ("gap", "time_limit", "threads", "seed")


def provenance(options: Options, solver: Mapping[str, Any], accelerators: Iterable[str]) -> dict[str, Any]:
    """Hashes of instance and catalogue, versions, options of the solver, the instance itself, notes of the export
    rules on the accelerators bought, and laws that limit the PUE of sites."""
    data = instance_data(options.instance)
    bought = set(accelerators)
    notes = {device: list(found) for device, found in options.notes.items() if device in bought}
    laws = {
        name: f"PUE limit {site.pue_limit:g} by {site.pue_basis}"
        for name, site in options.sites.items()
        if site.pue_basis
    }
    return {
        "instance_sha256": digest(data),
        "catalogue_sha256": options.catalogue.digest(),
        "versions": {
            "planner": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "solver": dict(solver),
        "instance": data,
        **({"export_notes": notes} if notes else {}),
        **({"site_laws": laws} if laws else {}),
        **({"priced_apart": apart} if (apart := priced_apart(options)) else {}),
    }


def priced_apart(options: Options) -> list[dict[str, str]]:
    """Servers on offer that can stand in for each other (as many accelerators of the same peak and memory) at prices of
    different grades, by id with their grades: a difference between them rests on two methods."""
    alike: dict[tuple[object, ...], dict[str, str]] = {}
    for id in dict.fromkeys(pool.server for pool in options.pools):
        server = options.catalogue.servers[id]
        device = options.catalogue.accelerators[server.accelerator]
        key = server.accelerators, device.fp16_tflops, device.memory_gb
        alike.setdefault(key, {})[id] = options.items["servers", id].grade
    return [dict(sorted(found.items())) for found in alike.values() if len(set(found.values())) > 1]


def solver_options(solver: Any) -> dict[str, Any]:
    """Options of the solver that decide about a plan, from a mapping or a record."""
    if isinstance(solver, Mapping):
        return {key: solver[key] for key in SOLVER_KEYS if key in solver}
    return {key: getattr(solver, key) for key in SOLVER_KEYS if hasattr(solver, key)}
