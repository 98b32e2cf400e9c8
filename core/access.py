"""Who may do what: rights, the roles that bundle them, and whoever is calling.

Knows no sign-in: the doors find out who it is, and every route and every event of a page names the right it needs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from core.errors import Forbidden
from core.limits import NO_LIMITS, Limits


class Right(StrEnum):
    """What a route or an event may ask for."""

    ASK = "ask"
    """Put questions, rate their answers, see lines, open the sources of answers."""
    BROWSE = "browse"
    """See what is in the knowledge bases, and try questions on them."""
    CHARTS = "charts"
    """See how much is asked and how fast it is answered: figures, no texts."""
    READ = "read"
    """Read other people's conversations, masked, and export them."""
    UNMASK = "unmask"
    """See what stands behind a placeholder, with a reason, which the audit keeps."""
    MANAGE = "manage"
    """Change lines, documents and word lists."""
    OVERRIDE = "override"
    """Publish what makes a golden question worse, with a reason, which the audit keeps."""
    PRIVACY = "privacy"
    """Export and erase all that is kept of one customer."""
    AUDIT = "audit"
    """Read and verify the audit."""
    OPERATE = "operate"
    """Accounts, keys, and how the machine is."""


ROLES: dict[str, frozenset[Right]] = {
    "caller": frozenset({Right.ASK}),
    "agent": frozenset({Right.ASK, Right.READ}),
    "manager": frozenset({Right.ASK, Right.BROWSE, Right.CHARTS, Right.READ, Right.UNMASK, Right.MANAGE}),
    "auditor": frozenset({Right.CHARTS, Right.READ, Right.AUDIT}),
    "admin": frozenset(Right),
}
OPERATORS = ("agent", "manager", "auditor", "admin")
"""The roles that sign in to the console; `caller` is for programs."""
VISITOR: Literal["visitor"] = "visitor"
"""The role of whoever opens a console that needs no sign-in. No key and no account can have it."""
_RIGHTS = {**ROLES, VISITOR: frozenset({Right.ASK, Right.BROWSE})}


Scope = Literal["chat", "responses", "completions", "embeddings", "models", "api"]
"""What a key can be narrowed to: one route of /v1 each, or all of /api that its role may use."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `id` is of the key or of the account; `line`, where a key or account is bound to one.

    `scopes` are those of a key, none named for all of them; `limits` what it may use.
    `kind` `console` is an operator's session, `visitor` somebody in an open console, `local` a call from this
    machine while no key exists. `name` is what the page greets an operator with.
    """

    kind: Literal["key", "console", "visitor", "local"]
    role: str
    id: str = ""
    line: str | None = None
    name: str = ""
    scopes: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS

    def may(self, right: Right) -> bool:
        return right in _RIGHTS.get(self.role, frozenset())

    def check(self, right: Right) -> None:
        """Raises Forbidden where the role does not have the right."""
        if not self.may(right):
            raise Forbidden(f"The role '{self.role}' may not do this; it needs the right '{right}'.")

    def check_scope(self, scope: Scope) -> None:
        """Raises Forbidden where a key is narrowed to other scopes."""
        if self.scopes and scope not in self.scopes:
            raise Forbidden(f"This key is for {', '.join(self.scopes)}; it may not use '{scope}'.")

    @property
    def actor(self) -> str:
        """How the audit names who did something. The operator's link and password are one operator."""
        return f"{self.kind}:{self.id or 'operator'}" if self.kind == "console" else f"{self.kind}:{self.id}"

    def owner(self, customer: str | None = None) -> str:
        """Whose conversations these are, as the log knows them."""
        if self.kind in ("console", VISITOR):
            return self.actor
        return f"{self.kind}:{self.id}/{customer or ''}"

    def owns(self, owner: str) -> bool:
        """Whether a conversation of this owner came through this very sign-in."""
        if self.kind in ("console", VISITOR):
            return owner == self.owner()
        return owner.startswith(self.owner())

    def check_line(self, line: str) -> None:
        """Raises Forbidden where a key or an account that is bound to a line reaches for another."""
        if self.line is not None and line != self.line:
            which = "key" if self.kind == "key" else "account"
            raise Forbidden(f"This {which} belongs to the line '{self.line}' and cannot use '{line}'.")
