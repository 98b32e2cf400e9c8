"""An answer while it is being made: its text so far, where it stands, and what each step took."""

import time
from collections.abc import Sequence

from core.messages import HandoffNote, Mode, Source, TurnRecord, TurnStatus, Usage
from pipelines.tokens import estimate_tokens
from pipelines.words.verdict import Hit


class Draft:
    """One turn's notes. Times are taken from the monotonic clock and kept as whole milliseconds."""

    def __init__(self, language: str = "und") -> None:
        self.language = language
        self.notice = ""
        """What is said before the answer about its language; no part of the answer itself."""
        self.answer_language: str | None = None
        self.mode: Mode | None = None
        self.engine = ""
        self.sources: Sequence[Source] = ()
        self.handoff: HandoffNote | None = None
        self.suggestions: Sequence[str] = ()
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.prompt = ""
        self.error: str | None = None
        self.calls_tools = False
        self.hits: Sequence[Hit] = ()
        """Sensitive words in the question."""
        self.heard = False
        """Whether the engine has said anything, shown or not."""
        self.further: Sequence[Draft] = ()
        """The choices after the first, where several were asked for; they hold a text and why it ended, no more."""
        self._pieces: list[str] = []
        self._timings: dict[str, int] = {}
        self._began = time.monotonic()
        self._flushed_at = self._began
        self._flushed_pieces = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def whole(self) -> str:
        """What the customer reads: the answer, and what is said before it."""
        return self.notice + self.text

    @property
    def silent(self) -> bool:
        """Whether the engine had nothing to say."""
        return not self.heard and not self.calls_tools

    def say(self, text: str) -> None:
        """Add a piece of the answer as it was let through; the first one sets the time to first token."""
        if text:
            self._pieces.append(text)
            self.mark_first_token()

    def note(self, step: str, milliseconds: int) -> None:
        """What a step took, or spared, that was timed elsewhere."""
        self._timings[step] = milliseconds

    def follow(self, other: "Draft", *, shared: bool) -> None:
        """Take over how an answer comes about that is made elsewhere; `shared`: for somebody else in the first place,
        so that nothing was spent on this one."""
        self.mode = Mode.CACHED if shared and other.mode is Mode.GENERATED else other.mode
        self.engine, self.sources, self.handoff = other.engine, other.sources, other.handoff
        self.suggestions = other.suggestions
        self.finish_reason, self.heard, self.calls_tools = other.finish_reason, other.heard, other.calls_tools
        if not shared:
            self.usage, self.prompt = other.usage, other.prompt
            self._timings |= other._timings

    def mark_first_token(self) -> None:
        if "first_token" not in self._timings:
            self._timings["first_token"] = since(self._began)

    def due(self, seconds: float) -> bool:
        """Whether unsaved pieces have waited this long; counts as saved when it says yes."""
        now = time.monotonic()
        if now - self._flushed_at < seconds or len(self._pieces) == self._flushed_pieces:
            return False
        self._flushed_at, self._flushed_pieces = now, len(self._pieces)
        return True

    def timed(self, step: str) -> "Timed":
        """Keeps what is done in it as what this step took."""
        return Timed(self._timings, step)

    def timings(self) -> dict[str, int]:
        return {**self._timings, "total": since(self._began)}

    def counted(self) -> Usage:
        """The engine's own count, or an estimate labelled as one."""
        if self.usage:
            return self.usage
        said = estimate_tokens(self.text) + sum(estimate_tokens(one.text) for one in self.further)
        return Usage(estimate_tokens(self.prompt), said, estimated=True)

    def choice(self, index: int) -> "Draft":
        """The draft of one of several choices."""
        return self.further[index - 1] if index else self

    def record(self, status: TurnStatus) -> TurnRecord:
        return TurnRecord(
            answer=self.whole,
            mode=self.mode,
            status=status,
            language=self.language,
            engine=self.engine,
            sources=self.sources,
            timings=self.timings(),
            usage=self.counted(),
            finish_reason=self.finish_reason,
            handoff=self.handoff,
            error=self.error,
            answer_language=self.answer_language,
        )


class Timed:
    """A step that is under way. As a class of its own, since seven of them in a question cost three times as much as
    generators."""

    __slots__ = ("_began", "_step", "_timings")

    def __init__(self, timings: dict[str, int], step: str) -> None:
        self._timings, self._step = timings, step

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._timings[self._step] = since(self._began)


def since(began: float) -> int:
    """Whole milliseconds since a time of the monotonic clock."""
    return round((time.monotonic() - began) * 1000)
