"""Under which key a generated answer is kept: a digest of all that it depends on, so that nothing has to be thrown away.

Reads what it is handed and nothing else; whatever changes makes another key, and the old answer is not found any more.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from core.messages import BusinessLine, Sampling
from pipelines import compose, enclose, persona, profile

_SPEAKERS = (persona, profile, enclose, compose)
"""Modules whose words stand in every prompt."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer stands on beside the line and its prompt. `bases` are those searched, each with the version that the
    search stands on, and `search` names what else decides what it finds; `engine` names the model and how it is run; `words`
    is the version of the sensitive words; `days` are those that it is, as the line's prompt and as the search count them."""

    language: str
    bases: Sequence[tuple[str, int]]
    engine: str
    words: int
    sampling: Sampling
    days: Sequence[date]
    form: str
    search: str = ""


def refusal_key(line: BusinessLine, grounds: Grounds) -> bytes:
    """What a person's "wrong" holds for: this question in this language to this prompt over this knowledge, by this
    engine, however the line is set and whatever the day."""
    version = line.prompt.version if line.prompt else None
    return _digest(
        "refused", line.id, version, grounds.language, *grounds.bases, grounds.engine, grounds.form
    )


def answer_key(line: BusinessLine, grounds: Grounds, refusal: bytes) -> bytes:
    """`refusal` is the key above."""
    prompt, how = line.prompt, grounds.sampling
    return _digest(
        "answer",
        refusal,
        line.version,
        line.generation,
        prompt and (prompt.updated_at, prompt.parameters),
        _our_words(),
        grounds.words,
        *grounds.days,
        grounds.search,
        (
            how.temperature,
            how.top_p,
            how.max_tokens,
            how.model,
            sorted(how.extra.items(), key=lambda item: item[0]),
        ),
    )


def _digest(*parts: object) -> bytes:
    """`repr` puts each part's end where no part can forge it."""
    return hashlib.sha256(repr(parts).encode()).digest()


@cache
def _our_words() -> str:
    """XiaoQ's own words in a prompt, which change with its releases while Redis stays."""
    sources = (Path(module.__file__ or "").read_bytes() for module in _SPEAKERS)
    return hashlib.sha256(b"\0".join(sources)).hexdigest()
