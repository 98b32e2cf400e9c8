"""The customer's page over HTTP: whose rows it shows, what it refuses, and what its stream holds."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.messages import TurnStatus
from pages.customer_stream import GATHER_SECONDS
from tests.pages.customer_site import Site, served

ORIGIN = "http://shop.test"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    async with made.app.router.lifespan_context(made.app):
        yield made


def visitor(site: Site, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(site.app),
        base_url=ORIGIN,
        headers={"origin": ORIGIN, "accept-language": "en"} | headers,
    )


def events(body: str) -> list[tuple[str, dict[str, Any]]]:
    frames = [frame.split("\n") for frame in body.split("\n\n") if frame.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in frames]


async def ask(client: httpx.AsyncClient, text: str, **more: object) -> list[tuple[str, dict[str, Any]]]:
    reply = await client.post("/chat/ask", json={"text": text} | more)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    return events(reply.text)


async def test_an_answer_arrives_in_order_and_is_rendered(site: Site) -> None:
    async with visitor(site) as client:
        got = await ask(client, "Why has my order not shipped?")
    names = [name for name, _ in got]
    assert names[0] == "started"
    assert names[1] == "sources"
    assert names[-1] == "finished"
    assert set(names[2:-1]) == {"delta"}
    assert got[1][1]["sources"][0]["location"] == "发货时间 > 现货"
    assert "<strong>48 小时内</strong>" in got[1][1]["sources"][0]["html"]
    assert "<strong>Items in stock</strong>" in got[-1][1]["html"]
    assert got[-1][1]["mode"] == "generated"


async def test_tokens_are_gathered(site: Site) -> None:
    """The engine says a piece every 10 ms, or as often as the machine lets it; the browser gets an update every 60."""
    async with visitor(site) as client:
        begun = time.monotonic()
        got = await ask(client, "long answer please")
        took = time.monotonic() - begun
    pieces = sum(name == "delta" for name, _ in got)
    assert 2 <= pieces <= took / GATHER_SECONDS + 1


async def test_a_hostile_answer_arrives_harmless(site: Site) -> None:
    async with visitor(site) as client:
        got = await ask(client, "hostile")
    for name, data in got:
        if name in ("delta", "finished"):
            assert "<script" not in data["html"]
            assert "<img" not in data["html"]
            assert "href" not in data["html"]


async def test_a_conversation_is_its_owner_s_alone(site: Site) -> None:
    async with visitor(site) as first, visitor(site) as second:
        await second.get("/chat")
        started = (await ask(first, "My order?"))[0][1]
        conversation, turn = started["conversation_id"], started["turn_id"]

        mine = (await first.get("/chat/state")).json()
        assert mine["conversation_id"] == conversation
        assert [each["question"] for each in mine["turns"]] == ["My order?"]

        for query in ("", f"?conversation={conversation}"):
            theirs = (await second.get(f"/chat/state{query}")).json()
            assert theirs["conversations"] == []
            assert theirs["turns"] == []
            assert theirs["conversation_id"] is None
        assert (await second.get(f"/chat/export?conversation_id={conversation}")).status_code == 404
        for action, body in (
            ("ask", {"text": "and?", "conversation_id": conversation}),
            ("feedback", {"turn_id": turn, "score": -1}),
            ("forget", {"conversation_id": conversation}),
        ):
            reply = await second.post(f"/chat/{action}", json=body)
            assert reply.status_code == 404, action
            assert reply.json()["error"]["code"] == "not_found"
        kept = (await first.get("/chat/state")).json()["turns"]
        assert len(kept) == 1
        assert kept[0]["score"] == 0


async def test_conversations_of_another_line_stay_there(site: Site) -> None:
    async with visitor(site) as client:
        await ask(client, "My order?", line="shop")
        assert (await client.get("/chat/state?line=bank")).json()["conversations"] == []
        assert len((await client.get("/chat/state?line=shop")).json()["conversations"]) == 1


async def test_a_forged_cookie_opens_nothing(site: Site) -> None:
    async with visitor(site) as client:
        await ask(client, "My order?")
        cookie = client.cookies["xiaoq_visitor"]
        client.cookies.clear()
        forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
        state = await client.get("/chat/state", headers={"cookie": f"xiaoq_visitor={forged}"})
        assert state.json()["conversations"] == []
        assert "xiaoq_visitor=" in state.headers["set-cookie"]


async def test_an_edit_replaces_the_turn_and_all_after_it(site: Site) -> None:
    async with visitor(site) as client:
        first = (await ask(client, "one"))[0][1]
        await ask(client, "two", conversation_id=first["conversation_id"])
        await ask(client, "three", conversation_id=first["conversation_id"], replaces=first["turn_id"])
        state = (await client.get("/chat/state")).json()
        assert [turn["question"] for turn in state["turns"]] == ["three"]


async def test_feedback_is_kept_and_taken_back(site: Site) -> None:
    async with visitor(site) as client:
        started = (await ask(client, "My order?"))[0][1]
        turn = started["turn_id"]
        await client.post("/chat/feedback", json={"turn_id": turn, "score": -1, "comment": " out of date "})
        owner = f"chat:{client.cookies['xiaoq_visitor'].partition('.')[0]}"
        stored = (await site.log.turns(started["conversation_id"], owner))[0]
        assert (stored.feedback_score, stored.feedback_comment) == (-1, "out of date")
        await client.post("/chat/feedback", json={"turn_id": turn, "score": 0})
        assert (await client.get("/chat/state")).json()["turns"][0]["score"] == 0


async def test_forgetting_deletes(site: Site) -> None:
    async with visitor(site) as client:
        conversation = (await ask(client, "My order?"))[0][1]["conversation_id"]
        assert (await client.post("/chat/forget", json={"conversation_id": conversation})).status_code == 200
        assert (await client.get("/chat/state")).json()["conversations"] == []
        assert (await client.get(f"/chat/export?conversation_id={conversation}")).status_code == 404


async def test_export_is_a_markdown_file(site: Site) -> None:
    async with visitor(site) as client:
        conversation = (await ask(client, "My order?"))[0][1]["conversation_id"]
        reply = await client.get(f"/chat/export?conversation_id={conversation}")
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
    assert reply.headers["content-disposition"].startswith("attachment; filename=")
    assert "> My order?" in reply.text
    assert "Items in stock" in reply.text
    assert "发货与物流.md" in reply.text


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "x" * 4001}, 413, "question_too_long"),
        ({"text": "  \n "}, 400, "question_empty"),
        ({"text": 5}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"text": "hi", "owner": "chat:somebody"}, 400, "invalid_request"),
        ({"text": "hi", "line": "nowhere"}, 404, "not_found"),
        ([], 400, "invalid_request"),
    ],
)
async def test_bad_questions_get_a_named_error(site: Site, body: object, status: int, code: str) -> None:
    async with visitor(site) as client:
        reply = await client.post("/chat/ask", json=body)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert error["code"] == code
    assert error["request_id"] == reply.headers["x-request-id"]
    assert site.engine.requests == []


async def test_errors_speak_the_visitor_s_language(site: Site) -> None:
    async with visitor(site, **{"accept-language": "zh-CN"}) as client:
        reply = await client.post("/chat/ask", json={"text": "x" * 4001})
    assert reply.json()["error"]["message"] == "问题太长了，请控制在 4000 字以内。"


async def test_a_body_without_end_is_cut_off(site: Site) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 8192

    async with visitor(site) as client:
        reply = await client.post(
            "/chat/ask", content=endless(), headers={"content-type": "application/json"}
        )
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "too_large"
    assert taken <= 10


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none", "origin": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("action", ["ask", "feedback", "forget"])
async def test_another_site_cannot_post(site: Site, headers: dict[str, str], action: str) -> None:
    async with visitor(site) as client:
        reply = await client.post(f"/chat/{action}", json={"text": "hi"}, headers=headers)
    assert reply.status_code == 403


async def test_a_post_that_hides_where_it_comes_from_is_refused(site: Site) -> None:
    async with visitor(site) as client:
        del client.headers["origin"]
        assert (await client.post("/chat/ask", json={"text": "hi"})).status_code == 403


async def test_a_form_cannot_post(site: Site) -> None:
    async with visitor(site) as client:
        reply = await client.post(
            "/chat/ask", content='{"text":"hi"}', headers={"content-type": "text/plain"}
        )
    assert reply.status_code == 400


# --- the stream's other ends -------------------------------------------------------------------------------


async def test_an_engine_that_breaks_ends_in_an_error_event(site: Site) -> None:
    async with visitor(site) as client:
        got = await ask(client, "break please")
    assert got[-1][0] == "failed"
    assert got[-1][1]["code"] == "engine_broken"
    assert got[-1][1]["message"] == "The answer was cut off and may be incomplete. Please try again."
    assert any(name == "delta" for name, _ in got)


async def test_leaving_stops_the_engine_and_keeps_what_was_said(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with served(site.app) as address:
        async with httpx.AsyncClient(base_url=address, headers={"origin": address}) as client:
            async with client.stream("POST", "/chat/ask", json={"text": "slowly"}) as reply:
                async for row in reply.aiter_lines():
                    if row.startswith("event: delta"):
                        break
            assert await asyncio.to_thread(site.engine.closed.wait, 1.0), (
                "the engine was still asked to go on"
            )
            async with asyncio.timeout(3):
                while True:
                    turn = (await client.get("/chat/state")).json()["turns"][0]
                    if turn["status"] == TurnStatus.STOPPED:
                        break
                    await asyncio.sleep(0.02)
            assert turn["text"] == "Your o"


# --- the files ---------------------------------------------------------------------------------------------


async def test_the_page_runs_nothing_from_elsewhere(site: Site) -> None:
    async with visitor(site) as client:
        reply = await client.get("/chat")
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in reply.text.replace("http-equiv", "")
    assert " style=" not in reply.text
    assert reply.headers["cache-control"] == "no-store"


async def test_files_are_cached_by_their_content(site: Site) -> None:
    async with visitor(site) as client:
        page = (await client.get("/chat")).text
        address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        named = await client.get(f"/{address}")
        assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "text/css" in named.headers["content-type"]
        plain = await client.get(f"/{address.partition('?')[0]}")
        assert "immutable" not in plain.headers["cache-control"]
        again = await client.get("/widget.js", headers={"if-none-match": "x"})
        assert again.status_code == 200
        same = await client.get("/widget.js", headers={"if-none-match": again.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["nothing.css", "chat.html", "..%2fcustomer.py", "%2e%2e%2f%2e%2e%2fcustomer.py"]
)
async def test_no_other_file_is_served(site: Site, name: str) -> None:
    async with visitor(site) as client:
        assert (await client.get(f"/static/customer/{name}")).status_code == 404


async def test_a_line_that_is_not_there_has_a_page_that_says_so(site: Site) -> None:
    async with visitor(site) as client:
        reply = await client.get("/chat?line=%3Cscript%3E")
    assert reply.status_code == 404
    assert "We couldn&#x27;t find this support page" in reply.text
    assert "<script>" not in reply.text


@pytest.fixture
def chinese_only(tmp_path: Path) -> Site:
    return Site(tmp_path, ui_language="zh")


async def test_the_setting_overrides_the_browser(chinese_only: Site) -> None:
    async with visitor(chinese_only) as client:
        assert 'lang="zh-CN"' in (await client.get("/chat?lang=en")).text
