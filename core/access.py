"""Who may do what: rights, the roles that bundle them, and whoever is calling.

Knows no sign-in: the doors find out who it is, and every route and every event of a page names the right it needs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.errors import Forbidden


class Right(StrEnum):
    """What a route or an event may ask for."""

    ASK = "ask"
    """Put questions, rate their answers, see lines."""
    READ = "read"
    """Read other people's conversations, masked, and export them."""
    UNMASK = "unmask"
    """See what stands behind a placeholder, with a reason, which the audit keeps."""
    MANAGE = "manage"
    """Change lines, documents and word lists."""
    PRIVACY = "privacy"
    """Export and erase all that is kept of one customer."""
    AUDIT = "audit"
    """Read and verify the audit."""
    OPERATE = "operate"
    """Accounts, keys, and how the machine is."""


ROLES: dict[str, frozenset[Right]] = {
    "caller": frozenset({Right.ASK}),
    "agent": frozenset({Right.ASK, Right.READ}),
    "manager": frozenset({Right.ASK, Right.READ, Right.UNMASK, Right.MANAGE}),
    "auditor": frozenset({Right.READ, Right.AUDIT}),
    "admin": frozenset(Right),
}
OPERATORS = ("agent", "manager", "auditor", "admin")
"""The roles that sign in to the console; `caller` is for programs."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `id` is of the key or of the account; `line`, where a key or account is bound to one.

    `kind` `console` is an operator's session, `local` a call from this machine while no key exists.
    """

    kind: Literal["key", "console", "local"]
    role: str
    id: str = ""
    line: str | None = None

    def may(self, right: Right) -> bool:
        return right in ROLES.get(self.role, frozenset())

    def check(self, right: Right) -> None:
        """Raises Forbidden where the role does not have the right."""
        if not self.may(right):
            raise Forbidden(f"The role '{self.role}' may not do this; it needs the right '{right}'.")

    @property
    def actor(self) -> str:
        """How the audit names who did something."""
        return f"{self.kind}:{self.id or 'operator'}" if self.kind == "console" else f"{self.kind}:{self.id}"

    def owner(self, customer: str | None = None) -> str:
        """Whose conversations these are, as the log knows them."""
        if self.kind == "console":
            return self.actor
        return f"{self.kind}:{self.id}/{customer or ''}"

    def owns(self, owner: str) -> bool:
        """Whether a conversation of this owner came through this very sign-in."""
        return owner.startswith(self.owner()) if self.kind != "console" else owner == self.owner()

    def check_line(self, line: str) -> None:
        """Raises Forbidden where a key that is bound to a line reaches for another."""
        if self.line is not None and line != self.line:
            raise Forbidden(f"This key belongs to the line '{self.line}' and cannot use '{line}'.")
