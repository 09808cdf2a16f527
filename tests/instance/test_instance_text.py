"""Files that are no instance, or were made to do harm: one fault or a few, quickly, and never a traceback."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import Fault, InstanceError
from planner.instance import parse_instance, read_instance
from planner.instance.text import MAX_BYTES, MAX_DEPTH, MAX_VALUES, UnreadableError, read_yaml, scalar


def faults_of(file: Path) -> tuple[Fault, ...]:
    with pytest.raises(InstanceError) as caught:
        read_instance(file)
    return caught.value.faults


def only_fault(tmp_path: Path, content: str | bytes) -> Fault:
    file = tmp_path / "instance.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    (fault,) = faults_of(file)
    assert fault.file == str(file)
    assert fault.message.startswith("found ")
    return fault


def test_no_such_file(tmp_path: Path) -> None:
    """A missing file and a directory are one fault each."""
    (fault,) = faults_of(tmp_path / "absent.yaml")
    assert (fault.line, fault.key) == (None, "")
    assert "no such file" in fault.message
    (fault,) = faults_of(tmp_path)
    assert "a directory" in fault.message
    (fault,) = faults_of(Path("nul\0l"))
    assert "cannot be opened" in fault.message


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is one fault."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("planner.instance.text.read_file", refuse)
    (fault,) = faults_of(tmp_path / "secret.yaml")
    assert "may not be read" in fault.message


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        (b"name: x\n\xff\xfe\x00", 2, "no text"),
        (b"\x7fELF\x02\x01\x01\x00", 1, "control character"),
        (b"name: x\nb: \x00\n", 2, "control character"),
        (b"", None, "no values"),
        (b"\xef\xbb\xbf# only a comment\n", None, "no values"),
        (b"null\n", 1, "no values"),
        (b"just text\n", 1, "'just text'"),
        (b"- a\n- b\n", 1, "a list of 2 items"),
        (b"42\n", 1, "found 42"),
        (b"name: x\nsites: [a\nb: 1\n", 3, "not valid YAML"),
        (b"name: x\n\tb: 1\n", 2, "not valid YAML"),
        (b'name: "x\n', 2, "not valid YAML"),
        (b"name: x\n---\nname: y\n", 2, "second document"),
        (b"# old\n%YAML 1.1\n---\nname: x\n", 3, "%YAML 1.1"),
        (b"name: x\n? [a, b]\n: 1\n", 2, "key that is no text"),
    ],
)
def test_no_instance(tmp_path: Path, content: bytes, line: int | None, word: str) -> None:
    """What is no mapping in YAML text is one fault, with its line where there is one."""
    fault = only_fault(tmp_path, content)
    assert fault.line == line
    assert word in fault.message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("#" * (MAX_BYTES + 1), f"{MAX_BYTES:,} bytes"),
        ("a: " + "[" * 100_000, "deep"),
        ("{a: " * 100_000, "deep"),
        ("- " * 100_000, "deep"),
        ("a: [" + "1," * 300_000, f"{MAX_VALUES:,} values"),
        ("".join(f"k{i}: 1\n" for i in range(30_000)), f"{MAX_VALUES:,} values"),
    ],
)
def test_bounds(tmp_path: Path, content: str, word: str) -> None:
    """Size, depth and number of values are bounded, and the bound is said."""
    assert word in only_fault(tmp_path, content).message


def test_within_bounds() -> None:
    """Just within the bounds is read."""
    assert read_yaml("#" * (MAX_BYTES - 1)).data is None
    assert read_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH).data is not None
    assert len(read_yaml("[" + "1," * (MAX_VALUES - 1) + "]").data) == MAX_VALUES - 1
    with pytest.raises(UnreadableError):
        read_yaml("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))


def test_aliases_are_refused(tmp_path: Path) -> None:
    """A file of a thousand million laughs is refused; nothing of it is expanded, or it would not fit in memory."""
    file = tmp_path / "instance.yaml"
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    file.write_text("\n".join(lines))
    tracemalloc.start()
    faults = faults_of(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20
    assert any("alias *a3" in fault.message and fault.line == 5 for fault in faults)
    file.write_text("a: &a [*a]\n")
    assert any("alias *a" in fault.message for fault in faults_of(file))


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['touch owned']", "!!python/name:os.system", "!x {}"])
def test_tags_construct_nothing(tmp_path: Path, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag never makes an object; it is a fault."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "instance.yaml"
    file.write_text(f"description: {tag}\n")
    assert [(f.line, "tag" in f.message) for f in faults_of(file) if f.key == "description"] == [(1, True)]
    assert not (tmp_path / "owned").exists()


def test_long_texts(tmp_path: Path) -> None:
    """Long values and keys are faults at their lines, and are cut short in messages."""
    file = tmp_path / "instance.yaml"
    file.write_text(f"name: x\ndescription: {'y' * 10_001}\n{'k' * 201}: 1\nobjective: {'z' * 9_000}\n")
    faults = {fault.line: fault.message for fault in faults_of(file) if "found no key" not in fault.message}
    assert "10,001 characters" in faults[2]
    assert "(9000 characters)" in faults[4]
    assert "a key of 201 characters" in faults[3]
    assert all(len(message) < 400 for message in faults.values())


def test_control_characters_are_not_echoed(tmp_path: Path) -> None:
    """Escape sequences of a terminal come out as text."""
    file = tmp_path / "instance.yaml"
    file.write_text('"\\e[31mred": "\\e[0m"\nobjective: "\\e[31m"\n')
    assert all("\x1b" not in str(fault) for fault in faults_of(file))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("true", True), ("False", False), ("~", None), ("", None), ("null", None),
        ("017", 17), ("0o17", 15), ("0x1F", 31), ("1_000", 1000), ("-5", -5), ("+.5", 0.5), ("5.", 5.0), ("1E-3", 1e-3),
        ("1:30", "1:30"), ("2023-07-01", "2023-07-01"), ("_1", "_1"), (".", "."), ("1e", "1e"), ("e5", "e5"),
        ("9" * 65, "9" * 65),
    ],
)  # fmt: skip
def test_scalars(text: str, value: object) -> None:
    """Plain words by the core schema of YAML 1.2."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@pytest.mark.parametrize(
    ("data", "key", "word"),
    [
        ({"description": object()}, "description", "type object"),
        ({"description": b"x"}, "description", "type bytes"),
        ({"horizon": {"periods": 10**400}}, "horizon.periods", "finite"),
        ({"horizon": {"periods": float("nan")}}, "horizon.periods", "finite"),
        ({5: 1}, "", "the key 5"),
        ({"sites": {"a"}}, "sites", "type set"),
    ],
)
def test_python_data(data: dict[object, object], key: str, word: str) -> None:
    """Data of a Python caller is refused as plainly, without lines."""
    with pytest.raises(InstanceError) as caught:
        parse_instance(data, source="made up")  # type: ignore[arg-type]
    found = [fault for fault in caught.value.faults if word in fault.message]
    assert [(fault.file, fault.line, fault.key) for fault in found] == [("made up", None, key)]


def test_python_data_that_holds_itself() -> None:
    """A mapping within itself ends at the bound on depth."""
    data: dict[str, object] = {}
    data["sites"] = [data]
    with pytest.raises(InstanceError, match="deep"):
        parse_instance(data)
    with pytest.raises(InstanceError, match="found a list"):
        parse_instance([])  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%?,. \n\t~0159e", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader raise anything else."""
    with contextlib.suppress(UnreadableError):
        assert read_yaml(text).findings is not None
