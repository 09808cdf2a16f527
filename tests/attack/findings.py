"""What came through, and the bounds that hold while it is tried."""

from __future__ import annotations

import resource
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 60
"""Processor time that reading an input may take; what is read takes well under one."""
BYTES = 2 * 2**30
"""Memory that may come on top while an input is read."""


class Finding(Exception):  # noqa: N818 - of the engine, not of this
    """One case that came through: seed, number, and what happened."""


class TooSlowError(BaseException):
    """The processor time of a case is over."""


@contextmanager
def bounded() -> Iterator[None]:
    """Processor time and memory end for the length of the block."""

    def late(number: int, frame: Any) -> None:
        raise TooSlowError

    limits = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (_held() + BYTES, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _held() -> int:
    """Address space of this process, bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def told(error: BaseException) -> str:
    """The last lines of what went wrong."""
    return "".join(traceback.format_exception(error)[-3:])
