"""The words of the customer's page in Chinese and English, and which of the two a visitor reads.

Knows nothing of the language of the answers: that follows the question.
"""

from collections.abc import Mapping
from typing import Literal

from starlette.requests import Request

from core.errors import DocumentRejected, XiaoQError
from core.reasons import REASONS, sentence

Language = Literal["zh", "en"]


def page_language(request: Request, setting: Literal["auto", "zh", "en"]) -> Language:
    """The setting if it names one, else `?lang=`, else what the browser prefers, else English."""
    if setting != "auto":
        return setting
    asked = request.query_params.get("lang", "")
    for tag in (asked, *_preferred(request.headers.get("accept-language", ""))):
        primary = tag.split("-")[0].lower()
        if primary == "zh":
            return "zh"
        if primary == "en":
            return "en"
    return "en"


def _preferred(header: str) -> list[str]:
    """The tags of an Accept-Language header, most wanted first."""
    weighted: list[tuple[float, str]] = []
    for item in header[:1000].split(","):
        tag, _, parameter = item.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((weight, tag.strip()))
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


def error_sentence(code: str, language: Language) -> str:
    """The calm sentence for an error code; an unknown code reads as our own fault."""
    sentences = ERRORS[language]
    return sentences.get(code, sentences["internal_error"])


def explained(error: XiaoQError, language: Language) -> str:
    """The calm sentence for an error; for a file that was not read, the reason itself where it is a known one."""
    if isinstance(error, DocumentRejected) and error.reason in REASONS:
        return sentence(error.reason, language, **error.values)
    return error_sentence(error.code, language)


WORDS: Mapping[Language, dict[str, str]] = {
    "zh": {
        "brand": "小Q",
        "greeting": "您好，我是小Q，有什么可以帮您？",
        "conversation": "对话",
        "suggestions": "常见问题",
        "did_you_mean": "您是不是想问：",
        "composer": "您的问题",
        "placeholder": "请输入您的问题",
        "send": "发送",
        "stop": "停止回答",
        "attach": "添加文件",
        "attach_hint": "添加文件：PDF、Word、Excel、PPT、网页或文本，每个不超过 10 MB",
        "attachments": "这段对话里的文件",
        "attach_drop": "松开即可添加文件",
        "attach_sending": "正在上传",
        "attach_reading": "正在读取",
        "attach_done": "已添加",
        "attach_partial": "部分内容没能读取",
        "attach_remove": "移除",
        "attach_removed": "已移除",
        "offline_file": "网络好像断开了，文件没有传完。恢复网络后请重新添加。",
        "attach_first": "文件没有添加成功，问题还没有发出。换个文件后重试，或直接重试。",
        "attach_lost": "之前添加的文件已经不在了，问题还没有发出。请重新添加文件，或直接重试。",
        "person": "转人工",
        "person_phrase": "转人工",
        "keys": "Enter 发送，Shift + Enter 换行",
        "notice": "智能助手可能出错，重要事项请向人工客服核实。",
        "history": "历史对话",
        "history_empty": "还没有历史对话。",
        "new": "新对话",
        "export": "保存当前对话",
        "close": "关闭",
        "delete": "删除",
        "delete_confirm": "删除后无法恢复",
        "keep": "保留",
        "deleted": "已删除",
        "you_said": "您的提问",
        "answer_label": "小Q 的回答",
        "thinking": "正在查找答案",
        "answered": "回答完毕",
        "stopped": "已停止回答",
        "interrupted": "回答中断了，内容可能不完整。",
        "offline": "网络好像断开了。您的问题还在，恢复网络后请重试。",
        "request": "请求编号",
        "sources": "参考来源",
        "copy": "复制回答",
        "copied": "已复制",
        "copy_failed": "没能复制，请手动选择文字复制。",
        "helpful": "有帮助",
        "unhelpful": "没有帮助",
        "reason": "哪里不满意？（选填）",
        "reason_send": "提交",
        "thanks": "感谢您的反馈",
        "retry": "重新回答",
        "try_again": "重试",
        "edit": "修改问题",
        "edit_send": "发送",
        "cancel": "取消",
        "latest": "回到最新",
        "mode_approved": "官方答复",
        "mode_cached": "常见问题",
        "mode_generated": "AI 生成",
        "mode_quoted": "资料原文",
        "mode_handoff": "请咨询人工",
        "mode_human": "人工客服",
        "mode_refused": "未作回答",
        "missing_title": "没有找到这个客服入口",
        "missing_text": "链接可能已经失效。您可以前往客服首页继续咨询。",
        "missing_link": "前往客服首页",
    },
    "en": {
        "brand": "XiaoQ",
        "greeting": "Hello, I'm XiaoQ. How can I help?",
        "conversation": "Conversation",
        "suggestions": "Suggested questions",
        "did_you_mean": "Did you mean:",
        "composer": "Your question",
        "placeholder": "Type your question",
        "send": "Send",
        "stop": "Stop answering",
        "attach": "Add files",
        "attach_hint": "Add files: PDF, Word, Excel, PowerPoint, web pages or text, up to 10 MB each",
        "attachments": "Files in this conversation",
        "attach_drop": "Drop to add files",
        "attach_sending": "Uploading",
        "attach_reading": "Reading",
        "attach_done": "Added",
        "attach_partial": "Parts couldn't be read",
        "attach_remove": "Remove",
        "attach_removed": "Removed",
        "offline_file": "You seem to be offline, and the file didn't get through. Add it again once you're connected.",
        "attach_first": "The file couldn't be added, so your question hasn't been sent. Add another file or just try "
        "again.",
        "attach_lost": "The files you added are no longer there, so your question hasn't been sent. Add them again or "
        "just try again.",
        "person": "Talk to a person",
        "person_phrase": "Talk to a person",
        "keys": "Enter to send, Shift + Enter for a new line",
        "notice": "XiaoQ is an automated assistant and can be wrong. Check anything important with our team.",
        "history": "Earlier conversations",
        "history_empty": "No earlier conversations yet.",
        "new": "New conversation",
        "export": "Save this conversation",
        "close": "Close",
        "delete": "Delete",
        "delete_confirm": "This can't be undone",
        "keep": "Keep",
        "deleted": "Deleted",
        "you_said": "Your question",
        "answer_label": "XiaoQ's answer",
        "thinking": "Looking for the answer",
        "answered": "Answer complete",
        "stopped": "Stopped",
        "interrupted": "The answer was cut off and may be incomplete.",
        "offline": "You seem to be offline. Your question is still here; try again once you're connected.",
        "request": "Request",
        "sources": "Sources",
        "copy": "Copy answer",
        "copied": "Copied",
        "copy_failed": "Couldn't copy. Please select the text and copy it yourself.",
        "helpful": "Helpful",
        "unhelpful": "Not helpful",
        "reason": "What was wrong? (optional)",
        "reason_send": "Submit",
        "thanks": "Thanks for your feedback",
        "retry": "Answer again",
        "try_again": "Try again",
        "edit": "Edit question",
        "edit_send": "Send",
        "cancel": "Cancel",
        "latest": "Jump to latest",
        "mode_approved": "Approved answer",
        "mode_cached": "Common question",
        "mode_generated": "AI-generated",
        "mode_quoted": "Quoted from our documents",
        "mode_handoff": "For our team",
        "mode_human": "From our team",
        "mode_refused": "Not answered",
        "missing_title": "We couldn't find this support page",
        "missing_text": "The link may be out of date. You can still ask on our main support page.",
        "missing_link": "Go to the main support page",
    },
}

