"""Recognises WeChat names and QQ numbers by the words before them.

A name alone looks like any other word: without those words nothing is found.
"""

import re
from collections.abc import Iterator

from core.privacy import Kind
from pipelines.masking import words
from pipelines.masking.candidates import Candidate
from pipelines.masking.folding import Folded
from pipelines.masking.shapes import NOT_BEFORE, digits

_FILL = (
    r"(?:名片|昵称|号码|号|碼|號|账号|帐号|賬號|搜索|搜|加我|加|备注|联系我|联系|聊|群|同号|就是|是|为|為|叫|我的|我|的|在这|如下|可以|请|您|你"
    r"|(?:id|number|num|no|name|account|handle|is|it's|add|me|on|my|at)(?![a-z0-9_])"
    r"|[:：=,，.\-\"'“”‘’「」『』【】\[\]\(\)（）<>《》 \n→~|*`\\])"
)
_WECHAT_WORD = r"微信|薇信|威信|徽信|魏信|微訊|微 信|卫星|v信|V信|薇芯|绿泡泡|绿色软件|加微|加v|加薇|加威|(?<![a-z0-9])(?:we ?chat|weixin|wei xin|vx|wx|v x|w x|vxin|wexin)(?![a-z0-9]*pay)"
WECHAT = re.compile(
    rf"(?:{_WECHAT_WORD}|加我(?=[ :：]?[a-z])|联系我(?=[:：]?[a-z]))(?P<fill>{_FILL}{{0,10}}+)(?P<id>(?<![a-z0-9])[a-z][a-z0-9_\-]{{5,19}})(?![a-z0-9_\-@])(?!\.[a-z])"
)
_QQ_WORD = (
    r"(?<![a-z])qq(?![a-z])|(?<=[加我的])q(?![a-z])|(?<![a-z\u4e00-\u9fff])q(?=[号:：])|"
    r"(?<![a-z0-9])q q(?![a-z])|扣扣|抠抠|叩叩|企鹅|球球|秋秋|蔻蔻|口口|扣号"
)
QQ = re.compile(
    rf"(?:{_QQ_WORD})(?P<fill>{_FILL}{{0,10}}+)(?P<id>(?<![0-9])[1-9](?:[ \-._·]{{0,2}}[0-9]){{4,10}}){NOT_BEFORE}(?![@a-z])"
)
WECHAT_NUMBER = re.compile(
    rf"(?:{_WECHAT_WORD}|加我)(?P<fill>{_FILL}{{0,10}}+)(?P<id>(?<![0-9])[1-9][0-9]{{5,11}}){NOT_BEFORE}(?![@a-z])"
)
WECHAT_BEGUN = re.compile(
    "微信|薇信|威信|徽信|魏信|微訊|微 信|卫星|v信|薇芯|绿泡泡|绿色软件|加微|加v|加薇|加威|加我|联系我"
    "|wechat|we chat|weixin|wei xin|vx|wx|v x|w x|wexin"
)
QQ_BEGUN = re.compile("q(?![a-pr-z])|扣扣|抠抠|叩叩|企鹅|球球|秋秋|蔻蔻|口口|扣号")
"""The words alone, without what must not stand beside them: looked for in a fifth of the time."""
_LABEL = re.compile(r"号|號|id|[:：=]|账|帐|叫|是|为|name|account|handle|[\"“'‘]")
_PINYIN = re.compile(
    r"(?:(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?(?:iang|uang|iong|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ui|ao|ou|iu|ie|ue|er|an|en|in|un|ia|ua|uo|a|o|e|i|u|v)){2,5}+"
)
_NO_HANDLE = re.compile(r"(?:ed|en|ing|able|ible|ly|ful|ive|ous|ic|al|ent|ant|ary|less|tion|er|ists?)\Z")
_PLAIN_WORDS = frozenset(
    "payment account official android iphone windows version client mobile wechat weixin support service please number message "
    "messages payments another contact customer because should before minutes working refund refunds online website platform "
    "update updates wallet transfer transfers notification notifications login binding verification program program's programs "
    "doesn't cannot keeps crashed crashes failed failing enabled available yesterday morning evening screen screens broken banned "
    "blocked channel channels public friend friends moments scanning scan-code article articles article developer developers "
    "company employee employees integration integrated connect connected connection button buttons option options method methods "
    "instead through without anymore already getting error errors support supported supports address picture pictures sticker "
    "stickers wechatpay alipay unionpay apple-pay pending bound unbound linked unlinked ticket tickets".split()
)


def handles(folded: Folded) -> Iterator[Candidate]:
    """All of them; overlapping ones are sorted out later."""
    wechat = WECHAT_BEGUN.search(folded.lower) is not None
    if wechat:
        yield from _names(folded.lower)
    if folded.runs:
        yield from _numbers(folded.lower, wechat)


def _names(lower: str) -> Iterator[Candidate]:
    for match in WECHAT.finditer(lower):
        name = match["id"]
        if _is_name(name, match["fill"], lower[: match.start("id")][-1:]):
            yield Candidate(Kind.WECHAT, match.start("id"), match.end("id"), 0.88, name)


def _numbers(lower: str, wechat: bool) -> Iterator[Candidate]:
    if QQ_BEGUN.search(lower) is not None:
        for match in QQ.finditer(lower):
            if not words.is_amount(lower, match.start("id"), match.end("id")):
                yield Candidate(Kind.QQ, match.start("id"), match.end("id"), 0.98, digits(match["id"]))
    if wechat:
        for match in WECHAT_NUMBER.finditer(lower):
            if not words.is_amount(lower, match.start("id"), match.end("id")):
                yield Candidate(Kind.WECHAT, match.start("id"), match.end("id"), 0.7, match["id"])


def _is_name(name: str, fill: str, last: str) -> bool:
    """A name has a figure or a stroke in it; letters alone count behind a colon, 号 or "id"."""
    if re.search(r"[0-9_]", name):
        return True
    if name in _PLAIN_WORDS:
        return False
    if ord(last) > 0x2E80 or _LABEL.search(fill) or _PINYIN.fullmatch(name):
        return True
    return "is" in fill.split() and _NO_HANDLE.search(name) is None
