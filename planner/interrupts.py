"""Ctrl-C and the request to end (SIGTERM): held back while something is done that must not be cut short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held(*, forgotten: bool = False) -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block ends.

    Args:
        forgotten: Ctrl-C, and SIGTERM where the program has it do the same, are dropped instead: the block is the end
            of what they ask to end.

    Only the main thread hears signals; elsewhere nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _: Any) -> None:
        came.append(number)

    before: dict[signal.Signals, Any] = {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) or (handler is signal.SIG_DFL and not forgotten):  # what is ignored stays so
            before[number] = handler
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came and not forgotten:
            signal.raise_signal(came[0])
