"""Pairs of questions for the cache: flips, of which one word changes what is asked, and variants, of which none does.

Made from templates, the same each time. Knows no normalisation: what must differ is said by how a pair is made.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

Pair = tuple[str, str]

DIRECTIONS = (
    ("开通", "关闭"), ("开启", "关闭"), ("打开", "关上"), ("转入", "转出"), ("存入", "取出"), ("绑定", "解绑"), ("上线", "下线"), ("增加", "减少"),
    ("提高", "降低"), ("退款", "付款"), ("退货", "换货"), ("买入", "卖出"), ("启用", "停用"), ("登录", "退出"), ("订阅", "退订"), ("导入", "导出"),
    ("收货", "发货"), ("升级", "降级"), ("安装", "卸载"), ("加入", "退出"), ("冻结", "解冻"), ("挂失", "解挂"), ("添加", "删除"), ("显示", "隐藏"),
)  # fmt: skip
OBJECTS = ("短信提醒", "自动续费", "小额免密", "双重验证", "国际漫游", "余额提醒", "会员服务", "夜间模式")
ZH_ASKING = ("怎么{0}{1}？", "我想{0}{1}", "{0}{1}要多久？", "在哪里{0}{1}")
ZH_WORDS = (
    ("能退款吗", "不能退款吗"), ("可以换货", "不可以换货"), ("收到了验证码", "没收到验证码"), ("已经发货了", "还没发货"), ("有发票", "没有发票"),
    ("需要身份证吗", "不需要身份证吗"), ("支持花呗", "不支持花呗"), ("能用优惠券", "不能用优惠券"), ("可以退吗", "可以退"), ("我的卡丢了", "我卡丢了"),
    ("什么时候发货", "为什么发货"), ("谁发货", "怎么发货"), ("哪里可以退", "何时可以退"), ("几天到账", "几点到账"), ("多少钱", "多少天"),
    ("给他转账", "他给转账"), ("从北京寄到上海", "从上海寄到北京"), ("寄件人付费", "收件人付费"), ("退貨", "退货"), ("上個月的賬單", "下個月的賬單"),
    ("上个月的账单", "下个月的账单"), ("今天能到吗", "明天能到吗"), ("男款有货吗", "女款有货吗"), ("最大额度", "最小额度"), ("之前能改吗", "之后能改吗"),
    ("信用卡怎么还款", "借记卡怎么还款"), ("一类账户", "二类账户"), ("一、二楼", "十二楼"), ("免费吗", "收费吗"), ("我要发票", "我要收据"),
)  # fmt: skip
NUMBERS = (
    "1", "2", "15", "1.5", "-5", "5", "1/2", "12", "10", "100", "1,000", "0.5", "05", "24", "48", "3:00", "3:30", "300", "7", "14", "2026",
    "2027", "13", "31", "1½", "10²", "102", "三", "四", "十二", "十 二", "~5", "5~7", "57", "1-3", "13%", "10%", "￥10", "$10", "€10", "10°",
)  # fmt: skip
UNITS = (
    "天",
    "小时",
    "分钟",
    "周",
    "个月",
    "年",
    "元",
    "万元",
    "美元",
    "公斤",
    "克",
    "米",
    "公里",
    "MB",
    "GB",
    "次",
    "件",
    "%",
)
NUMBERED = (
    "退款要{0}天吗",
    "满{0}可以包邮吗",
    "限额是{0}吗",
    "尺码 {0} 有货吗",
    "error {0} 怎么解决",
    "Is the fee {0}?",
    "Can I return it after {0} days?",
)
NAMES = (
    "iPhone 15", "iPhone 15 Pro", "iPhone 5", "Galaxy S24", "Galaxy S25", "C", "C++", "C#", "Java", "JavaScript", "Pro", "Plus", "A", "B", "A+", "A-",
    "北京", "南京", "上海", "海上", "张三", "李四", "Visa", "Visa Debit", "Mastercard", "iOS", "Android", "v2.0", "v20", "v2.1", "X-1", "X1", "PO#12", "PO12",
)  # fmt: skip
NAMED = ("{0} 可以退吗？", "怎么买{0}", "Does it work with {0}?", "Wie bestelle ich {0}?")
EN_DIRECTIONS = (
    ("open", "close"), ("enable", "disable"), ("activate", "deactivate"), ("turn on", "turn off"), ("increase", "decrease"), ("add", "remove"),
    ("deposit into", "withdraw from"), ("lock", "unlock"), ("subscribe to", "unsubscribe from"), ("import", "export"), ("upgrade", "downgrade"),
    ("install", "uninstall"), ("link", "unlink"), ("show", "hide"), ("start", "stop"), ("freeze", "unfreeze"), ("buy", "sell"), ("lend", "borrow"),
)  # fmt: skip
EN_OBJECTS = ("my account", "text alerts", "auto-renewal", "the card", "two-factor sign-in", "roaming")
EN_ASKING = ("How do I {0} {1}?", "Can I {0} {1} today?", "What does it cost to {0} {1}?")
EN_WORDS = (
    ("Can I get a refund?", "Can't I get a refund?"), ("I can return it", "I cannot return it"), ("My card was charged", "My card was not charged"),
    ("When will it ship?", "Why will it ship?"), ("Who pays the postage?", "How pays the postage?"), ("Where is my order", "When is my order"),
    ("how much is it", "how many is it"), ("We're open on Sunday", "Were open on Sunday"), ("before delivery", "after delivery"),
    ("with an invoice", "without an invoice"), ("from Paris to Rome", "from Rome to Paris"), ("the sender pays", "the recipient pays"),
    ("my last bill", "my next bill"), ("refund to my card", "refund from my card"), ("the minimum amount", "the maximum amount"),
    ("It's broken", "Its broken"), ("Hello Kitty card", "Hi Kitty case"), ("morning delivery", "delivery"), ("is it free", "is it fee"),
)  # fmt: skip
OTHER_LANGUAGES = (
    ("Wie aktiviere ich mein Konto?", "Wie deaktiviere ich mein Konto?"), ("Kann ich das zurückgeben?", "Kann ich das nicht zurückgeben?"),
    ("Wann kommt das Paket?", "Warum kommt das Paket?"), ("Comment ouvrir un compte ?", "Comment fermer un compte ?"),
    ("Je peux payer", "Je ne peux pas payer"), ("Où est mon colis ?", "Quand est mon colis ?"), ("¿Cómo abro la cuenta?", "¿Cómo cierro la cuenta?"),
    ("Puedo devolverlo", "No puedo devolverlo"), ("¿Cuántos años?", "¿Cuántos anos?"), ("Como ativar o cartão?", "Como desativar o cartão?"),
    ("Posso pagare?", "Non posso pagare?"), ("Как открыть счёт?", "Как закрыть счёт?"), ("Можно вернуть товар", "Нельзя вернуть товар"),
    ("口座を開設したい", "口座を解約したい"), ("返品できますか", "返品できませんか"), ("いつ届きますか", "なぜ届きますか"), ("계좌를 열고 싶어요", "계좌를 닫고 싶어요"),
    ("환불되나요", "환불 안 되나요"), ("เปิดบัญชีอย่างไร", "ปิดบัญชีอย่างไร"), ("คืนสินค้าได้ไหม", "คืนสินค้าไม่ได้ไหม"), ("Làm sao mở thẻ", "Làm sao khóa thẻ"),
    ("Hai thẻ bị khóa", "Thẻ bị khóa"), ("Thẻ của tôi", "Thể của tôi"), ("Bagaimana membuka akun", "Bagaimana menutup akun"),
    ("Pagi jam berapa buka", "Jam berapa buka"), ("كيف أفتح حسابا", "كيف أغلق حسابا"), ("هل يمكن الإرجاع", "هل لا يمكن الإرجاع"),
    ("चालू कैसे करें", "बंद कैसे करें"), ("Hesabımı nasıl açarım", "Hesabımı nasıl kapatırım"), ("Canım sıkıldı", "Canım sikildi"),
    ("Jak otevřít účet", "Jak zavřít účet"), ("Jak otworzyć konto", "Jak zamknąć konto"), ("Hoe open ik een rekening", "Hoe sluit ik een rekening"),
    ("איך פותחים חשבון", "איך סוגרים חשבון"), ("چطور حساب باز کنم", "چطور حساب ببندم"), ("অ্যাকাউন্ট খুলব কীভাবে", "অ্যাকাউন্ট বন্ধ করব কীভাবে"),
)  # fmt: skip
GREETINGS = ("你好，{0}", "您好！{0}", "你好{0}", "请问{0}", "早上好，{0}", "Hi, {0}", "Hello! {0}", "Hi {0}", "Good morning, {0}", "Bonjour, {0}",
             "Guten Tag, {0}", "Hola, {0}", "こんにちは、{0}", "안녕하세요, {0}", "Здравствуйте, {0}", "مرحبا، {0}", "สวัสดีครับ {0}")  # fmt: skip
THANKS = (
    "{0}谢谢",
    "{0}，谢谢！",
    "{0} 多谢",
    "{0} Thanks!",
    "{0}. Thank you",
    "{0}, danke",
    "{0} Merci !",
    "{0}。ありがとうございます",
    "{0} 감사합니다",
)
TYPED = (
    " {0} ",
    "{0}？？",
    "{0}！",
    "“{0}”",
    "{0}。",
    "{0}…",
    "{0}?",
    "　{0}",
    "{0}\n",
    "《{0}》",
    "({0})",
    "{0}~",
    "\u200b{0}",
    "{0}😀",
)


def flips() -> Sequence[tuple[str, Pair]]:
    """(kind, pair) of questions that ask different things, each pair once."""
    seen: dict[Pair, str] = {}
    for kind, one, other in _flips():
        seen.setdefault((min(one, other), max(one, other)), kind)
    return [(kind, pair) for pair, kind in seen.items()]


def _flips() -> Iterator[tuple[str, str, str]]:
    for (one, other), what, asking in product(DIRECTIONS, OBJECTS, ZH_ASKING):
        yield "direction", asking.format(one, what), asking.format(other, what)
    for (one, other), what, asking in product(EN_DIRECTIONS, EN_OBJECTS, EN_ASKING):
        yield "direction", asking.format(one, what), asking.format(other, what)
    for (one, other), asking in product(combinations(NUMBERS, 2), NUMBERED):
        yield "number", asking.format(one), asking.format(other)
    for (one, other), number in product(combinations(UNITS, 2), ("3", "10", "1.5")):
        yield "unit", f"要{number}{one}吗", f"要{number}{other}吗"
    for (one, other), asking in product(combinations(NAMES, 2), NAMED):
        yield "name", asking.format(one), asking.format(other)
    for kind, pairs in (("word", ZH_WORDS), ("word", EN_WORDS), ("other language", OTHER_LANGUAGES)):
        for one, other in pairs:
            yield kind, one, other
    for (one, other), greeting in product([*ZH_WORDS, *EN_WORDS, *OTHER_LANGUAGES], GREETINGS[:3]):
        yield "behind a greeting", greeting.format(one), greeting.format(other)


def variants() -> Sequence[Pair]:
    """(question, the same typed another way)."""
    asked = [one for one, _ in (*ZH_WORDS, *EN_WORDS, *OTHER_LANGUAGES)]
    asked += [template.format(number) for template, number in product(NUMBERED, NUMBERS[:12])]
    return [pair for question in asked for pair in _variants(question)]


def _variants(question: str) -> Iterator[Pair]:
    for form in (*GREETINGS, *THANKS, *TYPED):
        yield question, form.format(question)
    yield question, GREETINGS[0].format(THANKS[1].format(question))
    yield question, question.translate(_WIDE)
    if question.isascii():
        yield question, question.upper()
        yield question, question.replace(" ", "  ")


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code) not in "'\"~"} | {0x20: 0x3000}
