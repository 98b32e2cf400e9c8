"""Makes FAQ pairs of table rows: which column is which field, what a row says, which rows belong together.

It does not know what file the rows came from.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.documents import FaqPair, PairStatus
from core.errors import DocumentRejected
from knowledge.dates import day_of
from knowledge.languages import language_of
from knowledge.limits import Notes
from knowledge.rows import Row

_ALIASES: Mapping[str, str] = {
    "question": "question q questions faq query standardquestion 问题 標準問題 标准问题 標準問 标准问 問題 问 問"
    " 常见问题 常見問題 主问题 提问 用户问题 問句 问句",
    "answer": "answer a answers reply response 答案 回答 答复 答覆 答 解答 回复 回覆 标准答案 標準答案 回复内容 答案内容",
    "phrasings": "phrasings phrasing similar alternatives alternative variants variant synonyms similarquestions"
    " similarquestion otherphrasings paraphrases 相似问 相似问题 相似問 相似問題 其他问法 其他問法 扩展问 擴展問 扩展问题"
    " 擴展問題 问法 問法 同义问 同義問 相似问法 相似問法 近似问 近似問",
    "language": "language lang locale 语言 語言 语种 語種",
    "title": "title category topic section group 分类 标题 类别 分類 標題 類別 主题 主題 目录 目錄 类目",
    "valid_from": "validfrom from startdate start effectivefrom effectivedate 生效日期 开始日期 開始日期 生效时间 生效時間"
    " 有效期起 起始日期 生效日 有效开始",
    "valid_until": "validuntil validto until to enddate end expires expiry expirydate expirationdate 失效日期 结束日期"
    " 截止日期 結束日期 失效时间 失效時間 有效期止 到期日期 到期日 过期时间 有效期至 失效日",
    "status": "status state 状态 狀態 发布状态 發佈狀態 審核狀態 审核状态",
    "owner": "owner responsible contact author maintainer 负责人 負責人 责任人 責任人 维护人 維護人 负责部门 所有者",
}
FIELDS = tuple(_ALIASES)
_FIELD_OF = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_DRAFT = set(
    "draft pending unpublished review inreview disabled inactive off no 0 false 草稿 未发布 未發佈 未发佈 待审核 待審核"
    " 待发布 待發佈 审核中 審核中 未审核 停用 禁用 下线 下線 已下线 已停用 否".split()
)
_APPROVED = set(
    "approved published active enabled live final on yes 1 true ok 已发布 已發佈 发布 發佈 已发佈 已审核 已審核 已通过"
    " 已通過 通过 通過 已批准 批准 启用 啟用 已启用 上线 上線 已上线 正式 有效 生效 是".split()
)
_DECORATION = re.compile(r"[\s_\-*:：]+|[（(\[【].*?[)）\]】]")
_BETWEEN_PHRASINGS = re.compile(r"\s*(?:\||｜|\n|;|；)\s*")
_LONG_ANSWER = 8
"""Characters from which the same answer in the next row means the same pair: `free` may answer two questions."""


@dataclass
class _Draft:
    """A pair in the making; further rows may add phrasings."""

    row: Row
    questions: list[str]
    cells: dict[str, str]
    days: tuple[date | None, date | None]
    status: PairStatus
    language: str = field(default="und")


def guess(header: Sequence[str]) -> dict[str, list[int]]:
    """Where each field stands, by the names of the columns; phrasings may have several (`相似问1`, `相似问2`)."""
    found: dict[str, list[int]] = {}
    for at, name in enumerate(header):
        plain = fold_name(name)
        known = _FIELD_OF.get(plain) or _FIELD_OF.get(plain.rstrip("0123456789一二三四五六七八九十"))
        if known == "phrasings" or (known and known not in found):
            found.setdefault(known, []).append(at)
    return found


def is_faq(columns: Mapping[str, Sequence[int]]) -> bool:
    return "question" in columns and "answer" in columns


def fold_name(name: str) -> str:
    """A column's name for comparing: no case, spaces, stars or brackets."""
    return _DECORATION.sub("", name.casefold())


