"""The names that files come in under, the bases of a line, and the columns a person chooses."""

from pathlib import Path

import pytest

from core.errors import DocumentRejected, InvalidRequest
from core.messages import BusinessLine
from pipelines.bases import owned, searched
from pipelines.columns import checked_columns
from pipelines.incoming import LARGEST_FILE, IncomingFile, files_at, plain_name, with_distinct_names
from pipelines.ingest_files import columns_of


@pytest.mark.parametrize("path", ["a.md", "folder/a.md", "C:\\folder\\a.md", "../../a.md"])
def test_folders_before_a_name_are_dropped(path: str) -> None:
    assert plain_name(path) == "a.md"


@pytest.mark.parametrize("path", ["", "/", "..\\"])
def test_a_file_without_a_name_gets_one(path: str) -> None:
    assert plain_name(path) == "unnamed"


def test_folders_come_in_where_names_repeat() -> None:
    paths = ["manuals/2024/a.md", "manuals\\2025\\a.md", "b.md", "x/c.md", "x/c.md"]
    named = with_distinct_names([(path, b"") for path in paths])
    assert [file.name for file in named] == [
        "a (manuals - 2024).md",
        "a (manuals - 2025).md",
        "b.md",
        "c.md",
        "c.md",
    ]


def test_a_folder_is_read_by_name_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.md", "a/c.md", ".git/config", "a/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = files_at([tmp_path, tmp_path / "b.md"])
    assert [file.name for file in files] == ["a/c.md", "b.md", "b.md"]
    assert files[0].read() == b"a/c.md"


def test_a_file_over_the_limit_is_not_read_at_all(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(DocumentRejected, match=r"large\.txt is larger than 64 MB"):
        IncomingFile.at(large).read()


def test_a_line_searches_its_own_base_and_the_shared_one() -> None:
    line = BusinessLine(id="general", names={}, bases=("shop", "bank"))
    assert searched(line) == ("shop", "bank", "general", "shared")
    assert owned(line) == "general"
    assert searched(BusinessLine(id="shop", names={}, bases=("shop", "shared"))) == ("shop", "shared")


def test_columns_are_written_field_by_field() -> None:
    assert columns_of("question=问题, answer=答案 ,title=") == {"question": "问题", "answer": "答案"}
    assert columns_of("") == {}
    assert columns_of(None) is None


@pytest.mark.parametrize("wrong", ["question", "question=问题", "question=a,answer=b,colour=c"])
def test_wrong_columns_are_named(wrong: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        columns_of(wrong)
    assert caught.value.param == "columns"


def test_a_column_of_a_monstrous_name_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        checked_columns({"question": "q", "answer": "a" * 201})
