"""Rewrites figures that are written as something else into digits: 一三八零零…, l38OO…, "one three eight".

Keeps the map to the original. Which kinds the figures make, it does not know.
"""

import re

from pipelines.masking.folding import Folded

_NUMERALS = "零〇洞一壹幺弌〡二贰貳两兩弍〢三叁參弎〣四肆〤五伍〥六陆陸〦七柒拐〧八捌〨九玖勾〩杠横"
_AS_DIGITS = "00011111222222233333444555666677778889999--"
_TO_DIGITS = str.maketrans(_NUMERALS, _AS_DIGITS)
_N = f"[0-9{_NUMERALS[:-2]}]"
CHINESE = re.compile(
    rf"[ 0-9{_NUMERALS[:-2]}](?:(?<={_N})(?:[ \-./_·,\n()杠横]{{0,3}}{_N}){{2,}}"
    rf"|(?<=[转轉机號号].)(?:(?<= ){_N}{{1,6}}|(?<={_N}){_N}{{0,5}})(?![个天年月日室楼])|(?<=ext\. {_N}){_N}?)"
)
"""Three figures in a row, or the few of an extension."""
_ANY_NUMERAL = re.compile(f"[{_NUMERALS[:-2]}]")
_NO_FIGURE = re.compile(
    r"(?<=[第同统唯专周期之])[一二三四五六七](?=[0-9])|[一两](?=[会直个定样次般起共律些致边种条张件份位名家天年月周](?![0-9]))|一(?=下(?!午))"
)
PLATE = re.compile(
    rf"[A-Za-z](?<=[\u4e00-\u9fff].)[ \-·.]{{0,2}}(?=[{_NUMERALS[:-2]}A-Za-z]{{0,4}}[0-9{_NUMERALS[:-2]}])[0-9A-Za-z{_NUMERALS[:-2]}]{{5,6}}"
)
"""A plate may have single numerals between its letters."""
LETTERS = re.compile(r"[0-9OoIl](?<![A-Za-z0-9].)(?:[ \-.]?[0-9OoIl]){9,18}(?![A-Za-z0-9])")
BESIDE_DIGIT = re.compile(r"[OoIl](?:[ \-.]?[0-9]|(?<=[0-9].)|(?<=[0-9][ \-.].))")
"""What every run of `LETTERS` has that holds both: most texts have none."""
_LETTER_DIGITS = str.maketrans("OoIl", "0011")
_ENGLISH = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ling": "0", "yao": "1", "yi": "1", "er": "2", "liang": "2",
    "san": "3", "si": "4", "wu": "5", "liu": "6", "qi": "7", "ba": "8", "jiu": "9",
}  # fmt: skip
_WORD = "(?:(?:double|triple)[ -])?(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|ling|yao|yi|er|liang|san|si|wu|liu|qi|ba|jiu|[0-9])"
ENGLISH = re.compile(rf"(?<![A-Za-z]){_WORD}(?:[ ,\-.\n]{{1,3}}{_WORD}){{6,24}}(?![A-Za-z])", re.IGNORECASE)
_ENGLISH_PARTS = re.compile(r"(?:(double|triple)[ -])?([a-z]+|[0-9])", re.IGNORECASE)
_SPELLED = re.compile(
    "(?:zero|nought|one|two|three|four|five|six|seven|eight|nine|ling|yao|er|san|si|wu|liu|qi|ba|jiu)[ ,\\-.]{1,3}[a-z]"
)
_FIVE = re.compile(rf"[ ,\-.\n]{_WORD}(?:[ ,\-.\n]{{1,3}}{_WORD}){{4}}")
"""What every run of `ENGLISH` has behind its first figure, over the text in lower case: a tenth of the time."""


def in_digits(folded: Folded) -> Folded | None:
    """The text with Chinese numerals and look-alike letters inside runs of figures as digits, or None where
    there are none. One character stays one."""
    text = folded.text
    if _ANY_NUMERAL.search(text) is not None:
        text = CHINESE.sub(_chinese, text)
        text = PLATE.sub(lambda match: match.group().translate(_TO_DIGITS), text)
    if BESIDE_DIGIT.search(text) is not None:
        text = LETTERS.sub(_letters, text)
    return None if text == folded.text else folded.rewritten(text)


def five_in_a_row(folded: Folded) -> bool:
    """Whether the text can hold a run of `ENGLISH`."""
    # To a pattern that ignores case, as that one does, these two are an i as well.
    return _FIVE.search(folded.lower.replace("ı", "i").replace("İ", "i")) is not None


def in_words(folded: Folded) -> Folded | None:
    """The text with spelled-out figures as digits; the first letter of a word holds the place."""
    if (
        not five_in_a_row(folded)
        or _SPELLED.search(folded.lower) is None
        or ENGLISH.search(folded.text) is None
    ):
        return None
    pieces: list[str] = []
    places: list[int] = []
    ends: list[int] = []
    at = 0

    def keep(start: int, end: int) -> None:
        pieces.append(folded.text[start:end])
        places.extend(folded.place(index) for index in range(start, end))
        ends.extend(folded.until(index + 1) for index in range(start, end))

    for run in ENGLISH.finditer(folded.text):
        if sum(character.isalpha() for character in run.group()) < 9:
            continue
        keep(at, run.start())
        for part in _ENGLISH_PARTS.finditer(folded.text, run.start(), run.end()):
            times = {"double": 2, "triple": 3}.get((part[1] or "").lower(), 1)
            pieces.append((_ENGLISH.get(part[2].lower(), part[2])) * times)
            places.extend([folded.place(part.start())] * times)
            ends.extend([folded.until(part.end())] * times)
        at = run.end()
    keep(at, len(folded.text))
    return Folded(folded.original, "".join(pieces), places, ends)


def _chinese(run: re.Match[str]) -> str:
    matched = run.group()
    if _ANY_NUMERAL.search(matched) is None:
        return matched
    after = run.string[run.end() : run.end() + 2]
    before = run.string[max(0, run.start() - 1) : run.start()]
    framed = before + matched + after
    kept = {match.start() - len(before) for match in _NO_FIGURE.finditer(framed)}
    return "".join(
        character if index in kept else character.translate(_TO_DIGITS)
        for index, character in enumerate(matched)
    )


def _letters(run: re.Match[str]) -> str:
    matched = run.group()
    figures = sum(character.isdigit() for character in matched)
    if any(len(part) > 1 and part.isalpha() for part in re.split(r"[ \-.]", matched)):
        return matched
    return matched.translate(_LETTER_DIGITS) if 3 <= figures < len(matched) else matched
