"""The files of the customer's page: the page itself filled in, its style and script, the widget.

Knows nothing of conversations. Files are read once; an address with a file's hash may be cached forever.
"""

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import NotFound
from pages.customer_language import Language

_FOLDER = Path(__file__).parent / "static" / "customer"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {embedders}"
)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    hash: str


class Assets:
    """`embedders` is a CSP source list: the sites that may show the page in a frame, as the widget does."""

    def __init__(self, embedders: str = "*") -> None:
        self._files = {
            path.name: _File(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])
            for path in sorted(_FOLDER.iterdir())
            if path.suffix in _TYPES
            for content in (path.read_bytes(),)
        }
        self._templates = {path.stem: path.read_text("utf-8") for path in _FOLDER.glob("*.html")}
        self._headers = {
            "content-security-policy": _POLICY.format(embedders=embedders),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
            "cache-control": "no-store",
        }

    def page(
        self,
        name: str,
        language: Language,
        words: Mapping[str, str],
        slots: Mapping[str, str],
        status: int = 200,
    ) -> HTMLResponse:
        """A page with its slots filled: `{{word_…}}`, `{{asset_…}}` and those of `slots`, all escaped."""
        values = {
            "lang": "zh-CN" if language == "zh" else "en",
            **{f"word_{key}": value for key, value in words.items()},
            **{f"asset_{_slot_name(file)}": self._address(file) for file in self._files},
            **slots,
        }
        filled = _SLOT.sub(lambda slot: html.escape(values[slot[1]]), self._templates[name])
        # The words also go to the script, in a block of data the browser never runs.
        data = orjson.dumps(dict(words)).decode().replace("<", "\\u003c")
        return HTMLResponse(filled.replace("<!-- words -->", data), status, self._headers)

    def file(self, name: str, request: Request) -> Response:
        """One file, or 304 where the browser has it. Raises NotFound."""
        found = self._files.get(name)
        if found is None:
            raise NotFound("There is no such file.")
        forever = request.query_params.get("v") == found.hash
        headers = {
            "etag": f'"{found.hash}"',
            "cache-control": "public, max-age=31536000, immutable" if forever else "public, max-age=300",
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers=headers, media_type=found.media_type)

    def _address(self, name: str) -> str:
        # Relative, so that the page also works below a path of a proxy.
        return f"static/customer/{name}?v={self._files[name].hash}"


def _slot_name(file: str) -> str:
    return file.replace(".", "_").replace("-", "_")
