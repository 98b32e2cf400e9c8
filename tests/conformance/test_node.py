"""OpenAI's JavaScript client is told what Python's is told, for every field, streamed and whole, and in every refusal."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.conformance.asking import both
from tests.conformance.cases import CALLS, CHAT, REFUSED, TEXTS
from tests.conformance.conftest import NODE
from tests.gateway.conftest import Running

pytestmark = [pytest.mark.service, pytest.mark.timeout(180)]

EMBEDDINGS: dict[str, dict[str, Any]] = {
    "packed": {"model": "text-embedding-3-small", "input": ["a", "b"]},
    "plain": {"model": "text-embedding-3-small", "input": ["a", "b"], "encoding_format": "float"},
}
GATHERED = {name: (CHAT | CALLS)[name] for name in ("a question", "calls by its own choice", "n")}


@pytest.fixture(scope="module")
def told(node: str, obedient: Running) -> dict[str, Any]:
    """What the client made of everything; one process, since it takes a while to start."""
    asked = {
        "url": f"{obedient.url}/v1",
        "chat": CHAT | CALLS,
        "texts": TEXTS,
        "refused": {name: one._asdict() for name, one in REFUSED.items()},
        "embeddings": EMBEDDINGS,
        "gathered": GATHERED,
    }
    return run(node, NODE / "client.mjs", asked)


def run(node: str, script: Path, asked: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [node, str(script)], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", CHAT | CALLS)
def test_chat(name: str, told: dict[str, Any], official: OpenAI) -> None:
    theirs = told["chat"][name]
    assert theirs["streamed"] == theirs["whole"] == both(official, "chat", (CHAT | CALLS)[name])[0]
    assert theirs["request_id"]


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, told: dict[str, Any], official: OpenAI) -> None:
    theirs = told["texts"][name]
    assert theirs["streamed"] == theirs["whole"] == both(official, "texts", TEXTS[name])[0]


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str, told: dict[str, Any]) -> None:
    expected, theirs = REFUSED[name], told["refused"][name]
    assert theirs.pop("request_id")
    assert theirs == {name: getattr(expected, name) for name in ("error", "status", "code", "param")}


@pytest.mark.parametrize("name", GATHERED)
def test_its_own_gathering(name: str, told: dict[str, Any]) -> None:
    whole = told["chat"][name]["whole"]["choices"]
    for ours, theirs in zip(whole, told["gathered"][name], strict=True):
        assert theirs["content"] == ours["content"]
        assert theirs["finish_reason"] == ours["finish_reason"]
        assert theirs["calls"] == [[number, name, said] for number, _, name, said in ours["calls"]]


def test_embeddings_and_models(told: dict[str, Any]) -> None:
    assert told["embeddings"]["packed"] == told["embeddings"]["plain"]
    assert {"qwen2.5-7b", "shop"} <= set(told["models"])
