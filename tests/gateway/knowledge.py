"""Short ways to fill a line with knowledge over HTTP and to ask for it."""

import time
from typing import Any

import httpx

MANUAL = b"# Zephyr kettle\n\n## Descaling\n\nDescale the Zephyr kettle with 30 ml of citric acid every six weeks.\n"


def new_line(http: httpx.Client, line_id: str, **fields: Any) -> dict[str, Any]:
    reply = http.post("/api/lines", json={"id": line_id, "names": {"en": "Kettles"}, "bases": [], **fields})
    assert reply.status_code == 201
    line: dict[str, Any] = reply.json()
    return line


def upload(
    http: httpx.Client, line: str, *files: tuple[str, bytes], data: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """The files' entries, one each, in their order."""
    parts = [("files", file) for file in files]
    reply = http.post(f"/api/lines/{line}/documents", files=parts, data=data or {})
    assert reply.status_code == 200, reply.text
    documents: list[dict[str, Any]] = reply.json()["documents"]
    return documents


def search(http: httpx.Client, line: str, question: str) -> list[dict[str, Any]]:
    reply = http.post(f"/api/lines/{line}/search", json={"question": question})
    passages: list[dict[str, Any]] = reply.json()["passages"]
    return passages


def ended(http: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it runs no more."""
    deadline = time.monotonic() + 30
    while job["status"] == "running":
        assert time.monotonic() < deadline
        job = http.get(f"/api/jobs/{job['id']}").json()
    return job
