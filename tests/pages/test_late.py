"""The console's place before the console: who waits, who is told to, and what happens where it cannot be built."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import XiaoQError
from pages.late import LatePages

REQUEST = ContextVar("REQUEST", default="none")
BROWSER = {"accept": "text/html,*/*", "accept-language": "zh-CN,zh;q=0.9"}


class House:
    """Builds when it is let, and notes how often and what is open."""

    def __init__(self) -> None:
        self.built, self.open, self.broken = 0, 0, False
        self.let = threading.Event()

    def build(self) -> AbstractAsyncContextManager[ASGIApp]:
        self.let.wait(10)
        self.built += 1
        if self.broken:
            raise OSError("no room")
        return self.working()

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[ASGIApp]:
        self.open += 1
        yield PlainTextResponse("the console")
        self.open -= 1


def browser(pages: LatePages) -> httpx.AsyncClient:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await pages(scope, receive, send)
        except XiaoQError as error:
            await JSONResponse(error.message, error.status)(scope, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(told), base_url="http://xiaoq")


async def test_it_is_built_once_for_all_who_wait_and_closed_at_the_end() -> None:
    house = House()
    pages = LatePages(house.build, "auto")
    async with pages.open(at_once=False), browser(pages) as client:
        assert (await pages.health()).ready
        assert house.built == 0
        waiting = [asyncio.create_task(client.get("/", headers=BROWSER)) for _ in range(5)]
        await asyncio.sleep(0)
        house.let.set()
        assert {(await one).text for one in waiting} == {"the console"}
        assert (house.built, house.open) == (1, 1)
        assert (await pages.health()).detail == "loaded"
    assert house.open == 0


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "请稍候"), ("en-GB", "One moment")])
async def test_a_browser_is_told_after_a_while_and_comes_again(language: str, title: str) -> None:
    house = House()
    pages = LatePages(house.build, "auto", patience=0)
    async with pages.open(at_once=False), browser(pages) as client:
        early = await client.get("/", headers={**BROWSER, "accept-language": language})
        assert (early.status_code, early.headers["refresh"], early.headers["cache-control"]) == (
            200,
            "1",
            "no-store",
        )
        assert f"<h1>{title}</h1>" in early.text
        # no browser's window: it waits as long as it takes
        script = asyncio.create_task(client.get("/config"))
        await asyncio.sleep(0.05)
        assert not script.done()
        house.let.set()
        assert (await script).text == "the console"
        assert (await client.get("/", headers=BROWSER)).text == "the console"


async def test_what_cannot_be_built_is_told_and_tried_again() -> None:
    house = House()
    house.let.set()
    house.broken = True
    pages = LatePages(house.build, "auto")
    async with pages.open(at_once=False), browser(pages) as client:
        refused = await client.get("/", headers=BROWSER)
        assert (refused.status_code, "no room" in refused.text) == (503, False)
        assert (await pages.health()).detail == "could not be loaded"
        house.broken = False
        assert (await client.get("/", headers=BROWSER)).text == "the console"


async def test_where_people_come_for_it_it_is_built_unasked_and_not_ready_before() -> None:
    house = House()
    pages = LatePages(house.build, "auto")
    async with pages.open(at_once=True):
        health = await pages.health()
        assert (health.ready, health.detail) == (False, "loading")
        house.let.set()
        await pages.begin()
        assert (await pages.health()).ready


async def test_the_end_does_not_wait_for_who_is_never_done() -> None:
    house = House()
    pages = LatePages(house.build, "auto")
    async with asyncio.timeout(5), pages.open(at_once=True):
        await asyncio.sleep(0)
    house.let.set()


async def test_nothing_of_the_first_request_stays_with_what_it_started() -> None:
    """Gradio's queue outlives it: what that logs would carry its id."""
    seen = list[str]()

    @asynccontextmanager
    async def working() -> AsyncGenerator[ASGIApp]:
        seen.append(REQUEST.get())
        yield PlainTextResponse("the console")

    pages = LatePages(working, "auto")
    async with pages.open(at_once=False), browser(pages) as client:
        REQUEST.set("the first")
        await client.get("/")
    assert seen == ["none"]
