"""The words of the System tab's audit, in Chinese and English: every act, every place where it may break, and why."""

import re
from collections.abc import Mapping

from core.security import Verdict

AUDIT_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "system_audit": "审计记录",
        "system_audit_purpose": "谁在什么时候做了什么、涉及哪位客户、出于什么原因。记录只增不改，前后相扣。",
        "audit_verify": "校验",
        "audit_verify_purpose": "逐条核对审计记录和保存的每一行数据，查明有没有人在小Q 之外改过。",
        "audit_whole": "完好无损。",
        "audit_checked": "已核对 {entries} 条审计记录、{rows} 行数据，没有发现改动。",
        "audit_anchor": "锚点（最后一条的编号和摘要）。请另存一份：将来凭它能证明末尾的记录没有被删掉。",
        "audit_broken": "校验未通过：第一处断裂在{place}。",
        "audit_before": "在此之前已核对 {count} 项，均完好。",
        "audit_advice": "请先原样备份一份留证，再与已有的备份比对，不要急着修改数据。",
        "audit_no_anchors": "无法读取锚点文件，请检查 XIAOQ_AUDIT_ANCHOR 指向的文件：路径、读取权限，以及每一行的格式。",
        "audit_show": "查看",
        "audit_older": "更早的记录",
        "audit_newest": "回到最新",
        "audit_empty": "没有符合条件的审计记录。请换一种操作，或放宽时间范围。",
        "audit_at": "时间",
        "audit_actor": "操作者",
        "audit_act": "操作",
        "audit_object": "对象",
        "audit_subject": "客户化名",
        "audit_reason": "原因",
        "audit_begun": "开始",
        "audit_done": "完成",
        "audit_failed": "未通过",
        "actor_key": "密钥“{name}”",
        "actor_local": "本机调用",
        "actor_cli": "命令行 {name}",
        "actor_xiaoq": "小Q",
        "actor_starter": "示例资料",
        "actor_stranger": "未登录的人",
        "act_signed_in": "登录",
        "act_sign_in_failed": "登录失败",
        "act_locked_out": "暂停登录",
        "act_signed_out": "退出登录",
        "act_account_created": "添加操作员",
        "act_account_changed": "修改操作员",
        "act_key_created": "生成密钥",
        "act_key_changed": "修改密钥",
        "act_key_revoked": "作废密钥",
        "act_transcript_read": "查看对话",
        "act_unmasked": "查看隐去的个人信息",
        "act_exported": "导出",
        "act_customer_exported": "导出客户数据",
        "act_customer_erased": "删除客户数据",
        "act_retention": "到期清理",
        "act_line_changed": "修改业务线",
        "act_knowledge_changed": "修改知识库",
        "act_golden_changed": "修改标准问题",
        "act_prompt_changed": "修改提示词版本",
        "act_prompt_published": "发布提示词版本",
        "act_prompt_rolled_back": "回滚提示词版本",
        "act_experiment_started": "开始 A/B 测试",
        "act_experiment_stopped": "停止 A/B 测试",
        "act_experiment_promoted": "采用 A/B 测试的胜出版本",
        "act_words_changed": "修改敏感词",
        "act_master_key_rotated": "更换主密钥",
        "act_backed_up": "备份",
        "act_restored": "从副本恢复",
        "act_verified": "校验",
        "place_audit": "审计记录第 {what} 条",
        "place_conversation": "对话 {what}",
        "place_turn": "问答 {what}",
        "place_subject": "客户 {what} 的密钥",
        "place_table": "数据表 {what}",
        "place_seal_total": "数据表 seal_total 的 {what}",
        "place_key_ring": "密钥环",
        "place_database": "数据库",
    },
    "en": {
        "system_audit": "Audit",
        "system_audit_purpose": "Who did what, when, with whose data and why. Entries are only ever added, each chained "
        "to the one before.",
        "audit_verify": "Verify",
        "audit_verify_purpose": "Goes through every entry and every stored row, and finds out whether anybody changed "
        "them behind XiaoQ's back.",
        "audit_whole": "All is whole.",
        "audit_checked": "Audit entries checked: {entries}. Stored rows checked: {rows}. Nothing was changed.",
        "audit_anchor": "The anchor: number and digest of the last entry. Keep it somewhere else; with it you can prove "
        "later that no entry was cut off the end.",
        "audit_broken": "Verification failed. The first broken link is {place}.",
        "audit_before": "Checked before it and whole: {count}.",
        "audit_advice": "Before you change anything, keep a copy of the data as it is now, then compare it with your "
        "backups.",
        "audit_no_anchors": "The file of anchors cannot be read. Please check what XIAOQ_AUDIT_ANCHOR names: its path, "
        "its rights, and the form of each line.",
        "audit_show": "Show",
        "audit_older": "Older entries",
        "audit_newest": "Back to the newest",
        "audit_empty": "No entries match. Choose another action or a longer period.",
        "audit_at": "Time",
        "audit_actor": "Who",
        "audit_act": "What",
        "audit_object": "Object",
        "audit_subject": "Customer",
        "audit_reason": "Reason",
        "audit_begun": "begun",
        "audit_done": "done",
        "audit_failed": "failed",
        "actor_key": "Key “{name}”",
        "actor_local": "This machine",
        "actor_cli": "Command line, {name}",
        "actor_xiaoq": "XiaoQ",
        "actor_starter": "Sample content",
        "actor_stranger": "Not signed in",
        "act_signed_in": "Signed in",
        "act_sign_in_failed": "Failed to sign in",
        "act_locked_out": "Locked out",
        "act_signed_out": "Signed out",
        "act_account_created": "Added an operator",
        "act_account_changed": "Changed an operator",
        "act_key_created": "Made a key",
        "act_key_changed": "Changed a key",
        "act_key_revoked": "Revoked a key",
        "act_transcript_read": "Read a conversation",
        "act_unmasked": "Saw masked details",
        "act_exported": "Exported",
        "act_customer_exported": "Exported a customer's data",
        "act_customer_erased": "Erased a customer's data",
        "act_retention": "Deleted what was due",
        "act_line_changed": "Changed a business line",
        "act_knowledge_changed": "Changed knowledge",
        "act_golden_changed": "Changed golden questions",
        "act_prompt_changed": "Changed a prompt version",
        "act_prompt_published": "Published a prompt version",
        "act_prompt_rolled_back": "Rolled a prompt back",
        "act_experiment_started": "Started an A/B test",
        "act_experiment_stopped": "Stopped an A/B test",
        "act_experiment_promoted": "Promoted the winner of an A/B test",
        "act_words_changed": "Changed sensitive words",
        "act_master_key_rotated": "Changed the master key",
        "act_backed_up": "Backed up",
        "act_restored": "Restored a copy",
        "act_verified": "Verified",
        "place_audit": "audit entry {what}",
        "place_conversation": "conversation {what}",
        "place_turn": "turn {what}",
        "place_subject": "the key of customer {what}",
        "place_table": "table {what}",
        "place_seal_total": "{what} in the table seal_total",
        "place_key_ring": "the key ring",
        "place_database": "the database",
    },
}

