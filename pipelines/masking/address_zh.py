"""Recognises Chinese street addresses: a road and a number, or a building, a unit and a room.

Starts from what every address has in its middle and reads outwards; knows provinces and large cities by name.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking.candidates import Candidate

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_FIGURES = "0-9一二三四五六七八九十百零〇两壹贰叁肆伍陆柒捌玖拾"
_NUMBER = rf"(?:[A-Za-z]?[{_FIGURES}]{{1,8}}[A-Za-z]?)"
_GAP = r"[ \n]?"
_STRONG = "大道|大街|路|街|巷|弄|胡同|马路|公路|国道|省道|条|道"
_WEAK = "社区|小区|新村|园区|开发区|工业区|工业园|科技园|产业园|里|坊|村|屯|庄|镇|乡|组|队|区|院|苑|园|段"
_PART = "号楼|號樓|号院|號院|号|號|弄|栋|棟|幢|座|单元|單元|室|层|層|楼|樓|房|户|戶|门|排|铺|梯|期|F|#"
ROAD = re.compile(
    rf"(?:(?P<road>{_STRONG})(?:[东西南北中]段?|[一二三四五六七八九十]{{1,2}}段|[(][东西南北中]段?[)])?|(?P<weak>{_WEAK})){_GAP}(?:门牌)?(?:第|附)?"
    rf"{_NUMBER}(?:{_GAP}[\-之/、]{_GAP}{_NUMBER})?{_GAP}(?P<sign>号楼|号院|号|號|弄|巷|#|栋|幢|组|队|社|座)"
)
BUILDING = re.compile(
    rf"(?<![{_FIGURES}])(?:{_NUMBER}|(?<![A-Za-z])[A-Za-z]){_GAP}(?:栋|棟|幢|号楼|號樓|座|单元|單元|#楼?|号院)(?:{_GAP}-?{_GAP}{_NUMBER}{_GAP}(?:单元|單元|门|梯|层|層|楼|栋|幢|座))?"
    rf"{_GAP}-?{_GAP}[A-Za-z]?[{_FIGURES}]{{1,5}}(?:-[0-9]{{1,4}}){{0,2}}(?:{_GAP}(?:室|号房|号|號|房|户|戶|层|楼|单元)|(?![0-9{_HAN}A-Za-z]))"
)
SIGN = re.compile(rf"[号號弄巷#栋棟幢组队社座单單](?:(?<=[{_FIGURES}A-Za-z].)|(?<=[{_FIGURES}A-Za-z][ \n].))")
"""What every `ROAD` and `BUILDING` has; most texts have none, and to look for it takes a tenth of the time."""
COMPOUND = re.compile(
    rf"(?P<name>小区|花园|家园|公寓|新村|大厦|广场|宿舍|家属院|苑|庭|府|湾|城|公馆|名邸|雅居|华府|中心){_GAP}"
    rf"(?:[0-9]{{1,3}}(?:[#\-][0-9]{{1,4}}){{1,3}}|(?:[A-Za-z]|{_NUMBER}){_GAP}(?:栋|棟|幢|座|号楼|號樓|期|单元)?{_GAP}[0-9]{{3,4}}(?:室|房|号)?)(?![0-9元年])"
)
_MORE = re.compile(
    rf"{_GAP}[,(-]?{_GAP}(?:[{_HAN}A-Za-z]{{0,12}}?(?<![到在是我的电手]))(?:附|第)?(?:{_NUMBER}(?:[\-~/、]{_NUMBER})?|[A-Za-z]){_GAP}(?:{_PART})[)]?"
)
_TAIL = re.compile(
    rf"{_GAP}-?{_GAP}(?:[{_HAN}A-Za-z]{{1,10}}?(?:小区|花园|大厦|广场|公寓|中心|大楼|写字楼|宿舍|家园|苑|园区|科技园|产业园|工业园))?"
    rf"(?:{_GAP}-?[A-Za-z]?[0-9]{{2,5}}(?:-[0-9]{{1,4}}){{0,2}}(?:室|号|房|户)?(?![0-9元块年月日个件岁天点:@]|\.[0-9]))?"
)
_NO_ROAD = re.compile(
    r"(?:套|思|网|线|电|铁|上|走|问|迷|出|退|后|活|销|管|回|链|这|那|哪|半|同|顺|让|带|领|\A[一二两几多各]|高速公|赶|修|公交\d{0,3}|\d)路\Z"
    r"|(?:渠|频|通|轨|赛|报|知|跑|管|隧|车|味|街|行|难|公|地|厚|说|写|打交|信|甬|波|第.{0,2})道\Z|(?:上|逛|扫|这|那)街\Z|第?[0-9一二三四五六七八九十两几多这那]{1,3}条\Z|(?:这|哪|那|家|心|手|夜|日|公|故|邻|城|乡|店|眼|嘴|柜|包|箱|库|盒|袋)里\Z"
)
_LEFT = re.compile(
    rf"(?:[{_HAN}A-Za-z·]|(?<=第)[0-9]{{1,3}}|[0-9]{{1,3}}(?=[号弄院组队]|(?:大街|国道|省道))|(?<=[省市区县州旗镇乡街路京海津庆])[ ,\n](?=[{_HAN}]))*\Z"
)
_CUT = re.compile(
    r"住在|住址|居住|现居|住|位于|在(?!田)|到|寄往|发往|送往|寄|送|给|是|址|我(?!家?[庄园])|你|您|他|她|咱|的|改成|改为|换成|发货|收货|收件|邮寄|快递|请|了|吧|吗|呢"
    r"|说|叫(?!河)|把|帮|从(?!化|江)|那(?!曲|坡)|这|麻烦|一下|搬|填|写|错|为(?=[^民])|至(?!善)|往|和(?![平田县静政顺林布谐美睦浩])|或|跟|还有|以及|然后|就|去|来(?![宾安凤])|门店|公司|家(?=[省市区县])|人(?=[省市])"
)
_PLACES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
    "|广州|深圳|杭州|南京|成都|武汉|西安|苏州|长沙|郑州|青岛|大连|宁波|厦门|无锡|佛山|东莞|合肥|福州|济南|沈阳|哈尔滨|长春|昆明|南昌|贵阳|南宁|石家庄|太原|兰州|温州|泉州|珠海|海口|三亚|乌鲁木齐|呼和浩特|银川|西宁|拉萨|常州|嘉兴|绍兴|金华|台北|高雄|新北|台中"
)
_PLACE = re.compile(rf"(?:{_PLACES})(?=省|市|自治区|壮族|维吾尔|回族|特别|[{_HAN}]{{1,7}}[市区县州旗])")
_REGION = re.compile(rf"(?:{_PLACES})|[{_HAN}]{{1,6}}[省市区县州旗镇乡]")
_LABEL = re.compile(
    r"(?:地址|住址|住在|家住|寄到|送到|发到|邮寄|收货|住|搬到|location|address)[^\n。]{0,30}\Z", re.IGNORECASE
)
_ASKED = "的|了|吗|呢|吧|怎|什么|哪|想|请|附近|可以|能|要|有|没|多[少久长]|几[点天个]|办(?<!街道办)"
"""Where a question begins behind a place: 住在北京市海淀区的能办吗 is no address."""
LABELLED = re.compile(
    rf"(?:(?:地址|住址|居住地|户籍(?:所在)?地|籍贯)[是为在:：改成填写 ]{{0,5}}|住在|家住|寄到|送到|寄往|邮寄到)(?P<address>(?:{_GAP}[{_HAN}]{{2,8}}?(?:省|自治区|市|区|县|州|旗|盟)){{2,4}}{_GAP}(?:(?!{_ASKED})[{_HAN}A-Za-z0-9\-]){{2,30}})"
)
LABELLED_BEGUN = re.compile("地址|住址|居住地|户籍|籍贯|住在|家住|寄到|送到|寄往")
_WHERE_TO = re.compile("[址住寄送籍]")
_DAY = re.compile(r"(?:到货|发货|线|店|窗口|登机口|出口|站台|床|选手|球员|机|文件)")
_NOISE = re.compile(r"[\s,.，。、·]+")


def chinese_addresses(text: str) -> Iterator[Candidate]:
    """`text` is folded."""
    done = 0
    for match in _anchors(text):
        if match.start() < done:
            continue
        found = _around(text, match, done)
        if found is not None:
            done = found.end
            yield found
    if done == 0 and _WHERE_TO.search(text) is not None and LABELLED_BEGUN.search(text) is not None:
        for match in LABELLED.finditer(text):
            yield _candidate(text, match.start("address"), match.end("address"), 0.6)


def _anchors(text: str) -> Iterator[re.Match[str]]:
    patterns = (COMPOUND,) if SIGN.search(text) is None else (ROAD, COMPOUND, BUILDING)
    matches = [match for pattern in patterns for match in pattern.finditer(text)]
    yield from sorted(matches, key=lambda match: match.start())


def _around(text: str, match: re.Match[str], floor: int) -> Candidate | None:
    start = _start(text, match.start(), floor)
    end = _end(text, match.end())
    region = _REGION.match(text, start) is not None
    longer = end > match.end()
    road = match.groupdict().get("road") or match.groupdict().get("weak")
    if road is None:
        own = match.groupdict().get("name") is None or match.start() - start >= 1
        return _candidate(text, start, end, 0.85 if region or longer else 0.75) if own else None
    if match.start() - start < 1 or _NO_ROAD.search(text[start : match.start()] + road):
        return None
    strong = match["road"] is not None
    labelled = _LABEL.search(text, max(0, start - 40), start) is not None
    if not strong and not (region or longer or labelled):
        return None
    if not (region or longer or labelled) and (road in ("道", "条") or _DAY.match(text, end)):
        return None
    if match["sign"] in ("巷", "弄") and not (region or longer or labelled or match.group()[-2].isdigit()):
        return None
    if match["sign"] in ("组", "队", "社", "#", "座") and not (region or longer or labelled):
        return None
    return _candidate(text, start, end, 0.92 if region else 0.85 if longer else 0.75)


def _start(text: str, anchor: int, floor: int) -> int:
    """The left end: at most 45 characters of names, cut behind the last word that belongs to the sentence."""
    low = max(floor, anchor - 45)
    left = _LEFT.search(text, low, anchor)
    start = left.start() if left else anchor
    cut = start
    for word in _CUT.finditer(text, start, anchor):
        cut = word.end()
    place = _PLACE.search(text, cut, anchor)
    if place is not None and place.start() - cut <= 12:
        return place.start()
    while cut < anchor and text[cut] in " ,\n":
        cut += 1
    return cut


def _end(text: str, end: int) -> int:
    """The right end: further parts (院, 栋, 单元, 室), then a named building or a bare room."""
    end = _parts_end(text, end)
    tail = _TAIL.match(text, end)
    return _parts_end(text, tail.end()) if tail is not None and tail.group().strip(" -\n") else end


def _parts_end(text: str, end: int) -> int:
    for _ in range(6):
        more = _MORE.match(text, end)
        if more is None:
            break
        end = more.end()
    return end


def _candidate(text: str, start: int, end: int, confidence: float) -> Candidate:
    return Candidate(Kind.ADDRESS, start, end, confidence, _NOISE.sub("", text[start:end]).casefold())
