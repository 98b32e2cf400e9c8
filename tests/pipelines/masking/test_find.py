"""What is recognised: every kind, every disguise, with its exact place; and what survives."""

import pytest

from core.privacy import Kind
from pipelines.masking import find

# text, kind, the exact piece of text, its canonical value
FOUND = [
    # --- telephones
    ("我的手机13800138000请回电", Kind.PHONE, "13800138000", "13800138000"),
    ("电话13800138000", Kind.PHONE, "13800138000", "13800138000"),
    ("13800138000", Kind.PHONE, "13800138000", "13800138000"),
    ("tel13800138000ok", Kind.PHONE, "13800138000", "13800138000"),
    ("call +86 138-0013-8000 now", Kind.PHONE, "+86 138-0013-8000", "13800138000"),
    ("打0086 13800138000", Kind.PHONE, "0086 13800138000", "13800138000"),
    ("号码8613800138000", Kind.PHONE, "8613800138000", "13800138000"),
    ("(+86)138 0013 8000", Kind.PHONE, "(+86)138 0013 8000", "13800138000"),
    ("138.0013.8000", Kind.PHONE, "138.0013.8000", "13800138000"),
    ("周一13800138000打我", Kind.PHONE, "13800138000", "13800138000"),
    ("1. 13800138000\n2. 谢谢", Kind.PHONE, "13800138000", "13800138000"),
    ('{"phone":13800138000}', Kind.PHONE, "13800138000", "13800138000"),
    ("| 电话 | 13800138000 |", Kind.PHONE, "13800138000", "13800138000"),
    ("订单手机号13800138000", Kind.PHONE, "13800138000", "13800138000"),
    ("查一下订单13800138000", Kind.PHONE, "13800138000", "13800138000"),
    ("ring me on +44 7700 900123.", Kind.PHONE, "+44 7700 900123", "447700900123"),
    ("WhatsApp +1 (415) 555-2671", Kind.PHONE, "+1 (415) 555-2671", "14155552671"),
    ("(415) 555-2671 works", Kind.PHONE, "(415) 555-2671", "14155552671"),
    ("my mobile is 07700 900123", Kind.PHONE, "07700 900123", "07700900123"),
    ("座机010-88886666转123", Kind.LANDLINE, "010-88886666转123", "01088886666x123"),
    ("公司(0755)26831234", Kind.LANDLINE, "(0755)26831234", "075526831234"),
    ("Tel: +86 10 8888 6666", Kind.LANDLINE, "+86 10 8888 6666", "01088886666"),
    ("家里座机88886666", Kind.LANDLINE, "88886666", "88886666"),
    ("打400-123-4567没人接", Kind.HOTLINE, "400-123-4567", "4001234567"),
    ("800 810 8888", Kind.HOTLINE, "800 810 8888", "8008108888"),
    # --- papers
    ("身份证11010519491231002X", Kind.ID_CARD, "11010519491231002X", "11010519491231002X"),
    ("我叫王芳11010519491231002x女", Kind.ID_CARD, "11010519491231002x", "11010519491231002X"),
    ("110105 19491231 002X", Kind.ID_CARD, "110105 19491231 002X", "11010519491231002X"),
    ("证号110105194912310021核对", Kind.ID_CARD, "110105194912310021", "110105194912310021"),
    ("老身份证110105491231002", Kind.ID_CARD, "110105491231002", "110105491231002"),
    ("居住证810000199001011233", Kind.PERMIT, "810000199001011233", "810000199001011233"),
    ("护照E12345678过期", Kind.PASSPORT, "E12345678", "E12345678"),
    ("my passport no. is 123456789", Kind.PASSPORT, "123456789", "123456789"),
    ("持EA1234567护照", Kind.PASSPORT, "EA1234567", "EA1234567"),
    ("回乡证H12345678", Kind.PERMIT, "H12345678", "H12345678"),
    ("台胞证12345678能开户吗", Kind.PERMIT, "12345678", "12345678"),
    ("税号91350100M000100Y43", Kind.CREDIT_CODE, "91350100M000100Y43", "91350100M000100Y43"),
    ("信用代码91350100M000100Y44", Kind.CREDIT_CODE, "91350100M000100Y44", "91350100M000100Y44"),
    ("京A12345挡路", Kind.PLATE, "京A12345", "京A12345"),
    ("新能源粤BD12345", Kind.PLATE, "粤BD12345", "粤BD12345"),
    ("沪A·D1234学", Kind.PLATE, "沪A·D1234学", "沪AD1234学"),
    ("使014578", Kind.PLATE, "使014578", "使014578"),
    ("my car 京A12345 is here", Kind.PLATE, "京A12345", "京A12345"),
    # --- money
    ("退到6222021234567890128", Kind.BANK_CARD, "6222021234567890128", "6222021234567890128"),
    ("卡号6222021234567890123", Kind.BANK_CARD, "6222021234567890123", "6222021234567890123"),
    ("visa 4111 1111 1111 1111 thanks", Kind.BANK_CARD, "4111 1111 1111 1111", "4111111111111111"),
    ("my card 3782 822463 10005", Kind.BANK_CARD, "3782 822463 10005", "378282246310005"),
    ("GB29 NWBK 6016 1331 9268 19 please", Kind.IBAN, "GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
    ("汇到DE89370400440532013000谢谢", Kind.IBAN, "DE89370400440532013000", "DE89370400440532013000"),
    # --- handles
    ("zhangsan@qq.com我的邮箱", Kind.EMAIL, "zhangsan@qq.com", "zhangsan@qq.com"),
    ("邮箱是Zhang.San+1@Mail.Example.org。", Kind.EMAIL, "Zhang.San+1@Mail.Example.org", "zhang.san+1@mail.example.org"),
    ("zhangsan (at) host dot com", Kind.EMAIL, "zhangsan (at) host dot com", "zhangsan@host.com"),
    ("zhangsan艾特qq点com", Kind.EMAIL, "zhangsan艾特qq点com", "zhangsan@qq.com"),
    ("13800138000@163.com", Kind.EMAIL, "13800138000@163.com", "13800138000@163.com"),
    ("加我微信zhangsan_88聊", Kind.WECHAT, "zhangsan_88", "zhangsan_88"),
    ("vx:zhangsan", Kind.WECHAT, "zhangsan", "zhangsan"),
    ("my WeChat is zhang_san88", Kind.WECHAT, "zhang_san88", "zhang_san88"),
    ("QQ 123456789", Kind.QQ, "123456789", "123456789"),
    ("扣扣号：12345678", Kind.QQ, "12345678", "12345678"),
    # --- addresses
    ("我住在北京市朝阳区建国路88号院3号楼2单元1201室，谢谢", Kind.ADDRESS, "北京市朝阳区建国路88号院3号楼2单元1201室", None),
    ("寄到阳光花园3栋2单元501", Kind.ADDRESS, "阳光花园3栋2单元501", None),
    ("送到中山路128号", Kind.ADDRESS, "中山路128号", None),
    ("户籍地：浙江省杭州市西湖区文三路", Kind.ADDRESS, "浙江省杭州市西湖区文三路", None),
    ("我户籍所在地为四川省成都市锦江区春熙路北段", Kind.ADDRESS, "四川省成都市锦江区春熙路北段", None),
    ("籍贯是湖南省长沙市岳麓区麓山南路，可以吗", Kind.ADDRESS, "湖南省长沙市岳麓区麓山南路", None),
    ("收货地址改成广东省深圳市南山区粤海街道办", Kind.ADDRESS, "广东省深圳市南山区粤海街道办", None),
    ("家住上海市虹口区多伦路能送货吗", Kind.ADDRESS, "上海市虹口区多伦路", None),
    ("住在北京市朝阳区望京怎么预约", Kind.ADDRESS, "北京市朝阳区望京", None),
    ("I live at 221B Baker Street, London NW1 6XE now", Kind.ADDRESS, "221B Baker Street, London NW1 6XE", None),
    ("1600 Amphitheatre Pkwy, Mountain View, CA 94043", Kind.ADDRESS, "1600 Amphitheatre Pkwy, Mountain View, CA 94043", None),
    ("Hauptstraße 12, 10115 Berlin", Kind.ADDRESS, "Hauptstraße 12, 10115 Berlin", None),
]  # fmt: skip

DISGUISED = [
    ("１３８００１３８０００", Kind.PHONE), ("①③⑧⓪⓪①③⑧⓪⓪⓪", Kind.PHONE), ("⑴⑶⑻00⑴⑶⑻000", Kind.PHONE), ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", Kind.PHONE), ("١٣٨٠٠١٣٨٠٠٠", Kind.PHONE),
    ("१३८००१३८०००", Kind.PHONE), ("๑๓๘๐๐๑๓๘๐๐๐", Kind.PHONE), ("1\u200b3\u200d8\ufeff0\u20600138000", Kind.PHONE), ("\u202e138\u202c00138000", Kind.PHONE), ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", Kind.PHONE),
    ("一三八零零一三八零零零", Kind.PHONE), ("幺三八〇〇幺三八〇〇〇", Kind.PHONE), ("壹叁捌零零壹叁捌零零零", Kind.PHONE), ("1三8零零1三8零00", Kind.PHONE), ("1 3 8 0 0 1 3 8 0 0 0", Kind.PHONE),
    ("1-3-8-0-0-1-3-8-0-0-0", Kind.PHONE), ("138/0013/8000", Kind.PHONE), ("138_0013_8000", Kind.PHONE), ("138·0013·8000", Kind.PHONE), ("138\n0013\n8000", Kind.PHONE), ("138\u30000013\u30008000", Kind.PHONE),
    ("l38OOl38OOO", Kind.PHONE), ("one three eight zero zero one three eight zero zero zero", Kind.PHONE), ("one three eight double zero one three eight triple zero", Kind.PHONE), ("1⃝3⃝8⃝00138000", Kind.PHONE),
    ("零一零-八八八八六六六六", Kind.LANDLINE), ("４００－１２３－４５６７", Kind.HOTLINE), ("１１０１０５１９４９１２３１００２Ｘ", Kind.ID_CARD), ("一一零一零五一九四九一二三一零零二X", Kind.ID_CARD), ("110105/19491231/002X", Kind.ID_CARD),
    ("4111-1111-1111-1111", Kind.BANK_CARD), ("4111.1111.1111.1111", Kind.BANK_CARD), ("４１１１　１１１１　１１１１　１１１１", Kind.BANK_CARD), ("Ｅ１２３４５６７８", Kind.PASSPORT), ("京Ａ·１２３４５", Kind.PLATE), ("京A一二三四五", Kind.PLATE), ("京 A 1 2 3 4 5", Kind.PLATE),
    ("zhаngsan@qq.com", Kind.EMAIL), ("zhangsan＠qq．com", Kind.EMAIL), ("zhang\u200bsan@qq.com", Kind.EMAIL), ("zhangsan[at]qq[dot]com", Kind.EMAIL), ("zhangsan at qq dot com", Kind.EMAIL), ("微信：ｚｈａｎｇｓａｎ８８", Kind.WECHAT),
    ("QQ：一二三四五六七八九", Kind.QQ), ("建国路８８号３栋２单元１２０１室", Kind.ADDRESS), ("建国路八十八号三栋二单元", Kind.ADDRESS), ("ＧＢ２９ＮＷＢＫ６０１６１３３１９２６８１９", Kind.IBAN), ("91350100-M000100Y-43", Kind.CREDIT_CODE),
]  # fmt: skip

SURVIVES = [
    "订单号2024112012345678901什么时候到", "order no. 20261104123456", "my order #1234 is late", "Where is order #88?", "ticket #12345 is open", "SF1234567890123", "快递单号：SF1234567890123", "JD0123456789012", "运单号773012345678901", "tracking number 1Z999AA10123456784", "物流单号13912345678",
    "一三五早上送，二四六晚上送", "二〇二六年十一月三日", "一百二十三万够买什么", "三五成群，七上八下", "价格1399元", "¥13800138000", "余额13800138000元", "2026-11-04 13:45:00", "版本 6.2.10", "IP 138.20.138.210", "192.168.1.100:8080", "ISBN 978-7-111-12345-6",
    "SKU 12345678", "IMEI 356938035643809", "commit 3f13800138000ab", "sha256 9f86d081884c7d659a2feaa0c55ad015", "550e8400-e29b-41d4-a716-446655440000", "尺码 35 36 37 38 39 40 41 42", "彩票 02 11 17 25 33 09", "1,380,013,800.00", "微信支付失败怎么办", "my wechat is broken",
    "WeChat Pay does not work", "QQ音乐会员怎么开", "这条路怎么走", "坐2号线到3号口", "我在北京市朝阳区，能送吗", "三号楼还没通知", "居住地北京市海淀区的能办社保吗", "户籍所在地是上海市或者北京市的可以办吗", "籍贯填省市还是填到区县？",
    "我住在北京市朝阳区附近有店吗", "书籍寄到北京市海淀区要几天", "meet me at noon dot", "look at this", "20 items on the way", "drive 20 miles down the road", "苏B超", "批号P20260115", "95588是工行吗", "打12345投诉", "验证码123456", "第3条规定",
    "上午10点到12点", "iPhone 15 Pro 256GB", "GET /v1/orders/15941602 404", "https://shop.example.com/item/8234567890", "@here", "满300减30", "a=1&b=2&page=3", "100 200 300 400", "138****8000", "尾号8000的卡", "", " ", "你好", "[1] 见第3页",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "piece", "value"), FOUND)
