"""Step 6, its first half: the answers that people approved, found by a question's normalised text and given as they are.

Keeps the approved FAQ pairs of every base in memory, as the store had them last; knows no index and no engine.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import structlog

from core.documents import Chunk
from core.frequent import KnownAnswer
from core.messages import BusinessLine, Source
from core.ports import DocumentStore
from pipelines.bases import searched
from pipelines.fitting import fits
from pipelines.freshness import cause, pause_after
from pipelines.normalised import normalised

log = structlog.get_logger()

MOST_PHRASINGS = 100_000
"""Of one base; those beyond are found by the search alone."""
FEW_PHRASINGS = 2_000
"""A base with so many is read again before a question is answered, a larger one behind it."""
_AT_ONCE = 50
"""Phrasings brought into their form between two turns of the event loop, about a millisecond's work."""


@dataclass(frozen=True, slots=True)
class PairTable:
    """The approved pairs of one base by what they are asked with. `forms` are the questions' forms by the pair's row,
    which stay as they are as long as the row does; `given` are answers as they were given, by pair and language."""

    version: int = -1
    changes: int = -1
    by_form: Mapping[str, Sequence[Chunk]] = field(default_factory=dict)
    forms: Mapping[int, Sequence[str]] = field(default_factory=dict)
    phrasings: int = 0
    given: dict[tuple[str, str], KnownAnswer] = field(default_factory=dict)

    @property
    def small(self) -> bool:
        return self.phrasings <= FEW_PHRASINGS


NO_PAIRS = PairTable()


class ApprovedAnswers:
    """Looks up in microseconds; `refresh` and `current` keep it as the store is."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._tables: dict[str, PairTable] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._again: dict[str, float] = {}

    def version(self, base: str) -> int | None:
        """The version of the base that is held, None where this process has changed it since."""
        table = self._tables.get(base)
        if table is None or table.changes != self._documents.changes(base):
            return None
        return table.version

    def table(self, base: str) -> PairTable:
        """What is held of the base; another one whenever that has changed."""
        return self._tables.get(base, NO_PAIRS)

    def find(
        self, line: BusinessLine, form: str, language: str, today: date | None = None
    ) -> KnownAnswer | None:
        """The approved answer to a question of this form in `language`; None without one, and where there are two
        that differ."""
        found: Chunk | None = None
        given: dict[tuple[str, str], KnownAnswer] = {}
        for base in searched(line):
            table = self._tables.get(base, NO_PAIRS)
            if form not in table.by_form or table.changes != self._documents.changes(base):
                continue
            day = today or datetime.now(UTC).date()
            for pair in table.by_form[form]:
                if not is_valid(pair, day) or not fits(
                    pair.text, pair.language, form, language, line.languages
                ):
                    continue
                if found is not None and found.text != pair.text:
                    return None
                if found is None:
                    found, given = pair, table.given
        if found is None:
            return None
        known = given.get((found.id, language))
        if known is None:
            known = given[found.id, language] = answer_of(found, language)
        return known

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """Bring what is held up to the store, rarely where that takes long; what fails is tried again."""
        present = await self._documents.bases()
        for base in present if bases is None else bases:
            if time.monotonic() >= self._again.get(base, 0.0):
                await self._read(base)

    async def current(self, bases: Iterable[str]) -> None:
        """Read again, of these bases, what this process has changed, where that is quickly done."""
        for base in bases:
            if self.version(base) is None and self._tables.get(base, NO_PAIRS).small:
                await self._read(base, unless_current=True)

    async def _read(self, base: str, *, unless_current: bool = False) -> None:
        async with self._locks.setdefault(base, asyncio.Lock()):
            if unless_current and self.version(base) is not None:
                return  # somebody else who waited here has read it
            before, began = self._tables.get(base, NO_PAIRS), time.monotonic()
            changes = self._documents.changes(base)
            try:
                version = await self._documents.version(base)
                if (version, changes) == (before.version, before.changes):
                    return
                table = await self._table(base, before)
            except Exception as error:  # noqa: BLE001 - the search answers meanwhile, and the next round tries again
                log.warning("approved_answers_not_read", base=base, **cause(error))
                return
            phrasings = sum(map(len, table[1].values()))
            self._tables[base] = PairTable(version, changes, *table, phrasings)
            if not self._tables[base].small:
                self._again[base] = time.monotonic() + pause_after(time.monotonic() - began, 0.0)

    async def _table(
        self, base: str, before: PairTable
    ) -> tuple[Mapping[str, Sequence[Chunk]], Mapping[int, Sequence[str]]]:
        pairs = [pair for pair in await self._documents.pairs(base) if pair.status == "approved"]
        ready = set(await self._documents.rows(base)) if pairs else set()
        by_form: dict[str, list[Chunk]] = {}
        forms: dict[int, Sequence[str]] = {}
        held = worked = 0
        for pair in pairs:
            if pair.row not in ready:
                continue
            held += len(pair.match)
            if held > MOST_PHRASINGS:
                log.warning("approved_answers_left_out", base=base, most=MOST_PHRASINGS)
                break
            if (known := before.forms.get(pair.row)) is None:
                known = tuple(dict.fromkeys(filter(None, map(normalised, pair.match))))
                worked += len(pair.match)
                if worked >= _AT_ONCE:
                    worked = 0
                    await asyncio.sleep(0)
            forms[pair.row] = known
            for form in known:
                by_form.setdefault(form, []).append(pair)
        return by_form, forms


def is_valid(pair: Chunk, day: date) -> bool:
    """Whether the pair may be given on this day."""
    return (pair.valid_from is None or pair.valid_from <= day) and (
        pair.valid_until is None or day <= pair.valid_until
    )


def answer_of(pair: Chunk, language: str) -> KnownAnswer:
    """The pair's answer word for word, with the pair as its source."""
    source = Source(
        document=pair.document,
        title=pair.title,
        location=pair.location,
        score=1.0,
        text=pair.text,
        document_id=pair.document_id,
        passage_id=pair.id,
        base=pair.base,
        page=pair.page,
    )
    return KnownAnswer(text=pair.text, sources=(source,), language=language, passage=pair.id)
