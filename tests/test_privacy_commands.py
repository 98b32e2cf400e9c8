"""What an auditor runs, as they run it: in a process of its own."""

import getpass
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

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
    assert "whole: 2 entries" in done.stdout
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
