"""Words that turn a question round: pairs of opposites, words that deny, words that ask, words that count and measure.

Only data, from what people ask a company; a pair more costs a match now and then, a pair less a wrong answer.
"""

OPPOSITES_HAN: tuple[tuple[str, str], ...] = (
    ("开通", "关闭"), ("开启", "关闭"), ("打开", "关闭"), ("开通", "取消"), ("启用", "停用"), ("启用", "禁用"),
    ("开户", "销户"), ("转入", "转出"), ("转账给", "收到转账"), ("存", "取"), ("充值", "提现"), ("存款", "贷款"),
    ("增加", "减少"), ("提高", "降低"), ("上调", "下调"), ("调高", "调低"), ("升级", "降级"), ("上涨", "下跌"),
    ("绑定", "解绑"), ("绑定", "解除"), ("激活", "注销"), ("注册", "注销"), ("挂失", "解挂"), ("冻结", "解冻"),
    ("锁定", "解锁"), ("屏蔽", "解除"), ("添加", "删除"), ("新增", "删除"), ("加入", "退出"), ("登录", "退出"),
    ("登录", "注册"), ("发货", "收货"), ("寄件", "收件"), ("寄出", "收到"), ("收款", "付款"), ("退货", "换货"), ("退款", "付款"),
    ("买", "卖"), ("购买", "出售"), ("借", "还"), ("借款", "还款"), ("导入", "导出"), ("上传", "下载"), ("上架", "下架"),
    ("订阅", "退订"), ("安装", "卸载"), ("连接", "断开"), ("之前", "之后"), ("以前", "以后"), ("最高", "最低"),
    ("最大", "最小"), ("最多", "最少"), ("最早", "最晚"), ("首次", "末次"), ("国内", "国外"), ("境内", "境外"),
    ("国内", "国际"), ("线上", "线下"), ("个人", "企业"), ("个人", "公司"), ("成人", "儿童"), ("信用卡", "借记卡"),
    ("信用卡", "储蓄卡"), ("实体", "虚拟"), ("纸质", "电子"), ("活期", "定期"), ("白天", "晚上"), ("上午", "下午"),
    ("工作日", "周末"), ("公开", "私密"), ("允许", "禁止"), ("接受", "拒绝"), ("同意", "拒绝"), ("成功", "失败"),
    ("开始", "结束"), ("暂停", "恢复"), ("暂停", "继续"), ("显示", "隐藏"), ("新", "旧"), ("快", "慢"), ("早", "晚"),
    ("今天", "明天"), ("今天", "昨天"), ("明天", "昨天"), ("上个月", "下个月"), ("上个月", "这个月"), ("这个月", "下个月"),
    ("上個月", "下個月"), ("上周", "下周"), ("上周", "这周"), ("本月", "上月"), ("本月", "下月"), ("去年", "今年"), ("今年", "明年"),
    ("上线", "下线"), ("关上", "打开"), ("关掉", "打开"), ("开通", "关掉"), ("發票", "收據"), ("发票", "收据"), ("关闭", "恢复"),
    ("開通", "關閉"), ("開啟", "關閉"), ("打開", "關閉"), ("轉入", "轉出"), ("增加", "減少"), ("解約", "開設"), ("解約", "開通"),
    ("前", "后"), ("前", "後"), ("之前", "之後"), ("以前", "以後"), ("大于", "小于"), ("高于", "低于"), ("多收", "少收"), ("左", "右"),
    ("充电", "放电"), ("早上", "晚上"), ("中午", "晚上"), ("签收", "拒签"), ("零上", "零下"), ("開門", "關門"), ("開通", "暫停"),
    ("收费", "免费"), ("会员", "非会员"), ("自动", "手动"), ("同城", "异地"), ("本人", "他人"), ("男", "女"),
)  # fmt: skip

