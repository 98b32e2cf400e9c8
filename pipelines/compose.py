"""Step 8: the prompt an engine is given, inside the token budget.

Knows the window and the words; does not search and does not call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.messages import BusinessLine, Message, Passage, Question, Sampling, in_language
from core.ports import GenerationRequest
from pipelines.enclose import Enclosure, Scope, defused, enclose
from pipelines.evidence import Evidence
from pipelines.parameters import sampling_for
from pipelines.persona import FILE_RULES, LANGUAGE_NAMES, NO_PASSAGES, PERSONA, RULES, fill
from pipelines.redact import without_personal_data
from pipelines.tokens import MESSAGE_OVERHEAD, estimate_tokens

FILES_SHARE = 0.6
"""The most that the conversation's files take of what the rules, the question and the answer leave of the window;
the knowledge base's passages and the history get the rest, and what the files leave over."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine is asked, and how much of the conversation's files stands in it; None without files."""

    request: GenerationRequest
    files: Scope | None


def compose(
    question: Question,
    line: BusinessLine,
    language: str,
    evidence: Evidence,
    history: Sequence[Message],
    window: int,
    request_id: str,
) -> Prompt:
    """The request for the engine.

    The question is never cut. Files go in before it, in the customer's own message: they are the customer's words
    and never the system's. Passages go in by score while they fit half of what is left, the history fills the rest
    from its newest message back. A caller's `system` takes the persona's place; the rules stay.
    """
    dialogue = list(question.messages) or [*history, Message("user", question.text)]
    newest, older = _split([_harmless(message) for message in dialogue])
    tongue = "zh" if language.startswith("zh") else "en"
    persona = question.system or without_personal_data(line).persona or PERSONA[tongue]
    sampling = within(sampling_for(line, question.sampling, line.prompt), window)
    longest_rules = RULES[tongue] + (max(FILE_RULES[tongue].values(), key=len) if evidence.files else "")
    fixed = _cost([Message("system", persona + longest_rules), *newest]) + sampling.max_tokens
    budget = max(0, window - fixed)

    files = enclose(evidence, int(budget * FILES_SHARE))
    budget -= files.tokens if files else 0
    passages = _fitting(evidence.known.passages, budget // 2 if older else budget)
    budget -= sum(estimate_tokens(_shown(passage)) for passage in passages)
    rules = fill(
        RULES[tongue],
        {
            "contact": in_language(line.contact, language, ""),
            "customer_language": LANGUAGE_NAMES.get(language, language),
            "files": FILE_RULES[tongue][files.scope] if files else "",
            "passages": "\n\n".join(map(_shown, passages)) or NO_PASSAGES[tongue],
        },
    )
    request = GenerationRequest(
        messages=[
            Message("system", f"{persona.strip()}\n\n{rules}"),
            *_recent(older, budget),
            *_with_files(newest, files),
        ],
        question=question.text,
        sampling=sampling,
        passages=evidence.passages,
        answerable=evidence.answerable,
        language=language,
        request_id=request_id,
        in_one_piece=question.in_one_piece,
        share=question.owner.partition("/")[0],
    )
    return Prompt(request, files.scope if files else None)


def within(sampling: Sampling, window: int) -> Sampling:
    """The sampling, with at most half of the window for the answer."""
    if sampling.max_tokens <= window // 2:
        return sampling
    return replace(sampling, max_tokens=max(16, window // 2))


def _harmless(message: Message) -> Message:
    return replace(message, content=defused(message.content))


def _split(dialogue: list[Message]) -> tuple[list[Message], list[Message]]:
    """The last user message with all that follows it (tool results), and what came before."""
    last = max((i for i, message in enumerate(dialogue) if message.role == "user"), default=0)
    return dialogue[last:], dialogue[:last]


def _with_files(newest: list[Message], files: Enclosure | None) -> list[Message]:
    """The files before the question, in one message: not every model's template takes two of a role in a row."""
    if files is None or not newest:
        return newest
    asked = replace(newest[0], content=f"{files.text}\n\n{newest[0].content}")
    return [asked, *newest[1:]]


def _shown(passage: Passage) -> str:
    heading = f"[{passage.title} · {passage.document}]"
    question = f"{passage.question}\n" if passage.question else ""
    return defused(f"{heading}\n{question}{passage.text}")


def _fitting(passages: Sequence[Passage], budget: int) -> list[Passage]:
    taken: list[Passage] = []
    for passage in passages:
        budget -= estimate_tokens(_shown(passage))
        if budget < 0:
            break
        taken.append(passage)
    return taken


def _recent(messages: list[Message], budget: int) -> list[Message]:
    kept: list[Message] = []
    for message in reversed(messages):
        budget -= _cost([message])
        if budget < 0:
            break
        kept.insert(0, message)
    return kept


def _cost(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message.content) + MESSAGE_OVERHEAD for message in messages)
