"""Versions of prompts over a real database, as the answer pipeline takes them."""

from pipelines.pinned import Versions
from storage.database import Database
from storage.lines import SqlLineStore
from storage.prompts import SqlPromptStore


def versions(database: Database, lines: SqlLineStore | None = None) -> Versions:
    """What app.py makes, over this database's versions."""
    return Versions(SqlPromptStore(database, (lines or SqlLineStore(database)).forget))
