"""Measures on a base's own texts how far an embedding model may be trusted beside the words.

It does not know where questions come from in the end: it asks with phrasings left out and with sentences taken out
of passages. An English model is worth nothing on Chinese passages, and only the base tells.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.documents import Chunk
from knowledge.languages import language_of

SAMPLE = 200
"""Chunks looked at in a base."""
_ENOUGH = 230
"""Questions wanted of a base; a small one is asked several about each passage."""
_OTHERS = 6
"""Phrasings that a pair keeps while another one of its own is asked."""
_SHORTEST, _LONGEST = 15, 240
"""Characters of a sentence that is asked."""
_OWN = 30
"""Questions from which a language is measured by itself."""
_PRIOR = np.asarray([8.0, 0.8])
_PRIOR_WORTH = 4.0
"""What is believed before any question was asked, and how many questions that is worth."""
_LEFT = 0.05
"""How much of that stays believed: it decides where neither side finds anything."""
_FLOOR, _MOST = 0.07, 1.0
"""The cosines' weight by the words': below the floor a model only disturbs, and words never count for less than it."""
_NEAREST = 40
PLAIN = (0.3, 0.9)
"""Between these a cosine says more and more, as knowledge.confidence takes it."""
_FEW, _NARROWEST = 12, 0.05

Floats64 = npt.NDArray[np.float64]
_ENDS = re.compile(r"(?<=[.!?؟।])\s+|(?<=[。！？；])|\n+")


@dataclass(frozen=True, slots=True)
class Probe:
    """A question made of a chunk, and the chunk without what gives it away."""

    question: str
    chunk: Chunk
    tongue: str


def tongue(text: str) -> str:
    """The language of a text where that is easily told, else the script of most of its letters."""
    language = language_of([text])
    if language != "und":
        return language
    scripts = Counter(unicodedata.name(c, "?").split(" ")[0] for c in text[:400] if c.isalpha())
    return min(scripts, key=lambda script: (-scripts[script], script)).lower() if scripts else "und"


def sampled(rows: Sequence[int]) -> Sequence[int]:
    """At most SAMPLE rows, evenly spread."""
    count = min(SAMPLE, len(rows))
    return [rows[n * len(rows) // count] for n in range(count)]


def probes(chunks: Sequence[Chunk]) -> list[Probe]:
    """Questions about these chunks, the same ones every time."""
    each = max(1, min(4, _ENOUGH // max(1, len(chunks))))
    return [probe for number, chunk in enumerate(chunks) for probe in _probes(chunk, number, each)]


def _probes(chunk: Chunk, number: int, each: int) -> Iterator[Probe]:
    if len(chunk.match) > 1:
        for nth in range(min(each, len(chunk.match))):
            asked = (number + nth) % len(chunk.match)
            others = [phrasing for n, phrasing in enumerate(chunk.match) if n != asked]
            yield _probe(chunk.match[asked], replace(chunk, match=tuple(others[:_OTHERS])))
    elif chunk.match:
        yield _probe(chunk.match[0], replace(chunk, match=(), kind="text"))
    else:
        sentences = _sentences(chunk.text)
        usable = [s for s in sentences if _SHORTEST <= len(s) <= _LONGEST]
        if len(sentences) > 2:
            for nth in range(min(each, len(usable))):
                sentence = usable[(len(usable) // 2 + nth) % len(usable)]
                left = _first_half(sentence) if (number + nth) % 3 else ""
                yield _probe(sentence, replace(chunk, text=chunk.text.replace(sentence, left, 1)))


def _probe(question: str, chunk: Chunk) -> Probe:
    return Probe(question, chunk, tongue(question))


def _sentences(text: str) -> list[str]:
    """By their marks; where a script has none, stretches of about a sentence's length."""
    found = [part.strip() for part in _ENDS.split(text) if part.strip()]
    if len(found) > 2:
        return found
    pieces, current = [], ""
    for word in text.split():
        current = f"{current} {word}".strip()
        if len(current) >= 4 * _SHORTEST:
            pieces.append(current)
            current = ""
    return [*pieces, current] if current else pieces


