"""The nouns and seams of accounts, sessions and the audit: what the doors and pipelines ask of storage for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

# --- operators ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """An operator. `name` is what they sign in with, in lower case; `oidc` is `issuer|subject` of an OpenID sign-in.

    Times are UTC. `line` binds the account to one business line.
    """

    id: str
    name: str
    role: str
    created_at: datetime
    line: str | None = None
    oidc: str | None = None
    disabled_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    locked_until: datetime | None = None
    has_password: bool = True
    """False where only an OpenID sign-in opens it."""


class AccountStore(Protocol):
    async def create(
        self, name: str, role: str, password: str | None, *, line: str | None = None, oidc: str | None = None
    ) -> Account:
        """Raises Conflict where the name is taken, InvalidRequest (Unfit) where name, role or password will not do."""
        ...

    async def list(self) -> Sequence[Account]:
        """By name, disabled ones too."""
        ...

    async def get(self, account_id: str) -> Account | None: ...

    async def named(self, name: str) -> Account | None: ...

    async def check(self, name: str, password: str, *, known_device: bool = False) -> Account | None:
        """The live account with this name and password; None else, in the same time for every name.

        Counts failures and locks the account for a while after several, the same in every process. A
        `known_device` has signed in as this account before: guesses made elsewhere do not lock it out.
        """
        ...

    async def signed_in(self, account_id: str) -> None:
        """Note the time of a sign-in that needed no password."""
        ...

    async def of_oidc(self, oidc: str) -> Account | None: ...

    async def change(
        self,
        account_id: str,
        *,
        role: str | None = None,
        line: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
        oidc: str | None = None,
    ) -> Account:
        """Change what is named; an empty `line` unbinds. A new password or a disabling ends the account's sessions.

        Raises NotFound, InvalidRequest and, for another account's `oidc`, Conflict.
        """
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of an operator; `account_id` is None for the operator's link and password.

    `role`, `name` and `line` are those of the account now, not of when it signed in. `csrf` is what a program
    that uses the cookie sends along (gateway/origin.py).
    """

    account_id: str | None
    role: str
    name: str
    line: str | None
    expires_at: datetime
    csrf: str = field(repr=False, default="")


class SessionStore(Protocol):
    async def begin(self, account: Account | None) -> str:
        """A new session; gives the cookie's text, which is stored as a digest only."""
        ...

    async def find(self, cookie: str) -> Session | None:
        """The live session of this cookie, of an account that is not disabled."""
        ...

    async def end(self, cookie: str) -> None: ...


# --- audit -------------------------------------------------------------------------------------------------


class Act(StrEnum):
    """What the audit keeps."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED_OUT = "locked_out"
    SIGNED_OUT = "signed_out"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    KEY_CREATED = "key_created"
    KEY_CHANGED = "key_changed"
    KEY_REVOKED = "key_revoked"
    TRANSCRIPT_READ = "transcript_read"
    UNMASKED = "unmasked"
    EXPORTED = "exported"
    CUSTOMER_EXPORTED = "customer_exported"
    CUSTOMER_ERASED = "customer_erased"
    RETENTION = "retention"
    LINE_CHANGED = "line_changed"
    KNOWLEDGE_CHANGED = "knowledge_changed"
    GOLDEN_CHANGED = "golden_changed"
    PROMPT_CHANGED = "prompt_changed"
    PROMPT_PUBLISHED = "prompt_published"
    PROMPT_ROLLED_BACK = "prompt_rolled_back"
    EXPERIMENT_STARTED = "experiment_started"
    EXPERIMENT_STOPPED = "experiment_stopped"
    EXPERIMENT_PROMOTED = "experiment_promoted"
    WORDS_CHANGED = "words_changed"
    MASTER_KEY_ROTATED = "master_key_rotated"
    BACKED_UP = "backed_up"
    RESTORED = "restored"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, with whose data, why and when. `subject` is a pseudonym, never a name; `number` counts from 1."""

    number: int
    at: datetime
    actor: str
    act: str
    object: str = ""
    subject: str = ""
    reason: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    act: str | None = None
    subject: str | None = None
    limit: int = 200
    before: int | None = None
    """Only entries with a smaller number: for paging."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last entry's number and digest in hexadecimal: kept elsewhere, it proves that nothing before was cut."""

    number: int
    digest: str
    at: datetime | None = field(default=None, compare=False)
    """When it was kept, where that was written beside it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. `place` names the first broken link: `audit 17`, `turn turn-…`, `conversation …`.

    The `reason` of one that is whole says what could not be verified, if anything.
    """

    whole: bool
    checked: int
    place: str = ""
    reason: str = ""
    anchor: Anchor | None = None


Progress = Callable[[int, int], None]
"""How many are done, of how many."""


class Audit(Protocol):
    """Append-only, hash-chained and keyed: an entry cannot be changed, taken out or put elsewhere unnoticed."""

    async def note(
        self,
        actor: str,
        act: Act,
        *,
        object: str = "",
        subject: str = "",
        reason: str = "",
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Committed when this returns; who may not be noted may not do it. Raises StorageUnavailable."""
        ...

    async def entries(self, where: AuditFilter) -> Sequence[AuditEntry]:
        """Newest first."""
        ...

    async def verify(self, anchors: Sequence[Anchor] = (), progress: Progress | None = None) -> Verdict:
        """Walk the whole chain, and hold it against anchors that were kept elsewhere.

        Without one, entries cut off at the end are not missed: nothing within the database can tell.
        """
        ...

    async def anchor(self) -> Anchor | None:
        """The newest entry's; None while there is none."""
        ...
