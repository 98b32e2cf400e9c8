"""What the words of a question are worth, and which others may stand for them.

It does not know how chunks are found; of the indexes it asks in how many chunks a term stands.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from knowledge.function_words import function_mask, function_words
from knowledge.query import HELD, Expansion
from knowledge.synonyms import concepts
from knowledge.term_ids import ids_of
from knowledge.terms import folded_runs, run_terms

if TYPE_CHECKING:
    from knowledge.lexical import LexicalIndex  # which offers these functions beside itself

_FUNCTION_WORD = 0.3
_CROSSING = 0.4
"""Weights of a function word's terms and of a bigram that is half function word."""
_SHARED = (_FUNCTION_WORD, 0.65, 1.0)
"""Kana, Hangul, Thai: weight of a term by how many of its characters are of no function word, 2 being all."""
_SYNONYM = 0.8
"""What a synonym in a passage is worth beside the question's own word."""


def question_terms(question: str) -> dict[str, float]:
    """The distinct terms of a question and how much each may count before idf, in (0, 1]."""
    weights: dict[str, float] = {}
    pieces = folded_runs(question)[1]
    functional = function_words(run for script, run in pieces if script in ("word", "paired"))
    for script, run in pieces:
        for term, weight in _run_weights(script, run, functional):
            if weight > weights.get(term, 0.0):
                weights[term] = weight
    return weights


@lru_cache(4096)
def _phrase_terms(phrase: str) -> Mapping[str, float]:
    """The terms of a phrase of the list of synonyms: the same few for every question."""
    return question_terms(phrase)


def _run_weights(script: str, run: str, functional: Collection[str]) -> Iterator[tuple[str, float]]:
    if script == "word" or run in functional:
        weight = _FUNCTION_WORD if run in functional else 1.0
        for term in run_terms(script, run):
            yield term, weight
        return
    mask = function_mask(script, run)
    if script != "han":
        for start, term in enumerate(run_terms(script, run)):
            yield term, _SHARED[min(2, mask[start : start + len(term)].count(False))]
        return
    for i, char in enumerate(run):
        yield char, _FUNCTION_WORD if mask[i] else 1.0
    for i in range(len(run) - 1):
        functional_characters = mask[i] + mask[i + 1]
        yield run[i : i + 2], (1.0, _CROSSING, _FUNCTION_WORD)[functional_characters]


def weigh(question: str, indexes: Sequence["LexicalIndex"], background: int = 0) -> dict[str, float]:
    """The question's terms with their idf over all of the indexes together, so that their ranks compare.

    Among a handful of chunks every word is rare or everywhere: `background` adds as many that hold none of
    them.
    """
    terms = question_terms(question)
    return _with_idf(terms, _held(terms, indexes), sum(index.count for index in indexes) + background)


def _with_idf(counts: Mapping[str, float], held: Sequence[int], total: int) -> dict[str, float]:
    return {
        term: weight * math.log(1 + (max(total - frequency, 0) + 0.5) / (frequency + 0.5))
        for (term, weight), frequency in zip(counts.items(), held, strict=True)
    }


def _held(terms: Collection[str], indexes: Sequence["LexicalIndex"]) -> list[int]:
    """How many chunks of all indexes hold each term."""
    ids, held = ids_of(terms), np.zeros(len(terms), np.int64)
    for index in indexes:
        if index.count:
            held += index.frequencies_of(ids)
    return held.tolist()


def expand(question: str, weights: Mapping[str, float], indexes: Sequence["LexicalIndex"]) -> list[Expansion]:
    """What else may stand for phrases of the question; `weights` are those of `weigh` for the same question.

    A term counts in the first phrase that holds it; synonyms that no passage holds are left out.
    """
    expansions, taken = [], set[str]()
    there = [index for index in indexes if index.count]
    chunks = sum([index.count for index in there])
    for concept in concepts(question) if there else ():
        own = {t: weights[t] for t in _phrase_terms(concept.phrase) if t in weights and t not in taken}
        held = tuple([_phrase_held(other, there) for other in concept.others if own])
        if own and (expansion := _expansion(tuple(own.items()), concept.others, held, chunks)):
            taken |= own.keys()
            expansions.append(expansion)
    return expansions


def _phrase_held(phrase: str, indexes: Sequence["LexicalIndex"]) -> tuple[int, ...]:
    """How many chunks of all indexes hold each term of a phrase of the list."""
    each = [index.frequencies_in(phrase, _phrase_terms(phrase)) for index in indexes]
    return each[0] if len(each) == 1 else tuple([sum(of_one) for of_one in zip(*each, strict=True)])


@lru_cache(512)
def _expansion(
    own: tuple[tuple[str, float], ...],
    others: tuple[str, ...],
    held: tuple[tuple[int, ...], ...],
    chunks: int,
) -> Expansion | None:
    """None without synonyms that are held. The same one for the same words: the indexes know by it what it adds.

    A common word does not earn the whole weight of a rare one: it says less of the passages that hold it.
    """
    worth, synonyms = sum([weight for _, weight in own]), []
    for other, frequencies in zip(others, held, strict=True):
        weights = _with_idf(_phrase_terms(other), frequencies, chunks)
        known = sum(w for w, frequency in zip(weights.values(), frequencies, strict=True) if frequency)
        total = sum(weights.values())
        if total and known >= HELD * total:
            credit = _SYNONYM * min(worth, total * len(own) / len(weights))
            synonyms.append({term: weight * credit / total for term, weight in weights.items()})
    return Expansion(dict(own), synonyms) if synonyms else None
