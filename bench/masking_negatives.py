"""Messages without personal data that look as if they had some: numbers, codes, names and prose of service talk.

Each family is a function of a random generator; it knows nothing of the recognisers.
"""

import random
from collections.abc import Callable, Sequence

from bench.masking_values import figures

_GOODS = "空气炸锅 蓝牙耳机 羽绒服 净水器 手机壳 行李箱 洗衣液 儿童座椅 猫粮 投影仪 电动牙刷 登山鞋".split()
_WORDS = "order refund parcel invoice coupon delivery update password login battery screen size colour warranty".split()
_PLACES = "北京 上海 广州 深圳 杭州 成都 武汉 西安 南京路 人民广场 陆家嘴 中关村 五道口 三里屯 徐家汇 春熙路".split()
_HEX = "0123456789abcdef"


def _one(rng: random.Random, *choices: str) -> str:
    return rng.choice(choices)


def orders(rng: random.Random) -> str:
    number = rng.choice(
        [
            f"20{rng.randint(24, 27)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{figures(rng, rng.choice([6, 8, 10]))}",
            figures(rng, rng.choice([8, 9, 10, 12, 13])),
            f"E{figures(rng, 12)}",
            f"DD{figures(rng, 10)}",
            f"PO-{rng.randint(2024, 2027)}-{figures(rng, 5)}",
            f"#{figures(rng, 6)}",
        ]
    )
    return _one(
        rng,
        f"订单号{number}什么时候发货",
        f"订单：{number}",
        f"我的订单编号是{number}，还没收到",
        f"order {number} has not arrived",
        f"Order number: {number}",
        f"order no. {number} please cancel",
        f"单号 {number} 查一下",
        f"订单{number}退款到哪了",
        f"关于订单#{number}的问题",
        f"my order id is {number}",
        f"交易流水号{number}",
        f"工单{number}一直没处理",
    )


def parcels(rng: random.Random) -> str:
    number = rng.choice(
        [
            f"SF{figures(rng, 13)}",
            f"JD{figures(rng, 13)}",
            f"JDVA{figures(rng, 11)}",
            f"YT{figures(rng, 13)}",
            f"7730{figures(rng, 11)}",
            figures(rng, 12),
            figures(rng, 13),
            figures(rng, 15),
            f"1Z999AA1{figures(rng, 10)}",
            f"EE{figures(rng, 9)}CN",
            f"ZTO{figures(rng, 12)}",
        ]
    )
    return _one(
        rng,
        f"运单号{number}",
        f"快递单号：{number}，三天没动了",
        f"物流{number}显示签收",
        f"tracking number {number}",
        f"单号{number}在哪",
        f"waybill: {number}",
        f"快递 {number} 查不到",
        f"Where is my parcel? tracking {number}",
        f"包裹单号 {number} 丢了",
        f"顺丰单号{number}",
        f"运单{number}已揽收",
    )


def prices(rng: random.Random) -> str:
    a, b = rng.randint(1, 99999), rng.randint(100, 99999999)
    return _one(
        rng,
        f"价格{a}元能便宜吗",
        f"¥{a}.00 太贵了",
        f"一共{b:,}元",
        f"满{a}减{a // 10}",
        f"{a}块{rng.randint(1, 9)}毛",
        f"the price went from ${a} to ${a + 100}",
        f"额度{rng.randint(1, 50)}万元",
        f"转账{b}元到账没",
        f"付款 {b}.{rng.randint(10, 99)} 元",
        f"余额还有1{figures(rng, 10)}元",
        f"USD {b:,}.00",
        f"{rng.choice(_GOODS)}{a}元一个，买{rng.randint(2, 9)}个多少钱",
        f"年利率{rng.randint(1, 9)}.{rng.randint(10, 99)}%",
        f"积分{b}分能换什么",
    )


def times(rng: random.Random) -> str:
    y, m, d, h, i = (
        rng.randint(2019, 2028),
        rng.randint(1, 12),
        rng.randint(1, 28),
        rng.randint(0, 23),
        rng.randint(0, 59),
    )
    return _one(
        rng,
        f"{y}年{m}月{d}日下单的",
        f"{y}-{m:02}-{d:02} {h:02}:{i:02}:{i:02} 付款",
        f"{y}/{m}/{d}到{y}/{m}/{d + 1}",
        f"{m}月{d}号{h}点{i}分",
        f"on {d}/{m}/{y} at {h}:{i:02}",
        f"营业时间 {h}:{i:02}-22:00",
        f"{y}{m:02}{d:02}那天",
        f"{y}{m:02}{d:02}{h:02}{i:02}{i:02}",
        f"timestamp {rng.randint(1600000000, 1799999999)}",
        f"时间戳1{figures(rng, 12)}",
        "二〇二六年十一月三日",
        "一三五早上送，二四六晚上送",
        f"周一到周五{h}点",
        f"{y}.{m}.{d}—{y}.{m}.{d + 1}",
        f"{y}-{m:02}-{d:02}T{h:02}:{i:02}:00Z",
        "十月一号到七号放假",
        f"{m}月{d}日-{m}月{d + 1}日",
    )


