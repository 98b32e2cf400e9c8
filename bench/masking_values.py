"""Invented personal data for the masking bench: every kind, in the spellings that people use.

Written from the public rules of each kind; it knows nothing of the recognisers that are measured on it.
"""

import random
from collections.abc import Callable

REGIONS = (
    "110105 110108 120101 130102 140105 150102 210102 220104 230103 310115 310104 320106 330106 340104 350203 360102"
    " 370202 410105 420106 430104 440305 440106 450103 460105 500112 510107 520103 530102 540102 610113 620102 630104"
    " 640104 650102"
).split()
SURNAMES = "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo".split()
GIVEN = "wei fang na min jing qiang lei jun yang yong jie juan tao ming chao xiu gang ping hui peng".split()
HOSTS = (
    "qq.com 163.com 126.com gmail.com outlook.com foxmail.com sina.com.cn yahoo.co.jp hotmail.com icloud.com"
    " mail.tsinghua.edu.cn proton.me example.org web.de naver.com"
).split()
CITIES = (
    "北京市朝阳区 上海市浦东新区 广东省深圳市南山区 浙江省杭州市西湖区 四川省成都市武侯区 湖北省武汉市洪山区 江苏省南京市鼓楼区 陕西省西安市雁塔区"
    " 重庆市渝北区 山东省青岛市市南区 福建省厦门市思明区 湖南省长沙市岳麓区 河南省郑州市金水区 辽宁省大连市沙河口区 云南省昆明市五华区 广西南宁市青秀区"
    " 黑龙江省哈尔滨市道里区 新疆乌鲁木齐市天山区 江苏省昆山市玉山镇 浙江省义乌市稠城街道 河北省保定市竞秀区 安徽省合肥市蜀山区"
).split()
ROADS = (
    "建国路 人民南路 中山东一路 解放大道 学院路 长江西路 滨河大道 文三路 天府三街 珞喻路 光明街 和平里东街 新华大街 五四路 朝阳门外大街 科技园路 迎宾大道 石井巷 玉兰路 香樟街"
).split()
ESTATES = "阳光花园 万科城 翠苑小区 金色家园 绿地国际公馆 和谐家园 东方名城 碧桂园 锦绣江南 华清嘉园 恒大绿洲 龙湖春江郦城".split()
STREETS = (
    "Baker Street|Elm Street|Maple Avenue|Oxford Road|Sunset Boulevard|King's Road|Park Lane|Mission St|Ocean Drive|Broad St"
    "|Amphitheatre Pkwy|Market Street|High Street|Victoria Road|Castlereagh St|Queen Street West|N Michigan Ave|Church Lane|5th Avenue"
).split("|")
TOWNS = (
    "London NW1 6XE|Springfield, IL 62704|Mountain View, CA 94043|Oxford OX1 4AW|Austin, TX 78701|Boston, MA 02108|Leeds LS1 4DY"
    "|Toronto, ON M5H 2N2|Sydney NSW 2000|Seattle, WA 98101|Manchester M1 1AE|New York, NY 10001|San Francisco, CA 94103"
).split("|")
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_IBANS = {
    "GB": "AAAA99999999999999", "DE": "999999999999999999", "FR": "9999999999CCCCCCCCCCC99", "NL": "AAAA9999999999",
    "ES": "99999999999999999999", "IT": "A9999999999CCCCCCCCCCCC", "CH": "99999CCCCCCCCCCCC", "BE": "999999999999",
    "AT": "9999999999999999", "SE": "99999999999999999999", "PL": "999999999999999999999999", "NO": "99999999999",
    "IE": "AAAA99999999999999", "PT": "999999999999999999999", "DK": "99999999999999", "AE": "9999999999999999999",
    "SA": "99CCCCCCCCCCCCCCCCCC", "TR": "999999CCCCCCCCCCCCCCCC", "CZ": "99999999999999999999", "LU": "999CCCCCCCCCCCCC",
}  # fmt: skip
FOREIGN = (
    "+1 415 555 2###|+1 (212) 555-0###|+1-650-253-####|+44 7700 900###|+44 20 7946 0###|+49 1512 34#####|+49 30 901820##|+81 90-1234-####"
    "|+852 9123 ####|+65 8123 ####|+61 412 345 ###|+33 6 12 34 ## ##|+91 98765 #####|+7 912 345-##-##|+55 11 91234-####|+82 10-2345-####"
    "|+886 912 345 ###|+60 12-345 ####|+34 612 34 ## ##|+39 347 123 ####|0044 7700 900###|+14155552###|+447700900###|+8529123####"
).split("|")


