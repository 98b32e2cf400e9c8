"""Sentences for the masking bench, as customers write them. `{}` is where the value stands.

These are there to tune on; `masking_held_back.py` has those that are only ever reported on.
"""

ANY = [
    "{}", "{}。", "：{}", "“{}”", "({})", "【{}】", "- {}\n- 其他", "1. {}\n2. 谢谢", "```\n{}\n```", "`{}`", "<{}>", "\n\n{}\n", "   {}   ", "ok,{},ok",
    "资料如下：{}，请核对", "{}，麻烦尽快", "请看:{}", "备注={}；", "please note {} thanks", "it's {}!", "Hi, {}. Regards", "value: {}", "see below\n{}\nbye", "|{}|", "| 项目 | 内容 |\n|---|---|\n| 资料 | {} |",
    "haha {} lol", "我发你{}你看下", "这个{}对吗？", "更正一下，是{}哈", "不是那个，{}才对", "之前填错了！正确的：{}", "麻烦记一下 {} 谢谢啦~", "重要！！！{}！！！", "a:{},b:2", "输入{}后提示错误", "I typed {} and got an error 500", "系统一直说{}不存在",
]  # fmt: skip
NAMED: dict[str, list[str]] = {
    "phone": [
        "我的手机号是{}，请回电", "电话{}", "手机:{}", "打{}找我", "请致电{}谢谢", "tel{}", "call me at {} please", "my number is {}", "联系人张伟 {}", "收件人李娜{}北京", "{}是我的号码", "微信同号{}",
        '{{"name":"张三","phone":"{}"}}', "快递放驿站，短信发到{}就行", "Phone: {}", "客户{}投诉", "注册用的{}这个号收不到验证码", "text {} when you arrive", "换绑成{}", "whatsapp {}", "原来的号停了，现在用{}", "I'm reachable on {} after 6pm",
        "老公的手机{}也可以打", "，{}，", "SELECT * FROM t WHERE mobile='{}'", "user_phone={}&x=1",
    ],
    "landline": [
        "公司电话{}", "座机：{}", "办公室{}", "请拨打{}", "我家固话是{}", "call the office: {}", "landline {}", "工作日打{}找王经理", "传真{}", "Tel: {}", "单位电话是{}，白天有人", "my home number is {}", "{}没人接", "有事打我座机{}", "fax no. {}", "前台{}转接",
    ],
    "hotline": ["我打了{}一直占线", "你们{}打不通", "热线{}", "called {} twice", "客服电话{}没人接", "是不是{}这个电话", "hotline: {}", "拨{}转3", "the number {} is always busy", "我用{}投诉过了"],
    "id_card": [
        "身份证号{}", "我的身份证是{}，姓名王芳", "证件号码：{}", "实名认证填{}提示错误", "my ID card number is {}", "ID: {}", "{}是我身份证", "帮我查{}的认证状态", "身份证{}有效期到2030年", "national id {} please verify", "户主{}，女", '{{"idCard": "{}"}}', "乘客：李强 {}", "监护人证件{}已上传", "identity number={}", "我叫赵敏，{}，想实名",
    ],
    "bank_card": [
        "卡号{}", "请退到{}", "我的银行卡是{}，工商银行", "收款账号：{}", "card number {}", "refund to my card {} please", "建行{}扣款两次", "{}这张卡被盗刷", "信用卡{}还款", "my visa {} was charged twice", "用{}付的款", "尾号不对，完整的是{}", "pay with {} exp 12/28", "储蓄卡:{}开户行北京", "打款到{}户名李四", "绑定{}失败",
    ],
    "passport": ["护照号{}", "我的护照是{}", "passport no. {}", "passport: {} expires 2030", "护照{}过期了怎么办", "my passport number is {}", "外籍，护照号码：{}", "用护照{}开户", "Passport {} was not accepted", "持{}护照入境"],
    "permit": ["港澳通行证{}", "我的回乡证号是{}", "台胞证{}能开户吗", "通行证号码：{}", "travel permit {}", "往来港澳通行证 {}", "居住证{}", "用台湾居民来往大陆通行证{}注册", "my Mainland travel permit number is {}", "港澳居民居住证号{}"],
    "credit_code": ["统一社会信用代码{}", "税号：{}", "开票信息：杭州某某科技有限公司 {}", "纳税人识别号{}", "our tax ID is {}", "公司信用代码是{}，请开专票", "credit code {}", "抬头：北京某公司，税号{}", "营业执照{}", "company code: {} (China)"],
    "plate": ["车牌{}", "我的车{}停在门口", "车牌号：{}", "开{}来的", "license plate {}", "my car is {}", "{}违停了", "访客车辆{}登记", "plate no. {}", "把{}加到白名单"],
    "email": ["邮箱{}", "发到{}", "我的邮箱是{}谢谢", "email: {}", "please send it to {}", "my e-mail is {}", "发票寄{}这个邮箱", "抄送{}和财务", "contact {} asap", "登录账号{}忘记密码", "联系邮箱：{}。", "write to {} or call"],
    "wechat": ["微信{}", "加我微信{}", "微信号：{}", "vx:{}", "我的微信号是{}", "wechat id: {}", "add me on WeChat: {}", "V信{}", "wx {}", "我微信{}，通过一下", "my WeChat is {}", "加v {}", "微信搜{}加我", "薇信：{}"],
    "qq": ["QQ{}", "我的QQ号是{}", "qq:{}", "加Q{}", "扣扣{}", "QQ号码：{}", "my QQ is {}", "企鹅号{}", "add my QQ {}", "加我QQ {} 聊", "球球{}", "QQ number: {}"],
    "address": ["地址：{}", "我住在{}", "寄到{}，谢谢", "收货地址改成{}", "送到{}门口", "my address is {}", "ship to {}", "please deliver to {}", "家在{}", "公司在{}，周末不在", "从{}取件", "I live at {}", "退货寄{}", "新地址是{}，旧的删掉"],
    "iban": ["IBAN {}", "我的IBAN是{}", "please transfer to {}", "account: {}", "汇到{}", "IBAN: {}, BIC DEUTDEFF", "my bank account {} in Europe", "收款人账户{}", "refund via {}", "the iban number is {} thanks"],
}  # fmt: skip
SEVERAL = [
    "我叫张伟，电话{phone}，邮箱{email}，身份证{id_card}", "{phone} {phone}", "收货人：李娜\n电话：{phone}\n地址：{address}", "Name: Wang\nPhone: {phone}\nE-mail: {email}\nAddress: {address}", '{{"mobile":"{phone}","id":"{id_card}","card":"{bank_card}"}}',
    "手机{phone}或座机{landline}都行", "车牌{plate}，车主电话{phone}", "退款到{bank_card}，户名王芳，手机{phone}", "QQ {qq}，微信 {wechat}", "护照{passport}，电话{phone}", "| 姓名 | 电话 | 邮箱 |\n|---|---|---|\n| 李雷 | {phone} | {email} |", "公司{credit_code}，地址{address}，电话{landline}", "IBAN {iban}, call {phone}", "name,phone,email\nTom,{phone},{email}",
    "{email},{email};{phone}/{phone}", "港澳通行证{permit}和手机{phone}都填了", "打了{hotline}没人接，请回我{phone}", "第一张卡{bank_card}，第二张卡{bank_card}",
]  # fmt: skip
FREE = frozenset(
    {
        "phone",
        "landline",
        "hotline",
        "id_card",
        "bank_card",
        "passport",
        "permit",
        "credit_code",
        "plate",
        "email",
        "address",
        "iban",
    }
)
"""Kinds whose values say what they are in any sentence; WeChat and QQ need their words."""
