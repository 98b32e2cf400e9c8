"""What a manager does to business lines: made, changed, archived, with a trace in the audit.

Knows no door: whoever calls has checked the right to manage; whose line it is, is checked here.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.access import Principal
from core.documents import SHARED_BASE
from core.errors import Conflict, Forbidden, NotFound
from core.line_changes import LineChange, changed
from core.line_fields import NewLine
from core.messages import BusinessLine
from core.security import Act
from core.words import WordList
from pipelines.line_ids import check_id
from pipelines.redact import public_contacts, redacted_prompt, without_personal_data
from pipelines.services import Services


async def make_line(services: Services, principal: Principal, fields: NewLine) -> BusinessLine:
    """Raises InvalidRequest for an id of our own, Conflict for one that is there, Forbidden for another's."""
    await check_new(services, principal, fields.id)
    line = cleaned(fields.line())
    check_bases(principal, line, ())
    await services.audit.note(principal.actor, Act.LINE_CHANGED, object=line.id, detail={"action": "made"})
    await services.lines.put(line)
    return await line_now(services, principal, line.id)


async def change_line(
    services: Services, principal: Principal, line_id: str, change: LineChange
) -> BusinessLine:
    """Raises NotFound, Forbidden, Conflict where the line is not in the version that the change was made on or is the
    default one and would be archived, and pydantic's ValidationError where its fields would not go together."""
    line = await line_now(services, principal, line_id)
    if "version" in change.model_fields_set and change.version != line.version:
        raise Conflict(
            "The line was changed meanwhile; read it again and repeat your change.", param="version"
        )
    made = cleaned(changed(line, change))
    if made.archived and not line.archived and is_default(services, line):
        raise Conflict(
            f"'{line_id}' answers whoever names no line; set XIAOQ_DEFAULT_LINE to another one before you archive it.",
            param="archived",
        )
    check_bases(principal, made, line.bases)
    told = {"action": "changed", "fields": ", ".join(change.fields)}
    await services.audit.note(principal.actor, Act.LINE_CHANGED, object=line_id, detail=told)
    await services.lines.put(made)
    return await line_now(services, principal, line_id)


def is_default(services: Services, line: BusinessLine) -> bool:
    """Whether the line answers those who name none."""
    return line.id == services.settings.default_line


async def line_now(services: Services, principal: Principal, line_id: str) -> BusinessLine:
    """The line as the database has it: what is known of it for a second may be older. Raises NotFound, Forbidden."""
    principal.check_line(line_id)
    found = next((line for line in await services.lines.all() if line.id == line_id), None)
    if found is None:
        raise NotFound(f"There is no business line '{line_id[:64]}'.", param="line")
    return found


async def check_new(services: Services, principal: Principal, line_id: str) -> None:
    """Raises as `make_line` does."""
    principal.check_line(line_id)
    check_id(line_id, services.settings)
    if any(line.id == line_id for line in await services.lines.all()):
        raise Conflict(
            f"There is a business line '{line_id}' already; change that one, or choose another id.",
            param="id",
        )


def check_bases(principal: Principal, line: BusinessLine, before: Sequence[str]) -> None:
    """Raises Forbidden where a manager of one line would let it search another's knowledge."""
    new = set(line.bases) - {line.id, SHARED_BASE, *before}
    if principal.line is not None and new:
        raise Forbidden(
            f"This account belongs to the line '{principal.line}'; it cannot add other bases.", param="bases"
        )


async def lists_of(services: Services, line_id: str) -> list[WordList]:
    """The lists of words that are bound to the line, without their words."""
    return [words for words in await services.words.lists() if words.line == line_id]


def cleaned(line: BusinessLine) -> BusinessLine:
    """The line without anybody's personal data in what a model or a matcher reads; its own contacts stay."""
    public = public_contacts([line], "")

    def clean(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(redacted_prompt(text, public) for text in texts)

    return replace(
        without_personal_data(line),
        suggestions={language: clean(some) for language, some in line.suggestions.items()},
        glossary=clean(line.glossary),
        handoff=replace(line.handoff, words=clean(line.handoff.words)),
    )
