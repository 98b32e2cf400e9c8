"""Whether an answer is what a golden question asks for: plain comparisons, the same for the same answer every time.

Asks no engine and reads no store.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from core.golden import GoldenQuestion
from core.messages import Mode, Source
from pipelines.language import detect_language

ALTERNATIVES = "|"
Check = Literal["error", "fact", "forbidden", "passage", "document", "language", "mode", "length"]
BETWEEN = ":"
"""Parts the name of a check from what it was about: `fact:48 hours`."""
OF_THE_VERSION = frozenset({"engine_rejected", "not_supported", "context_length_exceeded"})
"""Errors that a customer would get, too, under this version or with this question: the model's server refuses them."""
_UNSPACED = (
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "BOPOMOFO",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "TIBETAN",
)
"""Scripts without words between spaces, or whose words take endings: each character stands for itself."""
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
_DRAWN = "\ufe0e\ufe0f"
_TOKEN = re.compile(
    r"(?:(?<![\w\-])-)?\d+(?:[.,]\d+)*|[^\W\d_]|[\u0300-\u036f]|[%‰°$€£¥₩₽₹]|\s+|.", re.DOTALL
)
_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ '’]\d{3})+(?![ '’]?\d)")
"""A number as French, Polish, Russian or Swiss write it; what parts its groups is a space once it is folded."""

Readings = tuple[Sequence[str], Sequence[str]]
"""A text's tokens, and those where a number in groups is one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a golden question. `language` is the one it was answered in, as far as the path knows; `error` the
    code where there was no answer. Times are milliseconds."""

    text: str
    mode: Mode | None
    sources: Sequence[Source] = ()
    language: str = "und"
    error: str | None = None
    milliseconds: int = 0
    first_token: int | None = None


def failures(
    golden: GoldenQuestion, outcome: Outcome, detect: Callable[[str], str | None] = detect_language
) -> tuple[str, ...]:
    """The checks that the answer does not pass, `name:what`; empty where it passes."""
    if outcome.error is not None:
        return (_named("error", outcome.error),)
    expected, said = golden.expected, readings(outcome.text)
    failed = [
        _named("fact", fact)
        for fact in expected.facts
        if not _stands(outcome.text, said, fact.split(ALTERNATIVES))
    ]
    failed += [
        _named("forbidden", phrase) for phrase in expected.forbidden if _stands(outcome.text, said, [phrase])
    ]
    if golden.passage_id and not _cites(outcome.sources, golden):
        failed.append(_named("passage", " · ".join(filter(None, (golden.document, golden.location)))))
    names = {_name(source.document) for source in outcome.sources}
    if expected.documents and not names & {_name(document) for document in expected.documents}:
        failed.append(_named("document", f" {ALTERNATIVES} ".join(expected.documents)))
    if expected.language and _written_in(outcome, detect) != _told(expected.language):
        failed.append(_named("language", expected.language))
    if expected.mode and outcome.mode != expected.mode:
        failed.append(_named("mode", expected.mode))
    if expected.max_characters is not None and len(outcome.text) > expected.max_characters:
        failed.append(_named("length", str(len(outcome.text))))
    return tuple(failed)


def states(said: Readings, facts: Sequence[str]) -> bool:
    """Whether a text, as its `readings`, holds every one of these facts."""
    return all(_holds_one(said, fact.split(ALTERNATIVES)) for fact in facts)


def parted(failure: str) -> tuple[str, str]:
    """The name of the check and what it was about."""
    name, _, what = failure.partition(BETWEEN)
    return name, what


def error_of(failed: Sequence[str]) -> str | None:
    """The code of the error in the place of an answer; None where there was one."""
    return next((what for name, what in map(parted, failed) if name == "error"), None)


def unanswered(failed: Sequence[str]) -> bool:
    """Whether a part of the service was down, so that nothing can be said: neither passed nor failed."""
    return error_of(failed) not in (None, *OF_THE_VERSION)


def tokens(text: str) -> tuple[str, ...]:
    """A text as it is compared: words, numbers by their value, and the signs that change what a number means.

    Width, case, spaces, accents written apart and punctuation do not matter. `1,500.0` is 1500; 1.5 is not 15.
    """
    return _tokens_of(_folded(text))


def _tokens_of(folded: str) -> tuple[str, ...]:
    found: list[str] = []
    word, alone = "", False
    for piece in _TOKEN.findall(folded):
        if piece.isalpha() and not _stands_alone(piece):
            word += piece
            continue
        if _belongs(piece[0]) and (word or alone):
            if word:
                word += piece
            else:
                found[-1] += piece
            continue
        if word:
            found.append(word)
            word = ""
        alone = piece.isalpha()
        if piece[-1].isdigit():
            found.append(f"-{_number(piece[1:])}" if piece[0] == "-" else _number(piece))
        elif piece.isalpha() or piece in "%‰°$€£¥₩₽₹":
            found.append(piece)
    return tuple([*found, word] if word else found)


