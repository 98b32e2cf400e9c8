"""Sentences for the masking bench that nothing was tuned on; `{}` is where the value stands.

They are only reported on: whoever looks at what they miss moves them to `masking_frames.py` and writes new ones.
"""

ANY = [
    "{}", "对，{}", "诶{}诶", "麻烦加急：{}！", "我刚才说的是{}呀", "内容为{}的那条删掉", "【补充】{}", "—— {}", "Q: {} A: ?", "{}？没错吧", "note：{}（勿外传）", "FYI {}", "regarding {}: any news?", "please double-check {} for me", "I entered {} but nothing happened", "why does it say {} is invalid", "\"{}\"", "value={};", "key: '{}'", "<p>{}</p>", "**{}**", "_{}_", "[资料] {}", "3) {}", "• {}", "1、{}", "名称,内容\n资料,{}\n", "name\tvalue\nx\t{}\ny\tz", "{} 👈 这个", "上一条打错了 → {}", "谢谢！{}", "啊啊啊{}急急急", "{}\n以上", "截图里是{}，看到了吗", "您看{}可以吗", "return '{}'",
]  # fmt: skip
NAMED: dict[str, list[str]] = {
    "phone": ["我现在的手机号:{}", "麻烦打这个电话{}", "电话号码是 {} 没错", "Mob: {}", "you can reach me at {}", "my phone's {}", "客户电话{}", "司机师傅打{}", "收货电话（{}）", "联系方式{}", "给{}发个短信", "call or text {}", "新号{}旧号作废", "机主{}", "手机尾号之前填错，应为{}", "phone={}", "老板电话{}，急"],
    "landline": ["办公电话{}", "固话{}", "学校电话{}", "家里的座机是{}", "请打公司前台{}", "work phone: {}", "office number {}", "传真号{}", "联系电话：{}（座机）", "call our landline {}"],
    "hotline": ["拨了{}", "你们的{}是不是坏了", "客服热线{}打不进去", "toll free {}", "400号码{}", "我在{}上排队半小时", "rang {} yesterday", "投诉电话是{}吗"],
    "id_card": ["身份证号 {} 没法实名", "我的证件号{}", "法人身份证{}", "ID card: {}", "please verify my identity number {}", "老人身份证{}", "二代身份证{}", "身份号码{}查不到", "姓名张敏，身份证号码{}，手机已留", "乘机人身份证：{}", "certificate no: {}", "id_card_no={}"],
    "bank_card": ["我的卡{}被锁了", "储蓄卡号{}", "招行信用卡{}", "退款请原路退回{}", "card {} was declined", "use card {} instead", "银行卡：{}（工行）", "提现到{}失败", "account no {}", "bank card number is {}", "还款卡{}", "被扣款的卡是{}"],
    "passport": ["护照 {}", "护照号：{}", "passport {}", "my passport number {} please", "我的护照是{}，哪天到期", "持护照{}可以吗", "Passport No: {}", "用户护照号{}"],
    "permit": ["通行证 {}", "台胞证：{}", "回乡证号码{}", "港澳通行证号{}", "我是香港人，回乡证{}", "permit no. {}", "Mainland travel permit: {}", "居住证号码{}", "港澳台居民居住证{}"],
    "credit_code": ["统一社会信用代码：{}", "税号{}", "识别号 {}", "企业信用代码{}，开专票", "tax id: {}", "公司名称某某贸易，税号：{}", "VAT invoice for {}", "营业执照上的{}"],
    "plate": ["车牌 {}", "我的车牌号{}", "停车缴费{}", "车{}进不来", "plate number {}", "my licence plate is {}", "ETC车牌{}", "尾气检测{}", "蓝色{}那辆"],
    "email": ["邮箱：{}", "邮箱地址{}", "我的email是{}", "please mail {}", "e-mail address: {}", "合同发到{}即可", "收件邮箱 {}", "my login is {}", "联系我 {}", "抄送 {} 谢谢"],
    "wechat": ["微信 {}", "微信ID：{}", "加我的微信{}", "我微信号 {}", "VX {}", "wechat id {}", "My WeChat: {}", "v信：{}", "微信联系{}", "wx：{}"],
    "qq": ["QQ {}", "加我qq{}", "我的QQ：{}", "qq 号 {}", "QQ: {}", "扣扣 {}", "my qq is {}", "QQ联系{}"],
    "address": ["地址 {}", "快递寄{}", "我的地址是{}", "送{}", "收货地址为{}，不是公司", "please send it to {}", "home address: {}", "we are at {}", "装修地址：{}", "上门安装地址{}", "户籍地址{}", "现住{}"],
    "iban": ["IBAN: {}", "我的国际账号{}", "iban {}", "transfer it to {} please", "bank details: {}", "收款IBAN为{}", "beneficiary account {}"],
}  # fmt: skip
SEVERAL = [
    "张三 {phone} {address}", "phone: {phone}, id: {id_card}", "{phone}、{phone}、{landline}", "车主：李雷；车牌：{plate}；电话：{phone}", "联系人邮箱{email}，微信{wechat}", "[\"{phone}\",\"{email}\"]", "| {phone} | {bank_card} |", "card {bank_card}, iban {iban}", "公司税号{credit_code}，电话{landline}，邮箱{email}", "护照{passport}\n身份证{id_card}\n手机{phone}", "QQ{qq}或者电话{phone}", "通行证{permit}，住{address}", "先打{landline}再打{phone}，都不行就发{email}",
]  # fmt: skip