def models(rng: random.Random) -> str:
    return _one(
        rng,
        f"型号{rng.choice('ABDFX')}{rng.choice('KLMQ')}-{figures(rng, 4)}",
        f"SKU {figures(rng, 8)}",
        f"sku: {figures(rng, 13)}",
        f"ISBN 978-7-{figures(rng, 3)}-{figures(rng, 5)}-{rng.randint(0, 9)}",
        f"ISBN {978}{figures(rng, 10)}",
        f"条形码69{figures(rng, 11)}",
        f"IMEI {figures(rng, 15)}",
        f"序列号SN{figures(rng, 10)}",
        f"iPhone {rng.randint(11, 18)} Pro {rng.choice([128, 256, 512])}GB",
        f"货号{figures(rng, 6)}-{figures(rng, 3)}",
        f"版本 {rng.randint(1, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 999)}",
        f"build {figures(rng, 7)}",
        f"Model XPS-{figures(rng, 4)}",
        f"批号P20{rng.randint(22, 26)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}",
        f"EAN {figures(rng, 13)}",
        f"商品编码{figures(rng, 11)}",
        f"尺寸 {rng.randint(100, 300)}x{rng.randint(100, 300)}x{rng.randint(10, 99)}",
        f"A{rng.randint(1, 9)}纸",
        f"RTX {rng.randint(3, 5)}0{rng.randint(5, 9)}0显卡",
        f"型号: E{figures(rng, 8)}",
        f"part no. G{figures(rng, 8)}",
    )


def machines(rng: random.Random) -> str:
    ip = ".".join(str(rng.randint(1, 254)) for _ in range(4))
    hexes = "".join(rng.choice(_HEX) for _ in range(40))
    return _one(
        rng,
        f"server {ip} is down",
        f"{ip}:{rng.randint(1000, 65000)} 连不上",
        f"IP是138.{rng.randint(1, 99)}.{rng.randint(100, 200)}.{rng.randint(10, 250)}",
        f"commit {hexes[:12]}",
        f"sha256 {hexes}",
        f"{hexes[:8]}-{hexes[8:12]}-4{hexes[12:15]}-a{hexes[15:18]}-{hexes[18:30]}",
        f"error code 0x{hexes[:8]}",
        f"{hexes[:2]}:{hexes[2:4]}:{hexes[4:6]}:{hexes[6:8]}:{hexes[8:10]}:{hexes[10:12]}",
        f"https://shop.example.com/item/{figures(rng, 10)}?spm=a{figures(rng, 4)}",
        "@here 有人吗",
        "看看@小Q说的",
        "email me @ noon",
        "用户名@一下客服",
        f"trace id {hexes[:16]}",
        f"GET /v1/orders/{figures(rng, 8)} 404",
        f"端口{rng.randint(1000, 65000)}",
        f"v{rng.randint(1, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 30)}-rc1",
        "python 3.11.9 on linux",
        f"lat {rng.randint(10, 50)}.{figures(rng, 6)}, lon {rng.randint(100, 130)}.{figures(rng, 6)}",
    )


def chinese(rng: random.Random) -> str:
    good, place = rng.choice(_GOODS), rng.choice(_PLACES)
    return _one(
        rng,
        f"{good}怎么退货？",
        f"我在{place}，多久能送到",
        "一百二十三万够买什么",
        "一会儿再说，二话不说",
        "三五成群，七上八下",
        "这条路怎么走",
        f"{place}有门店吗",
        "三号楼还没通知",
        "坐2号线到站",
        "五楼餐厅几点关门",
        "微信支付失败怎么办",
        "能用微信付款吗",
        "QQ音乐会员怎么开",
        "关注微信公众号有优惠吗",
        "扫微信二维码没反应",
        "加我一个",
        "加我好友没用",
        "一号店的货",
        "我的套路3号用不了",
        f"{good}发货了吗，三天了",
        "第一次买，二次元周边",
        "两三个人用的",
        f"打{rng.randint(1, 9)}折吗",
        "银行卡怎么绑定",
        "身份证过期了怎么办",
        "护照可以开户吗",
        "车牌识别不了",
        "邮箱收不到验证码",
        "手机号换了怎么改",
        "地址填错了能改吗",
        "电话打不通",
        "拨打热线没人接",
        "验证码是" + figures(rng, 6),
        "取件码" + figures(rng, 6) + "打不开柜子",
        "打12345投诉你们",
        "95588是工行吗",
        "一楼二楼都没有",
        "新款A字裙",
        "京东自营的吗",
        "苏打水一箱几瓶",
        "中山路店几点关门",
        "北京市朝阳区能送吗",
        f"{rng.randint(10, 99)}路公交到吗",
        "走大路还是小路",
        "三街六巷都找了",
        "第3条规定",
        "第五道题",
        f"房间{rng.randint(100, 999)}太吵",
        "零售价和批发价",
        "幺蛾子真多",
        "微信群怎么进",
        f"尾号{figures(rng, 4)}的卡",
    )


