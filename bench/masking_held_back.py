"""Sentences for the masking bench that nothing was tuned on; `{}` is where the value stands.

They are only reported on: whoever looks at what they miss moves them to `masking_frames.py` and writes new ones.
"""

ANY = [
    "{}", "那就{}吧", "嗯嗯 {}", "？{}？", "ps: {}", "回复：{} 收到请确认", "> {}\n> 引用", "* {}", "2、{}；3、没有了", "## {}", "“上面写的是{}，不是别的”", "再核实下——{}——对吧", "系统提示“{} 已被占用”", "Could you update it to {}?", "as I said, {}, not the other one", "hello,{},bye", "{}\t已提交", "id\tvalue\n1\t{}", "<td>{}</td>", "{{'v': '{}'}}", "print('{}')", "data=\"{}\"", "咋还没处理{}这个", "😀{}😀", "（{}）", "『{}』", "请将{}改为空", "旧的作废,新的为{}.", "sorry my mistake it should be {} not what I wrote", "…{}…", "谢谢客服小姐姐，{}，等你消息", "我再发一遍\r\n{}\r\n收到吗",
]  # fmt: skip
NAMED: dict[str, list[str]] = {
    "phone": ["手机号码变更为{}", "有事打{}", "mobile: {}", "您可以拨打我的电话{}联系", "短信通知{}", "phone number ({})", "预留手机{}收不到短信", "my cell is {}, thanks", "接收人手机号={}", "我爸的号{}", "ring me on {}", "留个电话 {} 方便联系", "“手机”填{}", "contact number：{}", "紧急联系人{}", "dial {} for me", "打不通的话试试{}", "可以加微信，电话同{}"],
    "landline": ["门店座机{}打不通", "宿舍电话{}", "请回电至{}", "office phone {}", "家里电话：{}", "公司总机{}", "the landline number is {}", "白天可打{}联系我", "电话/传真：{}", "telephone: {}"],
    "hotline": ["我打{}打了半天", "400电话{}是真的吗", "客服{}", "is {} your number?", "服务热线：{}", "{}这个热线没人", "dialled {} but nobody answered", "拨打{}提示空号"],
    "id_card": ["身份证号码为{}的用户", "本人身份证{}", "居民身份证：{}", "证号{}", "实名信息：李明 {}", "ID no. {}", "my Chinese ID is {}", "identity card: {}", "请用{}帮我查", "小孩的身份证号{}没法认证", "开户人证件号{}", "idcard={}", "我媳妇身份证 {}", "登记的身份证信息是{}吗"],
    "bank_card": ["卡号是{}麻烦退款", "钱退到这张卡：{}", "农行卡{}", "银行账号{}", "credit card {}", "my debit card number is {}", "please charge {}", "绑卡{}提示失败", "我用尾号不对的那张，全号{}", "转账到{}", "card no: {}", "工资卡{}没到账", "扣款卡号：{}，请核实", "the card ending wrong is {}"],
    "passport": ["护照号码是{}", "护照：{}", "我的护照号{}，过期了", "passport number: {}", "my passport {} was rejected", "外国护照{}", "{}（护照）", "using passport {}", "登机用护照{}", "旅行证件（护照）{}"],
    "permit": ["我有港澳居民来往内地通行证{}", "台胞证号{}", "通行证：{}", "回乡证{}", "HK/Macau permit {}", "港澳居民居住证：{}", "我的台湾通行证号码是{}", "往来台湾通行证{}过期", "residence permit {}", "permit number {}"],
    "credit_code": ["信用代码：{}", "公司税号{}", "纳税人识别号：{}，请开票", "tax number {}", "单位名称 某某公司 税号 {}", "统一代码{}", "发票抬头税号写{}", "our unified social credit code is {}", "营业执照号{}"],
    "plate": ["车牌号是{}的车", "车牌号码：{}", "我车{}停在B区", "license plate: {}", "登记车牌{}", "开的{}", "car plate {} please", "白色轿车{}挡路", "ETC绑定{}", "违章查询{}"],
    "email": ["我邮箱{}", "电子邮箱：{}", "发我邮箱{}吧", "mail: {}", "my email address is {}", "请抄送{}", "reach me via {}", "注册邮箱是{}，收不到验证码", "E-mail：{}", "发票发{}", "send the invoice to {} please", "邮件地址写{}"],
    "wechat": ["我的微信：{}", "微信号是{}", "加微信{}聊", "微信搜索{}", "VX：{}", "my WeChat ID is {}", "WeChat ID: {}", "加个微信 {}", "v信号{}", "wechat: {}", "微信名片{}", "我wx号{}"],
    "qq": ["QQ：{}", "qq号{}", "我QQ是{}", "my QQ number is {}", "加QQ{}", "联系QQ {}", "扣扣号：{}", "QQ账号{}", "QQ {}，在线"],
    "address": ["收货地址：{}", "我家住{}", "请寄到{}", "地址是{}，麻烦改一下", "配送地址改为{}", "address: {}", "deliver it to {}", "my new address is {}.", "上门取件地址 {}", "送货到{}", "住址：{}", "发到{}", "I moved to {}", "公司地址在{}"],
    "iban": ["IBAN：{}", "my IBAN is {}", "refund to IBAN {}", "账号（IBAN）{}", "the account is {}", "欧洲账户 {}", "please wire to {}", "IBAN no {}"],
}  # fmt: skip
SEVERAL = [
    "姓名：赵敏 手机：{phone} 身份证：{id_card}", "tel {phone} / mail {email}", "收件人 王磊，{phone}，{address}", "电话{phone}；备用{landline}", "id={id_card}&card={bank_card}&mobile={phone}", "from: {email}\nto: {email}\nmy card {bank_card}", "<tr><td>{phone}</td><td>{plate}</td></tr>", "微信{wechat}，QQ{qq}，邮箱{email}", "护照{passport}、回乡证{permit}、手机{phone}", "开票：{credit_code} {address} {landline} {bank_card}",
    "wire {iban} or card {bank_card}", "{plate} {phone}", "[{{\"tel\": \"{phone}\"}}, {{\"tel\": \"{phone}\"}}]", "热线{hotline}不通，我手机{phone}，家里{landline}", "{id_card} {bank_card} {phone}", "1) {email}\n2) {phone}\n3) {address}",
]  # fmt: skip
