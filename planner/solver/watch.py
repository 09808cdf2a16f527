"""Runs the solver in a watched child process: limits hold, Ctrl-C keeps the best plan, a hung solver is ended."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

from planner.errors import SolverError
from planner.solver.problem import Problem, Progress, Solution, SolverOptions

GRACE_SECONDS = 1.5
"""After the limit (or Ctrl-C) the child is asked to stop, and ended this much later if it does not answer."""


def solve_problem(
    problem: Problem, options: SolverOptions, on_progress: Callable[[Progress], None] = lambda progress: None
) -> Solution:
    """Solve, by the options in a child process or here.

    Ctrl-C and the time limit end the search and give the best plan so far with a bound that is proven.

    Raises:
        SolverError: the solver failed.
    """
    if not options.isolate:
        from planner.solver import highs

        return highs.run(problem, options, on_progress)
    return _Watched(problem, options, on_progress).solve()


class _Watched:
    def __init__(self, problem: Problem, options: SolverOptions, on_progress: Callable[[Progress], None]) -> None:
        self.options = options
        self.on_progress = on_progress
        self.begin = time.monotonic()
        self.plan: tuple[np.ndarray, float] | None = None
        self.bound: float | None = None
        self.messages: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        # The child needs the packages the parent has, whatever way it found them.
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
        self.child = subprocess.Popen(
            [sys.executable, "-c", "from planner.solver.watch import child; child()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, which asks the child to stop
        )
        assert self.child.stdin is not None
        with suppress(BrokenPipeError):
            pickle.dump((problem, options), self.child.stdin)
            self.child.stdin.flush()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        try:
            while True:
                self.messages.put(pickle.load(self.child.stdout))
        except (EOFError, pickle.UnpicklingError, OSError, ValueError):
            self.messages.put(("end", None))

    def solve(self) -> Solution:
        limit = self.options.time_limit
        deadline = None if limit is None else self.begin + limit + GRACE_SECONDS
        try:
            while True:
                try:
                    found = self._next(deadline)
                except KeyboardInterrupt:
                    found = None
                    deadline = 0.0
                if found is not None:
                    return found
                if deadline is not None and time.monotonic() >= deadline:
                    return self._stop()
        finally:
            self.child.kill()
            self.child.wait()
            self.reader.join(timeout=1)
            for pipe in (self.child.stdin, self.child.stdout):
                with suppress(OSError, ValueError):
                    pipe.close()  # type: ignore[union-attr]
            self.complaints.close()

    def _next(self, deadline: float | None) -> Solution | None:
        """Handle one message; a Solution when the child is done."""
        wait = 0.2 if deadline is None else max(0.0, min(0.2, deadline - time.monotonic()))
        try:
            kind, content = self.messages.get(timeout=wait)
        except queue.Empty:
            return None
        if kind == "plan":
            self.plan = content
        elif kind == "bound":
            self.bound = content
        elif kind == "progress":
            self.on_progress(content)
        elif kind == "solution":
            found: Solution = content
            return found
        elif kind == "error":
            raise SolverError(content)
        else:
            self.complaints.seek(0)
            last = self.complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            raise SolverError(f"the solver process ended without an answer {' '.join(last)}".strip())
        return None

    def _stop(self) -> Solution:
        """Ask for an end; failing that, take the last plan and the bound of the linear relaxation."""
        assert self.child.stdin is not None
        with suppress(OSError):
            self.child.stdin.close()
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until:
            with suppress(SolverError, KeyboardInterrupt):
                found = self._next(until)
                if found is not None:
                    return found
        seconds = time.monotonic() - self.begin
        if self.plan is None:
            return Solution("no_plan", None, None, self.bound, seconds)
        return Solution("feasible", self.plan[0], self.plan[1], self.bound, seconds)


def child() -> None:
    """Body of the child process: problem from standard input, messages to standard output."""
    # The solver's own prints must not get between the messages.
    out: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    problem, options = pickle.load(sys.stdin.buffer)
    stopped = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()  # the parent closes it to stop us, or dies
        stopped.set()

    threading.Thread(target=wait_for_end, daemon=True).start()

    def send(kind: str, content: object) -> None:
        pickle.dump((kind, content), out)
        out.flush()

    from planner.solver import highs

    try:
        solution = highs.run(
            problem,
            options,
            on_progress=lambda progress: send("progress", progress),
            on_plan=lambda values, objective: send("plan", (values, objective)),
            on_bound=lambda bound: send("bound", bound),
            stop=stopped.is_set,
        )
        send("solution", solution)
    except SolverError as error:
        send("error", str(error))
    os._exit(0)  # threads waiting on standard input must not hold the process
