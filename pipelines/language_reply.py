"""In which language an answer turned out to be written, for the fidelity chart.

Knows nothing of what was asked; what the model quotes or may not translate tells nothing and is left out.
"""

import re
from collections.abc import Callable, Sequence

from core.messages import Mode, Question
from pipelines.draft import Draft

ENOUGH = 2_000
"""Characters of an answer that are looked at."""
# Code, quotations, addresses, placeholders and links' targets: none of them is the model's own language.
_NOT_ITS_OWN = re.compile(
    r"(?s:```.*?(?:```|\Z))|`[^`\n]*`|^[ \t]*>[^\n]*|\[[A-Z_]+_\d+\]|\]\([^)\n]*\)"
    r"|“[^”\n]{0,300}”|„[^“”\n]{0,300}[“”]|«[^»\n]{0,300}»|「[^」\n]{0,300}」|『[^』\n]{0,300}』|\"[^\"\n]{0,300}\"",
    re.MULTILINE,
)
_MARKS = '`>[]“„«「『"'
"""Each of those begins with one of these, after spaces at most; a link's target follows a bracket."""


def language_of_answer(
    draft: Draft, question: Question, glossary: Sequence[str], detect: Callable[[str], str | None]
) -> str | None:
    """The answer's language; None where no model wrote it, where a program reads it, or where it does not tell."""
    machine = question.sampling.extra.keys() & {"response_format", "tools"}
    if draft.mode not in (None, Mode.GENERATED) or machine or question.continues or draft.calls_tools:
        return None
    return language_of_text(draft.text, glossary, detect)


def language_of_text(text: str, glossary: Sequence[str], detect: Callable[[str], str | None]) -> str | None:
    """The language of what in a text is its writer's own words."""
    own = text[:ENOUGH]
    if any(mark in own for mark in _MARKS):  # most answers hold none, and looking for them takes a tenth
        own = _NOT_ITS_OWN.sub(" ", own)
    for name in glossary:
        own = own.replace(name, " ")
    return detect(" ".join(own.split()))
