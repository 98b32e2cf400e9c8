"""What an auditor runs, as they run it: in a process of its own."""

import getpass
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app import build_services, close_index
from core.messages import Question
from core.settings import Settings
from tests.test_app import command

pytestmark = pytest.mark.process


def changed(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "xiaoq.db", isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount == 1


def test_the_audit_is_verified_anchored_and_its_first_broken_link_named(tmp_path: Path) -> None:
    assert command(tmp_path, "key", "create", "--name", "k").returncode == 0
    assert command(tmp_path, "export", str(tmp_path / "out.csv")).returncode == 0
    done = command(tmp_path, "verify-audit")
    assert done.returncode == 0, done.stderr
    assert "All is whole: " in done.stdout
    anchor = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"2 [0-9a-f]{64}", anchor)
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as connection:
        entries = connection.execute("SELECT actor, act, detail FROM audit ORDER BY number").fetchall()
    assert [entry[:2] for entry in entries] == [
        (f"cli:{getpass.getuser()}", act) for act in ("key_created", "exported", "verified")
    ]
    assert json.loads(entries[0][2]) == {"name": "k", "role": "caller"}
    kept = tmp_path / "anchors.txt"
    kept.write_text(f"{anchor} 2026-11-25T00:00:00Z\n")
    assert "1 anchor held" in command(tmp_path, "verify-audit", "--anchor", str(kept)).stdout
    changed(tmp_path, "DELETE FROM audit WHERE number = 4")
    changed(tmp_path, "DELETE FROM audit WHERE number = 3")
    changed(tmp_path, "DELETE FROM audit WHERE number = 2")
    assert command(tmp_path, "verify-audit").returncode == 0, "nothing within the database can tell"
    cut = command(tmp_path, "verify-audit", "--anchor", str(kept))
    assert (cut.returncode, "audit 2 " in cut.stderr) == (1, True), (
        "the verification took the place of entry 2"
    )
    changed(tmp_path, "UPDATE audit SET actor = 'cli:nobody' WHERE number = 1")
    broken = command(tmp_path, "verify-audit")
    assert broken.returncode == 1
    assert "audit 1 " in broken.stderr
    assert "Traceback" not in broken.stderr


@pytest.mark.parametrize(
    ("text", "reason"), [("", "no anchor"), ("x\n", "Line 1"), ("1 00\n", "Line 1"), (None, "cannot be read")]
)
def test_a_file_of_anchors_that_is_none_is_named(tmp_path: Path, text: str | None, reason: str) -> None:
    kept = tmp_path / "anchors.txt"
    if text is not None:
        kept.write_text(text)
    done = command(tmp_path, "verify-audit", "--anchor", str(kept))
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


async def asked(data: Path, *customers: str) -> None:
    """A conversation of each customer, as a program's."""
    services = build_services(Settings(_env_file=None, data_dir=data, engine="quoted"))
    await services.database.start()
    for number, customer in enumerate(customers):
        owner = f"key:k/{customer}"
        question = Question(f"canary-{number}", owner, "api", f"r{number}", customer=customer)
        await services.log.begin(question, "shop")
    await close_index(services)
    await services.database.aclose()


async def test_a_customer_is_exported_and_erased_and_nobody_else(tmp_path: Path) -> None:
    mine, theirs = "a/b 张三@example.com", "other"
    await asked(tmp_path, mine, theirs)
    out = tmp_path / "customer.json"
    done = command(tmp_path, "export", "--customer", mine, str(out), "--reason", "request 7")
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o077 == 0
    text = out.read_text(encoding="utf-8")
    assert json.loads(text)["customer"] == mine
    assert ("canary-0" in text, "canary-1" in text) == (True, False)
    who = tmp_path / "affected.csv"
    listed = command(tmp_path, "affected", str(who), "--since", "2026-01-01")
    assert (listed.returncode, "2 customers written" in listed.stdout) == (0, True), listed.stderr
    assert mine in who.read_text(encoding="utf-8-sig")
    unsure = command(tmp_path, "erase", "--customer", mine)
    assert (unsure.returncode, "--yes" in unsure.stderr) == (1, True)
    gone = command(tmp_path, "erase", mine, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "1 conversation, 1 turn" in gone.stdout
    again = command(tmp_path, "erase", "--customer", mine, "--yes")
    assert (again.returncode, "Nothing is kept" in again.stderr) == (1, True)
    unknown = command(tmp_path, "export", "--customer", mine, str(out))
    assert (unknown.returncode, "Nothing is kept" in unknown.stderr) == (1, True)
    assert command(tmp_path, "export", "--customer", theirs, str(out)).returncode == 0
    assert command(tmp_path, "verify-audit").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("erase", "--yes"), "Name one customer"),
        (("erase", "a", "--customer", "b", "--yes"), "Name one customer"),
        (("export", "--customer", "a", "--line", "shop", "x.json"), "--customer takes everything"),
    ],
)
def test_a_wrong_command_says_what_to_write(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    done = command(tmp_path, *arguments)
    assert (done.returncode, reason in done.stderr, "Traceback" in done.stderr) == (1, True, False)
