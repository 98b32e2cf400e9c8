"""Asks through OpenAI's Python client, whole and in pieces."""

from typing import Any

from openai import OpenAI

from tests.conformance.summary import of_pieces, of_whole

WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def create(client: OpenAI, to: str) -> Any:
    """The client's own method for a route of ours."""
    return {
        "chat": client.chat.completions.create,
        "texts": client.completions.create,
        "embeddings": client.embeddings.create,
    }[to]


def both(client: OpenAI, to: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the same question amounts to, whole and streamed."""
    ask = create(client, to)
    return of_whole(ask(**body)), of_pieces(ask(**body, **WITH_USAGE))
