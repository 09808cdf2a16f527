"""How plans and comparisons show themselves in print and in notebooks.

The report reads them, so they cannot import it: whoever puts the package together (``planner/__init__.py``) says here
how each is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VIEWS: dict[str, Callable[[Any], str]] = {}
"""What shows a thing, by name of the view."""


def shown(view: str, thing: Any) -> str:
    """A thing as a view shows it."""
    return VIEWS[view](thing)
