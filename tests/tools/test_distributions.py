"""Wheel and sdist are complete, and what they install works without the tree."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from distributions import DistError, build, clean_environment, hold_contents, hold_installed


@pytest.mark.slow
def test_wheel_and_sdist_are_installed_and_used(tmp_path: Path) -> None:
    wheel, sdist = build(tmp_path / "dist")
    python = clean_environment(tmp_path / "clean")
    (tmp_path / "wheel").mkdir()
    hold_installed(wheel, python, tmp_path / "wheel")
    (tmp_path / "sdist").mkdir()
    hold_installed(sdist, python, tmp_path / "sdist", "--force-reinstall", "--no-deps")


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (["planner/a.py"], "the wheel lacks formulations/b.py, planner/data.csv"),
        (["planner/a.py", "planner/data.csv", "formulations/b.py", "tests/t.py"], "the wheel has tests/t.py, which"),
        (["planner/a.py", "planner/data.csv", "formulations/b.py"], "the wheel has no licence"),
    ],
)
def test_a_wheel_of_other_files_is_told(inside: list[str], said: str, tmp_path: Path) -> None:
    for name in ("planner/a.py", "planner/data.csv", "planner/__pycache__/a.pyc", "formulations/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        for name in inside:
            archive.writestr(name, "")
    with pytest.raises(DistError, match=said):
        hold_contents(tmp_path / "x.whl", tmp_path / "none", tmp_path)
