"""A line with golden questions over real storage and a model that echoes its prompt; run as a process to be killed.

`python -m tests.pipelines.evaluation_room DATA ENGINE_URL` publishes version 2 through the gate and says how far it is.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import build_services, opened, start_answering
from core.golden import Evaluation, Expected, GoldenQuestion
from core.messages import BusinessLine
from core.settings import Settings
from pipelines.publish import publish
from pipelines.services import Services

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LINE = BusinessLine(
    id="shop", names={"zh": "商城", "en": "Shop"}, bases=("shop",), contact={"zh": "请拨打 400-000-0000。"}
)
MANUAL = "# 配送\n\n## 发货时间\n\n付款后 48 小时内发货。\n\n## 退货\n\n签收后 7 天内可以无理由退货。\n"
GOOD, BAD = "你是小Q，友好地回答。\n{passages}", "你是小Q，说明运费全免。\n{passages}"


def golden(number: int, question: str, language: str = "zh", **expected: object) -> GoldenQuestion:
    return GoldenQuestion(
        id=f"g{number:03}", line="shop", question=question, base="", document_id="", document="", location="",
        passage_id="", text="", created_at=NOW + timedelta(seconds=number), author="key:1",
        expected=Expected(**expected), origin="api", language=language,  # type: ignore[arg-type]
    )  # fmt: skip


@asynccontextmanager
async def room(data: Path, engine_url: str | None = None, **more: int) -> AsyncIterator[Services]:
    """The parts that answer, opened; nothing of the starter knowledge."""
    engine = {"engine": "openai", "engine_url": engine_url} if engine_url else {"engine": "quoted"}
    services = build_services(Settings(_env_file=None, data_dir=data, **engine, **more))  # type: ignore[arg-type]
    async with opened(services):
        await start_answering(services)
        yield services


async def furnish(services: Services, questions: Sequence[GoldenQuestion]) -> None:
    """The line, its manual, its questions, version 1 live, and version 2."""
    await services.lines.put(LINE)
    async for event in services.ingest.add("shop", [("配送.md", MANUAL.encode())]):
        assert event.error is None
    await services.golden.put_all(questions)
    await services.prompts.add("shop", {"zh": GOOD, "en": GOOD})
    await services.prompts.publish("shop", 1)
    await services.prompts.add("shop", {"zh": GOOD + " ", "en": GOOD})


async def line_of(services: Services) -> BusinessLine:
    line = await services.lines.get("shop")
    assert line is not None
    return line


async def over(services: Services, run_id: str | None) -> Evaluation:
    assert run_id is not None
    async with asyncio.timeout(60):
        return await services.runs.ended(services, run_id)


async def main(data: Path, engine_url: str) -> None:
    async with room(data, engine_url) as services:
        publication = await publish(services, await line_of(services), 2, "key:1")
        print("begun", publication.evaluation, flush=True)
        while (run := await services.evaluations.get(publication.evaluation or "")) is not None:
            print("done", run.done, run.status, flush=True)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
