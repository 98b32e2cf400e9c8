"""The model's own tokenizer from files on this machine, for counting alone. Never downloads, loads nothing until asked.

Reads the byte-level BPE of a `tokenizer.json`, which Qwen's models have; knows no prompt and no window.
"""

import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from core.errors import ConfigurationError
from core.settings import Settings

log = structlog.get_logger()

FILE = "tokenizer.json"
SLICE = 8_000
"""Characters tokenized at a time: a cut costs a token at most, and no text can exhaust the pattern's stack."""
CHATML = 5
"""Tokens around a message in ChatML, Qwen's template: `<|im_start|>` role newline … `<|im_end|>` newline."""

Count = Callable[[str], int]
_GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def load_tokenizer(settings: Settings) -> tuple[Count, int | None] | None:
    """What counts a text's tokens and, where the template is known, how many stand around a message.

    XIAOQ_TOKENIZER names a folder or a file; unset, the model's own folder and the Hugging Face cache are looked at.
    None where no file is there. Raises ConfigurationError for a file that was named and cannot be used.
    """
    if settings.tokenizer is not None:
        return _loaded(_file(settings.tokenizer))
    found = _near(settings.model)
    if found is None:
        return None
    try:
        return _loaded(found)
    except ConfigurationError as error:
        log.warning("tokenizer not used", reason=error.message)
        return None


def _file(named: Path) -> Path:
    file = named / FILE if named.is_dir() else named
    if not file.is_file():
        raise ConfigurationError(f"XIAOQ_TOKENIZER names no {FILE} and no folder that holds one.")
    return file


def _near(model: str) -> Path | None:
    """The file in the model's folder, or of its newest snapshot in the cache."""
    folder = Path(model)
    if folder.is_absolute() and (folder / FILE).is_file():
        return folder / FILE
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    kept = cache / f"models--{model.replace('/', '--')}" / "snapshots"
    found = [*kept.glob(f"*/{FILE}")] if kept.is_dir() else []
    return max(found, key=lambda file: file.stat().st_mtime, default=None)


def _loaded(file: Path) -> tuple[Count, int | None]:
    try:
        written = json.loads(file.read_text("utf-8"))
        pattern, composed = _pattern(written), _composes(written.get("normalizer"))
        ranks = _ranks(written["model"])
        added = {token["content"] for token in written.get("added_tokens", ())}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"The tokenizer in {file.name} is no byte-level BPE that can be read."
        ) from None
    from tiktoken import Encoding  # a second to import and to build; only where there is a file

    encoding = Encoding("model", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def count(text: str) -> int:
        if composed:
            text = unicodedata.normalize("NFC", text)
        return sum(len(encoding.encode_ordinary(piece)) for piece in _slices(text))

    return count, CHATML if {"<|im_start|>", "<|im_end|>"} <= added else None


def _slices(text: str) -> Iterator[str]:
    """The text in pieces, cut before a space where there is one: a word's space belongs to it."""
    start = 0
    while len(text) - start > SLICE:
        space = text.rfind(" ", start + SLICE // 2, start + SLICE)
        end = space if space > 0 else start + SLICE
        yield text[start:end]
        start = end
    yield text[start:]


def _pattern(written: Mapping[str, Any]) -> str:
    """How a text is cut before the merges."""
    before = written["pre_tokenizer"]
    steps = before["pretokenizers"] if before["type"] == "Sequence" else [before]
    *splits, last = steps
    if last["type"] != "ByteLevel" or last.get("add_prefix_space"):
        raise ValueError("not byte-level")
    if last.get("use_regex", True):
        splits.append({"type": "Split", "pattern": {"Regex": _GPT2}})
    (split,) = splits
    if split["type"] != "Split":
        raise ValueError("not split by a pattern")
    pattern: str = split["pattern"]["Regex"]
    return pattern


def _composes(normalizer: Mapping[str, Any] | None) -> bool:
    if normalizer is None:
        return False
    if normalizer["type"] != "NFC":
        raise ValueError("an unknown normalizer")
    return True


def _ranks(model: Mapping[str, Any]) -> dict[bytes, int]:
    """The bytes, then what each merge makes, in the order of the merges."""
    if model["type"] != "BPE":
        raise ValueError("not BPE")
    ranks = {bytes([value]): value for value in range(256)}
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        ranks.setdefault(_bytes(left) + _bytes(right), len(ranks))
    return ranks


def _bytes(token: Iterable[str]) -> bytes:
    letters = _letters()
    return bytes(letters[letter] for letter in token)


@lru_cache(1)
def _letters() -> Mapping[str, int]:
    """The letters that byte-level vocabularies write bytes with, as GPT-2 began it."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [value for value in range(256) if value not in plain]
    return {chr(value): value for value in plain} | {chr(256 + n): value for n, value in enumerate(rest)}
