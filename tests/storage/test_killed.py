"""kill -9 in the middle of streams: what was acknowledged is there, each question before a model saw it.

Ten kills; `XIAOQ_TEST_KILLS=100` for all that docs/reliability.md speaks of.
"""

import asyncio
import os
import random
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from core.messages import StoredTurn, TurnStatus
from core.ports import TranscriptFilter
from pipelines.answer import FLUSH_SECONDS
from storage.database import Database
from storage.secrets import KeyFile
from storage.transcripts import SqlTranscriptReader
from storage.verify import SqlSeals
from tests.support.app_process import ForkedApp
from tests.support.upstream import EchoUpstream, serving

KILLS = int(os.environ.get("XIAOQ_TEST_KILLS", "10"))
STREAMS = 6
COMMIT_SECONDS = 1.5
"""How long a write may take on a machine that runs other tests, beside the interval."""
WORDS = "".join(f"w{number} " for number in range(400))

pytestmark = pytest.mark.process


@dataclass
class Stream:
    """One client: when it got how much of the answer."""

    marker: str
    got: list[tuple[float, str]] = field(default_factory=list)
    acknowledged: bool = False

    def until(self, moment: float) -> str:
        return "".join(text for at, text in self.got if at <= moment)

    async def run(self, client: httpx.AsyncClient) -> None:
        body = {
            "model": "qwen2.5-7b",
            "stream": True,
            "messages": [{"role": "user", "content": f"Please tell me of {self.marker}."}],
        }
        try:
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                assert response.status_code == 200
                self.acknowledged = True
                async for line in response.aiter_lines():
                    if found := re.search(r'"content": ?"([^"]+)"', line):
                        self.got.append((time.monotonic(), found[1]))
        except httpx.TransportError:
            return


async def turns_of(data: Path) -> list[StoredTurn]:
    """All turns; beside the running app, and with every seal checked."""
    db = Database(f"sqlite:///{data / 'xiaoq.db'}", KeyFile(data / "master.key"))
    await db.start()
    try:
        assert (await SqlSeals(db).verify()).whole
        return list(await SqlTranscriptReader(db).turns(TranscriptFilter()))
    finally:
        await db.aclose()


def check(streams: list[Stream], killed_at: float, seen: set[str], turns: list[StoredTurn]) -> int:
    """Gives how many answers were cut short."""
    stored = {found[0]: one for one in turns if (found := re.search(r"kestrel\d+x\d+", one.question))}
    cut = 0
    for stream in streams:
        if not stream.acknowledged and stream.marker not in seen:
            continue
        turn = stored[stream.marker]
        answer = turn.record.answer
        assert WORDS.startswith(answer)
        assert len(answer) >= len(stream.until(killed_at - FLUSH_SECONDS - COMMIT_SECONDS)), stream.marker
        if turn.record.status is not TurnStatus.DONE:
            assert turn.record.status is TurnStatus.INTERRUPTED
            cut += 1
    return cut


@pytest.mark.timeout(60 + 30 * KILLS)
async def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    upstream = EchoUpstream(piece_seconds=0.02, answer=WORDS)
    data, chance = tmp_path / "data", random.Random(20)
    async with serving(upstream.app()) as port:
        app = await asyncio.to_thread(
            ForkedApp, data, engine="openai", engine_url=f"http://127.0.0.1:{port}/v1", model="qwen2.5-7b"
        )
        cut = 0
        try:
            streams: list[Stream] = []
            killed_at = 0.0
            for kill in range(KILLS + 1):
                base = await asyncio.to_thread(app.start)
                seen = set(re.findall(r"kestrel\d+x\d+", str(upstream.requests)))
                cut += check(streams, killed_at, seen, await turns_of(data))
                upstream.requests.clear()
                if kill == KILLS:
                    break
                streams = [Stream(f"kestrel{kill}x{number}") for number in range(STREAMS)]
                async with httpx.AsyncClient(base_url=base, timeout=60) as client:
                    asking = [asyncio.create_task(one.run(client)) for one in streams]
                    await asyncio.sleep(chance.uniform(0.3, 3))
                    # Before it is killed, since to learn that it ended takes as long as the machine likes.
                    killed_at = time.monotonic()
                    await asyncio.to_thread(app.kill)
                    await asyncio.gather(*asking)
        finally:
            await asyncio.to_thread(app.close)
    print(f"{KILLS} kills, {KILLS * STREAMS} streams, {cut} answers cut short, none lost")
    assert cut > KILLS
