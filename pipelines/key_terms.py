"""What an operator may set of a key's terms, checked, and the terms that come of it. Knows no key and no door."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.access import SCOPES
from core.errors import InvalidRequest, Unfit
from core.limits import LARGEST_LIMIT, LIMIT_NAMES, NO_LIMITS
from core.ports import KeyTerms

LONGEST_LIFE = timedelta(days=3_660)


def changed_terms(terms: KeyTerms, changes: Mapping[str, Any], now: datetime | None = None) -> KeyTerms:
    """The terms with `changes`: names of core.limits.Limits, `expires_at` and `scopes`. What is not named stays.

    None, or 0 for a limit, takes it away; no scope is all of them. Raises InvalidRequest.
    """
    now = now or datetime.now(UTC)
    limits = {name: _limit(name, changes[name]) for name in LIMIT_NAMES if name in changes}
    changed = replace(terms.limits, **limits)
    expires_at = _expiry(changes["expires_at"], now) if "expires_at" in changes else terms.expires_at
    scopes = _scopes(changes["scopes"] or ()) if "scopes" in changes else terms.scopes
    return KeyTerms(expires_at, scopes, NO_LIMITS if changed.none else changed)


def said(terms: KeyTerms) -> dict[str, str | int]:
    """The terms as the audit keeps them."""
    limits = {name: getattr(terms.limits, name) for name in LIMIT_NAMES}
    detail: dict[str, str | int] = {name: value for name, value in limits.items() if value is not None}
    if terms.expires_at is not None:
        detail["expires_at"] = f"{terms.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    if terms.scopes:
        detail["scopes"] = " ".join(terms.scopes)
    return detail


def _limit(name: str, value: int | None) -> int | None:
    if not value:
        return None
    if not 0 < value <= LARGEST_LIMIT:
        raise InvalidRequest(f"A limit is a whole number from 1 to {LARGEST_LIMIT:,}.", param=name)
    return value


def _expiry(moment: datetime | None, now: datetime) -> datetime | None:
    """The moment in UTC; one without a zone is meant so."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Compared before the zone is changed: near the year 9999 that overflows.
    if not now < moment < now + LONGEST_LIFE:
        raise Unfit("A key expires in the future, within ten years.", param="expires_at")
    return moment.astimezone(UTC)


def _scopes(named: Sequence[str]) -> tuple[str, ...]:
    if unknown := [scope for scope in named if scope not in SCOPES]:
        raise InvalidRequest(
            f"There is no scope {unknown[0][:20]!r}; choose of {', '.join(SCOPES)}.", param="scopes"
        )
    return tuple(scope for scope in SCOPES if scope in named)
