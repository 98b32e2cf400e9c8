"""What the transcripts say in numbers: stored turns in, pandas frames out.

Knows nothing of charts, languages of the page or where the turns came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from core.messages import StoredTurn
from core.words import WordHit

if TYPE_CHECKING:
    import pandas as pd

Step = Literal["total", "first_token"]

HOURLY_UP_TO = timedelta(days=2)
"""A longer span is shown by day."""


def questions_over_time(turns: Sequence[StoredTurn], zone: ZoneInfo) -> pd.DataFrame:
    """Columns `at` (start of the hour or day, reader's local time) and `questions`; gaps count zero."""
    frame = _frame(turns, zone)
    counts = frame.set_index("at").resample(bucket(turns)).size()
    return counts.rename("questions").rename_axis("at").reset_index()


def latency_over_time(turns: Sequence[StoredTurn], step: Step, zone: ZoneInfo) -> pd.DataFrame:
    """Columns `at`, `p50` and `p95` in seconds; a stretch without an answer has no row."""
    frame = _frame(turns, zone).dropna(subset=[step])
    if frame.empty:
        return frame.reindex(columns=["at", "p50", "p95"])
    grouped = frame.set_index("at")[step].resample(bucket(turns))
    result = grouped.quantile([0.5, 0.95]).unstack().dropna()
    result.columns = ["p50", "p95"]
    return (result / 1000).rename_axis("at").reset_index()


def mode_counts(turns: Sequence[StoredTurn]) -> pd.DataFrame:
    """Columns `key` (a mode, or `none` for an answer that never came) and `turns`, most frequent first."""
    return _counts([turn.record.mode.value if turn.record.mode else "none" for turn in turns])


def language_counts(turns: Sequence[StoredTurn]) -> pd.DataFrame:
    """Columns `key` (a language tag) and `turns`, most frequent first."""
    return _counts([turn.record.language or "und" for turn in turns])


def fidelity(turns: Sequence[StoredTurn]) -> pd.DataFrame:
    """How often a model answered in the language it was to: columns `key` (that language), `right` and `turns` (answers
    whose own language is known), most frequent first."""
    import pandas as pd

    known = [turn.record for turn in turns if turn.record.answer_language]
    every = Counter(record.language for record in known)
    right = Counter(record.language for record in known if record.answer_language == record.language)
    rows = [(key, right[key], count) for key, count in every.most_common()]
    return pd.DataFrame(rows, columns=["key", "right", "turns"])


def words_over_time(hits: Sequence[WordHit], zone: ZoneInfo) -> pd.DataFrame:
    """Columns `at` (start of the hour or day, reader's local time) and one for each action; gaps count zero."""
    import pandas as pd

    frame = pd.DataFrame(
        [(hit.at.astimezone(zone).replace(tzinfo=None), hit.action, hit.hits) for hit in hits],
        columns=["at", "action", "hits"],
    )
    summed = frame.pivot_table(index="at", columns="action", values="hits", aggfunc="sum", fill_value=0)
    return summed.resample(span([hit.at for hit in hits])).sum().rename_axis("at").reset_index()


def word_categories(hits: Sequence[WordHit]) -> pd.DataFrame:
    """Columns `key` (a category) and `turns` (hits), most frequent first."""
    return _counts([hit.category for hit in hits for _ in range(hit.hits)])


def _frame(turns: Sequence[StoredTurn], zone: ZoneInfo) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            # Plotly shows the wall clock it is given: local time without a zone.
            "at": turn.asked_at.astimezone(zone).replace(tzinfo=None),
            "total": turn.record.timings.get("total"),
            "first_token": turn.record.timings.get("first_token"),
        }
        for turn in turns
    ]
    frame = pd.DataFrame(rows, columns=["at", "total", "first_token"])
    frame["at"] = pd.to_datetime(frame["at"])
    for step in ("total", "first_token"):
        frame[step] = pd.to_numeric(frame[step])
    return frame


def bucket(turns: Sequence[StoredTurn]) -> timedelta:
    """How wide a point in time is on the charts of these turns: an hour or a day."""
    return span([turn.asked_at for turn in turns])


def span(times: Sequence[datetime]) -> timedelta:
    """The same for moments of any kind."""
    daily = times and max(times) - min(times) > HOURLY_UP_TO
    return timedelta(days=1) if daily else timedelta(hours=1)


def _counts(keys: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(Counter(keys).most_common(), columns=["key", "turns"])
