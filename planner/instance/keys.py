"""Every key of an instance file: what it accepts, what holds without it, what it means; and a JSON schema of the file.

Read from the schema itself and from the docstrings of its fields, so that nothing is said twice.
"""

from __future__ import annotations

import ast
import datetime
import inspect
import itertools
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from planner.instance import shape
from planner.instance.schema import Instance
from planner.instance.values import Money

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER_OR_TEXT = ["number", "string"]
_LIMITS = {
    "gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum",
    "min_length": "minLength", "max_length": "maxLength", "pattern": "pattern",
}  # fmt: skip
_SIZES = {"minLength": "minItems", "maxLength": "maxItems"}


class Key(NamedTuple):
    """A key of an instance.

    Attributes:
        key: ``[]`` stands for an item of a list, ``{}`` for a key of the user's own.
        accepts: in words, with unit and bounds.
        default: what holds where it is absent; ``required`` where the record cannot be without it.
        meaning: empty where the name says it all.
    """

    key: str
    accepts: str
    default: str
    meaning: str


def keys(prefix: str = "") -> list[Key]:
    """The keys of an instance, those of the same record side by side.

    >>> [k.key for k in keys("budget")]
    ['budget', 'budget.capex', 'budget.capex_by_period']
    >>> keys("horizon.start")[0].default
    'required'
    """
    plain = _plain(prefix).strip(".")
    return [key for key in _walk([Instance], "") if not plain or f"{_plain(key.key)}.".startswith(f"{plain}.")]


def known_keys() -> list[str]:
    """All keys without marks of lists, to suggest one from."""
    return sorted({_plain(key.key) for key in keys()})


def _plain(key: str) -> str:
    return key.replace("[]", "").replace("{}", "")


def _walk(models: Sequence[type[BaseModel]], above: str) -> Iterator[Key]:
    """Keys of the records that may stand at a place; those of the same name are one."""
    kinds = [str(get_args(m.model_fields["kind"].annotation)[0]) if len(models) > 1 else "" for m in models]
    names = dict.fromkeys(name for model in models for name in model.model_fields)
    for name in names:
        having = [(m, kind) for m, kind in zip(models, kinds, strict=True) if name in m.model_fields]
        hints = [shape.fields(model)[name] for model, _ in having]
        key = f"{above}.{name}".lstrip(".")
        texts = (field_meanings(model).get(name) for model, _ in having)
        meaning = next(filter(None, texts), "") or _meaning_of_record(hints[0])
        if len(having) < len(models):
            meaning = f"Of {' and '.join(kind for _, kind in having)}. {meaning}".rstrip()
        accepts = " or ".join(dict.fromkeys(shape.accepted(hint) for hint in hints))
        yield Key(key, accepts, _default(having[0][0].model_fields[name]), meaning)
        place, inner = key, hints[0]
        while True:
            if shape.is_list(inner):
                place, inner = f"{place}[]", get_args(shape.bare(inner))[0]
            elif shape.is_mapping(inner):
                place, inner = f"{place}{{}}", get_args(shape.bare(inner))[1]
            else:
                break
        if members := _records(inner):
            yield from _walk(members, place)


def _records(hint: Any) -> list[type[BaseModel]]:
    """Records that may stand at a place; an amount of money is none, for it is a value."""
    found = shape.bare(hint)
    members = get_args(found) if get_origin(found) in (Union, types.UnionType) else (found,)
    members = tuple(shape.bare(member) for member in members)
    return [m for m in members if isinstance(m, type) and issubclass(m, BaseModel) and m is not Money]


def _meaning_of_record(hint: Any) -> str:
    """What the one record that may stand at a place, or in a list there, says of itself."""
    inner = get_args(shape.bare(hint))[0] if shape.is_list(hint) else hint
    records = _records(inner)
    text = records[0].__doc__ if len(records) == 1 else None
    return " ".join((text or "").split("\n\n")[0].replace("``", "").split())


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.default
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "its usual values"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(each) for each in value)}]"
    return "{}" if isinstance(value, Mapping) else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "its usual values"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


@cache
def field_meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the fields of a record mean: the text below each in its source, those of the records it extends too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not (issubclass(base, BaseModel) and base.__module__.startswith("planner.")):
            continue
        tree = _tree(base.__module__)
        body = next((n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == base.__name__), [])
        for field, after in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            ):
                found[field.target.id] = " ".join(after.value.value.replace("``", "").split())
    return found


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


def json_schema() -> dict[str, Any]:
    """A JSON schema of an instance file, for editors that complete and check YAML.

    It says what the schema says of each value alone; what holds between keys is left to ``planner check``.
    """
    records: dict[str, Any] = {}
    top = _of_record(Instance, records)
    return {"$schema": DIALECT, "title": "planner instance", **top, "$defs": records}


def _of_record(model: type[BaseModel], records: dict[str, Any]) -> dict[str, Any]:
    meanings = field_meanings(model)
    properties = {}
    for name, hint in shape.fields(model).items():
        info = model.model_fields[name]
        found = _of(hint, records)
        if not info.is_required() and info.default is None:
            found = {"anyOf": [found, {"type": "null"}]}
        said = {"description": f"{meanings[name]} ({shape.accepted(hint)})"} if name in meanings else {
            "description": shape.accepted(hint)
        }  # fmt: skip
        properties[name] = {**found, **said}
    required = [name for name, info in model.model_fields.items() if info.is_required()]
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _reference(model: type[BaseModel], records: dict[str, Any]) -> dict[str, Any]:
    if model.__name__ not in records:
        records[model.__name__] = {}  # held while it is made, for records that hold their own kind
        records[model.__name__] = _of_record(model, records)
    return {"$ref": f"#/$defs/{model.__name__}"}


def _of(hint: Any, records: dict[str, Any]) -> dict[str, Any]:
    found = shape.bare(hint)
    if found is Money:
        amount = {"type": "object", "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}}}
        return {"anyOf": [{"type": _NUMBER_OR_TEXT}, amount]}
    models = _records(hint)
    if models:
        other: list[dict[str, Any]] = [{"type": "string"}] if shape.is_text_or_record(hint) else []
        if _reads_numbers(models[0]):
            other.append({"type": "number"})
        choice = [*other, *(_reference(model, records) for model in models)]
        return choice[0] if len(choice) == 1 else {"anyOf": choice}
    if get_origin(found) is Literal:
        return {"enum": list(get_args(found))}
    limits = {_LIMITS[name]: limit for name, limit in shape.limits(hint).items()}
    if shape.is_list(hint):
        sizes = {_SIZES[name]: limit for name, limit in limits.items() if name in _SIZES}
        return {"type": "array", "items": _of(get_args(found)[0], records), **sizes}
    if shape.is_mapping(hint):
        return {"type": "object", "additionalProperties": _of(get_args(found)[1], records)}
    if found is bool:
        return {"type": "boolean"}
    if found is datetime.date:
        return {"type": "string", "format": "date"}
    if found is float:  # text has a unit, a letter or per cent
        return {"anyOf": [{"type": "number", **limits}, {"type": "string"}]}
    named = {int: "integer", str: "string"}.get(found)
    return {"type": named, **limits} if named else {}


def _reads_numbers(model: type[BaseModel]) -> bool:
    """Whether a bare number may stand for a record."""
    return any(d.info.mode == "before" for d in model.__pydantic_decorators__.model_validators.values())
