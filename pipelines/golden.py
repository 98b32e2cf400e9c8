"""Golden questions: what a right answer to them is, as people write it, kept without personal data.

A passage's text comes from the store, never from whoever names it. Asks no question and runs no evaluation.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.documents import Chunk
from core.errors import NotFound, Unfit
from core.golden import NOTHING_EXPECTED, Expected, GoldenQuestion, Origin
from core.messages import BusinessLine, Mode
from core.reasons import sentence
from core.security import Act
from pipelines.bases import searched
from pipelines.language import detect_language
from pipelines.redact import public_contacts, redacted_text
from pipelines.services import Services

MOST_QUESTIONS = 5_000
"""Of one line: what a run can ask in reasonable time."""
LONGEST_QUESTION, LONGEST_FACT, MOST_FACTS, LONGEST_REFERENCE, LONGEST_ANSWER = (
    2_000,
    500,
    50,
    20_000,
    100_000,
)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
MODES = tuple(mode.value for mode in Mode if mode not in (Mode.CACHED, Mode.HUMAN))
"""A run takes no answer from the cache, and no person answers in it."""


@dataclass(frozen=True, slots=True)
class GoldenDraft:
    """A golden question as somebody writes it. `language` empty: found out. A passage is named by both ids, or none."""

    question: str
    expected: Expected = NOTHING_EXPECTED
    reference: str = ""
    language: str = ""
    document_id: str = ""
    passage_id: str = ""


def faults(draft: GoldenDraft) -> list[str]:
    """What will not do about a draft, a sentence each."""
    expected, found = draft.expected, []
    if not draft.question.strip():
        found.append(sentence("golden_no_question"))
    if len(draft.question) > LONGEST_QUESTION:
        found.append(sentence("golden_question_long", limit=f"{LONGEST_QUESTION:,}"))
    if len(draft.reference) > LONGEST_REFERENCE:
        found.append(sentence("golden_reference_long", limit=f"{LONGEST_REFERENCE:,}"))
    for what in (expected.facts, expected.forbidden, expected.documents):
        if len(what) > MOST_FACTS or any(len(each) > LONGEST_FACT for each in what):
            found.append(sentence("golden_list_long", most=MOST_FACTS, limit=LONGEST_FACT))
            break
    for tag in filter(None, (expected.language, draft.language)):
        if not LANGUAGE.fullmatch(tag):
            found.append(sentence("golden_language", tag=tag[:30]))
    if expected.mode and expected.mode not in MODES:
        found.append(sentence("golden_mode", mode=expected.mode[:30], modes=", ".join(MODES)))
    if expected.max_characters is not None and not 1 <= expected.max_characters <= LONGEST_ANSWER:
        found.append(sentence("golden_length", limit=f"{LONGEST_ANSWER:,}"))
    return found


async def keep_golden(
    services: Services, line: BusinessLine, drafts: Sequence[GoldenDraft], author: str, origin: Origin
) -> Sequence[GoldenQuestion]:
    """Keep all of them, or none where one will not do; an earlier one of the same question gives way.

    Where a draft names no passage, the one that a person chose earlier for the same question stays. Raises Unfit, and
    NotFound for a passage that is not in the line's knowledge.
    """
    for draft in drafts:
        for fault in faults(draft):
            raise Unfit(fault, param="golden")
    known = {each.question: each for each in await services.golden.list(line.id)}
    passages, clean = Passages(services, line), Clean.of(line, services)
    kept = [await _golden(line, draft, known, passages, clean, author, origin) for draft in drafts]
    kept = list({each.question: each for each in kept}.values())
    if len(known.keys() | {each.question for each in kept}) > MOST_QUESTIONS:
        raise Unfit(f"A line takes {MOST_QUESTIONS:,} golden questions; remove some first.", param="golden")
    place, action = line.id, "saved"
    if len(kept) == 1:
        place = f"{line.id}/{kept[0].id}"
    await services.audit.note(
        author, Act.GOLDEN_CHANGED, object=place, detail={"action": action, "questions": len(kept)}
    )
    await services.golden.put_all(kept)
    return kept


async def change_golden(
    services: Services, line: BusinessLine, golden_id: str, draft: GoldenDraft, author: str
) -> GoldenQuestion:
    """Write a question anew, in other words too; the passage that was chosen for it stays. Raises NotFound and Unfit."""
    before = await golden_of(services, line, golden_id)
    for fault in faults(draft):
        raise Unfit(fault, param="golden")
    clean = Clean.of(line, services)
    asked, passages = clean(draft.question.strip()), Passages(services, line)
    made = await _golden(line, draft, {asked: before}, passages, clean, author, before.origin)
    detail = {"action": "changed"}
    await services.audit.note(author, Act.GOLDEN_CHANGED, object=f"{line.id}/{made.id}", detail=detail)
    await services.golden.put_all([made])
    if made.id != before.id:
        await services.golden.delete(line.id, before.id)
    return made


async def save_golden(
    services: Services, line: BusinessLine, question: str, document_id: str, passage_id: str, author: str
) -> GoldenQuestion:
    """Remember the passage as the right one; the line's earlier choice for the same question gives way, and what else
    was expected stays.

    Raises NotFound where none of the bases that the line searches holds that passage.
    """
    asked = Clean.of(line, services)(question.strip())
    known = next((each for each in await services.golden.list(line.id) if each.question == asked), None)
    draft = GoldenDraft(asked, document_id=document_id, passage_id=passage_id)
    if known:
        draft = replace(draft, expected=known.expected, reference=known.reference)
    (kept,) = await keep_golden(services, line, [draft], author, "bench")
    return kept


async def forget_golden(services: Services, line: BusinessLine, golden_id: str, actor: str) -> GoldenQuestion:
    """Forget a golden question; gives what it was. Raises NotFound."""
    found = await golden_of(services, line, golden_id)
    place = f"{line.id}/{golden_id}"
    await services.audit.note(actor, Act.GOLDEN_CHANGED, object=place, detail={"action": "removed"})
    await services.golden.delete(line.id, golden_id)
    return found


async def golden_of(services: Services, line: BusinessLine, golden_id: str) -> GoldenQuestion:
    """Raises NotFound."""
    found = next((each for each in await services.golden.list(line.id) if each.id == golden_id), None)
    if found is None:
        raise NotFound("There is no such golden question in this line.", param="golden_id")
    return found


def golden_id(line: str, question: str) -> str:
    """The same question of a line has the same id wherever it comes from."""
    return hashlib.sha256(f"{line}\0{question}".encode()).hexdigest()[:32]


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Entries without blanks around them, each once and on one line: in a table a line is an entry."""
    whole = (" ".join(filter(None, map(str.strip, value.splitlines()))) for value in values)
    return tuple(dict.fromkeys(filter(None, whole)))


