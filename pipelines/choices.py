"""Step 10 for several choices of one answer: each has a screen, placeholders and an end of its own.

Knows no engine and no store. What is kept of the answer is the first choice; an answer that no model made is every
choice alike.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from core.events import Delta, Event, FurtherChoice, Handoff
from core.messages import Mode, Question
from core.vault import VaultEntry
from pipelines.draft import Draft
from pipelines.voice import Voice
from pipelines.words.stream import OutputScreen
from pipelines.words.verdict import Hit


def several(
    question: Question,
    draft: Draft,
    voice: Voice,
    entries: Sequence[VaultEntry],
    screen: Callable[[], OutputScreen],
) -> "Choices | None":
    """None where one answer is asked for, as nearly always: it goes out by its voice alone."""
    return Choices(question, draft, voice, entries, screen) if question.sampling.n > 1 else None


class Choices:
    """The ways out of all choices. `screen` makes the screen of one."""

    def __init__(
        self,
        question: Question,
        draft: Draft,
        first: Voice,
        entries: Sequence[VaultEntry],
        screen: Callable[[], OutputScreen],
    ) -> None:
        draft.further = [Draft(draft.language) for _ in range(1, question.sampling.n)]
        self._drafts = (draft, *draft.further)
        others = (Voice(one, entries, screen(), as_json=question.wants_json) for one in draft.further)
        self.voices = (first, *others)

    async def spoken(
        self, events: AsyncGenerator[Event], cut_short: Callable[[bool, Draft], list[Event]]
    ) -> AsyncGenerator[Event]:
        """The events as their reader may see them; the engine stops once no choice may go on.

        `cut_short` gives what follows a choice that held a sensitive word, from whether it is blocked and its draft.
        """
        async with aclosing(events):
            async for event in events:
                for shown in self._shown(event):
                    yield shown
                if all(voice.blocked for voice in self.voices):
                    break
        for index, voice in enumerate(self.voices):
            if rest := voice.rest():
                yield replace(rest, index=index)
        for ending in self._ended(cut_short):
            yield ending

    def hits(self) -> Sequence[Hit]:
        """Sensitive words in any choice."""
        return [hit for voice in self.voices for hit in voice.hits]

    def further(self) -> Sequence[FurtherChoice]:
        """The choices after the first, as their reader saw them."""
        first, *others = self._drafts
        return [
            FurtherChoice(voice.restore(one.text), one.finish_reason or first.finish_reason or "stop")
            for one, voice in zip(others, self.voices[1:], strict=True)
        ]

    def _shown(self, event: Event) -> Iterator[Event]:
        first, *_ = self.voices
        if not isinstance(event, Delta):
            whole = first.shown(event)
            if whole is not None:
                yield whole
            return
        ours = self._drafts[0].mode is not Mode.GENERATED
        for index in range(len(self.voices)) if ours else (event.index,):
            shown = self.voices[index].shown(event)
            if isinstance(shown, Delta):
                yield replace(shown, index=index)

    def _ended(self, cut_short: Callable[[bool, Draft], list[Event]]) -> Iterator[Event]:
        """The refusal, or the way to a person, of each choice that needs it; a person is told of once."""
        first = self._drafts[0]
        for index, (draft, voice) in enumerate(zip(self._drafts, self.voices, strict=True)):
            if not (voice.blocked or voice.handoff):
                continue
            told = first.handoff is not None
            for event in cut_short(voice.blocked, draft):
                if isinstance(event, Delta):
                    yield replace(event, index=index)
                elif not (told and isinstance(event, Handoff)):
                    yield event
            first.handoff = first.handoff or draft.handoff