def readings(text: str) -> Readings:
    """Its `tokens`, and those with a number in groups read as one: 1 000 € is a thousand, 15 256 GB may be two."""
    folded = _folded(text)
    plain = _tokens_of(folded)
    grouped, found = _GROUPS.subn(_joined, folded)
    return plain, _tokens_of(grouped) if found else plain


def _joined(number: re.Match[str]) -> str:
    return "".join(filter(str.isdigit, number[0]))


def _folded(text: str) -> str:
    """NFKC, case, digits of every script; what cannot be seen is gone."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c
        for c in folded
        if unicodedata.category(c) != "Cf"
    ).replace("−", "-")


def _belongs(sign: str) -> bool:
    """Whether it is part of the letter before it: an accent, or a vowel or tone, without which Hindi's or Thai's words
    are others. What only says how that letter is drawn is not."""
    return unicodedata.category(sign) in ("Mn", "Mc") and sign not in _DRAWN


def _stands_alone(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith(_UNSPACED)


def _number(written: str) -> str:
    """One spelling for one value. What has three parts or more and is no thousands (a date, a version) stays as it is."""
    whole, part = written, ""
    last = max(written.rfind("."), written.rfind(","))
    mark = written[last] if last >= 0 else ""
    if mark and (written.count(mark) == 1) and not (mark == "," and _thousands(written, ",")):
        whole, part = written[:last], written[last + 1 :]
    if any(mark in whole for mark in ".,"):
        separator = "," if "," in whole else "."
        if not _thousands(whole, separator):
            return written
        whole = whole.replace(separator, "")
    try:
        value = Decimal(f"{whole}.{part}" if part else whole)
    except InvalidOperation:
        return written
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _thousands(written: str, separator: str) -> bool:
    """India counts in hundreds above the thousands: 1,00,000."""
    first, *groups = written.split(separator)
    sizes = [len(group) for group in groups]
    alike = {*sizes[:-1]} in ({3}, {2}, set())
    return 1 <= len(first) <= 3 and sizes[-1:] == [3] and alike and first.isdigit()


def _stands(text: str, said: Readings, wanted: Sequence[str]) -> bool:
    return _holds_one(said, wanted) or _shows(text, wanted)


def _holds_one(said: Readings, wanted: Sequence[str]) -> bool:
    """Whether one of these stands in the text, where both are read alike."""
    return any(_holds(*alike) for each in wanted for alike in zip(said, readings(each), strict=True))


def _holds(said: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether these stand in the text one after the other. What is made of nothing but punctuation stands nowhere."""
    size = len(wanted)
    return bool(size) and any(said[at : at + size] == wanted for at in range(len(said) - size + 1))


def _shows(text: str, signs: Sequence[str]) -> bool:
    """Whether one of these that are nothing but signs (an emoji, `**`) stands in the text as it is. No other does: words
    and numbers are for `_holds`."""
    bare = [_bare(each) for each in signs if not tokens(each)]
    return any(each and each in _bare(text) for each in bare)


def _bare(text: str) -> str:
    """Folded, without blanks and without what says only how a sign is drawn."""
    return "".join(sign for sign in _folded(text) if not sign.isspace() and sign not in _DRAWN)


def _cites(sources: Sequence[Source], golden: GoldenQuestion) -> bool:
    """The passage that a person called right, by its id or, where its document was read anew, by what it says."""
    return any(
        (source.passage_id == golden.passage_id and source.document_id == golden.document_id)
        or (golden.text and source.text == golden.text)
        for source in sources
    )


def _name(document: str) -> str:
    return unicodedata.normalize("NFKC", document).casefold().strip()


def _written_in(outcome: Outcome, detect: Callable[[str], str | None]) -> str:
    """What the answer is written in; where it is too short to tell, what it was to be written in."""
    return detect(outcome.text) or outcome.language


def _told(tag: str) -> str:
    """The language that a tag asks for as it is told of an answer: a region says nothing that an answer shows, save which
    Chinese is written there."""
    language, *more = tag.lower().split("-")
    if language == "zh":
        return "zh-Hant" if _TRADITIONAL & set(more) else "zh"
    return language


def _named(check: Check, what: str) -> str:
    return f"{check}{BETWEEN}{what}"
