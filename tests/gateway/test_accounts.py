"""Signing in with an account over HTTP, and /api/accounts, /api/keys, /api/me."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest

from core.security import Act, AuditFilter
from gateway.origin import CSRF
from tests.gateway.conftest import PASSWORD, Running

PHRASE = "a rather long phrase"


@pytest.fixture
def admin(locked: Running) -> dict[str, str]:
    return locked.key("admin")


_hosts = count(2)


def browser(site: Running) -> httpx.Client:
    """A browser at an address of its own, so that no other test's wrong passwords count for it."""
    transport = httpx.HTTPTransport(local_address=f"127.0.1.{next(_hosts)}")
    return httpx.Client(base_url=site.url, timeout=30, transport=transport)


@contextmanager
def sign_in(site: Running, name: str, password: str) -> Iterator[httpx.Client]:
    with browser(site) as client:
        assert client.post("/login", data={"name": name, "password": password}).status_code == 303
        yield client


def test_an_account_is_made_changed_and_signs_in(locked: Running, admin: dict[str, str]) -> None:
    with httpx.Client(base_url=locked.url, headers=admin, timeout=60) as http:
        made = http.post("/api/accounts", json={"name": "Mei", "role": "manager", "password": PHRASE})
        assert made.status_code == 201
        account = made.json()
        assert (account["name"], account["role"], account["openid"]) == ("mei", "manager", False)
        assert PHRASE not in made.text
        taken = http.post("/api/accounts", json={"name": "mei", "role": "agent", "password": PHRASE})
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
        weak = http.post("/api/accounts", json={"name": "li", "role": "agent", "password": "weak"})
        assert (weak.status_code, weak.json()["error"]["param"]) == (400, "password")
        with sign_in(locked, "mei", PHRASE) as console:
            me = console.get("/api/me").json()
            assert (me["name"], me["role"], me["kind"]) == ("mei", "manager", "console")
            assert console.get("/api/conversations").status_code == 200
            assert console.get("/api/accounts").status_code == 403
            http.patch(f"/api/accounts/{account['id']}", json={"role": "admin"}).raise_for_status()
            assert console.get("/api/accounts").status_code == 200
            changed = http.patch(f"/api/accounts/{account['id']}", json={"disabled": True}).json()
            assert changed["disabled"] is True
            assert console.get("/api/me").status_code == 401
        assert http.patch("/api/accounts/op-none", json={"disabled": True}).status_code == 404


def test_a_write_with_the_cookie_needs_its_origin_or_token(locked: Running, admin: dict[str, str]) -> None:
    locked.call(locked.services.accounts.create("writer", "admin", PHRASE))
    key = {"name": "made in the console", "role": "caller"}
    with sign_in(locked, "writer", PHRASE) as console:
        assert console.post("/api/keys", json=key).status_code == 403
        for headers, status in (
            ({"Origin": locked.url}, 201),
            ({"Sec-Fetch-Site": "same-origin"}, 201),
            ({CSRF: console.get("/api/me").json()["csrf"]}, 201),
            ({CSRF: "wrong"}, 403),
            ({"Origin": "https://evil.example"}, 401),
            ({"Sec-Fetch-Site": "same-site"}, 401),
        ):
            assert console.post("/api/keys", json=key, headers=headers).status_code == status, headers
        assert console.post("/api/keys", json=key, headers=admin).status_code == 201, "a key needs neither"


def test_a_key_is_made_shown_once_and_revoked(locked: Running, admin: dict[str, str]) -> None:
    with httpx.Client(base_url=locked.url, headers=admin, timeout=60) as http:
        made = http.post("/api/keys", json={"name": "site", "role": "caller", "line": "shop"}).json()
        bearer = {"Authorization": f"Bearer {made['key']}"}
        assert http.get("/api/me", headers=bearer).json()["line"] == "shop"
        assert made["key"] not in http.get("/api/keys").text
        assert http.delete(f"/api/keys/{made['id']}").status_code == 204
        assert http.get("/api/me", headers=bearer).status_code == 401
        assert http.delete(f"/api/keys/{made['id']}").status_code == 404
        assert http.post("/api/keys", json={"name": "x", "role": "emperor"}).status_code == 400
        assert http.post("/api/keys", json={"name": "x", "role": "caller", "line": "no"}).status_code == 404


@pytest.mark.usefixtures("no_time_passes")
def test_a_locked_account_answers_like_a_wrong_password_and_its_own_browser_still_gets_in(
    locked: Running,
) -> None:
    locked.call(locked.services.accounts.create("victim", "agent", PHRASE))
    with sign_in(locked, "victim", PHRASE) as own:
        own.post("/logout")
        answers = {}
        for name in ("victim", "nobody-at-all"):
            replies = []
            for guess in range(7):
                with browser(locked) as stranger:  # from as many addresses
                    replies.append(stranger.post("/login", data={"name": name, "password": f"guess {guess}"}))
            # Alike but for the seconds to wait, which go by while the test runs.
            answers[name] = [(reply.status_code, re.sub(r"\d+ seconds", "", reply.text)) for reply in replies]
        assert [status for status, _ in answers["victim"]] == [401] * 5 + [429] * 2
        assert answers["victim"] == answers["nobody-at-all"]
        with browser(locked) as stranger:
            stranger.post("/login", data={"name": "victim", "password": "guess"})
            right = stranger.post("/login", data={"name": "victim", "password": PHRASE})
            assert right.status_code == 429, "not even the right one, from elsewhere"
        back = own.post("/login", data={"name": "victim", "password": PHRASE})
        assert back.status_code == 303
        assert own.get("/api/me").json()["name"] == "victim"


def test_the_operators_password_and_link_need_no_account(site: Running) -> None:
    for name in ("", "operator", "Operator"):
        with browser(site) as http:
            assert http.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
            assert http.get("/api/me").json()["role"] == "admin"
    with browser(site) as http:
        assert http.post("/login", data={"name": "nobody", "password": PASSWORD}).status_code == 401


@pytest.mark.usefixtures("no_time_passes")
def test_signing_in_and_out_and_failing_is_in_the_audit(locked: Running) -> None:
    account = locked.call(locked.services.accounts.create("noted", "agent", PHRASE))
    with sign_in(locked, "noted", PHRASE) as own:
        own.post("/logout")
    with browser(locked) as stranger:
        for name in ("noted", "a-password-typed-as-name"):
            for guess in range(6):
                stranger.post("/login", data={"name": name, "password": f"guess {guess}"})
    found = locked.call(locked.services.audit.entries(AuditFilter(limit=40)))
    acts = [entry.act for entry in found if entry.actor == f"console:{account.id}"]
    assert [acts.count(act) for act in (Act.SIGNED_IN, Act.SIGNED_OUT, Act.SIGN_IN_FAILED, Act.LOCKED_OUT)] == [
        1, 1, 5, 1,
    ]  # fmt: skip
    assert "a-password-typed-as-name" not in str(found)
    assert "guess" not in str(found)
