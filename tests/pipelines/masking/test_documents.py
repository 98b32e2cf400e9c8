"""A company's own contact data stays readable in its documents; its customers' does not."""

from pathlib import Path

import pytest

from core.privacy import Kind
from knowledge.starter import starter_files
from pipelines.masking import find_in_document
from tests.knowledge.reading import read

STARTER = [path for base in ("shop", "bank", "saas") for path in starter_files(base)]
OWN = [
    "客服热线：400-123-4567", "服务电话 010-88886666，工作日 9:00-18:00", "| 部门 | 电话 |\n|---|---|\n| 售后服务 | 021-66668888 |", "## 联系我们\n\n电话 021-66668888\n邮箱 hello@acme.example.com", "投诉请发邮件到 complaint@acme.example.com",
    "总部地址：北京市朝阳区建国路88号", "门店地址\n上海市静安区南京西路100号", "退货仓库：浙江省杭州市余杭区文一西路100号3号楼", "官方微信：acme_service", "客服QQ 800123456", "开票信息：税号 91350100M000100Y43", "客服手机：13800138000",
    "Head office: 1600 Amphitheatre Pkwy, Mountain View, CA 94043", "Support hotline: +1 415 555 2671", "Call us on +44 20 7946 0018", "Payee account: DE89370400440532013000", "Write to dpo@acme.example.com",
]  # fmt: skip
STRANGERS = [
    ("客户张先生，13800138000", Kind.PHONE), ("张三的手机是13800138000。客服热线 400-123-4567", Kind.PHONE), ("收件人：李娜，北京市朝阳区建国路88号3号楼", Kind.ADDRESS), ("示例：身份证 11010519491231002X", Kind.ID_CARD), ("客服登记的卡号 6222021234567890128", Kind.BANK_CARD),
    ("客服车辆京A12345", Kind.PLATE), ("投诉人护照E12345678", Kind.PASSPORT), ("zhang.san@qq.com 反馈过这个问题", Kind.EMAIL), ("加我微信zhangsan_88", Kind.WECHAT), ("Customer name: Tom, phone +44 7700 900123", Kind.PHONE), ("他的 IBAN 是 DE89370400440532013000", Kind.IBAN),
]  # fmt: skip


@pytest.mark.parametrize("path", STARTER, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_starter_documents_come_through_unchanged(path: Path) -> None:
    chunks, _ = read(path.name, path.read_bytes())
    assert [find_in_document(chunk.text) for chunk in chunks] == [[] for _ in chunks]


@pytest.mark.parametrize("text", OWN)
def test_the_companys_own_stays(text: str) -> None:
    assert find_in_document(text) == []


@pytest.mark.parametrize(("text", "kind"), STRANGERS)
def test_somebody_elses_is_found(text: str, kind: Kind) -> None:
    assert [one.kind for one in find_in_document(text)] == [kind]


def test_what_is_declared_public_stays() -> None:
    text = "王经理 138-0013-8000"
    assert [one.kind for one in find_in_document(text)] == [Kind.PHONE]
    assert find_in_document(text, public={"13800138000"}) == []