ERRORS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "internal_error": "抱歉，我们这边出了点问题，请稍后重试。",
        "invalid_request": "这条请求没有发送完整，请刷新页面后重试。",
        "question_empty": "请先输入问题。",
        "question_too_long": "问题太长了，请控制在 4000 字以内。",
        "too_large": "内容太长了，请精简后再发送。",
        "attachment_too_large": "这个文件超过了 10 MB，请压缩或拆分后再添加。",
        "attachment_too_long": "这个文件的内容太多了，请只添加需要的部分。",
        "too_many_attachments": "一段对话最多添加 5 个文件，请先移除一个。",
        "document_rejected": "没能读取这个文件：可能有密码、已损坏、只有扫描图片，或格式不支持。",
        "forbidden": "请在客服页面内操作。如果您就在客服页面，请刷新后重试。",
        "not_found": "没有找到这段对话，可能已被删除。",
        "conflict": "这段对话刚刚有了变化，请刷新页面后重试。",
        "storage_unavailable": "服务暂时无法保存对话，请稍后重试。",
        "engine_unavailable": "暂时无法生成回答，请稍后重试，或转人工咨询。",
        "engine_timeout": "回答等待太久了，请稍后重试，或转人工咨询。",
        "engine_busy": "现在咨询的人较多，请稍后重试。",
        "overloaded": "现在咨询的人较多，请稍后重试。",
        "server_shutdown": "服务正在重启，请稍后再问一次。",
        "engine_broken": "回答中断了，内容可能不完整，请重试。",
        "engine_rejected": "这个问题暂时无法回答，请换个说法，或转人工咨询。",
        "context_length_exceeded": "这段对话太长了，请开始新对话后再问。",
    },
    "en": {
        "internal_error": "Sorry, something went wrong on our side. Please try again in a moment.",
        "invalid_request": "That didn't come through complete. Please reload the page and try again.",
        "question_empty": "Please type a question first.",
        "question_too_long": "That question is too long. Please keep it under 4,000 characters.",
        "too_large": "That is too long. Please shorten it and send it again.",
        "attachment_too_large": "This file is larger than 10 MB. Please make it smaller or split it.",
        "attachment_too_long": "This file holds too much text. Please add only the part you need.",
        "too_many_attachments": "A conversation holds up to 5 files. Please remove one first.",
        "document_rejected": "We couldn't read this file. It may be locked, damaged, only a scan, or of a kind we don't "
        "read.",
        "forbidden": "This only works on our support page. If you're on it now, please reload and try again.",
        "not_found": "We couldn't find this conversation. It may have been deleted.",
        "conflict": "This conversation has just changed. Please reload the page and try again.",
        "storage_unavailable": "We can't save conversations right now. Please try again in a moment.",
        "engine_unavailable": "We can't answer right now. Please try again shortly, or talk to a person.",
        "engine_timeout": "The answer is taking too long. Please try again shortly, or talk to a person.",
        "engine_busy": "A lot of people are asking right now. Please try again in a moment.",
        "overloaded": "A lot of people are asking right now. Please try again in a moment.",
        "server_shutdown": "The service is restarting. Please ask again in a moment.",
        "engine_broken": "The answer was cut off and may be incomplete. Please try again.",
        "engine_rejected": "We can't answer that as asked. Please rephrase it, or talk to a person.",
        "context_length_exceeded": "This conversation has become too long. Please start a new one.",
    },
}
