"""One OpenID provider: where it signs people in, and who it says came back. Authorization code, PKCE, state, nonce.

It knows no account and no page. Nothing of a token is believed before its signature, issuer, audience, time and nonce.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import orjson
import structlog

from core.errors import Unauthorized

if TYPE_CHECKING:
    from joserfc.jwk import KeySet  # loaded when somebody signs in: it takes 5 MB

log = structlog.get_logger()

SCOPE = "openid profile email"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures that only the provider can make: neither `none` nor those with a shared secret."""
LEEWAY_SECONDS = 60
KEPT_SECONDS = 3600.0
KEYS_ANEW_SECONDS = 30.0
"""How soon an unknown key may make us ask for the provider's keys again."""
LARGEST_REPLY = 1_000_000
WAIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Provider:
    """What the settings say of it. `issuer` is its URL, without the slash at the end."""

    issuer: str
    client_id: str
    client_secret: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back. `email` is there only where the provider says that it is verified."""

    issuer: str
    subject: str
    name: str = ""
    email: str = ""

    @property
    def key(self) -> str:
        return f"{self.issuer}|{self.subject}"


class OpenId:
    """Talks to one provider. Its document and its keys are kept for an hour."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._document: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._document_at = self._keys_at = -KEPT_SECONDS
        self._turn = asyncio.Lock()

    async def address(self, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises Unauthorized where the provider cannot be reached."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self.provider.client_id, "redirect_uri": redirect,
            "scope": SCOPE, "state": state, "nonce": nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        endpoint = await self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def identity(self, code: str, redirect: str, nonce: str, verifier: str) -> Identity:
        """Who the code stands for. Raises Unauthorized, and the log says why."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect,
            "client_id": self.provider.client_id, "code_verifier": verifier,
        }  # fmt: skip
        headers: dict[str, str] = {}
        endpoint = await self._endpoint("token_endpoint")
        methods = self._document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            pair = f"{quote(self.provider.client_id)}:{quote(self.provider.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_secret"] = self.provider.client_secret
        told = await self._asked("POST", endpoint, data=form, headers=headers)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise _refused("there is no id_token")
        return self._believed(await self._claims(token), nonce)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that one of the provider's keys signed."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        for anew in (False, True):
            keys = await self._provider_keys(anew=anew)
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError, TypeError, KeyError) as error:
                reason = type(error).__name__
        raise _refused(f"signature: {reason}")

    def _believed(self, claims: Mapping[str, Any], nonce: str) -> Identity:
        now, audience = time.time(), claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued, subject = claims.get("exp"), claims.get("iat"), claims.get("sub")
        if claims.get("iss") != self.provider.issuer:
            raise _refused("another issuer")
        if self.provider.client_id not in audiences:
            raise _refused("another audience")
        if len(audiences) > 1 and claims.get("azp") != self.provider.client_id:
            raise _refused("another authorized party")
        if not isinstance(expires, int | float) or expires < now - LEEWAY_SECONDS:
            raise _refused("expired")
        if not isinstance(issued, int | float) or issued > now + LEEWAY_SECONDS:
            raise _refused("issued in the future")
        if claims.get("nonce") != nonce:
            raise _refused("another nonce")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _refused("no subject")
        email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
        name = str(claims.get("preferred_username") or claims.get("name") or "")
        return Identity(self.provider.issuer, subject, name[:200], email[:200])

    async def _endpoint(self, name: str) -> str:
        async with self._turn:
            if time.monotonic() - self._document_at > KEPT_SECONDS:
                found = await self._asked("GET", f"{self.provider.issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self.provider.issuer:
                    raise _refused("the document is another issuer's")
                self._document, self._document_at = found, time.monotonic()
        endpoint = self._document.get(name)
        if not isinstance(endpoint, str) or not self._is_safe(endpoint):
            raise _refused(f"no {name}")
        return endpoint

    def _is_safe(self, address: str) -> bool:
        """HTTPS, unless the issuer itself does without (a provider on this machine)."""
        return urlsplit(address).scheme in ("https", urlsplit(self.provider.issuer).scheme)

    async def _provider_keys(self, *, anew: bool) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        endpoint = await self._endpoint("jwks_uri")
        async with self._turn:
            age = time.monotonic() - self._keys_at
            if self._keys is None or age > (KEYS_ANEW_SECONDS if anew else KEPT_SECONDS):
                found = await self._asked("GET", endpoint)
                try:
                    self._keys = KeySet.import_key_set({"keys": found.get("keys", [])})
                except (JoseError, ValueError, TypeError, KeyError):
                    raise _refused("its keys cannot be read") from None
                self._keys_at = time.monotonic()
            return self._keys

    @staticmethod
    async def _asked(method: str, address: str, **options: Any) -> dict[str, Any]:
        """The provider's answer, a JSON object. Follows no redirect."""
        limit = aiohttp.ClientTimeout(total=WAIT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.request(method, address, allow_redirects=False, **options) as reply,
            ):
                body = await reply.content.read(LARGEST_REPLY)
                told = orjson.loads(body)
                if reply.status != 200 or not isinstance(told, dict):
                    raise _refused(f"it answers {reply.status}")
                return told
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise _refused(f"no answer: {type(error).__name__}") from None


def _refused(reason: str) -> Unauthorized:
    """Why goes to the log; people read one sentence for all of it."""
    log.warning("openid_refused", reason=reason)
    return Unauthorized("The sign-in with the OpenID provider did not work; please try again.")
