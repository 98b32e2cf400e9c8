"""Remembers which embedding model serves each base, where it is found and how far it is trusted there.

It does not know vectors nor how trust is measured.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from knowledge.trust import PLAIN

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Serving:
    """`identity` names the vectors; `model` and `url` lead back to the model. `trust` is by tongue, `*` for others;
    between the ends of `span` a cosine says more and more; `rows` is how many chunks the base had when both were
    measured."""

    identity: str
    model: str = ""
    url: str | None = None
    trust: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0
    span: Sequence[float] = PLAIN


class ModelMemory:
    """In a JSON file, or for this process only where `path` is None. A damaged file is an empty memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._bases = _read(path) if path is not None else {}

    def get(self, base: str) -> Serving | None:
        return self._bases.get(base)

    def put(self, base: str, serving: Serving | None) -> None:
        """Written beside and swapped in. None forgets the base."""
        if self._bases.get(base) == serving:
            return
        self._bases.pop(base, None)
        if serving is not None:
            self._bases[base] = serving
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            kept = {name: asdict(one) for name, one in self._bases.items()}
            with beside.open("w", encoding="utf-8") as out:
                json.dump(kept, out, ensure_ascii=False)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._path)


def _read(path: Path) -> dict[str, Serving]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(base): Serving(**fields) for base, fields in kept.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        log.warning("embedding_memory_damaged", file=path.name)
        return {}
