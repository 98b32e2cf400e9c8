"""Role × route × event: everything that can be called is called, as everybody, over the running app."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from starlette.routing import Mount
from starlette.types import ASGIApp

from core.access import OPERATORS, ROLES, VISITOR, Principal, Right
from pages.console_words import words
from pages.late import LatePages
from tests.gateway.conftest import Running, running
from tests.gateway.matrix import (
    API,
    CLOSED,
    CONSOLE,
    EVENTS,
    IN_THE_BROWSER,
    PROGRAMS,
    PUBLIC,
    SHADOWED,
)

PHRASE = "a rather long phrase"
REFUSED = (401, 403)
FORBIDDEN = words("en")["error_forbidden"]
NOTHING = (None, {"__type__": "update"}, {"__type__": "update", "props": {"__type__": "update"}})
"""How an event says that a widget stays as it is."""
UNPROVEN = {"POST /login": 401, "GET /login/callback": 401, "GET /login/openid": 502}
"""The sign-in itself: an empty password is wrong, nobody had left for the provider, and the provider is away."""
AWAY = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "xiaoq", "oidc_client_secret": "none"}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An app of its own, with an operator of each role; a key was made, so that nobody passes unnamed."""
    with running(tmp_path_factory.mktemp("matrix"), **AWAY) as server:
        for role in OPERATORS:
            server.call(server.services.accounts.create(role, role, PHRASE))
        yield server


@pytest.fixture(scope="module")
def people(desk: Running) -> Iterator[dict[str, httpx.Client]]:
    """Everybody who might call: `nobody`, `key ROLE` and `console ROLE`."""
    found: dict[str, httpx.Client] = {}
    with ExitStack() as stack:

        def client(name: str, headers: Mapping[str, str]) -> httpx.Client:
            found[name] = stack.enter_context(httpx.Client(base_url=desk.url, headers=headers, timeout=30))
            return found[name]

        client("nobody", {})
        for role in ROLES:
            client(f"key {role}", desk.key(role))
        for role in OPERATORS:
            console = client(f"console {role}", {"Origin": desk.url, "Accept-Language": "en"})
            signed_in = console.post("/login", data={"name": role, "password": PHRASE})
            assert signed_in.status_code == 303
        yield found


def routes_of(desk: Running) -> tuple[set[str], set[str], Any]:
    """Our own routes, Gradio's, and Gradio's app."""
    mount = desk.app.router.routes[-1]
    assert isinstance(mount, Mount)
    pages: LatePages = mount.app.app  # type: ignore[attr-defined] # within the guard
    console: Any = desk.call(built(pages))
    gradio = console.default.app  # within the sittings
    ours = named([*desk.app.router.routes[:-1], *console.routes])
    return ours, named(gradio.routes), gradio


async def built(pages: LatePages) -> ASGIApp:
    return await pages.begin()


def named(routes: list[Any]) -> set[str]:
    """`METHOD /path` of each; HEAD beside GET is the same route, and the catch-alls of the prefixes are none."""
    found = set()
    for route in routes:
        methods = set(getattr(route, "methods", None) or ())
        if "GET" in methods:
            methods.discard("HEAD")
        found |= {f"{method} {route.path}" for method in methods}
    return found


def test_every_route_stands_in_the_table(desk: Running) -> None:
    ours, gradios, _ = routes_of(desk)
    told = {*PUBLIC, *PROGRAMS, *API, *CONSOLE}
    assert ours - told == set(), "a route that no table names: say in tests/gateway/matrix.py who may call it"
    assert gradios - {*CONSOLE, *CLOSED, *SHADOWED} == set(), "a route of Gradio's that no table names"
    assert told | {*CLOSED, *SHADOWED} <= ours | gradios, "a table names what is no longer there"


def test_every_event_stands_in_the_table_and_is_wrapped(desk: Running) -> None:
    _, _, gradio = routes_of(desk)
    events = gradio.get_blocks().fns.values()
    told = [
        (event.fn.__name__, getattr(event.fn, "right", "no right at all")) for event in events if event.fn
    ]
    assert told == list(EVENTS), "an event that tests/gateway/matrix.py does not name, or one outside `needs`"
    assert sum(event.fn is None for event in events) == IN_THE_BROWSER
    assert all(event.js for event in events if event.fn is None)


def call(client: httpx.Client, route: str) -> int:
    """The status of one call; what a path names is nothing there is."""
    method, path = route.split(" ", 1)
    path = re.sub(r"\{\w+:int\}", "7", path)
    path = re.sub(r"\{(\w+)(:path)?\}", f"none{next(_numbers)}", path)
    query = {"session_hash": f"tab{next(_numbers)}", "base": "shop", "upload_id": "none"}
    body = {"session_hash": f"tab{next(_numbers)}", "event_id": None}
    content = None if method in ("GET", "HEAD", "DELETE") else json.dumps(body)
    headers = {"content-type": "application/json"} if content else {}
    with client.stream(method, path, params=query, content=content, headers=headers) as reply:
        return reply.status_code


