"""`line list`, `export` and `import`, run as an operator runs them."""

from pathlib import Path

import pytest

from tests.test_app import command

pytestmark = pytest.mark.process


def test_a_line_moves_from_one_machine_to_another(tmp_path: Path) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "shop.yaml"
    assert "written to" in command(here, "line", "export", "shop", str(file)).stdout
    assert file.read_text(encoding="utf-8").count("青柚商城") > 1
    for nowhere in (tmp_path / "no folder" / "shop.yaml", tmp_path):
        lost = command(here, "line", "export", "shop", str(nowhere))
        assert lost.returncode == 1
        assert lost.stderr.splitlines()[-1].startswith(f"Error: {nowhere} cannot be opened: ")
        assert "Traceback" not in lost.stderr
    taken = command(there, "line", "import", str(file))
    assert (taken.returncode, taken.stderr.splitlines()[-1]) == (
        1, "Error: There is a business line 'shop' already; change that one, or choose another id.",
    )  # fmt: skip
    made = command(there, "line", "import", str(file), "--id", "outlet")
    assert (made.returncode, made.stdout) == (0, "The line outlet is made.\n")
    listed = command(there, "line", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed][-1] == ["outlet", "open"]
    file.write_text(file.read_text(encoding="utf-8") + "colour: green\n", encoding="utf-8")
    wrong = command(there, "line", "import", str(file), "--id", "other")
    assert wrong.returncode == 1
    assert "'colour' is not known here." in wrong.stderr
