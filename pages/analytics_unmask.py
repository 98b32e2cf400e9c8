"""A transcript's head: whose it is, and the way to what was masked, for who may and says why.

Knows no Gradio. What an event shows, Gradio keeps on the server for as long as the session lasts: so the original
comes over a route, and static/console/analytics.js takes it off the page again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from core.access import Principal, Right
from core.errors import StorageDamaged
from core.messages import StoredTurn
from core.vault import PLACEHOLDER
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, endpoint, fragment
from pages.lists import text, transcript
from pipelines.audited import LONGEST_REASON, SHORTEST_REASON, unmask_conversation
from pipelines.services import Services


def unmask_routes(services: Services) -> list[Route]:
    """Mount them inside the console's guard."""
    return [Route("/analytics/unmask", endpoint(services, Right.UNMASK, _unmask), methods=["POST"])]


async def transcript_head(
    services: Services, turns: Sequence[StoredTurn], principal: Principal, language: str
) -> str:
    """Whose the conversation is, by pseudonym; what may be done about it stands there for who may."""
    say = words(language)
    owner = await services.transcripts.owner(turns[0].id) or ""
    customer = "~" in owner
    label = say["transcript_customer" if customer else "transcript_asker"]
    shown = f'<p><span class="xq-meta">{text(label)}</span> <code>{text(owner)}</code></p>'
    # Who is bound to one line may not touch a customer's data, which lies on all of them.
    if customer and principal.may(Right.PRIVACY) and principal.line is None:
        shown += f'<p class="xq-meta">{text(say["transcript_rights"])}</p>'
    if principal.may(Right.UNMASK) and await _masked_in(services, turns, owner):
        shown += _form(turns[0].conversation_id, say)
    return f'<header class="xq-transcript-head">{shown}</header>'


async def _masked_in(services: Services, turns: Sequence[StoredTurn], owner: str) -> bool:
    """Whether there is an original to show: a model may also write a placeholder that nothing stands behind."""
    if any(PLACEHOLDER.search(f"{turn.question} {turn.feedback_comment or ''}") for turn in turns):
        return True
    if not any(PLACEHOLDER.search(turn.record.answer) for turn in turns):
        return False
    try:
        return bool(await services.log.vault(turns[0].conversation_id, owner))
    except StorageDamaged:
        return True


async def _unmask(call: Call) -> Response:
    """The conversation in the customer's own words; who asked for it and why is in the audit by then."""
    sent = await call.posted()
    reason = _reason(sent, call.language)
    turns = await unmask_conversation(
        call.services, call.principal.actor, str(sent.get("conversation")), reason, call.principal.line
    )
    say = words(call.language)
    head = (
        '<header class="xq-transcript-head xq-banner" tabindex="-1">'
        f"<span><strong>{text(say['unmask_shown'])}</strong></span>"
        f'<button type="button" class="xq-button" data-mask>{text(say["unmask_back"])}</button></header>'
    )
    return fragment(transcript(turns, call.zone, call.language, head))


def _reason(sent: Mapping[str, Any], language: str) -> str:
    """Raises Spoken where it is none."""
    given = sent.get("reason")
    reason = given.strip() if isinstance(given, str) else ""
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Spoken(words(language)["unmask_reason_unfit"], param="reason")
    return reason


def _form(conversation_id: str, say: Mapping[str, str]) -> str:
    """Left to the server to validate: the browser would speak its own language, and count spaces."""
    return (
        f'<details class="xq-unmask"><summary>{text(say["unmask"])}</summary>'
        f'<form novalidate data-conversation="{text(conversation_id)}" data-failed="{text(say["error_internal_error"])}">'
        f'<label class="xq-field"><span>{text(say["unmask_why"])}</span>'
        f'<input type="text" name="reason" required maxlength="{LONGEST_REASON}" autocomplete="off" '
        'aria-describedby="xq-unmask-hint xq-unmask-said"></label>'
        f'<button type="submit" class="xq-button xq-primary">{text(say["unmask"])}</button>'
        f'<p class="xq-meta" id="xq-unmask-hint">{text(say["unmask_hint"])}</p>'
        '<p class="xq-error" id="xq-unmask-said" role="alert"></p></form></details>'
    )
