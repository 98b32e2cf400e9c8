"""Where a knowledge route works: on a business line, or on what every line shares.

It does not know documents.
"""

from core.access import Principal
from core.documents import SHARED_BASE
from core.errors import Forbidden
from core.messages import BusinessLine
from gateway.api.lines import open_line
from pipelines.services import Services

SHARED = BusinessLine(id=SHARED_BASE, names={}, bases=(SHARED_BASE,))
"""The shared base, addressed as if it were a line; no line may have its id."""


async def open_place(line_id: str, principal: Principal, services: Services) -> BusinessLine:
    """The line, or `SHARED` for the id "shared", which a key bound to a line may not use.

    Raises NotFound and Forbidden.
    """
    if line_id != SHARED_BASE:
        return await open_line(line_id, principal, services)
    if principal.line is not None:
        raise Forbidden(f"This key belongs to the line '{principal.line}' and cannot change what all share.")
    return SHARED
