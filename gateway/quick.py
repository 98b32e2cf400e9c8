"""The counter: a plain request with a key, without limits, whose answer lies in memory, told in one go.

It takes the same decisions as the functions of the lane by what they left in memory, and has no error to tell: wherever
one of them would wait, count, refuse or doubt, it does nothing, and they do all of it.
"""

import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
import structlog

from core.access import Principal, Right
from core.limits import NO_LIMITS
from core.messages import Question
from core.ports import ApiKey
from gateway.auth import LONGEST_KEY, principal_of_key
from gateway.edge import Edge, accepted_request_id
from gateway.gate import Gate
from gateway.logs import access
from gateway.metrics import Metrics
from gateway.plain_chat import PlainChat, plain_chat
from gateway.prewritten import Prewritten
from gateway.short_way import Headers, Reply, Room
from gateway.stream import STREAM_HEADERS
from pipelines.at_once import Told
from pipelines.services import Services

log = structlog.get_logger()

OK = b"HTTP/1.1 200 OK\r\n"
BEARER = b"Bearer "
LEFT_TO_THE_LANE = frozenset((b"x-forwarded-proto", b"transfer-encoding", b"expect"))
OF_A_WHOLE = ((b"content-type", b"application/json"),)
OF_A_STREAM = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    *((name.lower().encode(), value.encode()) for name, value in STREAM_HEADERS.items()),
)
OF_THE_REQUEST = b"x-request-id"
MOST_KNOWN = 10_000
"""Keys whose callers are kept at hand."""


class Quick:
    """gateway.short_way.Counter over the services; `path` is what the log and the metrics call it."""

    def __init__(self, services: Services, gate: Gate, metrics: Metrics, edge: Edge, path: str) -> None:
        self._services, self._gate, self._metrics, self._edge, self._path = (
            services,
            gate,
            metrics,
            edge,
            path,
        )
        self._model = services.settings.served_model
        self._models = frozenset((self._model, services.settings.model))
        self._callers: dict[str, tuple[ApiKey, Principal]] = {}
        self._dress: dict[tuple[bool, bool], bytes] = {}

    def __call__(self, headers: Headers, body: bytes, ours: Headers, *, https: bool) -> Reply:
        began = time.monotonic()
        try:
            given: Mapping[bytes, bytes] = dict(headers)
            if len(given) != len(headers) or (principal := self._caller(given)) is None:
                return None
            request_id = accepted_request_id(_text(given.get(b"x-request-id")))
            answer = self._answer(body, principal, request_id)
        except Exception as error:  # noqa: BLE001 - the lane does all of it again and tells what is to be told
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("quick_answer_failed", error=type(error).__qualname__, where=where)
            return None
        if not isinstance(answer, tuple):
            return answer
        told, stream = answer
        reply = self._reply(told, request_id, ours, stream=stream, https=https)
        self._metrics.requests.labels(self._path, "POST", "200").inc()
        access(request_id, "POST", self._path, 200, round((time.monotonic() - began) * 1000))
        return reply

    def _caller(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Who calls, where their key lies in memory and nothing of theirs is counted."""
        given = headers.get(b"authorization", b"")
        if (
            not given.startswith(BEARER)
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

    def _answer(self, body: bytes, principal: Principal, request_id: str) -> tuple[Told, bool] | Room | None:
        """The answer, kept and counted, and whether it is to be streamed; or what to wait for."""
        try:
            chat = plain_chat(orjson.loads(body))
        except orjson.JSONDecodeError:
            return None
        question = None if chat is None else self._question(chat, principal, request_id)
        if chat is None or question is None:
            return None
        if (room := self._services.answer.room(question)) is not None:
            return room  # before the answer is looked for: it is looked for again then
        told = self._services.answer.at_once(question)
        if told is None:
            return None
        known = told.ready.finished
        self._services.keys.spend(principal.id, known.usage.total_tokens)
        self._metrics.finished(known)
        return told, bool(chat.stream)

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

    def _reply(self, told: Told, request_id: str, ours: Headers, *, stream: bool, https: bool) -> bytes:
        written = told.ready.made.get(stream)
        if written is None:
            written = told.ready.made[stream] = Prewritten(self._model, told.ready.finished, stream=stream)
        body: bytes = written.body(told.conversation_id, told.turn_id)
        dress = self._dress.get((stream, https))
        if dress is None:
            dress = self._dress[stream, https] = self._dressed(stream=stream, https=https)
        return b"".join((
            OK,
            *[b"%b: %b\r\n" % one for one in ours],
            b"content-length: %d\r\nx-request-id: %b\r\nx-conversation-id: %b\r\n"
            % (len(body), request_id.encode("latin-1"), told.conversation_id.encode()),
            dress,
            body,
        ))  # fmt: skip

    def _dressed(self, *, stream: bool, https: bool) -> bytes:
        """The headers that are the same each time, with the line that ends them."""
        own = OF_A_STREAM if stream else OF_A_WHOLE
        headers = self._edge.dressed(own, {"request_id": ""}, self._path, https=https)
        lines = [b"%b: %b\r\n" % one for one in headers if one[0] != OF_THE_REQUEST]
        return b"".join((*lines, b"\r\n"))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
