"""GET /docs: the routes to read and to try, in a page that loads nothing from outside.

It does not know the routes; the page reads them from /openapi.json.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse

PAGE = Path(__file__).with_name("reference.html")

router = APIRouter(include_in_schema=False)


@router.get("/docs", response_class=HTMLResponse)
async def reference() -> HTMLResponse:
    return HTMLResponse(PAGE.read_bytes())
