"""The customer's page over a real database and the real pipeline, with a scripted engine; served on a port.

The engine answers by what the question asks for, so that a test says in its question what it needs to see.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from core.documents import Chunk
from core.errors import EngineBroken, EngineRejected
from core.messages import BusinessLine, Passage, Retrieval
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from core.settings import Settings
from knowledge.parsing import ChildParser
from pages.customer import customer_routes
from pipelines.answer import AnswerPipeline
from pipelines.approved import ApprovedAnswers
from pipelines.attach import AttachPipeline
from pipelines.frequent import FrequentAnswers
from pipelines.services import Services
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.golden import SqlGoldenStore, SqlProposalStore
from storage.transcripts import SqlTranscriptReader
from tests.support.keys import MASTER
from tests.support.shared_words import by_shared_words
from tests.support.versions import versions
from tests.support.words import screening

SECRET = b"a secret for tests, 32 bytes...."

SHOP = BusinessLine(
    id="shop",
    names={"zh": "青禾商城客服", "en": "Greenfield Shop Support"},
    bases=("shop",),
    greeting={
        "zh": "您好，我是小Q，订单、发货、退换货的问题都可以问我。",
        "en": "Hello, I'm XiaoQ. Ask me about orders, delivery and returns.",
    },
    suggestions={
        "zh": ("我的订单为什么还没发货？", "七天无理由退货怎么申请？", "电子发票在哪里下载？", "退款多久到账？"),
        "en": ("Why hasn't my order shipped yet?", "How do I return an item?", "Where is my invoice?",
               "How long do refunds take?"),
    },
    contact={
        "zh": "人工客服每天 9:00–21:00 在线，电话 400-820-0000。",
        "en": "Our team is here 9:00–21:00 every day on +86 400-820-0000.",
    },
)  # fmt: skip
OTHER = BusinessLine(id="bank", names={"zh": "银行客服", "en": "Bank Support"}, bases=("bank",))

PASSAGES = (
    Passage(
        id="p1", base="shop", document_id="d1", document="发货与物流.md", title="发货时间", location="发货时间 > 现货",
        text="现货商品在付款后 **48 小时内** 发货，预售商品以商品页标注的日期为准。\n\n| 类型 | 时限 |\n|---|--:|\n"
        "| 现货 | 48 小时 |\n| 大件 | 72 小时 |", score=0.91,
    ),
    Passage(
        id="p2", base="shop", document_id="d2", document="常见问题.csv", title="订单一直显示待发货", location="第 12 行",
        text="仓库缺货或收货地址不完整时会延迟发货，可在订单详情里催单。", score=0.74, kind="faq",
        question="订单为什么一直是待发货？",
    ),
)  # fmt: skip

ANSWER = {
    "zh": "您的订单多半还在备货。\n\n1. **现货**付款后 48 小时内发货\n2. **大件**需要 72 小时\n3. 缺货时会短信通知您\n\n"
    "您可以在[订单详情](https://shop.example.com/orders)里催单。",
    "en": "Your order is most likely still being packed.\n\n1. **Items in stock** ship within 48 hours\n"
    "2. **Large items** take 72 hours\n3. We text you if something is out of stock\n\n"
    "You can nudge us from your [order page](https://shop.example.com/orders).",
}


class ScriptedEngine:
    """Says the answer in pieces. In the question: "slowly" says one token and waits until it is closed,
    "break" dies in the middle, "refuse" does not begin, "hostile" answers with attacks, "long" at length."""

    name = "scripted"
    kind: EngineKind = "model"
    context_tokens = 32768

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.closed = threading.Event()
        self.piece_seconds = 0.01

    async def start(self) -> None:
        return None

    async def health(self) -> Health:
        return Health(ready=True)

    async def aclose(self) -> None:
        return None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        self.requests.append(request)
        if "refuse" in request.question:
            raise EngineRejected("The engine refused.")
        try:
            text = _script(request)
            for start in range(0, len(text), 6):
                yield EngineChunk(text=text[start : start + 6])
                await asyncio.sleep(self.piece_seconds)
                if "slowly" in request.question:
                    await asyncio.Event().wait()
                if "break" in request.question and start > 12:
                    raise EngineBroken("The engine stopped in the middle of its answer.")
            yield EngineChunk(finish_reason="stop")
        finally:
            self.closed.set()


def _script(request: GenerationRequest) -> str:
    if "hostile" in request.question:
        return '<script>window.hacked=1</script><img src=x onerror="hacked()">\n\n![see](https://evil.example/x.png)\n\n[go](javascript:hacked())'
    text = ANSWER["zh" if any(ord(letter) > 0x2E80 for letter in request.question) else "en"]
    return text if "long" not in request.question else "\n\n".join([text] * 6)


class TwoPassages:
    """Knows two passages whatever is asked of the shop, but nothing about contracts; files by shared words."""

    async def retrieve(self, bases: Sequence[str], question: str, k: int = 5) -> Retrieval:
        known = "shop" in bases and not any(word in question for word in ("contract", "合同"))
        return Retrieval(PASSAGES if known else (), answerable=known, threshold=0.4)

    async def among(self, chunks: Sequence[Chunk], question: str, k: int = 5) -> Retrieval:
        return by_shared_words(chunks, question, k)


class Lines:
    def __init__(self, *lines: BusinessLine) -> None:
        self._lines = {line.id: line for line in lines}

    async def all(self) -> Sequence[BusinessLine]:
        return list(self._lines.values())

    async def get(self, line: str) -> BusinessLine | None:
        return self._lines.get(line)

    async def put(self, line: BusinessLine) -> None:
        self._lines[line.id] = line


class Site:
    """The page as an ASGI app, and what stands behind it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.database_file = folder / "customer.db"
        self.database = Database(f"sqlite:///{self.database_file}", MASTER)
        self.engine = ScriptedEngine()
        self.log = SqlConversationLog(self.database)
        self.attachments = SqlAttachmentStore(self.database)
        self.parser = ChildParser()
        lines = Lines(SHOP, OTHER)
        nothing = cast(Any, None)  # what the customer's page must not touch
        self.services = Services(
            settings=Settings(data_dir=folder, default_line="shop", **settings),
            answer=AnswerPipeline(
                self.log,
                lines,
                TwoPassages(),
                self.engine,
                "shop",
                self.attachments,
                screening(self.database),
                versions(self.database),
                detect=_detect,
            ),
            log=self.log,
            transcripts=SqlTranscriptReader(self.database),
            frequent=FrequentAnswers(ApprovedAnswers(SqlDocumentStore(self.database)), on=False),
            attachments=self.attachments,
            attach=AttachPipeline(self.parser, self.attachments, self.log, lines, versions(self.database)),
            lines=lines,
            golden=SqlGoldenStore(self.database),
            proposals=SqlProposalStore(self.database),
            engine=self.engine,
            **{
                name: nothing
                for name in Services.__dataclass_fields__
                if name
                not in {
                    "settings",
                    "answer",
                    "log",
                    "transcripts",
                    "frequent",
                    "attachments",
                    "attach",
                    "lines",
                    "golden",
                    "proposals",
                    "engine",
                }
            },
        )
        routes: list[BaseRoute] = [*customer_routes(self.services, secret=lambda: SECRET)]
        self.app = Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.database.start()
        yield
        await self.parser.aclose()
        await self.database.aclose()


def _detect(text: str) -> str:
    return "zh" if any(ord(letter) > 0x2E80 for letter in text) else "en"


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """The app on a free port of this machine, for as long as the block runs; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = threading.Event()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        deadline.wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def shop_window(widget: str) -> Starlette:
    """Another site's page with the widget on it, under a style policy that forbids inline styles."""

    async def page(_: Request) -> HTMLResponse:
        origin = widget.rsplit("/", 1)[0]
        return HTMLResponse(
            f'<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1>'
            f'<script src="{widget}" data-line="shop" data-lang="en" defer></script></html>',
            headers={
                "content-security-policy": f"default-src 'none'; script-src {origin}; frame-src {origin}"
            },
        )

    return Starlette(routes=[Route("/", page)])
