"""`python app.py evaluate` as CI runs it: exit codes, progress, a report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.evaluation_room import furnish, golden, room

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.process


def evaluate(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    environment |= {"XIAOQ_DATA_DIR": str(data), "XIAOQ_ENGINE": "quoted", **more}
    command = [sys.executable, "app.py", "evaluate", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


async def test_exit_codes_say_what_came_of_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with room(data) as services:
        questions = [
            golden(1, "付款后多久发货？", facts=["48 小时"]),
            golden(2, "能退吗？", mode="refused"),
        ]
        await furnish(services, questions)
    file = tmp_path / "report.json"
    done = evaluate(data, "--line", "shop", "--prompt", "2", "--against", "1", "--report", str(file))
    assert done.returncode == 0, done.stderr
    assert "[4/4]" in done.stdout
    assert "version 2: 1 of 2 passed (50.0%); against version 1: 0 gained, 0 lost" in done.stdout
    assert "failing: 能退吗？ — mode:refused" in done.stdout
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["evaluation"]["summary"]["questions"] == 2
    assert len(written["results"]) == 2
    bound = evaluate(data, "--line", "shop", "--min-pass", "0.9")
    assert (bound.returncode, "version 1: 1 of 2" in bound.stdout) == (1, True)
    for place in (tmp_path / "none" / "report.json", tmp_path):
        nowhere = evaluate(data, "--line", "shop", "--report", str(place))
        assert (nowhere.returncode, nowhere.stdout) == (2, ""), "nothing is asked that nobody could read"
        assert nowhere.stderr.strip().splitlines()[-1].startswith(f"Error: {place} cannot be written: ")
    huge = evaluate(data, "--line", "shop", "--prompt", str(2**70))
    assert (huge.returncode, "Traceback" in huge.stderr) == (2, False)
    wrong = evaluate(data, "--line", "none")
    assert wrong.returncode == 2
    assert wrong.stderr.strip().endswith("Error: There is no business line 'none'.")


def test_a_wrong_setting_is_named_and_its_value_is_not(tmp_path: Path) -> None:
    wrong = evaluate(tmp_path, "--line", "shop", XIAOQ_CONTEXT_TOKENS="secret", XIAOQ_PORT="-1")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    (line,) = wrong.stderr.strip().splitlines()
    assert line.startswith("Error: The settings are wrong. XIAOQ_PORT: ")
    assert ("XIAOQ_CONTEXT_TOKENS" in line, "secret" in line) == (True, False)
