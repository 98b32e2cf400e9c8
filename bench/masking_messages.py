"""Makes the messages of the masking bench: deterministic, with the place of every value.

Two halves with different frames and seeds: one to tune on, one that only reports. It measures nothing.
"""

import random
import re
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from bench import masking_frames, masking_held_back
from bench.masking_evasions import SEPARATED, disguises
from bench.masking_negatives import FAMILIES, HELD_BACK, negative
from bench.masking_values import NAMED as NAMED_VALUES
from bench.masking_values import VALUES, main_number

_SLOT = re.compile(r"\{(\w+)\}")


class Gold(NamedTuple):
    """A value in a message: `text[start:end]`."""

    kind: str
    start: int
    end: int


class Message(NamedTuple):
    """`evasion` is how its values are disguised, `family` says where it comes from."""

    text: str
    golds: tuple[Gold, ...]
    evasion: str
    family: str


def messages(
    *, held_back: bool, each: int = 1050, negatives: int = 6300, several: int = 1000
) -> Iterator[Message]:
    """`each` for every kind, then those with several values, then those without any."""
    frames = masking_held_back if held_back else masking_frames
    rng = random.Random(f"masking {'B' if held_back else 'A'}")
    for kind in VALUES:
        for number in range(each):
            yield _single(rng, kind, number, frames)
    for _ in range(several):
        yield _several(rng, rng.choice(frames.SEVERAL))
    families = [name for name in FAMILIES if held_back or name != HELD_BACK]
    for number in range(negatives):
        family = families[number % len(families)]
        yield Message(negative(rng, family, held_back=held_back), (), "", family)


def _single(rng: random.Random, kind: str, number: int, source: ModuleType) -> Message:
    named = kind not in masking_frames.FREE or rng.random() < 0.6
    frame = (
        rng.choice(source.NAMED[kind] if named else source.ANY).replace("{{", "\x00").replace("}}", "\x01")
    )
    value = (NAMED_VALUES if named and kind in NAMED_VALUES and rng.random() < 0.35 else VALUES)[kind](rng)
    tried = disguises(kind)
    names = ["plain", *tried]
    evasion = names[number % len(names)]
    if evasion in SEPARATED and kind == "landline":
        value = main_number(rng)
    value = tried[evasion](rng, value) if evasion != "plain" else value
    before, after = (part.replace("\x00", "{").replace("\x01", "}") for part in frame.split("{}", 1))
    return Message(
        before + value + after, (Gold(kind, len(before), len(before) + len(value)),), evasion, kind
    )


def _several(rng: random.Random, frame: str) -> Message:
    text, golds, at = "", [], 0
    frame = frame.replace("{{", "\x00").replace("}}", "\x01")
    for slot in _SLOT.finditer(frame):
        text += frame[at : slot.start()]
        value = VALUES[slot[1]](rng)
        golds.append(Gold(slot[1], len(text), len(text) + len(value)))
        text, at = text + value, slot.end()
    text += frame[at:]
    return Message(text.replace("\x00", "{").replace("\x01", "}"), tuple(golds), "plain", "several")
