"""Whether a question says who asks. Names are not masked, and an answer repeats them: it is for nobody else to keep.

Knows phrases and no grammar: one too many costs a generation, one too few keeps a name for a day.
"""

import re

_BY_NAME = re.compile(
    "我叫|我姓|敝姓|我的名字|我名叫|姓名是|my name|i am called|i'm called|call me |name's |je m'appelle|mon nom|me llamo|mi nombre|"
    "me chamo|meu nome|mi chiamo|mio nome|ich hei(?:ß|ss)e|mein name|ik heet|mijn naam|меня зовут|мо[её] имя|моя фамилия|"
    "nazywam się|mam na imię|jmenuj[iu] |mé jméno|benim ad|benim ism|(?:^| )ad[ıi]m |اسمي|اسم من|نام من|שמי |קוראים לי|"
    "と申します|といいます|私の名前|名前は|제 이름|내 이름|라고 합니다|라고 해요|tên tôi|tôi tên|tên em|em tên|tên mình|mình tên|ชื่อ|"
    "nama saya|nama aku|pangalan ko|akong ngalan|ako si |मेरा नाम|আমার নাম|میرا نام|ຂ້ອຍຊື່|ខ្ញុំឈ្មោះ|နာမည်"
)


def introduces(form: str) -> bool:
    """Of a question in the form of pipelines/normalised.py."""
    return _BY_NAME.search(form) is not None
