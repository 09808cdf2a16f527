"""Files of users: read without waiting and within bounds, written whole or not at all, all of a set together."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from planner.interrupts import held

LOCKS = find_spec("fcntl") is not None
"""Where the system has no such locks (Windows), writers are not kept apart."""

DRAFTS = ".draft-"
"""Start of the names of folders that hold files until all of them are whole."""
FORMER = "former"
"""Folder in which files are kept that something else was asked for since."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NoFileError(OSError):
    """A path leads to something that is no file, such as a pipe; ``kind`` names it."""

    def __init__(self, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}, and a file is accepted")
        self.kind = kind


class TooLargeError(OSError):
    """A file is larger than what is read."""

    def __init__(self, most: int) -> None:
        super().__init__(errno.EFBIG, f"it is larger than {most:,} bytes")


def read_file(path: str | os.PathLike[str], most: int) -> bytes:
    """All bytes of a file. A pipe or a device is refused at once, whether or not somebody writes to it.

    Args:
        most: bytes that are accepted.

    Raises:
        NoFileError: no file is there, but something else.
        TooLargeError: it has more bytes.
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    if (kind := _kind(os.stat(path).st_mode)) is not None:
        raise NoFileError(kind)  # before it is opened: to open a device may do something
    with os.fdopen(os.open(path, flags), "rb") as stream:
        if (kind := _kind(os.fstat(stream.fileno()).st_mode)) is not None:
            raise NoFileError(kind)
        return _bounded(stream.read(most + 1), most)


def read_standard_input(most: int) -> bytes:
    """All bytes of standard input.

    Raises:
        TooLargeError, OSError: as for ``read_file``.
    """
    if sys.stdin is None:
        raise OSError(errno.EBADF, "there is no standard input")
    return _bounded(sys.stdin.buffer.read(most + 1), most)


def _bounded(content: bytes, most: int) -> bytes:
    if len(content) > most:
        raise TooLargeError(most)
    return content


def _kind(mode: int) -> str | None:
    """What something is that is no file.

    >>> _kind(stat.S_IFIFO), _kind(stat.S_IFREG)
    ('a pipe', None)
    """
    if stat.S_ISREG(mode):
        return None
    return next((name for fits, name in _KINDS if fits(mode)), "something else")


@contextmanager
def kept_apart(folder: Path, *, writes: bool) -> Iterator[None]:
    """Wait until nobody else writes into a folder (to write: nor reads), for the length of the block.

    The lock is on the folder itself: nothing is left behind, whatever ends the process. Where the file system has no
    locks, there is none.
    """
    if not LOCKS:
        yield
        return
    import fcntl

    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX if writes else fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


Text = str | bytes | Iterable[str]
"""What a file shall hold: a text, bytes, or pieces of text one after the other, of which only one is in memory."""


def write_together(folder: Path, first: tuple[str, Text], more: Mapping[str, Text], gone: Iterable[str] = ()) -> None:
    """Write files into a folder, made if absent, so that they never stand beside files of another time.

    All are written in full under names of their own before any takes its place; a disk that is full leaves what was
    there. Then the old ``more`` go, ``first`` is replaced in one step, and the new ``more`` take their places: a
    machine that stops in between leaves ``first`` as it was or as it shall be, alone or with some of its own.

    Args:
        first: name and text of the file that says everything.
        more: names and texts of files that repeat some of it.
        gone: names of files that repeated some of what stood there before, and go.

    Raises:
        OSError: they cannot be written; nothing has changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with kept_apart(folder, writes=True):
        _clear(folder)
        texts: dict[str, Text] = {first[0]: first[1], **more}
        for name in texts:
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
        drafts = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=folder))
        try:
            for name, text in texts.items():
                _write(drafts / name, text)
            with held():
                for name in (*more, *(name for name in gone if os.path.lexists(folder / name))):
                    (folder / name).unlink(missing_ok=True)
                for name in texts:
                    os.replace(drafts / name, folder / name)
                _settle(folder)
        finally:
            _remove(drafts)


def write_whole(file: Path, text: Text) -> None:
    """Write one file so that what stood there stays until the new one is whole; its folder is made if absent.

    A pipe or a device, such as ``/dev/stdout``, is written to as it is.

    Raises:
        OSError: it cannot be written; what stood there still does.
    """
    if file.exists() and _kind(file.stat().st_mode) not in (None, "a folder"):
        with file.open("wb") as stream:
            stream.writelines(_bytes(text))
        return
    write_together(file.parent, (file.name, text), {})


def set_aside(folder: Path, first: str, more: Sequence[str]) -> Path | None:
    """Move files of a former time out of the way, into the folder ``former`` beside them.

    Returns:
        where they are now; None if there is no file ``first``.

    Raises:
        OSError: they cannot be moved.
    """
    if not os.path.lexists(folder / first):
        return None
    former = folder / FORMER
    with kept_apart(folder, writes=True), held():
        if not os.path.lexists(folder / first):
            return None
        former.mkdir(exist_ok=True)
        for name in (*more, first):
            (former / name).unlink(missing_ok=True)
        for name in (first, *more):
            with suppress(FileNotFoundError):
                os.replace(folder / name, former / name)
        _settle(folder)
    return former


def _write(file: Path, text: Text) -> None:
    """Write a new file to the disk; a link under its name is not followed."""
    with file.open("xb") as stream:
        stream.writelines(_bytes(text))
        stream.flush()
        os.fsync(stream.fileno())


def _bytes(text: Text) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    for piece in (text,) if isinstance(text, (str, bytes)) else text:
        yield piece if isinstance(piece, bytes) else piece.encode()


def _settle(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _clear(folder: Path) -> None:
    """Remove drafts of writers that were ended: whoever writes holds the lock, so nobody works on them."""
    if not LOCKS:
        return
    for drafts in folder.glob(f"{DRAFTS}*"):
        if drafts.is_dir() and not drafts.is_symlink():
            _remove(drafts)


def _remove(drafts: Path) -> None:
    with suppress(OSError):
        for file in drafts.iterdir():
            file.unlink(missing_ok=True)
        drafts.rmdir()
