"""`JsonModel`: a dataclass that users turn to and from JSON, always through the strict door.

It wears dataclasses-json, so a model has `to_json`, `from_json`, `to_dict` and `from_dict`; reading and writing are
done here, by a table made from the annotations, because that library coerces silently, ends in bare
`KeyError` and takes a hundred times as long. A field that belongs to the JSON form says so in its annotation::

    duration_s: Annotated[float | None, Json("durationSeconds", non_negative)] = None

Fields without that mark are not part of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, Self, get_type_hints

from dataclasses_json import DataClassJsonMixin

from chadsdk.decode import Check, Field, Misfit, decode, parse_json, read_fields
from chadsdk.errors import ConfigurationError

__all__ = ["Json", "JsonModel"]

_LARGEST_TEXT_BYTES = 256 * 1024 * 1024


class Json(NamedTuple):
    """How a field stands in JSON: its key, what is taken from outside, and how it is written if not as it is."""

    key: str
    check: Check
    write: Callable[[Any], object] | None = None


class JsonModel(DataClassJsonMixin):
    """Base of the models. Subclasses are dataclasses with `Json` marks."""

    @classmethod
    def read(cls, value: object) -> Self:
        """Read one parsed JSON object; a check for `decode` and for fields of other models.

        Raises:
            Misfit: It does not fit; the place is relative to this object.
        """
        found = read_fields(value, _reading(cls))
        try:
            return cls(**found)
        except ConfigurationError as exc:
            raise Misfit(str(exc)) from None

    @classmethod
    def from_dict(cls, kvs: Any, *, infer_missing: bool = False) -> Self:
        """Read one parsed JSON object.

        Raises:
            DataError: It does not fit; the error names the place.
        """
        return decode(cls.__name__, cls.read, kvs)

    @classmethod
    def from_json(cls, s: str | bytes | bytearray, **_: Any) -> Self:
        """Read one JSON text.

        Raises:
            DataError: Not JSON, or it does not fit; the error names the place.
        """
        text = bytes(s) if isinstance(s, bytearray) else s
        return cls.from_dict(parse_json(text, document=cls.__name__, max_bytes=_LARGEST_TEXT_BYTES))

    def to_dict(self, encode_json: bool = False) -> dict[str, Any]:
        """Give the JSON object; absent knowledge is null."""
        return {
            key: value if value is None or write is None else write(value)
            for key, value, write in ((key, getattr(self, attr), write) for key, attr, write in _writing(type(self)))
        }


def _marks(cls: type[JsonModel]) -> list[tuple[dataclasses.Field[Any], Json]]:
    hints = get_type_hints(cls, include_extras=True)
    return [
        (field, mark)
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]  # every subclass is one
        for mark in getattr(hints[field.name], "__metadata__", ())
        if isinstance(mark, Json)
    ]


@cache
def _reading(cls: type[JsonModel]) -> tuple[Field, ...]:
    return tuple(
        Field(mark.key, field.name, mark.check, required=_has_no_default(field)) for field, mark in _marks(cls)
    )


@cache
def _writing(cls: type[JsonModel]) -> tuple[tuple[str, str, Callable[[Any], object] | None], ...]:
    return tuple((mark.key, field.name, mark.write) for field, mark in _marks(cls))


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
