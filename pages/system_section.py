"""What a section of the System tab is; pages/system.py says how one is added."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.access import Right
from pages.knowledge_calls import Action, Call
from pages.lists import text


@dataclass(frozen=True, slots=True)
class Way:
    """A route of a section. `right`, where it is another than the section's."""

    method: Literal["GET", "POST"]
    name: str
    action: Action
    right: Right | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the tab. `name` is its folder under /system and the stem of its words `system_NAME`, `…_purpose`."""

    name: str
    right: Right
    show: Callable[[Call], Awaitable[str]]
    ways: Sequence[Way] = ()


def options(choices: Mapping[str, str], chosen: str = "") -> str:
    """`<option>`s: value to label."""
    return "".join(
        f'<option value="{text(value)}"{" selected" if value == chosen else ""}>{text(label)}</option>'
        for value, label in choices.items()
    )


def labelled(label: str, control: str) -> str:
    """A control under its label."""
    return f'<label class="xq-field"><span>{text(label)}</span>{control}</label>'
