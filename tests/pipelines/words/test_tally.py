"""What is kept of hits: a number for each list, no word."""

from datetime import UTC, datetime

from core.words import WordHit
from pipelines.words.lexicon import Lexicon
from pipelines.words.tally import tally
from tests.pipelines.words.lists import ALL


def test_hits_are_counted_by_list() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    hits = Lexicon(ALL).screen("赌博，传奇，hell", "shop").hits
    assert tally(hits, line="shop", turn_id="t", direction="input", at=now) == [
        WordHit(now, "shop", "t", "input", "r", "Rude", "abuse", "replace", 2),
        WordHit(now, "shop", "t", "input", "f", "Rivals", "rival", "flag", 1),
    ]
