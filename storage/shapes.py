"""Small frozen nouns as JSON in a column and back. Knows no table.

Only what differs from the noun's default is written, so that a new field needs no migration; what is not known any
more is left out when read.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def written(noun: Any) -> dict[str, Any]:
    """The fields of a noun that differ from their defaults; sequences as lists."""
    found = {}
    for each in fields(noun):
        value = getattr(noun, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if value != default:
            found[each.name] = list(value) if isinstance(value, tuple | list) else value
    return found


def read(kind: type[T], stored: Mapping[str, Any]) -> T:
    """The noun again."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
            if name in known
        }
    )
