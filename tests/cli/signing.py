"""The digest of a plan file that was changed on purpose."""

from __future__ import annotations

from typing import Any

from planner.plan.reading import digest


def signed(data: dict[str, Any]) -> dict[str, Any]:
    """Data of a plan file as if it had been written so."""
    return {**data, "sha256": digest({k: v for k, v in data.items() if k not in ("format_version", "sha256")})}
