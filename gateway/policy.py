"""The headers that tell browsers what a page may do: content policies, and who may use an answer.

It knows which pages there are, not what is on them.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

EMBEDDABLE = ("/chat", "/widget.js", "/static/customer/")
"""What other sites show in a frame or load: the customer's page and the widget."""
PRIVATE = ("/api/", "/v1/")
"""Answers that no cache may keep."""
_INLINE = re.compile(r"<(script|style)([^>]*)>(.*?)</\1>", re.DOTALL)
YEAR = 365 * 24 * 60 * 60
NOTHING = "'none'"
_NO_DEVICES = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"


def answer_policy(framed_by: str) -> str:
    """For what is no page: nothing is loaded, nothing runs."""
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {framed_by}"


def page_policy(page: str, framed_by: str) -> str:
    """For a page of our own: its own inline style and script, known by their digests, and nothing else."""
    found: dict[str, list[str]] = {"script": [], "style": []}
    for kind, attributes, content in _INLINE.findall(page):
        if "src=" not in attributes:
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            found[kind].append(f"'sha256-{digest}'")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(found['script']) or NOTHING}",
            f"style-src {' '.join(found['style']) or NOTHING}",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {framed_by}",
        )
    )


def console_policy(framed_by: str) -> str:
    """For Gradio's page: what it was seen to need. It makes functions of strings for its events, and inlines scripts
    and styles."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {framed_by}",
        )
    )


@lru_cache(1000)
def kind_of(path: str) -> str:
    """A path that stands for all that have the same headers: there are three kinds of them."""
    return next((begin for begin in (*EMBEDDABLE, *PRIVATE) if path.startswith(begin)), "/")


def browser_headers(path: str, framed_by: str, *, https: bool) -> Mapping[str, str]:
    """What every answer carries unless its route says otherwise."""
    embeddable = path.startswith(EMBEDDABLE)
    headers = {
        "x-content-type-options": "nosniff",
        # Not `no-referrer`: it makes browsers send `Origin: null` with our own forms.
        "referrer-policy": "same-origin",
        "permissions-policy": _NO_DEVICES,
        "cross-origin-resource-policy": "cross-origin" if embeddable else "same-origin",
        "content-security-policy": answer_policy("*" if embeddable else framed_by),
    }
    if not embeddable:
        headers["cross-origin-opener-policy"] = "same-origin"
    if https:
        headers["strict-transport-security"] = f"max-age={YEAR}"
    if path.startswith(PRIVATE):
        headers["cache-control"] = "no-store"
    return headers
