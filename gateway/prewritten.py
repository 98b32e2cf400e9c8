"""An answer from memory, written once but for its ids and its moment, which are put into their places each time it is told.

Knows no question and no header.
"""

import re
import secrets
import time
from dataclasses import replace

import orjson

from core.events import Delta, Finished
from core.ids import unguessable
from gateway.completions import hand_of
from gateway.replies import Chunks, completion

COMPLETION, CONVERSATION, TURN = (f"{unguessable()}-{place}" for place in range(3))
MOMENT = 10**18 + secrets.randbelow(10**18)
"""What stands in the places while it is written: nobody who writes an answer can know them."""
_PLACES = re.compile("|".join((COMPLETION, CONVERSATION, TURN, str(MOMENT))).encode())


class Prewritten:
    """The body of `finished`, whose ids do not count, as `model` says it: one object, or a stream of chunks."""

    def __init__(self, model: str, finished: Finished, *, stream: bool) -> None:
        marked = replace(finished, conversation_id=CONVERSATION, turn_id=TURN)
        body = _streamed(model, marked) if stream else _whole(model, marked)
        self._between = _PLACES.split(body)
        self._places = [place.decode() for place in _PLACES.findall(body)]

    def body(self, conversation_id: str, turn_id: str) -> bytes:
        values = {
            COMPLETION: b"chatcmpl-" + unguessable().encode(),
            CONVERSATION: conversation_id.encode(),
            TURN: turn_id.encode(),
            str(MOMENT): b"%d" % time.time(),
        }
        pieces = [self._between[0]]
        for place, after in zip(self._places, self._between[1:], strict=True):
            pieces += (values[place], after)
        return b"".join(pieces)


def _whole(model: str, marked: Finished) -> bytes:
    return orjson.dumps(completion(model, (), marked) | {"id": COMPLETION, "created": MOMENT})


def _streamed(model: str, marked: Finished) -> bytes:
    hand = hand_of(Chunks(model, with_usage=False, id=COMPLETION, created=MOMENT), "")
    return b"".join((*hand.opening, hand.delta(Delta(marked.text)), *hand.ending(marked)))
