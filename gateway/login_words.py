"""The words of the sign-in page in Chinese and English."""

from collections.abc import Mapping

LOGIN_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "lang": "zh-CN",
        "title": "登录 小Q 控制台",
        "intro": "请输入您的账号和密码，或直接打开启动时终端里显示的登录链接。",
        "intro_first": "请输入控制台密码，或直接打开启动时终端里显示的登录链接。还没有账号，账号一栏可以不填。",
        "name": "账号",
        "label": "密码",
        "button": "登录",
        "oidc": "用{provider}登录",
        "oidc_provider": "单位账号",
        "or": "或",
        "wrong": "账号或密码不对，请再试一次。连续输错几次后，账号会暂停登录，最长五分钟。",
        "wait": "尝试次数过多，请在 {seconds} 秒后再试。",
        "oidc_failed": "没有登录成功，请再试一次。",
        "oidc_unknown": "您的身份已确认，但还没有这里的账号，请联系管理员开通。",
    },
    "en": {
        "lang": "en",
        "title": "Sign in to the XiaoQ console",
        "intro": "Enter your name and password, or open the sign-in link printed in the terminal at start.",
        "intro_first": "Enter the console password, or open the sign-in link printed in the terminal at start. "
        "There are no accounts yet, so the name may stay empty.",
        "name": "Name",
        "label": "Password",
        "button": "Sign in",
        "oidc": "Sign in with {provider}",
        "oidc_provider": "your organisation",
        "or": "or",
        "wrong": "That name or password is not right. Please try again. After several wrong tries an account "
        "rests for up to five minutes.",
        "wait": "Too many attempts. Please try again in {seconds} seconds.",
        "oidc_failed": "Signing in did not work. Please try again.",
        "oidc_unknown": "We know who you are, but there is no account for you here yet. Please ask an administrator.",
    },
}


def login_language(accepted: str, ui_language: str) -> str:
    """`zh` or `en`, by the setting or by the browser's Accept-Language."""
    if ui_language in LOGIN_WORDS:
        return ui_language
    return "zh" if accepted.strip().lower().startswith("zh") else "en"
