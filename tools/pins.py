"""The versions that the tests were run with, each with the hash of its file, as requirements for pip.

    python tools/pins.py > .ci/requirements.txt

asks pip what it would install for the project with its ``dev`` extra and for building it, on this platform and this
Python: of the files of a release it names the one that pip chose here, so the list holds for no other platform.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class PinError(Exception):
    """Something has no file whose hash could be pinned."""


def pins(installs: Iterable[Mapping[str, Any]], project: str) -> list[str]:
    """Lines of a requirements file, sorted by name, from what pip reports that it would install.

    Args:
        project: the name of what is not pinned, the project itself.

    Raises:
        PinError: a distribution comes without a SHA-256.

    >>> info = {"archive_info": {"hashes": {"sha256": "ab12"}}}
    >>> pins([{"metadata": {"name": "Pint", "version": "0.25"}, "download_info": info}], "planner")
    ['pint==0.25 --hash=sha256:ab12']
    """
    lines = []
    for install in installs:
        name, version = install["metadata"]["name"].lower().replace("_", "-"), install["metadata"]["version"]
        if name == project:
            continue
        digest = install["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if digest is None:
            raise PinError(f"{name} {version} has no SHA-256: it comes from no file of a release")
        lines.append(f"{name}=={version} --hash=sha256:{digest}")
    return sorted(lines)


def main() -> int:
    """Print the list."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [f"{ROOT}[dev]", *stated["build-system"]["requires"]]
    command = ["-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", *wanted]
    ran = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        return ran.returncode
    report = json.loads(ran.stdout)
    there = report["environment"]
    print(f"# Written by tools/pins.py: CPython {there['python_version']}, {there['sys_platform']}, "
          f"{there['platform_machine']}, from pyproject.toml's ranges.")  # fmt: skip
    try:
        print("\n".join(pins(report["install"], stated["project"]["name"])))
    except PinError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
