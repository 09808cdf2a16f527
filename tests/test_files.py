"""Files are written whole or not at all; what is no file is written to as it is."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.files import write_whole


def test_a_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "plan.xlsx"
    write_whole(file, b"PK\x03")
    assert file.read_bytes() == b"PK\x03"

    def full() -> Iterator[str]:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole(file, full())
    assert file.read_bytes() == b"PK\x03"
    assert [found.name for found in file.parent.iterdir()] == ["plan.xlsx"]
    write_whole(file, "é\n")
    assert file.read_bytes() == b"\xc3\xa9\n"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "taken", "text")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, ["one ", "two"])
    reader.join()
    assert heard == ["one two"]
    assert pipe.is_fifo()
