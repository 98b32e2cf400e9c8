"""The FAQ table that people download, fill in and upload; it does not know how it is read (faq.py)."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple


class _Template(NamedTuple):
    sheet: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes_sheet: str
    notes: Sequence[Sequence[str]]
    statuses: str


_TEMPLATES: Mapping[str, _Template] = {
    "zh": _Template(
        "常见问题",
        ("问题", "答案", "相似问", "分类", "语言", "负责人", "生效日期", "失效日期", "状态"),
        (
            (
                "怎么申请退货？",
                "签收后 7 天内，在“我的订单 → 退货”里提交申请，快递员上门取件，不收运费。",
                "如何退货|退货流程是什么|东西不想要了怎么办",
                "退货",
                "zh",
                "售后组",
                "2026-01-01",
                "",
                "已发布",
            ),
            (
                "春节期间几天能到货？",
                "春节假期照常发货，比平时晚 2 到 3 天送达。",
                "过年发货吗|春节快递停不停",
                "配送",
                "zh",
                "物流组",
                "2027-01-25",
                "2027-02-15",
                "草稿",
            ),
        ),
        "填写说明",
        (
            ("列", "说明"),
            ("问题", "必填。顾客最常用的问法。"),
            ("答案", "必填。原样发给顾客，可以换行。"),
            (
                "相似问",
                "其他问法，用 | 、分号或换行隔开，也可以另加“相似问1”“相似问2”等列。写得越多，找得越准。",
            ),
            ("分类", "可不填。显示在答案来源里。"),
            ("语言", "可不填，例如 zh、en。不填时自动识别。"),
            ("负责人", "可不填。谁负责更新这条答案。"),
            ("生效日期、失效日期", "可不填。写成 2026-11-30，两端的日期都包含在内。"),
            ("状态", "已发布：顾客能查到；草稿：只保存，不回答。不填视为已发布。"),
            ("合并单元格", "几个问题共用一个答案时，可以把答案单元格合并。"),
            ("示例", "前两行是示例，填写前请删除。"),
        ),
        '"已发布,草稿"',
    ),
    "en": _Template(
        "FAQ",
        (
            "Question",
            "Answer",
            "Phrasings",
            "Category",
            "Language",
            "Owner",
            "Valid from",
            "Valid until",
            "Status",
        ),
        (
            (
                "How do I return an item?",
                "Within 7 days of delivery, choose My orders → Return. A courier picks it up free of charge.",
                "Send something back|What is the return process|I don't want it any more",
                "Returns",
                "en",
                "After-sales team",
                "2026-01-01",
                "",
                "approved",
            ),
            (
                "How long does delivery take over the New Year?",
                "We ship through the holidays; parcels arrive 2 to 3 days later than usual.",
                "Do you deliver at New Year|Holiday delivery times",
                "Delivery",
                "en",
                "Logistics team",
                "2026-12-20",
                "2027-01-05",
                "draft",
            ),
        ),
        "How to fill it in",
        (
            ("Column", "What to write"),
            ("Question", "Required. The wording customers use most."),
            ("Answer", "Required. Sent to the customer as it stands; it may have several lines."),
            (
                "Phrasings",
                "Other wordings, between | or ; or on new lines, or in further columns Phrasing 1, Phrasing 2. "
                "The more there are, the more questions find the answer.",
            ),
            ("Category", "Optional. Shown with the source of an answer."),
            ("Language", "Optional, such as en or zh. Recognised where it is empty."),
            ("Owner", "Optional. Who keeps this answer up to date."),
            ("Valid from, Valid until", "Optional. Like 2026-11-30; both days are included."),
            ("Status", "approved: customers find it; draft: it is kept and not used. Empty means approved."),
            ("Merged cells", "Where several questions share an answer, its cell may be merged."),
            ("Examples", "The first two rows are examples; delete them before you begin."),
        ),
        '"approved,draft"',
    ),
}
NOTES_SHEETS = frozenset(template.notes_sheet for template in _TEMPLATES.values())
"""Sheets that explain how to fill the table in, and are no knowledge."""
_WIDTHS = (30, 60, 40, 14, 10, 16, 14, 14, 12)


def faq_template(language: Literal["zh", "en"], format: Literal["xlsx", "csv"]) -> bytes:
    """The bytes of a table with a header and two example rows; an xlsx also explains its columns on a second sheet.

    A csv is UTF-8 with a mark, so that spreadsheets show Chinese.
    """
    template = _TEMPLATES[language]
    return _csv(template) if format == "csv" else _xlsx(template)


def _csv(template: _Template) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([template.header, *template.rows])
    return out.getvalue().encode("utf-8-sig")


def _xlsx(template: _Template) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = template.sheet
    for row in (template.header, *template.rows):
        sheet.append(list(row))
    for at, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHI"[at]].width = width
    choice = DataValidation(type="list", formula1=template.statuses, allow_blank=True)
    sheet.add_data_validation(choice)
    choice.add("I2:I5000")
    notes = book.create_sheet(template.notes_sheet)
    for row in template.notes:
        notes.append(list(row))
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 24, 90
    for page in (sheet, notes):
        page.freeze_panes = "A2"
        for cells in page.iter_rows():
            for cell in cells:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                cell.font = Font(bold=cell.row == 1)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
