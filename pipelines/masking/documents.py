"""Finds personal data in a company's own documents, where its own hotline and mailbox must stay readable.

Judges by the words in the same sentence, row or heading; it does not know the company.
"""

import re
from collections.abc import Collection

from core.privacy import Finding, Kind
from pipelines.masking.find import find

_NEVER_PUBLIC = frozenset({Kind.ID_CARD, Kind.BANK_CARD, Kind.PASSPORT, Kind.PERMIT, Kind.PLATE})
_COMPANY = re.compile(
    r"客服|热线|咨询|投诉|总部|门店|官方|网点|营业厅|专柜|仓库|退货|售后|前台|总机|客户中心|服务中心|服务电话|联系我们|举报|挂失|维修|商务|传真|公众号|分行|支行|旗舰店|展厅|值班|报修|订购|开票|本公司|我们公司|我司|企业邮箱|公司(?:地址|电话|邮箱)|办公(?:地址|地点|室)|自提点|寄回|发(?:送)?[到至]|投递[到至]"
    r"|hotline|support|customer (?:service|care)|contact us|head ?office|headquarters|branch|our (?:store|office|number|phone|mail|e-?mail|address|team)|warehouse|returns?|help ?desk|enquir|inquir|complaint"
    r"|write to us|call us|e-?mail us|visit us|showroom|switchboard|sales team|press office|registered office|e-?mail [^.]{0,60}\bto\b|send [^.]{0,60}\bto\b",
    re.IGNORECASE,
)
"""Words that say whose it is. That something is an address or a mailbox says nothing: customers have those, too."""
_OFFICIAL = re.compile(r"官方|客服|公众号|企业微信|official|support|service", re.IGNORECASE)
_PAYEE = re.compile(
    r"账户|帐户|账号|收款|汇款|开户|对公|payee|beneficiary|account|remit|pay to|bank details|transfer to",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"先生|女士|小姐|客户姓名|收件人|收货人|本人|业主|患者|学员|家属|紧急联系|投保人|持卡人|申请人|姓名|我的|我住|我叫|家住|住在|现住|住址|户主|家庭|登记人|当事人|联系人|业主|租客|员工编号|身份证|的(?:手机|电话|座机|邮箱|邮件|地址|住址|微信|QQ)|(?<![a-z])(?:mr|mrs|ms|miss|my|customer name|recipient|applicant|patient|holder|tenant|resident|lives? (?:at|in)|i am|home address)(?![a-z])",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:service|support|info|hr|privacy|dpo|no-?reply|contact|help|helpdesk|sales|admin|office|hello|press|media|jobs|careers?|recruit|billing|invoice|finance|legal"
    r"|security|abuse|postmaster|webmaster|customer-?(?:service|care|support)|cs|care|feedback|complaints?|kefu|fuwu|returns?|orders?|marketing|partners?|discounts?|bulk|wholesale|business|b2b|groups?|members?|vip|loans?|cards?|team|api|dev"
    r"|compliance|accounts?|enquir(?:y|ies)|inquir(?:y|ies)|notifications?|alerts?|it|ops|status|claims?|booking|reservations?|mail|news|newsletter|example|user|name|you)"
    r"(?:[._\-+][a-z0-9]+|[0-9]{1,3})?@"
)
_ENDS = re.compile(r"[。！？!?；;\n|\t]|\.\s")
_REACH = 160
_SHORT = 24
"""A line no longer than this right above is taken for a heading."""
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
    """The nearest heading above, a short line right above, and the head of the table the finding stands in."""
    above = text[max(0, start - 4000) : start]
    found = ""
    for heading in _HEADING.finditer(above):
        found = heading.group()
    *_, last, line = ["", *above.split("\n")]
    if len(last) <= _SHORT and not _ENDS.search(last):
        found += last
    if line.startswith("|"):
        for head in _TABLE_HEAD.finditer(above):
            found += head.group()
    return found