OPPOSITES: tuple[tuple[str, str], ...] = (
    ("open", "close"), ("opening", "closing"), ("enable", "disable"), ("activate", "deactivate"), ("on", "off"),
    ("add", "remove"), ("add", "delete"), ("create", "delete"), ("in", "out"), ("increase", "decrease"),
    ("increase", "reduce"), ("raise", "lower"), ("higher", "lower"), ("more", "less"), ("buy", "sell"),
    ("deposit", "withdraw"), ("deposit", "withdrawal"), ("topup", "withdraw"), ("send", "receive"), ("sent", "received"),
    ("sending", "receiving"), ("incoming", "outgoing"), ("credit", "debit"), ("lock", "unlock"), ("freeze", "unfreeze"),
    ("block", "unblock"), ("before", "after"), ("minimum", "maximum"), ("min", "max"), ("first", "last"),
    ("upgrade", "downgrade"), ("domestic", "international"), ("login", "logout"), ("import", "export"),
    ("upload", "download"), ("connect", "disconnect"), ("subscribe", "unsubscribe"), ("personal", "business"),
    ("physical", "virtual"), ("cash", "cheque"), ("cash", "card"), ("atm", "transfer"), ("install", "uninstall"),
    ("accept", "decline"), ("accepted", "declined"), ("accept", "reject"), ("allow", "forbid"), ("start", "stop"),
    ("start", "end"), ("pause", "resume"), ("show", "hide"), ("new", "old"), ("early", "late"), ("free", "paid"),
    ("refund", "payment"), ("return", "exchange"), ("lost", "found"), ("lend", "borrow"), ("adult", "child"),
    ("weekday", "weekend"), ("morning", "evening"), ("online", "offline"), ("automatic", "manual"), ("link", "unlink"),
    ("ingresar", "retirar"), ("abrir", "cerrar"), ("activar", "desactivar"), ("ouvrir", "fermer"), ("activer", "désactiver"),
    ("öffnen", "schließen"), ("aktivieren", "deaktivieren"), ("attivare", "disattivare"), ("aprire", "chiudere"),
    ("today", "tomorrow"), ("today", "yesterday"), ("tomorrow", "yesterday"), ("last", "next"), ("this", "next"),
    ("invoice", "receipt"), ("أغلق", "أفتح"), ("إغلاق", "فتح"), ("تفعيل", "إلغاء"), ("খুলব", "বন্ধ"), ("खोलें", "बंद"),
    ("ouverture", "fermeture"), ("eröffnen", "schließen"), ("eröffnen", "kündigen"), ("mở", "đóng"), ("bật", "tắt"),
    ("buka", "tutup"), ("aktifkan", "nonaktifkan"), ("aç", "kapat"), ("otworzyć", "zamknąć"), ("włączyć", "wyłączyć"),
    ("otevřít", "zavřít"), ("abrir", "fechar"), ("ativar", "desativar"), ("openen", "sluiten"), ("بستن", "باز"),
    ("left", "right"), ("inbound", "outbound"), ("include", "exclude"), ("including", "excluding"), ("paid", "unpaid"),
    ("monthly", "yearly"), ("husband", "wife"), ("increase", "lower"), ("raise", "reduce"), ("am", "pm"), ("am", "p.m"), ("a.m", "pm"),
    ("antes", "después"), ("más", "menos"), ("crédito", "débito"), ("abro", "cierro"), ("avant", "après"), ("plus", "moins"),
    ("crédit", "débit"), ("vor", "nach"), ("mehr", "weniger"), ("öffne", "schließe"), ("einschalten", "ausschalten"),
    ("prima", "dopo"), ("più", "meno"), ("apro", "chiudo"), ("antes", "depois"), ("mais", "menos"), ("voor", "na"), ("meer", "minder"),
    ("open", "sluit"), ("przed", "po"), ("před", "po"), ("trước", "sau"), ("önce", "sonra"), ("açarım", "kapatırım"),
    ("sebelum", "sesudah"), ("sebelum", "setelah"), ("membuka", "menutup"), ("до", "после"), ("قبل", "بعد"), ("باز", "بسته"),
    ("פותחים", "סוגרים"), ("открыть", "закрыть"), ("включить", "выключить"), ("включить", "отключить"), ("купить", "продать"),
)  # fmt: skip

DENIALS_HAN = ("不", "没", "沒", "未", "无法", "无需", "无", "無", "别", "勿", "非", "否")
ASKED_BOTH_WAYS = ("是不是", "能不能", "可不可以", "会不会", "要不要", "有没有", "有沒有", "會不會", "沒想到", "無論", "行不行", "好不好", "对不对", "用不用",
                   "需不需要", "是否", "能否", "可否", "有无", "不知道", "不好意思", "没想到", "无论", "不管", "非常")  # fmt: skip
"""Hold a word that denies and deny nothing."""
DENIALS = frozenset(
    "not no never none neither nor without cannot cant dont doesnt didnt isnt wasnt arent wont wouldnt couldnt havent "
    "hasnt hadnt unable nothing failed fails fail no nunca sin ningún jamás ne pas sans jamais aucun rien nicht kein keine "
    "keinen nie ohne niet geen nooit zonder non senza mai não nunca sem не нет без никогда нельзя ikke inte не ні nie bez "
    "değil yok olmadan tidak bukan tanpa belum không chưa لا لم لن ليس بدون غير ما نمی نیست بدون नहीं مت نہیں לא אין בלי".split()
)
DENIAL_ENDINGS = (
    "n't",
    "नहीं",
    "ない",
    "ません",
    "なかった",
    "ませんでした",
    "지 않",
    "안 되",
    "안돼",
    "못",
    "없",
    "ไม่",
    "ບໍ່",
    "មិន",
    "မ",
)

