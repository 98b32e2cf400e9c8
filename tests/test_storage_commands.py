"""`rotate-key`, `backup` and `restore`, run as an operator runs them, beside a running app."""

import signal
import threading
from pathlib import Path

import pytest

from tests.test_app import Running, command

pytestmark = pytest.mark.process


def stopped(app: Running) -> None:
    app.process.send_signal(signal.SIGTERM)
    with app.process as process:
        assert process.wait(30) in (0, -signal.SIGTERM)


def test_keys_turn_under_a_serving_app_and_a_backup_comes_back(tmp_path: Path) -> None:
    data, backups = tmp_path / "data", tmp_path / "backups"
    app = Running(data)
    first = app.ask("我的订单为什么还没发货?", metadata={"line": "shop"})[1]
    before = (data / "master.key").read_bytes()
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(app.ask("怎么退货?", user=f"u-{len(statuses)}")[0])

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    turned, copied = command(data, "rotate-key"), command(data, "backup", str(backups))
    turned_again = command(data, "rotate-key")
    stop.set()
    for asker in askers:
        asker.join()
    stale = command(data, "restore", str(next(backups.glob("*.xqb"))))
    assert command(data, "backup", str(backups)).returncode == 0
    newest = str(sorted(backups.glob("*.xqb"))[-1])
    refused = command(data, "restore", newest)
    old = app.call(f"/api/conversations/{first['xiaoq']['conversation_id']}")  # type: ignore[index]
    stopped(app)
    for done in (turned, copied, turned_again):
        assert done.returncode == 0, done.stderr
    assert statuses
    assert set(statuses) == {200}, "a request failed while the keys changed"
    assert (data / "master.key").read_bytes() != before
    assert (old[0], "我的订单为什么还没发货" in old[1].decode()) == (200, True)
    assert refused.returncode == 1
    assert "stop every app" in refused.stderr
    assert stale.returncode == 1, "the keys beside it are sealed by the key before the last"
    assert "another master key" in stale.stderr
    restored = command(data, "restore", newest)
    assert restored.returncode == 0, restored.stderr
    (data / "master.key").write_bytes(before)
    retired = command(data, "doctor")
    assert retired.returncode == 1
    assert retired.stderr.strip().endswith("put the right one there.")
    assert "Traceback" not in retired.stderr
