"""Recognises resident identity numbers, and the residence permits that share their form.

Knows the form, the date inside and the check digit; whose it is, it does not know.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking import words
from pipelines.masking.candidates import Candidate
from pipelines.masking.dates import is_date
from pipelines.masking.folding import Folded
from pipelines.masking.runs import Number
from pipelines.masking.shapes import (
    GAP,
    NOT_AFTER,
    NOT_BEFORE,
    digits,
    inside_code,
    is_another_shape,
    spaced,
)

LONG = Number(rf"{NOT_AFTER}[1-9]{spaced('[0-9]', '{16}')}{GAP}[0-9X*]{NOT_BEFORE}", 17, after=5)
SHORT = Number(rf"{NOT_AFTER}[1-9]{spaced('[0-9]', '{14}')}{NOT_BEFORE}", 15)
SOCIAL_SECURITY = Number(rf"{NOT_AFTER}[0-9]{{3}}[ \-][0-9]{{2}}[ \-][0-9]{{4}}{NOT_BEFORE}", 9)
HONG_KONG = Number(r"(?<![A-Z0-9])[A-Z]{1,2} ?[0-9]{6} ?\([0-9A]\)", 6, before=3, after=4)
TAIWAN = Number(rf"(?<![A-Z0-9])[A-Z][ -]?[12]{spaced('[0-9]', '{8}')}{NOT_BEFORE}", 9, before=2)
REGIONS = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91".split()
)
_PERMITS = ("81", "82", "83")


def identities(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    yield from _long(folded)
    for match in SHORT.overlapping(folded.upper, folded.runs):
        number = digits(match.group())
        named = _is_named(folded, match)
        plausible = number[:2] in REGIONS and is_date(number[6:12])
        if is_another_shape(match.group()):
            continue
        if (plausible and not _is_other(folded, match)) or named:
            yield Candidate(
                Kind.ID_CARD,
                match.start(),
                match.end(),
                0.96 if named and plausible else 0.8 if named else 0.75,
                number,
            )
    yield from _others(folded)


def _long(folded: Folded) -> Iterator[Candidate]:
    for match in LONG.overlapping(folded.upper, folded.runs):
        from stdnum.cn import ric

        number = digits(match.group()[:-1]) + match.group()[-1].replace("*", "X")
        named = _is_named(folded, match)
        plausible = is_resident_number(number)
        checked = ric.calc_check_digit(number) == number[-1]
        if is_another_shape(match.group()):
            continue
        if not plausible and not (
            named and not words.CARD.search(words.before(folded.lower, match.start(), 8))
        ):
            continue
        if not checked and not named and _is_other(folded, match):
            continue
        kind = Kind.PERMIT if number.startswith(_PERMITS) else Kind.ID_CARD
        sure = 0.99 if plausible and checked else 0.97 if plausible and named else 0.9 if plausible else 0.6
        yield Candidate(kind, match.start(), match.end(), sure, number)


def is_resident_number(value: str) -> bool:
    """Whether eighteen figures have a region and a date where a resident identity number has them."""
    return value[:17].isdigit() and value[:2] in REGIONS and is_date(value[6:14])


def _is_named(folded: Folded, match: re.Match[str]) -> bool:
    piece = words.before(folded.lower, match.start())
    return words.ID.search(piece) is not None and not words.labelled_other(piece)


def _is_other(folded: Folded, match: re.Match[str]) -> bool:
    piece = words.before(folded.lower, match.start())
    return (
        words.labelled_other(piece)
        or inside_code(folded.text, match.start(), match.end())
        or words.is_amount(folded.lower, match.start(), match.end())
    )


def _others(folded: Folded) -> Iterator[Candidate]:
    """Identity numbers of Hong Kong (by their brackets) and, where they are named, of Taiwan and the USA."""
    for match in HONG_KONG.each(folded.upper, folded.runs):
        yield Candidate(
            Kind.ID_CARD, match.start(), match.end(), 0.85, re.sub(r"[^A-Z0-9]", "", match.group())
        )
    for pattern in (TAIWAN, SOCIAL_SECURITY):
        for match in pattern.each(folded.upper, folded.runs):
            if words.ID.search(words.before(folded.lower, match.start())):
                value = re.sub(r"[^A-Z0-9]", "", match.group())
                yield Candidate(Kind.ID_CARD, match.start(), match.end(), 0.8, value)
