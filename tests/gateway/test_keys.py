"""/api/keys: what a key is made with, and what of it can be changed."""

import httpx
import pytest

from tests.gateway.conftest import Running


def test_terms_come_back_as_they_were_set(locked: Running) -> None:
    sent = {
        "name": "crm",
        "role": "caller",
        "expires_at": "2030-01-01T00:00:00Z",
        "scopes": ["models", "chat"],
        "limits": {"requests_per_minute": 60, "token_budget": 1_000_000},
    }
    with httpx.Client(base_url=locked.url, headers=locked.key("admin"), timeout=60) as http:
        made = http.post("/api/keys", json=sent)
        assert made.status_code == 201, made.text
        key = made.json()
        assert (key["expires_at"], key["scopes"]) == ("2030-01-01T00:00:00+00:00", ["chat", "models"])
        assert key["limits"]["requests_per_minute"] == 60
        assert key["limits"]["streams"] is None
        change = {"limits": {"requests_per_minute": None, "streams": 2}, "scopes": []}
        changed = http.patch(f"/api/keys/{key['id']}", json=change)
        assert changed.status_code == 200
        listed = {each["id"]: each for each in http.get("/api/keys").json()["keys"]}[key["id"]]
        assert listed == changed.json()
        assert listed["limits"] == {**key["limits"], "requests_per_minute": None, "streams": 2}
        assert (listed["scopes"], listed["expires_at"]) == ([], key["expires_at"])
        http.delete(f"/api/keys/{key['id']}")
        assert http.patch(f"/api/keys/{key['id']}", json=change).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"limits": {"streams": 0}}, "limits.streams"),
        ({"limits": {"speed": 1}}, "limits.speed"),
        ({"scopes": ["everything"]}, "scopes[0]"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
    ],
)
def test_what_is_no_term_is_refused_by_name(locked: Running, wrong: dict[str, object], param: str) -> None:
    with httpx.Client(base_url=locked.url, headers=locked.key("admin"), timeout=60) as http:
        refused = http.post("/api/keys", json={"name": "x", "role": "caller", **wrong})
    assert refused.status_code == (422 if param == "expires_at" else 400)
    assert refused.json()["error"]["param"] == param
