"""The words of files in the console's chat, in Chinese and English; console_words.py puts them with the rest."""

from collections.abc import Mapping

FILE_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "attach": "添加文件",
        "attached": "这段对话里的文件",
        "attach_reading": "正在读取…",
        "attach_partial": "部分内容未读取",
        "attach_remove": "移除",
        "attach_dismiss": "关闭提示",
        "error_attachment_too_large": "文件超过 10 MB，请压缩或拆分后再添加。",
        "error_attachment_too_long": "文件的内容太多，请只添加需要的部分。",
        "error_too_many_attachments": "一段对话最多 5 个文件，请先移除一个。",
        "error_document_rejected": "没能读取：可能有密码、已损坏、只有扫描图片，或格式不支持。",
    },
    "en": {
        "attach": "Add files",
        "attached": "Files in this conversation",
        "attach_reading": "Reading…",
        "attach_partial": "parts not read",
        "attach_remove": "Remove",
        "attach_dismiss": "Dismiss",
        "error_attachment_too_large": "The file is larger than 10 MB. Make it smaller or split it.",
        "error_attachment_too_long": "The file holds too much text. Add only the part you need.",
        "error_too_many_attachments": "A conversation holds up to 5 files. Remove one first.",
        "error_document_rejected": "It couldn't be read: it may be locked, damaged, only a scan, or of a kind that is "
        "not read.",
    },
}
