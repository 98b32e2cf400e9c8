"""Which account an OpenID identity opens, and which provider the settings or a hosted Space name.

It does not know how an identity is proven.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.access import OPERATORS
from core.errors import ConfigurationError, Conflict, XiaoQError
from core.security import Account, AccountStore
from core.settings import Settings
from gateway.openid import Identity, Provider

HUB = "https://huggingface.co"
HUB_NAME = "Hugging Face"
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]")


@dataclass(frozen=True, slots=True)
class Admission:
    """Who gets an account by themselves: those of `allowed` (subjects, names, e-mail addresses), or, where nobody is
    named there and `role` is set, everybody the provider knows. `owner` is the subject who becomes administrator."""

    role: str | None = None
    allowed: frozenset[str] = frozenset()
    owner: str = ""


def provider_of(settings: Settings, environment: Mapping[str, str]) -> tuple[Provider, Admission] | None:
    """The provider of the settings, else the one a hosted Space names in its environment; None without one.

    Raises ConfigurationError where the settings are half there or name a role that there is not.
    """
    allowed = frozenset(item.strip().lower() for item in settings.oidc_allowed.split(",") if item.strip())
    if settings.oidc_role is not None and settings.oidc_role not in OPERATORS:
        raise ConfigurationError(f"XIAOQ_OIDC_ROLE is none of {', '.join(OPERATORS)}.")
    if settings.oidc_issuer:
        if not settings.oidc_client_id or settings.oidc_client_secret is None:
            raise ConfigurationError(
                "XIAOQ_OIDC_ISSUER needs XIAOQ_OIDC_CLIENT_ID and XIAOQ_OIDC_CLIENT_SECRET beside it."
            )
        secret = settings.oidc_client_secret.get_secret_value()
        provider = Provider(settings.oidc_issuer.rstrip("/"), settings.oidc_client_id, secret)
        return provider, Admission(settings.oidc_role, allowed)
    client, secret = environment.get("OAUTH_CLIENT_ID", ""), environment.get("OAUTH_CLIENT_SECRET", "")
    if client and secret and "SPACE_ID" in environment:
        issuer = environment.get("OPENID_PROVIDER_URL", HUB).rstrip("/")
        owner = environment.get("SPACE_CREATOR_USER_ID", "")
        return Provider(issuer, client, secret, HUB_NAME), Admission(settings.oidc_role, allowed, owner)
    return None


async def account_of(identity: Identity, admission: Admission, accounts: AccountStore) -> Account | None:
    """The live account of this identity; made, or bound to it, where the admission says so. None else."""
    account = await accounts.of_oidc(identity.key)
    if account is None and identity.email:
        account = await _registered(identity, accounts)
    if account is None and (role := _role_of(identity, admission)) is not None:
        account = await _made(identity, role, accounts)
    if account is None or account.disabled_at is not None:
        return None
    await accounts.signed_in(account.id)
    return account


async def _registered(identity: Identity, accounts: AccountStore) -> Account | None:
    """The account that was made for this e-mail address. One with a password, or another's, is not given away."""
    account = await accounts.named(identity.email)
    if account is None or account.oidc is not None or account.has_password:
        return None
    return await accounts.change(account.id, oidc=identity.key)


def _role_of(identity: Identity, admission: Admission) -> str | None:
    if admission.owner and identity.subject == admission.owner:
        return "admin"
    names = {identity.subject.lower(), identity.name.lower(), identity.email.lower()} - {""}
    if admission.allowed:
        return (admission.role or "agent") if names & admission.allowed else None
    return admission.role


async def _made(identity: Identity, role: str, accounts: AccountStore) -> Account | None:
    """A new account; where the name is taken by somebody else, one with the subject behind it."""
    name = _NOT_IN_NAMES.sub("-", identity.email or identity.name or identity.subject)[:48]
    for tried in (name, f"{name[:40]}-{_NOT_IN_NAMES.sub('-', identity.subject)[-20:]}"):
        try:
            return await accounts.create(tried, role, None, oidc=identity.key)
        except Conflict:
            continue
        except XiaoQError:
            continue
    return None
