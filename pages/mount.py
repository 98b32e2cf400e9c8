"""Puts the console into the app, dressed: theme, style, script, words."""

from fastapi import FastAPI

from pipelines.services import Services

MAX_UPLOAD = "50mb"


def mount_console(app: FastAPI, services: Services, path: str = "/") -> None:
    """Serve the console under `path`. Mount it last: it answers everything beneath its path."""
    import gradio as gr

    from pages.console import build_console, console_i18n
    from pages.theme import console_css, console_head, console_theme

    gr.mount_gradio_app(
        app,
        build_console(services),
        path=path,
        theme=console_theme(),
        css=console_css(),
        head=console_head(),
        i18n=console_i18n(services),
        footer_links=[],
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        max_file_size=MAX_UPLOAD,
    )
