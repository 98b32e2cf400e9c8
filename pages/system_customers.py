"""The System tab's section on one customer: what is kept of them in figures, given out as a file, erased for good.

It shows nothing of what a customer wrote, and does not know what is kept where.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from core.access import Right
from core.errors import Forbidden, NotFound, StorageUnavailable
from pages.console_words import words
from pages.knowledge_calls import PRIVATE, Call, Spoken, told
from pages.lists import empty, text
from pages.system_section import Section, Way, labelled
from pipelines.subject import erase_customer, export_customer, kept_of

LONGEST_ID, LONGEST_REASON = 256, 500
FOUND = "xq-customer-found"
COUNTED = ("conversation", "turn", "attachment", "vault", "feedback", "word_hit")
"""Of the tables with something of a customer, those that a person can picture."""


def customers_section() -> Section:
    ways = (
        Way("POST", "find", _find),
        Way("GET", "download", _download),
        Way("POST", "erase", _erase),
    )
    return Section("customers", Right.PRIVACY, _show, ways)


async def _show(call: Call) -> str:
    say = words(call.language)
    if call.principal.line is not None:
        return empty(say["customer_bound"])
    return (
        f'<form class="xq-sys-form" data-post="customers/find" data-into="{FOUND}">'
        + labelled(
            say["customer_id"],
            f'<input type="text" name="customer" required maxlength="{LONGEST_ID}" autocomplete="off" '
            f'autocapitalize="none" spellcheck="false" aria-describedby="xq-customer-hint">',
        )
        + labelled(
            say["customer_reason"],
            f'<input type="text" name="reason" maxlength="{LONGEST_REASON}" autocomplete="off">',
        )
        + f'<button type="submit" class="xq-button xq-primary">{text(say["customer_find"])}</button></form>'
        f'<p class="xq-meta" id="xq-customer-hint">{text(say["customer_id_hint"])}</p>'
        f'<div id="{FOUND}" aria-live="polite"></div>'
    )


async def _find(call: Call) -> Response:
    """What is kept; asked in a body, for an address ends up in logs."""
    customer, reason = _asked(await call.posted(), call)
    try:
        owners, counts = await kept_of(call.services, customer)
    except NotFound:
        raise _none(call) from None
    return told({"reveal": _found(customer, reason, owners, counts, words(call.language))})


def _found(
    customer: str, reason: str, owners: Sequence[str], counts: Mapping[str, int], say: Mapping[str, str]
) -> str:
    figures = "".join(
        f"<div><dt>{text(say[f'kept_{name}'])}</dt><dd>{counts.get(name, 0):,}</dd></div>" for name in COUNTED
    )
    pseudonyms = " ".join(f"<code>{text(owner)}</code>" for owner in owners)
    query = text(urlencode({"customer": customer, "reason": reason}))
    alone = all("~" in owner for owner in owners)
    ask = text(say["customer_erase_ask" if alone else "customer_erase_ask_shared"].format(name=customer))
    return (
        f'<div class="xq-sys-customer"><h4>{text(customer)}</h4><dl>{figures}</dl>'
        f'<p class="xq-meta">{text(say["customer_pseudonyms"])} {pseudonyms}</p><div class="xq-sys-form">'
        f'<a class="xq-button" href="/system/customers/download?{query}" download>{text(say["customer_download"])}</a>'
        f'<button type="button" class="xq-button xq-danger" data-post="customers/erase" '
        f'data-customer="{text(customer)}" data-reason="{text(reason)}" data-ask="{ask}" '
        f'data-yes="{text(say["customer_erase"])}">{text(say["customer_erase"])}</button></div></div>'
    )


async def _download(call: Call) -> Response:
    customer, reason = _asked(call.request.query_params, call)
    try:
        data = await export_customer(call.services, call.principal.actor, customer, reason)
    except NotFound:
        raise _none(call) from None
    headers = {**PRIVATE, "content-disposition": 'attachment; filename="xiaoq-customer.json"'}
    return Response(orjson.dumps(data, option=orjson.OPT_INDENT_2), 200, headers, "application/json")


async def _erase(call: Call) -> Response:
    say = words(call.language)
    customer, reason = _asked(await call.posted(), call)
    try:
        gone = await erase_customer(call.services, call.principal.actor, customer, reason)
    except NotFound:
        raise _none(call) from None
    except StorageUnavailable:
        if await call.services.subjects.owners(customer):
            raise
        raise Spoken(say["customer_erased_here"].format(name=customer)) from None
    what = " · ".join(f"{say[f'kept_{name}']} {gone[name]:,}" for name in COUNTED if gone.get(name))
    said = say["customer_erased" if gone.get("subject") else "customer_erased_shared"]
    return told({"message": said.format(name=customer, what=what), "reload": True})


def _asked(sent: Mapping[str, Any], call: Call) -> tuple[str, str]:
    """The customer and the reason. Raises Forbidden for an operator of one line, Spoken where nobody is named.

    A name that is too long is refused, never cut: the rest of it might be another customer.
    """
    if call.principal.line is not None:
        raise Forbidden("This account belongs to one line; a customer's data is on all of them.")
    customer = str(sent.get("customer", "")).strip()
    if not 0 < len(customer) <= LONGEST_ID:
        raise Spoken(words(call.language)["customer_missing"], param="customer")
    return customer, str(sent.get("reason", "")).strip()[:LONGEST_REASON]


def _none(call: Call) -> Spoken:
    return Spoken(words(call.language)["customer_none"], param="customer")
