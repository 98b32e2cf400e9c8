"""What would happen to this message, and why: every step up to the engine, with nothing stored and nothing said.

Knows no door. It goes the way of pipelines/answer.py by the same steps, and stops before the engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.errors import NotFound
from core.messages import BusinessLine, Message, Mode, Passage, Question, StoredTurn
from core.ports import (
    AttachmentStore,
    ConversationLog,
    Engine,
    LineStore,
    Retriever,
    TokenCounter,
    TranscriptReader,
)
from core.privacy import Finding
from core.vault import VaultEntry
from pipelines.bases import searched
from pipelines.budget import Budget
from pipelines.compose import Prompt, compose
from pipelines.conceal import masked
from pipelines.draft import Draft
from pipelines.evidence import Evidence, search
from pipelines.frequent import FrequentAnswers
from pipelines.language import detect_language
from pipelines.opening import language_of, open_line
from pipelines.pinned import Versions
from pipelines.redact import public_contacts
from pipelines.route import Route, route
from pipelines.screening import Screening
from pipelines.tokens import ESTIMATE
from pipelines.words.verdict import Hit

NOBODY = "inspect:"
"""Owns no conversation: a message inspected by itself has no history."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """`masked` is what the model would read of the message, `findings` lie in the message as it was written and
    `words` in the masked text. `prompt` is empty and there is no `budget` where no engine would be asked.
    `prompt_version` is the one that speaks; None: XiaoQ's own words."""

    masked: str
    findings: Sequence[Finding]
    words: Sequence[Hit]
    language: str
    route: str
    mode: Mode
    passages: Sequence[Passage]
    answerable: bool
    threshold: float
    prompt: Sequence[Message]
    answer: str
    """The whole reply, where it is a sentence known by heart."""
    prompt_version: int | None = None
    budget: Budget | None = None


class Inspector:
    """Dry runs. Reads what the answer pipeline reads, and writes nothing."""

    def __init__(
        self,
        conversations: ConversationLog,
        transcripts: TranscriptReader,
        lines: LineStore,
        retriever: Retriever,
        engine: Engine,
        attachments: AttachmentStore,
        screening: Screening,
        versions: Versions,
        detect: Callable[[str], str | None] = detect_language,
        public: str = "",
        tokens: TokenCounter = ESTIMATE,
        frequent: FrequentAnswers | None = None,
    ) -> None:
        self._log = conversations
        self._transcripts = transcripts
        self._lines = lines
        self._retriever = retriever
        self._engine = engine
        self._attachments = attachments
        self._screening = screening
        self._versions = versions
        self._detect = detect
        self._public = public
        self._tokens = tokens
        self._frequent = frequent

    async def inspect(self, text: str, line_id: str, conversation_id: str | None = None) -> Inspection:
        """Raises NotFound for a line or a conversation that is not there, or one that is on another line.

        Whoever asks sees a conversation's masked words at most: the door checks that they may.
        """
        line = await open_line(self._lines, line_id)
        question = Question(
            text=text, owner=NOBODY, channel="console", request_id="inspect", conversation_id=conversation_id
        )
        known: Sequence[VaultEntry] = ()
        if conversation_id is not None:
            first, owner = await self._begun(conversation_id, line)
            question = replace(question, owner=owner)
            line = await self._versions.pinned(line, first.prompt_version)
            known = await self._log.vault(conversation_id, question.owner)
        concealed, _ = await masked(question, known, public_contacts([line], self._public))
        screened = await self._screening.question(concealed.question, line.id, Draft())
        question = screened.question
        tongue = await language_of(question, line, conversation_id, self._log, self._detect)
        language = tongue.answered
        way = screened.way(line, language) or route(question.text, line, language)
        if way.kind == "search" and (said := await self._approved(question, line, language)):
            way = Route("approved", said)
        evidence = Evidence.nothing()
        prompt: Prompt | None = None
        if way.kind == "search":
            evidence = await search(
                self._retriever, self._attachments, question, line, conversation_id or "", language
            )
            prompt = await self._prompt(question, line, language, evidence)
        return Inspection(
            masked=concealed.question.text,
            findings=concealed.findings,
            words=screened.found.hits,
            language=language,
            route=way.kind,
            mode=self._mode(way, evidence),
            passages=evidence.passages,
            answerable=evidence.answerable,
            threshold=evidence.known.threshold,
            prompt=prompt.request.messages if prompt else (),
            answer=way.answer,
            prompt_version=line.prompt.version if line.prompt else None,
            budget=prompt.budget if prompt else None,
        )

    async def prompt_for(self, text: str, line: BusinessLine, window: int) -> Prompt:
        """What a model with this window would be given for a first question on the line as it might be."""
        asked = Question(text=text, owner=NOBODY, channel="console", request_id="inspect")
        concealed, _ = await masked(asked, (), public_contacts([line], self._public))
        question = concealed.question
        tongue = await language_of(question, line, None, self._log, self._detect)
        evidence = await search(self._retriever, self._attachments, question, line, "", tongue.answered)
        return compose(
            question, line, tongue.answered, evidence, (), window, question.request_id, self._tokens
        )

    async def _begun(self, conversation_id: str, line: BusinessLine) -> tuple[StoredTurn, str]:
        """The conversation's first turn and its owner."""
        turns: Sequence[StoredTurn] = await self._transcripts.conversation(conversation_id)
        owner = await self._transcripts.owner(turns[0].id) if turns else None
        if owner is None or turns[0].line != line.id:
            raise NotFound("There is no such conversation on this line.", param="conversation_id")
        return turns[0], owner

    async def _approved(self, question: Question, line: BusinessLine, language: str) -> str:
        """The approved answer, word for word; empty without one."""
        if self._frequent is None:
            return ""
        await self._frequent.approved.current(searched(line))
        known = self._frequent.approved_answer(question, line, language)
        return known.text if known else ""

    async def _prompt(
        self, question: Question, line: BusinessLine, language: str, evidence: Evidence
    ) -> Prompt:
        history: Sequence[Message] = ()
        if question.conversation_id is not None:
            history = await self._log.history(question.conversation_id, question.owner, None)
        window = self._engine.context_tokens
        return compose(question, line, language, evidence, history, window, question.request_id, self._tokens)

    def _mode(self, way: Route, evidence: Evidence) -> Mode:
        """The mode the answer would have, as far as it is known before an engine speaks."""
        known = {
            "courtesy": Mode.APPROVED,
            "approved": Mode.APPROVED,
            "refused": Mode.REFUSED,
            "person": Mode.HANDOFF,
        }
        if way.kind != "search":
            return known[way.kind]
        if self._engine.kind == "model":
            return Mode.GENERATED
        return Mode.QUOTED if evidence.answerable or evidence.beyond_passages else Mode.HANDOFF
