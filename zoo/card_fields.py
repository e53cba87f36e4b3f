"""Types of a card's fields with their constraints, used by the dataclasses of `zoo.cards`."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from zoo.filenames import quoted, shortened
from zoo.unicode_names import JOINERS

MOST_BYTES = 2**20  # of a card; ours have 20 KB
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
T = TypeVar("T")


def _printable(text: str) -> str:
    """Reject characters that control a terminal."""
    if bad := next((letter for letter in text if not letter.isprintable() and letter not in f"{JOINERS}\n"), None):
        raise ValueError(f"it holds the character {bad!a}, which cannot be printed")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Proportion = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
NonNegative = Annotated[float, Field(ge=0, le=1e9)]


def _whole(value: object) -> object:
    """5.0 becomes 5: some counts of scikit-learn, and so of older cards, are floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10**12)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**64)]
FactorName = Literal["yaw", "brightness", "sharpness", "size"]
MixName = Literal["fer2013", "equal"]
ConditionName = Literal[
    "as it is", "blur", "dark", "bright", "rotation", "downscaling", "jpeg", "noise", "eyes", "mouth", "mirror"
]


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("its lower end is above its upper end")
    return ends


class DescriptorPart(TypedDict, total=False):
    """One part of `settings.descriptor`; `features.descriptors` defines the settings of each kind."""

    __pydantic_config__ = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)  # type: ignore[misc]  # pydantic's

    kind: Name
    weight: Positive
    cell: Annotated[int, Field(ge=2, le=256)]
    orientations: Annotated[int, Field(ge=1, le=64)]
    centred: bool
    signed: bool
    top: Proportion
    bottom: Proportion
    breadth: Proportion
    high: Annotated[int, Field(ge=8, le=512)]
    wide: Annotated[int, Field(ge=8, le=512)]
    radius: Annotated[int, Field(ge=1, le=32)]
    grid: Annotated[int, Field(ge=1, le=32)]


class Settings(TypedDict, total=False):
    """`Card.settings`: parameters for a loader or a recipe; recipes may add further entries."""

    __pydantic_config__ = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)  # type: ignore[misc]  # pydantic's

    temperature: Positive
    mirror: bool
    bits: Literal[8, 16]
    side: Annotated[int, Field(ge=8, le=512)]
    head: Name
    network: Name
    gamma: Positive
    even: Annotated[int, Field(ge=0, le=10**5)] | None
    c: Positive
    descriptor: Annotated[list[DescriptorPart], Field(min_length=1, max_length=16)]


Interval = Annotated[tuple[Proportion, Proportion], AfterValidator(_ordered)]


def read_json(kind: type[T], content: bytes) -> T:
    """Parse JSON as a type, with all fields validated.

    Parameters
    ----------
    kind : type
        A dataclass with fields of the types above, or a collection of such.
    content : bytes

    Raises
    ------
    ValueError
        Names the first invalid field, its value and what was expected.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        json.loads(content.decode("utf-8"), parse_constant=_not_finite)
        adapter: TypeAdapter[T] = _adapter(cast(Hashable, kind))
        return adapter.validate_json(content)
    except RecursionError:
        raise ValueError("its entries are nested too deeply") from None
    except ValidationError as error:
        raise ValueError(_sentence(error)) from None


@cache
def _adapter(kind: Hashable) -> TypeAdapter:
    return TypeAdapter(cast(Any, kind))


def _not_finite(word: str) -> None:
    raise ValueError(f"it holds {word}, which is not a number")


def _sentence(error: ValidationError) -> str:
    """The first problem as a sentence: ``"figures.0.accuracy is 2.0; expected a number from 0 to 1"``."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the card"
    if first["type"] == "missing":
        return f"it has no entry {quoted(place)}"
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"its entry {quoted(place)} is unknown"
    reason = first["msg"].removeprefix("Value error, ").replace("Input should be ", "expected ")
    return f"its {shortened(place, 80)} is {quoted(first['input'])}; {shortened(reason, 200)}"
