"""Fills a data folder for the measurement: 10,000 passages, 10,000 sensitive words, three business lines and an API key.

`python -m bench.gateway_data FOLDER` prints the key. It starts no server.
"""

import asyncio
import csv
import random
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app import build_services, close_index
from bench.gateway_load import marked
from bench.gateway_questions import PLAIN
from bench.gateway_wire import mark_of, stamp
from bench.words import random_words
from core.access import Principal
from core.documents import Chunk, Document, DocumentStatus
from core.messages import BusinessLine
from core.settings import Settings
from core.words import WordList
from knowledge.starter import starter_files
from pipelines.services import Services
from pipelines.words.managed import create_list

PASSAGES, A_DOCUMENT, WORDS = 10_000, 500, 10_000
LINE, EMPTY_LINE, APPROVED_LINE = "bench", "bench-empty", "bench-approved"
APPROVED_TOKENS = 64
_SENTENCE = re.compile(r"[^。!?！？.\n|]{6,}[。!?！？.]?")
_PRODUCTS = (
    "青柚商城 云岭银行 星帆软件 门店 会员中心 海外仓 Pomelo Cloudridge Starsail Store Workspace".split()
)


def sentences() -> Sequence[str]:
    """What the sample manuals and their FAQ say, sentence by sentence."""
    found: list[str] = []
    for base in ("shop", "bank", "saas"):
        for file in starter_files(base):
            if file.suffix == ".md":
                found += _SENTENCE.findall(file.read_text(encoding="utf-8"))
            if file.suffix == ".csv":
                with file.open(encoding="utf-8", newline="") as rows:
                    found += [
                        part for row in csv.DictReader(rows) for part in _SENTENCE.findall(row["answer"])
                    ]
    return found


def passages() -> Iterator[Chunk]:
    """Passages of 150 to 500 characters, each with a product and an article of its own."""
    rng, pool = random.Random(3), sentences()
    for number in range(PASSAGES):
        text, wanted = f"{rng.choice(_PRODUCTS)} {number:05d}: ", rng.randint(150, 500)
        while len(text) < wanted:
            text += f"{rng.choice(pool)} "
        document = number // A_DOCUMENT
        yield Chunk(
            id=f"bench-{number}",
            base=LINE,
            document_id=f"bench-{document}",
            document=f"manual-{document}.md",
            position=number % A_DOCUMENT,
            title=f"{number // 20}",
            location=str(number % A_DOCUMENT + 1),
            text=text,
        )


async def fill(folder: Path) -> str:
    """Everything in the folder that the app needs to begin at once; returns the text of its API key."""
    services = build_services(Settings(_env_file=None, data_dir=folder, engine="quoted"))
    await services.database.start()
    try:
        for line, bases in ((LINE, (LINE,)), (EMPTY_LINE, ()), (APPROVED_LINE, (APPROVED_LINE,))):
            await services.lines.put(BusinessLine(id=line, names={"zh": "测量", "en": "Bench"}, bases=bases))
        await _store(services)
        await _approve(services)
        await services.index.refresh()
        words = random_words(WORDS)
        for name, part in (("block", words[::2]), ("replace", words[1::2])):
            given = WordList(id="", name=name, category="bench", action=name, words=part)  # type: ignore[arg-type]
            await create_list(Principal("local", "admin"), services, given)
        _, key = await services.keys.create("bench", "caller")
        return key
    finally:
        await close_index(services)
        await services.database.aclose()


async def _store(services: Services) -> None:
    source = list(passages())
    for begin in range(0, len(source), A_DOCUMENT):
        part = source[begin : begin + A_DOCUMENT]
        document = Document(
            id=part[0].document_id,
            base=LINE,
            name=part[0].document,
            size=sum(len(chunk.text) for chunk in part),
            sha256=part[0].document_id,
            status=DocumentStatus.READY,
            chunks=len(part),
            updated_at=datetime.now(UTC),
        )
        await services.documents.put(document, part, None)


async def _approve(services: Services) -> None:
    """For each plain question, as it is asked again and again, the answer that the model server would give."""
    pairs = []
    for number, question in enumerate(PLAIN):
        mark = mark_of(number)
        pairs.append(
            Chunk(
                id=f"pair-{number}",
                base=APPROVED_LINE,
                document_id="faq",
                document="faq.csv",
                position=number,
                title=question,
                location=str(number + 1),
                text=f" ~{stamp().decode()}.{mark};" * APPROVED_TOKENS,
                kind="faq",
                match=(marked(question, mark),),
            )
        )
    now = datetime.now(UTC)
    document = Document("faq", APPROVED_LINE, "faq.csv", 1, "faq", DocumentStatus.READY, len(pairs), now)
    await services.documents.put(document, pairs, None)


if __name__ == "__main__":
    print(asyncio.run(fill(Path(sys.argv[1]))))
