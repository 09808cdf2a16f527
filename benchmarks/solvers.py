"""Other solvers on the very problem that the engine exports: bound, plan and gap as the processor seconds go by.

    pip install -e ".[bench]"
    python benchmarks/solvers.py P0 [P1 | FILE.yaml | FILE.mps ...] [--solvers highs scip cbc cp-sat] [--limit 120]

The engine itself stands in the first row; below it are HiGHS as it comes, SCIP, CBC and CP-SAT on the file that
``planner solve --write-model`` writes, each in a process of its own (ortools and highspy share one badly), with one
thread, limited by processor seconds, reading the file not counted. CP-SAT knows whole numbers only: its front end
scales continuous columns. A solver that isn't installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measure import GAP_AT_S, Record, gap_percent, gaps, run, source
from scale import number

Curve = list[tuple[float, float | None, float | None]]
"""Processor seconds, best plan, best bound."""
FINITE = 1e20
"""Objectives from here on are a solver's way to say that it has none."""
LOOK_EVERY_S = 0.5


def known(value: float) -> float | None:
    """A figure, None for infinity."""
    return float(value) if math.isfinite(value) and abs(value) < FINITE else None


def highs(file: str, gap: float, limit: float) -> tuple[str, Curve]:
    """HiGHS with its own settings."""
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("log_to_console", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("mip_min_logging_interval", 1.0)
    solver.readModel(file)
    begin, curve = time.process_time(), Curve()

    def note(event: Any) -> None:
        data = event.data_out
        curve.append((time.process_time() - begin, known(data.mip_primal_bound), known(data.mip_dual_bound)))

    def stop(event: Any) -> None:
        if time.process_time() - begin > limit:
            event.interrupt()

    solver.cbMipLogging.subscribe(note)
    solver.cbMipInterrupt.subscribe(stop)
    solver.cbSimplexInterrupt.subscribe(stop)
    solver.run()
    info = solver.getInfo()
    curve.append((time.process_time() - begin, known(info.objective_function_value), known(info.mip_dual_bound)))
    return solver.version(), curve


def scip(file: str, gap: float, limit: float) -> tuple[str, Curve]:
    """SCIP with its own settings."""
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr, Model

    model = Model()
    model.hideOutput()
    model.readProblem(file)
    model.setParam("limits/gap", gap)
    model.setParam("limits/time", limit)
    model.setParam("timing/clocktype", 1)  # processor seconds
    begin, curve = time.process_time(), Curve()

    class Watch(Eventhdlr):
        def eventinit(self) -> None:
            for event in (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.NODESOLVED):
                self.model.catchEvent(event, self)

        def eventexec(self, event: Any) -> None:
            seconds = time.process_time() - begin
            if not curve or seconds - curve[-1][0] > LOOK_EVERY_S:
                curve.append((seconds, known(self.model.getPrimalbound()), known(self.model.getDualbound())))

    model.includeEventhdlr(Watch(), "watch", "course of the gap")
    model.optimize()
    curve.append((time.process_time() - begin, known(model.getPrimalbound()), known(model.getDualbound())))
    return str(model.version()), curve


def cbc(file: str, gap: float, limit: float) -> tuple[str, Curve]:
    """CBC with its own settings, read from what it prints."""
    import cbcbox

    command = [cbcbox.cbc_bin_path(), file, "-threads", "0", "-ratioGap", str(gap), "-timeMode", "cpu",
               "-seconds", str(limit), "-solve"]  # fmt: skip
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    spent = os.times()
    return version("cbcbox"), cbc_curve(printed, spent.children_user + spent.children_system)


def cbc_curve(printed: str, seconds: float) -> Curve:
    """The course of the gap from the table that CBC prints and from its last word.

    >>> lines = " ★ 1269 429 31 1.20952e+08 strong branching 1.20866e+08 0.07% 1.52"
    >>> cbc_curve(lines + chr(10) + "Objective value: 120903000" + chr(10) + "Lower bound: 1.20866e+08", 6.0)
    [(1.52, 120952000.0, 120866000.0), (6.0, 120903000.0, 120866000.0)]
    """
    curve = Curve()
    figure = r"([+-]?[0-9.]+(?:e[+-]?[0-9]+)?)"
    for line in printed.splitlines():
        found = re.match(rf"\W*\d+\s+\d+\s+\d+\s+(?:{figure}\s)?.*?\s{figure}\s+[0-9.]+%\s+([0-9.]+)$", line)
        if found:
            plan, bound, second = found.groups()
            curve.append((float(second), known(float(plan)) if plan else None, known(float(bound))))
    last = {
        key: known(float(found[1])) if (found := re.search(rf"{key}:\s+{figure}", printed)) else None
        for key in ("Objective value", "Lower bound")
    }
    curve.append((seconds, last["Objective value"], last["Lower bound"]))
    return curve


def cp_sat(file: str, gap: float, limit: float) -> tuple[str, Curve]:
    """CP-SAT with one worker, through the front end that reads MPS and scales continuous columns."""
    import ortools
    from ortools.linear_solver.python import model_builder

    model = model_builder.Model()
    model.import_from_mps_file(file)
    solver = model_builder.Solver("sat")
    solver.set_time_limit_in_seconds(3 * limit)  # by the clock; ``watch`` stops it by processor seconds
    solver.set_solver_specific_parameters(f"num_workers:1 relative_gap_limit:{gap} log_search_progress:true")
    solver.enable_output(True)
    begin, curve, over = time.process_time(), Curve(), threading.Event()
    reading, writing = os.pipe()
    kept = os.dup(1)
    os.dup2(writing, 1)

    def read() -> None:
        for line in os.fdopen(reading):
            found = re.match(r"#\S+\s+[0-9.]+s\s+best:(\S+)\s+next:\[([^,\]]+)", line)
            if found:
                plan, bound = (known(float(figure)) for figure in found.groups())
                curve.append((time.process_time() - begin, plan, bound))

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            if time.process_time() - begin > limit:
                solver.stop_search()

    threads = [threading.Thread(target=read, daemon=True), threading.Thread(target=watch, daemon=True)]
    for thread in threads:
        thread.start()
    solver.solve(model)
    over.set()
    os.dup2(kept, 1)
    os.close(writing)
    threads[0].join(timeout=5)
    last = curve[-1] if curve else (0.0, None, None)
    curve.append((time.process_time() - begin, last[1], last[2]))
    return str(ortools.__version__), curve


SOLVERS: dict[str, tuple[str, Callable[[str, float, float], tuple[str, Curve]]]] = {
    "highs": ("highspy", highs),
    "scip": ("pyscipopt", scip),
    "cbc": ("cbcbox", cbc),
    "cp-sat": ("ortools", cp_sat),
}
"""Package and function of each."""


def other(solver: str, file: str, gap: float, limit: float) -> Record:
    """Run a solver in a process of its own.

    A solver that does not come back in three times its limit by the clock, and a minute to read the file, is ended.
    """
    command = [sys.executable, __file__, file, "--alone", solver, "--gap", str(gap), "--limit", str(limit)]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=6 * limit + 300)
    except subprocess.TimeoutExpired:
        return {"solver": solver, "failed": "did not come back"}
    if answer.returncode:
        return {"solver": solver, "failed": " ".join(answer.stderr.strip().splitlines()[-1:]) or "ended in a crash"}
    found: Record = json.loads(answer.stdout.splitlines()[-1])
    return found


