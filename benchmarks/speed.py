"""How long the building blocks take that options, sweeps and commands call again and again.

    python benchmarks/speed.py [--repeat 3]

Processor seconds, the best of the repeats, beside what each should stay below on a machine of today. Nothing fails
here: a busy machine is no fault of the code, and tests count what can be counted instead.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from planner.catalogue import load_catalogue
from planner.engineering import networks
from planner.engineering.climate import climate_of
from planner.engineering.cooling import annual_pue
from planner.engineering.fabric import design
from planner.engineering.fit import Rules, fit
from planner.engineering.performance.device import device_of
from planner.engineering.performance.inference import estimate_serving
from planner.engineering.performance.models import presets
from planner.engineering.performance.replicas import DoesNotServe
from planner.engineering.performance.training import DoesNotTrain, estimate_training
from planner.engineering.topology import prove

ROOT = Path(__file__).parents[1]
CATALOGUE = load_catalogue()
SERVERS = ("dgx-a100", "dgx-h100", "dgx-h200", "l40s-8")


def cases() -> Iterator[tuple[str, float, Callable[[], int]]]:
    """What is timed, the seconds that one call should stay below, and a function that says how often it called."""
    yield "a service sized on a device", 1e-3, services
    yield "a training run sized on a device", 1e-3, runs
    yield "the PUE of a method over a year", 1e-3, year
    yield "all frames of a family", 1.0, frames
    yield "the proof of 65,536 endpoints", 2.0, proof
    yield "the parts of 65,536 endpoints", 2.0, parts
    yield "planner --help", 1.0, lambda: command("--help")
    yield "planner check of a tiny instance", 0.6, lambda: command("check", "instances/tiny/01-one-server.yaml")


def services() -> int:
    """Presets on four devices within five targets of time."""
    count = 0
    for model in list(presets().values())[:25]:
        for server in SERVERS:
            device = device_of(CATALOGUE.accelerators[CATALOGUE.servers[server].accelerator], CATALOGUE.servers[server])
            for tpot_s in (0.03, 0.06, 0.1, 0.2, 0.4):
                count += 1
                try:
                    estimate_serving(
                        model, device, tokens_in=1000, tokens_out=300, precision="fp16", ttft_s=2.0, tpot_s=tpot_s
                    )
                except DoesNotServe:
                    continue
    return count


def runs() -> int:
    """Presets on 1,024 of each device."""
    count = 0
    for model in presets().values():
        for server in SERVERS:
            device = device_of(CATALOGUE.accelerators[CATALOGUE.servers[server].accelerator], CATALOGUE.servers[server])
            count += 1
            try:
                estimate_training(model, device, 1024, 1e12)
            except DoesNotTrain:
                continue
    return count


def year() -> int:
    """One method in one climate."""
    annual_pue("cold-plate", climate_of("beijing"))
    return 1


def frames() -> int:
    """Families of small and of large switches."""
    sizes = ((40, 8, True), (64, 8, True), (128, 8, True), (144, 8, True), (64, 1, False), (512, 8, True))
    for radix, ports, rails in sizes:
        for tiers in (2, 3):
            design(radix, ports, rails=rails, tiers=tiers)
    return len(sizes)


def proof() -> int:
    """By counting alone: no flow is computed."""
    prove(fit(Rules(64, 1, False), 65_536))
    return 1


def parts() -> int:
    """Switches, optics and fibres of a network of three tiers."""

    def price(kind: str, id: str) -> float | None:
        return 1.0

    wanted = networks.Ask(65_536, networks.endpoints_server(65_536, 400), CATALOGUE.switches["qm9700"])
    networks.compute(wanted, networks.Parts(CATALOGUE.switches, CATALOGUE.optics, price))
    return 1


def command(*arguments: str) -> int:
    """A command in a process of its own, imports included, byte code kept as it is for users."""
    kept = {
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "planner-byte-code"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    asked = [sys.executable, "-m", "planner", *arguments]
    subprocess.run(asked, cwd=ROOT, env={**os.environ, **kept}, capture_output=True, check=True)
    return 1


def seconds(case: Callable[[], int], repeat: int) -> float:
    """Best processor seconds of a call, those of its child processes included."""
    best = float("inf")
    for _ in range(repeat):
        begin = _processor()
        count = case()
        best = min(best, (_processor() - begin) / count)
    return best


def _processor() -> float:
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    print(f"{'seconds':>10}  {'below':>7}")
    for name, most, case in cases():
        found = seconds(case, repeat)
        print(f"{found:10.6f}  {most:7g}  {name}{'' if found <= most else '  (slower)'}")


if __name__ == "__main__":
    main()
