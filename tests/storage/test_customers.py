"""A customer's conversations are found by the owners they asked as, of whom none is missing and none is left over."""

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from core.messages import Question
from storage import customers
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.subjects import SqlSubjects
from storage.tables import customer, subject
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD
from tests.support.keys import MASTER

SHARED = "key:k-1/"
LI, HAN = "key:k-1/li", "key:k-1/han"


def asked(owner: str, name: str | None) -> Question:
    return Question("q", owner, "api", "r", customer=name)


async def pairs(db: Database) -> set[tuple[str, bytes]]:
    return await db.read(
        lambda connection: {(row.owner, bytes(row.hash)) for row in connection.execute(select(customer))}
    )


def pair(db: Database, owner: str, name: str) -> tuple[str, bytes]:
    return db.pseudonyms.owner(owner), db.pseudonyms.customer(name)


async def test_each_way_to_begin_names_the_customer_once(db: Database) -> None:
    log = SqlConversationLog(db)
    for _ in range(2):
        await log.begin(asked(LI, "li"), "shop")
        log.keep_soon(asked(HAN, "han"), "shop", RECORD)
        await log.open("chat:a", "shop", "chat", "ma")
        await log.begin(asked("chat:b", None), "shop")
    expected = {pair(db, LI, "li"), pair(db, HAN, "han"), pair(db, "chat:a", "ma")}
    assert await pairs(db) == expected
    assert (await SqlSeals(db).verify()).whole


async def test_what_was_undone_is_not_taken_for_stored(db: Database) -> None:
    log, (owner, digest) = SqlConversationLog(db), pair(db, LI, "li")
    await log.begin(asked(LI, None), "shop")

    def fail(connection: Connection) -> None:
        for _ in range(2):
            customers.note(connection, [(owner, digest)])
        raise ValueError("after both")

    with pytest.raises(ValueError, match="after both"):
        await db.write(fail)
    assert await pairs(db) == set()
    await log.begin(asked(LI, "li"), "shop")
    assert await pairs(db) == {(owner, digest)}


async def test_one_that_another_process_erased_is_named_again(db: Database, url: str) -> None:
    log, other = SqlConversationLog(db), Database(url, MASTER)
    for _ in range(3):
        await log.begin(asked(LI, "li"), "shop")
    await other.start()
    assert (await SqlSubjects(other).erase("li"))["conversation"] == 3
    await other.aclose()
    assert await pairs(db) == set()
    await log.begin(asked(LI, "li"), "shop")
    assert await pairs(db) == {pair(db, LI, "li")}
    assert (await SqlSubjects(db).counts("li"))["conversation"] == 1


async def test_with_the_last_conversation_goes_the_name_and_no_other(db: Database) -> None:
    log = SqlConversationLog(db)
    mine = [await log.begin(asked(SHARED, "li"), "shop") for _ in range(2)]
    await log.begin(asked(SHARED, "han"), "shop")
    both = {pair(db, SHARED, "li"), pair(db, SHARED, "han")}
    await log.forget(mine[0].conversation_id, SHARED)
    assert await pairs(db) == both
    await log.forget(mine[1].conversation_id, SHARED)
    assert await pairs(db) == {pair(db, SHARED, "han")}
    assert await SqlSubjects(db).owners("li") == []
    await log.begin(asked(SHARED, "li"), "shop")
    assert await pairs(db) == both


async def test_pairs_beyond_what_is_remembered_are_read_again(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "REMEMBERED", 2)
    log, names = SqlConversationLog(db), [f"c-{number}" for number in range(6)]
    for name in names * 3:
        await log.begin(asked(f"key:k-1/{name}", name), "shop")
    assert await pairs(db) == {pair(db, f"key:k-1/{name}", name) for name in names}


@pytest.mark.parametrize("how", ["taken away", "changed", "added"])
async def test_a_name_that_others_changed_is_found(db: Database, how: str) -> None:
    await SqlConversationLog(db).begin(asked(LI, "li"), "shop")
    (owner, digest), other = pair(db, LI, "li"), db.pseudonyms.customer("han")
    change = {
        "taken away": delete(customer),
        "changed": update(customer).values(hash=other),
        "added": insert(customer).values(owner=owner, hash=other),
    }[how]
    assert (await SqlSeals(db).verify()).whole
    await db.write(lambda connection: connection.execute(change))
    found = await SqlSeals(db).verify()
    assert (found.whole, found.place) == (False, "table customer")
    assert digest != other


async def test_a_key_that_goes_takes_its_names_along(db: Database) -> None:
    turn = await SqlConversationLog(db).begin(asked(LI, "li"), "shop")
    await SqlConversationLog(db).forget(turn.conversation_id, LI)
    assert await db.read(lambda connection: connection.scalars(select(subject.c.owner)).all()) == []
    assert await pairs(db) == set()
