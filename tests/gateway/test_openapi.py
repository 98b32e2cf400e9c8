"""The document of the API, and the rules it made us keep."""

from typing import Any

import httpx
import pytest

from gateway.openapi import FILES, LATER, REPLIES, STREAMED
from tests.gateway.conftest import Running


@pytest.fixture
def document(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/openapi.json").json()
    return found


def test_every_route_of_a_program_names_its_sign_in_and_its_errors(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        if not path.startswith(("/v1/", "/api/")):
            continue
        for operation in methods.values():
            assert {"key": []} in operation["security"]
            assert {"400", "401", "403", "429", "503"} <= set(operation["responses"])
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_the_two_envelopes_are_those_of_the_two_doors(document: dict[str, Any], locked: Running) -> None:
    schemas = document["components"]["schemas"]
    for path, name in (("/v1/models", "OpenAIError"), ("/api/lines", "Error")):
        error = httpx.get(f"{locked.url}{path}", timeout=60).json()["error"]
        assert set(error) <= set(schemas[name]["properties"]["error"]["properties"])
        assert set(error) >= set(schemas[name]["properties"]["error"]["required"])


def test_what_is_said_of_a_route_is_said_of_one_that_exists(document: dict[str, Any]) -> None:
    known = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert {*REPLIES, *FILES, *STREAMED, *LATER} <= known


def test_every_route_says_what_its_reply_looks_like(document: dict[str, Any]) -> None:
    bare = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if f"{method.upper()} {path}" not in {*REPLIES, *FILES} and "204" not in operation["responses"]
    ]
    assert bare == [], "give the reply a shape in gateway/*_shapes.py and name it in gateway/openapi.py"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/models", "/api/lines/shop"])
@pytest.mark.parametrize("method", ["TRACE", "QUERY", "PROPFIND"])
def test_a_method_that_nobody_serves_is_refused_with_those_that_are(
    http: httpx.Client, path: str, method: str
) -> None:
    reply = http.request(method, path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in reply.headers["allow"]


def test_a_fixed_address_allows_its_own_methods_alone(http: httpx.Client) -> None:
    reply = http.options("/api/lines/shop/documents/preview")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


def test_a_whole_number_may_be_written_as_512_0(http: httpx.Client) -> None:
    """JSON has one kind of number; one too large to be exact is refused where it is out of bounds."""
    asked: dict[str, Any] = {"model": "shop", "messages": [{"role": "user", "content": "Hi"}]}
    whole = http.post("/v1/chat/completions", json={**asked, "max_tokens": 512.0})
    assert whole.status_code == 200
    for wrong in ({"max_tokens": 512.5}, {"seed": -9223372036854776001}, {"seed": 2**64}):
        assert http.post("/v1/chat/completions", json={**asked, **wrong}).status_code == 400


def test_the_question_is_the_last_thing_the_user_said(http: httpx.Client, site: Running) -> None:
    said = [{"role": "user", "content": "Where is my order?"}, {"role": "user", "content": " "}]
    assert http.post("/v1/chat/completions", json={"model": "shop", "messages": said}).status_code == 200
    assert "Where is my order?" in site.seen()[-1]["content"]
    nothing = http.post("/v1/chat/completions", json={"model": "shop", "messages": said[1:]})
    assert (nothing.status_code, nothing.json()["error"]["param"]) == (400, "messages")


def test_a_bare_number_is_no_time(http: httpx.Client) -> None:
    reply = http.get("/api/conversations", params={"until": "0.5"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "until")
