"""Recognises telephone numbers: Chinese mobiles, landlines and hotlines, and those of other countries.

Knows digits and the words near them; whose number it is, it does not know.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking import words
from pipelines.masking.candidates import Candidate
from pipelines.masking.folding import Folded
from pipelines.masking.runs import Number
from pipelines.masking.shapes import (
    GAP,
    NOT_AFTER,
    NOT_BEFORE,
    digits,
    groups,
    inside_code,
    is_another_shape,
    is_even_cut,
    is_usual_cut,
    spaced,
)

_CHINA = rf"(?:\(?(?:\+|\+?{GAP}0{GAP}0)?{GAP}8{GAP}6{GAP})?"
MOBILE = Number(
    rf"{NOT_AFTER}(?P<prefix>{_CHINA})(?P<number>1{GAP}[3-9]{spaced('[0-9]', '{9}')}){NOT_BEFORE}",
    11,
    before=5,
)
TRUNK_MOBILE = Number(
    rf"{NOT_AFTER}(?P<prefix>0)(?P<number>1{GAP}[3-9][0-9]{spaced('[0-9]', '{8}')}){NOT_BEFORE}", 12
)
_EXTENSION = (
    rf"(?:{GAP}(?:转|轉|分{GAP}机{GAP}号?|e{GAP}x{GAP}t(?:ension)?|x|#)[ :.]{{0,2}}(?P<extension>{GAP}[0-9]{spaced('[0-9]', '{0,5}')})"
    r"|-(?P<short>[0-9]{1,4})(?![0-9]|-[0-9]))?"
)
_LONGEST_EXTENSION = 48
LANDLINE = Number(
    rf"{NOT_AFTER}(?:(?:\+|0{GAP}0){GAP}8{GAP}6{GAP}(?:\(0\))?(?=[1-9(])|(?P<trunk>\(?0))"
    rf"(?P<area>{GAP}(?:1{GAP}0|2{GAP}[0-9]|[3-9]{GAP}[1-9]{GAP}[0-9]))(?P<gap>{GAP})"
    rf"(?P<local>[2-8]{spaced('[0-9]', '{6,7}')}){_EXTENSION}{NOT_BEFORE}",
    10,
    before=4,
    after=_LONGEST_EXTENSION,
)
_AREA = re.compile(
    "3(?:1[0-9]|35|49|5[0-9]|7[0-9]|9[1-8])|4(?:1[1-9]|2[179]|3[1-9]|5[1-9]|6[4789]|7[0-9]|8[23])"
    "|5(?:1[0-9]|2[37]|3[0-9]|4[36]|5[0-9]|6[1-6]|7[0-9]|80|9[1-9])|6(?:3[1-5]|6[0238]|9[12])"
    "|7(?:01|1[0-9]|2[248]|3[0-9]|4[3-6]|5[0-9]|6[0-9]|7[0-9]|9[0-9])"
    "|8(?:1[23678]|2[5-7]|3[0-9]|5[1-9]|7[0-9]|8[3678]|9[1-8])"
    "|9(?:0[1-389]|1[1-9]|3[0-9]|4[13]|5[1-5]|7[0-9]|9[0-9])"
)
"""Area codes that are in use, without the 0."""
LOCAL = Number(
    rf"{NOT_AFTER}[2-8][0-9]{{2,3}}[ -]?[0-9]{{4}}{_EXTENSION}{NOT_BEFORE}", 7, after=_LONGEST_EXTENSION
)
HOTLINE = Number(
    rf"{NOT_AFTER}(?:\+?86{GAP}|1[ -])?(?P<number>[48]{GAP}0{GAP}0{spaced('[0-9]', '{7}')}){NOT_BEFORE}",
    10,
    before=1,
)
FOREIGN = Number(rf"(?<![0-9+])(?:\+|0{GAP}0){GAP}[1-9]{spaced('[0-9]', '{6,14}')}{NOT_BEFORE}", 7, before=4)
NORTH_AMERICAN = Number(
    rf"{NOT_AFTER}(?P<number>(?:\+?1[ .\-])?\(?[2-9][0-9]{{2}}\)?[ .\-]{{1,2}}[2-9][0-9]{{2}}[ .\-][0-9]{{4}}){NOT_BEFORE}",
    10,
    before=2,
)
TRUNK = Number(rf"{NOT_AFTER}\(?0[1-9]{spaced('[0-9]', '{8,9}')}{NOT_BEFORE}", 10, before=1)
NAMED = Number(rf"{NOT_AFTER}\(?[0-9]{spaced('[0-9]', '{6,13}')}{NOT_BEFORE}", 7, before=1)
_NOT_DIGIT = re.compile(r"(?<=[0-9])[^0-9]")
_TRIES = 5
_CALLED = 24
"""Characters before a national number in which it is called a telephone: "cellphone number ko po"."""
_VALIDATED = 100
"""So many numbers of a text are looked up in phonenumbers (50 µs each); further ones are masked as likely."""


def phones(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    yield from _mobiles(folded)
    yield from _landlines(folded)
    yield from _hotlines(folded)
    yield from _foreign(folded)
    yield from _national(folded)


def _mobiles(folded: Folded) -> Iterator[Candidate]:
    for pattern in (MOBILE, TRUNK_MOBILE):
        for match in pattern.overlapping(folded.text, folded.runs):
            matched, start = match.group(), match.start()
            if not match["prefix"] and folded.text[start - 1 : start] == "+":
                continue
            piece = words.before(folded.lower, start)
            solid = match["number"].isdigit()
            if words.labelled_other(piece, strictly=solid):
                continue
            named = words.PHONE.search(piece) is not None
            if _is_no_mobile(folded, match, named):
                continue
            start += len(matched) - len(matched.lstrip(" -./_·,\n)。\\"))
            yield Candidate(
                Kind.PHONE, start, match.end(), 0.97 if solid or named else 0.9, digits(match["number"])
            )


def _is_no_mobile(folded: Folded, match: re.Match[str], named: bool) -> bool:
    """A number in one piece is a mobile unless it is an amount or part of a code; one in pieces must be cut as
    people cut them."""
    if inside_code(folded.text, match.start(), match.end(), letters=2):
        return True
    if named or len(digits(match["prefix"])) > 1:
        return False
    if words.is_amount(folded.lower, match.start(), match.end()) or is_another_shape(match.group()):
        return True
    letters = 1 if match["prefix"] else 2
    return not is_usual_cut(match["number"]) or inside_code(folded.text, match.start(), match.end(), letters)


def _is_no_phone(folded: Folded, match: re.Match[str]) -> bool:
    return (
        is_another_shape(match.group())
        or words.is_amount(folded.lower, match.start(), match.end())
        or inside_code(folded.text, match.start(), match.end())
    )


def _landlines(folded: Folded) -> Iterator[Candidate]:
    for match in LANDLINE.overlapping(folded.lower, folded.runs):
        piece = words.before(folded.lower, match.start())
        named = words.PHONE.search(piece) is not None
        if words.labelled_other(piece) or inside_code(folded.text, match.start(), match.end()):
            continue
        area, local = digits(match["area"]), digits(match["local"])
        if not named and (_is_no_phone(folded, match) or not _is_usual_landline(match, area)):
            continue
        if len(area) == 3 and area[0] in "12":
            continue
        number = f"0{area}{local}"
        extension = digits(match["extension"] or match["short"] or "")
        separated = bool(match["gap"]) or match["trunk"] is None
        value = f"{number}x{extension}" if extension else number
        yield Candidate(
            Kind.LANDLINE, match.start(), match.end(), 0.95 if separated or named else 0.85, value
        )
    yield from _local(folded)


def _is_usual_landline(match: re.Match[str], area: str) -> bool:
    if len(area) == 3 and not _AREA.fullmatch(area):
        return False
    if match["trunk"] is None or match["gap"]:
        return True
    written = match.group()[: match.end("local") - match.start()]
    if written.count("\n") == 1:
        written = written.replace("\n", "")
    return written.lstrip("(").isdigit() or is_even_cut(groups(written))


def _local(folded: Folded) -> Iterator[Candidate]:
    """Seven or eight digits without an area code, where the text calls them a telephone."""
    for match in LOCAL.each(folded.lower, folded.runs):
        piece = words.before(folded.lower, match.start())
        if (
            words.PHONE.search(piece[-12:])
            and not words.labelled_other(piece)
            and not _is_no_phone(folded, match)
        ):
            extension = digits(match["extension"] or match["short"] or "")
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


def _hotlines(folded: Folded) -> Iterator[Candidate]:
    for match in HOTLINE.each(folded.text, folded.runs):
        piece = words.before(folded.lower, match.start())
        if words.labelled_other(piece):
            continue
        if words.PHONE.search(piece) or not _is_no_phone(folded, match):
            yield Candidate(Kind.HOTLINE, match.start(), match.end(), 0.95, digits(match["number"]))


def _foreign(folded: Folded) -> Iterator[Candidate]:
    left = _VALIDATED
    for match in FOREIGN.overlapping(folded.text, folded.runs):
        piece = words.before(folded.lower, match.start())
        named = words.PHONE.search(piece) is not None
        if words.labelled_other(piece) or (
            not named and words.is_amount(folded.lower, match.start(), match.end())
        ):
            continue
        plus = match.group()[0] == "+"
        if not plus and inside_code(folded.text, match.start(), match.end()):
            continue
        sizes = groups(match.group())
        if not (plus or named) and sizes[0] > 6 and len(sizes) > 1:
            continue
        end, number, sure, tried = _longest_known(match, plus, left)
        left -= tried
        if len(number) < 7 or (number.startswith("86") and len(number) < 12):
            continue
        if number.startswith("86"):
            sure = min(sure, 0.5)
        if sure > 0.6 or named or plus:
            yield Candidate(Kind.PHONE, match.start(), end, sure, number)


def _strong_ends(match: re.Match[str]) -> list[int]:
    """Where a stroke, a comma, a line break or a Chinese mobile begins the next number."""
    ends = []
    for gap in _NOT_DIGIT.finditer(match.group(), 8):
        begun = match.group()[: gap.start()]
        other = gap.group() in "/,\n" and gap.group() not in begun
        if other or MOBILE.pattern.match(match.string, match.start() + gap.end()):
            ends.append(gap.start())
    return ends[:2]


def _longest_known(match: re.Match[str], plus: bool, left: int) -> tuple[int, str, float, int]:
    """Where the number ends, which it is, how sure that is, and how many were looked up: what follows after a
    separator may be the next number."""
    matched = match.group()
    ends = [
        *_strong_ends(match),
        len(matched),
        *(gap.start() for gap in reversed(list(_NOT_DIGIT.finditer(matched, 8)))),
    ]
    best = (match.end(), digits(matched)[0 if plus else 2 :], 0.5)
    if len(ends) == 1 and best[1].startswith("86"):
        return *best, 1  # there is nothing to choose, and `_foreign` takes no Chinese number for sure
    for tried, end in enumerate(ends[:_TRIES]):
        number = digits(matched[:end])[0 if plus else 2 :]
        sure = _known("+" + number) if left > tried else 0.7
        if end == len(matched) or sure > max(best[2], 0.6):
            best = (match.start() + end, number, sure)
        if sure > 0.6:
            break
    return *best, min(len(ends), _TRIES)


def _national(folded: Folded) -> Iterator[Candidate]:
    """Numbers of other countries in their national form: by a shape of their own, or by what they are called."""
    for match in NORTH_AMERICAN.each(folded.text, folded.runs):
        if not words.labelled_other(words.before(folded.lower, match.start())) and not _is_no_phone(
            folded, match
        ):
            bare = digits(match.group())
            yield Candidate(
                Kind.PHONE, match.start(), match.end(), 0.86, bare if len(bare) == 11 else "1" + bare
            )
    for pattern, sure in ((TRUNK, 0.5), (NAMED, 0.45)):
        for match in pattern.each(folded.text, folded.runs):
            piece = words.before(folded.lower, match.start(), _CALLED)
            spelled = (
                pattern is TRUNK
                and 3 <= groups(match.group())[0] < 7
                and digits(match.group())[:2] in ("07", "09")
            )
            if words.labelled_other(piece) or not (spelled or words.PHONE.search(piece)):
                continue
            if not _is_no_phone(folded, match):
                yield Candidate(Kind.PHONE, match.start(), match.end(), sure, digits(match.group()))


def _known(number: str) -> float:
    """How sure it is that a country gives out such numbers; those reserved for examples are only possible."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return 0.5
    return (
        0.92
        if phonenumbers.is_valid_number(parsed)
        else 0.7
        if phonenumbers.is_possible_number(parsed)
        else 0.5
    )
