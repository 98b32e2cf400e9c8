"""Who looks at the console: whose session it is, and their language, time zone, dark or light.

Knows no sign-in: the guard before the console has found out who it is.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gradio as gr
from starlette.requests import HTTPConnection

from core.access import Principal
from core.errors import Unauthorized
from core.settings import Settings
from pages.customer_language import page_language

# Filled by the browser when the page loads and whenever it is asked again.
READER_JS = """() => Intl.DateTimeFormat().resolvedOptions().timeZone
  + '|' + (document.body.classList.contains('dark') ? 'dark' : 'light')"""


@dataclass(frozen=True, slots=True)
class Reader:
    zone: ZoneInfo
    dark: bool


def principal_of(request: gr.Request | HTTPConnection) -> Principal:
    """Whose request this is, as the guard around the console left it. Raises Unauthorized where there was none."""
    connection = request.request if isinstance(request, gr.Request) else request
    principal = connection.scope.get("principal") if connection else None
    if not isinstance(principal, Principal):
        raise Unauthorized("Sign in to the console first.")
    return principal


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
