"""The path of one question, from the words a customer typed to the answer that is stored.

Both doors call `AnswerPipeline.ask` and translate its events; neither searches, prompts or records itself.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from copy import copy
from functools import partial

import structlog

from core.errors import EngineError, ServerStopping, XiaoQError
from core.events import Delta, Event, Failed, Finished, Handoff, Sources, Started
from core.messages import BusinessLine, Message, Mode, Question, Source, StoredTurn, TurnStatus
from core.ports import AttachmentStore, ConversationLog, Engine, LineStore, Retriever, TokenCounter
from pipelines.at_once import AtOnce, Told
from pipelines.choices import Choices, several
from pipelines.conceal import conceal, conceal_if_new
from pipelines.continued import continued
from pipelines.did_you_mean import did_you_mean
from pipelines.draft import Draft
from pipelines.evidence import Evidence, openings, search
from pipelines.frequent import FrequentAnswers
from pipelines.generate import generate
from pipelines.handoffs import handed_over, handoff_note
from pipelines.language import detect_language
from pipelines.language_reply import language_of_answer
from pipelines.opening import language_of, open_line
from pipelines.pinned import Versions
from pipelines.redact import public_contacts
from pipelines.route import Route, way_of
from pipelines.screening import ScreenedQuestion, Screening
from pipelines.sentences import sentences_in
from pipelines.tokens import ESTIMATE
from pipelines.unanswered import unanswered_again
from pipelines.voice import Voice

log = structlog.get_logger()

FLUSH_SECONDS = 0.45
"""How often a streaming answer is stored while it grows. A dead process loses that and the moment in which the record
gathers what it writes: half a second."""


class AnswerPipeline:
    """Answers questions. Holds no state of any conversation.

    `public` names contact data of the company's own, beside what a line says is its own.
    """

    def __init__(
        self,
        conversations: ConversationLog,
        lines: LineStore,
        retriever: Retriever,
        engine: Engine,
        default_line: str,
        attachments: AttachmentStore,
        screening: Screening,
        versions: Versions,
        detect: Callable[[str], str | None] = detect_language,
        public: str = "",
        tokens: TokenCounter = ESTIMATE,
        frequent: FrequentAnswers | None = None,
    ) -> None:
        self._log = conversations
        self._lines = lines
        self._retriever = retriever
        self._engine = engine
        self._default_line = default_line
        self._attachments = attachments
        self._screening = screening
        self._versions = versions
        self._detect = detect
        self._public = public
        self._tokens = tokens
        self._frequent = frequent
        self._at_once = (
            AtOnce(frequent, conversations, lines, screening, versions, default_line)
            if frequent and frequent.on
            else None
        )

    def rehearsing(self, lines: LineStore, log: ConversationLog) -> "AnswerPipeline":
        """The same path over another log and other lines, where no hit of a word is counted (rehearse.py)."""
        other = copy(self)
        other._lines, other._log, other._screening = lines, log, self._screening.unnoted()
        other._at_once = None
        return other

    def at_once(self, question: Question) -> Told | None:
        """The whole answer where it lies in memory, on its way to the disk; None: `ask`. It does not wait."""
        return self._at_once.answer(question) if self._at_once else None

    def room(self, question: Question) -> "asyncio.Future[bool] | None":
        """What to wait for before `at_once` is asked again; None where waiting would not help."""
        return self._at_once.room(question) if self._at_once else None

    async def soon(self, question: Question) -> Told | None:
        """`at_once`, waiting a moment where so many are answered at once that their records wait."""
        return await self._at_once.soon(question) if self._at_once else None

    async def ask(self, question: Question) -> AsyncGenerator[Event]:
        """Answer one question.

        Yields Started once the question is stored, then what the answer is made of, then Finished or Failed.
        Raises NotFound, before anything is stored, for a line or a conversation that is not there. Closing
        the generator stops the engine; what was said until then is stored.
        """
        line = await open_line(self._lines, question.line or self._default_line)
        draft = Draft()
        with draft.timed("mask"):
            concealed, masking = await conceal_if_new(question, public_contacts([line], self._public))
        with draft.timed("record"):
            begins_with = self._versions.begin(line)
            # 1. before all that can fail
            turn = await self._log.begin(question, line.id, masking, begins_with)
        try:
            if turn.line != line.id:  # a conversation stays on the line it began with
                line = await open_line(self._lines, turn.line)
            as_it_is, line = line, await self._versions.pinned(line, turn.prompt_version)
            if concealed is None:
                with draft.timed("mask"):
                    public = public_contacts([line], self._public)
                    concealed = await conceal(self._log, question, turn, public)  # 2. the original ends here
            question = concealed.question
            screened = await self._screening.question(question, line.id, draft)  # 3.
            question = screened.question
            with draft.timed("language"):
                tongue = await language_of(question, line, turn.conversation_id, self._log, self._detect)
            draft.language, draft.notice = tongue.answered, tongue.notice(question)
            yield Started(turn.conversation_id, turn.id, line.id, draft.language)
            if draft.notice:
                yield Delta(draft.notice)
            voice = Voice(draft, concealed.entries, screened.screen(), as_json=question.wants_json)
            choices = several(question, draft, voice, concealed.entries, screened.screen)
            way = screened.way(line, draft.language) or way_of(question, line, draft.language)  # 5.
            if (
                self._at_once
                and way.kind == "search"
                and not (masking or screened.found.hits or draft.notice)
            ):
                self._at_once.note(question, as_it_is, screened.lexicon, draft.language)
            events = self._said(way, question, turn, line, screened, draft)
            spoken = (
                choices.spoken(events, partial(self._cut_short, line))
                if choices
                else self._spoken(events, voice, line, draft)
            )
            async with aclosing(spoken):
                async for event in spoken:
                    yield event
                    if draft.due(FLUSH_SECONDS):
                        self._log.partial(turn.id, question.owner, draft.whole)
            hits = choices.hits() if choices else voice.hits
            await self._screening.note(turn, draft, hits)
            draft.answer_language = language_of_answer(draft, question, line.glossary, self._detect)
            self._record(turn, question, draft, TurnStatus.DONE)  # 11.
            yield self._finished(turn, line, draft, voice, choices)
        except XiaoQError as error:
            log.warning("turn failed", turn=turn.id, request=question.request_id, code=error.code)
            draft.error = error.code
            cut_off = isinstance(error, ServerStopping)
            self._record(turn, question, draft, TurnStatus.INTERRUPTED if cut_off else TurnStatus.FAILED)
            yield Failed(turn.conversation_id, turn.id, error)
        except (asyncio.CancelledError, GeneratorExit):
            # The reader left.
            self._record(turn, question, draft, TurnStatus.STOPPED)
            raise
        except Exception:
            log.exception("turn broke", turn=turn.id, request=question.request_id)
            draft.error = "internal_error"
            self._record(turn, question, draft, TurnStatus.FAILED)
            yield Failed(turn.conversation_id, turn.id, XiaoQError("Something went wrong on our side."))

    def _said(
        self,
        way: Route,
        question: Question,
        turn: StoredTurn,
        line: BusinessLine,
        screened: ScreenedQuestion,
        draft: Draft,
    ) -> AsyncGenerator[Event]:
        """The answer in the making, on the way it takes."""
        if way.kind == "search":
            make = partial(self._answer, question, turn, line)
            if self._frequent is None or not self._frequent.on:
                return make(draft)
            return self._frequent.or_make(question, line, screened, draft, make)  # 6.
        if way.kind == "continue":
            return continued(self._engine, question, draft)
        return self._reply(way, draft)

    async def _spoken(
        self, events: AsyncGenerator[Event], voice: Voice, line: BusinessLine, draft: Draft
    ) -> AsyncGenerator[Event]:
        """Step 10: the events as their reader may see them. Where a word forbids the rest, the engine stops."""
        async with aclosing(events):
            async for event in events:
                shown = voice.shown(event)
                if shown is not None:
                    yield shown
                if voice.blocked:
                    break
        if rest := voice.rest():
            yield rest
        if voice.blocked or voice.handoff:
            for event in self._cut_short(line, voice.blocked, draft):
                yield event

    def _cut_short(self, line: BusinessLine, blocked: bool, draft: Draft) -> list[Event]:
        """What follows an answer that held a sensitive word: a refusal, or the way to a person."""
        draft.handoff = handoff_note("sensitive", line, draft.language)
        text = handed_over(draft.handoff, line, draft.language)
        if blocked:
            draft.mode, draft.finish_reason = Mode.REFUSED, "content_filter"
            text = f"{sentences_in(draft.language).refused}\n\n{draft.handoff.contact}".strip()
        text = f"\n\n{text}" if draft.text else text
        draft.say(text)
        return [Handoff(draft.handoff), Delta(text)]

    async def _answer(
        self, question: Question, turn: StoredTurn, line: BusinessLine, draft: Draft
    ) -> AsyncGenerator[Event]:
        """Steps 7 to 9: search, compose, generate; a person where neither engine nor passage helps."""
        with draft.timed("retrieve"):
            evidence = await search(  # 7.
                self._retriever, self._attachments, question, line, turn.conversation_id, draft.language
            )
        draft.suggestions = did_you_mean(evidence)
        again = await unanswered_again(self._log, question, turn, line, evidence, draft.language)
        if again is not None:
            async for event in self._reply(again, draft):
                yield event
            return
        if self._engine.kind == "quoted" and evidence.beyond_passages:
            for event in self._open_file(evidence, draft):
                yield event
            return
        history: Sequence[Message] = ()
        if question.conversation_id is not None and not question.messages:
            history = await self._log.history(turn.conversation_id, question.owner, turn.id)
        try:
            words = generate(  # 8. and 9.
                self._engine, question, line, evidence, history, draft, self._tokens
            )
            async with aclosing(words):
                async for event in words:
                    yield event
        except EngineError as error:
            if draft.heard or not error.retryable:
                raise
            log.warning("no engine answered", turn=turn.id, code=error.code)
        if draft.silent:
            for event in self._hand_over(line, evidence, draft):
                yield event

    async def _reply(self, way: Route, draft: Draft) -> AsyncGenerator[Event]:
        """A sentence known by heart: a courtesy, a refusal, or the way to a person."""
        draft.mode = {"courtesy": Mode.APPROVED, "refused": Mode.REFUSED}.get(way.kind, Mode.HANDOFF)
        if way.kind == "refused":
            draft.finish_reason = "content_filter"
        if way.note:
            draft.handoff = way.note
            yield Handoff(way.note)
        yield Delta(way.answer)

    def _open_file(self, evidence: Evidence, draft: Draft) -> list[Event]:
        """Where a file should be summed up and there is no model to do it: say so, and quote how it begins."""
        opening = openings(evidence.files)[0]
        draft.mode, draft.engine, draft.finish_reason = Mode.QUOTED, self._engine.name, "stop"
        draft.sources = (Source.of(opening),)
        quotation = "\n".join(f"> {line}" for line in opening.text.splitlines())
        text = f"{sentences_in(draft.language).only_passages}\n\n{quotation}"
        return [Sources(draft.sources), Delta(text)]

    def _hand_over(self, line: BusinessLine, evidence: Evidence, draft: Draft) -> list[Event]:
        """Say plainly that there is no answer, and name the way to a person."""
        down = self._engine.kind == "model" and (draft.engine in ("", "quoted"))
        note = handoff_note("engine_down" if down else "nothing_found", line, draft.language)
        sentences = sentences_in(draft.language)
        nothing = sentences.not_in_file if evidence.files else sentences.nothing_found
        best = max((passage.score for passage in evidence.passages), default=0)
        log.info("handed over", reason=note.reason, best=best)
        draft.mode, draft.handoff, draft.finish_reason = Mode.HANDOFF, note, "stop"
        draft.usage = None  # the engine counted a silence; what is said now is ours
        return [
            Handoff(note),
            Delta(f"{sentences.engine_down if down else nothing}\n\n{note.contact}".strip()),
        ]

    def _record(self, turn: StoredTurn, question: Question, draft: Draft, status: TurnStatus) -> None:
        """The customer has the answer by now and does not wait for the disk."""
        self._log.finish_soon(turn.id, question.owner, draft.record(status))

    def _finished(
        self, turn: StoredTurn, line: BusinessLine, draft: Draft, voice: Voice, choices: Choices | None
    ) -> Finished:
        return Finished(
            conversation_id=turn.conversation_id,
            turn_id=turn.id,
            mode=draft.mode or Mode.GENERATED,
            line=line.id,
            language=draft.language,
            text=voice.restore(draft.whole),
            sources=voice.sources(draft.sources),
            handoff=draft.handoff,
            timings=draft.timings(),
            finish_reason=draft.finish_reason or "stop",
            usage=draft.counted(),
            engine=draft.engine,
            further=choices.further() if choices else (),
            suggestions=() if draft.mode is Mode.REFUSED else draft.suggestions,
        )
