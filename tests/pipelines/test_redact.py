"""What is taken out of a company's own documents, and what stays because customers ask for it."""

import pytest

from core.documents import Chunk
from core.messages import BusinessLine
from core.ports import ParsedDocument
from pipelines.redact import (
    public_contacts,
    redacted_document,
    redacted_name,
    redacted_text,
    without_personal_data,
)
from tests.support.canaries import CANARIES, SENTENCE, leaks

LINE = BusinessLine(
    id="shop", names={}, bases=["shop"], contact={"zh": "请拨打 400-123-4567 或 13958271046。"}
)


def chunk(text: str, **changes: str) -> Chunk:
    fields = {"title": "", "location": "", "document": "d.txt", **changes}
    return Chunk(id="c", base="shop", document_id="d", position=0, text=text, **fields)  # type: ignore[arg-type]


async def test_nothing_personal_is_left_anywhere_in_a_document() -> None:
    parsed = ParsedDocument(
        [chunk(SENTENCE, title=SENTENCE, location=f"客户 > {CANARIES['phone']}", document=CANARIES["email"])],
        notes=(f"Row of {CANARIES['phone']} was left out.",),
    )
    clean = await redacted_document(parsed, ())
    assert set(leaks(repr(clean).encode())) == set()
    assert "[PHONE]" in clean.chunks[0].text
    assert clean.notes[-1].startswith("Personal data found and hidden: ")


async def test_a_document_without_personal_data_is_left_alone() -> None:
    parsed = ParsedDocument(
        [chunk("付款后 48 小时内发货，订单号 202611250012345678，运费 12 元。")], ("note",)
    )
    assert await redacted_document(parsed, ()) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "客服热线：400-820-1234，服务时间 9:00–21:00。",
        "如需帮助，请联系客服邮箱 service@example.com。",
        "Contact us: support@example.com or +86 21 6123 4567 (customer service).",
        "门店地址：上海市黄浦区南京东路 100 号 2 楼。",
    ],
)
def test_the_companys_own_contacts_stay(text: str) -> None:
    assert redacted_text(text) == text


def test_what_a_line_names_as_its_contact_is_public() -> None:
    text = "有事请打 139 5827 1046，别打 13800138000。"
    assert redacted_text(text, public_contacts([LINE], "")) == "有事请打 139 5827 1046，别打 [PHONE]。"
    assert "13800138000" in redacted_text(text, public_contacts([], "13800138000"))


def test_a_persona_keeps_the_lines_contact_and_nobodys_data() -> None:
    line = BusinessLine(
        id="shop", names={}, bases=[], contact=LINE.contact,
        persona=f"你是小Q。疑难请转 13958271046，老板邮箱 {CANARIES['email']}。",
    )  # fmt: skip
    assert without_personal_data(line).persona == "你是小Q。疑难请转 13958271046，老板邮箱 [EMAIL]。"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("13958271046.txt", "[PHONE].txt"),
        ("客户 wang@qq.com.pdf", "客户 [EMAIL].pdf"),
        ("价目表 2026-11.xlsx", "价目表 2026-11.xlsx"),
    ],
)
def test_a_name_loses_personal_data_and_keeps_its_ending(name: str, kept: str) -> None:
    assert redacted_name(name) == kept
