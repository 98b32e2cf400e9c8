"""Recognises the numbers of bank and payment cards.

Knows issuers' first digits, usual groupings and Luhn's check; a number that fails the check is only less sure.
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
    NOT_AFTER,
    NOT_BEFORE,
    digits,
    groups,
    inside_code,
    is_another_shape,
    is_even_cut,
    spaced,
    unbroken,
)

_ONE = r"[ \-./_·]{1,2}"
CARD = re.compile(
    rf"(?:[0-9]{{13,19}}"
    rf"|[0-9]{{4}}(?:{_ONE}[0-9]{{4}}){{3}}(?:{_ONE}[0-9]{{1,3}})?"
    rf"|[0-9]{{4}}(?:{_ONE}[0-9]{{4}}){{2}}{_ONE}[0-9]{{1,3}}"
    rf"|[0-9]{{4}}{_ONE}[0-9]{{6}}{_ONE}[0-9]{{4,5}}|[0-9]{{6}}{_ONE}[0-9]{{10,13}}"
    rf"|[0-9](?:{_ONE}[0-9]){{12,18}})"
)
WHOLE = Number(rf"{NOT_AFTER}[0-9]{spaced('[0-9]', '{12,18}')}{NOT_BEFORE}", 13)
"""Any grouping: trusted where the text calls it a card, or where it passes every check."""
_ISSUER = re.compile(
    r"62[0-9]{14,17}|4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|6(?:011|5[0-9]{2})[0-9]{12}|6[0-9]{15,18}"
    r"|9558[0-9]{12,15}|(?:50|5[6-9])[0-9]{10,17}"
)
_LAST_GROUP = re.compile("[^0-9]+[0-9]+\\Z")
_DOUBLED = str.maketrans("0123456789", "0246813579")
_GOES_ON = re.compile(r"[ \-./_·][0-9]")
_CERTAIN = re.compile(r"62[0-9]{14,17}|9558[0-9]{15}")
"""Issuers whose numbers are masked even when the check fails and nothing names them."""
_SIXTEEN = re.compile(r"(?:4[0-9]{3}|5[1-5][0-9]{2}|35[0-9]{2}|60[0-9]{2}|65[0-9]{2})[0-9]{12}")


def cards(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    for match in WHOLE.overlapping(folded.text, folded.runs):
        matched = match.group()
        usual = CARD.fullmatch(matched) is not None or is_even_cut(groups(unbroken(matched)))
        yield from _judged(folded, match, usual=usual)


def is_checked(number: str) -> bool:
    """Luhn's check; five times as fast as the library's, and every long number comes through here."""
    return sum(map(int, number[-1::-2] + number[-2::-2].translate(_DOUBLED))) % 10 == 0


def _judged(folded: Folded, match: re.Match[str], *, usual: bool) -> Iterator[Candidate]:
    number, start, end = digits(match.group()), match.start(), match.end()
    piece = words.before(folded.lower, start)
    if is_another_shape(match.group()):
        return
    named = words.CARD.search(piece) is not None
    likely = is_checked(number) and _ISSUER.fullmatch(number) is not None
    if words.labelled_other(piece, strictly=likely) or (
        not named and (words.is_amount(folded.lower, start, end) or inside_code(folded.text, start, end))
    ):
        return
    sure = _confidence(number, named, usual, match.group().isdigit())
    shorter = _LAST_GROUP.sub("", match.group())
    goes_on = _GOES_ON.match(folded.text, end) is not None
    if (
        goes_on
        and not is_checked(number)
        and len(digits(shorter)) in (15, 16)
        and _confidence(digits(shorter), named, usual, False) > 0.9
    ):
        yield Candidate(Kind.BANK_CARD, start, start + len(shorter), 0.95, digits(shorter))
    elif sure:
        yield Candidate(Kind.BANK_CARD, start, end, sure, number)


def _confidence(number: str, named: bool, usual: bool, solid: bool) -> float:
    """0 where it is no card."""
    known = _ISSUER.fullmatch(number) is not None
    checked = is_checked(number)
    if checked and known and usual:
        return 0.85 if len(number) == 18 else 0.95
    if named:
        return (0.9 if checked else 0.75) if usual else (0.8 if checked else 0.62)
    if checked and (len(number) >= 16 or (known and len(number) >= 14)):
        return 0.6 if solid and is_date(number[:8]) else 0.7 if usual or known else 0.0
    if not usual:
        return 0.0
    if _CERTAIN.fullmatch(number) or _SIXTEEN.fullmatch(number):
        return 0.6
    return 0.0
