"""What a line is asked most, and how much of it needed no model: read from the masked transcripts of the last days.

Writes nothing; a question that holds a placeholder is nobody else's question and is left out of the list.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.messages import Mode, StoredTurn
from core.ports import TranscriptFilter, TranscriptReader
from core.vault import PLACEHOLDER
from pipelines.frequent import LONGEST
from pipelines.normalised import form_of

DAYS = 7
MOST_TURNS = 20_000
_SPARED = (Mode.APPROVED, Mode.CACHED)


@dataclass
class Asked:
    """One question in all its spellings. `question` is the shortest of them, `answer` and `turn_id` are the latest."""

    question: str
    language: str
    times: int = 0
    modes: Counter[Mode] = field(default_factory=Counter)
    answer: str = ""
    mode: Mode | None = None
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Of the turns looked at: how many there were, how many an approved answer and the cache answered, and the
    milliseconds that the cache spared."""

    turns: int
    approved: int
    cached: int
    saved: int
    most: Sequence[Asked]

    @property
    def rate(self) -> float:
        """The share that needed no model, in [0, 1]."""
        return (self.approved + self.cached) / self.turns if self.turns else 0.0


async def use_of(transcripts: TranscriptReader, line: str, top: int, days: int = DAYS) -> Use:
    since = datetime.now(UTC) - timedelta(days=days)
    turns = await transcripts.turns(TranscriptFilter(since=since, line=line, limit=MOST_TURNS))
    asked: dict[str, Asked] = {}
    modes: Counter[Mode] = Counter()
    saved = 0
    for turn in turns:
        if turn.damaged or turn.record.mode is None:
            continue
        # A greeting that is greeted is approved, too, and stands on nothing.
        if turn.record.mode is not Mode.APPROVED or turn.record.sources:
            modes[turn.record.mode] += 1
            saved += turn.record.timings.get("saved", 0) if turn.record.mode is Mode.CACHED else 0
            _count(asked, turn)
    most = sorted(asked.values(), key=lambda one: (-one.times, one.question))
    return Use(sum(modes.values()), modes[Mode.APPROVED], modes[Mode.CACHED], saved, most[:top])


def _count(asked: dict[str, Asked], turn: StoredTurn) -> None:
    """Turns come newest first."""
    if len(turn.question) > LONGEST or PLACEHOLDER.search(turn.question):
        return
    form = form_of(turn.question)
    if not form:
        return
    one = asked.setdefault(form, Asked(turn.question.strip(), turn.record.language))
    one.times += 1
    # without a greeting, where one came without
    one.question = min(one.question, turn.question.strip(), key=len)
    if turn.record.mode is not None:
        one.modes[turn.record.mode] += 1
    if not one.turn_id:
        one.turn_id, one.mode, one.answer = turn.id, turn.record.mode, turn.record.answer
