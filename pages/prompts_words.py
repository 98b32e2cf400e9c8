"""The words of the Prompts tab's frame, in Chinese and English; each section brings its own."""

from collections.abc import Mapping

PROMPTS_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "tab_prompts": "提示词",
        "prompts_purpose": "修改业务线的口吻，和线上版本对比，确认没有变差再发布。",
        "line_archived": "已归档",
        "line_named": "{name}（{what}）",
    },
    "en": {
        "tab_prompts": "Prompts",
        "prompts_purpose": "Change a line’s voice, try it beside the live one, and publish it once nothing gets worse.",
        "line_archived": "archived",
        "line_named": "{name} ({what})",
    },
}
