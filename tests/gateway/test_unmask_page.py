"""The console's way to what was masked: by role, for a reason, once, and left nowhere."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from core.access import OPERATORS
from tests.gateway.conftest import Running, running
from tests.gateway.test_audit import _entries as entries
from tests.gateway.test_audit import asked as asked_by_program
from tests.gateway.test_customers import PHONE, ask
from tests.gateway.test_matrix import PHRASE, routes_of, run
from tests.gateway.test_sittings import number_of

QUESTION = f"我的电话是{PHONE}，怎么开发票？"
PLACE = "/analytics/unmask"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("unmask")) as server:
        for role in OPERATORS:
            server.call(server.services.accounts.create(role, role, PHRASE))
        server.call(server.services.accounts.create("mei", "manager", PHRASE, line="saas"))
        line = server.services.settings.default_line
        server.call(server.services.accounts.create("boss", "admin", PHRASE, line=line))
        yield server


@pytest.fixture(scope="module")
def people(desk: Running) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        found = {}
        for name in (*OPERATORS, "mei", "boss"):
            headers = {"Origin": desk.url, "Accept-Language": "en"}
            client = stack.enter_context(httpx.Client(base_url=desk.url, headers=headers, timeout=30))
            assert client.post("/login", data={"name": name, "password": PHRASE}).status_code == 303
            found[name] = client
        yield found


@pytest.fixture(scope="module")
def asked(desk: Running) -> dict[str, str]:
    """Two conversations of one customer: one with a number in it, one with nothing to mask."""
    with httpx.Client(base_url=desk.url, headers=desk.key("caller"), timeout=30) as caller:
        return {
            name: ask(caller, "mei@example.com", question)["conversation_id"]
            for name, question in (("masked", QUESTION), ("plain", "怎么开发票？"))
        }


def opened(desk: Running, client: httpx.Client, conversation: str, tab: str = "") -> str:
    """The transcript as a press on the conversation shows it."""
    told = run(client, *number_of(desk, "open", 1), tab=tab, value=conversation)
    assert told["success"], told
    return json.dumps(told["output"]["data"], ensure_ascii=False).replace('\\"', '"')


def unmask(client: httpx.Client, conversation: str, reason: Any, **headers: str) -> httpx.Response:
    return client.post(PLACE, json={"conversation": conversation, "reason": reason}, headers=headers)


def test_who_may_not_is_not_offered_it_and_refused(
    desk: Running, people: dict[str, httpx.Client], asked: dict[str, str]
) -> None:
    before = len(entries(people["admin"], act="unmasked"))
    for role, may in (("agent", False), ("auditor", False), ("manager", True), ("admin", True)):
        shown = opened(desk, people[role], asked["masked"])
        assert ("xq-unmask" in shown) is may, role
        assert "<mark>[PHONE_1]</mark>" in shown
        assert PHONE not in shown
        if not may:
            refused = unmask(people[role], asked["masked"], "refund, check the number")
            assert refused.status_code == 403
            assert refused.json()["error"]["message"] == "Your role may not do this."
    assert unmask(people["mei"], asked["masked"], "refund, check the number").status_code == 404, "other line"
    assert len(entries(people["admin"], act="unmasked")) == before


def test_a_manager_sees_the_original_once_it_is_in_the_audit(
    desk: Running, people: dict[str, httpx.Client], asked: dict[str, str]
) -> None:
    before = len(entries(people["admin"], act="unmasked"))
    tab = "the-managers-tab"
    assert "[PHONE_1]" in opened(desk, people["manager"], asked["masked"], tab)
    shown = unmask(people["manager"], asked["masked"], "  退款要核对号码 ")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert QUESTION in shown.text
    assert "[PHONE_1]" not in shown.text
    assert "Showing the original; this is in the audit" in shown.text
    latest, *others = entries(people["admin"], act="unmasked")
    assert len(others) == before
    assert (latest["object"], latest["reason"]) == (asked["masked"], "退款要核对号码")
    account = desk.call(desk.services.accounts.named("manager"))
    assert account
    assert latest["actor"] == f"console:{account.id}"
    assert latest["subject"] in opened(desk, people["manager"], asked["masked"], tab)
    again = opened(desk, people["manager"], asked["masked"], tab)
    assert "[PHONE_1]" in again
    assert PHONE not in again
    gradio = routes_of(desk)[2]
    kept = str(list(gradio.state_holder.session_data[tab].config_values.values()))
    assert "[PHONE_1]" in kept, "this is where Gradio keeps what it showed"
    assert PHONE not in kept


@pytest.mark.parametrize("reason", [None, 12345, "", "why", "  why  ", "     ", "x" * 501])
def test_without_a_proper_reason_nothing_is_shown(
    people: dict[str, httpx.Client], asked: dict[str, str], reason: Any
) -> None:
    before = len(entries(people["admin"], act="unmasked"))
    for language, sentence in (
        ("en", "Please give a reason of 5 to 500 characters."),
        ("zh-CN", "请写明原因，5 到 500 个字。"),
    ):
        refused = unmask(people["manager"], asked["masked"], reason, **{"accept-language": language})
        assert refused.status_code == 400
        assert refused.json()["error"] == {
            "code": "invalid_request",
            "message": sentence,
            "param": "reason",
        }
    assert len(entries(people["admin"], act="unmasked")) == before


def test_what_is_not_there_and_what_is_no_request(
    people: dict[str, httpx.Client], asked: dict[str, str]
) -> None:
    assert unmask(people["manager"], "conv-none", "because I ask").status_code == 404
    assert people["manager"].post(PLACE, content=b"[]").status_code == 400
    assert people["manager"].get(PLACE, params={"conversation": asked["masked"]}).status_code == 405


def test_the_head_names_the_customer_and_their_rights_to_who_keeps_them(
    desk: Running, people: dict[str, httpx.Client], asked: dict[str, str]
) -> None:
    hint = "To export or erase everything kept of this customer"
    for name, hinted in (("manager", False), ("auditor", False), ("boss", False), ("admin", True)):
        shown = opened(desk, people[name], asked["plain"])
        assert "Customer's pseudonym".replace("'", "&#x27;") in shown
        assert "/~" in shown
        assert (hint in shown) is hinted, name
        assert "[PHONE_1]" in shown, "the model spoke of the form"
        assert "xq-unmask" not in shown, "nothing was masked"


def test_who_names_no_customer_is_named_by_their_sign_in(
    desk: Running, people: dict[str, httpx.Client]
) -> None:
    with httpx.Client(base_url=desk.url, headers=desk.key("caller"), timeout=30) as caller:
        shown = opened(desk, people["admin"], asked_by_program(caller, QUESTION))
    assert re.search("Asked by</span> <code>key:[^~]*/</code>", shown)
    assert "System tab" not in shown
    assert "xq-unmask" in shown
