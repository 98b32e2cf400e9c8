"""What only PostgreSQL does: pgvector set up or missing, replicas side by side, a server that restarts."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
from sqlalchemy import text

from core.documents import QueuedFile
from core.errors import ConfigurationError, StorageUnavailable
from core.messages import Mode, Question, StoredTurn, TurnRecord, TurnStatus
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.lines import SqlLineStore
from storage.queue import SqlIngestQueue
from storage.vectors import PgVectors
from tests.support.asking import until
from tests.support.keys import MASTER
from tests.support.postgres import RunningPostgres

pytestmark = pytest.mark.service

MODEL = "some/model"


@pytest.fixture
def url(postgres: RunningPostgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    database = Database(url, MASTER)
    await database.start()
    yield database
    await database.aclose()


def some(count: int, dimension: int = 8, seed: int = 1) -> npt.NDArray[np.float32]:
    data = np.random.default_rng(seed).normal(size=(count, dimension))
    return np.asarray(data / np.linalg.norm(data, axis=1, keepdims=True), np.float32)


async def test_without_pgvector_everything_but_vectors_works_and_says_what_to_install(
    postgres: RunningPostgres, url: str
) -> None:
    name = url.rpartition("/")[2]
    postgres.run(f"ALTER DATABASE \"{name}\" SET extension_control_path = '/nowhere'")
    db = Database(url, MASTER)
    await db.start()
    assert await SqlLineStore(db).all() == []
    with pytest.raises(ConfigurationError, match="lacks the extension pgvector"):
        await PgVectors(db).start()
    postgres.run(f'ALTER DATABASE "{name}" RESET extension_control_path')
    await PgVectors(db).start()
    await db.aclose()


async def test_a_role_that_may_not_set_pgvector_up_is_told_what_an_administrator_does(
    postgres: RunningPostgres, url: str
) -> None:
    name = url.rpartition("/")[2]
    postgres.run("DROP ROLE IF EXISTS xiaoq_app")
    postgres.run("CREATE ROLE xiaoq_app LOGIN")
    postgres.run(f'GRANT CONNECT ON DATABASE "{name}" TO xiaoq_app')
    postgres.run("GRANT CREATE, USAGE ON SCHEMA public TO xiaoq_app", name)
    db = Database(postgres.url(name, "xiaoq_app"), MASTER)
    await db.start()
    vectors = PgVectors(db)
    with pytest.raises(ConfigurationError, match="administrator run CREATE EXTENSION vector"):
        await vectors.rows("shop", MODEL)
    postgres.run("CREATE EXTENSION vector", name)
    await vectors.add("shop", MODEL, [1], some(1))
    await vectors.commit("shop", MODEL)
    assert await vectors.rows("shop", MODEL) == [1]
    await db.aclose()


async def test_replicas_that_embed_the_same_chunks_at_once_store_them_once(db: Database, url: str) -> None:
    beside = Database(url, MASTER)
    await beside.start()
    replicas = [PgVectors(db, large=50), PgVectors(beside, large=50)]
    data = some(100)
    for replica in replicas:
        await replica.add("shop", MODEL, range(100), data)
    await asyncio.gather(*(replica.commit("shop", MODEL) for replica in replicas))
    count = await db.read(lambda connection: connection.scalar(text("SELECT count(*) FROM chunk_vector")))
    valid = await db.read(
        lambda connection: connection.scalars(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE 'ix_chunk_vector_%'")
        ).all()
    )
    await beside.aclose()
    assert count == 100
    assert valid == [True]


async def test_the_index_is_what_answers_and_goes_with_its_model(db: Database) -> None:
    vectors = PgVectors(db, large=2000)
    data = some(2000, 32)
    await vectors.add("shop", MODEL, range(2000), data)
    await vectors.commit("shop", MODEL)
    for question in data[:5]:
        assert (await vectors.nearest("shop", MODEL, question, 3))[0][1] == pytest.approx(1.0, abs=1e-5)
    uses = text(
        "SELECT pg_stat_force_next_flush(), "
        "(SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'ix_chunk_vector_%')"
    )
    async with asyncio.timeout(20):  # counted when the reading connection has been idle for a moment
        while not (await db.read(lambda connection: connection.execute(uses).one()))[1]:
            await vectors.nearest("shop", MODEL, data[0], 3)
    await vectors.forget("shop")
    left = text("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'ix_chunk_vector_%'")
    assert await db.read(lambda connection: connection.scalar(left)) == 0


async def test_rows_with_more_vectors_than_the_index_looks_at_are_found_all_the_same(db: Database) -> None:
    vectors = PgVectors(db, large=1000)
    near, far = some(1), some(5, seed=2)
    crowd = near + 0.01 * some(1500, seed=3)
    crowd = (crowd / np.linalg.norm(crowd, axis=1, keepdims=True)).astype(np.float32)
    await vectors.add("shop", MODEL, [1] * 1500 + [2, 3, 4, 5, 6], np.concatenate([crowd, far]))
    await vectors.commit("shop", MODEL)
    found = await vectors.nearest("shop", MODEL, near[0], 6)
    assert found[0][0] == 1
    assert {row for row, _ in found} == {1, 2, 3, 4, 5, 6}


async def test_vectors_of_another_width_are_refused(db: Database) -> None:
    vectors = PgVectors(db)
    await vectors.add("shop", MODEL, [1], some(1))
    await vectors.commit("shop", MODEL)
    with pytest.raises(ValueError, match="shape"):
        await vectors.nearest("shop", MODEL, some(1, 9)[0], 3)
    await vectors.add("shop", MODEL, [2], some(1, 9))
    with pytest.raises(ValueError, match="one dimension"):
        await vectors.commit("shop", MODEL)
    assert await vectors.rows("shop", MODEL) == [1]


async def test_sqlite_holds_no_vectors(tmp_path: object) -> None:
    db = Database(f"sqlite:///{tmp_path}/xiaoq.db", MASTER)
    await db.start()
    with pytest.raises(ConfigurationError, match="PostgreSQL"):
        await PgVectors(db).start()
    await db.aclose()


async def finished(log: SqlConversationLog, begun: StoredTurn) -> StoredTurn:
    """The turn once its answer is stored: what the database refused is owed, and tried again from time to time."""
    async with asyncio.timeout(30):
        while True:
            (turn,) = await log.turns(begun.conversation_id, "chat:me")
            if turn.record.answer:
                return turn
            await asyncio.sleep(0.05)


async def answer_of(log: SqlConversationLog, begun: StoredTurn) -> str:
    """Empty where the database cannot be read."""
    try:
        return (await log.turns(begun.conversation_id, "chat:me"))[0].record.answer
    except StorageUnavailable:
        return ""


async def test_a_restart_under_load_loses_nothing_acknowledged(
    postgres: RunningPostgres, db: Database
) -> None:
    log, stop = SqlConversationLog(db), asyncio.Event()
    taken: list[tuple[StoredTurn, str]] = []
    times: list[float] = []

    async def ask(number: int) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            said = f"q{number}x{count}"
            try:
                begun = await log.begin(Question(said, "chat:me", "chat", "r"), "shop")
            except StorageUnavailable:
                await asyncio.sleep(0.05)
                continue
            taken.append((begun, said))
            times.append(time.monotonic())
            log.finish_soon(
                begun.id, "chat:me", TurnRecord(f"a {said}", Mode.GENERATED, TurnStatus.DONE, "en", "e")
            )

    asking = [asyncio.create_task(ask(number)) for number in range(4)]
    await until(lambda: len(taken) >= 100, seconds=60)
    await asyncio.to_thread(postgres.control, "restart", "-m", "immediate")
    restarted = time.monotonic()
    async with asyncio.timeout(20):
        while times[-1] < restarted:  # noqa: ASYNC110 - what is waited for is a question's luck
            await asyncio.sleep(0.05)
    reconnected = times[-1] - restarted
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*asking)
    print(f"reconnected after {reconnected:.1f} s; {len(taken)} questions, none lost")
    assert reconnected < 10
    for begun, asked in taken:
        turn = await finished(log, begun)
        assert (turn.question, turn.record.answer) == (asked, f"a {asked}")


async def test_a_restarted_server_is_found_again_and_the_process_stays_present(
    postgres: RunningPostgres, db: Database, url: str
) -> None:
    log, queue = SqlConversationLog(db), SqlIngestQueue(db)
    begun = await log.begin(Question("q", "chat:me", "chat", "r"), "shop")
    await queue.put(QueuedFile("f", "b", "shop", 0, "n", 1, "x", datetime.now(UTC)), b"x")
    await asyncio.to_thread(postgres.control, "restart", "-m", "fast")
    restarted = time.monotonic()
    async with asyncio.timeout(20):
        while (await answer_of(log, begun)) != "half":
            # one that meets the broken connection is not stored
            await log.partial(begun.id, "chat:me", "half")
    assert time.monotonic() - restarted < 10
    beside = Database(url, MASTER)
    await beside.start()
    (turn,) = await log.turns(begun.conversation_id, "chat:me")
    taken = await SqlIngestQueue(beside).abandoned()
    await beside.aclose()
    assert turn.record.status is TurnStatus.RUNNING
    assert taken == []
