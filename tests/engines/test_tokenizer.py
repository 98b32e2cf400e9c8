"""Tokens counted as the model's own tokenizer counts them; the reference is the package `tokenizers` 0.23.2.

small_tokenizer.json was trained with it, with Qwen's pattern, on this repository's guides.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from engines.tokenizer import CHATML, SLICE, load_tokenizer
from pipelines.tokens import MESSAGE_OVERHEAD, ModelTokens, estimate_tokens

FILE = Path(__file__).with_name("small_tokenizer.json")
REFERENCE = {
    "我的订单为什么还没发货?": 24,
    "Why has my order not been shipped yet? It's been 3 days…": 28,
    "  two  spaces\n\n\nand\tlines\r\n": 16,
    "café cafe\u0301 naïve": 15,
    "价格 1,299.00 元 (含税)": 24,
    "สวัสดี ครับ": 31,
    "🙂👍🏽": 12,
    "": 0,
    '{"tools": [{"name": "f"}]}': 20,
    "word " * 3_000: 3_003,
    "中文" * 3_000: 12_000,
}


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, **{"tokenizer": FILE, **more})


def loaded(**more: Any) -> tuple[Callable[[str], int], int | None]:
    found = load_tokenizer(settings(**more))
    assert found is not None
    return found


def test_it_counts_as_the_reference_does() -> None:
    count, around = loaded()
    assert {text: count(text) for text in REFERENCE} == REFERENCE
    assert around == CHATML


def test_a_folder_will_do_and_so_does_the_models_own_and_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copy(FILE, model / "tokenizer.json")
    text = "我的订单为什么还没发货?"
    assert loaded(tokenizer=model)[0](text) == 24
    assert loaded(tokenizer=None, model=str(model))[0](text) == 24
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    assert load_tokenizer(settings(tokenizer=None)) is None
    kept = tmp_path / "home" / "hub" / "models--Qwen--Qwen2.5-7B-Instruct" / "snapshots" / "abc"
    kept.mkdir(parents=True)
    shutil.copy(FILE, kept / "tokenizer.json")
    assert loaded(tokenizer=None)[0](text) == 24
    (kept / "tokenizer.json").write_text("{}")
    assert load_tokenizer(settings(tokenizer=None)) is None, "what nobody named stops nothing"


def test_a_file_that_cannot_be_used_is_told_at_start(tmp_path: Path) -> None:
    written = json.loads(FILE.read_text())
    broken = {
        "unigram": written | {"model": {"type": "Unigram", "vocab": []}},
        "lower": written | {"normalizer": {"type": "Lowercase"}},
        "words": written | {"pre_tokenizer": {"type": "Whitespace"}},
        "empty": {},
    }
    for name, content in broken.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(content))
        with pytest.raises(ConfigurationError, match="no byte-level BPE"):
            load_tokenizer(settings(tokenizer=file))
    for nowhere in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ConfigurationError, match="XIAOQ_TOKENIZER"):
            load_tokenizer(settings(tokenizer=nowhere))


def test_long_texts_are_counted_in_slices_and_cost_no_time() -> None:
    count, _ = loaded()
    for text in (" " * 200_000, "a" * 200_000, "中" * 100_000, "\n" * 100_000):
        began = time.monotonic()
        whole = count(text)
        assert time.monotonic() - began < 3
        assert whole >= len(text) // SLICE


def test_until_it_is_loaded_and_without_a_file_tokens_are_estimated() -> None:
    text = "我的订单为什么还没发货?"
    tokens = ModelTokens(lambda: load_tokenizer(settings()))
    assert (tokens.exact, tokens.count(text), tokens.per_message) == (
        False, estimate_tokens(text), MESSAGE_OVERHEAD,
    )  # fmt: skip
    asyncio.run(tokens.start())
    assert (tokens.exact, tokens.count(text), tokens.per_message) == (True, 24, CHATML)
    without = ModelTokens(lambda: None)
    asyncio.run(without.start())
    assert (without.exact, without.count(text)) == (False, estimate_tokens(text))
