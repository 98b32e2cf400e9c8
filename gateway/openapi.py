"""The document at /openapi.json: what FastAPI reads from the routes, and what it cannot see of them.

That is how callers sign in, which errors each door answers with, and the shapes of the replies. It does not know
how a route works; the tests send what the document allows, and what it forbids, and compare.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from gateway import experiment_shapes as experiments
from gateway import golden_shapes as golden
from gateway import key_shapes as keys
from gateway import line_shapes as lines
from gateway import privacy_shapes as privacy
from gateway import prompt_shapes as prompts
from gateway import reply_shapes as shapes
from gateway import text_shapes as texts
from gateway import word_shapes as words
from gateway.session import COOKIE

MEANINGS: Mapping[int, str] = {
    400: "The request is not valid; `param` names what is wrong with it.",
    401: "No key, or none that is known here.",
    403: "The key's role or its business line does not allow this.",
    404: "What the address or the body names does not exist, or is not the caller's.",
    409: "It is there already, or it changed meanwhile.",
    413: "The body is larger than this route takes.",
    422: "What was sent is well formed and will not do; the message says why.",
    429: "Too many requests; try again after `Retry-After` seconds.",
    500: "Something broke on our side; the log has it under the request id.",
    502: "The model stopped in the middle of its answer.",
    503: "A part of the service is not available just now.",
    504: "The model did not answer in time.",
}
EVERYWHERE = (400, 401, 403, 429, 500, 503)
OF_A_MODEL = (502, 504)

REPLIES: Mapping[str, Any] = {
    "GET /healthz": shapes.HealthReply,
    "GET /readyz": shapes.ReadyReply,
    "GET /v1/models": shapes.ModelsReply,
    "GET /v1/models/{model}": shapes.ModelShape,
    "POST /v1/chat/completions": shapes.CompletionReply,
    "POST /v1/responses": shapes.ResponseReply,
    "POST /v1/completions": texts.TextReply,
    "POST /v1/embeddings": texts.EmbeddingsReply,
    "GET /api/lines": lines.LinesReply,
    "POST /api/lines": lines.LineShape,
    "GET /api/lines/{line_id}": lines.LineShape,
    "PATCH /api/lines/{line_id}": lines.LineShape,
    "POST /api/lines/{line_id}/copy": lines.LineShape,
    "POST /api/lines/import": lines.LineShape,
    "POST /api/lines/{line_id}/documents": shapes.FilesReply,
    "GET /api/lines/{line_id}/documents": shapes.DocumentsReply,
    "POST /api/lines/{line_id}/documents/preview": shapes.PreviewReply,
    "GET /api/lines/{line_id}/documents/{document_id}": shapes.DocumentShape,
    "PUT /api/lines/{line_id}/documents/{document_id}": shapes.FilesReply,
    "GET /api/lines/{line_id}/documents/{document_id}/passages": shapes.PassagesReply,
    "GET /api/jobs/{job_id}": shapes.JobReply,
    "POST /api/lines/{line_id}/faq": shapes.FilesReply,
    "GET /api/lines/{line_id}/faq": shapes.PairsReply,
    "PATCH /api/lines/{line_id}/faq/{pair_id}": shapes.PairShape,
    "GET /api/lines/{line_id}/experiments": experiments.ExperimentsReply,
    "POST /api/lines/{line_id}/experiments": experiments.ExperimentShape,
    "GET /api/experiments/{experiment_id}": experiments.ExperimentReply,
    "POST /api/experiments/{experiment_id}/stop": experiments.ExperimentReply,
    "POST /api/experiments/{experiment_id}/promote": experiments.ExperimentReply,
    "GET /api/lines/{line_id}/prompts": prompts.PromptsReply,
    "POST /api/lines/{line_id}/prompts": prompts.PromptShape,
    "POST /api/lines/{line_id}/prompts/rollback": prompts.RollbackReply,
    "GET /api/lines/{line_id}/prompts/{version}": prompts.PromptShape,
    "PATCH /api/lines/{line_id}/prompts/{version}": prompts.PromptShape,
    "POST /api/lines/{line_id}/prompts/{version}/candidate": prompts.PromptShape,
    "POST /api/lines/{line_id}/prompts/{version}/retire": prompts.PromptShape,
    "POST /api/lines/{line_id}/prompts/{version}/publish": prompts.PublicationReply,
    "GET /api/lines/{line_id}/prompts/{version}/diff": prompts.DiffReply,
    "GET /api/lines/{line_id}/golden": golden.GoldenReply,
    "POST /api/lines/{line_id}/golden": golden.AddedGoldenReply,
    "POST /api/lines/{line_id}/golden/import": golden.ImportedReply,
    "GET /api/lines/{line_id}/golden/proposals": golden.ProposalsReply,
    "POST /api/lines/{line_id}/golden/proposals": golden.ProposedReply,
    "POST /api/lines/{line_id}/golden/proposals/{proposal_id}/accept": golden.GoldenShape,
    "GET /api/lines/{line_id}/evaluations": golden.EvaluationsReply,
    "POST /api/lines/{line_id}/evaluations": golden.EvaluationShape,
    "GET /api/evaluations/{evaluation_id}": golden.EvaluationReply,
    "POST /api/evaluations/{evaluation_id}/stop": golden.EvaluationShape,
    "POST /api/lines/{line_id}/prompts/{version}/override": golden.OverriddenReply,
    "POST /api/lines/{line_id}/search": shapes.SearchReply,
    "POST /api/lines/{line_id}/similar": lines.CalibrationReply,
    "POST /api/lines/{line_id}/inspect": words.InspectReply,
    "GET /api/words": words.WordListsReply,
    "POST /api/words": words.FilledListReply,
    "POST /api/words/try": words.TriedReply,
    "GET /api/words/hits": words.HitsReply,
    "GET /api/words/{list_id}": words.WordListShape,
    "PATCH /api/words/{list_id}": words.FilledListReply,
    "POST /api/words/{list_id}/upload": words.UploadedWordsReply,
    "POST /api/attachments": shapes.AttachmentsReply,
    "POST /api/conversations/{conversation_id}/attachments": shapes.AttachmentsReply,
    "GET /api/conversations/{conversation_id}/attachments": shapes.AttachmentsReply,
    "POST /api/feedback": shapes.FeedbackReply,
    "GET /api/conversations": shapes.ConversationsReply,
    "GET /api/conversations/{conversation_id}": shapes.ConversationReply,
    "POST /api/conversations/{conversation_id}/unmask": shapes.ConversationReply,
    "GET /api/customers/{customer}": privacy.CustomerReply,
    "DELETE /api/customers/{customer}": privacy.ErasedReply,
    "GET /api/audit": privacy.AuditReply,
    "POST /api/audit/verify": privacy.VerdictReply,
    "GET /api/me": shapes.MeReply,
    "GET /api/accounts": shapes.AccountsReply,
    "POST /api/accounts": shapes.AccountShape,
    "PATCH /api/accounts/{account_id}": shapes.AccountShape,
    "GET /api/keys": keys.KeysReply,
    "POST /api/keys": keys.NewKeyReply,
    "PATCH /api/keys/{key_id}": keys.KeyShape,
}
"""The shape of a route's reply. A route that is not named here answers with an object of its own making."""

