"""Versions of a prompt on their way: drafted, changed, put forward, put out of the way. Each act is noted first.

Knows no door and nothing of publishing. A text with a problem is refused with its place, so what is kept can be filled.
"""

from collections.abc import Mapping
from datetime import datetime

from core.errors import NotFound, Unfit
from core.messages import BusinessLine
from core.prompts import Parameters, PromptProblem, PromptStatus, PromptVersion
from core.security import Act
from pipelines.gate import stop_checking
from pipelines.placeholders import LONGEST_TEXT, PLACEHOLDERS, problems_of
from pipelines.profile import starter_texts
from pipelines.redact import public_contacts, redacted_prompt
from pipelines.services import Services

LONGEST_NOTE = 500


class PromptUnfit(Unfit):
    """A prompt that cannot be filled; `problems` are all that is wrong with it, each with its place."""

    code = "prompt_unfit"

    def __init__(self, problems: tuple[PromptProblem, ...]) -> None:
        super().__init__(told(problems[0]), param="texts")
        self.problems = problems
        self.details = [problem_json(problem) for problem in problems]


async def make_draft(
    services: Services,
    line: BusinessLine,
    actor: str,
    *,
    texts: Mapping[str, str] | None = None,
    parameters: Parameters | None = None,
    note: str = "",
    parent: int | None = None,
) -> PromptVersion:
    """A new draft. What is not given is its parent's, and without one XiaoQ's own words. Raises PromptUnfit, NotFound."""
    base = await version_of(services, line, parent) if parent is not None else None
    if texts is None:
        texts = base.texts if base is not None else starter_texts(line)
    if parameters is None:
        parameters = base.parameters if base is not None else Parameters()
    kept, note = _kept(services, line, texts), _clean(services, line, note)
    detail: dict[str, str | int] = {"action": "drafted"} | ({} if parent is None else {"parent": parent})
    await services.audit.note(actor, Act.PROMPT_CHANGED, object=line.id, detail=detail)
    return await services.prompts.add(line.id, kept, parameters, note=note, author=actor, parent=parent)


async def change_draft(
    services: Services,
    line: BusinessLine,
    version: int,
    actor: str,
    *,
    texts: Mapping[str, str] | None = None,
    parameters: Parameters | None = None,
    note: str | None = None,
    read_at: datetime | None = None,
) -> PromptVersion:
    """What is not given stays. `read_at` is the `updated_at` of what the writer saw; None: whatever it is now.

    Raises PromptUnfit, NotFound, and Conflict where it is no draft any more or, with the param `read_at`, was changed since.
    """
    before = await version_of(services, line, version)
    kept = before.texts if texts is None else _kept(services, line, texts)
    note = before.note if note is None else _clean(services, line, note)
    detail: dict[str, str | int] = {"action": "changed", "version": version}
    await services.audit.note(actor, Act.PROMPT_CHANGED, object=line.id, detail=detail)
    chosen = before.parameters if parameters is None else parameters
    return await services.prompts.change(line.id, version, kept, chosen, note, read_at=read_at)


async def put_forward(services: Services, line: BusinessLine, version: int, actor: str) -> PromptVersion:
    """Make a draft a candidate, which stays as it is. Raises NotFound, Conflict."""
    return await _step(services, line, version, actor, "candidate")


async def retire(services: Services, line: BusinessLine, version: int, actor: str) -> PromptVersion:
    """Put a draft or a candidate out of the way; its golden questions are asked no further. Raises NotFound, and Conflict
    for one that was ever live."""
    retired = await _step(services, line, version, actor, "retired")
    await stop_checking(services, line, version)
    return retired


async def version_of(services: Services, line: BusinessLine, version: int) -> PromptVersion:
    """Raises NotFound."""
    found = await services.prompts.get(line.id, version)
    if found is None:
        raise NotFound(f"This line has no version {version} of its prompt.", param="version")
    return found


def check_texts(texts: Mapping[str, str]) -> None:
    """Raises PromptUnfit."""
    if problems := tuple(problems_of(texts)):
        raise PromptUnfit(problems)


def in_its_language(text: str) -> Mapping[str, str]:
    """A prompt that was given as one text, under the language it is written in; it serves every language."""
    return {"zh" if any("一" <= sign <= "鿿" for sign in text) else "en": text}


def told(problem: PromptProblem) -> str:
    """A problem as a sentence, with its place."""
    where = f"line {problem.line}, column {problem.column}"
    if problem.language:
        where += f" of the text '{problem.language}'"
    if problem.code == "unknown_placeholder":
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        return f"There is no placeholder {{{problem.detail['name']}}} ({where}). There are {known}; write {{{{ for a brace."
    if problem.code == "unclosed_placeholder":
        return f"A placeholder begins here and is not closed ({where}). Close it with }}, or write {{{{ for a brace."
    if problem.code == "stray_brace":
        return f"A brace closes nothing ({where}). Write }}}} for a brace."
    if problem.code == "too_long":
        return f"The prompt is longer than {LONGEST_TEXT} characters ({where})."
    return "The prompt is empty; write what XiaoQ is to say and do."


def problem_json(problem: PromptProblem) -> dict[str, str | int]:
    return {
        "code": problem.code,
        "message": told(problem),
        "language": problem.language,
        "start": problem.start,
        "end": problem.end,
        "line": problem.line,
        "column": problem.column,
    }


async def _step(
    services: Services, line: BusinessLine, version: int, actor: str, status: PromptStatus
) -> PromptVersion:
    await version_of(services, line, version)
    detail: dict[str, str | int] = {"action": status, "version": version}
    await services.audit.note(actor, Act.PROMPT_CHANGED, object=line.id, detail=detail)
    return await services.prompts.set_status(line.id, version, status)


def _kept(services: Services, line: BusinessLine, texts: Mapping[str, str]) -> Mapping[str, str]:
    """The texts as they are stored: checked as they were written, then without personal data."""
    written = {language: _plain(text) for language, text in texts.items()}
    check_texts(written)
    return {language: _clean(services, line, text) for language, text in written.items()}


def _clean(services: Services, line: BusinessLine, text: str) -> str:
    return redacted_prompt(_plain(text), public_contacts([line], services.settings.public_contacts))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\x00", "")
