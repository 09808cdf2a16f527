"""YAML text as plain data, with the line of every key.

The parser's events are read and nothing is constructed from them, so a file can neither name a Python object nor
grow in memory (aliases, anchors, merge keys and tags are refused; size, depth and length are bounded). Words mean
what YAML 1.2 says: ``NO`` is text, ``2023-07-01`` is text, ``1e9`` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from planner.files import NoFileError, TooLargeError, read_file, read_standard_input
from planner.instance.paths import Finding, KeyPath

STANDARD_INPUT = "-"
MAX_BYTES = 2**20
MAX_DEPTH = 16
MAX_TEXT = 10_000
MAX_KEY = 200
MAX_VALUES = 20_000
MAX_NUMBER = 1e300

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9][0-9_]*")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class UnreadableError(Exception):
    """The text cannot be read at all: one fault, with its line when known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass
class Document:
    """Plain data, the line of each path in it, where each value that is no record begins and ends in the text
    (characters), and what was refused on the way."""

    data: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    spans: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: KeyPath) -> int | None:
        """Line of ``path``, or of the nearest record that holds it."""
        for length in range(len(path), -1, -1):
            found = self.lines.get(path[:length])
            if found is not None:
                return found
        return None


@cache
def standard_input() -> bytes:
    """What stands on standard input, read once: a what-if asks for it again."""
    return read_standard_input(MAX_BYTES)


def read_text(file: FilePath, what: str = "an instance file") -> str:
    """Text of a file of YAML, refused with a plain sentence where it is none.

    Args:
        what: it should be, for that sentence.
    """
    try:
        content = standard_input() if str(file) == STANDARD_INPUT else read_file(file, MAX_BYTES)
    except TooLargeError:
        most = f"{what} of at most {MAX_BYTES:,} is accepted"
        raise UnreadableError(f"found more than {MAX_BYTES:,} bytes; {most}") from None
    except NoFileError as error:
        if error.kind == "a folder":
            raise UnreadableError(f"found a directory; the path of {what} is accepted") from None
        hint = f"the path of {what} is accepted, or - to read standard input"
        raise UnreadableError(f"found {error.kind}; {hint}") from None
    except FileNotFoundError:
        raise UnreadableError(f"found no such file; the path of {what} is accepted") from None
    except PermissionError:
        raise UnreadableError("found a file that may not be read; a readable file is accepted") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"found a path that cannot be opened ({reason})") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError("found bytes that are no text; a YAML file in UTF-8 is accepted", line) from None