async def _golden(
    line: BusinessLine,
    draft: GoldenDraft,
    known: "dict[str, GoldenQuestion]",
    passages: "Passages",
    clean: "Clean",
    author: str,
    origin: Origin,
) -> GoldenQuestion:
    question = clean(draft.question.strip())
    made = GoldenQuestion(
        id=golden_id(line.id, question),
        line=line.id,
        question=question,
        base="",
        document_id="",
        document="",
        location="",
        passage_id="",
        text="",
        created_at=datetime.now(UTC),
        author=author,
        expected=cleaned_expected(draft.expected, clean),
        reference=clean(draft.reference.strip()),
        origin=origin,
        language=draft.language or detect_language(question) or "und",
    )
    if draft.passage_id:
        base, chunk = await passages.found(draft.document_id, draft.passage_id)
        return _choosing(made, base, chunk)
    before = known.get(question)
    if before is None or not before.passage_id:
        return made
    return replace(
        made, base=before.base, document_id=before.document_id, document=before.document,
        location=before.location, passage_id=before.passage_id, text=before.text,
    )  # fmt: skip


def cleaned_expected(expected: Expected, clean: "Clean") -> Expected:
    """What is expected, without blank entries and without personal data."""
    return replace(
        expected,
        facts=listed(map(clean, expected.facts)),
        forbidden=listed(map(clean, expected.forbidden)),
        documents=listed(expected.documents),
        language=expected.language or None,
        mode=expected.mode or None,
    )


class Passages:
    """The passages that a line's questions can be answered from, each document read once."""

    def __init__(self, services: Services, line: BusinessLine) -> None:
        self._documents = services.documents
        self._bases = searched(line)
        self._read: dict[str, dict[str, tuple[str, Chunk]]] = {}

    async def found(self, document_id: str, passage_id: str) -> tuple[str, Chunk]:
        """The base and the passage. Raises NotFound."""
        if document_id not in self._read:
            self._read[document_id] = {
                chunk.id: (base, chunk)
                for base in reversed(self._bases)
                for chunk in await self._documents.chunks(base, document_id)
            }
        if passage_id not in self._read[document_id]:
            raise NotFound(
                "This passage is no longer in the knowledge of this line; search again.", param="passage_id"
            )
        return self._read[document_id][passage_id]


def _choosing(golden: GoldenQuestion, base: str, chunk: Chunk) -> GoldenQuestion:
    return replace(
        golden, base=base, document_id=chunk.document_id, document=chunk.document, location=chunk.location,
        passage_id=chunk.id, text=chunk.text,
    )  # fmt: skip


class Clean:
    """Takes personal data out of a text; the company's own contact data stays."""

    def __init__(self, public: Collection[str]) -> None:
        self._public = public

    @classmethod
    def of(cls, line: BusinessLine, services: Services) -> "Clean":
        """For what is kept of this line."""
        return cls(public_contacts([line], services.settings.public_contacts))

    def __call__(self, text: str) -> str:
        return redacted_text(text, self._public)
