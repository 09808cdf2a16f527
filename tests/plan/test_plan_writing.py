"""Files of a plan appear whole and together, whatever happens while they are written."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hand_options import options

from planner.errors import PlanFileError
from planner.files import FORMER, read_file, set_aside
from planner.interrupts import held
from planner.plan import Plan
from planner.plan.compile import compile_plan
from planner.plan.decisions import Decisions
from planner.plan.plan import FILES

TABLES = FILES[1:]


def plan(servers: int) -> Plan:
    decisions = Decisions({("p1", 1): servers}, {("p1", 1): 0}, {("web-8", "north", 1): servers}, {})
    return compile_plan(options(), decisions, status="optimal", bound=20_000.0, solver={"gap": 0.1})


OLD, NEW = plan(3), plan(4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the old plan."""
    OLD.write(tmp_path / "plans")
    return tmp_path / "plans"


def texts(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def whole(made: Plan, folder: Path) -> dict[str, bytes]:
    """Files of a plan, written elsewhere."""
    made.write(folder)
    return texts(folder)


class Ended(BaseException):
    """What a process feels of being ended."""


def end_before(step: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have the writer end before one of its steps, from 0."""
    left, replaced, unlinked = [step], os.replace, Path.unlink

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Ended

    def replace(source: Path, target: Path) -> None:
        count()
        replaced(source, target)

    def unlink(file: Path, missing_ok: bool = False) -> None:
        if file.parent == folder:
            count()
        unlinked(file, missing_ok)

    patch.setattr(os, "replace", replace)
    patch.setattr(Path, "unlink", unlink)


def test_ended_at_any_step_it_leaves_one_plan(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old tables go, the plan is replaced, new tables come: five steps, and an end before each."""
    old, new = whole(OLD, tmp_path / "old"), whole(NEW, tmp_path / "new")
    seen = set()
    for steps in range(6):
        OLD.write(folder)
        with monkeypatch.context() as patch:
            end_before(steps, folder, patch)
            with suppress(Ended):
                NEW.write(folder)
        found = texts(folder)
        assert found.items() <= old.items() or found.items() <= new.items()
        assert "plan.json" in found
        seen.add((len(found), found["plan.json"] == new["plan.json"]))
    assert seen == {(3, False), (2, False), (1, False), (1, True), (2, True), (3, True)}
    assert [file.name for file in folder.iterdir() if file.is_dir()] == []


def test_drafts_of_an_ended_writer_are_cleared(folder: Path) -> None:
    (folder / ".draft-x").mkdir()
    (folder / ".draft-x" / "plan.json").write_text("half")
    NEW.write(folder)
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)


def test_writers_and_readers_of_one_folder_do_not_meet(folder: Path) -> None:
    """Two writers in turns, and readers that must find the tables of the plan they find."""
    wanted = {made.to_json(): whole(made, folder.parent / str(n)) for n, made in enumerate((OLD, NEW))}
    faults: list[object] = []

    def work(made: Plan | None) -> None:
        try:
            for _ in range(15):
                if made is not None:
                    made.write(folder)
                else:
                    found, tables = Plan.read_all(folder)
                    mine = wanted[found.to_json()]
                    assert tables == {name: mine[name] for name in TABLES}
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(made,)) for made in (OLD, NEW, None, None)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    folder, outside = tmp_path / "plans", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("mine")
    for name in (*FILES, ".plan.json.part", ".draft-plan", ".draft-plan.json"):
        (folder / name).symlink_to(outside)
    OLD.write(folder)
    assert outside.read_text() == "mine"
    assert not any((folder / name).is_symlink() for name in FILES)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may become larger than 2,000 bytes, as on a disk that is almost full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_what_was_there(folder: Path, small_files: None) -> None:
    before = texts(folder)
    with pytest.raises(OSError, match="File too large"):
        NEW.write(folder)
    assert texts(folder) == before
    assert [file for file in folder.iterdir() if file.is_dir()] == []


def test_a_folder_under_the_name_of_a_file_changes_nothing(folder: Path) -> None:
    (folder / "costs.csv").unlink()
    (folder / "costs.csv").mkdir()
    before = texts(folder)
    with pytest.raises(IsADirectoryError):
        NEW.write(folder)
    assert texts(folder) == before


def test_ctrl_c_waits_until_files_are_in_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = os.replace

    def pressed(a: Path, b: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        replaced(a, b)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", pressed)
        with pytest.raises(KeyboardInterrupt):
            NEW.write(folder)
    assert texts(folder) == whole(NEW, folder.parent / "new")


def test_what_is_held_is_done_after_the_block() -> None:
    done = []

    def press() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        press()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_older_plan_is_set_aside(folder: Path) -> None:
    before = texts(folder)
    (folder / "notes.txt").write_text("mine")
    assert set_aside(folder, FILES[0], TABLES) == folder / FORMER
    assert texts(folder / FORMER) == before
    assert texts(folder) == {"notes.txt": b"mine"}
    assert set_aside(folder, FILES[0], TABLES) is None
    NEW.write(folder)
    (folder / "bom.csv").unlink()
    set_aside(folder, FILES[0], TABLES)
    assert Plan.read(folder / FORMER) == replace(NEW, stated_digest=None)
    assert sorted(texts(folder / FORMER)) == ["costs.csv", "plan.json"]  # none of the older one


def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plan.json")
    for path in (tmp_path, tmp_path / "plan.json", Path("/dev/zero")):
        with pytest.raises(PlanFileError, match=r"cannot be read: it is a (pipe|device), and a file is accepted"):
            Plan.read(path)


def test_sizes_are_bounded(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"1234")
    assert read_file(file, 4) == b"1234"
    with pytest.raises(OSError, match="larger than 3 bytes"):
        read_file(file, 3)
