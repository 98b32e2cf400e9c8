"""Which business line the Prompts tab is about. Knows none of its sections."""

from core.errors import NotFound
from core.messages import BusinessLine
from pages.knowledge_calls import Call


async def chosen_line(call: Call) -> BusinessLine:
    """The line the tab is about. Raises NotFound, and Forbidden for an account that is bound to another."""
    line_id = call.query("line") or call.principal.line or call.services.settings.default_line
    call.principal.check_line(line_id)
    line = await call.services.lines.get(line_id)
    if line is None:
        raise NotFound("There is no such business line.", param="line")
    return line
