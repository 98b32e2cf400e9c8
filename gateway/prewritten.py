"""An answer from memory, written once but for its ids and its moment, which are put into their places each time it is told.

Knows no question and no header.
"""

import re
import secrets
import time
from dataclasses import replace
from operator import itemgetter

import orjson

from core.events import Delta, Finished
from core.ids import unguessable
from gateway.completions import hand_of
from gateway.replies import Chunks, completion

COMPLETION, CONVERSATION, TURN = (f"{unguessable()}-{place}" for place in range(3))
MOMENT = 10**18 + secrets.randbelow(10**18)
"""What stands in the places while it is written: nobody who writes an answer can know them."""
MARKS = [place.encode() for place in (COMPLETION, CONVERSATION, TURN, str(MOMENT))]
_PLACES = re.compile(b"|".join(MARKS))


class Prewritten:
    """The body of `finished`, whose ids do not count, as `model` says it: one object, or a stream of chunks."""

    def __init__(self, model: str, finished: Finished, *, stream: bool) -> None:
        marked = replace(finished, conversation_id=CONVERSATION, turn_id=TURN)
        body = _streamed(model, marked) if stream else _whole(model, marked)
        self._form: bytes = _PLACES.sub(b"%b", body.replace(b"%", b"%%"))
        order = [MARKS.index(place) for place in _PLACES.findall(body)]
        self._in_order = itemgetter(*order)

    def body(self, conversation_id: bytes, turn_id: bytes) -> bytes:
        completion = f"chatcmpl-{unguessable()}".encode()
        values: tuple[bytes, ...] = self._in_order(
            (completion, conversation_id, turn_id, b"%d" % time.time())
        )
        return self._form % values


def _whole(model: str, marked: Finished) -> bytes:
    return orjson.dumps(completion(model, (), marked) | {"id": COMPLETION, "created": MOMENT})


def _streamed(model: str, marked: Finished) -> bytes:
    hand = hand_of(Chunks(model, with_usage=False, id=COMPLETION, created=MOMENT), "")
    return b"".join((*hand.opening, hand.delta(Delta(marked.text)), *hand.ending(marked)))
