"""Why a file gave no passages, or not all of them, in the page's language.

The parser's reasons stand in core/reasons.py; here are those of the way in, which stores English too.
"""

import re
from collections.abc import Mapping

from core.reasons import in_language

_ON_THE_WAY: Mapping[str, str] = {
    r"The upload was stopped before this file was read; upload it again\.": "已取消，没有读取这个文件。",
    r"The same file is here already under the name (.+)\.": "同样的文件已经在这里，名为 {}。",
    r"Another document is named (.+); rename the file, or replace that document instead\.": (
        "另一份资料已经叫 {}，请给文件改名，或者直接替换那份资料。"
    ),
    r"The bytes of (.+) are no longer here; upload it again\.": "{} 的内容已不在，请重新上传。",
    r"(.+) is larger than (\d+) MB; split it and upload the parts\.": "{} 超过 {} MB，请拆分后上传。",
}


def reason_in(sentence: str, language: str) -> str:
    """The reason in the page's language; one that nobody translated is shown as it is."""
    if not language.startswith("zh"):
        return sentence
    for pattern, chinese in _ON_THE_WAY.items():
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return chinese.format(*found.groups())
    return in_language(sentence, language)
