"""The sign-in page and its two actions: /login and /logout.

It does not know what lies behind them, nor how a password is kept.
"""

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import Forbidden
from core.security import Account, AccountStore
from gateway.attempts import Attempts
from gateway.body import read_bytes
from gateway.cookies import drop_session, set_cookie, set_session
from gateway.login_words import LOGIN_WORDS, login_language
from gateway.origin import is_cross_site
from gateway.policy import page_policy
from gateway.session import COOKIE, Sessions
from gateway.signatures import Signed

LARGEST_FORM = 8_192
LONGEST_NAME = 200
PAGE = Path(__file__).with_name("login.html")
DEVICE_COOKIE = "xiaoq_device"
DEVICE_SECONDS = 180 * 24 * 60 * 60
OPERATOR = ("", "operator")
"""Names under which the operator's password signs in."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One press on the button. `device` is this browser's id where it has signed in under this name before."""

    name: str
    password: str
    back: str
    address: str
    device: str | None

    def counted_for(self) -> tuple[str, ...]:
        """Whose wrong tries this one is. A known device has a count of its own, so that strangers who guess
        at its account, or behind the same proxy, do not lock it out."""
        if self.device is not None:
            return (f"device:{self.device}",)
        return (f"address:{self.address}", f"name:{self.name}")


class Login:
    """What /login and /logout do. `framed`: see gateway/cookies.py.

    `openid` names the provider of the other way in, "" for one without a name; None: there is no other way.
    """

    def __init__(
        self,
        sessions: Sessions,
        accounts: AccountStore,
        devices: Signed,
        *,
        ui_language: str,
        framed: bool,
        openid: str | None = None,
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._devices = devices
        self._ui_language = ui_language
        self._framed = framed
        self._openid = openid
        self._attempts = Attempts()
        page = PAGE.read_text(encoding="utf-8")
        self._template = Template(page)
        self._headers = {
            "content-security-policy": page_policy(page, "*" if framed else "'self'"),
            "cache-control": "no-store",
        }

    async def show(self, request: Request) -> Response:
        back = local(request.query_params.get("next", "/"))
        if await self._sessions.find(request.cookies.get(COOKIE)) is not None:
            return RedirectResponse(back, 303)
        return await self.page(request, back)

    async def sign_in(self, request: Request) -> Response:
        if is_cross_site(request.headers):
            raise Forbidden("A page of another site may not sign you in.")
        tried = await self._tried(request)
        keys = tried.counted_for()
        if seconds := max(map(self._attempts.wait, keys)):
            answer = await self.page(request, tried.back, 429, "wait", seconds)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        for key in keys:
            self._attempts.failed(key)
        known, account = await self._check(tried)
        if not known:
            named = await self._accounts.named(tried.name) if tried.name else None
            await self._sessions.refused(named, locked=any(map(self._attempts.wait, keys)))
            return await self.page(request, tried.back, 401, "wrong")
        self._attempts.take_back(keys[0])
        self._attempts.succeeded(keys[-1])
        return await self.signed_in(request, account, tried.back)

    async def signed_in(
        self, request: Request, account: Account | None, back: str, *, way: str = "password"
    ) -> Response:
        """A new session for this browser, which is known from now on."""
        response = RedirectResponse(back, 303)
        cookie = await self._sessions.begin(account, way=way)
        set_session(response, cookie, request, framed=self._framed)
        device = self._devices.sign(self._devices.fresh(), account.name if account else "")
        set_cookie(
            response,
            DEVICE_COOKIE,
            device,
            request,
            framed=self._framed,
            seconds=DEVICE_SECONDS,
            path="/login",
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        if is_cross_site(request.headers):
            raise Forbidden("A page of another site may not sign you out.")
        await self._sessions.end(request.cookies.get(COOKIE))
        response = RedirectResponse("/login", 303)
        drop_session(response, request, framed=self._framed)
        return response

    async def page(
        self, request: Request, back: str, status: int = 200, problem: str = "", seconds: int = 0
    ) -> Response:
        texts = LOGIN_WORDS[login_language(request.headers.get("accept-language", ""), self._ui_language)]
        provider = self._openid or texts["oidc_provider"]
        first = not await self._accounts.list()
        message = texts[problem].format(seconds=seconds) if problem else ""
        shown = {
            **texts,
            "intro": texts["intro_first" if first else "intro"],
            "message": message,
            "next": back,
            "hidden": "" if message else "hidden",
            "oidc": texts["oidc"].format(provider=provider),
            "no_oidc": "hidden" if self._openid is None else "",
            "oidc_address": f"/login/openid?next={quote(back, safe='')}",
            "focus_name": "" if first else "autofocus",
            "focus_password": "autofocus" if first else "",
        }
        body = self._template.substitute({name: html.escape(value) for name, value in shown.items()})
        return HTMLResponse(body, status, headers=self._headers)

    async def _tried(self, request: Request) -> Tried:
        fields = parse_qs((await read_bytes(request, LARGEST_FORM)).decode("utf-8", "replace"))
        name = fields.get("name", [""])[0].strip().lower()[:LONGEST_NAME]
        if name in OPERATOR:
            name = ""
        return Tried(
            name=name,
            password=fields.get("password", [""])[0],
            back=local(fields.get("next", ["/"])[0]),
            address=request.client.host if request.client else "",
            device=self._devices.read(request.cookies.get(DEVICE_COOKIE), name),
        )

    async def _check(self, tried: Tried) -> tuple[bool, Account | None]:
        """Whether it is right, and whose account it is: none where it is the operator's password."""
        if not tried.name:
            return self._sessions.knows_password(tried.password), None
        account = await self._accounts.check(
            tried.name, tried.password, known_device=tried.device is not None
        )
        return account is not None, account


def login_routes(login: Login) -> APIRouter:
    """GET and POST /login, POST /logout."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/login", login.show, methods=["GET"])
    router.add_api_route("/login", login.sign_in, methods=["POST"])
    router.add_api_route("/logout", login.sign_out, methods=["POST"])
    return router


def local(address: str) -> str:
    """The address where it is a path of this site, else the start page: no redirect leads elsewhere."""
    plain = address.isprintable() and address.startswith("/") and "\\" not in address
    return address if plain and not address.startswith("//") else "/"
