"""Why a file was not read, or what was left out of it: one sentence a reason, in English and in Chinese.

A stored sentence is English; `in_language` finds its reason again, so that a door can show it in the reader's
language. It knows no format and no file.
"""

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple


class Reason(NamedTuple):
    """Templates with the same fields in braces."""

    en: str
    zh: str


REASONS: Mapping[str, Reason] = {
    # --- no passages at all
    "empty": Reason("{name} is empty.", "{name} 是空文件。"),
    "no_text": Reason("{name} holds no text.", "{name} 里没有文字。"),
    "format": Reason(
        "{name} is in a format that is not read; use {formats}.",
        "{name} 的格式不受支持，请改用 {formats}。",
    ),
    "picture": Reason(
        "{name} is a picture; run text recognition (OCR) on it and upload the text.",
        "{name} 是图片，请先做文字识别（OCR）再上传文字。",
    ),
    "legacy": Reason(
        "{name} is in an old Office format; save it as {advice} and upload it again.",
        "{name} 是旧版 Office 格式，请另存为 {advice} 后重新上传。",
    ),
    "macros": Reason(
        "{name} is a document with macros; save it as {advice} and upload it again.",
        "{name} 是带宏的文档，请另存为 {advice} 后重新上传。",
    ),
    "not_what": Reason(
        "{name} is not {kind}, whatever its name says.", "{name} 的扩展名与内容不符：它不是 {kind} 文件。"
    ),
    "binary": Reason("{name} is not a text file, whatever its name says.", "{name} 不是文本文件。"),
    "encoding": Reason(
        "The encoding of {name} was not recognised; save it as UTF-8 and upload it again.",
        "无法识别 {name} 的编码，请另存为 UTF-8 后重新上传。",
    ),
    "locked": Reason(
        "{name} is locked with a password; remove it and upload the file again.",
        "{name} 设有密码，请解除密码后重新上传。",
    ),
    "damaged": Reason(
        "{name} is damaged and could not be read; save it anew and upload it again.",
        "{name} 已损坏，无法读取，请重新保存后上传。",
    ),
    "damaged_at": Reason(
        "{name} is damaged at line {line}; mend it and upload it again.",
        "{name} 第 {line} 行有错误，请修正后重新上传。",
    ),
    "scan": Reason(
        "{name} holds scanned pages without text; run text recognition (OCR) on it first.",
        "{name} 全是扫描页，没有文字，请先做文字识别（OCR）。",
    ),
    "unpacks": Reason(
        "{name} unpacks to far more than its size; it is not read.",
        "{name} 解压后远大于其体积，未读取。",
    ),
    "dtd": Reason(
        "{name} declares a document type (DTD), which is not read; remove the DOCTYPE and upload it again.",
        "{name} 含有文档类型声明（DTD），不予读取，请删除 DOCTYPE 后重新上传。",
    ),
    "too_deep": Reason(
        "{name} is nested more than {depth} levels deep; it is not read.",
        "{name} 的嵌套超过 {depth} 层，未读取。",
    ),
    "no_rows": Reason("{name} has no rows below its header.", "{name} 的表头下面没有数据行。"),
    "no_table": Reason(
        "{name} is no table; choose columns for a csv, tsv, xlsx, json or jsonl file.",
        "{name} 不是表格，只有 csv、tsv、xlsx、json、jsonl 文件可以选择列。",
    ),
    "no_column": Reason("{name} has no column {column}.", "{name} 里没有“{column}”这一列。"),
    "no_field": Reason(
        "Say which columns of {name} hold the question and the answer.",
        "请指定 {name} 中哪一列是问题、哪一列是答案。",
    ),
    "no_pair": Reason(
        "{name} has no row with both a question and an answer that could be read; first: {first}",
        "{name} 里没有一行同时有可读的问题和答案。首个问题：{first}",
    ),
    "broken_table": Reason(
        "{name} is not a readable table: its quotes or its rows are broken.",
        "{name} 不是可读的表格：引号或行有错误。",
    ),
    "too_large": Reason(
        "{name} is larger than {size} MB; split it and upload the parts.",
        "{name} 超过 {size} MB，请拆分后上传。",
    ),
    "memory": Reason(
        "{name} needs more than {size} MB to read; split it and upload the parts.",
        "读取 {name} 需要超过 {size} MB 内存，请拆分后上传。",
    ),
    "time": Reason(
        "{name} takes too long to read; split it and upload the parts.",
        "读取 {name} 用时过长，请拆分后上传。",
    ),
    "none_inside": Reason(
        "None of the files in {name} could be read; first: {first}",
        "{name} 里的文件都无法读取。首个原因：{first}",
    ),
    # --- a file of sensitive words
    "words_format": Reason(
        "{name} is no list of words; save it as txt with one word a line, or as csv.",
        "{name} 不是词表，请另存为每行一个词的 txt，或 csv。",
    ),
    "words_none": Reason("There is no word in it that could be looked for.", "里面没有可以用来匹配的词。"),
    "words_many": Reason(
        "A list takes {most} words; split it into several lists.",
        "一个词表最多 {most} 个词，请拆成几个词表。",
    ),
    "words_full": Reason(
        "All lists together take {most} words; delete some first.",
        "所有词表合计最多 {most} 个词，请先删除一些。",
    ),
    "words_lists": Reason(
        "There are {most} lists already; delete one first.", "已有 {most} 个词表，请先删除一个。"
    ),
    "words_table": Reason(
        "The table is broken at line {line}; check its quotes there.",
        "表格第 {line} 行有错误，请检查那里的引号。",
    ),
    "words_action": Reason(
        "Line {line} names an action that there is not; use block, replace, handoff or flag.",
        "第 {line} 行的处理方式无法识别，请用 拦截、替换、转人工 或 标记。",
    ),
    "words_cell": Reason(
        "Line {line} has a category or a replacement of more than {most} characters.",
        "第 {line} 行的类别或替换文字超过 {most} 个字符。",
    ),
    "words_kinds": Reason(
        "The file holds more than {most} combinations of category, action and replacement; use fewer.",
        "文件里类别、处理方式和替换文字的组合超过 {most} 种，请减少一些。",
    ),
    # --- left out of a file that was read
    "read_as": Reason(
        "{name} was read as {kind}, which it is, whatever its name says.",
        "{name} 的扩展名与内容不符，已按 {kind} 读取。",
    ),
    "scanned_pages": Reason(
        "{count} pages hold no text and were left out (pages {pages}); run text recognition (OCR) on them.",
        "{count} 页没有文字（第 {pages} 页），未读取，请先做文字识别（OCR）。",
    ),
    "scanned_page": Reason(
        "Page {page} holds no text and was left out; run text recognition (OCR) on it.",
        "第 {page} 页没有文字，未读取，请先做文字识别（OCR）。",
    ),
    "broken_pages": Reason(
        "Pages that could not be read were left out: {pages}.", "以下页面无法读取，已略过：第 {pages} 页。"
    ),
    "pages_left": Reason(
        "Only the first {read} of {count} pages were read; split the file to have the rest read.",
        "共 {count} 页，只读取了前 {read} 页，请拆分文件以读取其余部分。",
    ),
    "tables_left": Reason(
        "Tables from page {page} on were read as plain text, because finding them took too long.",
        "从第 {page} 页起，表格按普通文字读取，因为识别用时过长。",
    ),
    "hidden_sheet": Reason("The hidden sheet {sheet} was left out.", "隐藏的工作表“{sheet}”未读取。"),
    "broken_sheet": Reason(
        "The sheet {sheet} could not be read and was left out.", "工作表“{sheet}”无法读取，已略过。"
    ),
    "no_values": Reason(
        "The sheet {sheet} has {count} formulas without a stored value; open and save the file once.",
        "工作表“{sheet}”有 {count} 个公式没有保存计算结果，请打开文件保存一次后再上传。",
    ),
    "rows_left": Reason(
        "Only the first {limit} rows of {table} were read; split it to have the rest read.",
        "{table} 只读取了前 {limit} 行，请拆分以读取其余部分。",
    ),
    "columns_left": Reason(
        "Only the first {limit} of {count} columns of {table} were read.",
        "{table} 共有 {count} 列，只读取了前 {limit} 列。",
    ),
    "chunks_left": Reason(
        "Only the first {limit} passages were kept; split the file to have the rest read.",
        "只保留了前 {limit} 段，请拆分文件以读取其余部分。",
    ),
    "rest_left": Reason(
        "The file was read up to {place}; split it to have the rest read.",
        "文件读取到 {place} 为止，请拆分以读取其余部分。",
    ),
    "open_quote": Reason(
        "Row {row} opens a quote that is never closed, so that everything after it became part of that row.",
        "第 {row} 行有一个引号没有闭合，后面的内容都被当成了这一行。",
    ),
    "no_answer": Reason("Row {row} has no answer and was left out.", "第 {row} 行没有答案，已略过。"),
    "no_question": Reason("Row {row} has no question and was left out.", "第 {row} 行没有问题，已略过。"),
    "bad_date": Reason(
        "Row {row} has a date that is not like 2026-11-30 and was left out.",
        "第 {row} 行的日期不是 2026-11-30 这样的格式，已略过。",
    ),
    "dates_swapped": Reason(
        "Row {row} ends before it begins and was left out.", "第 {row} 行的结束日期早于开始日期，已略过。"
    ),
    "bad_status": Reason(
        "Row {row} has a status that is neither draft nor approved; it is kept as a draft.",
        "第 {row} 行的状态既不是草稿也不是已发布，按草稿保存。",
    ),
    "more_notes": Reason(
        "{count} more remarks of this kind were left out.", "还有 {count} 条类似说明未列出。"
    ),
    "bad_record": Reason("Line {row} is no JSON and was left out.", "第 {row} 行不是 JSON，已略过。"),
    "entry": Reason("In {entry}: {reason}", "{entry}：{reason}"),
    "archive_inside": Reason(
        "{entry} is an archive inside the archive and was left out.", "{entry} 是压缩包里的压缩包，未读取。"
    ),
    "entry_name": Reason(
        "{entry} has a name that leads out of the archive; only its last part is used.",
        "{entry} 的路径指向压缩包之外，只保留了文件名。",
    ),
    "entries_left": Reason(
        "Only the first {limit} of {count} files were read.", "共有 {count} 个文件，只读取了前 {limit} 个。"
    ),
    # --- on the way in, before or after reading
    "unopened": Reason(
        "{name} cannot be opened; check that it is there and readable.",
        "无法打开 {name}，请确认文件存在且可读。",
    ),
    "bytes_gone": Reason(
        "The bytes of {name} are no longer here; upload it again.",
        "{name} 的内容已不在服务器上，请重新上传。",
    ),
    "name_taken": Reason(
        "Another document is named {name}; rename the file, or replace that document instead.",
        "已有另一个文档名为 {name}，请给文件改名，或改为替换那个文档。",
    ),
    "removed_meanwhile": Reason(
        "{name} was removed while it was being stored; upload it again if you want it back.",
        "{name} 在保存过程中被删除，如仍需要请重新上传。",
    ),
    "here_already": Reason(
        "The same file is here already under the name {name}.", "同一个文件已经以 {name} 的名字收录。"
    ),
    "stopped": Reason(
        "The upload was stopped before {name} was read; upload it again.",
        "读取 {name} 之前上传已停止，请重新上传。",
    ),
    "personal_data": Reason(
        "Personal data found and hidden: {count}.",
        "发现并隐去个人信息 {count} 处。",
    ),
    # --- a comparison
    "not_served": Reason(
        "The model's server has no model {model}, so another would answer in its name; it has: {models}.",
        "模型服务中没有名为 {model} 的模型；由其他模型代答，对比就没有意义。现有模型：{models}。",
    ),
    "our_fault": Reason(
        "Something went wrong on our side while {name} was read; the log has the cause.",
        "读取 {name} 时我们这边出了问题，原因已记入日志。",
    ),
    # --- a table of golden questions
    "golden_no_question": Reason(
        "The question is empty.",
        "问题是空的。",
    ),
    "golden_question_long": Reason(
        "The question has more than {limit} characters.",
        "问题超过了 {limit} 个字符。",
    ),
    "golden_reference_long": Reason(
        "The reference answer has more than {limit} characters.",
        "参考答案超过了 {limit} 个字符。",
    ),
    "golden_list_long": Reason(
        "A list takes {most} entries of {limit} characters.",
        "每栏最多 {most} 条，每条不超过 {limit} 个字符。",
    ),
    "golden_language": Reason(
        "'{tag}' is no language tag such as zh, en or zh-Hant.",
        "“{tag}”不是语言代码，应写成 zh、en 或 zh-Hant 这样。",
    ),
    "golden_mode": Reason(
        "'{mode}' is no mode of an answer to a golden question; there are {modes}.",
        "标准问题没有“{mode}”这种回答方式，可用的有 {modes}。",
    ),
    "golden_length": Reason(
        "The greatest length is a whole number from 1 to {limit}.",
        "最多字数须是 1 到 {limit} 的整数。",
    ),
    "golden_no_column": Reason(
        "there is no column 'question' (问题)",
        "没有“问题”（question）这一列。",
    ),
    "golden_no_number": Reason(
        "'max_characters' is no whole number",
        "“最多字数”（max_characters）不是整数。",
    ),
    "golden_astray": Reason(
        "it has a cell without a column; put quotes around a text with commas",
        "有一格没有对应的列；带逗号的文字请用引号括起来。",
    ),
    "golden_asked_twice": Reason(
        "row {row} asks the same; put what is expected into one row",
        "和第 {row} 行是同一个问题，请把条件写进同一行。",
    ),
    "golden_alike": Reason(
        "without personal data it asks the same as row {row}; put what is expected into one row",
        "去掉个人信息后和第 {row} 行是同一个问题，请把条件写进同一行。",
    ),
    "golden_many": Reason(
        "a line takes {limit} golden questions",
        "一条业务线最多 {limit} 个标准问题。",
    ),
    "golden_none": Reason(
        "the table holds no question",
        "表格里没有问题。",
    ),
    "golden_doubled": Reason(
        "several columns are '{name}': {columns}; keep one",
        "有几列都是“{name}”：{columns}，请只留一列。",
    ),
    "golden_sheet": Reason(
        "the sheet '{sheet}' has questions, too, and only the first one is read; put all on one sheet",
        "工作表“{sheet}”里也有问题，但只会读取第一张；请把问题放到同一张工作表里。",
    ),
    "golden_passage": Reason(
        "its passage is not in this line's knowledge; clear passage_id",
        "指定的段落不在这条业务线的知识库里，请清空 passage_id。",
    ),
}


def sentence(reason: str, language: str = "en", /, **values: object) -> str:
    """The reason's sentence with its fields filled in."""
    known = REASONS[reason]
    return (known.zh if language.startswith("zh") else known.en).format(**values)


def in_language(text: str, language: str) -> str:
    """A stored English sentence in the reader's language; one of no known reason comes back as it is."""
    if not language.startswith("zh"):
        return text
    for reason, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            values = {
                key: in_language(value, language) if key in ("reason", "first") else value
                for key, value in found.groupdict().items()
            }
            return sentence(reason, language, **values)
    return text


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Sentences that begin with fixed text first, then by its length: a general one must not take a particular."""
    patterns = []
    for reason, known in REASONS.items():
        pieces = re.split(r"\{(\w+)\}", known.en)
        fixed = sum(map(len, pieces[::2]))
        body = "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
        patterns.append(((not pieces[0], -fixed), reason, re.compile(body, re.DOTALL)))
    return [(reason, pattern) for _, reason, pattern in sorted(patterns, key=lambda entry: entry[0])]
