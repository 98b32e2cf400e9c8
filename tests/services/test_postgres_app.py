"""The whole app on a real PostgreSQL, as an operator switches it on: by XIAOQ_DATABASE_URL, and one master key for all."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import Running, running
from tests.gateway.knowledge import MANUAL, new_line, search, upload
from tests.support.postgres import RunningPostgres

pytestmark = pytest.mark.service

ROOT = Path(__file__).parents[2]
QUESTION = "How do I descale the Zephyr kettle?"


@pytest.fixture(autouse=True)
def database(postgres: RunningPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgres.database() as url:
        monkeypatch.setenv("XIAOQ_DATABASE_URL", url)
        monkeypatch.setenv("XIAOQ_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
        yield url


def client(site: Running) -> httpx.Client:
    return httpx.Client(base_url=site.url, timeout=30)


def ask(http: httpx.Client) -> dict[str, object]:
    body = {"model": "kettles", "messages": [{"role": "user", "content": QUESTION}]}
    reply = http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    told: dict[str, object] = reply.json()["xiaoq"]
    return told


def documents_of(told: dict[str, object]) -> set[str]:
    sources = told["sources"]
    assert isinstance(sources, list)
    return {source["document"] for source in sources}


def test_it_answers_before_and_after_a_restart_on_another_machine(tmp_path: Path) -> None:
    with running(tmp_path / "one") as site, client(site) as http:
        assert {check["name"]: check["ready"] for check in checks(http)}["database"] is True
        new_line(http, "kettles")
        (document,) = upload(http, "kettles", ("manual.md", MANUAL))
        first = ask(http)
        assert "30 ml of citric acid" in str(site.seen())
    # A new data folder: nothing but the database and its key comes along, and the index is made from it.
    with running(tmp_path / "two") as site, client(site) as http:
        second = ask(http)
        listed = http.get("/api/lines/kettles/documents").json()["documents"]
        told = http.get(f"/api/conversations/{first['conversation_id']}").json()
    assert documents_of(first) == documents_of(second) == {"manual.md"}
    assert [one["id"] for one in listed] == [document["id"]]
    assert QUESTION in str(told)


def checks(http: httpx.Client) -> list[dict[str, object]]:
    reply = http.get("/readyz").json()
    parts: list[dict[str, object]] = [{"name": name, **part} for name, part in reply["parts"].items()]
    return parts


def test_what_one_replica_learns_the_other_answers_with(tmp_path: Path) -> None:
    with (
        running(tmp_path / "one") as one,
        running(tmp_path / "two") as two,
        client(one) as first,
        client(two) as second,
    ):
        new_line(first, "kettles")
        (document,) = upload(first, "kettles", ("manual.md", MANUAL))
        deadline = time.monotonic() + 60
        while not search(second, "kettles", QUESTION):
            assert time.monotonic() < deadline, "the other replica never noticed"
            time.sleep(0.2)
        assert documents_of(ask(second)) == {"manual.md"}
        assert second.delete(f"/api/lines/kettles/documents/{document['id']}").status_code == 204
        while search(first, "kettles", QUESTION):
            assert time.monotonic() < deadline, "the other replica never noticed"
            time.sleep(0.2)


def test_without_the_key_a_second_machine_refuses_to_start(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "one"):
        pass
    monkeypatch.delenv("XIAOQ_MASTER_KEY")
    refused = subprocess.run(
        [sys.executable, "app.py", "key", "list"],
        cwd=ROOT, env={**os.environ, "XIAOQ_DATA_DIR": str(tmp_path / "two")}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "master key" in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "two" / "master.key").exists(), "and makes no key of its own"
