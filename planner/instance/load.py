"""Instance files and plain data as an Instance, or every fault in them at once."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from planner.errors import Fault, InstanceError
from planner.instance.changes import ChangeError, apply_change
from planner.instance.idle import idle
from planner.instance.judge import MAX_FINDINGS, judge
from planner.instance.own_files import embed
from planner.instance.paths import Finding, KeyPath, key_path
from planner.instance.relative import Settled
from planner.instance.resolve import instance_catalogue
from planner.instance.schema import Instance
from planner.instance.text import Document, UnreadableError, plain, read_text, read_typed, read_yaml

Made = list[tuple[str, list[KeyPath]]]
"""Changes and the places that they set."""


def read_instance(
    path: str | os.PathLike[str], changes: Sequence[str] = (), remarks: list[Fault] | None = None
) -> Instance:
    """Read an instance file (YAML 1.2).

    Args:
        path: the file; ``-`` is standard input, which is read once.
        changes: what-if settings such as ``sites.guian.pue_limit=1.15``, made in this order before validation. One
            that nothing reads is refused.
        remarks: where settings of the file that nothing reads are added, if given.

    Raises:
        InstanceError: with every fault of the file and the changes; nothing else is raised for a bad file.
    """
    file = os.fspath(path)
    try:
        document = read_yaml(read_text(Path(path)))
    except UnreadableError as error:
        raise InstanceError([Fault(file, error.line, "", error.message)]) from None
    folder = None if file == "-" else Path(path).parent
    return _settle(document, file, changes, remarks, folder)


def parse_text(text: str, source: str, remarks: list[Fault] | None = None) -> Instance:
    """Make an instance of the text of an instance file. It cannot name files: it stands in no folder.

    Args:
        source: stands for the file in faults.
        remarks: as for ``read_instance``.

    Raises:
        InstanceError: with every fault of the text.
    """
    try:
        document = read_typed(text)
    except UnreadableError as error:
        raise InstanceError([Fault(source, error.line, "", error.message)]) from None
    return _settle(document, source, (), remarks)


def parse_instance(
    data: Mapping[str, Any],
    source: str = "<data>",
    changes: Sequence[str] = (),
    remarks: list[Fault] | None = None,
) -> Instance:
    """Make an instance of plain data (mappings, lists, text, numbers), e.g. from JSON.

    Args:
        data: what an instance file would hold; it is copied.
        source: stands for the file in faults.
        changes, remarks: as for ``read_instance``.

    Raises:
        InstanceError: with every fault of the data and the changes.
    """
    try:
        document = plain(data)
    except UnreadableError as error:
        raise InstanceError([Fault(source, None, "", error.message)]) from None
    return _settle(document, source, changes, remarks)


def instance_data(instance: Instance) -> dict[str, Any]:
    """The instance as plain JSON data, defaults written out and keys of mappings in order.

    ``parse_instance`` makes an equal instance of it.
    """
    ordered: dict[str, Any] = _in_order(instance.model_dump(mode="json"))
    return ordered


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _settle(
    document: Document,
    file: str,
    changes: Sequence[str],
    remarks: list[Fault] | None = None,
    folder: Path | None = None,
) -> Instance:
    """Make the changes and judge the result; sort what is wrong by where it comes from."""
    data = copy.deepcopy(document.data)
    faults: list[Fault] = []
    made: Made = []
    refused = list(document.findings)

    def standing() -> Instance | None:
        before = copy.deepcopy(data)
        return None if embed(before, document.data, folder, file) else judge(before, refused)[0]

    for change in changes:
        try:
            places, refused = _make(data, change, refused, standing)
        except ChangeError as error:
            faults.append(Fault("--set", None, _one_line(change.partition("=")[0]), str(error)))
            continue
        made.append((change, places))
    faults += embed(data, document.data, folder, file)
    instance, findings = judge(data, refused)
    if instance is not None and not faults:
        if changes or remarks is not None:
            _note_idle(instance, document, file, data, made, remarks)
        return instance
    faults += _faults(document, file, data, findings, _causes(document, made, findings))
    raise InstanceError(sorted(faults, key=lambda fault: (fault.file != file, fault.line or 0)))


def _note_idle(
    instance: Instance,
    document: Document,
    file: str,
    data: Any,
    made: Made,
    remarks: list[Fault] | None,
) -> None:
    """Refuse changes that nothing reads; what else nothing reads is remarked.

    Raises:
        InstanceError: with every such change.
    """
    findings = list(idle(instance, instance_catalogue(instance)))
    causes: dict[Finding, str] = {}
    for change, places in made:
        touched = [[f for f in findings if _touches(f, place)] for place in places]
        if all(touched):  # of many places it is enough that one is read
            causes |= {f: change for found in touched for f in found}
    asked = [finding for finding in findings if finding in causes]
    if asked:
        raise InstanceError(list(_faults(document, file, data, asked, causes)))
    if remarks is not None:
        remarks += _faults(document, file, data, findings, {})


def _touches(finding: Finding, place: KeyPath) -> bool:
    """Whether a change made at a place set what a finding is about, or a part of it."""
    return _within(finding, place) or place[: len(finding.path)] == finding.path


def _faults(
    document: Document, file: str, data: Any, findings: Sequence[Finding], causes: Mapping[Finding, str]
) -> Iterator[Fault]:
    """Findings as faults of the file, or of the change that caused them."""
    for finding in findings[:MAX_FINDINGS]:
        key, cause = key_path(finding.path, data), causes.get(finding)
        if cause is not None:
            yield Fault(f"--set {_one_line(cause)}", None, key, finding.message)
        else:
            yield Fault(file, finding.line or document.line(finding.path), key, finding.message)
    if len(findings) > MAX_FINDINGS:
        yield Fault(file, None, "", f"found {len(findings) - MAX_FINDINGS:,} more faults, which are not shown")


def _make(data: Any, change: str, refused: Sequence[Finding], settled: Settled) -> tuple[list[KeyPath], list[Finding]]:
    """Make a change in ``data``; what was refused within the places it sets no longer counts."""
    if not isinstance(data, dict):
        return [], list(refused)
    places, found = apply_change(data, change, settled)
    return places, [f for f in refused if not any(_within(f, place) for place in places)] + found


def _one_line(change: str) -> str:
    """A change as one printable line of readable length."""
    text = " ".join("".join(c if c.isprintable() else " " for c in change).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def _within(finding: Finding, place: KeyPath) -> bool:
    return bool(place) and finding.path[: len(place)] == place


def _causes(document: Document, made: Made, findings: Sequence[Finding]) -> dict[Finding, str]:
    """The change that caused each finding; findings of the file itself are left out."""
    causes: dict[Finding, str] = {}
    if not made or not findings:
        return causes
    data, refused = copy.deepcopy(document.data), document.findings
    seen = set(judge(data, refused)[1])
    for change, places in made:
        _, refused = _make(data, change, refused, lambda: judge(data, refused)[0])  # noqa: B023 (asked at once)
        now = set(judge(data, refused)[1])
        for finding in findings:
            if any(_within(finding, place) for place in places) or (finding in now and finding not in seen):
                causes[finding] = change
        seen = now
    return causes
