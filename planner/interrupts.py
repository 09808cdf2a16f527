"""Ctrl-C, the request to end (SIGTERM) and the end of time: what they cut short, and what they must not.

``held`` keeps them from the few steps that change files. ``stopping`` is around a search: the first of them ends it.
From then on, as from the moment the search has a plan, they change nothing. ``TimeUp`` ends what asks no clock.
Only the main thread hears signals; elsewhere nothing is done.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_SECONDS = 2.0
"""``TimeUp`` is raised again after so long: who waits for the solver takes the first as its time to ask for an end."""


class TimeUp(BaseException):
    """The time limit has passed while something worked that asks no clock."""


class Stops:
    """Handler of Ctrl-C and SIGTERM that raises KeyboardInterrupt once at most.

    Attributes:
        pressed: whether one of them came.
        calm: whether another is only noted.
    """

    def __init__(self) -> None:
        self.pressed = False
        self.calm = False

    def __call__(self, number: int, frame: Any) -> None:
        self.pressed = True
        if not self.calm:
            self.calm = True  # before it is raised: what cleans up is not cut short in turn
            raise KeyboardInterrupt


def install(stops: Stops) -> None:
    """Have Ctrl-C and SIGTERM do the same for the rest of the process, unless it was started with them ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, stops)


@contextmanager
def stopping() -> Iterator[Stops]:
    """Around one search. A program of its own handler keeps it; the command's is taken over and keeps what it noted.

    Raises:
        KeyboardInterrupt: Ctrl-C came since the command began, during an earlier search: no other is begun.
    """
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, Stops):
        if handler.pressed:
            raise KeyboardInterrupt
        handler.calm = False
        yield handler
    elif handler is signal.default_int_handler and _hears():
        stops = Stops()
        signal.signal(signal.SIGINT, stops)
        try:
            yield stops
        finally:
            signal.signal(signal.SIGINT, handler)
    else:
        yield Stops()


@contextmanager
def hearing() -> Iterator[None]:
    """Around what is left to do for a plan that is safe: Ctrl-C ends it, though the search before made it calm.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM came in the block.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not isinstance(handler, Stops):
        yield
        return
    handler.calm = False
    try:
        yield
    finally:
        handler.calm = True


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block ends."""
    if not _hears():
        yield
        return
    came: list[int] = []

    def note(number: int, _: Any) -> None:
        came.append(number)

    before: dict[int, Any] = {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) or handler is signal.SIG_DFL:  # what is ignored stays so
            before[number] = handler
            signal.signal(number, note)
    try:
        yield
    finally:
        for noted, handler in before.items():
            signal.signal(noted, handler)
        if came:
            signal.raise_signal(came[0])


def arm(until: float | None) -> None:
    """Raise ``TimeUp`` once ``time.monotonic`` passes a moment, and again every ``AGAIN_SECONDS``, until ``disarm``.

    A program that uses this timer itself keeps it.
    """
    if until is None or not _hears() or not hasattr(signal, "setitimer"):
        return
    handler = signal.getsignal(signal.SIGALRM)
    if handler is _time_is_up or (handler is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL)[0] == 0):
        signal.signal(signal.SIGALRM, _time_is_up)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, until - time.monotonic()), AGAIN_SECONDS)


def disarm() -> None:
    """End what ``arm`` began."""
    if _hears() and hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is _time_is_up:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _time_is_up(number: int, frame: Any) -> None:
    raise TimeUp


def _hears() -> bool:
    return threading.current_thread() is threading.main_thread()
