"""Says how sure the best passages are to answer the question, on one scale for every corpus and language.

It does not know how they were found nor in which order more of them would follow.
"""

import math
from collections.abc import Sequence

from core.documents import Chunk
from knowledge.evidence import Asked, Held
from knowledge.ranked import Ranked, Signals

THRESHOLD = 0.5
"""A best score from here on means that the knowledge base knows this; the scale is laid so that it is one half."""
_LOOKED_AT = 12
"""Passages whose texts are read; the rest keep their order and are no surer than the last of these."""
_REORDERED = 8
_NEARNESS = 0.6
"""How much standing close together counts beside the order in which the passages came, whose best is 1."""
_LIKENESS = 0.45
"""The same for an FAQ pair's nearest phrasing; that its phrasings vote has already put it where it stands."""
_CHANCE = 4
"""Passages from the fifth on show what any passage of this corpus holds of this question by chance."""
_AT_MOST = 2.0
"""Of the share of words that a passage holds, so much may its margin be: that nothing else came says little."""
_TIE = 0.85
"""A pair this near to the best passage, or a passage to the best pair, may lead where it is surer: both say the same
often, as an FAQ and a manual do, and then neither stands out."""
_VECTOR_SHARE = 0.4
_COSINE_FLOOR, _COSINE_SPAN = 0.3, 0.6
"""Where a cosine begins to mean something; models differ, so this only ever adds to the lexical score."""


_NOTHING = Signals(0.0, 0.0, 0.0, 0.0)
TEXT_WEIGHTS = (-5.2, 2.0, 3.0, 2.0, 5.0)
"""Of a passage: intercept and the weights of the four signals in their order. `bench.calibrate` fits them and shows
that they carry over; from its fit they are moved so far that one half is the line in most languages: the margin
counts more, since it means the same in all of them, and the intercept less, since a wrong answer costs more than a
person called in."""
FAQ_WEIGHTS = (-2.6, 2.0, 1.0, 2.0, 3.0)
"""Of an FAQ pair, matched on its phrasings: chosen with Banking77 and the starter's tuned questions in view."""


def scored(
    asked: Asked, ranked: Sequence[Ranked], chunks: Sequence[Chunk], least: float = 0.0
) -> list[Ranked]:
    """The first few of an order with `score` and `parts` set; `chunks` are theirs, in the same sequence. It may be none
    where the first would not be as sure as `least`.

    The first eight may change places where their words stand close together. Scores lie in [0, 1] and fall along
    the order: a passage is never surer than one before it.
    """
    if not ranked:
        return []
    seen = signals(asked, ranked[:_LOOKED_AT], chunks[:_LOOKED_AT])
    if least and len({entry.facts.kind == "faq" for entry, _ in seen}) == 1 and _one(*seen[0]).score < least:
        return []  # and none of another kind might lead in its place
    looked_at = _surest_kind_first([_one(entry, signal) for entry, signal in seen])
    return _falling([*looked_at, *[_one(entry, _NOTHING) for entry in ranked[_LOOKED_AT:]]])


def signals(asked: Asked, ranked: Sequence[Ranked], chunks: Sequence[Chunk]) -> list[tuple[Ranked, Signals]]:
    """The passages in the order that their texts suggest, each with what speaks for it."""
    shares = _looked_at(asked, ranked, chunks)
    words, nearness = [*shares.words], [*shares.window]
    pairs = [place for place, entry in enumerate(ranked) if entry.facts.kind == "faq"]
    compared = [place for place in pairs if place < _REORDERED]
    alike = dict(zip(compared, asked.likeness([chunks[n].match for n in compared]), strict=True))
    for place in pairs:
        hit = ranked[place].hit
        words[place], nearness[place] = hit.coverage if hit else 0.0, alike.get(place, 0.0)
    by_chance = {"faq": _by_chance(words), "text": _by_chance(shares.window)}
    orders = _orders(ranked, nearness)
    others = _others(ranked, orders)
    seen = []
    for place in sorted(range(len(ranked)), key=lambda n: -orders[n]):
        order, (source, row, hit, cosine, facts, *_) = orders[place], ranked[place]
        margin = min(max(-1.0, 1.0 - others[place] / order) if order else -1.0, _AT_MOST * words[place])
        faq = facts.kind == "faq"
        above = words[place] - by_chance["faq"] if faq else nearness[place] - by_chance["text"]
        # what synonyms add to the share that a passage holds: the texts alone do not show them
        gained = 0.0 if faq or hit is None else max(0.0, hit.coverage - shares.terms[place])
        signal = Signals(words[place] + gained, nearness[place] + gained, above, margin)
        seen.append((Ranked(source, row, hit, cosine, facts, order), signal))
    return seen


