"""The schema read as data: which keys a record has, what a place accepts, and a stand-in value for it."""

from __future__ import annotations

import datetime
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from planner.instance import choices, rent, schema, sites, traffic, values, workloads
from planner.instance.paths import KeyPath

_TEXTS: Mapping[Any, tuple[str, str]] = {
    next(mark for mark in get_args(quantity) if isinstance(mark, BeforeValidator)): (of, text)
    for quantity, of, text in (
        (values.Megawatts, " of MW", "text with its unit such as '60 MW'"),
        (values.Kilowatts, " of kW", "text with its unit such as '40 kW'"),
        (values.Days, " of days", "text with its unit such as '30 day'"),
        (values.Metres, " of metres", "text with its unit such as '30 m'"),
        (values.Span, " of metres", "text with its unit such as '30 m'"),
        (values.Seconds, " of seconds", "text with its unit such as '50 ms'"),
        (values.Milliseconds, " of milliseconds", "text with its unit such as '50 ms'"),
        (values.Tally, "", "text such as '15T' (k, M, B or T)"),
        (values.Fraction, "", "text such as '9%'"),
    )
}
"""What reads a text -> of what the number is, and texts that it reads."""
# pattern of the schema -> what it asks for, and text that suits it
_PATTERNS: Mapping[str, tuple[str, str]] = {
    r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$": (
        "a name of at most 64 letters, digits, '_', '.' and '-' that begins with a letter or digit", "x",
    ),
    r"^[A-Z]{3}$": ("a currency code of three capital letters such as CNY", "USD"),
    r"^[A-Z]{2}$": ("a country code (ISO 3166) of two capital letters such as CN", "US"),
}  # fmt: skip
_MONTH = ("a month such as '2023-07'", "2023-01")
_RECORDS: Mapping[type[BaseModel], str] = {
    schema.Instance: "an instance",
    schema.CurrencySetting: "the currency setting",
    schema.Horizon: "the horizon",
    workloads.Training: "a training workload",
    workloads.Inference: "an inference workload",
    workloads.Compute: "a compute workload",
    workloads.ModelShape: "the shape of a model",
    traffic.RequestClass: "a class of requests",
    sites.Site: "a site",
    choices.CatalogueChoice: "the catalogue choice",
    choices.Overrides: "the catalogue overrides",
    choices.OwnRows: "the rows of your own",
    choices.FabricChoice: "the fabric choice",
    choices.Policy: "the policy",
    choices.Budget: "the budget",
    rent.RentOffer: "an offer to rent",
    choices.PricePath: "a price path",
    choices.LeadTime: "a lead time",
    choices.SupplyLimit: "a supply limit",
    schema.Operations: "the operations",
    values.Money: "an amount of money",
}


def bare(hint: Any) -> Any:
    """``hint`` without None and without its marks."""
    return _unwrap(hint)[0]


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            marks += hint.__metadata__
            hint = hint.__origin__
        elif get_origin(hint) in (Union, types.UnionType):
            members = [member for member in get_args(hint) if member is not type(None)]
            if len(members) != 1:
                return hint, marks
            hint = members[0]
        else:
            return hint, marks


def members(hint: Any) -> Mapping[str, type[BaseModel]]:
    """Records of a union told apart by ``kind``, by that word; empty for any other hint."""
    found = bare(hint)
    if get_origin(found) not in (Union, types.UnionType):
        return {}
    records = [member for member in get_args(found) if isinstance(member, type) and issubclass(member, BaseModel)]
    return {get_args(m.model_fields["kind"].annotation)[0]: m for m in records if "kind" in m.model_fields}


def record(hint: Any, data: Any) -> type[BaseModel] | None:
    """The record type at ``hint``; of a union the member named by the ``kind`` in ``data``."""
    kinds = members(hint)
    if kinds:
        kind = data.get("kind") if isinstance(data, dict) else None
        return kinds.get(kind) if isinstance(kind, str) else None
    found = bare(hint)
    members_of = get_args(found) if get_origin(found) in (Union, types.UnionType) else (found,)
    return next((m for m in members_of if isinstance(m, type) and issubclass(m, BaseModel)), None)


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """Keys of a record and what each accepts."""
    return {name: Annotated[field.annotation, field] for name, field in model.model_fields.items()}


