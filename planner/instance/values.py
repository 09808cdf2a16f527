"""Values that the keys of an instance file take: names, quantities with their units and bounds, money."""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from planner.engineering.export_rules import known_country
from planner.units import quantity, share, tally

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64)]


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


MAX_PERIODS = 40


def _known(code: str) -> str:
    if not known_country(code):
        raise ValueError("no country has this code; two letters of ISO 3166 such as CN, DE or US are accepted")
    return code


Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_known)]


def _read_by(reader: Callable[[Any], float]) -> BeforeValidator:
    """What reads text and numbers; any other value is judged as it is."""
    return BeforeValidator(lambda value: reader(value) if isinstance(value, (str, int, float)) else value)


def _in(unit: str) -> BeforeValidator:
    return _read_by(lambda value: quantity(value, unit))


Tally = Annotated[float, _read_by(tally)]
"""A count that may carry the letter of a model card, such as 15T."""


Fraction = Annotated[float, _read_by(share)]
"""A number that may be given in percent."""


Seconds = Annotated[float, _in("s"), Field(gt=0, le=1e5, allow_inf_nan=False)]


Milliseconds = Annotated[float, _in("ms"), Field(gt=0, le=1e5, allow_inf_nan=False)]


Megawatts = Annotated[float, _in("MW"), Field(gt=0, le=1e5, allow_inf_nan=False)]


Kilowatts = Annotated[float, _in("kW"), Field(gt=0, le=1e5, allow_inf_nan=False)]


Days = Annotated[float, _in("day"), Field(ge=0.01, le=1e5, allow_inf_nan=False)]


Metres = Annotated[float, _in("m"), Field(gt=0, le=1e5, allow_inf_nan=False)]


Span = Annotated[float, _in("m"), Field(ge=0, le=1e3, allow_inf_nan=False)]
"""A distance on a floor, m."""


Share = Annotated[Fraction, Field(gt=0, le=1, allow_inf_nan=False)]


Pue = Annotated[float, Field(ge=1, le=5, allow_inf_nan=False)]


Ratio = Annotated[float, Field(ge=1, le=64, allow_inf_nan=False)]


Parameters = Annotated[Tally, Field(gt=0, le=1e16, allow_inf_nan=False)]
"""Parameters of a model; the upper bounds here keep absurd figures, such as a slip of units, out of the model."""


Bytes = Annotated[float, Field(gt=0, le=1e4, allow_inf_nan=False)]


Count = Annotated[int, Field(ge=1, le=10**9)]


Rate = Annotated[float, Field(ge=1e-9, le=1e9, allow_inf_nan=False)]
"""Units of one currency that one unit of another buys."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)


Section = TypeVar("Section", bound=Record)


def usual(section: type[Section]) -> Section:
    """A section with all its usual values, for files without it.

    The same as ``section()``, which would compile the checks of the section when the package is imported.
    """
    return cast(Section, section.model_construct())


class Money(Record):
    """An amount and its currency; no currency means the instance's own."""

    amount: Annotated[float, Field(ge=0, le=1e15)]
    currency: Currency | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number or text such as '0.65 CNY' is accepted")
        if isinstance(value, (int, float)):
            return {"amount": value}
        if isinstance(value, str):
            number = r"([0-9][0-9_,]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
            found = re.fullmatch(rf"\s*{number}\s*([kKMBT]?)\s*([A-Z]{{3}})?\s*", value[:64])
            if not found:
                raise ValueError("a number or text such as '0.65 CNY' or '900M' is accepted")
            amount = tally(found[1].replace(",", "").replace("_", "") + found[2])
            return {"amount": amount, "currency": found[3]}
        return value
