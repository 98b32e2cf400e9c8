"""/v1/embeddings and /v1/completions where what they need is missing, and what a key may use of them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import Running, running
from tests.gateway.test_gate import key_of

EMBED = {"model": "text-embedding-3-small", "input": "退货"}
TEXT = {"model": "qwen2.5-7b", "prompt": "退货"}


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """No model at all; an embedding model that is named and cannot be reached."""
    folder: Path = tmp_path_factory.mktemp("quoting")
    with running(
        folder, engine="quoted", embedding_url="http://127.0.0.1:9/v1", embedding_model="m3"
    ) as server:
        yield server


def test_without_a_model_a_text_is_not_supported(quoting: Running) -> None:
    with httpx.Client(base_url=quoting.url, timeout=60) as http:
        reply = http.post("/v1/completions", json=TEXT)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_supported")
    assert "XIAOQ_ENGINE_URL" in reply.json()["error"]["message"]


def test_an_embedding_model_is_listed_and_missed_when_it_is_gone(quoting: Running) -> None:
    with httpx.Client(base_url=quoting.url, timeout=60) as http:
        assert "m3" in [model["id"] for model in http.get("/v1/models").json()["data"]]
        for model in ("m3", "text-embedding-3-small"):
            reply = http.post("/v1/embeddings", json=EMBED | {"model": model})
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "engine_unavailable")
        assert http.post("/v1/embeddings", json=EMBED | {"model": "qwen2.5-7b"}).status_code == 404


def test_a_server_that_embeds_nothing_is_named(http: httpx.Client) -> None:
    reply = http.post("/v1/embeddings", json=EMBED)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_supported")
    text = http.post("/v1/completions", json=TEXT)
    assert (text.status_code, text.json()["error"]["code"]) == (404, "not_supported")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ["x"] * 2_049}, "input"),
        ({"input": ["x", ""]}, "input[1]"),
        ({"input": "x" * 32_001}, "input[0]"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(
    fields: dict[str, object], param: str, http: httpx.Client
) -> None:
    reply = http.post("/v1/embeddings", json=EMBED | fields)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


def test_a_key_s_limits_hold_here_too(locked: Running) -> None:
    _, narrow = key_of(locked, scopes=("chat",))
    _, once = key_of(locked, requests_per_minute=1)
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        for route, asked in (("/v1/embeddings", EMBED), ("/v1/completions", TEXT)):
            assert http.post(route, json=asked, headers=narrow).status_code == 403
        answered = http.post("/v1/completions", json=TEXT, headers=once)
        refused = http.post("/v1/embeddings", json=EMBED, headers=once)
    assert answered.headers["x-ratelimit-remaining-requests"] == "0"
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(refused.headers["Retry-After"]) > 0
