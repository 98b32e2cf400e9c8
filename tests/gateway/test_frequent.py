"""Approved and cached answers through the whole app: asked twice, called wrong, changed, asked at once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import search_identity
from core.settings import Settings
from tests.gateway.conftest import TOKEN, Running, running
from tests.support.upstream import EchoUpstream

SAID = "可以，在订单页改地址即可。"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    upstream = EchoUpstream(answer=SAID, piece_seconds=0.02)
    with running(tmp_path_factory.mktemp("frequent"), upstream=upstream, frequent_answers=True) as server:
        yield server


@pytest.fixture
def http(shop: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.url, timeout=60) as client:
        yield client


def ask(http: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    body = {"model": "shop", "messages": [{"role": "user", "content": text}], **more}
    reply = http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer | {"mode": answer["xiaoq"]["mode"], "text": answer["choices"][0]["message"]["content"]}


def settle(shop: Running) -> None:
    """What the tests before have changed in the knowledge is indexed: until then nothing is cached."""
    cached = shop.services.frequent.cached
    assert cached is not None
    until = time.monotonic() + 30
    while cached._version("shop") is None:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_approved_answer_comes_without_the_model(shop: Running, http: httpx.Client) -> None:
    before = len(shop.upstream.requests)
    for text in ("我的订单为什么还没发货？", "你好，我的订单为什么还没发货", "我的订单为什么还没发货？"):
        answer = ask(http, text)
        assert answer["mode"] == "approved"
        assert answer["text"] == answer["xiaoq"]["sources"][0]["text"]
    assert len(shop.upstream.requests) == before
    assert (
        ask(http, "我的订单为什么还没发货？", metadata={"line": "shop"}, stop=["。"])["mode"] == "generated"
    )


def test_a_pair_that_is_added_is_given_and_one_that_is_withdrawn_is_not(http: httpx.Client) -> None:
    pair = {"question": "会员日是哪天？", "answer": "每月 8 日。"}
    assert http.post("/api/lines/shop/faq", json=[pair]).status_code == 200
    assert ask(http, "会员日是哪天")["text"] == "每月 8 日。"
    (found,) = [
        p for p in http.get("/api/lines/shop/faq").json()["pairs"] if p["question"] == pair["question"]
    ]
    assert http.patch(f"/api/lines/shop/faq/{found['id']}", json={"status": "draft"}).status_code == 200
    assert ask(http, "会员日是哪天")["mode"] == "generated"


def test_a_generated_answer_is_given_again_until_somebody_calls_it_wrong(
    shop: Running, http: httpx.Client
) -> None:
    settle(shop)
    first = ask(http, "下雨天骑车穿哪件外套")
    again = [ask(http, "你好，下雨天骑车穿哪件外套？") for _ in range(3)]
    assert [first["mode"], *(one["mode"] for one in again)] == ["generated", *["cached"] * 3]
    assert {first["text"], *(one["text"] for one in again)} == {SAID}
    assert again[-1]["xiaoq"]["sources"] == first["xiaoq"]["sources"]
    assert again[-1]["xiaoq"]["timings"]["saved"] > 0
    assert ask(http, "下雨天骑车穿哪件外套", metadata={"cache": "off"})["mode"] == "generated"
    wrong = {"turn_id": again[-1]["xiaoq"]["turn_id"], "score": -1}
    assert http.post("/api/feedback", json=wrong).status_code == 200
    assert [ask(http, "下雨天骑车穿哪件外套")["mode"] for _ in range(2)] == ["generated"] * 2
    metrics = http.get("/metrics").text
    assert 'xiaoq_answer_cache_lookups_total{outcome="hit"}' in metrics
    assert 'xiaoq_answer_saved_seconds_total{line="shop"}' in metrics


def test_a_changed_line_makes_it_anew(shop: Running, http: httpx.Client) -> None:
    settle(shop)
    ask(http, "外套洗了会缩水吗呀")
    assert ask(http, "外套洗了会缩水吗呀")["mode"] == "cached"
    assert http.patch("/api/lines/shop", json={"glossary": ["青柚"]}).status_code == 200
    assert ask(http, "外套洗了会缩水吗呀")["mode"] == "generated"


def test_an_unknown_word_for_the_cache_is_refused_by_name(http: httpx.Client) -> None:
    body = {"model": "shop", "messages": [{"role": "user", "content": "x"}], "metadata": {"cache": "never"}}
    refused = http.post("/v1/chat/completions", json=body)
    assert refused.status_code == 400
    assert "cache" in refused.json()["error"]["param"]


def test_the_same_question_at_once_reaches_the_model_once(shop: Running) -> None:
    settle(shop)
    before = len(shop.upstream.requests)

    def stream(number: int) -> str:
        body = {
            "model": "shop",
            "messages": [{"role": "user", "content": "帽子能水洗吗呢"}],
            "stream": number % 2 == 0,
        }
        with httpx.Client(base_url=shop.url, timeout=60) as client:
            return client.post("/v1/chat/completions", json=body).text

    with ThreadPoolExecutor(40) as threads:
        texts = list(threads.map(stream, range(40)))
    assert len(shop.upstream.requests) == before + 1
    assert all('"mode":"cached"' in text or '"mode":"generated"' in text for text in texts)


def test_a_manager_approves_withdraws_and_has_answers_made_ahead(shop: Running, http: httpx.Client) -> None:
    http.get("/", params={"token": TOKEN}, follow_redirects=True)
    settle(shop)
    question = "羊毛衫可以机洗吗"
    ask(http, question)
    assert ask(http, question)["mode"] == "cached"
    page = http.get("/prompts/frequent", params={"line": "shop"})
    assert question in page.text
    origin = {"origin": shop.url}

    def post(way: str, **sent: str) -> httpx.Response:
        return http.post(f"/prompts/frequent/{way}", params={"line": "shop"}, json=sent, headers=origin)

    turn_id = ask(http, question)["xiaoq"]["turn_id"]
    assert post("withdraw", id=turn_id).status_code == 200
    assert post("withdraw", id="turn-of-nobody").status_code == 404
    assert ask(http, question)["mode"] == "generated"
    assert post("warm").status_code == 200
    assert post("approve", question="", answer="x").status_code >= 400
    assert post("approve", question=question, answer="请手洗。").status_code == 200
    answer = ask(http, f"你好，{question}？")
    assert (answer["mode"], answer["text"]) == ("approved", "请手洗。")


def test_what_nothing_answers_is_asked_back(http: httpx.Client) -> None:
    assert ask(http, "换个大点的号")["xiaoq"]["suggestions"] == ["尺码不合适怎么换货？"]
    assert ask(http, "怎么给汽车换轮胎")["xiaoq"]["suggestions"] == []
    meant = ask(http, "尺码不合适怎么换货？")
    assert (meant["mode"], meant["xiaoq"]["suggestions"]) == ("approved", [])


def test_another_search_finds_none_of_its_answers(tmp_path: Path) -> None:
    """In Redis they outlive a restart with another embedding model or reranker."""
    url = "http://127.0.0.1:1/v1"
    setups: list[dict[str, Any]] = [
        {}, {"embedding_model": "one"}, {"embedding_model": "two"}, {"rerank_url": url}, {"rerank_url": url, "rerank_model": "one"},
    ]  # fmt: skip
    made = {search_identity(Settings(_env_file=None, data_dir=tmp_path, **setup)) for setup in setups}
    assert len(made) == len(setups)