def child(hint: Any, data: Any, step: str | int) -> Any:
    """What the place ``step`` within a value of ``hint`` accepts; None when there is no such place."""
    if (model := record(hint, data)) is not None:
        return fields(model).get(str(step))
    origin, arguments = get_origin(bare(hint)), get_args(bare(hint))
    if origin is tuple and isinstance(step, int):
        return arguments[0]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return arguments[1]
    return Any if bare(hint) is Any else None


def key_hint(hint: Any) -> Any:
    """What the keys of a mapping must be."""
    return get_args(bare(hint))[0]


def is_text_or_record(hint: Any) -> bool:
    """Whether the place holds text or a record: the id of a model or its shape."""
    found = bare(hint)
    return get_origin(found) in (Union, types.UnionType) and str in get_args(found) and record(hint, None) is not None


def is_list(hint: Any) -> bool:
    """Whether the place holds a list."""
    return get_origin(bare(hint)) is tuple


def is_mapping(hint: Any) -> bool:
    """Whether the place holds a mapping with keys of the user's own."""
    origin = get_origin(bare(hint))
    return isinstance(origin, type) and issubclass(origin, Mapping)


def is_number(hint: Any) -> bool:
    """Whether the place holds a number."""
    return bare(hint) in (int, float)


def reads_per_cent(hint: Any) -> bool:
    """Whether ``9%`` is a number there.

    >>> reads_per_cent(values.Share), reads_per_cent(values.Megawatts)
    (True, False)
    """
    reader = next(mark for mark in get_args(values.Fraction) if isinstance(mark, BeforeValidator))
    return any(mark is reader for mark in _marks(_unwrap(hint)[1]))


def hint_at(path: KeyPath, data: Any) -> Any:
    """What the place ``path`` of an instance accepts; None when the schema has no such place."""
    hint: Any = schema.Instance
    for step in path:
        if hint is None:
            return None
        hint = child(hint, data, step)
        data = item(data, step)
    return hint


def item(data: Any, step: str | int) -> Any:
    """The value at ``step`` of plain data, or None."""
    if isinstance(step, int):
        return data[step] if isinstance(data, list) and step < len(data) else None
    return data.get(step) if isinstance(data, dict) else None


def value_at(path: KeyPath, data: Any) -> Any:
    """The value at ``path`` of plain data, or None."""
    for step in path:
        data = item(data, step)
    return data


def title(model: type[BaseModel]) -> str:
    """A record in words, e.g. ``a site``."""
    return _RECORDS.get(model, model.__name__)


def _marks(marks: tuple[Any, ...]) -> Iterator[Any]:
    for mark in marks:
        yield mark
        if isinstance(mark, FieldInfo):
            yield from _marks(tuple(mark.metadata))


def _limit(marks: tuple[Any, ...], name: str) -> Any:
    return next((getattr(mark, name) for mark in _marks(marks) if getattr(mark, name, None) is not None), None)


def limits(hint: Any) -> dict[str, Any]:
    """Bounds of a number, a list or a text by the names of pydantic: gt, ge, lt, le, min_length, max_length, pattern.

    >>> limits(values.Share)
    {'gt': 0, 'le': 1}
    """
    marks = _unwrap(hint)[1]
    names = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")
    return {name: found for name in names if (found := _limit(marks, name)) is not None}


def _bounds(marks: tuple[Any, ...]) -> str:
    above, least, most, below = (_limit(marks, name) for name in ("gt", "ge", "le", "lt"))
    low = f"above {above:g}" if above is not None else f"of at least {least:g}" if least is not None else ""
    high = f"at most {most:g}" if most is not None else f"below {below:g}" if below is not None else ""
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    return " " + " and ".join(filter(None, (low, high))) if low or high else ""