def test_it_is_found_where_it_stands(text: str, kind: Kind, piece: str, value: str | None) -> None:
    found = [(one.kind, text[one.start : one.end]) for one in find(text)]
    assert found == [(kind, piece)]
    if value is not None:
        assert find(text)[0].value == value


@pytest.mark.parametrize(("text", "kind"), DISGUISED)
@pytest.mark.parametrize("frame", ["{}", "好的，{}。", "please note: {} thanks", "“{}”", "请看{}吧"])
def test_it_is_found_in_disguise(text: str, kind: Kind, frame: str) -> None:
    whole = frame.format(text)
    (one,) = find(whole)
    assert one.kind is kind
    value = text.rpartition("：")[2]
    letters = [at for at in range(len(value)) if value[at].isalnum()]
    begin = whole.index(value)
    assert one.start <= begin + letters[0]
    assert one.end > begin + letters[-1]


@pytest.mark.parametrize("text", SURVIVES)
def test_it_survives(text: str) -> None:
    assert find(text) == []


def test_one_number_has_one_value_in_every_spelling() -> None:
    phones = [text for text, kind in DISGUISED if kind is Kind.PHONE]
    assert {one.value for text in phones for one in find(text)} == {"13800138000"}


def test_several_in_one_message() -> None:
    text = "收货人王磊 13800138000，备用139 0013 9000；卡4111 1111 1111 1111，zhang@qq.com,li@qq.com 京A12345"
    assert [one.kind for one in find(text)] == [
        Kind.PHONE, Kind.PHONE, Kind.BANK_CARD, Kind.EMAIL, Kind.EMAIL, Kind.PLATE,
    ]  # fmt: skip


def test_numbers_side_by_side_stay_two() -> None:
    for text in (
        "13800138000 13900139000",
        "13800138000/13900139000",
        "138 0013 8000 139 0013 9000",
        "+44 7700 900123/13900139000",
    ):
        assert len(find(text)) == 2


def test_a_failed_check_lowers_confidence() -> None:
    right, wrong = find("11010519491231002X")[0], find("110105194912310021")[0]
    assert right.confidence > wrong.confidence
    assert find("身份证110105194912310021")[0].confidence > wrong.confidence
