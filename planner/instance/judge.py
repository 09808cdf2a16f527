"""Plain data against the schema and the cross-reference checks: an Instance, or everything wrong with it."""

from __future__ import annotations

import copy
import datetime
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from planner.instance import shape
from planner.instance.checks import check
from planner.instance.paths import Finding, KeyPath, Places, nearest, suggestion
from planner.instance.schema import Instance
from planner.instance.values import Money

_ROUNDS = 8
ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("requests-per-day", "queries", "requests"), "queries_per_day"),
        **dict.fromkeys(("requests-per-s", "queries-per-second", "qps", "rps", "request-rate"), "requests_per_second"),
        **dict.fromkeys(("users", "concurrency", "max-concurrency"), "concurrent_users"),
        **dict.fromkeys(("isl", "input-tokens", "prompt-tokens", "input-length", "prompt-length"), "tokens_in"),
        **dict.fromkeys(
            ("percentile", "latency-percentile", "ttft-p95", "tpot-p95", "ttft-p99", "tpot-p99"), "targets"
        ),
        **dict.fromkeys(("mtp", "speculative-tokens", "num-speculative-tokens"), "draft_tokens"),
        **dict.fromkeys(("acceptance-rate", "acceptance"), "draft_acceptance"),
        **dict.fromkeys(("osl", "output-tokens", "completion-tokens", "output-length", "max-tokens"), "tokens_out"),
        **dict.fromkeys(("ttft-ms", "time-to-first-token", "first-token-s"), "ttft_s"),
        **dict.fromkeys(("tpot-ms", "itl", "itl-ms", "time-per-output-token", "inter-token-latency"), "tpot_s"),
        **dict.fromkeys(("params", "n-params", "num-params", "model-size", "size"), "parameters"),
        **dict.fromkeys(("n-active-params", "activated-parameters"), "active_parameters"),
        **dict.fromkeys(("dtype", "quantization", "quantisation", "format", "weights"), "precision"),
        **dict.fromkeys(("kv-cache-dtype", "kv-dtype"), "kv_precision"),
        **dict.fromkeys(("seq-len", "context", "context-length", "max-model-len", "sequence-length"), "sequence"),
        **dict.fromkeys(("global-batch-size", "batch", "batch-size"), "batch_tokens"),
        **dict.fromkeys(("training-tokens", "dataset-tokens", "num-tokens"), "tokens"),
        **dict.fromkeys(("deadline", "duration", "duration-days"), "days"),
    }
)
"""Words of other tools and of model cards, folded, and our key for the same."""
MAX_FINDINGS = 1000
"""A file with more faults than this is not judged to its end."""


def judge(data: Any, refused: Sequence[Finding] = ()) -> tuple[Instance | None, list[Finding]]:
    """The instance that ``data`` describes, or None, and all findings.

    ``refused`` is what reading already found. A value found wrong is replaced by a stand-in and the rest is judged
    again, so that a wrong number does not hide an unknown site; whatever a stand-in may have caused is left out.
    """
    if not isinstance(data, dict):
        found = "no values" if data is None else shown(data)
        return None, [*refused, Finding((), f"found {found}; a mapping with keys such as sites: is accepted")]
    findings = [*refused, *_loose(data)]
    wrong = [finding for finding in findings if finding.spoils]
    places = Places()
    for finding in wrong:
        places.add(finding.path)
    work = copy.deepcopy(data)
    instance = None
    for _ in range(_ROUNDS):
        _repair(work, wrong)
        try:
            instance = Instance.model_validate(work)
            break
        except ValidationError as error:
            wrong = _explain(error, work)
        findings += [finding for finding in wrong if not places.touched_by(finding)]
        for finding in wrong:
            for place in (finding.path, *finding.depends) if finding.spoils else ():
                places.add(place)
        if len(findings) >= MAX_FINDINGS:
            break
    if instance is not None:
        findings += [finding for finding in check(instance) if not places.touched_by(finding)]
    return (None if findings else instance), findings


