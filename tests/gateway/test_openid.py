"""Signing in with an OpenID provider: a real one, with real keys, and everything it or a stranger may get wrong."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from core.errors import ConfigurationError
from core.settings import Settings
from gateway import login_openid, openid
from gateway.openid_accounts import HUB, Admission, provider_of
from tests.gateway.conftest import Running, running
from tests.support.openid_provider import CLIENT, SECRET, OpenIdProvider
from tests.support.upstream import serving


@contextmanager
def served(provider: OpenIdProvider) -> Iterator[str]:
    """The provider on a port of its own; gives its address."""
    ready, leave = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(provider.app()) as port:
            provider.issuer = f"http://127.0.0.1:{port}"
            ready.set()
            await asyncio.to_thread(leave.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield provider.issuer
    finally:
        leave.set()
        thread.join(10)


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    made = OpenIdProvider()
    with served(made):
        yield made


@pytest.fixture(autouse=True)
def honest(provider: OpenIdProvider) -> None:
    """Each test begins with a provider that does everything right."""
    provider.person = {"sub": "person-1", "preferred_username": "mei"}
    provider.claims, provider.algorithm, provider.signing_key = {}, "RS256", provider.key
    provider.published = [provider.key]


@pytest.fixture(scope="module")
def desk(provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings: Mapping[str, Any] = {
        "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "oidc_role": "manager", "oidc_allowed": "person-1, boss@example.com",
    }  # fmt: skip
    with running(tmp_path_factory.mktemp("openid"), **settings) as server:
        server.key("admin")
        yield server


def leave(http: httpx.Client, provider: OpenIdProvider, where: str = "/") -> str:
    """Off to the provider, who sends us back at once; gives the address of the return."""
    gone = http.get("/login/openid", params={"next": where})
    assert gone.status_code == 303, gone.text
    address = gone.headers["location"]
    assert address.startswith(f"{provider.issuer}/authorize?")
    return httpx.get(address, timeout=60).headers["location"]


def sign_in(http: httpx.Client, provider: OpenIdProvider) -> httpx.Response:
    return http.get(leave(http, provider))


@pytest.fixture
def http(desk: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.url, timeout=30) as client:
        yield client


def test_who_is_allowed_gets_an_account_and_comes_back_to_the_same(
    desk: Running, http: httpx.Client, provider: OpenIdProvider
) -> None:
    assert "/login/openid" in http.get("/login").text
    back = sign_in(http, provider)
    assert (back.status_code, back.headers["location"]) == (303, "/")
    me = http.get("/api/me").json()
    assert (me["name"], me["role"]) == ("mei", "manager")
    asked = provider.asked[-1]
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{desk.url}/login/callback"
    provider.person["preferred_username"] = "mei-was-renamed"
    with httpx.Client(base_url=desk.url, timeout=60) as again:
        sign_in(again, provider)
        assert again.get("/api/me").json()["name"] == "mei", "the subject counts, not the name"
    account = desk.call(desk.services.accounts.named("mei"))
    assert account
    desk.call(desk.services.accounts.change(account.id, disabled=True))
    assert http.get("/api/me").status_code == 401
    assert sign_in(http, provider).status_code == 403
    desk.call(desk.services.accounts.change(account.id, disabled=False))


def test_a_stranger_is_known_and_gets_no_account(http: httpx.Client, provider: OpenIdProvider) -> None:
    for person in (
        {"sub": "stranger", "preferred_username": "stranger"},
        {"sub": "stranger", "email": "boss@example.com"},
        {"sub": "stranger", "email": "boss@example.com", "email_verified": "true"},
        {"sub": "operator"},
    ):
        provider.person = person
        assert sign_in(http, provider).status_code == 403, person
        assert http.get("/api/me").status_code == 401
    provider.person = {"sub": "stranger", "email": "boss@example.com", "email_verified": True}
    assert sign_in(http, provider).status_code == 303


def test_an_account_made_for_an_address_is_found_by_it(
    desk: Running, http: httpx.Client, provider: OpenIdProvider
) -> None:
    accounts = desk.services.accounts
    made = desk.call(accounts.create("li@example.com", "auditor", None))
    provider.person = {"sub": "li-1", "email": "LI@example.com", "email_verified": True}
    assert sign_in(http, provider).status_code == 303
    assert http.get("/api/me").json()["role"] == "auditor"
    assert (desk.call(accounts.get(made.id)) or made).oidc == f"{provider.issuer}|li-1"
    provider.person = {"sub": "li-2", "email": "li@example.com", "email_verified": True}
    assert sign_in(http, provider).status_code == 403, "it is somebody's already"
    desk.call(accounts.create("wang@example.com", "admin", "a rather long phrase"))
    provider.person = {"sub": "wang-1", "email": "wang@example.com", "email_verified": True}
    assert sign_in(http, provider).status_code == 403, "a password guards it"


BAD: Mapping[str, Mapping[str, Any]] = {
    "another nonce": {"nonce": "of-somebody-else"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another-client"},
    "several audiences, another party": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "from the future": {"iat": int(time.time()) + 3600},
    "no subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
}


@pytest.mark.parametrize("claims", BAD.values(), ids=BAD)
def test_a_token_that_is_not_for_us_now_opens_nothing(
    http: httpx.Client, provider: OpenIdProvider, claims: Mapping[str, Any]
) -> None:
    provider.claims = dict(claims)
    assert sign_in(http, provider).status_code == 401
    assert http.get("/api/me").status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    http: httpx.Client, provider: OpenIdProvider, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert sign_in(http, provider).status_code == 401
    assert http.get("/api/me").status_code == 401


def test_a_foreign_key_opens_nothing_and_a_new_one_is_fetched(
    http: httpx.Client, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(http, provider).status_code == 303
    http.cookies.clear()
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
    assert sign_in(http, provider).status_code == 401, "the same name, another key"
    rotated = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    provider.signing_key, provider.published = rotated, [rotated, provider.key]
    monkeypatch.setattr(openid, "KEYS_ANEW_SECONDS", 0.0)
    assert sign_in(http, provider).status_code == 303


def test_a_state_is_good_once_in_the_browser_that_left(
    desk: Running, http: httpx.Client, provider: OpenIdProvider
) -> None:
    address = leave(http, provider)
    cookie = http.cookies["xiaoq_openid"]
    with httpx.Client(base_url=desk.url, timeout=60) as victim:
        assert victim.get(address).status_code == 401, "a link with somebody else's code signs nobody in"
        leave(victim, provider)
        assert victim.get(address).status_code == 401, "another state than its own"
    address = leave(http, provider)
    cookie = http.cookies["xiaoq_openid"]
    assert http.get(address).status_code == 303
    assert "xiaoq_openid" not in http.cookies
    http.cookies.clear()
    http.cookies.set("xiaoq_openid", cookie, path="/login")
    assert http.get(address).status_code == 401, "replayed"
    assert http.get("/api/me").status_code == 401
    for broken in ("x", "..", f"{'0' * 32}.{'0' * 64}.9999999999.Lw==", cookie.replace(".", ".0", 1)):
        http.cookies.clear()
        http.cookies.set("xiaoq_openid", broken, path="/login")
        assert http.get("/login/callback", params={"state": "0" * 32, "code": "x"}).status_code == 401


def test_a_state_grows_old(
    http: httpx.Client, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_openid, "SECONDS", -1)
    http.get("/login/openid")
    state = provider.asked[-1]["state"]
    assert http.get("/login/callback", params={"state": state, "code": "x"}).status_code == 401


def test_the_way_back_leads_nowhere_else(http: httpx.Client, provider: OpenIdProvider) -> None:
    for where, reached in (
        ("/documents/a/b?passage=c", "/documents/a/b?passage=c"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
    ):
        assert http.get(leave(http, provider, where)).headers["location"] == reached


def test_a_provider_that_is_away_leaves_the_page_usable(
    provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with (
        running(tmp_path_factory.mktemp("away"), **settings) as server,
        httpx.Client(base_url=server.url, headers={"Accept-Language": "zh"}, timeout=60) as http,
    ):
        page = http.get("/login/openid")
        assert page.status_code == 502
        assert "没有登录成功" in page.text
        assert 'name="password"' in page.text


def test_a_hosted_space_brings_its_provider() -> None:
    space = {
        "SPACE_ID": "someone/desk", "OAUTH_CLIENT_ID": "c", "OAUTH_CLIENT_SECRET": "s", "SPACE_CREATOR_USER_ID": "u1",
    }  # fmt: skip
    found = provider_of(Settings(_env_file=None), space)
    assert found
    assert (found[0].issuer, found[1]) == (HUB, Admission(owner="u1"))
    assert provider_of(Settings(_env_file=None), {}) is None
    assert provider_of(Settings(_env_file=None), {**space, "SPACE_ID": ""}) is not None
    for wrong in ({"oidc_issuer": "https://id.example"}, {"oidc_role": "emperor"}):
        with pytest.raises(ConfigurationError):
            provider_of(Settings(_env_file=None, **wrong), {})


def test_the_query_holds_no_secret(http: httpx.Client, provider: OpenIdProvider) -> None:
    address = http.get("/login/openid").headers["location"]
    query = parse_qs(urlsplit(address).query)
    assert SECRET not in address
    assert query["response_type"] == ["code"]
    assert len(query["state"][0]) == 32
    assert len(query["nonce"][0]) == 64
