"""The words of signing in and out, of roles and of the System tab, in Chinese and English."""

from collections.abc import Mapping

SYSTEM_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "error_forbidden": "您的角色不能进行这项操作。",
        "error_invalid_api_key": "登录已失效，请重新登录。",
        "tab_system": "系统",
        "sign_in": "登录",
        "sign_out": "退出登录",
        "the_operator": "操作员",
        "a_visitor": "访客",
        "role_agent": "客服",
        "role_manager": "主管",
        "role_auditor": "审计",
        "role_admin": "管理员",
        "role_visitor": "访客",
        "role_caller": "程序",
    },
    "en": {
        "error_forbidden": "Your role may not do this.",
        "error_invalid_api_key": "You are no longer signed in. Please sign in again.",
        "tab_system": "System",
        "sign_in": "Sign in",
        "sign_out": "Sign out",
        "the_operator": "Operator",
        "a_visitor": "Visitor",
        "role_agent": "Agent",
        "role_manager": "Manager",
        "role_auditor": "Auditor",
        "role_admin": "Administrator",
        "role_visitor": "Visitor",
        "role_caller": "Program",
    },
}
