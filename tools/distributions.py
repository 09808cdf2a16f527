"""Wheel and sdist: built, held against the sources, installed into a clean environment and used there.

    python tools/distributions.py

builds into dist/, which is emptied first. Needs what ``pip install`` needs. The exit code is 1 if anything is not as it
should be.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("planner", "formulations")
SOURCES = ("benchmarks", "docs", "instances", "tests", "tools")
"""What the sdist has beside the packages, so that it can be tested."""
TYPED = """\
import planner

plan = planner.solve(planner.load_instance("question.yaml")).require_plan()
cost: float = plan.objective
"""
WRONG = TYPED + "wrong: str = plan.objective\n"
EVERY_MODULE = """\
import importlib, pkgutil, sys
import formulations, planner
for package in (planner, formulations):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
assert planner.__file__.startswith(sys.prefix), planner.__file__
"""


class DistError(Exception):
    """A distribution is not as it should be; the text says what was found."""


def build(folder: Path) -> tuple[Path, Path]:
    """Wheel and sdist of the files that are under version control or about to be, the wheel made from the sdist.

    Returns:
        paths of the wheel and of the sdist in ``folder``.
    """
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", within=ROOT)
    with tempfile.TemporaryDirectory() as copy:
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                target = Path(copy, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
        _run(sys.executable, "-m", "build", "--outdir", str(folder), copy, within=Path(copy))
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        hold_contents(wheel, sdist, Path(copy))
    return wheel, sdist


def hold_contents(wheel: Path, sdist: Path, sources: Path) -> None:
    """Every file of the packages is in the wheel and nothing else; the sdist has the tests and pages too.

    Raises:
        DistError: one lacks a file or has one too many.
    """
    expected = {str(path.relative_to(sources)) for name in PACKAGES for path in _files(sources / name)}
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
    _same("the wheel", there, expected)
    if not licences:
        raise DistError("the wheel has no licence")
    expected |= {str(path.relative_to(sources)) for name in SOURCES for path in _files(sources / name)}
    expected |= {name for name in os.listdir(sources) if name.endswith(".md") or name in ("LICENSE", "Makefile")}
    with tarfile.open(sdist) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    if missing := expected - members:
        raise DistError(f"the sdist lacks {_few(missing)}")


def hold_installed(distribution: Path, python: Path, folder: Path, *options: str) -> None:
    """Install a distribution with pip and use it from a folder outside the tree: version, templates, a solve, types.

    Args:
        python: the interpreter of a clean environment.
        folder: an empty one.
        options: of ``pip install``.

    Raises:
        DistError: something fails, or the types of the package are not seen.
    """
    _run(str(python), "-m", "pip", "install", "--quiet", *options, str(distribution), within=folder)
    planner = str(python.parent / "planner")
    said = _run(planner, "--version", within=folder).strip()
    stated = f"planner {runpy.run_path(str(ROOT / 'planner' / 'version.py'))['__version__']}"
    if said != stated:
        raise DistError(f"planner --version says {said!r}; {stated!r} is expected")
    _run(str(python), "-c", EVERY_MODULE, within=folder)
    tiny = str(ROOT / "instances" / "tiny" / "01-one-server.yaml")
    for command in (
        "new one-rack -o question.yaml", "check question.yaml", f"solve {tiny} -o plan", "verify plan", "report plan",
    ):  # fmt: skip
        _run(planner, *command.split(), within=folder)
    for text, held in ((TYPED, True), (WRONG, False)):
        (folder / "user.py").write_text(text, encoding="utf-8")
        mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), "user.py"]
        ran = subprocess.run(mypy, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
        if (ran.returncode == 0) != held:
            raise DistError(f"the types of the package are not seen: mypy says {ran.stdout}{ran.stderr}")


def clean_environment(folder: Path) -> Path:
    """The interpreter of a new virtual environment that has pip and nothing else."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def main() -> int:
    """Build both into ``dist`` and hold them to what they should be."""
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as held:
        place = Path(held)
        try:
            wheel, sdist = build(folder)
            python = clean_environment(place / "clean")
            for number, (distribution, options) in enumerate(
                ((wheel, ()), (sdist, ("--force-reinstall", "--no-deps")))
            ):
                used = place / f"used-{number}"
                used.mkdir()
                hold_installed(distribution, python, used, *options)
                print(f"{distribution.name}: built, complete, installed and used")
        except DistError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
    return 0


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _same(what: str, found: set[str], expected: set[str]) -> None:
    if missing := expected - found:
        raise DistError(f"{what} lacks {_few(missing)}")
    if more := found - expected:
        raise DistError(f"{what} has {_few(more)}, which the packages have not")


def _few(names: set[str]) -> str:
    first = sorted(names)[:5]
    return ", ".join(first) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _environment() -> dict[str, str]:
    """Without what would let an installed package see the tree."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON") and key != "MYPYPATH"}


def _run(*command: str, within: Path) -> str:
    ran = subprocess.run(command, cwd=within, env=_environment(), capture_output=True, text=True, check=False)
    if ran.returncode:
        raise DistError(f"{' '.join(command)} ended with {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
