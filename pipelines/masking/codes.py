"""Recognises what is written in capital letters and digits: passports, permits, credit codes, plates, IBANs.

Knows their forms and checks; the words near them decide where a form alone says little.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from core.privacy import Kind
from pipelines.masking import words
from pipelines.masking.candidates import Candidate
from pipelines.masking.dates import is_date
from pipelines.masking.folding import Folded
from pipelines.masking.identity import is_resident_number
from pipelines.masking.runs import Number, Run
from pipelines.masking.shapes import GAP, NOT_BEFORE, SEPARATORS, spaced

_FREE = r"(?<![A-Z0-9])(?<![A-Z]['’])"
_EDGE = r"(?![A-Z0-9])"
_CODE = "0-9A-HJ-NPQRTUWXY"
_PROVINCE = "京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊"
_TIGHT = r"[ \-./_·\n]{0,2}"
PASSPORT = Number(
    rf"{_FREE}(?:[EGDSP]{spaced('[0-9]', '{8}')}|E{_TIGHT}[A-HJ-NP-Z]{spaced('[0-9]', '{7}')}|(?:DE|SE|PE|MA){spaced('[0-9]', '{7}')}"
    rf"|K[A-Z]?{spaced('[0-9]', '{8}')}|1[45]{spaced('[0-9]', '{7}')}){_EDGE}",
    7,
    before=7,
    after=1,
)
ANY_PASSPORT = re.compile(rf"{_FREE}[A-Z0-9](?:{_TIGHT}[A-Z0-9]){{5,8}}{_EDGE}")
_PASSPORT_BEFORE = re.compile(
    rf"{_FREE}(?P<code>[A-Z0-9](?:{_TIGHT}[A-Z0-9]){{6,8}})[ ]?[(（]?(?:号|的|这本)?\Z"
)
PERMIT = Number(
    rf"{_FREE}[HMCWLTKR](?:{_TIGHT}[A-Z])?{spaced('[0-9]', '{7,10}')}(?:\([A-Z]\))?{_EDGE}",
    7,
    before=7,
    after=4,
)
NUMERIC_PERMIT = Number(
    rf"{_FREE}[0-9]{spaced('[0-9]', '{7,9}')}(?: ?\([A-Z0-9]{{1,2}}\))?{_EDGE}", 8, after=6
)
FOREIGNER = Number(rf"{_FREE}[A-Z]{{3}}{spaced('[0-9]', '{12}')}{NOT_BEFORE}", 12, before=6)
CREDIT_CODE = Number(
    rf"{_FREE}[1-9ANY]{GAP}[1-9A-HJ-NPQRTUWXY]{spaced('[0-9]', '{6}')}{spaced(f'[{_CODE}]', '{9}')}{GAP}[{_CODE}]{_EDGE}",
    6,
    before=8,
    after=41,
)
PLATE = re.compile(
    rf"[{_PROVINCE}]{_TIGHT}[A-HJ-NP-Z](?:{_TIGHT}[A-HJ-NP-Z0-9]){{3,6}}(?:{_TIGHT}[挂掛学學警港澳领領]|{_EDGE})"
    rf"|使{_TIGHT}[0-9]{{3}}{_TIGHT}[0-9]{{3}}{_EDGE}|{_FREE}[0-9]{{3}}{_TIGHT}[0-9]{{3}}使"
    rf"|WJ{_TIGHT}[{_PROVINCE}]?{_TIGHT}[0-9]{{4}}[0-9A-Z]{_EDGE}"
)
PLATE_BEGUN = re.compile(
    rf"[{_PROVINCE}使W](?:(?<=[{_PROVINCE}]){_TIGHT}[A-HJ-NP-Z]|(?<=使){_TIGHT}[0-9]|(?<=[0-9]使)|(?<=W)J)"
)
"""What every plate has: found in a tenth of the time."""
_LAST = re.compile(rf"{_TIGHT}[A-Z0-9]\Z")
_NEW_ENERGY = re.compile(r".[A-Z](?:[A-HJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK])")
IBAN_START = Number(
    rf"{_FREE}[A-Z]{_TIGHT}[A-Z]{GAP}[0-9]{GAP}[0-9](?={_TIGHT}[A-Z0-9])", 2, before=7, after=3
)
_BEHIND_LETTER = "|".join(f"(?<=[A-Z]{gap}.)" for gap in (f"[{SEPARATORS}]" * times for times in range(4)))
_CHECK_DIGITS = re.compile(rf"[0-9](?<![0-9].)(?:{_BEHIND_LETTER}){GAP}[0-9]")
"""The two figures behind an IBAN's country: its only run where the rest is letters."""
_BBAN = re.compile(r"[A-Z0-9](?:[ \-./_·\n]{0,2}[A-Z0-9]){0,33}")
_SEPARATOR = re.compile(r"[ \-./_·\n]")
_WORD_INSIDE = re.compile(r"[^ ]*[0-9] [A-Z]{3,}\Z")
_ORDINAL = re.compile(r"no[.:#]? ")
_NOISE = re.compile(r"[^A-Z0-9]+")
_KIND_OF_CODE = "123456789ANY"