ASKING_HAN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("when", ("什么时候", "何时", "几点", "哪天", "多会儿")),
    ("how long", ("多久", "多长时间", "几天", "多少天", "多少时间")),
    ("how much", ("多少钱", "多少", "几个", "几次", "几张")),
    ("why", ("为什么", "为何", "怎么还没", "怎么还不", "为啥", "什么原因")),
    ("where", ("哪里", "哪儿", "在哪", "何处")),
    ("who", ("谁", "哪位")),
    ("which", ("哪个", "哪些", "哪种", "哪家")),
    ("how", ("怎么", "如何", "怎样", "咋")),
    ("when", ("いつ", "언제", "เมื่อไหร่", "เมื่อไร", "कब")),
    ("where", ("どこ", "어디", "ที่ไหน", "कहाँ", "कहां")),
    ("why", ("なぜ", "どうして", "왜", "ทำไม", "क्यों")),
    ("who", ("誰", "だれ", "누가", "누구", "कौन")),
)  # fmt: skip
"""The first that is found counts; longer wordings stand before shorter."""
ASKING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("how long", ("how long", "how many days", "how soon", "how quickly")),
    ("how much", ("how much", "how many", "what is the fee", "what are the fees")),
    ("when", ("when", "cuándo", "quand", "wann", "quando", "wanneer", "когда", "kiedy", "kdy", "متى")),
    ("why", ("why", "por qué", "pourquoi", "warum", "wieso", "perché", "por que", "waarom", "почему", "dlaczego", "proč", "لماذا")),
    ("where", ("where", "dónde", "où", "wo", "dove", "onde", "waar", "где", "gdzie", "kde", "أين")),
    ("who", ("who", "whom", "whose", "quién", "wer", "chi", "quem", "кто", "kto", "kdo")),
    ("which", ("which",)),
    ("how", ("how",)),
)  # fmt: skip

COUNTING = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30, "hundred": 100, "thousand": 1000, "twice": 2,
    "once": 1, "half": 0.5, "second": 2, "third": 3,
}  # fmt: skip
OPPOSITES_WITHIN: tuple[tuple[str, str], ...] = (
    ("เปิด", "ปิด"), ("열", "닫"), ("켜", "끄"), ("해지", "가입"), ("입금", "출금"), ("開設", "解約"), ("入金", "出金"), ("有効", "無効"),
    ("खोल", "बंद"), ("पहले", "बाद"), ("के साथ", "के बिना"), ("খুল", "বন্ধ"), ("ก่อน", "หลัง"), ("ใกล้", "ไกล"), ("前払い", "後払い"),
    ("片道", "往復"), ("税抜", "税込"), ("午前", "午後"), ("ログイン", "ログアウト"), ("返品", "交換"), ("返金", "交換"), ("開設", "凍結"),
    ("오전", "오후"), ("이전", "이후"), ("로그인", "로그아웃"), ("무료", "유료"), ("남성", "여성"), ("편도", "왕복"), ("ເປີດ", "ປິດ"), ("បើក", "បិទ"), ("ဖွင့်", "ပိတ်"),
)  # fmt: skip
"""Of scripts without spaces: found anywhere, the longer before what it holds."""
NO_COUNT = ("一下", "一直", "一样", "一般", "一起", "一些", "一定", "一共", "万一", "十分", "统一", "唯一", "同一", "一会",
            "一旦", "三方", "一键", "一卡通", "四川", "百度", "千万", "万事", "一分钱", "星期", "周一")  # fmt: skip

UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("yuan", ("元", "块钱", "人民币", "rmb", "cny", "yuan", "¥")),
    ("dollar", ("美元", "美金", "usd", "dollar", "dollars", "$")),
    ("euro", ("欧元", "eur", "euro", "euros", "€")),
    ("pound", ("英镑", "gbp", "pounds", "£")),
    ("yen", ("日元", "日圆", "jpy", "yen")),
    ("hong kong dollar", ("港元", "港币", "hkd")),
    ("minute", ("分钟", "minute", "minutes")),
    ("hour", ("小时", "钟头", "hour", "hours")),
    ("day", ("天", "工作日", "day", "days")),
    ("week", ("周", "星期", "week", "weeks")),
    ("month", ("个月", "月份", "month", "months")),
    ("year", ("年", "year", "years")),
    ("gram", ("克", "gram", "grams")),
    ("kilogram", ("公斤", "千克", "kg", "kilogram", "kilograms")),
    ("metre", ("米", "metre", "metres", "meter", "meters")),
    ("kilometre", ("公里", "千米", "km", "kilometres", "kilometers")),
    ("megabyte", ("mb", "megabyte", "megabytes")),
    ("gigabyte", ("gb", "gigabyte", "gigabytes")),
    ("per cent", ("%", "percent", "百分之")),
)  # fmt: skip
