"""Step 8: the prompt an engine is given, inside the token budget.

Knows the window and the words; does not search and does not call.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.messages import BusinessLine, Message, Passage, Question, Retrieval, in_language
from core.ports import GenerationRequest
from pipelines.persona import LANGUAGE_NAMES, NO_PASSAGES, PERSONA, RULES, fill

MESSAGE_OVERHEAD = 8
"""Tokens a chat template spends on one message's markers (Qwen's `<|im_start|>role\\n…<|im_end|>\\n`)."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes; rounds up on purpose, since running over costs a request.

    Qwen2.5 needs about 0.65 tokens a Han character and 0.25 a Latin one; other scripts up to 1 a character.
    """
    ascii_characters = sum(character.isascii() for character in text)
    return -(-ascii_characters // 3) + (len(text) - ascii_characters)


def compose(
    question: Question,
    line: BusinessLine,
    language: str,
    retrieval: Retrieval,
    history: Sequence[Message],
    window: int,
    request_id: str,
) -> GenerationRequest:
    """The request for the engine.

    The question is never cut. Passages go in by score while they fit half of what is left beside the rules,
    the history fills the rest from its newest message back. A caller's `system` takes the persona's place;
    the rules stay.
    """
    dialogue = list(question.messages) or [*history, Message("user", question.text)]
    newest, older = _split(dialogue)
    tongue = "zh" if language.startswith("zh") else "en"
    persona = question.system or line.persona or PERSONA[tongue]
    sampling = question.sampling
    if sampling.max_tokens > window // 2:
        sampling = replace(sampling, max_tokens=max(16, window // 2))
    fixed = _cost([Message("system", persona + RULES[tongue]), *newest]) + sampling.max_tokens
    budget = max(0, window - fixed)

    passages = _fitting(retrieval.passages, budget // 2 if older else budget)
    rules = fill(
        RULES[tongue],
        {
            "contact": in_language(line.contact, language, ""),
            "customer_language": LANGUAGE_NAMES.get(language, language),
            "passages": "\n\n".join(map(_shown, passages)) or NO_PASSAGES[tongue],
        },
    )
    left = budget - sum(estimate_tokens(_shown(passage)) for passage in passages)
    return GenerationRequest(
        messages=[Message("system", f"{persona.strip()}\n\n{rules}"), *_recent(older, left), *newest],
        question=question.text,
        sampling=sampling,
        passages=retrieval.passages,
        answerable=retrieval.answerable,
        language=language,
        request_id=request_id,
    )


def _split(dialogue: list[Message]) -> tuple[list[Message], list[Message]]:
    """The last user message with all that follows it (tool results), and what came before."""
    last = max((i for i, message in enumerate(dialogue) if message.role == "user"), default=0)
    return dialogue[last:], dialogue[:last]


def _shown(passage: Passage) -> str:
    heading = f"[{passage.title} · {passage.document}]"
    question = f"{passage.question}\n" if passage.question else ""
    return f"{heading}\n{question}{passage.text}"


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
