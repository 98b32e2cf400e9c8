"""/login/openid and /login/callback: the way to the OpenID provider and back.

It does not know how an identity is proven, nor who gets an account.
"""

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from core.errors import XiaoQError
from core.security import AccountStore
from gateway.cookies import set_cookie
from gateway.login import Login, local
from gateway.openid import OpenId
from gateway.openid_accounts import Admission, account_of
from gateway.origin import is_https
from gateway.signatures import Signed

COOKIE = "xiaoq_openid"
SECONDS = 600
"""How long somebody may take at the provider."""
REMEMBERED = 10_000
CALLBACK = "/login/callback"


class OpenIdLogin:
    """Sends people to the provider and takes them back, each way once.

    The state is a random id in a signed cookie of the same browser; nonce and PKCE verifier are derived from it, so
    that nothing is kept here but the ids that were used.
    """

    def __init__(
        self,
        login: Login,
        openid: OpenId,
        admission: Admission,
        accounts: AccountStore,
        secret: Callable[[], bytes],
        *,
        framed: bool,
        host: str = "",
    ) -> None:
        self._login = login
        self._openid = openid
        self._admission = admission
        self._accounts = accounts
        self._secret = secret
        self._states = Signed(secret, "openid")
        self._framed = framed
        self._host = host
        self._used: OrderedDict[str, None] = OrderedDict()

    async def leave(self, request: Request) -> Response:
        state, until = self._states.fresh(), str(int(time.time()) + SECONDS)
        back = local(request.query_params.get("next", "/"))[:1000]
        about = f"{until}.{urlsafe_b64encode(back.encode()).decode()}"
        try:
            address = await self._openid.address(
                self._redirect(request),
                state,
                self._derived("nonce", state),
                self._derived("verifier", state),
            )
        except XiaoQError:
            return await self._login.page(request, back, 502, "oidc_failed")
        response = RedirectResponse(address, 303, headers={"cache-control": "no-store"})
        value = f"{self._states.sign(state, about)}.{about}"
        set_cookie(response, COOKIE, value, request, framed=self._framed, seconds=SECONDS, path="/login")
        return response

    async def come_back(self, request: Request) -> Response:
        state, back = self._state(request)
        code = request.query_params.get("code", "")
        if state is None or not code or len(code) > 4096:
            return self._done(request, await self._login.page(request, back, 401, "oidc_failed"))
        try:
            identity = await self._openid.identity(
                code, self._redirect(request), self._derived("nonce", state), self._derived("verifier", state)
            )
            account = await account_of(identity, self._admission, self._accounts)
        except XiaoQError:
            return self._done(request, await self._login.page(request, back, 401, "oidc_failed"))
        if account is None:
            return self._done(request, await self._login.page(request, back, 403, "oidc_unknown"))
        return self._done(request, await self._login.signed_in(request, account, back, way="openid"))

    def _state(self, request: Request) -> tuple[str | None, str]:
        """The state with which this browser left, and where it wanted to go; None where it did not, or is back."""
        signed, _, about = (request.cookies.get(COOKIE) or "").partition(".")
        signature, _, about = about.partition(".")
        until, _, back64 = about.partition(".")
        state = self._states.read(f"{signed}.{signature}", about)
        given = request.query_params.get("state", "")
        if state is None or not hmac.compare_digest(given.encode(), state.encode()):
            return None, "/"
        back = local(urlsafe_b64decode(back64).decode())
        if int(until) < time.time() or state in self._used:
            return None, back
        self._used[state] = None
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)
        return state, back

    def _done(self, request: Request, response: Response) -> Response:
        set_cookie(response, COOKIE, "", request, framed=self._framed, seconds=0, path="/login")
        return response

    def _redirect(self, request: Request) -> str:
        """Our own address at the provider, as the browser knows us."""
        if self._host:
            return f"https://{self._host}{CALLBACK}"
        scheme = "https" if is_https(request.scope["scheme"], request.headers) else "http"
        return f"{scheme}://{request.headers.get('host', '')}{CALLBACK}"

    def _derived(self, purpose: str, state: str) -> str:
        return hmac.digest(self._secret(), f"openid {purpose} {state}".encode(), "sha256").hex()


def openid_routes(login: OpenIdLogin) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/login/openid", login.leave, methods=["GET"])
    router.add_api_route(CALLBACK, login.come_back, methods=["GET"])
    return router
