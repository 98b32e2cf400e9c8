"""A process of low priority that indexes many chunks, so that the app's own process goes on answering.

Run as `python -m knowledge.index_worker FOLDER`. A line of JSON with a list of chunks comes in, a line with a
written file goes out whenever a segment is full and at the end. It knows neither store nor manifest.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from core.documents import Chunk
from knowledge.segment_files import write_segment
from knowledge.segments import Segment, batches, counted, fits, merge

_NICE = 19
_FIELDS = ("row", "title", "text", "kind", "match", "language", "valid_from", "valid_until")


def line_of(chunks: Sequence[Chunk]) -> bytes:
    """What the worker reads: of each chunk the fields that an index needs."""
    rows = [[getattr(chunk, name) for name in _FIELDS] for chunk in chunks]
    return json.dumps(rows, default=date.isoformat).encode() + b"\n"


def chunks_of(line: bytes) -> list[Chunk]:
    """What `line_of` wrote."""
    return [_chunk(dict(zip(_FIELDS, row, strict=True))) for row in json.loads(line)]


def _chunk(fields: dict[str, Any]) -> Chunk:
    for name in ("valid_from", "valid_until"):
        fields[name] = date.fromisoformat(fields[name]) if fields[name] else None
    fields["match"] = tuple(fields["match"])
    return Chunk(id="", base="", document_id="", document="", position=0, location="", **fields)


def _tell(pending: Sequence[Segment], folder: Path) -> None:
    if pending:
        whole = merge(pending, [None] * len(pending)) if len(pending) > 1 else pending[0]
        print(json.dumps(asdict(write_segment(whole, folder))), flush=True)  # noqa: T201  the protocol


def main() -> None:
    os.nice(_NICE)
    folder, pending = Path(sys.argv[1]), list[Segment]()
    for line in sys.stdin.buffer:
        for batch in batches(chunks_of(line)):
            segment = counted(batch)
            if not fits([*pending, segment]):
                _tell(pending, folder)
                pending = []
            pending.append(segment)
    _tell(pending, folder)


if __name__ == "__main__":
    main()
