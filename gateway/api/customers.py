"""/api/customers/{customer}: all that is kept of one customer, to be given to them or erased.

It does not know what is kept where. A customer's name may hold anything, slashes too, percent-encoded.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints
from starlette.responses import Response

from core.access import Principal
from core.errors import Forbidden
from gateway.auth import PrivacyOfficer, Use
from gateway.schema import Customer
from pipelines.subject import erase_customer, export_customer

router = APIRouter(prefix="/api/customers", tags=["Customers"])

Named = Annotated[
    Customer,
    Path(description="As programs name them (`user`), or the pseudonym that transcripts show."),
]
Reason = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)],
    Query(description="Why, such as the number of the customer's request; the audit keeps it."),
]


@router.get("/{customer:path}", response_class=Response)
async def export(
    customer: Named,
    principal: PrivacyOfficer,
    services: Use,
    reason: Reason = "",
    download: Annotated[bool, Query(description="true: as a file to be saved.")] = False,
) -> Response:
    """Everything of this customer in their own words, and nothing of anybody else."""
    _check_every_line(principal)
    data = await export_customer(services, principal.actor, customer, reason)
    headers = {"Cache-Control": "no-store"}
    if download:
        headers["Content-Disposition"] = 'attachment; filename="xiaoq-customer.json"'
    return Response(orjson.dumps(data), media_type="application/json", headers=headers)


@router.delete("/{customer:path}")
async def erase(
    customer: Named, principal: PrivacyOfficer, services: Use, reason: Reason = ""
) -> dict[str, Any]:
    """Erase all of this customer, for good: `{customer, erased: {table: rows}}`."""
    _check_every_line(principal)
    return {
        "customer": customer,
        "erased": dict(await erase_customer(services, principal.actor, customer, reason)),
    }


def _check_every_line(principal: Principal) -> None:
    """What is kept of a customer lies on every line. Raises Forbidden."""
    if principal.line is not None:
        raise Forbidden(
            f"This sign-in belongs to the line '{principal.line}'; a customer's data is on all of them."
        )
