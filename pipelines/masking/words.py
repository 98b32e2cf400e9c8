"""The words around a number that say what it is.

Knows words and how near they stand; what a number looks like is said elsewhere. Texts are folded, in lower case:
patterns that ignore case, or begin with an assertion, are ten times slower.
"""

import re

from pipelines.masking.folding import fold

_NEAR = 28
"""Characters before a number in which its label is looked for."""


def _words(chinese: str, latin: str, others: str = "") -> re.Pattern[str]:
    """Any of the Chinese words, of those in other scripts as they fold, or of the Latin ones at their beginning: "tel" in
    "telephone", not in "hotel". One that ends in a dot stands alone."""
    parts = [*chinese.split(), *fold(others).lower.split()]
    for word in latin.split():
        body = re.escape(word.rstrip(".").replace("_", " ")).replace(r"\ ", r"[ _\-]?")
        parts.append(f"{body[0]}(?<![a-z]{body[0]}){body[1:]}" + ("(?![a-z])" if word.endswith(".") else ""))
    return re.compile("|".join(parts))


ID = _words(
    "身份 证件 居民证",
    "id_card id_num id_no. id. identity identification national_id ssn. social_security idcard citizen",
)
CARD = _words(
    "卡号 银行 信用卡 借记卡 储蓄卡 储值卡 卡片 账号 帐号 账户 帐户 收款 打款 打到 工资卡 尾号 工行 建行 农行 中行 招行 交行 刷卡 退到 退回 转到 转给 汇到 绑卡 绑定 卡是 卡为 卡: 卡\\s",
    "card debit credit visa. mastercard master. amex unionpay account acct pan. bank",
)
PHONE = _words(
    "电话 電話 手机 手機 联系 聯繫 致电 拨 来电 回电 打给 打我 号码 號碼 短信 座机 座機 固话 传真 热线 总机 电联",
    "phone mobile cell. cellphone tel. telephone call text. ring. reach contact fax mob. dial number sms. whatsapp telegram signal. hp."
    " telefon teléfon telefoo telepon telpon telemóve telemove tél. handy rufnummer mobil mobiel móvil movil celular cellular portable."
    " gsm. komórk komork cep. ponsel selpon cp. wa. điện_thoại dien_thoai sđt sdt. zalo.",
    "телефон мобильн сотов тел. هاتف جوال موبايل تليفون تلفون رقمي تلفن موبایل همراه فون موبائل טלפון נייד סלולרי 携帯 스마트폰 전화 휴대폰 핸드폰"
    " 연락처 제\\s번호 내\\s번호 เบอร์ โทร มือถือ ເບີ ໂທ ဖုန်း ទូរស័ព្ទ फ़ोन फोन मोबाइल ফোন মোবাইল",
)
LANDLINE = _words(
    "座机 座機 固话 固定电话 办公电话 传真 总机", "landline fax office_phone office_line office_number"
)
PASSPORT = _words("护照 護照 旅行证", "passport")
PERMIT = _words(
    "通行证 通行證 回乡证 回鄉證 台胞证 台胞證 港澳 往来 台湾居民 居住证 居留 签注 台湾证 台证",
    "permit hkmp. mtp. residence_card home_return",
)
TAX = _words(
    "信用代码 社会信用 税号 稅號 纳税人 识别号 统一代码 营业执照 组织机构 开票",
    "credit_code uscc. tax_id tax_no tax_num taxpayer tin. vat. business_licen company_code registration_n",
)
OTHER = _words(
    "订单 訂單 运单 運單 快递 快遞 物流 单号 單號 流水 交易 凭证 发票 发货单 工单 编号 型号 货号 条码 条形码 批号 批次 序列 串号 商品 合同 包裹 取件 提货 券码 兑换码"
    " 验证码 案件 受理 案号 版本 机身 追踪 跟踪 邮政 面单 顺丰 圆通 中通 申通 韵达 京东 保单 设备 固件 会员号 积分卡 工号 学号 房号 票号 车次 航班 页码 参数 时间戳 哈希"
    r" (?<![a-z])(?<!\bko\s)po(?![a-z])",  # a purchase order; Tagalog "number ko po" is polite
    "order tracking waybill awb. invoice ticket reference ref. serial transaction txn parcel shipment case. s/n sn. batch model."
    " part. product item coupon voucher receipt build. version code. rma. contract sku isbn issn imei iccid ean. upc. barcode"
    " firmware timestamp commit hash uuid. guid session trace request_id job package consignment policy flight"
    " bestell auftrag sendung rechnung paket pakket zending factuur commande colis facture pedido encomenda fatura factura ordine"
    " spedizione fattura pacco objednáv objednav zásil zasil faktur zamówien zamowien przesył przesyl paczk sipariş siparis kargo"
    " đơn_hàng don_hang mã_đơn ma_don hóa_đơn pesanan resi. invois",
    "заказ посылк трек طلب شحنة فاتورة سفارش مرسوله فاکتور آرڈر پارسل הזמנה משלוח חשבונית 注文 追跡 伝票 請求書 주문 송장 영수증 คำสั่งซื้อ ออเดอร์ พัสดุ"
    " ຄຳສັ່ງຊື້ အော်ဒါ បញ្ជាទិញ ऑर्डर पार्सल অর্ডার পার্সেল",
)
_LINKS_ABROAD = "|".join(
    fold(
        "nummer numarası numarasi numaram numarám número numéro numero nomor nombor numer číslo cislo nr n° nº № номер а у رقم شماره نمبر"
        " מספר 番号 번호 หมายเลข เลขที่ เลข नंबर নম্বর ist est jest to es é è ung ing im em en u y e a"
    ).lower.split()
)
_LINK = re.compile(
    rf"(?:{_LINKS_ABROAD}|号码|编号|编码|代码|号|號|码|单|是|为|為|叫|的|id|no\.?|numbers?|num|ref|code|is|was"
    r"|[:=#\"'“”\s()\[\]「」【】.,，·\-_/])*+\Z"
)
_NUMBERED = re.compile(r"号|號|码|sku|isbn|imei|awb|waybill|track|sn|serial|ean|upc|barcode|追踪|哈希|时间戳")
_NUMBER_OF = re.compile(r"[号號码:#=]|id|no\b|num|ref|code")
_AFTER_LABEL = re.compile(
    r"(?:号码|编号|号|號|码|是|为|為|叫|填的?|通行证|通行證|证件?|能?开户|注册|往来|内地|大陆|(?:permit|travel|mainland|id|no|numbers?|num|is|was|with|of)(?![a-z])|[:=#\"'“”\s()\[\]「」【】.,，·_-])*+"
)
MONEY_BEFORE = re.compile(r"(?:[¥$€£￥₩]|rmb|cny|usd|eur)\s?\Z")
UNIT_AFTER = re.compile(
    r"\s?(?:元|块|万|亿|美元|美金|欧元|日元|人民币|円|积分|分钱|件|台|套|个|次|条|名|人(?!工)|字节|毫秒|秒|毫米|米|公里|千克|公斤|克|吨|%|‰"
    r"|(?:usd|cny|rmb|eur|dollars?|yuan|points?|bytes?|ms|kb|mb|gb|km|kg|mm|pcs|units?|items?|users?)(?![a-z]))"
)


