"""Step 10: what of an answer reaches its reader. Screens it while it streams and puts the customer's own words back.

Knows no engine and no store. The draft keeps what was said with its placeholders; only the reader sees more.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.events import Delta, Event, Sources
from core.messages import Source
from core.vault import VaultEntry
from pipelines.conceal import placeholders
from pipelines.draft import Draft
from pipelines.likelihoods import Likelihoods
from pipelines.masking import Restorer
from pipelines.words.stream import OutputScreen
from pipelines.words.verdict import Hit


class Voice:
    """One answer's way out. `as_json`: the answer is JSON, so what is put back is escaped for it."""

    def __init__(
        self, draft: Draft, entries: Sequence[VaultEntry], screen: OutputScreen, *, as_json: bool = False
    ) -> None:
        self._draft = draft
        self._placeholders = placeholders(entries)
        self._holds = bool(entries)
        self._screen = screen
        self._text = Restorer(self._placeholders, json_escaped=as_json)
        self._calls: dict[int, Restorer] = {}
        self._likelihoods = Likelihoods(screen)

    @property
    def blocked(self) -> bool:
        """Whether the answer held what may not be said: nothing of it from there on is shown."""
        return self._screen.blocked

    @property
    def hits(self) -> Sequence[Hit]:
        """Sensitive words in the answer, so far."""
        return self._screen.hits

    @property
    def handoff(self) -> bool:
        """Whether the answer held what calls for a person."""
        return self._screen.handoff

    def shown(self, event: Event) -> Event | None:
        """The event as its reader gets it; None where nothing of it may be shown yet."""
        match event:
            case Sources():
                return Sources(self.sources(event.sources))
            case Delta():
                return self._spoken(event)
        return event

    def rest(self) -> Delta | None:
        """What was held back, once the answer has ended."""
        screened = self._screen.close()
        self._draft.say(screened)
        text = self._text.feed(screened) + self._text.close()
        calls = [_piece(index, held) for index, one in self._calls.items() if (held := one.close())]
        logprobs = self._likelihoods.told(None) if self._likelihoods else None
        if not (text or calls or logprobs):
            return None
        return Delta(text, {"tool_calls": calls} if calls else {}, logprobs)

    def sources(self, sources: Sequence[Source]) -> Sequence[Source]:
        """The sources as their reader sees them: passages of a customer's own file hold their own words again."""
        if not self._holds:
            return sources
        return tuple(
            replace(
                source,
                text=self.restore(source.text),
                title=self.restore(source.title),
                document=self.restore(source.document),
                location=self.restore(source.location),
            )
            for source in sources
        )

    def restore(self, text: str) -> str:
        return self._placeholders.restore(text)

    def _spoken(self, event: Delta) -> Delta | None:
        screened = self._screen.feed(event.text)
        self._draft.say(screened)
        text = self._text.feed(screened)
        if self._screen.blocked:  # a token's name among the probabilities would say the word after all
            return Delta(text) if text else None
        extra = self._called(event.extra) if event.extra else event.extra
        logprobs = event.logprobs
        if logprobs or self._likelihoods:
            logprobs = self._likelihoods.told(logprobs)
        if not (text or extra or logprobs):
            return None
        return Delta(text, extra, logprobs)

    def _called(self, extra: Any) -> Any:
        """The delta's other fields, with the arguments of calls put back: the program that acts needs the number."""
        calls = extra.get("tool_calls")
        if not calls or not self._holds:
            return extra
        return {**extra, "tool_calls": [self._call(piece) for piece in calls]}

    def _call(self, piece: Any) -> Any:
        function = piece.get("function") or {}
        if not function.get("arguments"):
            return piece
        index = int(piece.get("index", 0))
        restorer = self._calls.setdefault(index, Restorer(self._placeholders, json_escaped=True))
        return {**piece, "function": {**function, "arguments": restorer.feed(function["arguments"])}}


def _piece(index: int, arguments: str) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": arguments}}