def accepted(hint: Any) -> str:
    """What a place accepts, in words.

    >>> accepted(values.Share)
    "a number above 0 and at most 1 or text such as '9%'"
    """
    found, marks = _unwrap(hint)
    if kinds := members(hint):
        return f"a mapping whose kind is one of {', '.join(kinds)}"
    if is_text_or_record(found):
        return f"an id or a mapping with keys of {title(next(m for m in get_args(found) if m is not str))}"
    if found is values.Money:
        return "an amount from 0 to 1e15 such as 1000 or '0.65 CNY'"
    if isinstance(found, type) and issubclass(found, BaseModel):
        return f"a mapping with keys of {title(found)}"
    if get_origin(found) is Literal:
        words = [word if isinstance(word, str) else str(word) for word in get_args(found)]
        return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    if is_list(found):
        least, most = _limit(marks, "min_length"), _limit(marks, "max_length")
        between = f"{least}" if least == most else f"{least} to {most}"
        size = f" of {between} items" if least is not None and most is not None else ""
        return f"a list{size} (each {accepted(get_args(found)[0])})"
    if is_mapping(found):
        return "a mapping"
    if found is bool:
        return "true or false"
    if found is int:
        return f"a whole number{_bounds(marks)}"
    if found is float:
        of, text = next((_TEXTS[m] for m in _marks(marks) if isinstance(m, BeforeValidator) and m in _TEXTS), ("", ""))
        number = f"a number{of}{_bounds(marks)}"
        return f"{number} or {text}" if text else number
    if found is datetime.date:
        return "a date such as 2023-07-01"
    if found is str:
        pattern = _limit(marks, "pattern")
        return _PATTERNS.get(pattern, _MONTH)[0] if pattern else "text"
    return "a value"


def stand_in(hint: Any, data: Any = None) -> Any:
    """A valid value for a place whose own is not, so that the rest can still be judged.

    What ``data`` holds at the keys that all kinds of a record share is kept.
    """
    found, marks = _unwrap(hint)
    if kinds := members(hint):
        kind, model = list(kinds.items())[-1]
        shared = set.intersection(*(set(fields(member)) for member in kinds.values()))
        kept = {key: data[key] for key in shared if key in data} if isinstance(data, dict) else {}
        return {**stand_in(model), **kept, "kind": kind}
    if found is values.Money:
        return {"amount": 0.0}
    if isinstance(found, type) and issubclass(found, BaseModel):
        required = (name for name, field in found.model_fields.items() if field.is_required())
        return {name: stand_in(fields(found)[name]) for name in required}
    if get_origin(found) is Literal:
        return get_args(found)[0]
    if is_list(found):
        return [stand_in(get_args(found)[0]) for _ in range(_limit(marks, "min_length") or 0)]
    if is_mapping(found):
        return {}
    if found is bool:
        return False
    if is_number(found):
        return found(max(1, _limit(marks, "ge") or 0) if _limit(marks, "lt") != 1 else 0)
    if found is datetime.date:
        return "2023-01-01"
    if found is str:
        pattern = _limit(marks, "pattern")
        return _PATTERNS.get(pattern, _MONTH)[1] if pattern else "x"
    return None


def key_paths(hint: Any = schema.Instance, above: str = "") -> Iterator[str]:
    """Every key of an instance that holds a value: ``[]`` stands for an item of a list, ``{}`` for a key of the
    user's own.

    >>> paths = list(key_paths())
    >>> [path for path in paths if path.startswith("budget")]
    ['budget.capex', 'budget.capex_by_period[]']
    >>> "sites[].pue{}" in paths, "workloads[].tokens" in paths
    (True, True)
    """
    found = bare(hint)
    if found is values.Money:
        yield above
        return
    union = get_args(found) if get_origin(found) in (Union, types.UnionType) else (found,)
    records = [m for m in union if isinstance(m, type) and issubclass(m, BaseModel)]
    seen: dict[str, None] = {}
    for model in records:
        for name, inner in fields(model).items():
            seen.update(dict.fromkeys(key_paths(inner, f"{above}.{name}".lstrip("."))))
    if is_list(found):
        seen.update(dict.fromkeys(key_paths(get_args(found)[0], f"{above}[]")))
    elif is_mapping(found):
        seen.update(dict.fromkeys(key_paths(get_args(found)[1], f"{above}{{}}")))
    elif len(records) < len(union):
        seen[above] = None
    yield from seen