def shown(value: Any) -> str:
    """A found value in words, cut to a readable length."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)} item{'s' if len(value) != 1 else ''}"
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else f"{value[:57]!r}... ({len(value)} characters)"
    return f"{value:g}" if isinstance(value, float) and value == float(f"{value:g}") else str(value)


def found_and_accepted(value: Any, hint: Any) -> str:
    """The sentence ``found -3; a number above 0 is accepted``."""
    quote = ": put it in quotes" if shape.bare(hint) is str and isinstance(value, (bool, int, float)) else ""
    return f"found {shown(value)}; {shape.accepted(hint)} is accepted{quote}"


def unknown_key(key: str, model: type[BaseModel]) -> str:
    """What is wrong with a key that a record has not."""
    fields = shape.fields(model)
    ours = ELSEWHERE.get(_folded(key))
    if ours in fields:
        return f"found the unknown key {key!r}; did you mean {ours!r}, {shape.accepted(fields[ours])}?"
    return f"found the unknown key {key!r}; {suggestion(key, fields, f'keys of {shape.title(model)}')}"


def _folded(key: str) -> str:
    return key.lower().replace("_", "-")


def _meant(key: str, model: type[BaseModel]) -> str | None:
    """The key of a record that a wrong one stands for, if that is clear."""
    fields = shape.fields(model)
    ours = ELSEWHERE.get(_folded(key))
    return ours if ours in fields else nearest(key, fields)


def _loose(data: Any, hint: Any = Instance, path: KeyPath = ()) -> Iterator[Finding]:
    """Values that pydantic would quietly convert: true as 1, a number as a date."""
    number_for_date = shape.bare(hint) is datetime.date and isinstance(data, (int, float))
    if number_for_date or (shape.is_number(hint) and isinstance(data, bool)):
        yield Finding(path, found_and_accepted(data, hint), spoils=True)
    steps: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        inner = shape.child(hint, data, step)
        if inner is not None and inner is not Any:
            yield from _loose(value, inner, (*path, step))


def _explain(error: ValidationError, data: Any) -> list[Finding]:
    """Findings of a validation error in our own words; a misspelt key is not reported as missing too."""
    findings = list(itertools.islice(_translate(error, data), MAX_FINDINGS))
    meant = {place for finding in findings for place in finding.depends}
    return [finding for finding in findings if finding.path not in meant]


def _translate(error: ValidationError, data: Any) -> Iterator[Finding]:
    for detail in error.errors(include_url=False):
        if _of_other_member(detail["loc"], data):
            continue
        path, hint, holder, on_key = _place(detail["loc"], data)
        reason, value = detail["type"], shape.value_at(path, data)
        depends: tuple[KeyPath, ...] = ()
        spoils = True
        if on_key:
            key_hint = shape.key_hint(shape.hint_at(path[:-1], data))
            message = f"found the key {shown(path[-1])}; {shape.accepted(key_hint)} is accepted"
        elif reason == "extra_forbidden" and holder is not None:
            key = str(path[-1])
            message = unknown_key(key, holder)
            meant = _meant(key, holder)
            spoils = meant is not None and meant not in shape.value_at(path[:-1], data)
            depends = ((*path[:-1], meant),) if meant is not None and spoils else ()
        elif reason == "missing" and holder is not None:
            needed = f"{shape.title(holder)} needs {path[-1]}: {shape.accepted(hint)}"
            message = f"found no key {str(path[-1])!r}; {needed}"
        elif reason in ("union_tag_not_found", "union_tag_invalid"):
            message = _wrong_kind(value, list(shape.members(hint)))
            path = (*path, "kind")
        elif reason == "too_short" and len(value) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts only the valid items; the others have findings of their own
        elif reason == "value_error" and shape.record(hint, value) not in (None, Money):
            message = str(detail["ctx"]["error"])
        else:
            message = found_and_accepted(value, hint)
        yield Finding(path, message, depends, spoils)


def _wrong_kind(value: Any, kinds: list[str]) -> str:
    if not isinstance(value, dict) or "kind" not in value:
        return f"found no key 'kind'; a workload needs kind: one of {', '.join(kinds)}"
    kind = value["kind"]
    close = nearest(kind, kinds) if isinstance(kind, str) else None
    meant = f"did you mean {close!r}? " if close is not None else ""
    return f"found {shown(kind)}; {meant}one of {', '.join(kinds)} is accepted"


def _place(loc: tuple[int | str, ...], data: Any) -> tuple[KeyPath, Any, type[BaseModel] | None, bool]:
    """Path, hint and holding record of a pydantic location, and whether it is about a key.

    Pydantic puts the kind of a workload and the member of a union into its locations, and looks inside an amount that
    is a plain number.
    """
    path: KeyPath = ()
    hint: Any = Instance
    value: Any = data
    holder: type[BaseModel] | None = None
    skip = False
    for step in loc:
        if skip or step == "[key]":
            skip = False
            continue
        if shape.bare(hint) is Money and not isinstance(value, dict):
            break
        holder = shape.record(hint, value)
        hint = shape.child(hint, value, step)
        value = shape.item(value, step)
        path = (*path, step)
        skip = bool(shape.members(hint)) or shape.is_text_or_record(hint)
    return path, hint, holder, loc[-1:] == ("[key]",)


def _of_other_member(loc: tuple[int | str, ...], data: Any) -> bool:
    """Whether an error is of the member of a union that the value was not meant for: text, where a mapping stands."""
    hint: Any = Instance
    value: Any = data
    skip = False
    for position, step in enumerate(loc, 1):
        if skip:
            skip = False
            continue
        hint = shape.child(hint, value, step)
        value = shape.item(value, step)
        if shape.is_text_or_record(hint):
            return (loc[position : position + 1] == ("str",)) == isinstance(value, dict)
        skip = bool(shape.members(hint))
    return False


def _repair(data: Any, findings: Sequence[Finding]) -> None:
    """Put a stand-in at the place of every finding, or take an unknown key away."""
    for finding in findings:
        *above, step = finding.path or ("",)
        holder = shape.value_at(tuple(above), data)
        hint = shape.hint_at(finding.path, data)
        kinds = shape.members(shape.hint_at(tuple(above), data)) if step == "kind" else {}
        if kinds:
            close = nearest(str(shape.value_at(finding.path, data)), kinds)
            if close is not None and isinstance(holder, dict):
                holder["kind"] = close
                continue
            holder, step = shape.value_at(tuple(above[:-1]), data), above[-1]
            hint = shape.hint_at(tuple(above), data)
        if isinstance(holder, list) and isinstance(step, int):
            holder[step] = shape.stand_in(hint, holder[step])
        elif isinstance(holder, dict):
            holder_hint = shape.hint_at(tuple(above), data)
            own_key = shape.is_mapping(holder_hint)
            if hint is None or own_key:
                holder.pop(step, None)
            else:
                holder[str(step)] = shape.stand_in(hint)
