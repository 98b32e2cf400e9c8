"""The Prompts tab's playground: several versions answer the same questions side by side; the better one is kept.

Asks nobody itself: pipelines/playground.py does, and nothing of it is a customer's conversation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse

from core.access import Right
from core.errors import InvalidRequest, NotFound
from core.golden import Expected
from core.prompts import PromptVersion
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.customer_stream import Reading
from pages.knowledge_calls import PRIVATE, Call, Spoken, told
from pages.lists import text
from pages.playground_html import playground_form
from pages.playground_stream import Columns
from pages.system_section import Section, Way
from pipelines.golden import GoldenDraft, keep_golden
from pipelines.playground import (
    FEWEST_CONTENDERS,
    LONGEST_QUESTION,
    MOST_CONTENDERS,
    MOST_QUESTIONS,
    lines_of,
    play,
)
from pipelines.sides import OWN_WORDS, side_of

LONGEST_NOTE = 40
RANGES: Mapping[str, tuple[type[float] | type[int], float, float]] = {
    "temperature": (float, 0, 2),
    "top_p": (float, 0.01, 1),
    "max_tokens": (int, 1, 8192),
}
LONGEST_MODEL = 200


def playground_section() -> Section:
    ways = (Way("POST", "run", _run), Way("POST", "keep", _keep))
    return Section("playground", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    live = line.prompt.version if line.prompt else OWN_WORDS
    versions = await call.services.prompts.list(line.id)
    names = {str(one.version): _name(one, live, say) for one in versions}
    own = say["pg_own_words"] if live else f"{say['pg_own_words']} · {say['pg_live']}"
    names[str(OWN_WORDS)] = own
    newest = next((number for number in names if number != str(live)), str(live))
    return playground_form(names, [str(live), newest], say)


def _name(version: PromptVersion, live: int, say: Mapping[str, str]) -> str:
    note = version.note if len(version.note) <= LONGEST_NOTE else f"{version.note[:LONGEST_NOTE]}…"
    stands = say["pg_live"] if version.version == live else say[f"pg_status_{version.status}"]
    return " · ".join(filter(None, (f"v{version.version}", stands, note)))


async def _run(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    bad = Spoken(
        say["pg_bad"].format(
            most=MOST_QUESTIONS,
            longest=LONGEST_QUESTION,
            fewest=FEWEST_CONTENDERS,
            contenders=MOST_CONTENDERS,
        )
    )
    questions = _questions(sent.get("questions"), bad)
    asked = sent.get("contenders")
    if not isinstance(asked, list) or not FEWEST_CONTENDERS <= len(asked) <= MOST_CONTENDERS:
        raise bad
    sides = [_side(one, bad) for one in asked]
    try:
        lines = await lines_of(call.services, line, [side_of(line, *side) for side in sides])
    except NotFound:
        raise Spoken(say["pg_gone"]) from None
    request_id = str(getattr(call.request.state, "request_id", "playground"))
    reading = Reading(play(call.services, lines, questions, request_id))
    columns = Columns(call.services, questions, len(lines), call.language)
    return StreamingResponse(
        columns.frames(reading),
        media_type="text/event-stream",
        headers=PRIVATE | {"x-accel-buffering": "no"},
    )


def _questions(given: Any, bad: Spoken) -> Sequence[str]:
    """One a line, each once."""
    lines = str(given or "").splitlines()
    questions = list(dict.fromkeys(stripped for line in lines if (stripped := line.strip())))
    if not 1 <= len(questions) <= MOST_QUESTIONS or any(len(one) > LONGEST_QUESTION for one in questions):
        raise bad
    return questions


def _side(given: Any, bad: Spoken) -> tuple[int, Mapping[str, Any]]:
    """A contender as the form sends it: texts, empty where nothing was chosen."""
    if not isinstance(given, dict):
        raise bad
    try:
        said: dict[str, Any] = {
            name: _number(str(given[name]), *RANGES[name]) for name in RANGES if given.get(name)
        }
        version = int(str(given.get("version", ""))[:9])
    except ValueError:
        raise bad from None
    if model := str(given.get("model") or "").strip():
        said["model"] = model[:LONGEST_MODEL]
    return version, said


def _number(given: str, kind: type[float] | type[int], least: float, most: float) -> float | int:
    """Raises ValueError."""
    number = kind(given[:20])
    if not least <= number <= most:
        raise ValueError("out of range")
    return number


async def _keep(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    facts = [stripped for fact in str(sent.get("facts", "")).splitlines() if (stripped := fact.strip())]
    if not facts:
        raise Spoken(say["pg_no_facts"], param="facts")
    draft = GoldenDraft(
        str(sent.get("question", "")),
        Expected(facts=tuple(facts)),
        reference=str(sent.get("reference", "")),
    )
    try:
        await keep_golden(call.services, line, [draft], call.principal.actor, "playground")
    except InvalidRequest:
        raise Spoken(say["pg_not_kept"]) from None
    return told({"reveal": f'<p class="xq-meta">{text(say["pg_kept"])}</p>', "kept": True})
