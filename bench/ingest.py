"""How long customers wait while a folder of manuals is read: the real server over loopback, quiet and busy in turn.

`python -m bench.ingest [files]`; the files are written for the run, of the sizes and formats that manuals have.
"""

import asyncio
import csv
import io
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from bench.serving import serving

FILES = 90
ROUNDS = 5
GOAL = 1.2
EVERY_SECONDS = 0.1
"""Between two questions: about what fifty customers at once ask."""
PROBE_SECONDS = 0.02
QUIET_SECONDS = 8.0
LONGEST_SECONDS = 300.0
HEAD = (
    "| | questions | p50 ms | p95 ms | most ms | loop p95 ms | loop most ms | server's CPU a question, ms | load |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
QUESTIONS = (
    "我的订单为什么还没发货?", "How long does a refund take?", "怎么开发票", "Can I change the delivery address?",
    "信用卡丢了怎么办", "What does a refused parcel cost?", "你好", "会员积分会过期吗",
)  # fmt: skip
WORDS = (
    "the pump valve filter pressure customer warranty screen cable before after install remove replace check "
    "support region delivery invoice account limit power water clean sensor motor 温度 安装 清洁 保修 发票 客户 电源"
).split()


@dataclass
class Waits:
    """Milliseconds: `chat` from sending a question to the whole answer, `alive` for /healthz, which is the loop alone."""

    chat: list[float] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def row(self, name: str) -> str:
        chat = quantiles(self.chat)
        alive = quantiles(self.alive)
        return (
            f"| {name} | {len(self.chat)} | {chat[49]:.0f} | {chat[94]:.0f} | {max(self.chat):.0f} "
            f"| {alive[94]:.1f} | {max(self.alive):.0f} | {1000 * self.cpu_seconds / len(self.chat):.0f} "
            f"| {os.getloadavg()[0]:.1f} |"
        )

    @property
    def p95(self) -> float:
        return quantiles(self.chat)[94]


def quantiles(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=100, method="inclusive")


def paragraph(chance: random.Random, words: int = 60) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."


def pdf(chance: random.Random, pages: int = 25) -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style, story = getSampleStyleSheet(), list[Any]()
    for page in range(pages):
        story.append(Paragraph(f"Chapter {page}", style["Heading1"]))
        story += [
            Paragraph(re.sub(r"[^\x00-\x7f]+", "x", paragraph(chance)), style["BodyText"]) for _ in range(6)
        ]
        story.append(Table([[f"part {n}", f"{chance.random():.2f}", "EUR"] for n in range(6)]))
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer).build(story)
    return buffer.getvalue()


def docx(chance: random.Random) -> bytes:
    import docx as word

    document = word.Document()
    for chapter in range(30):
        document.add_heading(f"Chapter {chapter}", 1)
        for _ in range(8):
            document.add_paragraph(paragraph(chance))
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def xlsx(chance: random.Random) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["part", "name", "price", "stock"])
    for number in range(2_000):
        sheet.append([f"P-{number}", " ".join(chance.choices(WORDS, k=4)), chance.random() * 100, number])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def faq(chance: random.Random) -> bytes:
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(["question", "answer"])
    table.writerows([f"{paragraph(chance, 8)[:-1]}?", paragraph(chance, 30)] for _ in range(500))
    return buffer.getvalue().encode()


def markdown(chance: random.Random) -> bytes:
    parts = (f"## Chapter {n}\n\n{paragraph(chance, 200)}\n\n" for n in range(100))
    return f"# Manual\n\n{''.join(parts)}".encode()


def html(chance: random.Random) -> bytes:
    body = "".join(f"<h2>Part {n}</h2><p>{paragraph(chance)}</p>" for n in range(200))
    return f"<html><body>{body}</body></html>".encode()


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "pdf": pdf, "docx": docx, "xlsx": xlsx, "csv": faq, "md": markdown, "html": html
}  # fmt: skip


def folder_of(count: int, folder: Path) -> list[Path]:
    """The formats in turn, each file with words of its own."""
    paths = []
    for number in range(count):
        suffix, make = list(KINDS.items())[number % len(KINDS)]
        path = folder / f"manual-{number:03}.{suffix}"
        path.write_bytes(make(random.Random(number)))
        paths.append(path)
    return paths


