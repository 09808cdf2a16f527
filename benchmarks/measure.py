"""One solve, measured: processor seconds by stage, the gap as it closes, peak memory.

Everything is in processor seconds of this process and of the solver's, children that live included: other work on the
machine counts less. One process measures one solve; ``run`` starts it.

    python benchmarks/measure.py P1 --gap 2e-3 --limit 60
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

from instances import NAMED, Size, instance

Record = dict[str, Any]
GAP_AT_S = (10, 30, 60, 120, 300)
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY_EVERY_S = 0.1
STAGES = ("options", "model", "hand-over", "relaxation", "search", "plan", "verification")
HOOKS = (
    ("planner.solving.answer", "make_options", "options"),
    ("planner.model.build", "ModelBuilder.__init__", "model"),
    ("planner.model.build", "ModelBuilder.build", "model"),
    ("planner.model.build", "ModelBuilder.relaxation", "model"),
    ("planner.model.build", "ModelBuilder.outline", "model"),
    ("planner.solving.relaxation", "standard_form", "hand-over"),
    ("planner.solving.search", "standard_form", "hand-over"),
    ("planner.solver", "Solver.solve", "search"),
    ("planner.solving.answer", "plan_of", "plan"),
    ("planner.solving.answer", "verify_plan", "verification"),
)
"""Module, function in it and the stage that its time is booked to; what is left over is ``other``."""


def children() -> list[int]:
    """Processes started by this one that live; none where the system doesn't tell."""
    with suppress(OSError):
        return [
            int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
        ]
    return []


def processor_seconds() -> float:
    """Processor seconds of this process since it began and of all its children, those that live too."""
    spent = os.times()
    seconds = spent.user + spent.system + spent.children_user + spent.children_system
    for pid in children():
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def memory_mb() -> float:
    """Memory held by this process and its children, MB."""
    total = 0
    for pid in (os.getpid(), *children()):
        with suppress(OSError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


class Stages:
    """Processor seconds by stage; a stage within another is booked once, to the inner one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.columns = 0
        """Most columns of a program that was solved."""
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Book the time within to a stage."""
        self._book()
        self._open.append(name)
        try:
            yield
        finally:
            self._book()
            self._open.pop()

    def _book(self) -> None:
        now = processor_seconds()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def watch(self, module: str, path: str, stage: str) -> None:
        """Book every call of a function to a stage."""
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        inner: Callable[..., Any] = getattr(owner, name)

        @wraps(inner)
        def booked(*args: Any, **kwargs: Any) -> Any:
            with self.stage(self._of_problem(args) or stage):
                return inner(*args, **kwargs)

        setattr(owner, name, booked)

    def _of_problem(self, args: tuple[Any, ...]) -> str | None:
        """The stage of a linear problem, should the arguments hold one: the solver serves relaxation and search."""
        whole = next((argument.whole for argument in args if hasattr(argument, "whole")), None)
        if whole is None:
            return None
        self.columns = max(self.columns, len(whole))
        return None if whole.any() else "relaxation"


class Memory(threading.Thread):
    """Looks at the memory every now and then and keeps the peak."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0

    def run(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, memory_mb())
            time.sleep(MEMORY_EVERY_S)


def gap_percent(objective: float | None, bound: float | None) -> float | None:
    """Distance of a plan from its bound in percent of the plan.

    >>> gap_percent(200.0, 199.0)
    0.5
    """
    if objective is None or bound is None:
        return None
    return max(0.0, 100 * (objective - bound) / objective)


def gaps(curve: list[tuple[float, float | None, float | None]], at: tuple[int, ...] = GAP_AT_S) -> Record:
    """The gap when so many processor seconds were spent: best plan and best bound until then.

    >>> gaps([(3.0, 200.0, None), (8.0, 220.0, 198.0), (20.0, 200.0, 199.0)], at=(5, 10, 30))
    {5: None, 10: 1.0, 30: 0.5}
    """
    found = {}
    for second in at:
        plans = [objective for s, objective, _ in curve if s <= second and objective is not None]
        bounds = [bound for s, _, bound in curve if s <= second and bound is not None]
        found[second] = gap_percent(min(plans, default=None), max(bounds, default=None))
    return found


def source(name: str) -> Mapping[str, Any] | str:
    """Data of an instance: one of ``NAMED``, sizes as ``8-12-10-1``, or the path of a file."""
    if name in NAMED:
        return instance(NAMED[name])
    if name.replace("-", "").isdigit():
        return instance(Size(*map(int, name.split("-"))))
    return name


def measure(name: str, gap: float, limit: float | None, threads: int) -> Record:
    """Solve an instance in this process and measure it."""
    import planner

    stages, memory = Stages(), Memory()
    for hook in HOOKS:
        stages.watch(*hook)
    curve: list[tuple[float, float | None, float | None]] = []
    memory.start()

    def progress(state: Any) -> None:
        curve.append((processor_seconds(), state.objective, state.bound))

    begin = time.monotonic()
    failed = None
    result = None
    try:
        result = planner.solve(
            planner.load_instance(source(name)), gap=gap, time_limit=limit, threads=threads, on_progress=progress
        )
    except planner.PlannerError as error:
        failed = f"{type(error).__name__}: {error}".splitlines()[0]
    seconds = processor_seconds()
    relaxation = next((bound for _, _, bound in curve if bound is not None), None)
    objective = None if result is None else result.objective
    if result is not None:
        curve.append((seconds, result.objective, result.bound))
    return {
        "instance": name,
        "status": failed if result is None else str(result.status),
        **{stage: stages.seconds[stage] for stage in STAGES},
        "other": seconds - sum(stages.seconds.values()),
        "total": seconds,
        "wall": time.monotonic() - begin,
        "columns": stages.columns,
        "gap_at": gaps(curve),
        "gap": None if result is None or result.gap is None else 100 * result.gap,
        "objective": objective,
        "bound": None if result is None else result.bound,
        "relaxation_bound": relaxation,
        "above_relaxation": gap_percent(objective, relaxation),
        "peak_mb": memory.peak_mb,
        "curve": curve,
    }


def run(name: str, gap: float, limit: float | None, threads: int = 1) -> Record:
    """Measure a solve in a process of its own.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, __file__, name, "--gap", str(gap), "--threads", str(threads)]
    if limit is not None:
        command += ["--limit", str(limit)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{name}: {answer.stderr.strip().splitlines()[-1:]}")
    found: Record = json.loads(answer.stdout)
    found["gap_at"] = {int(second): gap for second, gap in found["gap_at"].items()}
    return found


def main() -> None:
    """Measure one solve and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance")
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--limit", type=float)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    json.dump(measure(asked.instance, asked.gap, asked.limit, asked.threads), sys.stdout)


if __name__ == "__main__":
    main()
