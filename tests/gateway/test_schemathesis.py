"""/openapi.json against the running app: what it allows is taken, what it forbids refused, every reply as it says."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import Running, running
from tests.gateway.knowledge import MANUAL, new_line, upload
from tests.support.contract import contract_faults
from tests.support.fuzzing import attempts

pytestmark = [pytest.mark.process, pytest.mark.timeout(attempts(300))]

PAIR = {"question": "How do I descale it?", "answer": "With citric acid.", "status": "draft"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    """An app of its own: what is sent here makes, changes and removes whatever it can."""
    with running(tmp_path / "data") as server:
        yield server


def furnished(http: httpx.Client) -> dict[str, Sequence[str]]:
    """Ids of something of every kind, by the parameter that takes them."""
    new_line(http, "kettles")
    document = upload(http, "kettles", ("kettle.md", MANUAL))[0]["id"]
    http.post("/api/lines/kettles/faq", json=[PAIR]).raise_for_status()
    pairs = http.get("/api/lines/kettles/faq").json()["pairs"]
    passages = http.get(f"/api/lines/kettles/documents/{document}/passages").json()["passages"]
    right = {"question": "When?", "document_id": document, "passage_id": passages[0]["passage_id"]}
    golden = http.post("/api/lines/kettles/golden", json=right).json()["id"]
    proposal = http.post("/api/lines/kettles/golden/proposals", json={"question": "Is it safe?"}).json()
    run = http.post("/api/lines/kettles/evaluations").json()["id"]
    later = http.post(
        "/api/lines/kettles/documents", params={"wait": "false"}, files={"files": ("a.md", b"# A\n\nB.")}
    )
    asked = {"model": "kettles", "messages": [{"role": "user", "content": "How do I descale it?"}]}
    turn = http.post("/v1/chat/completions", json=asked).json()["xiaoq"]
    files = http.post("/api/attachments", files={"files": ("a.txt", b"Mine is the blue one.")}).json()
    versions = [http.post("/api/lines/kettles/prompts", json={}).json()["version"] for _ in range(3)]
    new_line(http, "teas")  # no golden question holds its publications back
    for number in (2, 1):
        http.post("/api/lines/teas/prompts", json={})
        http.post("/api/lines/teas/prompts", json={})
        http.post(f"/api/lines/teas/prompts/{number}/publish").raise_for_status()
    test = http.post("/api/lines/teas/experiments", json={"challenger": 2}).json()["id"]
    return {
        "path.experiment_id": [test],
        "path.version": [str(version) for version in versions],
        "path.line_id": ["kettles", "shop", "shared", "teas"],
        "path.document_id": [document],
        "path.pair_id": [pair["id"] for pair in pairs],
        "path.golden_id": [golden],
        "path.proposal_id": [proposal["proposal"]["id"]],
        "path.evaluation_id": [run],
        "path.job_id": [later.json()["id"]],
        "path.conversation_id": [turn["conversation_id"], files["conversation_id"]],
        "path.attachment_id": [file["id"] for file in files["attachments"]],
        "path.model": ["qwen2.5-7b", "kettles"],
        "body.model": ["qwen2.5-7b", "kettles"],
        "body.turn_id": [turn["turn_id"]],
        "body.document_id": [document],
        "body.passage_id": [passages[0]["passage_id"]],
    }


def test_the_app_is_as_documented_for_everybody(fresh: Running, tmp_path: Path) -> None:
    """For this machine before there is a key, for an admin, for a caller of one line, and for a stranger."""

    def hold(who: str, headers: dict[str, str], phases: str, examples: int, *without: str) -> None:
        found = contract_faults(
            fresh.url,
            tmp_path / who,
            headers=headers,
            ids=ids,
            phases=phases,
            examples=attempts(examples),
            seconds=attempts(200),
            without=without,
        )
        if found:
            pytest.fail(f"As {who}:\n{found}", pytrace=False)

    with httpx.Client(base_url=fresh.url, timeout=60) as http:
        ids = furnished(http)
    # The document asks for a key; before the first one is made, this machine needs none.
    hold("local", {}, "fuzzing", 2, "ignored_auth")
    hold("admin", fresh.key("admin"), "examples,coverage,fuzzing,stateful", 5)
    hold("caller", fresh.key("caller", "kettles"), "fuzzing", 2)
    hold("stranger", {}, "fuzzing", 2)