def before(lower: str, start: int, near: int = _NEAR) -> str:
    """What stands before a place, back to the last line that is not empty."""
    piece = lower[max(0, start - near) : start]
    cut = piece.rstrip("\n ").rfind("\n")
    return piece if cut < 0 else piece[cut + 1 :] if piece[cut + 1 :].strip() else piece


def labelled_other(piece: str, *, strictly: bool = False) -> bool:
    """Whether the text before a number calls it an order, a parcel, a product … and nothing stands between.

    `strictly` asks for its number ("order no. …"): people also say "look up my order" and give their telephone.
    """
    labels = list(OTHER.finditer(piece))
    if not labels or _LINK.match(piece, labels[-1].end()) is None:
        return False
    label = labels[-1]
    return (
        not strictly
        or _NUMBERED.search(label.group()) is not None
        or _NUMBER_OF.search(piece, label.end()) is not None
    )


def is_label_end(lower: str, label: re.Pattern[str], start: int) -> bool:
    """Whether nothing but "号码是" and the like stands between the last such label and a place."""
    low = max(0, start - _NEAR)
    ends = [match.end() for match in label.finditer(lower, low, start)]
    return bool(ends) and after_label(lower, ends[-1]) >= start


def after_label(lower: str, end: int) -> int:
    """Where the value begins that a label announces: behind "号码是", "no.: " and the like."""
    link = _AFTER_LABEL.match(lower, end)
    return link.end() if link else end


def is_amount(lower: str, start: int, end: int) -> bool:
    """Whether a currency stands before the number or a unit behind it."""
    return bool(MONEY_BEFORE.search(lower, max(0, start - 5), start) or UNIT_AFTER.match(lower, end))