def chosen(columns: Mapping[str, str], header: Sequence[str], name: str) -> dict[str, list[int]]:
    """Where the fields stand that a person mapped to columns. Raises DocumentRejected for a missing column."""
    wanted = {key: column for key, column in columns.items() if key in _ALIASES and column}
    if not {"question", "answer"} <= wanted.keys():
        raise DocumentRejected.because("no_field", name=name)
    folded = [fold_name(column) for column in header]
    found: dict[str, list[int]] = {}
    for key, column in wanted.items():
        exact = [at for at, known in enumerate(header) if known == column]
        places = exact or [at for at, known in enumerate(folded) if known == fold_name(column)]
        if not places:
            raise DocumentRejected.because("no_column", name=name, column=column)
        found[key] = places[:1]
        stem = fold_name(column).rstrip("0123456789")
        if key == "phrasings" and stem:
            found[key] = [at for at, known in enumerate(folded) if known.rstrip("0123456789") == stem]
    return found


def pairs_of(
    columns: Mapping[str, Sequence[int]], rows: Iterable[Row], notes: Notes, label: Callable[[Row], str]
) -> Iterator[tuple[FaqPair, Row]]:
    """The pairs of a table with the row each begins in. A row that is no pair is a note."""
    open_pair: _Draft | None = None
    for row in rows:
        cells = {
            name: "\n".join(row.at(at) for at in places if row.at(at)) for name, places in columns.items()
        }
        if open_pair is not None and _continues(open_pair, row, cells, columns):
            open_pair.questions += _questions(cells)
            continue
        if open_pair is not None:
            yield _pair(open_pair), open_pair.row
        open_pair = _opened(row, cells, notes, label(row))
    if open_pair is not None:
        yield _pair(open_pair), open_pair.row


def _continues(
    pair: _Draft, row: Row, cells: Mapping[str, str], columns: Mapping[str, Sequence[int]]
) -> bool:
    """Whether a row only adds phrasings: a shared answer cell, the same long answer again, or no answer of its own."""
    if columns["answer"][0] in row.shared:
        return True
    if not cells["question"] and not cells["answer"]:
        return bool(cells.get("phrasings"))
    same = all(
        cells.get(key, "") == pair.cells.get(key, "")
        for key in pair.cells
        if key not in ("question", "phrasings")
    )
    return bool(cells["question"]) and same and len(cells["answer"]) >= _LONG_ANSWER


def _questions(cells: Mapping[str, str]) -> list[str]:
    return [
        text
        for text in [cells["question"], *_BETWEEN_PHRASINGS.split(cells.get("phrasings", ""))]
        if text.strip()
    ]


def _opened(row: Row, cells: dict[str, str], notes: Notes, label: str) -> _Draft | None:
    """A new pair, or None and a note where the row is none."""
    if not any(cells.get(key) for key in ("question", "answer", "phrasings")):
        return None
    if not cells["answer"]:
        notes.add("no_answer", row=label)
        return None
    questions = _questions(cells)
    if not questions:
        notes.add("no_question", row=label)
        return None
    try:
        days = day_of(cells.get("valid_from", "")), day_of(cells.get("valid_until", ""))
    except ValueError:
        notes.add("bad_date", row=label)
        return None
    if days[0] and days[1] and days[1] < days[0]:
        notes.add("dates_swapped", row=label)
        return None
    return _Draft(row, questions, cells, days, _status(cells.get("status", ""), notes, label))


def _status(text: str, notes: Notes, label: str) -> PairStatus:
    """Only what is known to be approved is found by customers."""
    folded = fold_name(text)
    if not folded or folded in _APPROVED:
        return "approved"
    if folded not in _DRAFT:
        notes.add("bad_status", row=label)
    return "draft"


def _pair(draft: _Draft) -> FaqPair:
    question, *others = dict.fromkeys(text.strip() for text in draft.questions)
    answer = draft.cells["answer"]
    return FaqPair(
        question=question,
        answer=answer,
        phrasings=tuple(others),
        title=draft.cells.get("title", ""),
        language=draft.cells.get("language", "") or language_of([question, answer]),
        owner=draft.cells.get("owner", ""),
        valid_from=draft.days[0],
        valid_until=draft.days[1],
        status=draft.status,
    )
