"""Finds personal data in a company's own documents, where its own hotline and mailbox must stay readable.

Judges by the words in the same sentence, row or heading; it does not know the company.
"""

import re
from collections.abc import Collection

from core.privacy import Finding, Kind
from pipelines.masking.find import find

_NEVER_PUBLIC = frozenset({Kind.ID_CARD, Kind.BANK_CARD, Kind.PASSPORT, Kind.PERMIT, Kind.PLATE})
_COMPANY = re.compile(
    r"客服|热线|服务|咨询|投诉|总部|门店|地址|邮箱|官方|公司|网点|营业厅|专柜|仓库|退货|售后|前台|总机|客户中心|联系我们|联系方式|举报|挂失|维修|商务|合作|招聘|传真|公众号|办公|分行|支行|旗舰店|校区|展厅|中心|人工|值班|报修|预约|订购|信用代码|开票"
    r"|hotline|support|service|contact us|contact:|head ?office|headquarters|branch|store|warehouse|returns?|help ?desk|enquir|inquir|complaint|office"
    r"|address|e-?mail|write to|call us|sales|press|careers|visit us|showroom|customer care|switchboard|our (?:number|phone|mail|team)|company|vat|report",
    re.IGNORECASE,
)
_OFFICIAL = re.compile(r"官方|客服|公众号|企业微信|official|support|service", re.IGNORECASE)
_PAYEE = re.compile(
    r"账户|帐户|账号|收款|汇款|开户|对公|payee|beneficiary|account|remit|pay to|bank details|transfer to",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"先生|女士|小姐|客户姓名|收件人|收货人|本人|业主|患者|学员|家属|紧急联系|投保人|持卡人|申请人|姓名|我的|我住|身份证|(?<![a-z])(?:mr|mrs|ms|miss|my|customer name|recipient|applicant|patient|holder)(?![a-z])",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:service|support|info|hr|privacy|dpo|no-?reply|contact|help|helpdesk|sales|admin|office|hello|press|media|jobs|careers?|recruit|billing|invoice|finance|legal"
    r"|security|abuse|postmaster|webmaster|customer-?(?:service|care|support)|cs|care|feedback|complaints?|kefu|fuwu|returns?|orders?|marketing|partners?|team|api|dev"
    r"|compliance|accounts?|enquir(?:y|ies)|inquir(?:y|ies)|notifications?|alerts?|it|ops|status|claims?|booking|reservations?|mail|news|newsletter|example|user|name|you)"
    r"(?:[._\-+][a-z0-9]+|[0-9]{1,3})?@"
)
_ENDS = re.compile(r"[。！？!?；;\n|\t]|\.\s")
_REACH = 160
_HEADING = re.compile(r"(?m)^(?:#{1,6} .*|[^\n。]{1,40}[：:]|\*\*[^*\n]{1,40}\*\*)[ ]*$")
_TABLE_HEAD = re.compile(r"(?m)^\|.*\|[ ]*\n\|[ :\-|]+\|[ ]*$")


def find_in_document(text: str, public: Collection[str] = ()) -> list[Finding]:
    """As `find`, without the company's own contact data.

    `public` holds canonical values that are the company's whatever stands around them.
    """
    kept = frozenset(public)
    return [one for one in find(text) if one.value not in kept and not _is_own(text, one)]


def _is_own(text: str, one: Finding) -> bool:
    if one.kind in _NEVER_PUBLIC:
        return False
    if one.kind is Kind.HOTLINE:
        return True
    if one.kind is Kind.EMAIL and _ROLE.match(one.value):
        return True
    sentence = _sentence(text, one)
    if one.kind is Kind.IBAN:
        return _PAYEE.search(sentence + _heading(text, one.start)) is not None and not _PERSONAL.search(
            sentence
        )
    if one.kind in (Kind.WECHAT, Kind.QQ):
        return _OFFICIAL.search(sentence) is not None and not _PERSONAL.search(sentence)
    if _PERSONAL.search(sentence):
        return False
    return _COMPANY.search(sentence) is not None or _COMPANY.search(_heading(text, one.start)) is not None


def _sentence(text: str, one: Finding) -> str:
    """The sentence, row or cell around a finding, without the finding itself: an address names its own 中心."""
    before = text[max(0, one.start - _REACH) : one.start]
    after = text[one.end : one.end + _REACH]
    line = before.rfind("\n") + 1
    in_table = "|" in before[line:] or "\t" in before[line:]
    cuts = [] if in_table else [cut.end() for cut in _ENDS.finditer(before)]
    before = before[cuts[-1] if cuts else line :]
    cut = re.search(r"\n", after) if in_table else _ENDS.search(after)
    return f"{before} {after[: cut.start()] if cut else after}"


def _heading(text: str, start: int) -> str:
    """The nearest heading above, and the head of the table the finding stands in."""
    above = text[max(0, start - 4000) : start]
    found = ""
    for heading in _HEADING.finditer(above):
        found = heading.group()
    line = above[above.rfind("\n") + 1 :]
    if line.startswith("|"):
        for head in _TABLE_HEAD.finditer(above):
            found += head.group()
    return found