def _looked_at(asked: Asked, ranked: Sequence[Ranked], chunks: Sequence[Chunk]) -> Held:
    """What the texts hold, 0 of those that nobody asks about: of pairs only what they hold by chance counts, and
    only where there is a passage beside them."""
    if all(entry.facts.kind == "faq" for entry in ranked):
        return Held(*([0.0] * len(ranked) for _ in range(3)))
    places = [place for place, entry in enumerate(ranked) if place >= _CHANCE or entry.facts.kind != "faq"]
    held = asked.held([f"{chunks[place].title}\n{chunks[place].text}" for place in places])
    if len(places) == len(ranked):
        return held
    at = {place: n for n, place in enumerate(places)}
    return Held(*([part[at[place]] if place in at else 0.0 for place in range(len(ranked))] for part in held))


def _others(ranked: Sequence[Ranked], orders: Sequence[float]) -> list[float]:
    """For each the best order of what says something else, at least 0."""
    best = max(range(len(ranked)), key=orders.__getitem__)
    text = ranked[best].facts.text
    second = max((orders[n] for n, one in enumerate(ranked) if one.facts.text != text), default=0.0)
    return [
        max(0.0, second if one.facts.text == text else orders[best]) if len(ranked) > 1 else 0.0
        for one in ranked
    ]


def _by_chance(shares: Sequence[float]) -> float:
    return sum(shares[_CHANCE:]) / (len(shares) - _CHANCE) if len(shares) > _CHANCE else 0.0


def _orders(ranked: Sequence[Ranked], nearness: Sequence[float]) -> list[float]:
    """The given order, the first few raised by their nearness; vectors know better which of them is meant."""
    if any(entry.cosine is not None for entry in ranked):
        return [entry.order for entry in ranked]
    return [
        entry.order + near * (_LIKENESS if entry.facts.kind == "faq" else _NEARNESS) * (place < _REORDERED)
        for place, (entry, near) in enumerate(zip(ranked, nearness, strict=True))
    ]


def _one(entry: Ranked, signal: Signals) -> Ranked:
    intercept, words, window, above, margin = FAQ_WEIGHTS if entry.facts.kind == "faq" else TEXT_WEIGHTS
    evidence = intercept + (
        words * signal.words + window * signal.window + above * signal.above_chance + margin * signal.margin
    )
    score = 1 / (1 + math.exp(-evidence))
    source, row, hit, cosine, facts, order, _, _ = entry
    if cosine is not None:
        meaning = min(1.0, max(0.0, (cosine - _COSINE_FLOOR) / _COSINE_SPAN))
        score = max(score, (1 - _VECTOR_SHARE) * score + _VECTOR_SHARE * meaning)
    return Ranked(source, row, hit, cosine, facts, order, round(score, 4), signal)


def _surest_kind_first(seen: Sequence[Ranked]) -> list[Ranked]:
    """The order, led by the surest near equal of the other kind where it is surer than the first."""
    first = seen[0]
    others = [
        one
        for one in seen[1:]
        if (one.facts.kind == "faq") != (first.facts.kind == "faq") and one.order >= _TIE * first.order
    ]
    lead = max(others, key=lambda one: one.score, default=first)
    if lead.score <= first.score:
        return list(seen)
    return [lead, *(one for one in seen if one is not lead)]


def _falling(scored: Sequence[Ranked]) -> list[Ranked]:
    falling = [scored[0]]
    for entry in scored[1:]:
        below = falling[-1].score
        falling.append(entry if entry.score <= below else entry._replace(score=below))
    return falling