def alone(solver: str, file: str, gap: float, limit: float) -> Record:
    """Run a solver in this process."""
    release, curve = SOLVERS[solver][1](file, gap, limit)
    plans = [plan for _, plan, _ in curve if plan is not None]
    bounds = [bound for _, _, bound in curve if bound is not None]
    return {
        "solver": f"{solver} {release}", "seconds": curve[-1][0], "curve": curve,
        "objective": min(plans, default=None), "bound": max(bounds, default=None),
    }  # fmt: skip


def export(name: str, folder: str) -> str:
    """The MPS file of an instance, in a process of its own so that its memory is given back."""
    if name.endswith(".mps"):
        return name
    file = str(Path(folder) / f"{Path(name).stem}.mps")
    code = (
        "import sys, json, planner.api as api;api.write_model(api.load_instance(json.loads(sys.argv[1])), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, json.dumps(source(name)), file], check=True)
    return file


def row(record: Record) -> str:
    """A line of the table."""
    if "failed" in record:
        return f"| {record['solver']} | {record['failed']} |" + " |" * (len(GAP_AT_S) + 3)
    at = gaps(record["curve"])
    objective, bound = record["objective"], record["bound"]
    cells = [
        record["solver"], number(record["seconds"], 1),
        *(number(at[second], 3) for second in GAP_AT_S), number(gap_percent(objective, bound), 3),
        *(number(None if value is None else value / 1e6, 3) for value in (objective, bound)),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="+")
    parser.add_argument("--solvers", nargs="+", choices=list(SOLVERS), default=list(SOLVERS))
    parser.add_argument("--gap", type=float, default=5e-4)
    parser.add_argument("--limit", type=float, default=120.0, help="processor seconds")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", choices=list(SOLVERS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        print(json.dumps(alone(asked.alone, asked.problems[0], asked.gap, asked.limit)))
        return
    found: dict[str, list[Record]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.problems:
            print(f"{name}\n\n| | s | " + " | ".join(f"gap at {s} s, %" for s in GAP_AT_S), end="")
            print(" | gap, % | plan, M | bound, M |\n|---|" + "--:|" * (len(GAP_AT_S) + 4))
            found[name] = []
            if not name.endswith(".mps"):
                engine = run(name, asked.gap, asked.limit)
                found[name].append({"solver": "engine", "seconds": engine["total"], **engine})
                print(row(found[name][-1]), flush=True)
            file = export(name, folder)
            for solver in asked.solvers:
                if importlib.util.find_spec(SOLVERS[solver][0]) is None:
                    print(f"| {solver} | not installed |" + " |" * (len(GAP_AT_S) + 3))
                    continue
                found[name].append(other(solver, file, asked.gap, asked.limit))
                print(row(found[name][-1]), flush=True)
            print()
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