def expected(who: str, right: Right | None, *, cookie: bool, key: bool) -> str:
    """`in`, `401` or `403`."""
    kind, _, role = who.partition(" ")
    if kind == "nobody" or (kind == "key" and not key) or (kind == "console" and not cookie):
        return "401"
    allowed = right is None or Principal("console", role).may(right)
    return "in" if allowed else "403"


def outcome(status: int) -> str:
    assert status < 500, status
    return str(status) if status in REFUSED else "in"


@pytest.mark.parametrize("route", PUBLIC)
def test_what_is_public_asks_nobody(desk: Running, route: str) -> None:
    with httpx.Client(base_url=desk.url, headers={"Origin": desk.url}, timeout=60) as nobody:
        status = call(nobody, route)
        assert status == UNPROVEN[route] if route in UNPROVEN else outcome(status) == "in"


@pytest.mark.parametrize("route", PROGRAMS)
def test_programs_come_with_a_key(people: dict[str, httpx.Client], route: str) -> None:
    right = PROGRAMS[route]
    got = {who: outcome(call(client, route)) for who, client in people.items()}
    assert got == {who: expected(who, right, cookie=False, key=True) for who in people}


@pytest.mark.parametrize("route", API)
def test_the_api_takes_keys_and_operators_by_their_rights(
    people: dict[str, httpx.Client], route: str
) -> None:
    right = API[route]
    got = {who: outcome(call(client, route)) for who, client in people.items()}
    assert got == {who: expected(who, right, cookie=True, key=True) for who in people}


@pytest.mark.parametrize("route", CONSOLE)
def test_the_console_takes_operators_by_their_rights(people: dict[str, httpx.Client], route: str) -> None:
    right = CONSOLE[route]
    got = {who: outcome(call(client, route)) for who, client in people.items()}
    assert got == {who: expected(who, right, cookie=True, key=False) for who in people}


@pytest.mark.parametrize("route", CLOSED)
def test_what_the_page_does_not_use_of_gradio_is_there_for_nobody(
    people: dict[str, httpx.Client], route: str
) -> None:
    got = {who: call(client, route) for who, client in people.items()}
    assert got == {who: 404 if who.startswith("console") else 401 for who in people}


@pytest.mark.parametrize("role", OPERATORS)
def test_every_event_asks_for_its_right(desk: Running, people: dict[str, httpx.Client], role: str) -> None:
    hold_events(desk, people[f"console {role}"], Principal("console", role))


def hold_events(desk: Running, client: httpx.Client, principal: Principal) -> None:
    _, _, gradio = routes_of(desk)
    for number, event in gradio.get_blocks().fns.items():
        if event.fn is None:
            continue
        told = run(client, number, event)
        may = event.fn.right is None or principal.may(event.fn.right)
        quiet = event.fn.__name__ == "load"
        if may:
            assert FORBIDDEN not in json.dumps(told), event.fn.__name__
        elif quiet:
            assert told["success"], told
            assert [each for each in told["output"]["data"] if each not in NOTHING] == []
        else:
            assert not told["success"], event.fn.__name__
            assert told["output"]["error"] == FORBIDDEN, (event.fn.__name__, told)


def run(client: httpx.Client, number: int, event: Any, tab: str = "", value: str = "none") -> dict[str, Any]:
    """Press a button of the page, and wait until the server has done with it."""
    tab = tab or f"tab{next(_numbers)}"
    pressed = {
        "data": [given(each) for each in event.inputs], "fn_index": number, "session_hash": tab,
        "event_data": {"index": 0, "value": value, "selected": True, "liked": True, "previous_value": ""}, "trigger_id": None,
    }  # fmt: skip
    joined = client.post("/gradio_api/queue/join", json=pressed)
    assert joined.status_code == 200, joined.text
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": tab}) as stream:
        for line in stream.iter_lines():
            told: dict[str, Any] = json.loads(line.removeprefix("data:") or "{}") if line else {}
            if told.get("msg") == "process_completed":
                return told
    raise AssertionError("the event never ended")


def given(component: Any) -> Any:
    """What the browser sends of a widget that nobody touched."""
    kind = type(component).__name__
    return {"Slider": component.value, "Textbox": ""}.get(kind) if kind in ("Slider", "Textbox") else None


def test_a_visitor_of_an_open_console_asks_and_looks_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    visitor = Principal(VISITOR, VISITOR)
    with running(tmp_path_factory.mktemp("open"), open_console=True) as demo:
        demo.key("admin")
        with httpx.Client(base_url=demo.url, headers={"Accept-Language": "en"}, timeout=30) as client:
            assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
            for route, right in CONSOLE.items():
                assert (call(client, route) == 403) is (right is not None and not visitor.may(right)), route
            assert {route: call(client, route) for route in CLOSED} == dict.fromkeys(CLOSED, 404)
            for route in (*API, *PROGRAMS):
                assert call(client, route) == 401, route
            hold_events(demo, client, visitor)


def test_a_stranger_reaches_no_event(desk: Running, people: dict[str, httpx.Client]) -> None:
    for who in ("nobody", *(f"key {role}" for role in ROLES)):
        for number in range(3):
            body = {"data": [], "fn_index": number, "session_hash": "tab"}
            assert people[who].post("/gradio_api/queue/join", json=body).status_code == 401
