"""The outermost layer alone: hosts, and what an error that nobody expected looks like from outside."""

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.edge import Edge
from gateway.metrics import Metrics

SECRET = "13800138000"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].endswith("/break"):
        raise RuntimeError(f"no row for {SECRET}")
    await PlainTextResponse("inside")(scope, receive, send)


def client(hosts: str = "*") -> httpx.AsyncClient:
    edge = Edge(app, hosts=hosts.split(","), framed_by="'self'", metrics=Metrics())
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://desk.example:7860")


@pytest.mark.parametrize("path", ["/v1/break", "/api/break", "/break"])
async def test_an_unexpected_error_is_a_sentence_and_a_request_id(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with client() as http:
        reply = await http.get(path, headers={"x-request-id": "abc-9"})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (500, "internal_error")
    assert "abc-9" in error["message"]
    assert reply.headers["x-request-id"] == "abc-9"
    logged = capsys.readouterr()
    assert "RuntimeError" in logged.out + logged.err
    assert SECRET not in reply.text + logged.out + logged.err


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ("*", "anything.example", 200),
        ("desk.example", "DESK.example:7860", 200),
        ("desk.example", "evil.example", 400),
        ("*.example", "a.b.example", 200),
        ("*.example", "example", 400),
        ("[::1],localhost", "[::1]:7860", 200),
        ("desk.example", "desk.example.evil", 400),
    ],
)
async def test_only_listed_hosts_are_answered(hosts: str, host: str, status: int) -> None:
    async with client(hosts) as http:
        assert (await http.get("/", headers={"Host": host})).status_code == status
