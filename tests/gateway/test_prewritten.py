"""An answer written once says what one written anew says, whatever stands in it, with its own ids each time."""

import dataclasses
import time

import orjson
import pytest

from core.events import Finished
from core.messages import Mode, Usage
from gateway.prewritten import Prewritten
from gateway.replies import completion

FINISHED = Finished(
    conversation_id="", turn_id="", mode=Mode.APPROVED, line="shop", language="zh", text="", sources=(), handoff=None,
    timings={"total": 0}, finish_reason="stop", usage=Usage(0, 3), engine="",
)  # fmt: skip


@pytest.mark.parametrize(
    "text", ["打九折", "100 % %b %(a)s %%", "{} {0}", '"\\\n\r\t\0', "chatcmpl-", "😀\u2028"]
)
def test_it_says_what_one_written_anew_says(text: str) -> None:
    answer = dataclasses.replace(FINISHED, text=text)
    written = Prewritten("m%d", answer, stream=False)
    ids = set()
    for number in range(3):
        told = orjson.loads(written.body(b"conv-%d" % number, b"turn-%d" % number))
        ids.add(told.pop("id"))
        assert abs(told.pop("created") - time.time()) < 10
        anew = dataclasses.replace(answer, conversation_id=f"conv-{number}", turn_id=f"turn-{number}")
        expected = orjson.loads(orjson.dumps(completion("m%d", (), anew)))
        assert told == {name: value for name, value in expected.items() if name not in ("id", "created")}
    assert len(ids) == 3
    assert all(one.startswith("chatcmpl-") for one in ids)


def test_all_chunks_of_a_stream_bear_one_id() -> None:
    written = Prewritten("m", dataclasses.replace(FINISHED, text="50 % off"), stream=True)
    lines = [
        line.removeprefix(b"data: ") for line in written.body(b"conv-1", b"turn-1").split(b"\n\n") if line
    ]
    assert lines.pop() == b"[DONE]"
    chunks = [orjson.loads(line) for line in lines]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks) == "50 % off"
    assert [c["xiaoq"]["turn_id"] for c in chunks if "xiaoq" in c] == ["turn-1"]
