"""What is written for XiaoQ by hand or by a program, checked as strictly as it can be. Knows no field."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Strict(BaseModel):
    """No coercion, no field we do not know: what is not understood is refused by name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


EXACT = 2**53
"""Beyond it a float stands for several whole numbers, and orjson reads an integer over 64 bits as a float."""


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def fault_of(error: Mapping[str, Any]) -> str:
    """pydantic's words on a fault, without the names that our classes have."""
    if error["type"] in ("model_type", "model_attributes_type"):
        return "Input should be an object, that is, names with their values"
    return str(error["msg"])


def path_of(location: Sequence[int | str]) -> str:
    """Where in what was written a value stands: `("messages", 0, "role")` is `messages[0].role`."""
    path = ""
    for step in location:
        if step == "[key]":  # pydantic's way to say that the key before it is wrong
            continue
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


whole = BeforeValidator(_whole)
"""JSON has one kind of number: 512.0 is as whole as 512, and some clients write it so."""
