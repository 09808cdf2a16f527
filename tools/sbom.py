"""The bill of materials of the software, as CycloneDX 1.6 JSON: what the installed package stands on.

    python tools/sbom.py                     what it needs to run
    python tools/sbom.py html xlsx           with what these extras need

Read from the metadata of what is installed beside it: names, versions, licences, and which needs which. The same
installation gives the same text: it bears neither time nor serial number.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "ai-capacity-planner"


class BillError(Exception):
    """What the package needs is not installed."""


def bill(project: str, extras: Iterable[str] = ()) -> dict[str, Any]:
    """The bill of an installed distribution.

    Args:
        project: its name.
        extras: extras of it that are counted too.

    Raises:
        BillError: it, or what it needs, is not installed, or has no such extra.
    """
    needs: dict[str, dict[str, Distribution]] = {}
    _follow(canonicalize_name(project), frozenset(extras), needs, set())
    found = {name: one for below in needs.values() for name, one in below.items()}
    whole = _component(_installed(project)) | {"type": "application"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": whole},
        "components": [_component(found[name]) for name in sorted(found)],
        "dependencies": [
            {"ref": _reference(_installed(name)), "dependsOn": [_reference(below[each]) for each in sorted(below)]}
            for name, below in sorted(needs.items())
        ],
    }


def _follow(
    name: str, extras: frozenset[str], needs: dict[str, dict[str, Distribution]], seen: set[tuple[str, frozenset[str]]]
) -> None:
    """Everything that a distribution needs with some of its extras, and what that needs in turn, into ``needs``."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    one = _installed(name)
    if absent := extras - {canonicalize_name(extra) for extra in one.metadata.get_all("Provides-Extra") or ()}:
        raise BillError(f"{name} has no extra {', '.join(sorted(absent))}")
    below = needs.setdefault(name, {})
    for requirement in _requirements(one, extras):
        key = canonicalize_name(requirement.name)
        below[key] = _installed(key)
        _follow(key, frozenset(canonicalize_name(extra) for extra in requirement.extras), needs, seen)


def _requirements(one: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in one.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in ("", *extras)):
            yield requirement


@cache
def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise BillError(f"{name} is needed and not installed") from None


def _component(one: Distribution) -> dict[str, Any]:
    reference = _reference(one)
    summary = _stated(one, "Summary")
    return {
        "type": "library",
        "bom-ref": reference,
        "name": canonicalize_name(one.metadata["Name"]),
        "version": one.version,
        **({"description": summary} if summary else {}),
        **({"licenses": licences} if (licences := _licences(one)) else {}),
        "purl": reference,
    }


def _reference(one: Distribution) -> str:
    return f"pkg:pypi/{canonicalize_name(one.metadata['Name'])}@{one.version}"


def _stated(one: Distribution, field: str) -> str:
    return next(iter(one.metadata.get_all(field) or ()), "")


def _licences(one: Distribution) -> list[dict[str, Any]]:
    """As an SPDX expression where the metadata has one, else by the names that it gives."""
    stated = _stated(one, "License-Expression") or _stated(one, "License")
    try:
        return [{"expression": canonicalize_license_expression(stated)}]
    except InvalidLicenseExpression:
        named = [
            c.rsplit(" :: ", 1)[-1] for c in one.metadata.get_all("Classifier") or () if c.startswith("License ::")
        ]
        if not named and stated and "\n" not in stated:
            named = [re.sub(r"\s+", " ", stated)]
        return [{"license": {"name": name}} for name in named]


def main() -> int:
    """Print the bill."""
    try:
        print(json.dumps(bill(PROJECT, sys.argv[1:]), indent=1))
    except BillError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
