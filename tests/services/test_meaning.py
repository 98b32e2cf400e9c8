"""Retrieval with real models: a small English one in a process of its own through the app's own class, and vLLM's
embeddings and rerank endpoints over tiny random ones, which an index must survive."""

import asyncio
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest

from core.documents import Chunk
from core.settings import Settings
from knowledge.embeddings import close_embeddings, make_embeddings
from knowledge.index import HybridIndex
from knowledge.rerank import Reranker
from knowledge.semantic import Pace, SemanticSide
from knowledge.vectors import FaissVectors
from tests.knowledge.chunks import MemoryStore, chunk
from tests.services.conftest import MODEL, PYTHON, ROOT, START_SECONDS

pytestmark = [pytest.mark.service, pytest.mark.timeout(START_SECONDS + 60)]

RERANKER = ROOT / "build" / "tiny-reranker"


@contextmanager
def run_for_tests(command: Sequence[str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A server under .venv-vllm, ended with the test; what it says beside stdout goes to a file."""
    if not PYTHON.exists():
        pytest.skip("no .venv-vllm: make it with tests/services/install_vllm.sh")
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [str(PYTHON), *command], env=environment, stdout=subprocess.PIPE, stderr=said, text=True, cwd=ROOT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("minilm")
    with run_for_tests(["-m", "tests.support.embedding_server"], folder) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), (folder / "said.txt").read_text()[-2000:]
        yield url


@pytest.fixture(scope="module")
def vllm_pooling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URLs of a vLLM that embeds and of one that reranks, started side by side."""
    folder = tmp_path_factory.mktemp("pooling")
    if not PYTHON.exists():
        pytest.skip("no .venv-vllm: make it with tests/services/install_vllm.sh")
    for script, model in (("tiny_model.py", MODEL), ("tiny_reranker.py", RERANKER)):
        path = ROOT / "tests" / "support" / script
        subprocess.run([str(PYTHON), str(path), str(model)], check=True, capture_output=True)
    with ExitStack() as stack:
        urls = []
        for model, extra in ((MODEL, ["--convert", "embed"]), (RERANKER, [])):
            port = _free_port()
            part = folder / model.name
            part.mkdir()
            command = ["-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--port", str(port)]
            command += ["--served-model-name", model.name, "--runner", "pooling", "--enforce-eager"]
            command += ["--host", "127.0.0.1", "--max-model-len", "2048", *extra]
            process = stack.enter_context(run_for_tests(command, part))
            urls.append((f"http://127.0.0.1:{port}", process, part / "said.txt"))
        for url, process, said in urls:
            _wait_until_healthy(url, process, said)
        yield urls[0][0] + "/v1", urls[1][0] + "/v1"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_healthy(url: str, process: "subprocess.Popen[str]", said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 - our own server on the loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start: {said.read_text()[-2000:]}")


def settings(url: str, model: str) -> Settings:
    return Settings(embedding_url=url, embedding_model=model, _env_file=None)


@pytest.fixture
async def vectors() -> AsyncIterator[FaissVectors]:
    with TemporaryDirectory() as folder:
        opened = FaissVectors(Path(folder))
        yield opened
        await opened.aclose()


async def side_over(
    url: str, model: str, vectors: FaissVectors, store: MemoryStore, *bases: str
) -> SemanticSide:
    made = make_embeddings(settings(url, model))
    assert made is not None
    side = SemanticSide(made, model, vectors, store, pace=Pace(question=20.0))  # the machine may be busy
    for base in bases:
        await side.refresh(base)
        assert (await side.health()).ready, (await side.health()).detail
    return side


ENGLISH = [
    chunk(n, text, base="en", language="en")
    for n, text in enumerate(
        (
            "You may cancel within fourteen days. The money goes back to the card that was charged. It takes a week.",
            "Our shop opens at nine and closes at six. On Sundays it stays shut. Holidays are posted on the door.",
            "The charger must never get wet. Unplug it before cleaning. Use a dry cloth only and no solvents.",
            "Parcels leave the warehouse every evening. A courier brings them the next day. You can follow them online.",
            "Members collect points with each purchase. A hundred points are worth one euro. They expire after two years.",
        )
    )
]
CHINESE = [
    chunk(n, text, base="zh", language="zh")
    for n, text in enumerate(
        (
            "签收后七天内可以无理由退货。退款会原路退回付款账户。一般需要三到五个工作日才能到账。",
            "门店每天早上九点开门。晚上六点停止营业。节假日的营业时间会提前张贴在门口。",
            "充电器不能碰水。清洁之前请先拔掉电源。只能用干布擦拭机身，不要使用任何清洁剂。",
            "包裹每天晚上从仓库发出。快递员第二天送货上门。您可以在订单页面查看物流信息。",
            "会员每次消费都会获得积分。一百积分可以抵扣一元。积分的有效期为两年，过期自动清零。",
        )
    )
]


def test_a_real_model_through_our_own_class_knows_what_is_alike(minilm: str) -> None:
    made = make_embeddings(settings(minilm, "minilm"))
    assert made is not None
    texts = [
        "How do I get my money back?",
        "Refunds are paid within a week.",
        "The charger must not get wet.",
    ]
    question, near, far = np.asarray(made.embed_documents(texts))
    assert np.linalg.norm(question) == pytest.approx(1.0, abs=1e-4)
    assert question @ near > question @ far + 0.2
    assert np.asarray(made.embed_query(texts[0])) @ question == pytest.approx(1.0, abs=1e-4)
    close_embeddings(made)


async def test_it_is_trusted_in_its_language_and_finds_what_shares_no_word(
    minilm: str, vectors: FaissVectors
) -> None:
    store = MemoryStore(en=ENGLISH, zh=CHINESE)
    side = await side_over(minilm, "minilm", vectors, store, "en", "zh")
    assert side.trust("en", "How do I get a refund?") > 0.05
    assert side.trust("zh", "怎么退款") < side.trust("en", "How do I get a refund?")
    with TemporaryDirectory() as folder:
        index = HybridIndex(store, Path(folder), side)
        await index.refresh()
        found = await index.retrieve(["en"], "Is there a refund when I change my mind?", 2)
        assert found.passages[0].id == "c0"
        found = await index.retrieve(["zh"], "退货以后多久能收到退款？", 2)
        assert found.passages[0].id == "c0"
        await index.aclose()
    await side.aclose()


async def test_questions_are_answered_while_a_base_is_being_embedded(
    minilm: str, vectors: FaissVectors
) -> None:
    many = [chunk(n, f"Rule {n}. " + "Parcels leave tomorrow and are insured. " * 12) for n in range(200)]
    store = MemoryStore(en=ENGLISH, many=many)
    side = await side_over(minilm, "minilm", vectors, store, "en")
    with TemporaryDirectory() as folder:
        index = HybridIndex(store, Path(folder), side)
        await index.refresh(["en"])
        embedding = asyncio.create_task(side.refresh("many"))
        answered = 0
        while not embedding.done():
            found = await index.retrieve(["en"], f"Is there a refund for order {answered}?", 1)
            assert "vector" in found.passages[0].parts
            answered += 1
        assert answered > 3
        await embedding
        await index.aclose()
    await side.aclose()


async def test_vllm_embeds_and_a_model_worth_nothing_changes_nothing(
    vllm_pooling: tuple[str, str], vectors: FaissVectors
) -> None:
    store = MemoryStore(en=ENGLISH, zh=CHINESE)
    side = await side_over(vllm_pooling[0], MODEL.name, vectors, store, "en", "zh")
    assert len(await vectors.rows("en", MODEL.name)) == len(ENGLISH)
    (row, cosine), *_ = await vectors.nearest("en", MODEL.name, await _vector(vllm_pooling[0], ENGLISH[2]), 3)
    assert cosine == pytest.approx(1.0, abs=0.01)
    assert row == (await store.rows("en"))[2]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        indexes = [HybridIndex(store, Path(one), side), HybridIndex(store, Path(other))]
        for index in indexes:
            await index.refresh()
        for base, question in (("en", "When does the shop open?"), ("zh", "门店几点开门？")):
            best = [(await index.retrieve([base], question, 1)).passages[0].id for index in indexes]
            assert best == ["c1", "c1"]
        for index in indexes:
            await index.aclose()
    await side.aclose()


async def _vector(url: str, one: Chunk) -> npt.NDArray[np.float32]:
    """A passage's, asked for as a question."""
    made = make_embeddings(settings(url, MODEL.name))
    assert made is not None
    vector = np.asarray(await asyncio.to_thread(made.embed_query, f"{one.title}\n{one.text}"), np.float32)
    close_embeddings(made)
    unit: npt.NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit


async def test_vllm_reranks(vllm_pooling: tuple[str, str]) -> None:
    texts = [one.text for one in ENGLISH]
    reranker = Reranker(vllm_pooling[1], RERANKER.name, seconds=30)
    scores = await reranker.order("When does the shop open?", texts)
    assert scores is not None
    assert len(scores) == len(texts)
    assert all(0 <= score <= 1 for score in scores)
    assert len({round(score, 4) for score in scores}) > 1
    turned = await reranker.order("When does the shop open?", texts[::-1])
    assert turned is not None
    assert list(turned) == pytest.approx(list(scores)[::-1], abs=0.02)
    unknown = Reranker(vllm_pooling[1], "no-such-model", seconds=30)
    assert await unknown.order("When does the shop open?", texts) is None
    with TemporaryDirectory() as folder:
        index = HybridIndex(MemoryStore(en=ENGLISH), Path(folder), None, reranker)
        await index.refresh()
        found = await index.retrieve(["en"], "When does the shop open and close?", 5)
        shown = [passage.parts["rerank"] for passage in found.passages]
        assert shown == sorted(shown, reverse=True)
        assert [p.score for p in found.passages] == sorted((p.score for p in found.passages), reverse=True)
        await index.aclose()
    for one in (reranker, unknown):
        await one.aclose()
