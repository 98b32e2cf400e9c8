"""The words around a number that say what it is.

Knows words and how near they stand; what a number looks like is said elsewhere.
"""

import re

_NEAR = 28
"""Characters before a number in which its label is looked for."""
_GAP = r"[^0-9\n。;；!！?？]"

ID = re.compile(
    r"身份|证件|居民证|id\s?(?:card|number|no\b|#)|identity|national id|\bid\b|ssn|social security", re.I
)
CARD = re.compile(
    r"卡号|银行卡|信用卡|借记卡|储蓄卡|储值卡|卡片|账号|帐号|账户|帐户|收款|打款|打到|工资卡|尾号|工行|建行|农行|中行|招行|交行"
    r"|银行|刷卡|退到|转到|汇到|绑卡|绑定|卡[是为:]|card|debit|credit|visa|master|amex|unionpay|account|acct|pan\b",
    re.I,
)
PHONE = re.compile(
    r"电话|手机|联系|致电|拨打|拨|来电|回电|回拨|打给|打我|号码|短信|座机|固话|传真|热线|whatsapp|telegram|signal"
    r"|phone|mobile|\bcell|\btel\b|\btel|\bcall|\btext\b|\bring\b|\breach|\bcontact|\bfax|\bmob\b|\bdial|\bnumber\b|\bsms\b",
    re.I,
)
LANDLINE = re.compile(
    r"座机|固话|固定电话|办公电话|传真|landline|\bfax|office (?:phone|line|number)|总机", re.I
)
PASSPORT = re.compile(r"护照|passport|旅行证", re.I)
PERMIT = re.compile(
    r"通行证|回乡证|台胞证|港澳|往来|台湾居民|居住证|居留|签注|permit|hkmp|mtp|residence card|home return|台湾证|台证",
    re.I,
)
TAX = re.compile(
    r"信用代码|社会信用|税号|纳税人|识别号|统一代码|营业执照|组织机构|credit code|uscc|tax\s?(?:id|no|number)|\btin\b|开票",
    re.I,
)
OTHER = re.compile(
    r"(?:订单|運單|运单|快递|物流|单号|流水|交易|凭证|发票|工单|编号|型号|货号|条码|条形码|批号|批次|序列|串号|商品|合同|包裹|取件|提货|券码|兑换码|验证码"
    r"|案件|受理|案号|版本|订单号|\bsku|\bisbn|\bissn|\bimei|\biccid|\bean\b|\bupc\b|order|tracking|waybill|\bawb\b|invoice|ticket"
    r"|ref(?:erence)?\b|serial|transaction|\btxn|parcel|shipment|\bcase\b|\bs/?n\b|\bbatch|\bmodel\b|\bpart\b|product|item|coupon|voucher"
    r"|tracking|receipt|\bbuild\b|\bversion|\bcode\b|\bpo\b|\brma\b|\bticket|\bcontract)",
    re.I,
)
_LINK = re.compile(
    r"(?:号码|编号|号|码|单|id|no\.?|number|num|#|ref\b|code|是|为|叫|的|[:=#\"'“”\s()\[\]「」【】.,，·\-]|is|was)*\Z",
    re.I,
)
MONEY_BEFORE = re.compile(r"(?:[¥$€£￥₩]|rmb|cny|usd|eur)\s?\Z", re.I)
UNIT_AFTER = re.compile(
    r"\s?(?:元|块|万|亿|美元|美金|欧元|日元|人民币|円|积分|分钱|件|台|套|个|次|条|名|人|字节|毫秒|秒|毫米|米|公里|千克|公斤|克|吨|%|％|‰"
    r"|(?:usd|cny|rmb|eur|dollars?|yuan|points?|bytes?|ms|kb|mb|gb|km|kg|mm|pcs|units?|items?|users?)(?![a-z]))",
    re.I,
)


def before(text: str, start: int, near: int = _NEAR) -> str:
    """What stands before a place on its line."""
    piece = text[max(0, start - near) : start]
    cut = piece.rfind("\n")
    return piece if cut < 0 or not piece[:cut].strip() or piece[cut:].strip() == "" else piece[cut + 1 :]


def labelled_other(piece: str) -> bool:
    """Whether the text before a number calls it an order, a parcel, a product … and nothing stands between."""
    labels = [match.end() for match in OTHER.finditer(piece)]
    return bool(labels) and _LINK.match(piece, labels[-1]) is not None


def is_amount(text: str, start: int, end: int) -> bool:
    """Whether a currency stands before the number or a unit behind it."""
    return bool(MONEY_BEFORE.search(text, max(0, start - 5), start) or UNIT_AFTER.match(text, end))
