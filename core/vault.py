"""What stands behind the placeholders of one conversation, and putting it back for its owner.

Knows no recogniser and no key: pipelines/masking finds personal data, storage keeps it encrypted.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.privacy import Kind

_KINDS = "|".join(sorted((kind.name for kind in Kind), key=len, reverse=True))
FORM = re.compile(
    rf"[\[［【](?P<escapes>~{{0,32}})[ ]?(?P<kind>{_KINDS})[ ]?(?:\\{{0,2}}_|-|[ ])[ ]?(?P<number>[0-9]{{1,6}})[ ]?[\]］】]",
    re.IGNORECASE,
)
"""A placeholder as models write it back: in any case, with spaces, a stroke, in full-width brackets or Markdown.

`escapes` are strokes before what a customer typed that only looks like a placeholder; one is taken away.
"""
_BEGUN = re.compile(rf"\[~{{0,32}}(?:(?:{_KINDS})_[0-9]{{0,6}}\]?|(?P<part>[A-Z_]+)\Z)")
PLACEHOLDER = re.compile(r"\[([A-Z]+(?:_[A-Z]+)*_[1-9][0-9]*)\]")
"""`[PHONE_1]`, as masking writes it."""


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One value of a conversation. `placeholder` is written `[PHONE_1]`; `kind` is a value of core.privacy.Kind.

    `value` is canonical, so that the same number in another spelling is the same entry; `original` is how the
    customer first wrote it. Both are personal data and stay out of repr.
    """

    placeholder: str
    kind: str
    value: str = field(repr=False)
    original: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Masking:
    """What masking gives for one question: its text with placeholders, and the values that are new."""

    text: str
    new: Sequence[VaultEntry] = ()


MaskWith = Callable[[Sequence[VaultEntry]], Masking]
"""Masks a question, given what its conversation's vault holds. Pure: a store may call it more than once."""

Hide = Callable[[str, Sequence[VaultEntry]], str]
"""The text with placeholders, given what its conversation's vault holds; nothing is kept of what it finds.

For operators' eyes, where a question was stored and never masked: it came with an older XiaoQ, or the process died.
"""


def restored(text: str, entries: Iterable[VaultEntry]) -> str:
    """The text with the customer's own spelling in place of each known placeholder."""
    if not any(bracket in text for bracket in "[［【"):
        return text
    originals = {entry.placeholder: entry.original for entry in entries}
    return FORM.sub(lambda match: resolved(match, originals), text)


def resolved(match: re.Match[str], originals: Mapping[str, str]) -> str:
    """What one match of `FORM` stands for; what nobody gave out stays as it is."""
    if match["escapes"]:
        return match[0].replace("~", "", 1)
    return originals.get(f"[{match['kind'].upper()}_{int(match['number'])}]", match[0])


def named_in(text: str) -> Sequence[tuple[int, int]]:
    """Where placeholders stand, as masking writes them; the last one may only have begun, as in a stream."""
    if "[" not in text:
        return ()
    found = _BEGUN.finditer(text)
    return [match.span() for match in found if not match["part"] or _is_name(match["part"])]


def _is_name(part: str) -> bool:
    return any(f"{kind.name}_".startswith(part) for kind in Kind)
