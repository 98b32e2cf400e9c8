"""What customers ask, in Chinese and English, a third with a number or an address in it. No answer stands here.

Nothing of it is a greeting, asks for a person or is forbidden: a gateway must ask the model each time.
"""

import random
from collections.abc import Sequence

from bench.masking_values import address, bank_card, email, id_card, phone

PLAIN = (
    "我的订单为什么还没发货?", "付款两天了物流一直没有更新,大概什么时候能到?", "签收后发现少了一件,应该怎么处理?",
    "这件外套洗了一次就缩水了,可以退吗?", "退款申请通过了,钱多久能回到原来的银行卡?", "可以把电子发票的抬头改成公司名称吗?",
    "优惠券提示不可用,但是我的订单已经满三百了,为什么?", "预售的手机能不能提前发,我下周要出差。", "换货的运费由谁承担?",
    "会员积分会过期吗,怎么兑换成礼品卡?", "冰箱送货上门包不包安装,旧冰箱能一起拉走吗?", "快递柜超时收费了,这笔费用能退吗?",
    "下错了尺码,还没有发货,可以直接改吗?", "海外地址能不能配送,关税怎么算?", "价格保护是几天,买完第二天就降价了怎么申请?",
    "信用卡的账单日和还款日分别是哪一天?", "忘记网银登录密码了,在手机上怎么重置?", "跨行转账要手续费吗,多久到账?",
    "定期存款提前支取,利息怎么计算?", "信用卡可以分期还款吗,手续费是多少?", "在国外刷卡被拒绝了,是什么原因?",
    "怎么给信用卡提高临时额度?", "工资卡想换成一类账户,需要带什么材料?", "API 返回 429 是怎么回事,我们每分钟只有二十次请求。",
    "团队版升级到企业版,剩余的天数怎么折算?", "怎么把工作区的数据导出成表格?", "邀请的同事收不到激活邮件,该检查哪些设置?",
    "单点登录支持哪些身份提供商?", "取消订阅以后数据会保留多久?", "移动端离线编辑的内容什么时候同步?",
    "Why has my order not been shipped yet? I paid three days ago.", "The parcel says delivered but nothing arrived. What now?",
    "How long does a refund take to reach my credit card?", "Can I still change the size before the order leaves your warehouse?",
    "Who pays the return postage when the item arrived damaged?", "My coupon is rejected although the basket is above the minimum.",
    "Do you deliver furniture to the third floor without a lift, and what does it cost?", "How do I get an invoice with our VAT number on it?",
    "The price dropped the day after I bought it; is there a price guarantee?", "Do loyalty points expire, and how do I turn them into a voucher?",
    "What are the fees for a transfer to an account abroad?", "My card was declined in a shop in Lisbon. Which limits apply abroad?",
    "How is interest calculated if I close a fixed deposit early?", "I forgot the password of online banking. How do I reset it on my phone?",
    "Can I raise the limit of my credit card for a holiday?", "When is the statement date, and how many days do I have to pay?",
    "Why does the API return 429 although we send only twenty requests a minute?", "How do we move from the team plan to the enterprise plan mid-month?",
    "Where can I export all boards of a workspace as a spreadsheet?", "Which identity providers does single sign-on support?",
    "Invited colleagues get no activation mail. What should we check?", "How long is our data kept after the subscription ends?",
)  # fmt: skip
NAMING = (
    "我的订单号是 {order},到现在还没有发货,能查一下卡在哪里吗?", "请把配送信息里的手机号改成 {phone},原来的停机了。", "身份证 {id} 开的账户,手机银行登录一直提示验证失败,怎么办?",
    "卡号 {card} 的信用卡昨晚有一笔不是我消费的交易,怎么申请拒付?", "发票请发到 {mail},订单 {order} 的,一直没有收到。", "收货地址想改成{place},订单还没出库,来得及吗?",
    "我用 {phone} 注册的账号收不到验证码,换了网络也不行。", "退货已经寄出三天,订单 {order},仓库收到了吗,什么时候退款?", "绑定的手机 {phone} 换号了,怎么更新到 {phone}?",
    "Order {order} was due on Monday and the tracking page has not moved since. Where is it?",
    "Please send the invoice for order {order} to {mail}; the first one never arrived.", "My phone number is {phone} and the code for signing in never comes.",
    "There is a payment on card {card} that I did not make. How do I dispute it?", "Can you change the contact number of order {order} to {phone}?",
    "Our workspace is registered to {mail}; how do we move it to another owner?",
)  # fmt: skip


def questions(many: int = 600, seed: int = 5) -> Sequence[str]:
    """The same each time: every third names a number or an address of nobody's, none comes twice within a round."""
    rng = random.Random(seed)
    return [_naming(rng) if number % 3 == 0 else rng.choice(PLAIN) for number in range(many)]


def _naming(rng: random.Random) -> str:
    sentence = rng.choice(NAMING)
    makers = {
        "phone": phone,
        "id": id_card,
        "card": bank_card,
        "mail": email,
        "place": address,
        "order": _order,
    }
    for name, make in makers.items():
        while f"{{{name}}}" in sentence:
            sentence = sentence.replace(f"{{{name}}}", make(rng), 1)
    return sentence


def _order(rng: random.Random) -> str:
    return f"2026{rng.randrange(10**10, 10**11)}"
