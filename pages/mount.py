"""Makes the console's app, dressed: theme, style, script, words."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from pipelines.services import Services

MAX_UPLOAD = "50mb"
POLL_SECONDS = 0.01
"""How often Gradio looks for a click that waits. Its own thousand times a second cost a tenth of a core for nothing."""


async def console_app(services: Services) -> AbstractAsyncContextManager[ASGIApp]:
    """The console, to be mounted at `/`; what it gives works until it is left. Seconds, and not one `await`: run it on
    a loop that serves nobody. It needs one, since Gradio makes its locks one each where none runs, and closes none.

    What its pages call, and the documents' own page, stand in the same app, before Gradio: so that a guard around it
    is around them too. Raises TypeError where Gradio no longer mounts itself last.
    """
    import gradio as gr

    from pages.analytics_unmask import unmask_routes
    from pages.console import build_console, console_i18n
    from pages.document_page import document_routes
    from pages.knowledge_routes import knowledge_routes
    from pages.prompts import prompts_routes
    from pages.sittings import Sittings
    from pages.system import system_routes
    from pages.theme import console_css, console_head, console_theme

    console = build_console(services)
    around = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        around,
        console,
        path="/",
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
    console._queue.sleep_when_free = POLL_SECONDS
    mount = around.router.routes[-1]
    if not isinstance(mount, Mount):
        raise TypeError("Gradio no longer mounts itself last; the console's own pages have no place.")
    router = Router(
        [
            *knowledge_routes(services),
            *document_routes(services),
            *system_routes(services),
            *prompts_routes(services),
            *unmask_routes(services),
        ],
        redirect_slashes=False,
        default=Sittings(mount.app),
    )

    @asynccontextmanager
    async def working() -> AsyncGenerator[ASGIApp]:
        async with around.router.lifespan_context(around):
            yield router

    return working()
