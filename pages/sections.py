"""A tab made of sections: its frame, the routes of its sections, and what their HTML can do.

Knows no section. The System and the Prompts tab are made of them.

`static/console/sections.js` acts on attributes in the HTML, so that a section needs no script of its own:

- `<form data-post="NAME/way">` sends its fields as a JSON object; a repeated field is a list; with
  `data-into="ID"` what it reveals is shown in the element of that id, which is emptied first;
- `<button data-post="NAME/way" data-id="…" data-ask="Sure?" data-yes="Revoke">` asks, then sends `{"id": …}`;
- `data-get="NAME/way" data-into="ID"` on a form or a button fetches a fragment into the element of that id, a form's
  fields (or the button's `data-query`) as the query;
- `<div data-refresh="NAME/way?…" data-every="1000">` is fetched anew and replaced, as long as what comes still asks for it;
  where what comes holds an element with `data-reload`, the section is shown anew unless somebody writes in it, and what
  stands in the attribute is said above;
- `data-folds="yes"` beside `data-get` on a button: a second press puts away what the first one fetched;
- `<form data-post="…" data-unsaved="…">` is asked about before the tab shows something else, or itself anew, while it holds
  what was not saved; the sentence stands in its `data-into` meanwhile;
- `data-stays="yes"` beside it: sending the form shows nothing anew, so the others need not be asked about;
- `<button data-section="NAME" data-report="ID">` shows another section, there the report of that id;
- `<details data-get="NAME/way" data-query="…" data-into="ID">` fetches what is folded away when it is first opened;
- `<button data-insert="…">` in a form puts a text where the cursor was, `<button data-mark="FIELD:start:end">` selects
  characters of the form's field;
- `<form data-file="NAME/way">` sends the one file it holds as the body (`pages.knowledge_calls.sent_file`), its other
  fields as the query; what is to be saved is a plain `<a href="/TAB/NAME/way" download>`.

A POST answers with `told({...})`: `message` is said above the section, `reveal` is HTML shown there until the next
press, `reload: True` shows the section anew, `open: ID` unfolds what is around an element of it, `replace: {ID: HTML}`
puts HTML in the place of elements, `line` makes the tab be about that business line, `kept: True` says that the form's
content is saved. An error's sentence appears in the form or above the section; raise
`pages.knowledge_calls.Spoken` for one in the reader's own words, with `param` beneath the field of that name.
"""

from collections.abc import Awaitable, Callable, Sequence

import orjson
from starlette.responses import Response
from starlette.routing import Route

from core.access import Principal
from core.errors import NotFound
from pages.console_words import words
from pages.knowledge_calls import Call, endpoint, fragment
from pages.lists import text
from pages.system_section import Section
from pipelines.services import Services

FILL_JS = "window.xiaoqSections(element);"
SPOKEN = (
    "cancel", "error_internal_error", "copy", "copied", "leave", "leave_unsaved", "go_on", "lose_unsaved", "sign_in",
    "signed_out", "unreached",
)  # fmt: skip
"""Words that the script says itself."""

Head = Callable[[Call], Awaitable[str]]
"""What stands above the list of sections."""


def place_of(tab: str) -> str:
    """Where the script puts the tab."""
    unreached = "".join(
        f' data-unreached-{language}="{text(words(language)["unreached"])}"' for language in ("zh", "en")
    )
    return f'<div class="xq-sys-root" data-tab="{tab}"{unreached} aria-busy="true"></div>'


def routes_of(
    tab: str, services: Services, sections: Sequence[Section], head: Head | None = None
) -> list[Route]:
    """The routes under `/TAB`; what they say is found under `TAB_NAME` in the words."""
    routes = [Route(f"/{tab}/frame", endpoint(services, None, _framing(tab, sections, head)))]
    for section in sections:
        shown = endpoint(services, section.right, _showing(tab, section))
        routes.append(Route(f"/{tab}/{section.name}", shown))
        routes += [
            Route(
                f"/{tab}/{section.name}/{way.name}",
                endpoint(services, way.right or section.right, way.action),
                methods=[way.method],
            )
            for way in section.ways
        ]
    return routes


def _framing(
    tab: str, sections: Sequence[Section], head: Head | None
) -> Callable[[Call], Awaitable[Response]]:
    async def frame(call: Call) -> Response:
        """The tab's list of sections, those of the reader's role."""
        mine = allowed(sections, call.principal)
        if not mine:
            raise NotFound("Your role has no part of this page.")
        say = words(call.language)
        items = "".join(
            f'<li><button type="button" data-section="{section.name}">{text(say[f"{tab}_{section.name}"])}</button></li>'
            for section in mine
        )
        spoken = orjson.dumps({key: say[key] for key in SPOKEN}).decode()
        above = await head(call) if head else ""
        return fragment(
            f'<div class="xq-kb xq-sys" data-words="{text(spoken)}"><nav aria-label="{text(say[f"tab_{tab}"])}">{above}<ul>{items}</ul></nav>'
            '<div class="xq-sys-main"><div class="xq-sys-said" aria-live="polite"></div>'
            '<section class="xq-sys-section" tabindex="-1"></section></div></div>'
        )

    return frame


def _showing(tab: str, section: Section) -> Callable[[Call], Awaitable[Response]]:
    async def show(call: Call) -> Response:
        say = words(call.language)
        title, purpose = say[f"{tab}_{section.name}"], say[f"{tab}_{section.name}_purpose"]
        body = await section.show(call)
        return fragment(f'<h3>{text(title)}</h3><p class="xq-meta">{text(purpose)}</p>{body}')

    return show


def allowed(sections: Sequence[Section], principal: Principal) -> Sequence[Section]:
    return [section for section in sections if principal.may(section.right)]