async def regularly(seconds: float, ask: Callable[[int], Awaitable[object]], into: list[float]) -> None:
    """Ask at fixed times, whether or not the last answer is there: a slow server gets no breathing space."""
    asked: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        began = time.perf_counter()
        try:
            await ask(number)
        except httpx.HTTPError as error:
            print(f"a request failed: {type(error).__name__}", file=sys.stderr)
        else:
            into.append((time.perf_counter() - began) * 1000)

    try:
        number = 0
        while True:
            task = asyncio.create_task(one(number))
            asked.add(task)
            task.add_done_callback(asked.discard)
            number += 1
            await asyncio.sleep(seconds)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def measured(http: httpx.AsyncClient, until: Awaitable[object], server: int | None = None) -> Waits:
    """The waits while something else happens."""
    waits, before = Waits(), cpu_seconds(server) if server else 0.0

    async def ask(number: int) -> None:
        question = QUESTIONS[number % len(QUESTIONS)]
        body = {"model": "general", "messages": [{"role": "user", "content": question}]}
        (await http.post("/v1/chat/completions", json=body)).raise_for_status()

    async def probe(number: int) -> None:
        (await http.get("/healthz")).raise_for_status()

    asking = [
        asyncio.create_task(regularly(EVERY_SECONDS, ask, waits.chat)),
        asyncio.create_task(regularly(PROBE_SECONDS, probe, waits.alive)),
    ]
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            await until
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    waits.cpu_seconds = cpu_seconds(server) - before if server else 0.0
    return waits


async def ingested(http: httpx.AsyncClient, paths: list[Path]) -> dict[str, Any]:
    files = [("files", (path.name, path.read_bytes())) for path in paths]
    reply = await http.post("/api/lines/shop/documents", params={"wait": "false"}, files=files)
    job: dict[str, Any] = reply.raise_for_status().json()
    while job["status"] == "running":
        await asyncio.sleep(0.5)
        job = (await http.get(f"/api/jobs/{job['id']}")).json()
    return job


async def compare(base: str, server: int, paths: list[Path]) -> None:
    """Quiet and busy in turn; each busy round is held against the quiet ones beside it, so that what else the machine
    does counts on both sides."""
    limits = httpx.Limits(max_connections=200)
    quiet, busy, passages, seconds = list[Waits](), list[Waits](), 0, 0.0
    async with httpx.AsyncClient(base_url=base, timeout=60, limits=limits, trust_env=False) as http:
        await measured(http, asyncio.sleep(3))  # warm
        print(HEAD)
        for part in (*parts_of(paths), None):
            quiet.append(await measured(http, asyncio.sleep(QUIET_SECONDS), server))
            print(quiet[-1].row("quiet"), flush=True)
            if part is None:
                break
            began = time.monotonic()
            work = asyncio.create_task(ingested(http, part))
            busy.append(await measured(http, work, server))
            seconds += time.monotonic() - began
            passages += sum(document["chunks"] for document in work.result()["documents"])
            print(busy[-1].row(f"reading, {work.result()['failed']} failed"), flush=True)
    ratios = [
        one.p95 / Waits(before.chat + after.chat).p95
        for one, (before, after) in zip(busy, pairwise(quiet), strict=True)
    ]
    size = sum(path.stat().st_size for path in paths) / 2**20
    print(
        f"\n{len(paths)} files, {size:.1f} MB, {passages} passages in {seconds:.1f} s; client on the same cores"
    )
    print(f"p95 while reading / quiet: {', '.join(f'{one:.2f}' for one in ratios)}")
    print(f"median {statistics.median(ratios):.2f}; the goal is {GOAL}")


def parts_of(paths: list[Path]) -> list[list[Path]]:
    """As many of each format in every round."""
    size = max(1, len(paths) // ROUNDS)
    return [paths[at : at + size] for at in range(0, size * ROUNDS, size) if paths[at : at + size]]


def cpu_seconds(process: int) -> float:
    """What the process has used so far, its children apart."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as folder:
        paths = folder_of(count, Path(folder))
        with serving(Path(folder) / "data") as (base, server):
            asyncio.run(compare(base, server, paths))


if __name__ == "__main__":
    main()
