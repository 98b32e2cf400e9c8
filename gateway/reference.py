"""GET /docs: the routes to read and to try, in a page that loads nothing from outside.

It does not know the routes; the page reads them from /openapi.json.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from gateway.policy import page_policy

PAGE = Path(__file__).with_name("reference.html")

router = APIRouter(include_in_schema=False)


@router.get("/docs", response_class=HTMLResponse)
async def reference() -> HTMLResponse:
    page = PAGE.read_text(encoding="utf-8")
    return HTMLResponse(page, headers={"content-security-policy": page_policy(page, "'self'")})
