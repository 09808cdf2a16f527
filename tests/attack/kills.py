"""Ends at random moments: a folder holds one whole plan, no finished work is lost, and no process is left."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from findings import Finding

import planner
from planner.plan import Plan
from planner.plan.plan import TABLE_FILES

ROOT = Path(__file__).resolve().parents[2]
QUESTION = ROOT / "instances" / "tiny" / "04-two-sites.yaml"
LATEST = 5.0
"""Seconds after the start of the command at which the latest of the ends comes: it has a plan after two or three."""
ENDS_WITHIN = 30.0
"""Seconds that a process may take to end once it is asked to, on a machine however busy."""
MARK = "PLANNER_ATTACK"


@cache
def plans() -> tuple[Plan, Plan]:
    """Two plans of one question under other names."""
    plan = planner.solve(planner.load_instance(QUESTION), gap=0.01, isolate=False).require_plan()
    return plan, dataclasses.replace(plan, name="other")


def case(seed: int, number: int) -> Iterator[str]:
    """A writer is killed in three cases of four, else the whole command is ended in one of three ways."""
    random = Random(f"{seed} {number}")
    name = f"kills seed {seed} case {number}"
    yield writer(random, name) if number % 4 else command(random, name)


def writer(random: Random, name: str) -> str:
    """kill -9 to a process that writes two plans into one folder in turns; then one of them stands there, or none
    yet, and the next writer leaves nothing of it."""
    plans()
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "plans"
        child = os.fork()
        if child == 0:
            try:
                while True:
                    for plan in plans():
                        plan.write(folder)
            finally:
                os._exit(1)
        time.sleep(random.random() * 0.2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if not (folder / "plan.json").exists():
            return "writers killed before the first plan"
        whole(folder, name)
        plans()[0].write(folder)
        if sorted(each.name for each in folder.iterdir()) != sorted(("plan.json", *TABLE_FILES)):
            raise Finding(f"{name}: the next writer leaves {sorted(each.name for each in folder.iterdir())}")
    return "writers killed"


def whole(folder: Path, name: str) -> None:
    """One plan stands in a folder, whose tables are its own where they are there."""
    found, tables = Plan.read_all(folder)
    if not found.is_as_written:
        raise Finding(f"{name}: the plan is not as it was written")
    for file, table in TABLE_FILES.items():
        content = tables.get(file)
        if content is not None and content.decode("utf-8") != found.to_csv(table):
            raise Finding(f"{name}: {file} is of another plan")


def command(random: Random, name: str) -> str:
    """The command over an older plan, ended by kill -9, Ctrl-C or SIGTERM at any moment."""
    number = random.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM))
    mark = f"{os.getpid()}-{name.replace(' ', '-')}"
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "plans"
        plans()[1].write(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "planner", "solve", str(QUESTION), "-o", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, MARK: mark, "PYTHONPATH": str(ROOT)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        time.sleep(random.random() * LATEST)
        late = process.poll() is not None
        process.send_signal(number)
        try:
            _, said = process.communicate(timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Finding(f"{name}: goes on {ENDS_WITHIN} s after signal {number}") from None
        code = process.returncode
        # before the command's first line Python itself hears a signal: it ends, and may say where it was
        if "Traceback" in said and "planner/" in said:
            raise Finding(f"{name}: signal {number}: {said[-600:]}")
        if number != signal.SIGKILL and code not in (0, 130, -number) and "Traceback" not in said:
            raise Finding(f"{name}: signal {number} ends with exit code {code}: {said[-600:]}")
        whole(folder, name)
        if code == 0 and Plan.read(folder).name == "other":
            raise Finding(f"{name}: signal {number}: exit code 0 with the older plan in the folder")
        if left := _left(mark):
            raise Finding(f"{name}: signal {number} leaves processes {left}")
    return f"commands with {number.name} {'after the end' if late else f'exit {code}'}"


def _left(mark: str) -> list[int]:
    """Processes of a command that still run some seconds after its end."""
    for _ in range(20):
        left = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"{MARK}={mark}\0".encode() in (entry / "environ").read_bytes():
                    left.append(int(entry.name))
            except OSError:
                continue
        if not left:
            return []
        time.sleep(0.5)
    return left
