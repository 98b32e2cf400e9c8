"""The part of a word that its inflections share, cut roughly: a sign that a passage speaks of the same thing.

It knows no dictionary and no language beyond the commonest affixes of Arabic, whose words change at both ends.
"""

import math
import re

_KEPT = 0.7
"""Share of a word's beginning that its endings leave as it is, in the languages that inflect at the end."""
_SHORTEST_WORD, _SHORTEST_START, _SHORTEST_ROOT = 5, 4, 3
_ARABIC = re.compile("[\u0621-\u064a]+")
_BEFORE = re.compile("^(?:وال|بال|كال|فال|لل|ال|و|ب|ل|ف|ك)")
_AFTER = re.compile("(?:ات|ون|ين|ان|ها|هم|ية|يه|ته|تها|ه|ة|ي|ا)$")


def stem(word: str) -> str:
    """What to look for in a text whose words stand as `<word>`; empty for a word too short to be cut."""
    if _ARABIC.fullmatch(word):
        root = word
        for affix in (_BEFORE, _AFTER):
            cut = affix.sub("", root)
            root = cut if len(cut) >= _SHORTEST_ROOT else root
        return root if len(root) >= _SHORTEST_ROOT else ""
    if len(word) < _SHORTEST_WORD:
        return ""
    return "<" + word[: max(_SHORTEST_START, math.ceil(_KEPT * len(word)))]