def read_yaml(text: str) -> Document:
    """One YAML 1.2 document as plain data.

    Raises:
        UnreadableError: the text is no YAML, or larger than the bounds of this module.
    """
    try:
        return _Reader().read(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join((error.problem or error.context or "no reason given").replace("\0", "end of text").split())
        raise UnreadableError(
            f"found text that is not valid YAML: {problem}", mark.line + 1 if mark else None
        ) from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise UnreadableError("found a control character; a YAML file in UTF-8 is accepted", line) from None


def scalar(text: str) -> Any:
    """Value of a plain scalar by the core schema of YAML 1.2 (digits may be grouped with underscores).

    >>> [scalar(word) for word in ("NO", "1e9", "1_000", "true", "~", "2023-07")]
    ['NO', 1000000000.0, 1000, True, None, '2023-07']
    """
    if _NULL.fullmatch(text):
        return None
    if found := _BOOL.fullmatch(text):
        return found[1] is not None
    if len(text) <= 64:
        if _INT.fullmatch(text):
            return int(text.replace("_", ""))
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text.replace("_", ""))
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def read_typed(text: str) -> Document:
    """One YAML document of a text that came by another way than a file, under the same bounds.

    Raises:
        UnreadableError: as for ``read_text`` and ``read_yaml``.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise UnreadableError("found half a character; YAML in UTF-8 is accepted", line) from None
    if size > MAX_BYTES:
        raise UnreadableError(f"found {size:,} bytes; an instance of at most {MAX_BYTES:,} is accepted")
    return read_yaml(text)


def plain(data: Any) -> Document:
    """``data`` of a Python caller as fresh plain data under the same bounds as a file."""
    document = Document()
    budget = [MAX_VALUES]

    def copy(value: Any, path: KeyPath) -> Any:
        budget[0] -= 1
        if budget[0] < 0:
            raise UnreadableError(f"found more than {MAX_VALUES:,} values; at most that many are accepted")
        if len(path) > MAX_DEPTH:
            raise UnreadableError(f"found values nested more than {MAX_DEPTH} deep; at most that depth is accepted")
        if isinstance(value, Mapping):
            return {
                key: copy(item, (*path, key)) for key, item in value.items() if _key_suits(key, path, document.findings)
            }
        if isinstance(value, (list, tuple)):
            return [copy(item, (*path, index)) for index, item in enumerate(value)]
        if hasattr(value, "isoformat"):
            return value.isoformat()
        if hasattr(value, "tolist"):  # a NumPy scalar or array
            return copy(value.tolist(), path)
        if message := _refused(value):
            document.findings.append(Finding(path, message, spoils=True))
            return None
        return value

    document.data = copy(data, ())
    return document


def _refused(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        if value != value or abs(value) > MAX_NUMBER:
            return f"found {'a number above 1e300' if isinstance(value, int) else value}; a finite number is accepted"
        return None
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return f"found text of {len(value):,} characters; at most {MAX_TEXT:,} are accepted"
        return None
    return f"found an object of type {type(value).__name__}; text, a number, a list or a mapping is accepted"


def _key_suits(key: Any, path: KeyPath, findings: list[Finding], line: int | None = None) -> bool:
    if not isinstance(key, str):
        findings.append(Finding(path, f"found the key {key!r:.60}; text is accepted", line=line))
        return False
    if len(key) > MAX_KEY:
        findings.append(
            Finding(path, f"found a key of {len(key):,} characters; at most {MAX_KEY} are accepted", line=line)
        )
        return False
    return True


class _Reader:
    """Builds plain data from parser events."""

    def __init__(self) -> None:
        self.document = Document()
        self.values = 0

    def read(self, text: str) -> Document:
        self.events = iter(YAML(typ="safe", pure=True).parse(text))
        started = False
        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if started:
                raise UnreadableError("found a second document ('---'); one document is accepted", _line(event))
            if event.version is not None and tuple(event.version) != (1, 2):
                found = ".".join(map(str, event.version))
                raise UnreadableError(f"found %YAML {found}; YAML 1.2 is accepted", _line(event))
            started = True
            first = next(self.events)
            self.document.lines[()] = _line(first)
            self.document.data = self.value(first, ())
        return self.document

    def value(self, event: Any, path: KeyPath) -> Any:
        self.values += 1
        line = _line(event)
        if self.values > MAX_VALUES:
            raise UnreadableError(f"found more than {MAX_VALUES:,} values; at most that many are accepted", line)
        if len(path) > MAX_DEPTH:
            raise UnreadableError(
                f"found values nested more than {MAX_DEPTH} deep; at most that depth is accepted", line
            )
        if isinstance(event, AliasEvent):
            self.refuse(path, f"found the alias *{event.anchor}; write the value out, aliases are not accepted")
            return None
        if event.anchor is not None:
            self.refuse(path, f"found the anchor &{event.anchor}; anchors are not accepted", spoils=False)
        if event.tag is not None:
            self.refuse(path, f"found the tag {event.tag:.60}; tags are not accepted")
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self.events), SequenceEndEvent):
                here = (*path, len(items))
                self.document.lines[here] = _line(item)
                items.append(self.value(item, here))
            return items
        assert isinstance(event, ScalarEvent)
        value = scalar(event.value) if event.style is None and event.tag is None else event.value
        if message := _refused(value):
            self.refuse(path, message)
            return None
        self.document.spans[path] = (event.start_mark.index, event.end_mark.index)
        return value

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ScalarEvent):
                raise UnreadableError("found a key that is no text; a key such as 'sites' is accepted", line)
            key = event.value
            here = (*path, key)
            if event.anchor is not None or event.tag is not None:
                self.document.lines.setdefault(here, line)
                self.refuse(here, "found an anchor or tag on a key; neither is accepted", spoils=False)
            if key == "<<" and event.style is None:
                self.document.lines[here] = line
                self.value(next(self.events), here)
                self.document.findings.append(Finding(here, "found a merge key; write the keys out", line=line))
            elif not _key_suits(key, path, self.document.findings, line):
                self.value(next(self.events), path)
            elif key in found:
                first = self.document.lines[here]
                again = f"found the key {key!r} again (first on line {first}); one is accepted"
                self.document.findings.append(Finding(here, again, line=line))
                self.skip(next(self.events), here)
            else:
                self.document.lines[here] = line
                found[key] = self.value(next(self.events), here)
        return found

    def skip(self, event: Any, path: KeyPath) -> None:
        """Read a value without keeping its lines or findings."""
        kept = self.document
        self.document = Document()
        self.value(event, path)
        self.document = kept

    def refuse(self, path: KeyPath, message: str, *, spoils: bool = True) -> None:
        self.document.findings.append(Finding(path, message, spoils=spoils))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
