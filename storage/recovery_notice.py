"""What an operator is told of a database that a snapshot took the place of. Knows no snapshot.

A file beside the database keeps it for later processes and `doctor`; it counts until the damaged file is taken away.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from core.custody import Recovered

_TIME = "%Y-%m-%d %H:%M UTC"


def keep_notice(database: Path, found: Recovered) -> None:
    """Raises OSError."""
    told = {
        "at": found.at.isoformat(),
        "snapshot": found.snapshot,
        "taken_at": found.taken_at.isoformat(),
        "turns": found.turns,
        "aside": found.aside,
    }
    draft = _place(database).with_suffix(".part")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(told, out)
    draft.replace(_place(database))


def recovery_notice(database: Path) -> str:
    """One line, empty where there is nothing to tell."""
    try:
        told = json.loads(_place(database).read_text(encoding="utf-8"))
        at, taken_at = (datetime.fromisoformat(told[name]).astimezone(UTC) for name in ("at", "taken_at"))
        aside = str(told["aside"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    if aside and not database.with_name(aside).exists():
        return ""
    kept = f"; the damaged file is kept as {aside}: move it away when it is no longer needed" if aside else ""
    return (
        f"found damaged and restored at {at:{_TIME}} from the snapshot of {taken_at:{_TIME}}: "
        f"what was written after that is missing{kept}"
    )


def _place(database: Path) -> Path:
    return database.with_name(f"{database.name}.recovered")
