"""What a stream's pieces amount to when the answer is wanted whole."""

from typing import Any

from core.events import Delta, Finished
from core.messages import Mode, Usage
from gateway.replies import Chunks, completion


def finished(text: str, reason: str) -> Finished:
    return Finished(
        "conv-1",
        "turn-1",
        Mode.GENERATED,
        "shop",
        "en",
        text,
        (),
        None,
        {"total": 5},
        reason,
        Usage(3, 4),
        "vllm",
    )


def call(index: int, arguments: str, **named: Any) -> Delta:
    function = {"arguments": arguments, **({"name": named["name"]} if named else {})}
    first = {"id": f"call_{index}", "type": "function"} if named else {}
    return Delta("", {"tool_calls": [{"index": index, **first, "function": function}]})


def test_tool_calls_are_put_together_by_index() -> None:
    deltas = [
        call(0, "", name="track"),
        call(1, "{", name="refund"),
        call(0, '{"id":'),
        call(0, " 1}"),
        call(1, "}"),
    ]
    choice = completion("m", deltas, finished("", "tool_calls"))["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert [(one["id"], one["function"]) for one in choice["message"]["tool_calls"]] == [
        ("call_0", {"name": "track", "arguments": '{"id": 1}'}),
        ("call_1", {"name": "refund", "arguments": "{}"}),
    ]


def test_a_streamed_call_keeps_its_pieces() -> None:
    delta = call(0, "{}", name="track")
    chunk = Chunks("m", with_usage=False).delta(delta)
    assert chunk["choices"][0]["delta"] == delta.extra
    assert "usage" not in chunk


def test_log_probabilities_are_joined() -> None:
    token = {"token": "a", "logprob": -0.1}
    deltas = [Delta("a", logprobs={"content": [token]}), Delta("b", logprobs={"content": [token]})]
    choice = completion("m", deltas, finished("ab", "stop"))["choices"][0]
    assert choice["logprobs"] == {"content": [token, token], "refusal": None}
    assert choice["message"] == {"role": "assistant", "content": "ab", "refusal": None}
