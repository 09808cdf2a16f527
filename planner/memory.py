"""What this process and those it started have held of memory."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from planner.errors import OutOfMemoryError

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts."""


UNLOADED = ("failed to map segment", "cannot allocate memory")
"""What the loader of compiled modules says where memory has run out."""


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it came from, is a want of memory.

    >>> is_want_of_memory(ImportError("libopenblas.so: failed to map segment from shared object"))
    True
    >>> is_want_of_memory(ImportError("No module named 'scipy'"))
    False
    """
    below = error.__cause__ or error.__context__
    said = str(error).lower()
    unloaded = isinstance(error, ImportError) and any(words in said for words in UNLOADED)
    return isinstance(error, MemoryError) or unloaded or (below is not None and is_want_of_memory(below))


def most_held_gb() -> float | None:
    """The most that was held at once by this process and by its largest child, GB; None where nobody counts."""
    if find_spec("resource") is None:
        return None
    import resource

    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(each).ru_maxrss for each in who) * UNIT / 1e9


def out_of_memory() -> OutOfMemoryError:
    """The error with a sentence for a user."""
    held = most_held_gb()
    needs = "more memory than there is" if held is None else f"more than the {held:.1f} GB that it got"
    return OutOfMemoryError(
        f"out of memory: the question needs {needs}. Give it more, or offer it less: fewer sites, "
        "servers, switches, cooling methods or periods"
    )
