"""Recognises telephone numbers: Chinese mobiles, landlines and hotlines, and those of other countries.

Knows digits and the words near them; whose number it is, it does not know.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking import words
from pipelines.masking.candidates import Candidate
from pipelines.masking.shapes import (
    GAP,
    NOT_AFTER,
    NOT_BEFORE,
    digits,
    groups,
    inside_code,
    is_another_shape,
    spaced,
)

_CHINA = rf"(?:(?:\+|\+?{GAP}0{GAP}0)?{GAP}8{GAP}6{GAP})?"
MOBILE = re.compile(
    rf"{NOT_AFTER}(?P<prefix>{_CHINA})(?P<number>1{GAP}[3-9]{spaced('[0-9]', '{9}')}){NOT_BEFORE}"
)
TRUNK_MOBILE = re.compile(rf"{NOT_AFTER}0(?P<number>1{GAP}[3-9][0-9]{spaced('[0-9]', '{8}')}){NOT_BEFORE}")
_EXTENSION = r"(?:[ \-,]{0,2}(?:转|分机号?|轉|ext\.?|extension|x|#)[ :.]{0,2}(?P<extension>[0-9]{1,6})|-(?P<short>[0-9]{1,4})(?![0-9\-]))?"
LANDLINE = re.compile(
    rf"{NOT_AFTER}(?:(?:\+|00){GAP}86{GAP}(?:\(0\))?(?=[1-9(])|(?P<trunk>\(?0))"
    rf"(?P<area>{GAP}(?:1{GAP}0|2{GAP}[0-9]|[3-9]{GAP}[1-9]{GAP}[0-9]))(?P<gap>{GAP})"
    rf"(?P<local>[2-8]{spaced('[0-9]', '{6,7}')}){_EXTENSION}{NOT_BEFORE}",
    re.IGNORECASE,
)
LOCAL = re.compile(rf"{NOT_AFTER}[2-8][0-9]{{2,3}}[ -]?[0-9]{{4}}{_EXTENSION}{NOT_BEFORE}", re.IGNORECASE)
HOTLINE = re.compile(
    rf"{NOT_AFTER}(?:\+?86{GAP}|1[ -])?(?P<number>[48]{GAP}0{GAP}0{spaced('[0-9]', '{7}')}){NOT_BEFORE}"
)
FOREIGN = re.compile(
    rf"(?<![0-9+])(?:\+|00(?=[ \-(]?[1-9])){GAP}[1-9]{spaced('[0-9]', '{6,14}')}{NOT_BEFORE}"
)
NORTH_AMERICAN = re.compile(
    rf"{NOT_AFTER}(?P<number>(?:1[ .\-])?\(?[2-9][0-9]{{2}}\)?[ .\-]{{1,2}}[2-9][0-9]{{2}}[ .\-][0-9]{{4}}){NOT_BEFORE}"
)
TRUNK = re.compile(rf"{NOT_AFTER}\(?0[1-9]{spaced('[0-9]', '{8,9}')}{NOT_BEFORE}")
NAMED = re.compile(rf"{NOT_AFTER}\(?[0-9]{spaced('[0-9]', '{6,13}')}{NOT_BEFORE}")
_VALIDATED = 100
"""So many numbers of a text are looked up in phonenumbers (50 µs each); further ones are masked as likely."""


def phones(text: str) -> Iterator[Candidate]:
    """`text` is folded."""
    yield from _mobiles(text)
    yield from _landlines(text)
    yield from _hotlines(text)
    yield from _foreign(text)
    yield from _national(text)


def _mobiles(text: str) -> Iterator[Candidate]:
    for pattern in (MOBILE, TRUNK_MOBILE):
        for match in pattern.finditer(text):
            matched, start = match.group(), match.start()
            number = digits(match["number"])
            piece = words.before(text, start)
            named = words.PHONE.search(piece) is not None
            if not named and _is_no_phone(text, match, piece):
                continue
            solid = len(groups(match["number"])) == 1
            start += len(matched) - len(matched.lstrip(" -./_·,\n)。\\"))
            yield Candidate(Kind.PHONE, start, match.end(), 0.97 if solid or named else 0.9, number)


def _is_no_phone(text: str, match: re.Match[str], piece: str) -> bool:
    return (
        is_another_shape(match.group())
        or words.labelled_other(piece)
        or words.is_amount(text, match.start(), match.end())
        or inside_code(text, match.start(), match.end())
    )


def _landlines(text: str) -> Iterator[Candidate]:
    for match in LANDLINE.finditer(text):
        piece = words.before(text, match.start())
        named = words.PHONE.search(piece) is not None
        if not named and _is_no_phone(text, match, piece):
            continue
        area, local = digits(match["area"]), digits(match["local"])
        if len(area) == 3 and area[0] in "12":
            continue
        number = f"0{area}{local}"
        extension = match["extension"] or match["short"]
        separated = bool(match["gap"]) or match["trunk"] is None
        value = f"{number}x{extension}" if extension else number
        yield Candidate(
            Kind.LANDLINE, match.start(), match.end(), 0.95 if separated or named else 0.85, value
        )
    yield from _local(text)


def _local(text: str) -> Iterator[Candidate]:
    """Seven or eight digits without an area code, where the text calls them a telephone."""
    for match in LOCAL.finditer(text):
        piece = words.before(text, match.start(), 12)
        if words.PHONE.search(piece) and not _is_no_phone(text, match, piece):
            extension = match["extension"] or match["short"]
            bare = digits(match.group())
            number = bare[: len(bare) - len(extension)] if extension else bare
            sure = 0.8 if words.LANDLINE.search(piece) else 0.7
            yield Candidate(
                Kind.LANDLINE,
                match.start(),
                match.end(),
                sure,
                f"{number}x{extension}" if extension else number,
            )


def _hotlines(text: str) -> Iterator[Candidate]:
    for match in HOTLINE.finditer(text):
        piece = words.before(text, match.start())
        if words.PHONE.search(piece) or not _is_no_phone(text, match, piece):
            yield Candidate(Kind.HOTLINE, match.start(), match.end(), 0.95, digits(match["number"]))


def _foreign(text: str) -> Iterator[Candidate]:
    left = _VALIDATED
    for match in FOREIGN.finditer(text):
        piece = words.before(text, match.start())
        named = words.PHONE.search(piece) is not None
        if not named and (words.is_amount(text, match.start(), match.end()) or words.labelled_other(piece)):
            continue
        number = digits(match.group())
        number = number if match.group()[0] == "+" else number[2:]
        left -= 1
        likely = left < 0 or _is_known("+" + number)
        if likely or named or match.group()[0] == "+":
            yield Candidate(Kind.PHONE, match.start(), match.end(), 0.92 if likely else 0.6, number)


def _national(text: str) -> Iterator[Candidate]:
    """Numbers of other countries in their national form: by a shape of their own, or by what they are called."""
    for match in NORTH_AMERICAN.finditer(text):
        if not _is_no_phone(text, match, words.before(text, match.start())):
            bare = digits(match.group())
            yield Candidate(
                Kind.PHONE, match.start(), match.end(), 0.86, bare if len(bare) == 11 else "1" + bare
            )
    for pattern, sure in ((TRUNK, 0.75), (NAMED, 0.65)):
        for match in pattern.finditer(text):
            piece = words.before(text, match.start(), 16)
            spelled = (
                pattern is TRUNK
                and len(groups(match.group())) > 1
                and digits(match.group())[:2] in ("07", "09")
            )
            if (spelled or words.PHONE.search(piece)) and not _is_no_phone(text, match, piece):
                yield Candidate(Kind.PHONE, match.start(), match.end(), sure, digits(match.group()))


def _is_known(number: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False
