"""Reads what the customer's page posts: from our own page only, JSON only, and no more than it may send.

Knows the shape of a request and nothing of what is done with it.
"""

from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from core.errors import Forbidden, InvalidRequest, TooLarge

MAX_BODY_BYTES = 64 * 1024
MAX_QUESTION = 4000
"""In characters."""
MAX_COMMENT = 1000


class QuestionTooLong(TooLarge):
    code: ClassVar[str] = "question_too_long"


class QuestionEmpty(InvalidRequest):
    code: ClassVar[str] = "question_empty"


class _Posted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(_Posted):
    text: str
    line: str | None = Field(None, max_length=64)
    conversation_id: str | None = Field(None, max_length=64)
    replaces: str | None = Field(None, max_length=64)

    def question(self) -> str:
        """The text to answer. Raises QuestionEmpty or QuestionTooLong."""
        text = self.text.strip()
        if not text:
            raise QuestionEmpty("Write a question first.", param="text")
        if len(text) > MAX_QUESTION:
            raise QuestionTooLong(f"A question may have {MAX_QUESTION} characters.", param="text")
        return text


class Rated(_Posted):
    turn_id: str = Field(max_length=64)
    score: int = Field(ge=-1, le=1)
    comment: str = Field("", max_length=MAX_COMMENT)


class Forgotten(_Posted):
    conversation_id: str = Field(max_length=64)


class Detached(_Posted):
    conversation_id: str = Field(max_length=64)
    attachment_id: str = Field(max_length=64)


P = TypeVar("P", bound=_Posted)


async def read_posted(request: Request, shape: type[P]) -> P:
    """The request's body as `shape`. Raises Forbidden, InvalidRequest or TooLarge."""
    check_own_page(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise InvalidRequest("Send JSON with the content type application/json.")
    body = await _limited_body(request)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"]) or None
        raise InvalidRequest("The request does not have the expected fields.", param=field) from None


async def _limited_body(request: Request) -> bytes:
    # Counted while reading: a chunked body announces no length and could grow without end.
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"A request may have {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def check_own_page(request: Request) -> None:
    """Refuse a request that another site's page makes in the visitor's name.

    Every browser of today sends one of the two headers with a POST; what sends neither is no browser page.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        allowed = site == "same-origin"
    else:
        allowed = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    if not allowed:
        raise Forbidden("Only XiaoQ's own page may do this.")
