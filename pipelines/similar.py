"""Step 6, by choice of a line: an approved answer to a question that means the same in other words.

Keeps a vector of each approved phrasing of the lines that have it turned on; knows no index and no engine. What a model
of meaning cannot tell, pipelines/likeness/guards.py does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import structlog

from core.frequent import KnownAnswer
from core.messages import BusinessLine
from core.ports import LineStore
from pipelines.approved import ApprovedAnswers, PairTable, answer_of, is_valid
from pipelines.bases import searched
from pipelines.embed import EmbedPipeline
from pipelines.fitting import fits
from pipelines.freshness import cause
from pipelines.likeness.search import Match, Phrasing, nearest, unit_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

log = structlog.get_logger()

MOST_PHRASINGS = 20_000
"""Of all bases of a line: with 1,024 numbers each they take 80 MB. Beyond, nothing similar is answered."""
_AT_ONCE = 128
_LARGE = 2_000
"""From so many phrasings on they are compared in a thread."""
PATIENCE_SECONDS = 1.0
"""How long a question waits for its vector; then it goes the usual way."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """The phrasings of one base with their vectors, a row each, as they were in `table`."""

    table: PairTable
    phrasings: Sequence[Phrasing]
    matrix: "npt.NDArray[np.float32]"


class SimilarAnswers:
    """Answers only where the line asks for it, its threshold was chosen for this very model, and every vector is there."""

    def __init__(self, approved: ApprovedAnswers, embed: EmbedPipeline, lines: LineStore) -> None:
        self._approved = approved
        self._embed = embed
        self._lines = lines
        self._meanings: dict[str, Meanings] = {}
        self._lock = asyncio.Lock()

    @property
    def model(self) -> str | None:
        """The embedding model's name; None where there is none."""
        return self._embed.model

    def is_on(self, line: BusinessLine) -> bool:
        rules = line.frequent
        return (
            rules.approved
            and rules.semantic
            and rules.threshold is not None
            and bool(rules.embedding)
            and rules.embedding == self.model
        )

    async def find(
        self, line: BusinessLine, text: str, language: str, today: date | None = None
    ) -> KnownAnswer | None:
        """The approved answer to a question of the same meaning in `language`; None where none is surely meant."""
        threshold = line.frequent.threshold
        if threshold is None or not self.is_on(line):
            return None
        parts = self._of(line)
        vector = await self._vector(text) if parts else None
        if vector is None or any(part.matrix.shape[1] != vector.shape[0] for part in parts):
            return None
        day = today or datetime.now(UTC).date()

        def usable(one: Phrasing) -> bool:
            pair = one.pair
            return is_valid(pair, day) and fits(pair.text, pair.language, text, language, line.languages)

        def search() -> Match | None:
            return nearest(scores_of(parts, vector), phrasings_of(parts), text, usable)

        large = sum(len(part.phrasings) for part in parts) > _LARGE
        found = await asyncio.to_thread(search) if large else search()
        if found is None or found.score < threshold:
            return None
        answer = answer_of(found.phrasing.pair, language)
        return replace(answer, sources=(replace(answer.sources[0], score=round(found.score, 4)),))

    def _of(self, line: BusinessLine) -> Sequence[Meanings]:
        """What the line's bases hold, all of them as they are now; nothing where one is still to be read."""
        parts: list[Meanings] = []
        for base in searched(line):
            table = self._approved.table(base)
            current = self._approved.version(base) is not None
            if current and not table.by_form:
                continue
            part = self._meanings.get(base)
            if part is None or part.table is not table or not current:
                return ()
            parts.append(part)
        return parts

    async def _vector(self, text: str) -> "npt.NDArray[np.float32] | None":
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                (row,) = (await self._embed.embed([text]))[0].vectors
        except Exception as error:  # noqa: BLE001 - the question goes the usual way
            log.warning("question_not_embedded", **cause(error))
            return None
        found: npt.NDArray[np.float32] = unit_rows([row])[0]
        return found

    async def refresh(self) -> None:
        """Embed what lines with it turned on have that has no vector yet; what fails is tried again."""
        if self.model is None:
            return
        wanted = {base for line in await self._lines.all() if self.is_on(line) for base in searched(line)}
        for base in [*self._meanings]:
            if base not in wanted:
                del self._meanings[base]
        for base in sorted(wanted):
            try:
                await self.read(base)
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("approved_answers_not_embedded", base=base, **cause(error))

    async def read(self, base: str) -> Meanings:
        """The base's phrasings with their vectors as they are now. Raises what embedding raises."""
        async with self._lock:
            table = self._approved.table(base)
            before = self._meanings.get(base)
            if before is not None and before.table is table:
                return before
            pairs = {pair.row: pair for pairs in table.by_form.values() for pair in pairs}
            phrasings = [
                Phrasing(text, pair)
                for _, pair in sorted(pairs.items())
                for text in dict.fromkeys(filter(str.strip, pair.match))
            ]
            if len(phrasings) > MOST_PHRASINGS:
                log.warning("similar_answers_left_out", base=base, most=MOST_PHRASINGS)
                phrasings = []
            matrix = await self.rows([one.text for one in phrasings], [before] if before else [])
            made = self._meanings[base] = Meanings(table, phrasings, matrix)
            return made

    async def rows(self, texts: Sequence[str], known: Sequence[Meanings]) -> "npt.NDArray[np.float32]":
        """A row for each text; what is `known` is not embedded again. Raises NotSupported, EngineError."""
        held = {one.text: row for part in known for one, row in zip(part.phrasings, part.matrix, strict=True)}
        missing = [text for text in dict.fromkeys(texts) if text not in held]
        for at in range(0, len(missing), _AT_ONCE):
            some = missing[at : at + _AT_ONCE]
            held |= dict(zip(some, (await self._embed.embed(some))[0].vectors, strict=True))
        return unit_rows([held[text] for text in texts])


def phrasings_of(parts: Sequence[Meanings]) -> Sequence[Phrasing]:
    return [one for part in parts for one in part.phrasings]


def scores_of(parts: Sequence[Meanings], vector: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    """The cosine of each phrasing of `phrasings_of`, shape (n,). Matrices stay where they are: they are large."""
    import numpy as np

    return np.concatenate([part.matrix @ vector for part in parts])
