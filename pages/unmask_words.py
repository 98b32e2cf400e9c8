"""The words of a transcript's head, in Chinese and English: whose it is, and how to see what was masked."""

from collections.abc import Mapping

UNMASK_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "transcript_customer": "客户化名",
        "transcript_asker": "提问者",
        "transcript_rights": "要导出或删除这位客户的全部数据，请凭化名到“系统”页操作。",
        "unmask": "查看原文",
        "unmask_why": "为什么需要查看？",
        "unmask_hint": "请写 5 到 500 个字。查看人、客户和原因都会记入审计。",
        "unmask_reason_unfit": "请写明原因，5 到 500 个字。",
        "unmask_shown": "正在显示原文，已记入审计",
        "unmask_back": "重新隐去个人信息",
    },
    "en": {
        "transcript_customer": "Customer's pseudonym",
        "transcript_asker": "Asked by",
        "transcript_rights": "To export or erase everything kept of this customer, "
        "use the pseudonym on the System tab.",
        "unmask": "Show the original",
        "unmask_why": "Why do you need to see it?",
        "unmask_hint": "5 to 500 characters. Who looked, at whose data and why goes into the audit.",
        "unmask_reason_unfit": "Please give a reason of 5 to 500 characters.",
        "unmask_shown": "Showing the original; this is in the audit",
        "unmask_back": "Back to the masked view",
    },
}
