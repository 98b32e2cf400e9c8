"""The console's colours, type and spacing: one accent, system fonts, light and dark.

Knows nothing of the tabs. What Gradio's theme cannot say stands in static/console/console.css.
"""

from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).parent / "static" / "console"
FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "monospace")


def console_theme() -> gr.themes.Base:
    """The base theme, which carries no decoration, with fonts that every machine has."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.gray,
        text_size=gr.themes.Size(
            name="xq", xxs="12px", xs="13px", sm="14px", md="15px", lg="16px", xl="20px", xxl="24px"
        ),
        spacing_size=gr.themes.sizes.spacing_md,
        radius_size=gr.themes.sizes.radius_md,
        font=FONTS,
        font_mono=MONO,
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_text_color="white",
        slider_color="*primary_700",
        slider_color_dark="*primary_400",
        block_border_width="1px",
        block_label_background_fill="transparent",
        block_label_border_width="0px",
        block_shadow="none",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        error_text_color="#b91c1c",
        error_text_color_dark="#fca5a5",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_800",
        link_text_color_hover_dark="*primary_200",
        link_text_color_visited="*primary_700",
        link_text_color_visited_dark="*primary_300",
    )


def console_css() -> str:
    return "".join(
        (FOLDER / name).read_text(encoding="utf-8")
        for name in (
            "console.css",
            "knowledge.css",
            "system.css",
            "trials.css",
            "golden.css",
            "versions.css",
            "line.css",
            "frequent.css",
        )
    )


def console_head() -> str:
    """The console's scripts, for the page's head: they must be there before Gradio's."""
    scripts = (
        (FOLDER / name).read_text(encoding="utf-8")
        for name in ("console.js", "tabs.js", "knowledge.js", "sections.js", "playground.js", "analytics.js")
    )
    return "".join(f"<script>{script}</script>" for script in scripts)