def english(rng: random.Random) -> str:
    word, n = rng.choice(_WORDS), rng.randint(2, 99)
    return _one(
        rng,
        f"How do I change my {word}?",
        f"I waited {n} days for the {word}",
        f"The {word} is wrong, {n} items missing",
        "meet me at noon dot",
        "look at this",
        "my wechat is broken",
        "WeChat Pay does not work",
        "wechat payment failed twice",
        f"section {n}.{n}.{n} of the manual",
        f"I have {n} orders on the way",
        f"{n} Street Fighter figures",
        f"turn {n} degrees on the road",
        f"the {n} best ways to drive",
        f"{n} people in the court",
        "one two three testing",
        "two or three days",
        "Is the store on Oxford Street open?",
        f"call me in {n} minutes",
        f"{n}% off at the store",
        "my card was declined",
        "what is my passport for",
        "add me to the list",
        f"page {n} of {n + 200}",
        f"{n}-{n + 3} working days",
        f"size {n} to {n + 2}",
        "drive 20 miles down the road",
        "the QQ app crashes",
        f"chapter {n}, place the order",
        "5 star service, way to go",
        "he said at dot com we meet",
        f"Flight CA{figures(rng, 4)} at gate {n}",
        f"room {n} is cold",
        "2 days on the way",
        f"{n}mm x {n}mm x {n}mm",
        f"{n}k users in {n} countries",
        "I bought 3 and the court said 2",
        f"error {figures(rng, 5)}",
        "zip is missing",
        "no. 1 on the drive",
        "I paid 100 dollars at the square",
    )


def lists(rng: random.Random) -> str:
    some = [rng.randint(1, 999) for _ in range(6)]
    return _one(
        rng,
        "尺码 " + " ".join(map(str, range(35, 35 + rng.randint(4, 9)))),
        ", ".join(map(str, some)),
        "/".join(map(str, some[:3])),
        f"{some[0]}-{some[1]}元",
        f"{some[0]}、{some[1]}、{some[2]}都要",
        f"{some[0]}*{some[1]}={some[0] * some[1]}",
        f"比分{some[0] % 10}:{some[1] % 10}",
        f"| 编号 | 数量 |\n|---|---|\n| {some[0]} | {some[1]} |\n| {some[2]} | {some[3]} |",
        f"[{some[0]}, {some[1]}, {some[2]}]",
        f'{{"qty": {some[0]}, "price": {some[1]}.50}}',
        f"a={some[0]}&b={some[1]}&page={some[2]}",
        f"{some[0]}G+{some[1]}G",
        "1 2 3 4 5 6 7",
        "10%、20%、30%",
        f"彩票 {' '.join(f'{n % 33 + 1:02}' for n in some)}",
        f"[1] 见第{some[0]}页 [2] 见表{some[1]}",
        f"容量{some[0]}ml×{some[1]}瓶",
        f"{some[0]}.{some[1]}.{some[2] % 9}",
    )


