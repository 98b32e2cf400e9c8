"""Which knowledge bases a business line reads and writes: the one place that says so.

Does not look anything up: a line's bases stand in the line.
"""

from core.documents import SHARED_BASE
from core.messages import BusinessLine


def searched(line: BusinessLine) -> tuple[str, ...]:
    """The bases a question on this line is answered from: its own list, and the one that every line shares."""
    return tuple(dict.fromkeys([*line.bases, SHARED_BASE]))


def owned(line: BusinessLine) -> str:
    """The base that uploads to this line go to."""
    return line.id
