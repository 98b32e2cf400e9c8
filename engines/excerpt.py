"""Picks the sentences of a text that best cover a question, word for word.

Knows nothing of passages, scores or languages' grammar: only sentence ends, lines and shared terms.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_LINE = re.compile(r"[^\n]+")
_LAYOUT_LINE = re.compile(r"\s*(?:[-*+•|#>]|\d+[.)、])")
_SENTENCE_END = re.compile(r"[。!?！？；;…]+[”’\"'）)」』]*|\.[\"')]*(?=\s)")
_CLAUSE_END = re.compile(r"[，,、；;：:]|\s")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or a whole list, table or heading line: `text[start:end]`. `block` counts paragraphs."""

    start: int
    end: int
    block: int


def excerpt(text: str, question: str, limit: int = 300) -> str:
    """The run of whole sentences of `text` that covers most of `question`, at most `limit` characters.

    A text that fits is returned whole. A single sentence longer than `limit` is cut at a clause and ends in
    an ellipsis, so that nobody takes it for complete.
    """
    whole = text.strip()
    if len(whole) <= limit:
        return whole
    units = _units(whole)
    first, last = _best_run(whole, units, question, limit)
    last = _grow(whole, units, first, last, limit)
    run = whole[units[first].start : units[last].end].strip()
    return run if len(run) <= limit else _cut(run, limit)


def terms(text: str) -> set[str]:
    """What two texts are compared by: words without their endings, pairs of characters in scripts without
    spaces."""
    found: set[str] = set()
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        position = 0
        for run in _UNSPACED.finditer(word):
            found.add(_stem(word[position : run.start()]))
            characters = run.group()
            found.update(a + b for a, b in pairwise(characters) if len(characters) > 1)
            if len(characters) == 1:
                found.add(characters)
            position = run.end()
        found.add(_stem(word[position:]))
    return found - {""}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    block, previous_end = 0, 0
    for line in _LINE.finditer(text):
        if not line.group().strip():
            continue
        block += "\n\n" in re.sub(r"[ \t\r]", "", text[previous_end : line.start()])
        previous_end = line.end()
        start = line.start()
        if not _LAYOUT_LINE.match(line.group()):
            for end in _SENTENCE_END.finditer(text, line.start(), line.end()):
                units.append(_Unit(start, end.end(), block))
                start = end.end()
        if text[start : line.end()].strip():
            units.append(_Unit(start, line.end(), block))
    return units


def _best_run(text: str, units: Sequence[_Unit], question: str, limit: int) -> tuple[int, int]:
    """First and last unit of the shortest run with the heaviest terms; the first unit where none occurs."""
    wanted = terms(question)
    present = [wanted & terms(text[unit.start : unit.end]) for unit in units]
    spread = Counter(term for found in present for term in found)
    best, best_rank = (0, 0), (0.0, 0)
    for first in range(len(units)):
        covered: set[str] = set()
        for last in range(first, len(units)):
            length = units[last].end - units[first].start
            if length > limit and last > first:
                break
            covered |= present[last]
            # A term that stands in every sentence tells them apart no better than a stop word.
            rank = (sum(1 / spread[term] for term in covered), -length)
            if rank[0] > best_rank[0] or (rank[0] == best_rank[0] > 0 and rank[1] > best_rank[1]):
                best, best_rank = (first, last), rank
    return best


def _grow(text: str, units: Sequence[_Unit], first: int, last: int, limit: int) -> int:
    """Take in what follows in the same paragraph, and what a heading or a colon announces."""
    while last + 1 < len(units) and units[last + 1].end - units[first].start <= limit:
        line = text[units[last].start : units[last].end].strip()
        announces = line.startswith("#") or line.endswith((":", "："))
        if units[last + 1].block != units[last].block and not announces:
            break
        last += 1
    return last


def _cut(run: str, limit: int) -> str:
    ends = [match.start() for match in _CLAUSE_END.finditer(run, limit // 2, limit - 1)]
    return run[: ends[-1] if ends else limit - 1].rstrip() + "…"