def plain_talk(rng: random.Random) -> str:
    """Only in the held-back half: what the other families do not say."""
    n, good = rng.randint(2, 999), rng.choice(_GOODS)
    long = figures(rng, rng.choice([12, 13, 15]))
    return _one(
        rng,
        f"我{n}号下的单到现在没动静",
        f"订单尾号{figures(rng, 4)}",
        f"发票号码{figures(rng, 8)}开错了",
        f"发票代码{figures(rng, 12)}",
        f"快递{long}到哪了",
        f"运单尾号{figures(rng, 6)}",
        f"物流单号是{long}吗",
        f"parcel no {long}",
        f"shipment {long} delayed",
        f"Ticket #{figures(rng, 7)}",
        f"我买了{n}个{good}共{n * 37}.5元",
        f"{n}件{n + 1}折",
        f"第{n}期还款{n * 11}元",
        f"月供{n * 7}元",
        f"2026年{rng.randint(1, 12)}月账单{n * 3}.{rng.randint(10, 99)}",
        f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日{rng.randint(0, 23)}:{rng.randint(10, 59)}到{rng.randint(0, 23)}:{rng.randint(10, 59)}",
        f"保修{n}天",
        f"{good}{n}W功率",
        f"{n}V {n // 2}Hz",
        f"容量{n}00毫安时",
        f"{n}x{n}像素",
        f"版本号{rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 99)}.{rng.randint(1000, 9999)}",
        f"固件V{rng.randint(1, 9)}.0.{figures(rng, 4)}",
        f"航班MU{figures(rng, 4)}改签",
        f"G{figures(rng, 4)}次列车",
        f"K{rng.randint(1, 999)}路",
        f"地铁{rng.randint(1, 20)}号线{rng.choice('ABCD')}口",
        f"会员号{figures(rng, 8)}",
        f"积分{n * 13}",
        f"房贷{n}万{rng.randint(10, 30)}年",
        "一百八十块钱一件，买三送一",
        "三五天能到吗，七八天太久",
        "我一九九八年就用你们的了",
        "二十四小时客服在吗",
        "五一到十一都上班？",
        "一二三四五六七，七六五四三二一",
        "九九八十一难",
        "零零七加班",
        "微信零钱提现多久",
        "QQ号被盗怎么办",
        "车险怎么买",
        "京东还是淘宝",
        "护照办理要几天",
        "银行卡限额多少",
        "this is the 3rd time in 2 weeks",
        f"I need {n} units by Friday",
        f"It costs ${n}.99, not ${n + 1}.49",
        f"version {rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 99)} crashes",
        f"took {n} seconds, {n * 1000} ms",
        f"HTTP {rng.choice([400, 404, 500, 502])} at 10:{rng.randint(10, 59)}",
        f"10.0.{rng.randint(0, 255)}.{rng.randint(1, 254)}/24",
        f"uuid {'-'.join(''.join(rng.choice(_HEX) for _ in range(k)) for k in (8, 4, 4, 4, 12))}",
        f"md5 {''.join(rng.choice(_HEX) for _ in range(32))}",
        f"base64 {''.join(rng.choice('ABCDEFabcdef0123456789+/') for _ in range(40))}==",
        f"coupon SAVE{n}",
        f"gift code {''.join(rng.choice('ABCDEFGHJKMNPQRSTUVWXYZ23456789') for _ in range(12))}",
        f"row {n}, column {n // 3}",
        f"1:{n} scale",
        f"${n}k revenue, {n}% growth",
        f"at {rng.randint(1, 12)} pm dot on time",
        "I am at home",
        "is it at the store",
        "Where is the nearest branch to Park Avenue?",
        "the way to the square",
        f"RMA {figures(rng, 9)}",
        f"S/N {figures(rng, 10)}",
        f"part number {figures(rng, 9)}",
        f"纸巾{n}抽×{n // 10 + 1}包",
        f"身高{rng.randint(150, 190)}体重{rng.randint(45, 90)}穿什么码",
        f"邮编{figures(rng, 6)}",
        f"区号0{figures(rng, 3)}",
        f"打{rng.choice(['95555', '10086', '12315', '95588', '110'])}",
        "鲁迅的书有吗",
        "川A菜系",
        "苏E一下",
        f"新B{rng.randint(1, 9)}款",
        f"京B{n}",
        "我微信同步不了",
        "wechat mini program crashed",
        "加V会员多少钱",
    )


HELD_BACK = "held-back talk"
FAMILIES: dict[str, Callable[[random.Random], str]] = {
    "orders": orders, "parcels": parcels, "prices": prices, "times": times, "models": models, "machines": machines, "Chinese prose": chinese, "English prose": english, "lists": lists, HELD_BACK: plain_talk,
}  # fmt: skip
_FRAMES: Sequence[str] = (
    "{}",
    "{}",
    "您好，{}",
    "{}，谢谢",
    "hi, {}",
    "请问{}？",
    "{} thanks",
    "“{}”",
    "- {}",
    "{}\n",
    "客服你好 {}",
    "quick question: {}",
)


def negative(rng: random.Random, family: str, *, held_back: bool) -> str:
    """One message. Frames and numbers of both halves differ, and the held-back one has a family of its own."""
    return rng.choice(_FRAMES[1::2] if held_back else _FRAMES[0::2]).replace("{}", FAMILIES[family](rng))
