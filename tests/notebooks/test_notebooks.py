"""Every notebook runs from top to bottom, on the sample and on a real export."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from core.messages import Mode, StoredTurn, TurnRecord, TurnStatus
from pipelines.export import transcripts_csv

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

pytestmark = [
    pytest.mark.process,  # a kernel each
    pytest.mark.filterwarnings("ignore"),  # the kernel's own libraries warn, not ours
]


def turn(number: int) -> StoredTurn:
    return StoredTurn(
        id=f"t{number}",
        conversation_id=f"c{number // 2}",
        asked_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=number),
        question="=1+1 什么时候发货?",
        record=TurnRecord(
            answer="48 小时内。",
            mode=Mode.QUOTED if number % 2 else Mode.HANDOFF,
            status=TurnStatus.DONE,
            language="zh",
            engine="quoted",
            timings={"total": 10 + number, "first_token": 5},
        ),
        channel="chat",
        line="shop",
        request_id="r",
    )


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_on_its_sample(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XIAOQ_TRANSCRIPTS", raising=False)
    assert "turns in" in run(notebook, tmp_path)


def test_the_first_reads_a_real_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = tmp_path / "export.csv"
    exported.write_bytes(b"".join(transcripts_csv(turn(i) for i in range(20))))
    monkeypatch.setenv("XIAOQ_TRANSCRIPTS", str(exported))
    assert "20 turns in 10 conversations" in run(NOTEBOOKS[0], tmp_path)


def run(notebook: Path, folder: Path) -> str:
    """Execute it in `folder` and give what its cells printed."""
    document = nbformat.read(notebook, as_version=4)
    NotebookClient(document, timeout=90, resources={"metadata": {"path": str(folder)}}).execute()
    return "".join(
        output.get("text", "")
        for cell in document.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
