"""/api/lines/{line}/documents and search: uploaded, listed, read, replaced, removed; and what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway import uploads
from pipelines.incoming import LARGEST_FILE
from tests.gateway.conftest import Running
from tests.gateway.knowledge import MANUAL, ended, new_line, search, upload

ENTRY = {"id", "name", "status", "unchanged", "chunks", "error", "notes"}


def test_a_document_is_found_listed_and_removed(site: Running, http: httpx.Client) -> None:
    assert new_line(http, "kettles")["bases"] == ["kettles"]
    documents = upload(http, "kettles", ("manual.md", MANUAL), ("photo.exe", b"MZ\0\0"))
    assert [set(document) for document in documents] == [ENTRY] * 2
    assert [document["status"] for document in documents] == ["ready", "failed"]
    assert documents[1]["error"]
    body = {
        "model": "kettles",
        "messages": [{"role": "user", "content": "How do I descale the Zephyr kettle?"}],
    }
    reply = http.post("/v1/chat/completions", json=body).json()
    assert reply["xiaoq"]["sources"][0]["document"] == "manual.md"
    assert "30 ml of citric acid" in str(site.seen())
    listed = http.get("/api/lines/kettles/documents").json()["documents"]
    assert {document["name"] for document in listed} == {"manual.md", "photo.exe"}
    address = f"/api/lines/kettles/documents/{documents[0]['id']}"
    one = http.get(address).json()
    assert one in listed
    assert (one["size"], one["chunks"], one["status"]) == (len(MANUAL), 1, "ready")
    assert http.delete(address).status_code == 204
    assert http.delete(address).status_code == 404
    assert http.get(address).status_code == 404
    assert search(http, "kettles", "descale Zephyr") == []


def test_a_search_tells_where_a_passage_stands_and_what_its_score_is_made_of(http: httpx.Client) -> None:
    new_line(http, "places")
    (document,) = upload(http, "places", ("manual.md", MANUAL))
    found = http.post("/api/lines/places/search", json={"question": "descale Zephyr", "k": 3}).json()
    assert found["answerable"] is True
    assert 0 <= found["threshold"] <= 1
    (passage,) = found["passages"]
    assert {"document", "title", "location", "score", "text"} <= set(passage)
    assert (passage["document_id"], passage["base"], passage["kind"]) == (document["id"], "places", "text")
    assert 0 <= passage["score"] <= 1
    assert passage["parts"]
    assert all(0 <= value <= 1 for value in passage["parts"].values())
    read = http.get(f"/api/lines/places/documents/{document['id']}/passages").json()
    assert read["total"] == len(read["passages"]) == 1
    assert read["passages"][0]["passage_id"] == passage["passage_id"]
    assert read["passages"][0]["location"] == passage["location"]
    later = http.get(f"/api/lines/places/documents/{document['id']}/passages", params={"offset": 1}).json()
    assert (later["total"], later["passages"]) == (1, [])


def test_the_file_itself_comes_back_as_a_download_and_nothing_else(http: httpx.Client) -> None:
    new_line(http, "downloads")
    page = b"<html><body><script>alert(1)</script><p>A kettle boils water.</p></body></html>"
    documents = upload(http, "downloads", ('售后"政策.html', page), ("photo.exe", b"MZ\0\0"))
    reply = http.get(f"/api/lines/downloads/documents/{documents[0]['id']}/content")
    assert reply.content == page
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("sandbox")
    disposition = reply.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert "%E5%94%AE%E5%90%8E" in disposition
    gone = http.get(f"/api/lines/downloads/documents/{documents[1]['id']}/content")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


def test_a_document_is_replaced_under_its_id(http: httpx.Client) -> None:
    new_line(http, "replaced")
    (document,) = upload(http, "replaced", ("manual.md", MANUAL))
    address = f"/api/lines/replaced/documents/{document['id']}"
    newer = MANUAL.replace(b"30 ml", b"45 ml")
    put = http.put(address, files=[("files", ("manual v2.md", newer))]).json()["documents"]
    assert [(one["id"], one["name"], one["status"]) for one in put] == [
        (document["id"], "manual v2.md", "ready")
    ]
    assert "45 ml" in search(http, "replaced", "descale Zephyr")[0]["text"]
    (posted,) = upload(http, "replaced", ("manual v3.md", MANUAL), data={"replaces": document["id"]})
    assert posted["id"] == document["id"]
    (bad,) = upload(http, "replaced", ("manual.pdf", b"no pdf"), data={"replaces": document["id"]})
    assert bad["status"] == "failed"
    assert "30 ml" in search(http, "replaced", "descale Zephyr")[0]["text"]
    listed = http.get("/api/lines/replaced/documents").json()["documents"]
    assert [one["name"] for one in listed] == ["manual v3.md"]
    nothing = http.put("/api/lines/replaced/documents/none", files=[("files", ("a.md", MANUAL))])
    assert nothing.status_code == 404
    two = http.put(address, files=[("files", ("a.md", b"a")), ("files", ("b.md", b"b"))])
    assert (two.status_code, two.json()["error"]["param"]) == (400, "files")


def test_what_is_here_already_is_ready_and_says_so(http: httpx.Client) -> None:
    new_line(http, "again")
    (first,) = upload(http, "again", ("manual.md", MANUAL))
    again, twin = upload(http, "again", ("manual.md", MANUAL), ("copy.md", MANUAL))
    for entry in (again, twin):
        assert (entry["id"], entry["status"], entry["unchanged"]) == (first["id"], "ready", True)
    assert "manual.md" in twin["notes"][0]
    assert len(http.get("/api/lines/again/documents").json()["documents"]) == 1


def test_an_upload_can_go_on_in_the_background(http: httpx.Client) -> None:
    new_line(http, "later")
    files = [("files", ("manual.md", MANUAL)), ("files", ("bad.pdf", b"no pdf"))]
    begun = http.post("/api/lines/later/documents", params={"wait": "false"}, files=files)
    assert begun.status_code == 202
    assert begun.headers["location"] == f"/api/jobs/{begun.json()['id']}"
    assert begun.json()["total"] == 2
    job = ended(http, begun.json())
    assert (job["status"], job["line"], job["done"], job["failed"]) == ("done", "later", 2, 1)
    assert [one["status"] for one in job["documents"]] == ["ready", "failed"]
    assert search(http, "later", "descale Zephyr")
    assert http.get("/api/jobs/job_none").status_code == 404
    assert http.delete(f"/api/jobs/{job['id']}").status_code == 204


def test_what_is_shared_is_found_on_every_line(http: httpx.Client) -> None:
    (shared,) = upload(http, "shared", ("notice.md", b"# Notice\n\nThe quagga hotline opens at seven.\n"))
    for line in ("shop", "bank", "shared"):
        (passage, *_) = search(http, line, "When does the quagga hotline open?")
        assert (passage["base"], passage["document"]) == ("shared", "notice.md")
    body = {"model": "shop", "messages": [{"role": "user", "content": "When does the quagga hotline open?"}]}
    sources = http.post("/v1/chat/completions", json=body).json()["xiaoq"]["sources"]
    assert sources[0]["document"] == "notice.md"
    assert http.get("/api/lines/shop/documents/" + shared["id"]).status_code == 404
    assert http.delete("/api/lines/shared/documents/" + shared["id"]).status_code == 204
    assert http.get("/api/lines/shared").status_code == 404, "it is no line"


def test_what_is_shared_is_not_for_a_key_of_one_line(locked: Running) -> None:
    bound, free = locked.key("manager", "shop"), locked.key("manager")
    with httpx.Client(base_url=locked.url, timeout=60) as http:
        assert http.get("/api/lines/shared/documents", headers=free).status_code == 200
        assert http.get("/api/lines/shared/documents", headers=bound).status_code == 403
        files = [("files", ("a.md", b"shared text"))]
        job = http.post(
            "/api/lines/shared/documents", params={"wait": "false"}, files=files, headers=free
        ).json()
        assert http.get(f"/api/jobs/{job['id']}", headers=free).status_code == 200
        assert http.get(f"/api/jobs/{job['id']}", headers=bound).status_code == 403


def test_a_table_is_looked_at_before_its_columns_are_chosen(http: httpx.Client) -> None:
    new_line(http, "tables")
    table = "编号,客户问,我们答\n1,怎么退货,用随附的标签。\n".encode()
    files = [("files", ("问答.csv", table))]
    seen = http.post("/api/lines/tables/documents/preview", files=files).json()
    assert seen["columns"] == ["编号", "客户问", "我们答"]
    assert seen["rows"] == [["1", "怎么退货", "用随附的标签。"]]
    assert isinstance(seen["guessed"], dict)
    columns = json.dumps({"question": "客户问", "answer": "我们答"})
    (document,) = upload(http, "tables", ("问答.csv", table), data={"columns": columns})
    assert document["chunks"] == 1
    (passage, *_) = search(http, "tables", "怎么退货")
    assert (passage["kind"], passage["question"], passage["text"]) == ("faq", "怎么退货", "用随附的标签。")
    refused = http.post("/api/lines/tables/documents/preview", files=[("files", ("a.exe", b"MZ\0\0"))])
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "document_rejected")


@pytest.mark.parametrize(
    "columns", ["no json", "[]", '{"question": 1}', '{"question": "q"}', '{"colour": "c"}']
)
def test_columns_that_are_none_are_refused(columns: str, http: httpx.Client) -> None:
    files = [("files", ("a.csv", b"a,b\n1,2\n"))]
    reply = http.post("/api/lines/shop/documents", files=files, data={"columns": columns})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "invalid_request", "columns")


def test_a_file_over_the_limit_fails_and_the_others_come_in(http: httpx.Client) -> None:
    new_line(http, "large")
    big = b"x" * (LARGEST_FILE + 1)
    entries = upload(http, "large", ("big.txt", big), ("manual.md", MANUAL))
    assert [(one["name"], one["status"]) for one in entries] == [
        ("big.txt", "failed"),
        ("manual.md", "ready"),
    ]
    assert "64 MB" in entries[0]["error"]


HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="big.txt"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"
MEGABYTES = uploads.LARGEST_REQUEST // 2**20 + 1


def pieces() -> Iterator[bytes]:
    """A form with one file, larger than a request may be."""
    yield HEAD
    for _ in range(MEGABYTES):
        yield b"x" * 2**20
    yield TAIL


@pytest.mark.parametrize("declared", [True, False])
def test_a_request_over_the_limit_is_refused_and_nothing_of_it_is_kept(
    declared: bool, http: httpx.Client
) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    if declared:
        headers["content-length"] = str(len(HEAD) + MEGABYTES * 2**20 + len(TAIL))
    before = http.get("/api/lines/shop/documents").json()
    try:
        reply = http.post("/api/lines/shop/documents", content=pieces(), headers=headers)
    except httpx.WriteError:
        pass  # the server hung up while the rest was still on its way, as it may
    else:
        assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")
    assert http.get("/api/lines/shop/documents").json() == before


def test_too_many_files_are_counted_for_the_sender(http: httpx.Client) -> None:
    files = [("files", (f"{number}.md", b"x")) for number in range(uploads.MOST_FILES + 1)]
    reply = http.post("/api/lines/shop/documents", files=files)
    assert reply.status_code == 400
    assert str(uploads.MOST_FILES) in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {}},
        {"data": {"a": "b"}},
        {"files": [("other", ("a.md", b"x"))]},
        {"files": [("files", ("", b""))]},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"garbage", "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ],
)
def test_what_is_no_upload_is_refused(sent: dict[str, Any], http: httpx.Client) -> None:
    reply = http.post("/api/lines/shop/documents", **sent)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, "invalid_request", "files")
    assert error["request_id"] == reply.headers["x-request-id"]


def test_metrics_count_what_was_taken_in(http: httpx.Client) -> None:
    new_line(http, "counted")
    upload(http, "counted", ("manual.md", MANUAL), ("manual.md", MANUAL), ("bad.pdf", b"no pdf"))
    text = http.get("/metrics").text
    for outcome in ("ready", "unchanged", "failed"):
        line = f'xiaoq_documents_ingested_total{{outcome="{outcome}"}} '
        assert float(text.split(line)[1].split("\n")[0]) >= 1
    assert "xiaoq_ingest_queue_files 0.0" in text