def _first_half(sentence: str) -> str:
    """What a real question shares with its passage: some of the words."""
    words = sentence.split()
    return " ".join(words[: len(words) // 2]) if len(words) > 4 else sentence[: len(sentence) // 2]


def measured(lexical: Floats64, cosines: Floats64, tongues: Sequence[str]) -> Mapping[str, float]:
    """Trust by tongue, `*` for all others, from square matrices question × chunk: question n belongs to chunk n.

    The weights are those of a conditional logit: under which the right chunks are likeliest.
    """
    ranks = lexical / np.maximum(lexical.max(axis=1, keepdims=True), 1e-9)
    sides = np.stack([ranks, _standardised(cosines)], axis=2)
    by_tongue = {
        name: _trust(sides[[n for n, one in enumerate(tongues) if one == name]], np.asarray(
            [n for n, one in enumerate(tongues) if one == name]))
        for name, count in Counter(tongues).items() if count >= _OWN
    }  # fmt: skip
    return {"*": _trust(sides, np.arange(len(sides))), **by_tongue}


def span(cosines: Floats64) -> tuple[float, float]:
    """Which cosine a chunk that does not answer reaches at times, and which one the right chunk seldom exceeds: models
    differ widely in both. From a matrix as `measured` takes it."""
    if len(cosines) < _FEW:
        return PLAIN
    right, others = cosines.diagonal(), cosines.copy()
    np.fill_diagonal(others, -1.0)
    low = float(np.quantile(others.max(axis=1), 0.75))
    return round(low, 4), round(max(float(np.quantile(right, 0.95)), low + _NARROWEST), 4)


def _standardised(cosines: Floats64) -> Floats64:
    """As in blend: by the nearest few of each question, the others as far as the last of them."""
    nearest = np.sort(cosines, axis=1)[:, -min(_NEAREST, cosines.shape[1]) :]
    filled = np.maximum(cosines, nearest[:, :1])
    spread: Floats64 = (filled - nearest.mean(axis=1, keepdims=True)) / np.maximum(
        nearest.std(axis=1, keepdims=True), 0.02
    )
    return spread


def _trust(sides: Floats64, right: npt.NDArray[np.int64]) -> float:
    words, meaning = np.maximum(_logit(sides, right), 0.0) + _LEFT * _PRIOR
    weight = min(_MOST, meaning / words)
    return round(float(weight / (1 + weight)), 4) if weight >= _FLOOR else 0.0


def _logit(sides: Floats64, right: npt.NDArray[np.int64]) -> Floats64:
    """Newton's method with halved steps, from the prior; the function is convex."""
    each = np.arange(len(right))
    precision = np.diag(_PRIOR_WORTH / _PRIOR**2)

    def loss(weights: Floats64) -> float:
        sums = sides @ weights
        top = sums.max(axis=1, keepdims=True)
        logs = np.log(np.exp(sums - top).sum(axis=1)) + top[:, 0] - sums[each, right]
        off = weights - _PRIOR
        return float(logs.sum() + off @ precision @ off / 2)

    weights = _PRIOR.copy()
    for _ in range(50):
        step = np.linalg.solve(*_derivatives(sides, right, weights, precision))
        size = 1.0
        while size > 1e-6 and loss(weights - size * step) > loss(weights):
            size /= 2
        weights = weights - size * step
        if np.abs(size * step).max() < 1e-5:
            break
    return weights


def _derivatives(
    sides: Floats64, right: npt.NDArray[np.int64], weights: Floats64, precision: Floats64
) -> tuple[Floats64, Floats64]:
    """The loss's second and first derivative by the two weights."""
    sums = sides @ weights
    shares = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    expected = np.einsum("qc,qcs->qs", shares, sides)
    gradient = (expected - sides[np.arange(len(right)), right]).sum(axis=0) + precision @ (weights - _PRIOR)
    curvature = np.einsum("qc,qcs,qct->st", shares, sides, sides) - expected.T @ expected + precision
    return curvature, gradient
