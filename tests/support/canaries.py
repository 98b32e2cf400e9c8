"""Personal data of every kind, planted to see where it turns up again: one value a kind, and how to look for it."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

CANARIES: Mapping[str, str] = {
    "phone": "13958271046",
    "landline": "0571-87654329",
    "id_card": "11010519491231002X",
    "bank_card": "6222600260001072444",
    "passport": "E73518264",
    "permit": "H08517326",
    "credit_code": "91330106MA2CFLDE6X",
    "plate": "浙A7Q2X9",
    "email": "wangxiaomei77@qq.com",
    "wechat": "meimei_wx8812",
    "qq": "873516204",
    "address": "杭州市西湖区文三路478号华星时代广场A座1703室",
    "iban": "DE89370400440532013000",
    "card": "4539578763621486",
    "foreign phone": "+44 7911 123456",
}
"""None of them is anybody's: made up to pass their checks, or an issuer's own example."""

SENTENCE = (
    "我叫王小美，手机{phone}，座机{landline}，身份证{id_card}，银行卡号{bank_card}，护照号{passport}，"
    "港澳通行证{permit}，公司统一社会信用代码{credit_code}，车牌{plate}，邮箱{email}，微信号{wechat}，QQ号{qq}，"
    "住在{address}。My IBAN is {iban}, card {card}, phone {foreign phone}. 我的订单为什么还没发货?"
).format_map(dict(CANARIES))


def leaks(data: bytes) -> Iterator[str]:
    """The kinds whose canary stands in these bytes, in any encoding a store or a log might use."""
    for kind, value in CANARIES.items():
        for spelling in {value, value.replace("-", "").replace(" ", "")}:
            if any(form in data for form in _encoded(spelling)):
                yield kind
                break


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below the folder; all anew where the running app took one away meanwhile, since another may have come."""
    while True:
        with suppress(FileNotFoundError):
            return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leaks_in_files(folder: Path) -> dict[str, set[str]]:
    """The files below the folder that hold a canary, with its kinds."""
    found = {str(path): set(leaks(content)) for path, content in contents(folder).items()}
    return {path: kinds for path, kinds in found.items() if kinds}


def _encoded(text: str) -> Iterator[bytes]:
    yield text.encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield text.encode("gb18030")
    if not text.isascii():
        yield text.encode("unicode_escape")
    raw = text.encode()
    for shift in range(3):  # base64 of a text that begins anywhere in its group of three bytes
        whole = base64.b64encode(b"\0" * shift + raw)
        yield whole[4 if shift else 0 : -4]