EVENTS = "text/event-stream"
FILES: Mapping[str, tuple[str, ...]] = {
    "GET /metrics": ("text/plain",),
    "POST /api/lines/{line_id}/playground": (EVENTS,),
    "GET /api/lines/{line_id}/documents/{document_id}/content": ("application/octet-stream",),
    "GET /api/faq-template": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
    ),
    "GET /api/export/transcripts.csv": ("text/csv",),
    "GET /api/lines/{line_id}/export": ("application/yaml",),
    "GET /api/words/{list_id}/words.txt": ("text/plain",),
    "GET /api/lines/{line_id}/golden/export": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
        "application/x-ndjson",
    ),
}
"""Routes that answer with something other than JSON."""
STREAMED = ("POST /v1/chat/completions", "POST /v1/responses", "POST /v1/completions")
LATER = ("POST /api/lines/{line_id}/documents", "PUT /api/lines/{line_id}/documents/{document_id}")
"""With `wait=false` they answer 202 and a job."""
CHECKED = ("POST /api/lines/{line_id}/prompts/{version}/publish",)
"""Golden questions may be asked first: then they answer 202, in the same shape."""

TEXT = {"schema": {"type": "string"}}
FILE = {"schema": {"type": "string", "format": "binary"}}
YAML = {"schema": {"type": "object"}}
OPENAI_ERROR = {
    "type": "object",
    "description": "OpenAI's envelope.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
                "request_id": {"type": "string"},
            },
            "required": ["message", "type", "param", "code"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
PLAIN_ERROR = {
    "type": "object",
    "description": "`code` is stable and for programs; `message` is for people.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "param": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
                "request_id": {"type": "string"},
            },
            "required": ["code", "message", "request_id"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
SIGN_IN = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "`python app.py key create --name NAME --role ROLE` prints one. Until the first key is "
        "made, calls from this machine need none.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "An operator who is signed in to the console.",
    },
}


