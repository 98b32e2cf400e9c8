"""The visitor's cookie: who has it is who they were, and nobody can write one."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pages.customer_identity import COOKIE, Identity, Visitor

SECRET = b"a secret for tests, 32 bytes...."


def request(cookie: str | None = None, scheme: str = "http", **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    if cookie is not None:
        pairs.append((b"cookie", f"{COOKIE}={cookie}".encode("latin-1")))
    return Request({"type": "http", "scheme": scheme, "headers": pairs, "server": ("a", 80), "path": "/chat"})


def cookie_of(identity: Identity, response: Response) -> str:
    identity.remember(identity.of(request()), request(), response)
    return response.headers["set-cookie"].split(";")[0].partition("=")[2]


def test_a_visitor_is_recognised() -> None:
    identity = Identity(lambda: SECRET)
    cookie = cookie_of(identity, Response())
    visitor = identity.of(request(cookie))
    assert visitor.known
    assert visitor.owner == f"chat:{cookie.partition('.')[0]}"


def test_an_altered_cookie_makes_a_new_visitor() -> None:
    identity = Identity(lambda: SECRET)
    cookie = cookie_of(identity, Response())
    visitor_id, _, signature = cookie.partition(".")
    other = ("0" if visitor_id[0] != "0" else "1") + visitor_id[1:]
    flipped = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    for forged in (
        f"{other}.{signature}",
        f"{visitor_id}.{flipped}",
        visitor_id,
        f"{visitor_id}.",
        "",
        ".",
        "é.é",
    ):
        visitor = identity.of(request(forged))
        assert not visitor.known
        assert visitor.id != visitor_id


def test_another_server_s_cookie_is_not_ours() -> None:
    cookie = cookie_of(Identity(lambda: b"another secret, also 32 bytes..."), Response())
    assert not Identity(lambda: SECRET).of(request(cookie)).known


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Identity(lambda: b"short").remember(Visitor("0" * 32, known=False), request(), Response())


def test_over_http_the_cookie_stays_on_this_site() -> None:
    response = Response()
    cookie_of(Identity(lambda: SECRET), response)
    header = response.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=lax" in header
    assert "Path=/chat" in header
    assert "Secure" not in header


@pytest.mark.parametrize("arrival", [{"scheme": "https"}, {"x_forwarded_proto": "https"}])
def test_over_https_it_also_works_in_a_frame(arrival: dict[str, str]) -> None:
    identity, response = Identity(lambda: SECRET), Response()
    identity.remember(identity.of(request()), request(None, **arrival), response)
    header = response.headers["set-cookie"]
    assert "SameSite=none" in header
    assert "Secure" in header
    assert header.endswith("; Partitioned")
