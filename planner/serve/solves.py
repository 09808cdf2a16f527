"""Questions in the order they came, solved one at a time, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from planner.files import read_file, write_whole
from planner.plan.plan import FILES, LIST_FILES
from planner.serve.worker import ANSWER, CHANGES, QUESTION, STOP, WORKBOOK

MOST_WAITING = 8
MOST_KEPT = 100
"""Questions that have ended and can still be asked about; the files of earlier ones stay in the folder."""
MOST_NAMES = 100_000
STATE = "state.json"
"""File of a question that has ended, by which a later server knows it."""
KEPT = ("name", "currency", "gap", "time_limit", "took", "answer", "files")
"""What it holds."""
MOST_STATE = 2**20
"""Bytes of that file which are read."""
HANDED_OUT = (*FILES, *LIST_FILES, QUESTION, ANSWER, CHANGES, WORKBOOK)
END_SECONDS = 5.0
"""In which a process that was ended must be gone."""


class State(StrEnum):
    """How far a question is."""

    WAITING = "waiting"
    SOLVING = "solving"
    WRITING = "writing"
    """There is a plan; its files are being written."""
    ENDED = "ended"


class FullError(Exception):
    """As many questions wait as may."""


@dataclass
class Solve:
    """A question and how far it is.

    Attributes:
        folder: of its files.
        gap: relative distance from the bound at which to stop; ``time_limit`` in seconds.
        against: an earlier question whose plan this one's is compared with.
        began, took: the moment it was begun (``time.monotonic``), seconds until it ended.
        progress: objective, bound and gap of the search as last heard.
        answer: how it ended: status, sentences, and what else belongs to that.
        files: names of those that are written.
        stopped: how often it was asked to stop.
    """

    id: int
    name: str
    currency: str
    text: str
    folder: Path
    gap: float
    time_limit: float
    against: Solve | None = None
    state: State = State.WAITING
    began: float | None = None
    took: float | None = None
    progress: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    stopped: int = 0

    def seconds(self) -> float:
        """Since it was begun, until it ended."""
        if self.took is not None:
            return self.took
        return 0.0 if self.began is None else time.monotonic() - self.began


class Solves:
    """Takes questions and solves them one after the other, in a folder each; a context manager that ends what is at
    work. Questions that ended under an earlier server are known by their folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: dict[int, Solve] = {solve.id: solve for solve in _recalled(folder)}
        self._waiting: deque[Solve] = deque()
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Solves:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is at work, and take no more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._end()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)

    def ask(
        self, text: str, name: str, currency: str, gap: float, time_limit: float, against: Solve | None = None
    ) -> Solve:
        """Take a question; it is solved when those before it have ended.

        Args:
            text: of the instance, found valid.
            name, currency: of the instance, to be shown.
            gap: relative distance from the proven bound at which to stop.
            time_limit: seconds.
            against: an earlier question with a plan, to compare with.

        Raises:
            FullError: too many wait.
            OSError: its folder cannot be made.
        """
        with self._changed:
            if len(self._waiting) >= MOST_WAITING or self._closed:
                raise FullError
            number, folder = self._new_folder()
            solve = Solve(number, name, currency, text, folder, gap, time_limit, against)
            self._found[number] = solve
            self._waiting.append(solve)
            self._forget()
            self._changed.notify_all()
            return solve

    def get(self, number: int) -> Solve | None:
        """A question by its number."""
        return self._found.get(number)

    def all(self) -> list[Solve]:
        """Every question that is known, the latest first."""
        return list(self._found.values())[::-1]

    def place(self, solve: Solve) -> int:
        """How many questions are before one that waits."""
        with self._changed:
            before = list(self._waiting)
            return before.index(solve) + (self._process is not None) if solve in before else 0

    def stop(self, solve: Solve) -> None:
        """End the search with the best plan so far; asked again, end it without. What waits is not begun."""
        with self._changed:
            solve.stopped += 1
            if solve in self._waiting:
                self._waiting.remove(solve)
                self._finish(solve, {"status": "no_plan", "sentences": ["Stopped before it was begun."]})
            elif solve.state in (State.SOLVING, State.WRITING) and self._process is not None:
                if solve.stopped > 1:
                    self._process.kill()
                elif self._process.stdin is not None:
                    with suppress(OSError, ValueError):
                        self._process.stdin.write(STOP)
                        self._process.stdin.flush()

    def _new_folder(self) -> tuple[int, Path]:
        """A number that is not taken, and a folder of that name; what an earlier server left there stays."""
        for number in range(max(self._found, default=0) + 1, MOST_NAMES):
            folder = self.folder / f"{number}"
            with suppress(FileExistsError):
                folder.mkdir(parents=True)
                return number, folder
        raise OSError(f"{self.folder} is full")

    def _forget(self) -> None:
        ended = [solve for solve in self._found.values() if solve.state is State.ENDED]
        for solve in ended[: max(0, len(ended) - MOST_KEPT)]:
            del self._found[solve.id]

    def _work(self) -> None:
        """Solve what waits, one after the other."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                solve = self._waiting.popleft()
                solve.state, solve.began = State.SOLVING, time.monotonic()
                try:
                    process = self._process = _start()
                except OSError as error:
                    sentence = f"No process could be started to solve it: {error.strerror}."
                    self._finish(solve, {"status": "failed", "sentences": [sentence]})
                    continue
            try:
                ended = _hear(solve, process)
            finally:
                with self._changed:
                    self._end()
            with self._changed:
                self._finish(solve, ended)

    def _end(self) -> None:
        """End the process at work, if there is one; the solver below it ends with it."""
        if self._process is None:
            return
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                pipe.close()  # type: ignore[union-attr]
        self._process = None

    def _finish(self, solve: Solve, answer: dict[str, Any]) -> None:
        solve.answer = answer
        solve.took = solve.seconds()
        with suppress(OSError):  # it is known to this server all the same
            write_whole(solve.folder / STATE, json.dumps({key: getattr(solve, key) for key in KEPT}))
        solve.state = State.ENDED


def _recalled(folder: Path) -> list[Solve]:
    """The latest questions that ended under earlier servers, in their order; what cannot be read is none."""
    numbers = sorted(int(path.name) for path in folder.glob("[1-9]*") if path.name.isdecimal() and len(path.name) < 9)
    found = []
    for number in numbers[-MOST_KEPT:]:
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            found.append(_recall(number, folder / f"{number}"))
    return found


def _recall(number: int, folder: Path) -> Solve:
    """A question by its folder.

    Raises:
        OSError, ValueError, KeyError, TypeError: its state cannot be read, or is none.
    """
    kept = json.loads(read_file(folder / STATE, MOST_STATE))
    json.dumps(kept, allow_nan=False)  # as it will be told
    answer, sentences = kept["answer"], kept["answer"]["sentences"]
    if not isinstance(sentences, list) or not all(isinstance(words, str) for words in (kept["name"], *sentences)):
        raise TypeError(f"{STATE} holds no answer in words")
    return Solve(
        number, kept["name"], str(kept["currency"]), "", folder, float(kept["gap"]), float(kept["time_limit"]),
        state=State.ENDED, took=float(kept["took"]), answer=answer,
        files=[name for name in HANDED_OUT if name in kept["files"] and (folder / name).is_file()],
    )  # fmt: skip


def _start() -> subprocess.Popen[bytes]:
    """A process that waits for a question. It has the packages this one has, whatever way it found them."""
    return subprocess.Popen(
        [sys.executable, "-c", "from planner.serve.worker import work; work()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
        start_new_session=True,  # Ctrl-C is for the server, which ends it
    )


def _hear(solve: Solve, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Give a process its question and note what it says until it ends; how it ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    before = solve.against
    asked = {
        "id": solve.id, "text": solve.text, "folder": str(solve.folder), "gap": solve.gap,
        "time_limit": solve.time_limit,
        "against": None if before is None else {"id": before.id, "folder": str(before.folder)},
    }  # fmt: skip
    with suppress(OSError, ValueError):
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
    with suppress(OSError, ValueError):
        for line in process.stdout:
            message = json.loads(line)
            if "ended" in message:
                ended: dict[str, Any] = message["ended"]
                return ended
            if "progress" in message:
                solve.progress = message["progress"]
            elif "step" in message:
                solve.state = State.WRITING
            elif "file" in message:
                solve.files.append(message["file"])
            elif "answer" in message:
                solve.answer = message["answer"]
    if solve.answer:
        return {**solve.answer, "sentences": [*solve.answer["sentences"], "Ended before all lists were written."]}
    if solve.stopped:
        return {"status": "no_plan", "sentences": ["Ended at once, without a plan."]}
    return {"status": "failed", "sentences": ["The process that solved it ended without an answer."]}
