"""Step 8: the prompt an engine is given, inside the token budget.

Knows the window and the words; does not search and does not call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from core.messages import BusinessLine, Message, Passage, Question, Sampling
from core.ports import GenerationRequest, TokenCounter
from pipelines.budget import Budget
from pipelines.enclose import Enclosure, Scope, defused, enclose
from pipelines.evidence import Evidence
from pipelines.parameters import sampling_for
from pipelines.persona import FILE_RULES
from pipelines.profile import Profile, enclosed, profile_of, shown_passage, tongue_of
from pipelines.tokens import ESTIMATE

FILES_SHARE = 0.6
"""The most that the conversation's files take of what the rules, the question and the answer leave of the window;
the knowledge base's passages and the history get the rest, and what the files leave over."""
SHORTEST_ANSWER = 16
_SEAMS = 10
"""Tokens of what stands between the parts of the system message: blank lines, a heading."""

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the engine is asked, how much of the conversation's files stands in it (None without files), and where
    the window goes."""

    request: GenerationRequest
    files: Scope | None
    budget: Budget


def compose(
    question: Question,
    line: BusinessLine,
    language: str,
    evidence: Evidence,
    history: Sequence[Message],
    window: int,
    request_id: str,
    tokens: TokenCounter = ESTIMATE,
    now: datetime | None = None,
) -> Prompt:
    """The request for the engine.

    The question is never cut. Files go in before it, in the customer's own message: they are the customer's words
    and never the system's. Passages go in by score while they fit half of what is left, the history fills the rest
    from its newest message back. The line's version speaks, or its persona; a caller's `system` takes their place;
    the rules stay.
    """
    now = now or datetime.now(UTC)
    dialogue = list(question.messages) or [*history, Message("user", question.text)]
    newest, older = _split([_harmless(message) for message in dialogue])
    longest: Scope | None = _longest_rules(language) if evidence.files else None
    profile = profile_of(line, language, system=question.system, files=longest, now=now)
    prompt, rules, question_cost, around = _fixed(profile, newest, question.sampling, tokens)
    times = profile.places or 1
    spent = prompt + rules + question_cost + around
    wanted = sampling_for(line, question.sampling, line.prompt)
    room = max(0, window - spent - within(wanted, window, spent).max_tokens)

    files = enclose(evidence, int(room * FILES_SHARE), tokens.count)
    files_cost = files.tokens if files else 0
    sampling = within(wanted, window, spent + files_cost)  # a file's tags cost in any window
    room = max(0, window - spent - files_cost - sampling.max_tokens)
    passages, cost = _fitting(evidence.known.passages, (room // 2 if older else room) // times, tokens.count)
    recent, history_cost = _recent(older, room - cost * times, tokens)
    if files and files.scope != longest:
        profile = profile_of(line, language, system=question.system, files=files.scope, now=now)
    budget = Budget(
        window,
        tokens.exact,
        rules=rules,
        prompt=prompt,
        passages=around + cost * times,
        files=files_cost,
        history=history_cost,
        question=question_cost,
        answer=sampling.max_tokens,
    )
    request = GenerationRequest(
        messages=[Message("system", profile.message(passages)), *recent, *_with_files(newest, files)],
        question=question.text,
        sampling=sampling,
        passages=evidence.passages,
        answerable=evidence.answerable,
        language=language,
        request_id=request_id,
        in_one_piece=question.in_one_piece,
        share=question.owner.partition("/")[0],
    )
    return Prompt(request, files.scope if files else None, budget)


def _fixed(
    profile: Profile, newest: Sequence[Message], sampling: Sampling, tokens: TokenCounter
) -> tuple[int, int, int, int]:
    """What is never cut: the words of the prompt, the rules with any tools, the question with all that belongs to it,
    and what stands around the passages."""
    tools = sampling.extra.get("tools")
    return (
        tokens.count(profile.text) + tokens.per_message,
        tokens.count(profile.rules) + (tokens.count(orjson.dumps(tools).decode()) if tools else 0),
        _cost(newest, tokens) + tokens.per_message,  # what opens the answer
        tokens.count(enclosed((), profile.tongue)) * (profile.places or 1) + _SEAMS,
    )


def _longest_rules(language: str) -> Scope:
    rules = FILE_RULES[tongue_of(language)]
    scopes: tuple[Scope, ...] = ("whole", "opening", "passages")
    return max(scopes, key=lambda scope: len(rules[scope]))


def within(sampling: Sampling, window: int, spent: int = 0) -> Sampling:
    """The sampling, with at most half of the window for the answer, and no more than is left of it."""
    room = max(SHORTEST_ANSWER, min(window // 2, window - spent))
    return sampling if sampling.max_tokens <= room else replace(sampling, max_tokens=room)


def _harmless(message: Message) -> Message:
    content = defused(message.content)
    return message if content == message.content else replace(message, content=content)


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


def _fitting(passages: Sequence[Passage], room: int, count: Count) -> tuple[list[str], int]:
    """The best passages that fit, as they are shown, and what they cost."""
    taken: list[str] = []
    spent = 0
    for passage in passages:
        shown = shown_passage(passage)
        cost = count(shown) + 1  # the line between two
        if spent + cost > room:
            break
        taken.append(shown)
        spent += cost
    return taken, spent


def _recent(messages: list[Message], room: int, tokens: TokenCounter) -> tuple[list[Message], int]:
    """The newest messages that fit, in order, and what they cost. They do not begin with a tool's result: a model's server
    refuses one whose call is not there."""
    kept: list[Message] = []
    spent = 0
    for message in reversed(messages):
        cost = _cost([message], tokens)
        if spent + cost > room:
            break
        kept.insert(0, message)
        spent += cost
    while kept and kept[0].role == "tool":
        spent -= _cost([kept.pop(0)], tokens)
    return kept, spent


def _cost(messages: Sequence[Message], tokens: TokenCounter) -> int:
    return sum(
        tokens.count(message.content)
        + (tokens.count(orjson.dumps(dict(message.extra)).decode()) if message.extra else 0)
        + tokens.per_message
        for message in messages
    )
