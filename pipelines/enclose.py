"""What of the conversation's files goes into the prompt: all of their text where it fits, else the parts that matter.

Knows tokens and tags; does not search. Whatever a file says stays between its tags, as data.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.documents import Chunk
from pipelines.evidence import Evidence
from pipelines.tokens import estimate_tokens

Scope = Literal["whole", "opening", "passages"]
"""All text; the beginning as far as it fits, with the best passages; the best passages alone."""

TAG = "customer_file"
_TAG_TOKENS = 48
"""What a file's two tags cost beside its name."""
_GAP = "\n\n[…]\n\n"
_PIECE_TOKENS = 12
"""What may stand between two pieces of a file: a gap or a heading's frame."""
PASSAGES_TAG = "passages"
_BREAKOUT = re.compile(rf"<(?=\s*/?\s*(?:{TAG}|{PASSAGES_TAG})|[|｜])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The files as they stand in the prompt, and what that costs at most, in tokens."""

    text: str
    scope: Scope
    tokens: int


def defused(text: str) -> str:
    """Text that can neither end its own tag nor begin a message.

    A tokenizer reads `<|im_start|>system` as a new system message wherever it stands, inside a file too.
    """
    return _BREAKOUT.sub("< ", text)


Count = Callable[[str], int]


def enclose(evidence: Evidence, budget: int, count: Count = estimate_tokens) -> Enclosure | None:
    """The files within `budget` tokens; None where there are none."""
    if not evidence.files:
        return None
    files = _by_file(evidence.files)
    frames = sum(_TAG_TOKENS + count(chunks[0].document) for chunks in files.values())
    budget -= frames
    spent = _cost_within(evidence.files, budget, count)
    if spent is not None:
        return Enclosure(_tagged(evidence.files), "whole", spent + frames)
    from_start = not (evidence.answerable and evidence.found and evidence.found.passages)
    chosen, spent = _best(evidence, budget // 2 if from_start else budget, count)
    if from_start:
        chosen, spent = _with_openings(files, chosen, spent, budget, count)
    in_order = [chosen[chunk.id] for chunk in evidence.files if chunk.id in chosen]
    return Enclosure(_tagged(in_order), "opening" if from_start else "passages", spent + frames)


def _tagged(chunks: Sequence[Chunk]) -> str:
    return "\n\n".join(_file(pieces) for pieces in _by_file(chunks).values())


def _file(chunks: Sequence[Chunk]) -> str:
    """One file between its tags: its pieces in order, gaps shown, each place named once."""
    written: list[str] = []
    before: Chunk | None = None
    for chunk in chunks:
        if before is not None:
            written.append("\n\n" if chunk.position == before.position + 1 else _GAP)
        if chunk.location and (before is None or chunk.location != before.location):
            written.append(f"[{defused(chunk.location)}]\n")
        written.append(defused(_words(chunk)))
        before = chunk
    name = re.sub(r'["<>]', " ", chunks[0].document)
    return f'<{TAG} name="{name}">\n{"".join(written)}\n</{TAG}>'


def _words(chunk: Chunk) -> str:
    return f"{chunk.match[0]}\n{chunk.text}" if chunk.match else chunk.text


def _cost(chunk: Chunk, count: Count) -> int:
    return count(_words(chunk)) + count(chunk.location) + _PIECE_TOKENS


def _cost_within(chunks: Iterable[Chunk], budget: int, count: Count) -> int | None:
    """What the chunks cost together; None as soon as that is more than the budget."""
    spent = 0
    for chunk in chunks:
        spent += _cost(chunk, count)
        if spent > budget:
            return None
    return spent


def _best(evidence: Evidence, budget: int, count: Count) -> tuple[dict[str, Chunk], int]:
    """The best passages that fit, by id, and what they cost."""
    by_id = {chunk.id: chunk for chunk in evidence.files}
    chosen: dict[str, Chunk] = {}
    spent = 0
    for passage in evidence.found.passages if evidence.found else ():
        chunk = by_id[passage.id]
        if spent + _cost(chunk, count) <= budget:
            chosen[chunk.id] = chunk
            spent += _cost(chunk, count)
    return chosen, spent


def _with_openings(
    files: Mapping[str, Sequence[Chunk]], chosen: dict[str, Chunk], spent: int, budget: int, count: Count
) -> tuple[dict[str, Chunk], int]:
    """The chosen, and the beginning of each file: the room is shared out evenly, and what one leaves goes on."""
    chosen = dict(chosen)
    for left, chunks in zip(range(len(files), 0, -1), files.values(), strict=True):
        share = spent + (budget - spent) // left
        for chunk in chunks:
            if chunk.id in chosen:
                continue
            if spent + _cost(chunk, count) > share:
                if chunk is chunks[0]:  # a window too small for one passage still shows how the file begins
                    chosen[chunk.id] = replace(
                        chunk, text=chunk.text[: max(0, share - spent - _PIECE_TOKENS)], match=()
                    )
                    spent = max(spent, share)
                break
            chosen[chunk.id] = chunk
            spent += _cost(chunk, count)
    return chosen, spent


def _by_file(chunks: Iterable[Chunk]) -> dict[str, list[Chunk]]:
    files: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        files.setdefault(chunk.document_id, []).append(chunk)
    return files
