"""The words of the System tab's section on one customer's data, in Chinese and English."""

from collections.abc import Mapping

CUSTOMER_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "system_customers": "客户数据",
        "system_customers_purpose": "查询保存了一位客户的哪些数据，交给本人，或应本人要求删除。每次导出和删除都记入审计。",
        "customer_id": "客户",
        "customer_id_hint": "程序调用时传入的 user，或对话和审计记录里显示的化名（如 chat:~h5k…）。",
        "customer_reason": "原因（选填，记入审计）",
        "customer_find": "查询",
        "customer_missing": "请填写客户的 user 或化名，最多 256 个字符。",
        "customer_none": "没有保存这位客户的任何数据。请核对写法：程序传入的 user，或完整的化名。",
        "customer_bound": "您的账号只负责一条业务线，而一位客户的数据分布在所有业务线，请交给不限业务线的管理员处理。",
        "customer_pseudonyms": "化名",
        "customer_download": "下载全部数据",
        "customer_erase": "永久删除",
        "customer_erase_ask": "永久删除“{name}”的全部数据？密钥会一并销毁，任何人都无法恢复。",
        "customer_erase_ask_shared": "永久删除“{name}”的全部数据？删除后任何人都无法恢复。",
        "customer_erased": "“{name}”的数据已永久删除（{what}），密钥已一并销毁。审计记录里只留化名。",
        "customer_erased_shared": "“{name}”的数据已永久删除（{what}）。审计记录里只留化名。",
        "customer_erased_here": "“{name}”的数据已从这里永久删除，但备份的密钥没能更新，旧备份里可能仍能读出这位客户的数据。"
        "请让 XIAOQ_BACKUP_DIR 指向的文件夹可以访问，再运行 python app.py backup。",
        "kept_conversation": "对话",
        "kept_turn": "问答",
        "kept_attachment": "文件",
        "kept_vault": "隐去的个人信息",
        "kept_feedback": "评价",
        "kept_word_hit": "敏感词命中",
    },
    "en": {
        "system_customers": "Customer data",
        "system_customers_purpose": "See what is kept of one customer, give it to them, or erase it when they ask. "
        "Every export and every erasure goes into the audit.",
        "customer_id": "Customer",
        "customer_id_hint": "What your program sends as user, or the pseudonym (like chat:~h5k…) that conversations "
        "and the audit show.",
        "customer_reason": "Reason (optional, goes into the audit)",
        "customer_find": "Look up",
        "customer_missing": "Please give the customer's user or pseudonym, at most 256 characters.",
        "customer_none": "Nothing is kept of this customer. Please check the spelling: what your program sends as user, "
        "or the whole pseudonym.",
        "customer_bound": "Your account belongs to one business line, and a customer's data lies on all of them. "
        "Please ask an administrator of all lines.",
        "customer_pseudonyms": "Pseudonyms",
        "customer_download": "Download everything",
        "customer_erase": "Erase for good",
        "customer_erase_ask": "Erase everything of “{name}” for good? The key is destroyed too, so nobody can ever bring "
        "it back.",
        "customer_erase_ask_shared": "Erase everything of “{name}” for good? Nobody can ever bring it back.",
        "customer_erased": "The data of “{name}” is erased for good ({what}), and the key is destroyed. Only the "
        "pseudonym stays, in the audit.",
        "customer_erased_shared": "The data of “{name}” is erased for good ({what}). Only the pseudonym stays, in the "
        "audit.",
        "customer_erased_here": "The data of “{name}” is erased here for good, but the keys of the backups could not be "
        "renewed, so older backups may still be read. Please make the folder that XIAOQ_BACKUP_DIR names reachable and "
        "run python app.py backup.",
        "kept_conversation": "Conversations",
        "kept_turn": "Questions and answers",
        "kept_attachment": "Files",
        "kept_vault": "Masked details",
        "kept_feedback": "Ratings",
        "kept_word_hit": "Sensitive words hit",
    },
}
