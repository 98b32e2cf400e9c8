"""Word lists over a real database, as the answer pipeline takes them."""

from pipelines.screening import Screening
from pipelines.words.live import Words
from storage.database import Database
from storage.words import SqlWordStore


def screening(database: Database) -> Screening:
    """What app.py makes, over this database's lists."""
    store = SqlWordStore(database)
    return Screening(Words(store), store)