def codes(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    yield from _passports(folded)
    yield from _permits(folded)
    yield from _credit_codes(folded)
    yield from ibans(folded)


def bare(matched: str) -> str:
    """Letters and digits alone."""
    return _NOISE.sub("", matched)


def _passports(folded: Folded) -> Iterator[Candidate]:
    for match in PASSPORT.each(folded.upper, folded.runs):
        piece = words.before(folded.lower, match.start())
        value = bare(match.group())
        if words.PASSPORT.search(piece):
            yield Candidate(Kind.PASSPORT, match.start(), match.end(), 0.95, value)
        elif value[0].isalpha() and not words.labelled_other(piece) and not is_date_code(value):
            yield Candidate(Kind.PASSPORT, match.start(), match.end(), 0.8, value)
    labels = list(words.PASSPORT.finditer(folded.lower))
    for label in labels:
        named = ANY_PASSPORT.match(folded.upper, words.after_label(folded.lower, label.end()))
        if named is not None and sum(map(str.isdigit, bare(named.group()))) >= 5:
            yield Candidate(Kind.PASSPORT, named.start(), named.end(), 0.85, bare(named.group()))

    for label in labels:
        behind = _PASSPORT_BEFORE.search(folded.upper, max(0, label.start() - 24), label.start())
        if behind is not None and sum(map(str.isdigit, behind.group())) >= 5:
            yield Candidate(
                Kind.PASSPORT, behind.start("code"), behind.end("code"), 0.85, bare(behind["code"])
            )


def separators(matched: str) -> str:
    """The separators alone."""
    return "".join(character for character in matched if not character.isalnum())


def is_date_code(value: str) -> bool:
    """Whether a letter and eight digits are a batch of a day: P20260115."""
    number = value.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return len(number) == 8 and "2000" <= number[:4] <= "2039" and is_date(number)


def _permits(folded: Folded) -> Iterator[Candidate]:
    for pattern in (PERMIT, NUMERIC_PERMIT, FOREIGNER):
        for match in pattern.each(folded.upper, folded.runs):
            piece = words.before(folded.lower, match.start())
            value = bare(match.group())
            named = words.PERMIT.search(piece) is not None
            if pattern is PERMIT and words.PERMIT.search(folded.lower, match.end(), match.end() + 8):
                named = True
            if pattern is NUMERIC_PERMIT:
                named = named and words.is_label_end(folded.lower, words.PERMIT, match.start())
            if not named and (
                words.PASSPORT.search(piece)
                or words.PASSPORT.search(folded.lower, match.end(), match.end() + 10)
            ):
                continue
            alone = pattern is PERMIT and re.fullmatch(r"[HM][0-9]{8}(?:[0-9]{2})?", value) is not None
            born = pattern is FOREIGNER and is_date(value[7:13])
            if named or ((alone or born) and not words.labelled_other(piece) and not is_date_code(value)):
                yield Candidate(Kind.PERMIT, match.start(), match.end(), 0.93 if named else 0.8, value)


def _credit_codes(folded: Folded) -> Iterator[Candidate]:
    for match in CREDIT_CODE.each(folded.upper, folded.runs):
        from stdnum.cn import uscc

        value = bare(match.group())
        piece = words.before(folded.lower, match.start())
        named = words.TAX.search(piece) is not None
        checked = uscc.calc_check_digit(value[:-1]) == value[-1]
        company = value[:2] in ("91", "92", "93", "51", "52", "53", "11", "12", "13") or value[0] in "ANY"
        lettered = not value.isdigit()
        if not named and (is_resident_number(value) or "EXT" in value):
            continue
        if not named and _WORD_INSIDE.match(match.group()):
            continue
        if named or (checked and (lettered or company)):
            yield Candidate(Kind.CREDIT_CODE, match.start(), match.end(), 0.97 if checked else 0.9, value)
        elif (
            company
            and lettered
            and not value[:2].isalpha()
            and len(set(separators(match.group()))) < 2
            and not words.labelled_other(piece)
        ):
            yield Candidate(Kind.CREDIT_CODE, match.start(), match.end(), 0.65, value)


def plates(folded: Folded) -> Iterator[Candidate]:
    """Seven characters, eight for new energy."""
    if PLATE_BEGUN.search(folded.upper) is None:
        return
    for match in PLATE.finditer(folded.upper):
        matched = match.group()
        value = _SEPARATOR.sub("", matched)
        if len(value) == 8 and value[-1].isascii() and value[0] != "W" and not _NEW_ENERGY.fullmatch(value):
            matched = _LAST.sub("", matched)
            value = value[:-1]
            if folded.upper[match.start() + len(matched)].isalnum():
                continue
        if len(value) in (7, 8) and sum(map(str.isdigit, value)) >= 2:
            yield Candidate(Kind.PLATE, match.start(), match.start() + len(matched), 0.9, value)


@cache
def _lengths() -> dict[str, int]:
    from stdnum.iban import _ibandb

    lengths = {}
    for _, prefix, _, details, _ in _ibandb.prefixes:
        lengths[prefix] = 4 + sum(int(part) for part in re.findall(r"(\d+)!", details["bban"]))
    return lengths


def iban_starts(upper: str) -> Sequence[re.Match[str]]:
    """As `IBAN_START.pattern.finditer`."""
    checks = [Run(check.start(), check.end(), 2) for check in _CHECK_DIGITS.finditer(upper)]
    return IBAN_START.each(upper, checks)


def ibans(folded: Folded) -> Iterator[Candidate]:
    """By country: the length says where it ends, so that words behind it stay out."""
    for match in iban_starts(folded.upper):
        length = _lengths().get(bare(match.group())[:2])
        run = _BBAN.match(folded.upper, match.start()) if length else None
        if run is None or length is None:
            continue
        end = _end_of(run.group(), length)
        if end is None:
            continue
        end += match.start()
        if end < len(folded.upper) and folded.upper[end].isascii() and folded.upper[end].isalnum():
            continue
        from stdnum.iso7064 import mod_97_10

        value = bare(folded.upper[match.start() : end])
        checked = mod_97_10.is_valid(value[4:] + value[:4])
        written = folded.text[match.start() : match.end()]
        ordinal = _ORDINAL.match(folded.lower, match.start()) and not (checked and written[:2] == "NO")
        if ordinal or not (checked or (written.isalnum() and written[:2].isupper())):
            continue
        if checked or sum(character.isdigit() for character in value) >= 10:
            yield Candidate(Kind.IBAN, match.start(), end, 0.98 if checked else 0.7, value)


def _end_of(run: str, length: int) -> int | None:
    """Behind the `length`-th letter or digit."""
    seen = 0
    for index, character in enumerate(run):
        seen += character.isalnum()
        if seen == length:
            return index + 1
    return None
