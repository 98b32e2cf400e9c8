"""One form for all the ways in which the same question is typed: width, case, spaces, punctuation, a greeting before it.

Knows no synonym and no language: two questions with one form ask the same thing, and whatever might change what is asked
is kept as it is: numbers, units, signs, particles, Traditional characters.
"""

import re
import unicodedata
from functools import lru_cache

from pipelines.courtesies import without_courtesies

MARK = "\n"
"""Stands where a sentence ends or a bracket opens, until courtesies are gone."""
_DASHES = frozenset("‐‑‒–−﹣－")
_APOSTROPHES = frozenset("’‘ʼ＇`´‵")
_ENDS = frozenset("。、…⋯“”„‟‚‛«»‹›「」『』《》〈〉【】〖〗〔〕〝〞〟()[]{}؟؛،۔।॥។៕၊။¿¡‽⁇⁈⁉❓❔❗❕;?")
"""And whatever is one of these in another width or written upright, such as ｡ and ︖."""
_NOTHING = frozenset(
    "\u00ad\u0640\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\ufe0e\ufe0f"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that nobody sees: marks of direction above all, and the stroke that stretches an Arabic word."""
_TILDES = frozenset("〜～∼")
_SMILES = frozenset([*range(0x1F600, 0x1F645), *map(ord, "☺☹🙏🤔🤗🤣🤩🤨🤪🤭🤯🥰🥲🥳🥹🥺")])
"""Moods, without the people who wave something off or agree to it and the faces that tell what somebody has."""
_WORD = r"[0-9a-z\u00df-\u024f\u0370-\u05ff]"
_HAN = r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_COUNT = r"[〇零一二三四五六七八九十百千万萬亿億两兩廿卅半几幾壹贰貳叁參肆伍陆陸柒捌玖拾佰仟]"
_MARKS = re.compile(
    rf"!(?!=)|(?<!\d),|,(?!\d)|(?<!\d):|:(?!\d)|(?<=[.\n])\.(?!\d)|\.(?!{_WORD})|[・·•](?![^\W_])|~(?!\d)|—+(?!\d)"
    r"""|(?<!\d)"|(?<![^\W_])'|(?<!\d)'(?![^\W_])|(?<!\S)-+(?!\S)(?!\s*\d)"""
)
"""Punctuation that only ends, parts or quotes; between digits, in an address or before a number it says something."""
_UNIT = (
    "[kcm]?m|[km]?g|m?l|[kmgt]b(?:ps)?|k?w|kwh|k?v|m?ah|ma|[kmg]?hz|h|min|m?s|px|mp|fps|lb|oz|ft|mph|am|pm|°[cf]|"
    "usd|eur|gbp|cny|rmb|jpy|krw|hkd|twd|vnd|thb|idr|myr|rub|inr|chf|zł|kč|руб"
)
"""Units and currencies that are written behind a number with a space or without: 5 km is 5km."""
_LOOSE = re.compile(
    rf"(?<={_HAN}) (?=\S)|(?<=\S) (?={_HAN})|(?<=\d) (?=[%‰°€$£¥₽₩₹฿₫₺]|(?:{_UNIT})(?![\w'/+#-]))|(?<=[¥$€£₽₩₹฿₫₺]) (?=\d)"
)
_APART = re.compile(rf"(?<={_COUNT}) (?={_COUNT})")
_NO_HAN = "[不没沒未无無别別勿非否甭](?:是|有|要|用|行|能|会|會|可以)?|いや"
_NO = (
    "no|not|never|don't|dont|do not|nope|non|pas|nein|nicht|kein|nee|niet|não|nao|nunca|нет|не|нельзя|ne|nie|hayır|yok|değil|"
    "không|khong|chưa|đừng|tidak|tak|jangan|bukan|belum|hindi|huwag|wala|dili|ayaw|"
    "لا|ليس|نه|לא|אל|نہیں|नहीं|मत|न|না|ไม่|ບໍ່|កុំ|아니|안"
)
_PAUSE_AFTER_NO = re.compile(
    rf"(\n?)((?<![^\n])(?:{_NO_HAN})|[不没沒]|(?<![^\W_])(?<!{_HAN} )(?:{_NO}))(?=\n)"
)
"""Where a question stops after a "no", what follows is wanted: 不，要发票 is not 不要发票, No, quiero not No quiero, nor is
能退不？要几天 能退不要几天."""
_ROUNDS = 8
_KEPT_APART = "\x1f"


class _Folding(dict[int, "str | None"]):
    """What becomes of each character before it is folded; worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        folded = self[code] = _folded(chr(code))
        return folded


_FOLDING = _Folding()


def normalised(text: str) -> str:
    """The form of a question under which answers are kept and found; empty where nothing is asked."""
    folded = text.translate(_FOLDING)
    if folded.isascii():
        folded = folded.lower()
    else:
        folded = unicodedata.normalize("NFKC", _lower(unicodedata.normalize("NFKC", folded)))
    asked = without_courtesies(_unmarked(folded))
    if MARK in asked:
        asked = _PAUSE_AFTER_NO.sub(lambda no: f"{no[1] and ','}{no[2]},", asked)
    plain = " ".join(asked.split())
    if plain.isascii():
        return _LOOSE.sub("", plain)
    return _LOOSE.sub("", _APART.sub(_KEPT_APART, plain)).replace(_KEPT_APART, " ")


form_of = lru_cache(10_000)(normalised)
"""Of masked texts; most of what is asked often is asked in few ways."""


def _lower(text: str) -> str:
    """Without case, but for the ß, of which `casefold` makes ss: Maße are measures, Masse is weight."""
    return "ß".join(part.casefold() for part in text.split("ß"))


def _unmarked(text: str) -> str:
    """Without the punctuation that says nothing; what is left of it may end, part or quote nothing in its turn."""
    left = text
    for _ in range(_ROUNDS):
        text, left = left, _trimmed(_MARKS.sub(MARK, left))
        if left == text:
            break
    return left


def _trimmed(text: str) -> str:
    """One space, or one mark where there is any among the spaces; none at the ends."""
    pieces = (" ".join(piece.split()) for piece in text.split(MARK))
    return MARK.join(piece for piece in pieces if piece)


def _folded(character: str) -> str | None:
    if character in _NOTHING:
        return None
    if character in _DASHES:
        return "-"
    if character in _APOSTROPHES:
        return "'"
    if unicodedata.normalize("NFKC", character) in _ENDS or character in "\r\n\u2028\u2029":
        return MARK
    if character in "—―":
        return "—"
    if character in _TILDES:
        return "~"
    if character == "ẞ":
        return "ß"
    if character == "İ":
        return "i"  # casefold leaves a dot above it, and Turkish sentences begin with one
    category = unicodedata.category(character)
    if category in ("Cc", "Zs") or ord(character) in _SMILES:
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return _numbered(character)


def _numbered(character: str) -> str:
    """A character that stands for digits, kept apart from those beside it: 10² is not 102, 1½ is not 11/2."""
    plain = unicodedata.normalize("NFKC", character).replace("\u2044", "/")
    if plain == character:
        return character
    raised = re.match("<(super|sub)>", unicodedata.decomposition(character))
    if raised:
        return ("^" if raised[1] == "super" else "_") + plain.replace("−", "-")
    before, after = plain[:1].isdecimal(), plain[-1:].isdecimal()
    return f"{' ' if before else ''}{plain}{' ' if after else ''}" if before or after else character
