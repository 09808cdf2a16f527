"""Runs the solver in a watched child process: limits hold, Ctrl-C keeps the best plan, a hung solver is ended.

One child serves all the problems of a search. It is asked to stop by a message and ended if it does not answer.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from planner.errors import SolverError
from planner.interrupts import TimeUp
from planner.memory import out_of_memory
from planner.solver.problem import Problem, Progress, Solution, SolverOptions

GRACE_SECONDS = 1.5
"""After the limit (or Ctrl-C) the child is asked to stop, and ended this much later if it does not answer."""
Start = tuple[np.ndarray, np.ndarray]
OnProgress = Callable[[Progress], None]


class Solver:
    """Solves problems one after the other, by the options in a child process or here; a context manager."""

    def __init__(self, isolate: bool = True) -> None:
        self.isolate = isolate
        self.stopped = False
        """Whether Ctrl-C was pressed: the search should end with what it has."""
        self._child: _Child | None = None

    def __enter__(self) -> Solver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def solve(
        self,
        problem: Problem,
        options: SolverOptions,
        start: Start | None = None,
        on_progress: OnProgress = lambda progress: None,
    ) -> Solution:
        """Solve a problem; Ctrl-C and the time limit end it and give the best plan so far.

        Raises:
            SolverError: the solver failed.
            OutOfMemoryError: it was ended for want of memory.
        """
        if not self.isolate:
            from planner.solver import highs

            return highs.run(problem, options, start, on_progress)
        if self._child is None:
            self._child = _Child()
        try:
            return self._child.solve(problem, options, start, on_progress)
        finally:
            self.stopped = self.stopped or self._child.interrupted
            if self._child.dead:
                self.close()


class _Child:
    def __init__(self) -> None:
        self.interrupted = False
        self.dead = False
        self.task = 0
        """Number of the problem at work: messages of an earlier one are none of this one's."""
        self.plan: tuple[np.ndarray, float] | None = None
        self.messages: queue.Queue[tuple[str, int, Any]] = queue.Queue()
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        # The child needs the packages the parent has, whatever way it found them, and a working folder that is there.
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
        try:
            folder: str | None = os.getcwd()
        except OSError:
            folder = os.sep
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from planner.solver.watch import child; child()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the parent, which asks the child to stop
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _send(self, *message: object) -> None:
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while True:
                self.messages.put(pickle.load(self.process.stdout))
        except (EOFError, pickle.UnpicklingError, OSError, ValueError):
            self.messages.put(("end", 0, None))
        except MemoryError:
            self.messages.put(("memory", 0, None))

    def solve(self, problem: Problem, options: SolverOptions, start: Start | None, on_progress: OnProgress) -> Solution:
        begin = time.monotonic()
        self.plan = None
        self.task += 1
        limit = options.time_limit
        deadline = None if limit is None else begin + limit + GRACE_SECONDS
        try:
            self._send("solve", self.task, problem, replace(options, isolate=False), start)
        except (KeyboardInterrupt, TimeUp) as end:  # half a problem is on its way
            self.interrupted = isinstance(end, KeyboardInterrupt)
            self.dead = True
            return Solution("no_plan", None, None, None, time.monotonic() - begin, stopped=True)
        while True:
            try:
                found = self._next(deadline, on_progress)
            except (KeyboardInterrupt, TimeUp) as end:
                self.interrupted = isinstance(end, KeyboardInterrupt)
                found, deadline = None, 0.0
            except Exception:
                self._send("stop", self.task)  # nobody waits for it any more
                raise
            if found is not None:
                return found
            if deadline is not None and time.monotonic() >= deadline:
                return self._stop(begin)

    def _next(self, deadline: float | None, on_progress: OnProgress) -> Solution | None:
        """Handle one message; a Solution when the child is done."""
        wait = 0.2 if deadline is None else max(0.0, min(0.2, deadline - time.monotonic()))
        try:
            kind, task, content = self.messages.get(timeout=wait)
        except queue.Empty:
            return None
        if task not in (0, self.task):
            return None
        if kind == "plan":
            if self.plan is None or content[1] < self.plan[1]:
                self.plan = content
        elif kind == "progress":
            on_progress(content)
        elif kind == "solution":
            found: Solution = content
            return found
        elif kind == "error":
            raise SolverError(content)
        elif kind == "memory":
            self.dead = True
            raise out_of_memory()
        else:
            self.dead = True
            with suppress(subprocess.TimeoutExpired):
                if self.process.wait(timeout=1) == -getattr(signal, "SIGKILL", 9):
                    raise out_of_memory()  # nobody else ends it so: a system does that is short of memory
            self.complaints.seek(0)
            last = self.complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            raise SolverError(f"the solver process ended without an answer {' '.join(last)}".strip())
        return None

    def _stop(self, begin: float) -> Solution:
        """Ask for an end; failing that, take the last plan and end the child."""
        self._send("stop", self.task)
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until:
            with suppress(SolverError, MemoryError, KeyboardInterrupt, TimeUp):
                found = self._next(until, lambda progress: None)
                if found is not None:
                    return replace(found, stopped=self.interrupted)
        self.dead = True
        seconds = time.monotonic() - begin
        if self.plan is None:
            return Solution("no_plan", None, None, None, seconds, stopped=self.interrupted)
        return Solution("feasible", self.plan[0], self.plan[1], None, seconds, stopped=self.interrupted)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=1)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError, ValueError):
                pipe.close()  # type: ignore[union-attr]
        self.complaints.close()


def child() -> None:
    """Body of the child process: problems from standard input, messages to standard output."""
    # The solver's own prints must not get between the messages.
    out: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tasks: queue.Queue[tuple[Any, ...] | None] = queue.Queue()
    last_stopped = [0]
    """Number of the last problem that is to end: a stop that comes late must not end the next one."""

    def listen() -> None:
        while True:
            try:
                message = pickle.load(sys.stdin.buffer)
            except (EOFError, pickle.UnpicklingError, OSError):
                break  # the parent is gone
            if message[0] == "stop":
                last_stopped[0] = message[1]
            else:
                tasks.put(message[1:])
        last_stopped[0] = sys.maxsize
        tasks.put(None)

    threading.Thread(target=listen, daemon=True).start()

    def send(kind: str, number: int, content: object) -> None:
        pickle.dump((kind, number, content), out)
        out.flush()

    def send_plan(number: int, values: np.ndarray, objective: float) -> None:
        send("plan", number, (values, objective))

    def to_end(number: int) -> bool:
        return last_stopped[0] >= number

    from planner.solver import highs

    while (task := tasks.get()) is not None:
        number, problem, options, start = task
        try:
            solution = highs.run(
                problem,
                options,
                start,
                on_progress=partial(send, "progress", number),
                on_plan=partial(send_plan, number),
                stop=partial(to_end, number),
            )
            send("solution", number, solution)
        except SolverError as error:
            send("error", number, str(error))
        except MemoryError:
            send("memory", number, None)
    os._exit(0)  # threads waiting on standard input must not hold the process