def figures(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def filled(rng: random.Random, shape: str) -> str:
    return "".join(rng.choice("0123456789") if c == "#" else c for c in shape)


def luhn_digit(number: str) -> str:
    total = 0
    for place, figure in enumerate(reversed(number)):
        value = int(figure) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def phone(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return filled(rng, rng.choice(FOREIGN))
    n = "1" + rng.choice("3456789") + figures(rng, 9)
    grouped = rng.choice(
        [n, n, n, f"{n[:3]}-{n[3:7]}-{n[7:]}", f"{n[:3]} {n[3:7]} {n[7:]}", f"{n[:3]}.{n[3:7]}.{n[7:]}"]
    )
    return rng.choice(["", "", "", "", "+86 ", "+86", "86-", "0086 ", "(+86)", "+86-"]) + grouped


def main_number(rng: random.Random) -> str:
    """Without extension: cut into pieces, one cannot be told from the number, by people neither."""
    area, size = rng.choice(
        [
            ("010", 8),
            ("021", 8),
            ("0755", 8),
            ("0571", 8),
            ("020", 8),
            ("0531", 8),
            ("0794", 7),
            ("0433", 7),
            ("0898", 8),
            ("0931", 7),
        ]
    )
    local = rng.choice("2345678") + figures(rng, size - 1)
    return rng.choice(
        [
            f"{area}-{local}",
            f"{area} {local}",
            f"({area}){local}",
            f"{area}{local}",
            f"（{area}）{local}",
            f"{area}-{local[:4]}-{local[4:]}",
            f"+86 {area[1:]} {local[:4]} {local[4:]}",
            f"+86-{area[1:]}-{local}",
        ]
    )


def landline(rng: random.Random) -> str:
    return main_number(rng) + rng.choice(
        [
            "",
            "",
            "",
            "",
            f"转{rng.randint(1, 8999)}",
            f"-{rng.randint(100, 899)}",
            f" ext. {rng.randint(10, 999)}",
            f" 分机 {rng.randint(100, 999)}",
        ]
    )


def hotline(rng: random.Random) -> str:
    n = rng.choice(["400", "400", "400", "800"]) + figures(rng, 7)
    return rng.choice(
        [
            n,
            f"{n[:3]}-{n[3:6]}-{n[6:]}",
            f"{n[:3]}-{n[3:7]}-{n[7:]}",
            f"{n[:3]} {n[3:6]} {n[6:]}",
            f"{n[:3]}-{n[3:]}",
        ]
    )


def _birth(rng: random.Random) -> str:
    return f"{rng.randint(1940, 2015)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def _eighteen(rng: random.Random, region: str, *, wrong: bool = False) -> str:
    body = region + _birth(rng) + figures(rng, 3)
    total = sum(
        int(figure) * weight
        for figure, weight in zip(body, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    right = "10X98765432"[total % 11]
    return body + (rng.choice([c for c in "0123456789X" if c != right]) if wrong else right)


def id_card(rng: random.Random) -> str:
    if rng.random() < 0.15:
        return rng.choice(REGIONS) + _birth(rng)[2:] + figures(rng, 3)
    number = _eighteen(rng, rng.choice(REGIONS), wrong=rng.random() < 0.12)
    number = number.lower() if rng.random() < 0.2 else number
    return rng.choice(
        [
            number,
            number,
            number,
            f"{number[:6]} {number[6:14]} {number[14:]}",
            f"{number[:6]}-{number[6:14]}-{number[14:]}",
        ]
    )


def bank_card(rng: random.Random) -> str:
    head, size = rng.choice(
        [
            ("622202", 19),
            ("621700", 19),
            ("623058", 16),
            ("622848", 19),
            ("625912", 16),
            ("4532", 16),
            ("4", 16),
            ("5425", 16),
            ("2223", 16),
            ("37", 15),
            ("3530", 16),
            ("6011", 16),
            ("620522", 18),
        ]
    )
    body = head + figures(rng, size - len(head) - 1)
    right = luhn_digit(body)
    wrong = rng.random() < 0.08 and head.startswith("62")
    number = body + (str((int(right) + rng.randint(1, 9)) % 10) if wrong else right)
    if size == 15:
        return rng.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    fours = [number[at : at + 4] for at in range(0, size, 4)]
    return rng.choice([number, number, " ".join(fours), "-".join(fours)])


def passport(rng: random.Random) -> str:
    return rng.choice(
        [
            f"E{figures(rng, 8)}",
            f"E{rng.choice('ABCDEFGH')}{figures(rng, 7)}",
            f"G{figures(rng, 8)}",
            f"D{figures(rng, 8)}",
            f"S{figures(rng, 8)}",
            f"P{figures(rng, 8)}",
            f"E{figures(rng, 8)}",
        ]
    )


def foreign_passport(rng: random.Random) -> str:
    return rng.choice(
        [
            figures(rng, 9),
            f"TK{figures(rng, 7)}",
            f"M{figures(rng, 8)}",
            f"{rng.choice('ABCN')}{figures(rng, 7)}",
            f"C0{rng.choice('XFGH')}{figures(rng, 6)}"[:9],
        ]
    )


def permit(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return _eighteen(rng, rng.choice(["810000", "820000", "830000"]))
    return rng.choice("HM") + figures(rng, 8)


def named_permit(rng: random.Random) -> str:
    return rng.choice(
        [
            figures(rng, 8),
            f"C{figures(rng, 8)}",
            f"C{rng.choice('ABCDE')}{figures(rng, 7)}",
            f"W{figures(rng, 8)}",
            f"L{figures(rng, 8)}",
            f"H{figures(rng, 10)}",
        ]
    )


def credit_code(rng: random.Random) -> str:
    body = (
        rng.choice(["91", "91", "91", "92", "93", "51", "12", "52"])
        + rng.choice(REGIONS)
        + "".join(rng.choice(_CODE) for _ in range(2))
        + "MA"[: rng.choice([0, 2])]
    )
    body += "".join(rng.choice(_CODE) for _ in range(17 - len(body)))
    if body.isdigit():
        body = body[:9] + "A" + body[10:]
    right = _CODE[(31 - sum(_CODE.index(c) * pow(3, at, 31) for at, c in enumerate(body)) % 31) % 31]
    return body + (rng.choice(_CODE) if rng.random() < 0.1 else right)


def plate(rng: random.Random) -> str:
    head = rng.choice(PROVINCES) + rng.choice(_PLATE)
    tail = [rng.choice("0123456789") for _ in range(5)]
    for _ in range(rng.choice([0, 0, 1, 2])):
        tail[rng.randrange(5)] = rng.choice(_PLATE)
    number = "".join(tail)
    body = rng.choice(
        [
            number,
            number,
            number,
            rng.choice("DF") + figures(rng, 5),
            figures(rng, 5) + rng.choice("DF"),
            figures(rng, 4) + rng.choice("学警挂港澳领"),
        ]
    )
    return head + rng.choice(["", "", "·", " ", "-"]) + body


def email(rng: random.Random) -> str:
    name = rng.choice(
        [
            f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}",
            f"{rng.choice(GIVEN)}.{rng.choice(SURNAMES)}",
            f"{rng.choice(SURNAMES)}_{rng.choice(GIVEN)}{rng.randint(1, 2020)}",
            figures(rng, 9).replace("0", "7", 1),
            f"{rng.choice(GIVEN)}+shop",
            f"{rng.choice(SURNAMES)}-{rng.randint(1, 99)}",
            f"{rng.choice(GIVEN).title()}{rng.choice(SURNAMES).title()}",
        ]
    )
    return f"{name}@{rng.choice(HOSTS)}"


def wechat(rng: random.Random) -> str:
    return rng.choice(
        [
            f"{rng.choice(SURNAMES)}{rng.choice(GIVEN)}{rng.randint(1, 9999)}",
            f"{rng.choice(GIVEN)}_{rng.choice(SURNAMES)}{rng.randint(1, 99)}",
            f"wxid_{''.join(rng.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(14))}",
            f"{rng.choice(SURNAMES)}-{rng.choice(GIVEN)}{rng.randint(10, 99)}",
            f"{rng.choice(GIVEN)}{rng.choice(SURNAMES)}{rng.choice(GIVEN)}",
        ]
    ).ljust(6, "x")


def qq(rng: random.Random) -> str:
    return rng.choice("123456789") + figures(rng, rng.choice([5, 6, 7, 8, 9]))


def address(rng: random.Random) -> str:
    if rng.random() < 0.25:
        return western_address(rng)
    number = rng.choice(
        [
            f"{rng.randint(1, 999)}号",
            f"{rng.randint(1, 99)}弄{rng.randint(1, 99)}号",
            f"{rng.randint(1, 999)}-{rng.randint(1, 9)}号",
            f"{rng.randint(1, 300)}号院",
        ]
    )
    inside = rng.choice(
        [
            "",
            f"{rng.randint(1, 30)}号楼{rng.randint(1, 6)}单元{rng.randint(101, 2805)}室",
            f"{rng.randint(1, 30)}栋{rng.randint(101, 2805)}",
            f"{rng.choice('ABC')}座{rng.randint(101, 2805)}室",
            f"{rng.randint(1, 30)}幢{rng.randint(1, 4)}单元{rng.randint(101, 999)}",
        ]
    )
    estate = rng.choice(["", "", rng.choice(ESTATES)]) if inside else ""
    if rng.random() < 0.15:
        return f"{rng.choice(ESTATES)}{rng.randint(1, 30)}栋{rng.randint(1, 4)}单元{rng.randint(101, 2805)}室"
    return (
        rng.choice([rng.choice(CITIES), rng.choice(CITIES), ""])
        + rng.choice(ROADS)
        + number
        + estate
        + inside
    )


def western_address(rng: random.Random) -> str:
    street = f"{rng.randint(1, 9999)}{rng.choice(['', '', '', 'B'])} {rng.choice(STREETS)}"
    unit = rng.choice(
        [
            "",
            "",
            f", Apt {rng.randint(1, 40)}{rng.choice('ABC')}",
            f" Suite {rng.randint(100, 900)}",
            f", Unit {rng.randint(1, 30)}",
        ]
    )
    return rng.choice(["", "", f"Flat {rng.randint(1, 30)}, "]) + street + unit + ", " + rng.choice(TOWNS)


def iban(rng: random.Random) -> str:
    country = rng.choice(list(_IBANS))
    pool = {"9": "0123456789", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "C": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    account = "".join(rng.choice(pool[c]) for c in _IBANS[country])
    check = 98 - int("".join(str(int(c, 36)) for c in account + country + "00")) % 97
    number = f"{country}{check:02}{account}"
    return rng.choice([number, " ".join(number[at : at + 4] for at in range(0, len(number), 4))])


VALUES: dict[str, Callable[[random.Random], str]] = {
    "phone": phone, "landline": landline, "hotline": hotline, "id_card": id_card, "bank_card": bank_card, "passport": passport,
    "permit": permit, "credit_code": credit_code, "plate": plate, "email": email, "wechat": wechat, "qq": qq, "address": address, "iban": iban,
}  # fmt: skip
NAMED = {"passport": foreign_passport, "permit": named_permit}
"""Forms that say nothing by themselves: they come only in sentences that name them."""
