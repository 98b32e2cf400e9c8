"""Which business line the Prompts tab is about, and what lines are called. Knows none of its sections."""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.errors import NotFound
from core.messages import BusinessLine, in_language
from pages.console_words import words
from pages.knowledge_calls import Call


async def chosen_line(call: Call) -> BusinessLine:
    """The line the tab is about. Raises NotFound, and Forbidden for an account that is bound to another."""
    line_id = call.query("line") or call.principal.line or call.services.settings.default_line
    call.principal.check_line(line_id)
    line = await call.services.lines.get(line_id)
    if line is None:
        raise NotFound("There is no such business line.", param="line")
    return line


def line_names(lines: Sequence[BusinessLine], language: str) -> Mapping[str, str]:
    """Lines' names by their ids; where two have the same one, as after a line was imported again, the id beside it."""
    say = words(language)
    names = {line.id: in_language(line.names, language, line.id) for line in lines}
    often = Counter(names.values())
    shown = {}
    for line in lines:
        name = names[line.id]
        notes = [line.id] if often[name] > 1 and name != line.id else []
        notes += [say["line_archived"]] if line.archived else []
        shown[line.id] = say["line_named"].format(name=name, what=say["comma"].join(notes)) if notes else name
    return shown
