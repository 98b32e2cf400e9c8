"""The sign-in page and its two actions: /login and /logout.

It does not know what lies behind them.
"""

import html
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import Forbidden
from gateway.body import read_bytes
from gateway.cookies import drop_session, set_session
from gateway.origin import is_cross_site
from gateway.session import COOKIE, Attempts, Sessions

LARGEST_FORM = 8_192
PAGE = Path(__file__).with_name("login.html")

TEXTS = {
    "zh": {
        "lang": "zh-CN",
        "title": "登录 小Q 控制台",
        "intro": "请输入控制台密码，或直接打开启动时终端里显示的登录链接。",
        "label": "密码",
        "button": "登录",
        "wrong": "密码不对，请再试一次。",
        "wait": "尝试次数过多，请在 {seconds} 秒后再试。",
    },
    "en": {
        "lang": "en",
        "title": "Sign in to the XiaoQ console",
        "intro": "Enter the console password, or open the sign-in link printed in the terminal at start.",
        "label": "Password",
        "button": "Sign in",
        "wrong": "That password is not right. Please try again.",
        "wait": "Too many attempts. Please try again in {seconds} seconds.",
    },
}


def login_routes(sessions: Sessions, *, ui_language: str, framed: bool) -> APIRouter:
    """GET and POST /login, POST /logout."""
    router = APIRouter(include_in_schema=False)
    template = Template(PAGE.read_text(encoding="utf-8"))
    attempts = Attempts()

    def page(request: Request, back: str, status: int = 200, problem: str = "", seconds: int = 0) -> Response:
        texts = TEXTS[_language(request, ui_language)]
        message = texts[problem].format(seconds=seconds) if problem else ""
        shown = {**texts, "message": message, "next": back, "hidden": "" if message else "hidden"}
        body = template.substitute({name: html.escape(value) for name, value in shown.items()})
        return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})

    @router.get("/login")
    async def show(request: Request) -> Response:
        back = _local(request.query_params.get("next", "/"))
        if sessions.valid(request.cookies.get(COOKIE)):
            return RedirectResponse(back, 303)
        return page(request, back)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        if is_cross_site(request.headers):
            raise Forbidden("A page of another site may not sign you in.")
        fields = parse_qs((await read_bytes(request, LARGEST_FORM)).decode("utf-8", "replace"))
        back = _local(fields.get("next", ["/"])[0])
        address = request.client.host if request.client else ""
        if seconds := attempts.wait(address):
            answer = page(request, back, 429, "wait", seconds)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if not sessions.knows_password(fields.get("password", [""])[0]):
            attempts.failed(address)
            return page(request, back, 401, "wrong")
        attempts.succeeded(address)
        response = RedirectResponse(back, 303)
        set_session(response, sessions.begin(), request, framed=framed)
        return response

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        if is_cross_site(request.headers):
            raise Forbidden("A page of another site may not sign you out.")
        sessions.end(request.cookies.get(COOKIE))
        response = RedirectResponse("/login", 303)
        drop_session(response, request, framed=framed)
        return response

    return router


def _local(address: str) -> str:
    """The address where it is a path of this site, else the start page: no redirect leads elsewhere."""
    plain = address.isprintable() and address.startswith("/") and "\\" not in address
    return address if plain and not address.startswith("//") else "/"


def _language(request: Request, ui_language: str) -> str:
    if ui_language in TEXTS:
        return ui_language
    return "zh" if request.headers.get("accept-language", "").strip().lower().startswith("zh") else "en"
