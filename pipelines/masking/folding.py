"""Folds a text for matching and remembers where each character stood.

Knows characters alone: escapes, full-width forms, digits of every script, invisible characters, look-alike letters.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property

from pipelines.masking.runs import Run, runs

_DROPPED = "\x00"
"""Stands for a character that matching does not see."""
_WIDE = "\x01"
"""Stands for one character that is worth two digits, such as ⑫."""
_KEPT = 50_000
"""Characters whose folded form is remembered; a hostile text can show all 290,000 assigned ones."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BREAKS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
_LOOKALIKES = dict(
    zip(
        "авеѕіјкмнорсԛтуѵԝхһԁɡӏАВЕЅІЈКМНОРСТУХҮԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧαενορτυικχ",
        "abesijkmhopcqtuvwxhdglABESIJKMHOPCTYXYQWABEZHIKMNOPTYXaevoptuikx",
        strict=True,
    )
)
_SPECIAL = {
    "−": "-", "ー": "-", "•": "·", "‧": "·", "∙": "·", "⋅": "·", "・": "·", "●": "·", "｡": "。", "×": "X",
    "╳": "X", "✕": "X", "❌": "X", "○": "〇", "◯": "〇", "⁄": "/", "∕": "/",
}  # fmt: skip
_ESCAPING = ("\\", "&#", "%40")
_ESCAPE = re.compile(
    r"\\u(?P<json>[0-9a-fA-F]{4})|\\(?P<control>[nrtbf])"
    r"|&#(?:[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<decimal>[0-9]{1,7}));|(?P<at>%40)"
)
"""How JSON, HTML and web addresses write characters: tools answer in JSON that is often plain ASCII."""
_MARKS = ("Mn", "Me", "Cf", "Cc")
_UNLIKE = re.compile("[^\0\t\n -\\]_a-~\u4e00-\u9fff]+")
"""What may fold to something else. Han characters and most of ASCII do not: looked over at a tenth of what it takes to
look up each."""
_CASED = re.compile("[^\0-\x7f\xa1-\xb4\xb6-\xbf\u2000-\u206f\u3000-\u9fff\uac00-\ud7ff]")
"""Letters beyond ASCII that may have two cases."""
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Folded:
    """`text` is what is matched. `place` and `until` lead back to the original's code points."""

    def __init__(
        self, original: str, text: str, places: Sequence[int] | None, ends: Sequence[int] | None = None
    ) -> None:
        self.original = original
        self.text = text
        self._places = places
        self._ends = ends

    @cached_property
    def upper(self) -> str:
        """As `text`, with ASCII letters in upper case: of the same length, unlike `str.upper`."""
        return self.text.translate(_UPPER) if self._cased else self.text.upper()

    @cached_property
    def lower(self) -> str:
        """As `text`, with ASCII letters in lower case."""
        return self.text.translate(_LOWER) if self._cased else self.text.lower()

    @cached_property
    def _cased(self) -> bool:
        """Whether `str.upper` and `str.lower`, which take a tenth of the time, might change more than ASCII."""
        return _CASED.search(self.text) is not None

    @cached_property
    def runs(self) -> list[Run]:
        """Where figures stand close together, in `text` and just so in `upper` and `lower`."""
        return runs(self.text)

    def place(self, index: int) -> int:
        """Where in the original the folded character stands."""
        return index if self._places is None else self._places[index]

    def until(self, end: int) -> int:
        """Where in the original a match ends: behind the marks that belong to its last character (1️⃣)."""
        if self._ends is not None:
            return self._ends[end - 1]
        at = self.place(end - 1) + 1
        if self._places is not None:
            while at < len(self.original) and unicodedata.category(self.original[at]) in ("Mn", "Me"):
                at += 1
        return at

    def rewritten(self, text: str) -> "Folded":
        """The same places under another text of the same length."""
        return Folded(self.original, text, self._places, self._ends)


def fold(text: str) -> Folded:
    """Takes any text, lone surrogates included; time and memory are linear."""
    if not any(sign in text for sign in _ESCAPING):
        return _fold(text)
    plain, starts, stops = _unescaped(text)
    folded = _fold(plain)
    size = len(folded.text)
    return Folded(
        text,
        folded.text,
        [starts[folded.place(at)] for at in range(size)],
        [stops[folded.until(at + 1) - 1] for at in range(size)],
    )


def _unescaped(text: str) -> tuple[str, list[int], list[int]]:
    """The text as whoever reads its JSON or HTML would see it, and where each character begins and ends."""
    pieces: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        starts += range(at, match.start())
        stops += range(at + 1, match.start() + 1)
        pieces += [text[at : match.start()], _escaped_character(match)]
        starts.append(match.start())
        stops.append(match.end())
        at = match.end()
    starts += range(at, len(text))
    stops += range(at + 1, len(text) + 1)
    return "".join([*pieces, text[at:]]), starts, stops


def _escaped_character(match: re.Match[str]) -> str:
    if match["control"]:
        return "\n"
    if match["at"]:
        return "@"
    code = int(match["json"] or match["hex"] or "0", 16) or int(match["decimal"] or "0")
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _fold(text: str) -> Folded:
    marked = _UNLIKE.sub(_marked, text)
    if _DROPPED not in marked and _WIDE not in marked:
        return Folded(text, marked, None)
    pieces: list[str] = []
    places: list[int] = []
    for index, character in enumerate(marked):
        if character == _WIDE:
            pieces.append(str(int(unicodedata.numeric(text[index]))))
            places += (index, index)
        elif character != _DROPPED:
            pieces.append(character)
            places.append(index)
    return Folded(text, "".join(pieces), places)


def _marked(unlike: re.Match[str]) -> str:
    return unlike.group().translate(_TABLE)


class _Table(dict[int, str]):
    """Filled as characters are met, so that a start costs nothing."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _KEPT:
            self[code] = folded
        return folded


_TABLE = _Table()


def _fold_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    if character in _BREAKS:
        return "\n"
    if character == "\t":
        return character
    category = unicodedata.category(character)
    if category in _MARKS or character in _FILLERS:
        return _DROPPED
    if category[0] == "N":
        return _fold_number(character)
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and len(plain) == 1:
        return _fold_character(plain)
    return {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-", "So": "·", "Sk": "·"}.get(category, character)


def _fold_number(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    value = unicodedata.numeric(character, -1.0)
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 3 and plain[0] == "(" and 1 <= value <= 9:
        return plain[1]
    if unicodedata.category(character) == "No" and value in range(10, 51) and plain.strip("().").isdigit():
        return _WIDE
    return plain if len(plain) == 1 else character
