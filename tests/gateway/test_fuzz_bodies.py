"""Bodies of any shape: taken, or refused by name in the envelope of their door; never a 500, never a stall."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import attempts

ROUTES = ("/v1/chat/completions", "/v1/responses", "/v1/completions", "/v1/embeddings", "/api/lines", "/api/lines/shop/search", "/api/feedback",
          "/api/lines/shop/faq")  # fmt: skip
LARGE = 100_000
BODIES = {
    "nothing": b"",
    "deep lists": b"[" * LARGE,
    "deep, closed lists": b"[" * LARGE + b"]" * LARGE,
    "deep objects": b'{"a":' * LARGE,
    "a deep value": b'{"model": "shop", "messages": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    "a deep schema": b'{"model": "shop", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"type": "function",'
    b' "function": {"name": "f", "parameters": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}}]}",
    "a number without end": b'{"model": "shop", "max_tokens": ' + b"9" * LARGE + b"}",
    "an exponent beyond floats": b'{"model": "shop", "temperature": 1e999999}',
    "not a number": b'{"model": "shop", "temperature": NaN}',
    "a key twice": b'{"model": "shop", "model": "none", "question": "a", "question": 1}',
    "many keys": b"{" + b",".join(b'"k%d": 1' % number for number in range(20_000)) + b"}",
    "half a surrogate": b'{"model": "\\ud800", "question": "\\udfff", "messages": []}',
    "half a surrogate in a key": b'{"\\ud800": 1}',
    "not UTF-8": b'{"question": "\xff\xfe"}',
    "UTF-16": '{"question": "退货"}'.encode("utf-16"),
    "a byte-order mark": b'\xef\xbb\xbf{"question": "Hi"}',
    "NUL": b'{"question": "a\\u0000b", "model": "a\\u0000b"}',
    "more than one": b'{"question": "Hi"}{"question": "Hi"}',
    "a comment": b'{"question": "Hi"} // ok',
}


def assert_answered(reply: httpx.Response) -> None:
    assert reply.status_code < 500, reply.text
    content = reply.json()
    if reply.status_code >= 400:
        error = content["error"]
        assert error["code"]
        assert error["message"]
        assert "Traceback" not in reply.text


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_a_strange_body_gets_a_named_error(http: httpx.Client, route: str, body: bytes) -> None:
    reply = http.post(route, content=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert_answered(reply)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)
KNOWN = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("model", "messages", "input", "metadata", "tools", "question", "k", "id", "names", "turn_id"),
        ANYTHING,
    ),
)


@settings(
    max_examples=attempts(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=st.sampled_from(ROUTES), body=st.one_of(ANYTHING, KNOWN, st.lists(KNOWN, max_size=3)))
def test_json_of_any_shape_gets_an_answer(http: httpx.Client, route: str, body: Any) -> None:
    assert_answered(http.post(route, content=json.dumps(body).encode()))


@settings(
    max_examples=attempts(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=st.sampled_from(ROUTES), body=st.binary(max_size=60))
def test_bytes_of_any_kind_get_an_answer(http: httpx.Client, route: str, body: bytes) -> None:
    assert_answered(http.post(route, content=body))
