"""Translates every error into the envelope of the door it came through: OpenAI's under /v1, our own elsewhere.

It does not know what causes an error; core.errors says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import InvalidRequest, NotFound, QuotaExhausted, Unfit, UnsupportedParameter, XiaoQError
from core.written import fault_of, path_of
from gateway.refused import refusal


class ClientGone(Exception):
    """Nobody is left to answer."""


OPENAI_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


class MethodNotAllowed(XiaoQError):
    code = "method_not_allowed"
    status = 405


HTTP_ERRORS: Mapping[int, XiaoQError] = {
    404: NotFound("There is nothing at this address; the routes are listed at /docs."),
    405: MethodNotAllowed("This address does not take this method; see the Allow header."),
}
"""What the router itself refuses, by status."""


def openai_error(error: XiaoQError, request_id: str = "") -> dict[str, Any]:
    """OpenAI's envelope, with an id to report: `{"error": {message, type, param, code, request_id?}}`."""
    fallback = "server_error" if error.status >= 500 else "invalid_request_error"
    kind = error.code if error.code == QuotaExhausted.code else OPENAI_TYPES.get(error.status, fallback)
    body = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
    return {"error": {**body, "request_id": request_id} if request_id else body}


def plain_error(error: XiaoQError, request_id: str) -> dict[str, Any]:
    """The envelope of /api: `{"error": {code, message, param?, details?, request_id}}`."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "request_id": request_id}
    if error.param is not None:
        body["param"] = error.param
    if error.details:
        body["details"] = [dict(detail) for detail in error.details]
    return {"error": body}


def is_openai(path: str) -> bool:
    return path == "/v1" or path.startswith("/v1/")


def error_response(path: str, error: XiaoQError, request_id: str) -> Response:
    """The answer to a request on `path` that ended in `error`. The path picks the form, nothing else."""
    content = openai_error(error, request_id) if is_openai(path) else plain_error(error, request_id)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(content), error.status, headers, "application/json")


def unknown_error(request_id: str) -> XiaoQError:
    """What a caller reads where the cause is unknown; the log holds the rest."""
    return XiaoQError(
        f"Something went wrong on our side. Please try again; if it stays, report request {request_id}."
    )


def validation_error(errors: Sequence[Any]) -> InvalidRequest:
    """The first of pydantic's errors as one of ours, with the path of the offending field as `param`."""
    first = errors[0]
    # A rule about several fields has no place of its own and names the field that can be left out.
    param = first.get("ctx", {}).get("param") or param_of(first["loc"])
    if first["type"] == "extra_forbidden":
        return UnsupportedParameter(refusal(param), param=param)
    if first["type"] == "unsupported_parameter":
        return UnsupportedParameter(first["msg"], param=param)
    if first["type"] == "unfit":
        return Unfit(f"The parameter '{param}' will not do: {first['msg']}.", param=param)
    if first["type"] == "missing":
        return InvalidRequest(f"The parameter '{param}' is missing.", param=param)
    return InvalidRequest(f"The parameter '{param}' is not valid: {fault_of(first)}.", param=param)


def param_of(location: Sequence[int | str]) -> str:
    """`("messages", 0, "role")` as OpenAI writes it: `messages[0].role`."""
    return path_of(location) or "body"


def handle_errors(app: FastAPI) -> None:
    """Install the translation for every error a route can raise."""
    app.add_exception_handler(XiaoQError, known_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientGone, gone_error)


async def known_error(request: Request, error: Exception) -> Response:
    await _look(request)
    known = error if isinstance(error, XiaoQError) else unknown_error(request.state.request_id)
    request.app.state.metrics.refused.labels(known.code).inc()
    return error_response(request.scope["path"], known, request.state.request_id)


async def _look(request: Request) -> None:
    """A refusal tells how it stands with the caller's limits, too, where one is known."""
    principal = getattr(request.state, "principal", None)
    if principal is not None and is_openai(request.scope["path"]):
        await request.app.state.gate.look(request, principal)


async def _invalid(request: Request, error: Exception) -> Response:
    await _look(request)
    found = error.errors() if isinstance(error, RequestValidationError) else []
    # FastAPI puts where a value came from (path, query, body) before its name; callers know the name.
    trimmed = [{**item, "loc": item["loc"][1:]} for item in found]
    return error_response(request.scope["path"], validation_error(trimmed), request.state.request_id)


async def gone_error(request: Request, error: Exception) -> Response:
    """Nobody reads this; the status (nginx's own for it) tells the log that nothing broke."""
    return Response(status_code=499)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = HTTP_ERRORS.get(status, InvalidRequest("The request could not be read."))
    response = error_response(request.scope["path"], known, request.state.request_id)
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response