class DocumentedApi(FastAPI):
    """FastAPI, with a whole document of its routes."""

    _document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        if self._document is None:
            self._document = completed(deepcopy(super().openapi()))
        return self._document


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with sign-in, errors and the shapes of replies. It is changed in place."""
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = SIGN_IN
    parts["schemas"], references = _shapes()
    parts["responses"] = _errors("OpenAI", "OpenAIError") | _errors("", "Error")
    parts["headers"] = {"x-request-id": {"required": True, "schema": {"type": "string"}}}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            _without_null(operation)
            operation["responses"] = _replies(name, operation, references) | _refusals(path, operation)
            operation["security"] = _sign_in(path)
    return document


def _shapes() -> tuple[dict[str, Any], dict[str, Any]]:
    """Every named schema, and the reference to each reply's by its route."""
    wanted = [(name, "serialization", TypeAdapter(shape)) for name, shape in REPLIES.items()]
    job = ("job", "serialization", TypeAdapter(shapes.JobReply))
    found, rest = TypeAdapter.json_schemas([*wanted, job], ref_template="#/components/schemas/{model}")  # type: ignore[list-item]
    references = {name: schema for (name, _), schema in found.items()}
    return rest["$defs"] | {"OpenAIError": OPENAI_ERROR, "Error": PLAIN_ERROR}, references


def _errors(door: str, schema: str) -> dict[str, Any]:
    return {f"{door}{status}": _error(status, meaning, schema) for status, meaning in MEANINGS.items()}


def _error(status: int, meaning: str, schema: str) -> dict[str, Any]:
    headers: dict[str, Any] = _headers()
    if status == 401:
        headers["WWW-Authenticate"] = {"required": True, "schema": {"type": "string"}}
    if status in (429, 503):
        headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 0}}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": meaning, "headers": headers, "content": content}


def _headers() -> dict[str, Any]:
    return {"x-request-id": {"$ref": "#/components/headers/x-request-id"}}


def _content(kind: str) -> dict[str, Any]:
    if kind == "application/yaml":
        return YAML
    if kind == EVENTS:
        return {}
    return TEXT if kind.startswith("text/") else FILE


def _replies(name: str, operation: dict[str, Any], references: Mapping[str, Any]) -> dict[str, Any]:
    """What a route answers when all goes well."""
    status, given = next(iter(operation["responses"].items()))
    reply: dict[str, Any] = {"description": given["description"], "headers": _headers()}
    if name in references:
        reply["content"] = {"application/json": {"schema": references[name]}}
    elif name in FILES:
        reply["content"] = {kind: _content(kind) for kind in FILES[name]}
    elif "content" in given:
        reply["content"] = given["content"]
    if name in STREAMED:
        reply["content"][EVENTS] = {}
    replies = {status: reply}
    if name in LATER:
        job = {"application/json": {"schema": references["job"]}}
        replies["202"] = {
            "description": "The job that tells how it goes on.",
            "headers": _headers(),
            "content": job,
        }
    if name in CHECKED:
        replies["202"] = reply | {
            "description": "Golden questions are asked first; the run tells how it goes."
        }
    if name == "GET /readyz":
        replies["503"] = reply | {"description": "Not ready; the parts say which one."}
    return replies


MAY_CONFLICT = ("{version}", "{experiment_id}", "/similar")
"""In the address of what is done without a body and may come too early or too late."""


def _refusals(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The errors of a route that needs a sign-in, by reference; none for a supervisor's."""
    if not path.startswith(("/v1/", "/api/")):
        return {}
    statuses = set(EVERYWHERE)
    kinds = operation.get("requestBody", {}).get("content", {})
    if "{" in path or kinds:
        statuses.add(404)
    if kinds:
        statuses |= {409, 413, 422}
    if any(part in path for part in MAY_CONFLICT):
        statuses.add(409)
    if "multipart/form-data" in kinds or (kinds and path.startswith("/api/accounts")):
        statuses.add(422)
    door = "OpenAI" if path.startswith("/v1/") else ""
    if door and kinds:
        statuses |= set(OF_A_MODEL)
    return {str(status): {"$ref": f"#/components/responses/{door}{status}"} for status in sorted(statuses)}


def _sign_in(path: str) -> list[dict[str, list[str]]]:
    if path.startswith("/v1/"):
        return [{"key": []}]
    if path.startswith("/api/"):
        return [{"key": []}, {"session": []}]
    return []


def _without_null(operation: dict[str, Any]) -> None:
    """A parameter in an address is there or not there; it cannot be null, though Python's default says so."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            schema |= kinds[0]
        elif kinds:
            schema["anyOf"] = kinds
