"""Who looks at the console, as far as the page must know: language, time zone, dark or light.

Knows nothing of rights: the guard before the console has checked them.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gradio as gr

from core.settings import Settings
from pages.customer_language import page_language

OWNER = "console:operator"
"""Whose conversations the Chat tab holds: the one operator there is."""

# Filled by the browser when the page loads and whenever it is asked again.
READER_JS = """() => Intl.DateTimeFormat().resolvedOptions().timeZone
  + '|' + (document.body.classList.contains('dark') ? 'dark' : 'light')"""


@dataclass(frozen=True, slots=True)
class Reader:
    zone: ZoneInfo
    dark: bool


def reader_of(told: str | None) -> Reader:
    """What READER_JS told; a zone that is not known reads as UTC."""
    name, _, theme = (told or "").partition("|")
    try:
        zone = ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return Reader(zone, theme == "dark")


def language_of(request: gr.Request, settings: Settings) -> str:
    """The language in which to write to this reader: `zh` or `en`."""
    return page_language(request.request, settings.ui_language) if request.request else "en"
