"""How the console's events are wired: the right each needs, limits, privacy, and the scripts that carry a press.

Every handler goes through `needs`; tests/gateway/test_matrix.py finds one that does not.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from core.access import Right
from core.errors import XiaoQError
from pages.bubbles import error_sentence
from pages.customer_language import page_language
from pages.reader import principal_of

CLICKS_AT_ONCE = 16
"""Gradio's own default is one at a time, for all visitors together."""

# A list's buttons carry `data-value`; a press reaches Python as a select event.
PRESS_JS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-value]');
  if (button) trigger('select', {index: 0, value: button.dataset.value, selected: true});
});"""
DOWNLOAD_JS = "(file) => { window.xiaoqDownload(file); }"
"""Saves what a hidden download button holds, which is its input (static/console/console.js)."""


def needs(right: Right | None, handler: Callable[..., Any], *, quiet: bool = False) -> Callable[..., Any]:
    """The handler, run only for those who have the right; the others read a calm sentence, or nothing if `quiet`.

    None is for what whoever got past the guard may do. The handler takes a `gr.Request`. Raises TypeError where it does not, or is not asynchronous.
    """
    takes_request = any(hint is gr.Request for hint in inspect.get_annotations(handler).values())
    if not takes_request:
        raise TypeError(f"{handler.__name__} takes no gr.Request: nobody could tell who presses.")
    guarded: Callable[..., Any]
    if inspect.isasyncgenfunction(handler):

        @functools.wraps(handler)
        async def stream(*given: Any) -> AsyncGenerator[Any]:
            with _told(given):
                _check(right, given)
                async for update in handler(*given):
                    yield update

        guarded = stream
    elif inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def once(*given: Any) -> Any:
            with _told(given):
                if quiet and right and not principal_of(_request(given)).may(right):
                    return gr.skip()
                _check(right, given)
                return await handler(*given)

        guarded = once
    else:
        raise TypeError(f"{handler.__name__} is not asynchronous.")
    guarded.__dict__["right"] = right
    return guarded


def _check(right: Right | None, given: tuple[Any, ...]) -> None:
    """Raises Unauthorized and Forbidden."""
    principal = principal_of(_request(given))
    if right is not None:
        principal.check(right)


@contextmanager
def _told(given: tuple[Any, ...]) -> Iterator[None]:
    """Errors with a known cause as Gradio shows them beside the page, in the reader's language."""
    try:
        yield
    except XiaoQError as error:
        request = _request(given).request
        language = page_language(request, "auto") if request else "en"
        raise gr.Error(error_sentence(error.code, language), print_exception=False) from None


def _request(given: tuple[Any, ...]) -> gr.Request:
    return next(each for each in given if isinstance(each, gr.Request))


def clicking() -> dict[str, Any]:
    """The options of an event that ends soon. Private: the console's events are no API."""
    return {"concurrency_limit": CLICKS_AT_ONCE, "api_visibility": "private", "show_progress": "hidden"}
