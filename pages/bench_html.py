"""The test bench as HTML: what a question finds, how sure each passage is and why, and the golden questions.

Knows nothing of retrieval: scores and their parts come with the passages, in [0, 1].
"""

import re
from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

from core.golden import GoldenQuestion
from core.messages import Passage, Retrieval
from pages.addresses import document_address, place_in_words
from pages.console_words import words
from pages.highlight import highlighted
from pages.lists import empty, local_time, text

_STARS = re.compile(r"\*{1,2}([^*\n]+)\*{1,2}")
LONGEST = 1200
"""Characters of a passage that are shown; the rest is at its place."""


def bench(retrieval: Retrieval, question: str, right: Collection[str], language: str) -> str:
    """The verdict, then the passages, best first, with a line at the threshold.

    `right` are ids of passages already saved as the right ones for this question.
    """
    say = words(language)
    if not retrieval.passages:
        return empty(say["nothing_found"])
    threshold = retrieval.threshold
    best = retrieval.passages[0].score
    kind = "yes" if retrieval.answerable else "no"
    verdict = say["answerable" if retrieval.answerable else "unanswerable"]
    verdict = verdict.format(best=f"{best:.2f}", threshold=f"{threshold:.2f}")
    used = [passage for passage in retrieval.passages if passage.score >= threshold]
    rest = retrieval.passages[len(used) :]
    parts = [f'<p class="xq-verdict {kind}" role="status">{text(verdict)}</p>']
    if used:
        parts += [_group(say["would_use"]), _list(used, 1, threshold, question, right, say)]
    if rest:
        sentence = say["would_not"].format(threshold=f"{threshold:.2f}")
        parts += [
            _group(sentence, "below"),
            _list(rest, len(used) + 1, threshold, question, right, say),
        ]
    return "".join(parts)


def golden_list(golden: Sequence[GoldenQuestion], zone: ZoneInfo, language: str) -> str:
    """The saved questions, newest first, each with its passage's place."""
    say = words(language)
    if not golden:
        return empty(say["golden_empty"])
    return f'<ul class="xq-golden">{"".join(_golden(item, zone, say) for item in golden)}</ul>'


def _group(label: str, kind: str = "") -> str:
    return f'<h4 class="xq-group {kind}">{text(label)}</h4>'


def _list(
    passages: Sequence[Passage],
    first: int,
    threshold: float,
    question: str,
    right: Collection[str],
    say: Mapping[str, str],
) -> str:
    items = "".join(_passage(passage, threshold, question, passage.id in right, say) for passage in passages)
    return f'<ol class="xq-passages" start="{first}">{items}</ol>'


def _passage(passage: Passage, threshold: float, question: str, right: bool, say: Mapping[str, str]) -> str:
    place = place_in_words(passage.document, passage.title, passage.location)
    asked = (
        f'<p class="xq-question">{highlighted(passage.question, question)}</p>' if passage.question else ""
    )
    # An answer is Markdown; its stars would stand between the eye and the words.
    plain = _STARS.sub(r"\1", passage.text)
    cut = plain[:LONGEST] + ("…" if len(plain) > LONGEST else "")
    label = say["right_saved" if right else "right_one"]
    address = document_address(passage.base, passage.document_id, passage.id)
    return (
        f'<li data-id="{text(passage.id)}" data-document="{text(passage.document_id)}">'
        f'{_bar(passage.score, threshold, say)}<p class="xq-place">{text(place)}</p>{asked}'
        f'<p class="xq-text">{highlighted(cut, question)}</p>{_parts(passage.parts, say)}'
        f'<div class="xq-buttons"><a class="xq-quiet" href="{text(address)}" target="_blank">'
        f'{text(say["open_at"])}</a><button type="button" class="xq-quiet" data-do="right" '
        f'aria-pressed="{str(right).lower()}">{text(label)}</button></div></li>'
    )


def _bar(score: float, threshold: float, say: Mapping[str, str]) -> str:
    """The score as a bar from 0 to 1, with the threshold as a line across it."""
    kind = "over" if score >= threshold else "under"
    spoken = say["score_bar"].format(score=f"{score:.2f}", threshold=f"{threshold:.2f}")
    return (
        f'<div class="xq-score {kind}"><span class="xq-bar" role="img" aria-label="{text(spoken)}">'
        f'<span class="xq-fill" style="width:{_percent(score)}"></span>'
        f'<span class="xq-line" style="left:{_percent(threshold)}"></span></span>'
        f"<strong>{score:.2f}</strong></div>"
    )


def _parts(parts: Mapping[str, float], say: Mapping[str, str]) -> str:
    """What the score is made of, each part named for people and drawn small."""
    items = "".join(
        f"<li><span>{text(say.get(f'part_{name}', name))}</span>"
        f'<span class="xq-bar" aria-hidden="true"><span class="xq-fill" style="width:{_percent(value)}"></span>'
        f"</span><span>{value:.2f}</span></li>"
        for name, value in parts.items()
    )
    return f'<ul class="xq-parts">{items}</ul>' if items else ""


def _golden(item: GoldenQuestion, zone: ZoneInfo, say: Mapping[str, str]) -> str:
    place = " · ".join(filter(None, (item.document, item.location)))
    address = document_address(item.base, item.document_id, item.passage_id)
    return (
        f'<li data-id="{text(item.id)}"><p class="xq-question">{text(item.question)}</p>'
        f'<div class="xq-meta"><a href="{text(address)}" target="_blank">{text(place)}</a> · '
        f"{local_time(item.created_at, zone)}</div>"
        f'<div class="xq-buttons"><button type="button" class="xq-quiet" data-do="try-again" '
        f'data-question="{text(item.question)}">{text(say["golden_try"])}</button>'
        f'<button type="button" class="xq-quiet" data-do="golden-remove" aria-label='
        f'"{text(say["golden_remove"])}: {text(item.question)}">{text(say["golden_remove"])}</button></div></li>'
    )


def _percent(value: float) -> str:
    return f"{100 * min(1.0, max(0.0, value)):.1f}%"
