"""The lane's own lane: a plain request with a key, without limits, whose answer lies in memory, told in one go.

It takes the same decisions as the functions of the lane by what they left in memory, and has no error to tell: wherever
one of them would wait, count, refuse or doubt, it gives the request back untouched, and they do all of it.
"""

import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson
import structlog
from starlette.types import Message, Receive, Scope, Send

from core.access import Principal, Right
from core.events import Finished
from core.limits import NO_LIMITS
from core.messages import Question
from core.ports import ApiKey
from gateway.auth import LONGEST_KEY, principal_of_key
from gateway.body import Begun
from gateway.completions import body_at_once
from gateway.edge import Edge, accepted_request_id
from gateway.gate import Gate
from gateway.logs import access
from gateway.metrics import Metrics
from gateway.plain_chat import PlainChat, plain_chat
from gateway.stream import STREAM_HEADERS
from pipelines.services import Services

log = structlog.get_logger()

BEARER = b"Bearer "
LEFT_TO_THE_LANE = frozenset((b"x-forwarded-proto", b"transfer-encoding", b"expect"))
OF_A_WHOLE = ((b"content-type", b"application/json"),)
OF_A_STREAM = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    *((name.lower().encode(), value.encode()) for name, value in STREAM_HEADERS.items()),
)
MOST_KNOWN = 10_000
"""Keys whose callers are kept at hand."""


class Quick:
    """Tells a whole answer, or gives what is left of the request for the lane to read."""

    def __init__(self, services: Services, gate: Gate, metrics: Metrics, edge: Edge, path: str) -> None:
        self._services, self._gate, self._metrics, self._edge, self._path = (
            services,
            gate,
            metrics,
            edge,
            path,
        )
        self._models = frozenset((services.settings.served_model, services.settings.model))
        self._callers: dict[str, tuple[ApiKey, Principal]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """None: it was answered. Else what the lane is to read from."""
        began = time.monotonic()
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        if (principal := self._caller(scope, headers)) is None:
            return receive
        body = Begun(receive)
        if (data := body.at_hand()) is None:
            return body
        try:
            request_id = accepted_request_id(_text(headers.get(b"x-request-id")))
            told = self._told(data, principal, request_id)
        except Exception as error:  # noqa: BLE001 - the lane does all of it again and tells what is to be told
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("quick_answer_failed", error=type(error).__qualname__, where=where)
            return body
        if told is None:
            return body
        known, own, answer = told
        try:
            await self._send(send, scope, request_id, known, own, answer)
        finally:
            self._metrics.requests.labels(self._path, "POST", "200").inc()
            access(request_id, "POST", self._path, 200, round((time.monotonic() - began) * 1000))
        return None

    def _caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Who calls, where their key lies in memory and nothing of theirs is counted."""
        given = headers.get(b"authorization", b"")
        if (
            len(headers) != len(scope["headers"])
            or not given.startswith(BEARER)
            or len(given) > LONGEST_KEY
            or not self._gate.counts_keys_alone
            or not LEFT_TO_THE_LANE.isdisjoint(headers)
            or not self._edge.knows(headers.get(b"host", b""))
        ):
            return None
        key = self._services.keys.at_hand(given[len(BEARER) :].decode("latin-1").strip())
        if key is None or (key.terms.expires_at is not None and key.terms.expires_at <= datetime.now(UTC)):
            return None
        known = self._callers.get(key.id)
        if known is None or known[0] is not key:
            if len(self._callers) >= MOST_KNOWN:
                self._callers.clear()
            known = self._callers[key.id] = (key, principal_of_key(key))
        principal = known[1]
        free = principal.limits is NO_LIMITS and principal.may(Right.ASK)
        return principal if free and (not principal.scopes or "chat" in principal.scopes) else None

    def _told(
        self, data: bytes, principal: Principal, request_id: str
    ) -> tuple[Finished, list[tuple[bytes, bytes]], bytes] | None:
        try:
            chat = plain_chat(orjson.loads(data))
        except orjson.JSONDecodeError:
            return None
        question = None if chat is None else self._question(chat, principal, request_id)
        if chat is None or question is None:
            return None
        known = self._services.answer.at_once(question)
        if known is None:
            return None
        self._services.keys.spend(principal.id, known.usage.total_tokens)
        self._metrics.finished(known)
        model = self._services.settings.served_model
        body = body_at_once(model, known, stream=bool(chat.stream), with_usage=False)
        length = (b"content-length", b"%d" % len(body))
        return known, [length, *(OF_A_STREAM if chat.stream else OF_A_WHOLE)], body

    def _question(self, chat: PlainChat, principal: Principal, request_id: str) -> Question | None:
        """As asking.asked makes it of one message alone."""
        message, metadata = chat.spoken[0], chat.metadata
        if len(chat.spoken) != 1 or chat.model not in self._models or not message.content.strip():
            return None
        named = metadata.line if metadata else None
        if metadata and metadata.conversation_id is not None:
            return None
        line = named or principal.line
        if line is not None and principal.line is not None and line != principal.line:
            return None
        return Question(
            text=message.content,
            owner=principal.owner(chat.user),
            channel="api",
            request_id=request_id,
            line=line,
            sampling=chat.picked,
            customer=chat.user,
            in_one_piece=not chat.stream,
        )

    async def _send(
        self,
        send: Send,
        scope: Scope,
        request_id: str,
        known: Finished,
        own: Sequence[tuple[bytes, bytes]],
        body: bytes,
    ) -> None:
        state = {"request_id": request_id, "conversation_id": known.conversation_id}
        headers = self._edge.dressed(own, state, self._path, https=scope["scheme"] == "https")
        start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
