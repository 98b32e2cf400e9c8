"""/api/lines/{line}/experiments and /api/experiments, over HTTP and against the shapes they are documented with."""

import httpx
import pytest
from pydantic import TypeAdapter

from gateway.experiment_shapes import ExperimentReply, ExperimentShape, ExperimentsReply
from pipelines.publish import make_live
from tests.gateway.conftest import Running
from tests.gateway.knowledge import new_line

STRANGE = "exp-none"


def published(site: Running, line: str, versions: int = 2) -> None:
    """So many published versions, the first of which is live."""
    for number in range(1, versions + 1):
        site.call(site.services.prompts.add(line, {"en": f"You are voice {number}."}))
    for number in (*range(2, versions + 1), 1):
        shop = site.call(site.services.lines.get(line))
        assert shop is not None
        site.call(make_live(site.services, shop, number, "key:test"))


def test_a_test_is_begun_watched_and_stopped(http: httpx.Client, site: Running) -> None:
    new_line(http, "ab")
    published(site, "ab")
    begun = http.post("/api/lines/ab/experiments", json={"challenger": 2, "champion": 1, "share": 0.9})
    assert begun.status_code == 201
    TypeAdapter(ExperimentShape).validate_python(begun.json())
    assert (begun.json()["champion"], begun.json()["minimum"]) == (1, 200)
    address = f"/api/experiments/{begun.json()['id']}"

    before = len(site.upstream.requests)
    for number in range(30):
        question = {"role": "user", "content": f"How do I descale kettle number {number}?"}
        http.post("/v1/chat/completions", json={"model": "ab", "messages": [question]}).raise_for_status()
    spoke = [request["messages"][0]["content"] for request in site.upstream.requests[before:]]
    assert sum("You are voice 2." in each for each in spoke) > 15, "most of thirty draw the challenger"
    found = http.get(address).json()
    TypeAdapter(ExperimentReply).validate_python(found)
    assert sum(side["conversations"] for side in found["sides"].values()) == 30
    assert found["sides"]["challenger"]["conversations"] > 15
    assert (found["verdict"], found["status"]) == ("too_early", "running")

    again = http.post("/api/lines/ab/experiments", json={"challenger": 2})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert http.post(f"{address}/promote").status_code == 409
    stopped = http.post(f"{address}/stop").json()
    assert (stopped["status"], stopped["sides"]) == ("stopped", found["sides"])
    assert http.post(f"{address}/stop").status_code == 409
    listed = http.get("/api/lines/ab/experiments").json()
    TypeAdapter(ExperimentsReply).validate_python(listed)
    assert [each["id"] for each in listed["experiments"]] == [found["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"challenger": 9}, 404),
        ({"challenger": 1}, 422),
        ({"challenger": 3}, 422),
        ({"challenger": 2, "champion": 3}, 409),
        ({"challenger": 2, "share": 1}, 400),
        ({"challenger": 2, "share": True}, 400),
        ({"challenger": 2, "minimum": 5}, 400),
        ({"challenger": 2, "seed": 1}, 400),
        ({}, 400),
    ],
)
def test_what_cannot_be_begun_is_refused(
    http: httpx.Client, site: Running, body: dict[str, object], status: int
) -> None:
    if http.get("/api/lines/ab-no").status_code == 404:
        new_line(http, "ab-no")
        published(site, "ab-no")
        site.call(site.services.prompts.add("ab-no", {"en": "A draft."}))
    assert http.post("/api/lines/ab-no/experiments", json=body).status_code == status


def test_a_test_of_another_line_is_nobody_elses(http: httpx.Client, locked: Running) -> None:
    assert http.get(f"/api/experiments/{STRANGE}").status_code == 404
    with httpx.Client(base_url=locked.url, headers=locked.key("admin"), timeout=60) as admin:
        for line in ("mine", "theirs"):
            new_line(admin, line)
        published(locked, "mine")
        test = admin.post("/api/lines/mine/experiments", json={"challenger": 2}).json()["id"]
    with httpx.Client(base_url=locked.url, headers=locked.key("manager", "theirs"), timeout=60) as manager:
        assert manager.get(f"/api/experiments/{test}").status_code == 403
        assert manager.post(f"/api/experiments/{test}/stop").status_code == 403
