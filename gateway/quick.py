"""The counter: a plain request with a key, without limits, whose answer lies in memory, told in one go.

It takes the same decisions as the functions of the lane by what they left in memory, and has no error to tell: wherever
one of them would wait, count, refuse or doubt, it does nothing, and they do all of it.
"""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import structlog

from core.access import Principal, Right
from core.limits import NO_LIMITS
from core.messages import Question
from core.ports import ApiKey
from gateway.auth import LONGEST_KEY, principal_of_key
from gateway.edge import Edge, accepted_request_id
from gateway.gate import Gate
from gateway.logs import access
from gateway.manners import Manners
from gateway.metrics import Metrics
from gateway.prewritten import Prewritten
from gateway.short_way import Ask, Headers, Reply, Room
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


@dataclass(slots=True, eq=False)
class _Caller:
    """What one head says, and who its key turned out to be."""

    bearer: str
    request_id: str | None
    https: bool
    at_hand: Callable[[], ApiKey | None] | None = None
    key: ApiKey | None = None
    principal: Principal | None = None
    """None where they may not ask, or something of theirs is counted."""


class _Telling(NamedTuple):
    """What is the same each time that one answer is told."""

    written: Prewritten
    tokens: int
    additions: Sequence[Callable[[], None]]


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
        self._manners = Manners((self._model, services.settings.model))
        self._dress: dict[tuple[bool, bool], bytes] = {}
        self._ours: tuple[Headers, bytes] = ((), b"")

    def __call__(self, headers: Headers, *, https: bool) -> Ask | None:
        """The part of it that the head alone decides."""
        given: Mapping[bytes, bytes] = dict(headers)
        bearer = given.get(b"authorization", b"")
        if (
            len(given) != len(headers)
            or not bearer.startswith(BEARER)
            or len(bearer) > LONGEST_KEY
            or not self._gate.counts_keys_alone
            or not LEFT_TO_THE_LANE.isdisjoint(given)
            or not self._edge.knows(given.get(b"host", b""))
        ):
            return None
        text = bearer[len(BEARER) :].decode("latin-1").strip()
        return partial(self._told, _Caller(text, _text(given.get(OF_THE_REQUEST)), https))

    def _told(self, caller: _Caller, body: bytes, ours: Headers) -> Reply:
        began = time.monotonic()
        try:
            principal = self._principal(caller)
            if principal is None:
                return None
            request_id = accepted_request_id(caller.request_id)
            answer = self._answer(body, principal, request_id)
        except Exception as error:  # noqa: BLE001 - the lane does all of it again and tells what is to be told
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("quick_answer_failed", error=type(error).__qualname__, where=where)
            return None
        if not isinstance(answer, tuple):
            return answer
        told, stream = answer
        telling = self._telling(told, stream=stream)
        self._services.keys.spend(principal.id, telling.tokens)
        for add in telling.additions:
            add()
        reply = self._reply(telling.written, told, request_id, ours, stream=stream, https=caller.https)
        access(request_id, "POST", self._path, 200, round((time.monotonic() - began) * 1000))
        return reply

    def _principal(self, caller: _Caller) -> Principal | None:
        """Who calls, where their key lies in memory and nothing of theirs is counted."""
        if caller.at_hand is None:
            caller.at_hand = self._services.keys.at_hand(caller.bearer)
        key = caller.at_hand()
        if key is None or (key.terms.expires_at is not None and key.terms.expires_at <= datetime.now(UTC)):
            return None
        if key is not caller.key:
            caller.key, caller.principal = key, _uncounted(key)
        return caller.principal

    def _answer(self, body: bytes, principal: Principal, request_id: str) -> tuple[Told, bool] | Room | None:
        """The answer, kept, and whether it is to be streamed; or what to wait for."""
        asked = self._manners.asked(body)
        if asked is None:
            return None
        text, customer, manner = asked
        if principal.line is not None and manner.line is not None and manner.line != principal.line:
            return None
        question = Question(  # as asking.asked makes it of one message alone
            text=text,
            owner=principal.owner(customer),
            channel="api",
            request_id=request_id,
            line=manner.line or principal.line,
            sampling=manner.sampling,
            customer=customer,
            in_one_piece=not manner.stream,
        )
        if (room := self._services.answer.room(question)) is not None:
            return room  # before the answer is looked for: it is looked for again then
        told = self._services.answer.at_once(question)
        return None if told is None else (told, manner.stream)

    def _telling(self, told: Told, *, stream: bool) -> _Telling:
        made: _Telling | None = told.ready.made.get(stream)
        if made is None:
            known = told.ready.finished
            made = told.ready.made[stream] = _Telling(
                Prewritten(self._model, known, stream=stream),
                known.usage.total_tokens,
                [
                    *self._metrics.additions(known),
                    self._metrics.requests.labels(self._path, "POST", "200").inc,
                ],
            )
        return made

    def _reply(
        self, written: Prewritten, told: Told, request_id: str, ours: Headers, *, stream: bool, https: bool
    ) -> bytes:
        conversation_id = told.conversation_id.encode()
        body = written.body(conversation_id, told.turn_id.encode())
        dress = self._dress.get((stream, https))
        if dress is None:
            dress = self._dress[stream, https] = self._dressed(stream=stream, https=https)
        if self._ours[0] is not ours:  # the server makes them anew each second
            self._ours = ours, b"".join([b"%b: %b\r\n" % one for one in ours])
        return b"%b%bcontent-length: %d\r\nx-request-id: %b\r\nx-conversation-id: %b\r\n%b%b" % (
            OK, self._ours[1], len(body), request_id.encode("latin-1"), conversation_id, dress, body,
        )  # fmt: skip

    def _dressed(self, *, stream: bool, https: bool) -> bytes:
        """The headers that are the same each time, with the line that ends them."""
        own = OF_A_STREAM if stream else OF_A_WHOLE
        headers = self._edge.dressed(own, {"request_id": ""}, self._path, https=https)
        lines = [b"%b: %b\r\n" % one for one in headers if one[0] != OF_THE_REQUEST]
        return b"".join((*lines, b"\r\n"))


def _uncounted(key: ApiKey) -> Principal | None:
    """The principal of a key without limits that may ask."""
    principal = principal_of_key(key)
    free = principal.limits is NO_LIMITS and principal.may(Right.ASK)
    return principal if free and (not principal.scopes or "chat" in principal.scopes) else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