_WHY: Mapping[str, str] = {
    r"This entry was put in: entries are counted from 1\.": "这条记录是后来插入的：编号从 1 开始。",
    r"This entry is missing\.": "这条记录不见了。",
    r"This entry was changed, put in, or put in another one's place\.": "这条记录被改动、插入，或顶替了别的记录。",
    r"This entry is not the one whose digest was kept elsewhere\.": "这条记录与另存的锚点不符。",
    r"Entries up to (\d+) were cut off: their digests were kept elsewhere\.": (
        "直到第 {} 条的记录被删掉了：它们的锚点另有存底。"
    ),
    (
        r"Entries (\d+) to (\d+) of before the restore of (\S+ \S+) UTC are gone with the database that it replaced\."
    ): "恢复（UTC 时间 {2}）之前的第 {0} 至 {1} 条记录，已随被替换的数据库一起失去，无法核对。",
    r"It holds a value of another kind\.": "其中有类型不对的内容。",
    r"A key of the ring was changed\.": "密钥环里的一个密钥被改动。",
    r"A key of the ring is missing\.": "密钥环里缺少一个密钥。",
    r"The key was changed, or is another's\.": "密钥被改动，或换成了别人的。",
    r"Its owner's key is missing\.": "所属客户的密钥不见了。",
    r"It was changed\.": "内容被改动。",
    r"A row of it was changed, added or taken away\.": "其中有一行被改动、增加或删除。",
    r"Its answer was changed\.": "回答被改动。",
    r"It holds rows that belong to no conversation\.": "其中有不属于任何对话的行。",
    r"It names other customers than the conversations do\.": "其中登记的客户与对话里的不一致。",
    r"A whole conversation was added, taken away or put back\.": "有整段对话被增加、删除或放回。",
}
"""A verification's reasons, which are English, in Chinese."""


def broken_place(verdict: Verdict, say: Mapping[str, str]) -> str:
    """Where a verification broke, for a person."""
    kind, _, what = verdict.place.partition(" ")
    known = say.get(f"place_{kind}")
    return known.format(what=what) if known else verdict.place


def broken_reason(verdict: Verdict, language: str) -> str:
    """Why it broke; a reason that nobody translated is shown as it is."""
    if language.startswith("zh"):
        for pattern, chinese in _WHY.items():
            if found := re.fullmatch(pattern, verdict.reason):
                return chinese.format(*found.groups())
    return verdict.reason
