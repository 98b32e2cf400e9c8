"""Business lines in one piece: written to a file, read from one, copied. A line comes with all of it or not at all.

Knows no door: whoever calls has checked the right to manage; whose line it is, is checked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.access import Principal
from core.messages import BusinessLine, without_calibration
from core.security import Act
from core.whole import WholeLine
from pipelines.golden import Clean, cleaned_expected, golden_id
from pipelines.line_file import read_line, write_line
from pipelines.lines import check_bases, check_new, cleaned, line_now, lists_of
from pipelines.redact import public_contacts, redacted_prompt
from pipelines.services import Services


async def export_line(services: Services, principal: Principal, line_id: str) -> str:
    """The line's file, with the words of its lists, its golden questions and its live prompt. Raises NotFound."""
    line = await line_now(services, principal, line_id)
    given = replace(await _with_lists(services, line), golden=await services.golden.list(line_id))
    told = {"action": "exported"}
    await services.audit.note(principal.actor, Act.EXPORTED, object=f"line/{line_id}", detail=told)
    return await write_line(given)


async def import_line(
    services: Services, principal: Principal, data: bytes, line_id: str | None = None
) -> BusinessLine:
    """The new line from a file, its prompt a draft. Raises Unfit with the place of what is wrong, Conflict where the
    line is there already, Forbidden for another line than a manager's own."""
    given = await read_line(data, line_id)
    return await _added(services, principal, given, "imported")


async def copy_line(
    services: Services,
    principal: Principal,
    line_id: str,
    new_id: str,
    names: Mapping[str, str] | None = None,
    *,
    search_original: bool = False,
) -> BusinessLine:
    """A line with the rules, words and persona of another and its live prompt as a draft. Its own base is empty;
    `search_original` lets it search the other's. Raises NotFound, Conflict, Forbidden, InvalidRequest."""
    line = await line_now(services, principal, line_id)
    others = [base for base in line.bases if base != line_id or search_original]
    bases = tuple(dict.fromkeys((new_id, *others, *([line_id] if search_original else []))))
    given = await _with_lists(services, line)
    made = replace(
        without_calibration(line),
        id=new_id,
        bases=bases,
        names=names or line.names,
        archived=False,
        prompt=None,
        trial=None,
    )
    lists = [replace(words, line=new_id) for words in given.word_lists]
    return await _added(
        services, principal, replace(given, line=made, word_lists=lists), "copied", line.bases
    )


async def _with_lists(services: Services, line: BusinessLine) -> WholeLine:
    lists = [await services.words.get(words.id) for words in await lists_of(services, line.id)]
    prompt = line.prompt
    if prompt is None:
        return WholeLine(line, word_lists=lists)
    return WholeLine(line, prompt.texts, prompt.parameters, prompt.note, lists)


async def _added(
    services: Services,
    principal: Principal,
    given: WholeLine,
    action: str,
    bases: Sequence[str] = (),
) -> BusinessLine:
    await check_new(services, principal, given.line.id)
    line = cleaned(given.line)
    check_bases(principal, line, bases)
    public = public_contacts([line], services.settings.public_contacts)
    clean = Clean(public)
    golden = [
        replace(
            one,
            question=(question := clean(one.question)),
            id=golden_id(line.id, question),
            expected=cleaned_expected(one.expected, clean),
            reference=clean(one.reference),
            text=clean(one.text),
            author=principal.actor,
        )
        for one in given.golden
    ]
    texts = {language: redacted_prompt(text, public) for language, text in given.texts.items()}
    lists = await services.words.newly(given.word_lists)
    unique = {one.id: one for one in golden}  # two that differed by personal data alone
    told: dict[str, str | int] = {"action": action, "lists": len(lists), "golden": len(golden)}
    await services.audit.note(principal.actor, Act.LINE_CHANGED, object=line.id, detail=told)
    made = replace(given, line=line, texts=texts, word_lists=lists, golden=[*unique.values()])
    await services.whole_lines.add(made, principal.actor)
    await services.words.live.refresh()
    return await line_now(services, principal, line.id)
