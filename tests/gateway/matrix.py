"""Who may call what: every HTTP route and every event of the console with the right it asks for.

test_matrix.py calls them all, as everybody. A new route or event fails there until it stands here.
"""

from collections.abc import Mapping, Sequence

from core.access import Right

ASK, BROWSE, CHARTS, READ = Right.ASK, Right.BROWSE, Right.CHARTS, Right.READ
MANAGE, AUDIT, OPERATE = Right.MANAGE, Right.AUDIT, Right.OPERATE
ANYBODY = None
"""Whoever has signed in, in whatever role."""

PUBLIC: Sequence[str] = (
    "GET /openapi.json", "GET /docs", "GET /healthz", "GET /readyz", "GET /metrics",
    "GET /login", "POST /login", "POST /logout", "GET /login/openid", "GET /login/callback",
    "GET /chat", "GET /chat/state", "POST /chat/ask", "POST /chat/attach", "POST /chat/detach",
    "POST /chat/feedback", "POST /chat/forget", "GET /chat/export",
    "GET /static/customer/{name}", "GET /widget.js", "GET /favicon.ico",
)  # fmt: skip
"""Without sign-in: customers, supervisors (of this machine), and the sign-in itself."""

PROGRAMS: Mapping[str, Right] = {
    "GET /v1/models": ASK,
    "GET /v1/models/{model:path}": ASK,
    "POST /v1/chat/completions": ASK,
    "POST /v1/responses": ASK,
    "POST /v1/completions": ASK,
    "POST /v1/embeddings": ASK,
}
"""With a key; the console's cookie does not count."""

API: Mapping[str, Right | None] = {
    "GET /api/lines": ASK,
    "POST /api/lines": MANAGE,
    "GET /api/lines/{line_id}": ASK,
    "PATCH /api/lines/{line_id}": MANAGE,
    "POST /api/lines/{line_id}/documents": MANAGE,
    "GET /api/lines/{line_id}/documents": MANAGE,
    "POST /api/lines/{line_id}/documents/preview": MANAGE,
    "GET /api/lines/{line_id}/documents/{document_id}": MANAGE,
    "PUT /api/lines/{line_id}/documents/{document_id}": MANAGE,
    "DELETE /api/lines/{line_id}/documents/{document_id}": MANAGE,
    "GET /api/lines/{line_id}/documents/{document_id}/content": MANAGE,
    "GET /api/lines/{line_id}/documents/{document_id}/passages": MANAGE,
    "GET /api/jobs/{job_id}": MANAGE,
    "DELETE /api/jobs/{job_id}": MANAGE,
    "POST /api/lines/{line_id}/faq": MANAGE,
    "GET /api/lines/{line_id}/faq": MANAGE,
    "PATCH /api/lines/{line_id}/faq/{pair_id}": MANAGE,
    "GET /api/faq-template": MANAGE,
    "GET /api/lines/{line_id}/golden": MANAGE,
    "POST /api/lines/{line_id}/golden": MANAGE,
    "DELETE /api/lines/{line_id}/golden/{golden_id}": MANAGE,
    "GET /api/lines/{line_id}/experiments": MANAGE,
    "POST /api/lines/{line_id}/experiments": MANAGE,
    "GET /api/experiments/{experiment_id}": MANAGE,
    "POST /api/experiments/{experiment_id}/stop": MANAGE,
    "POST /api/experiments/{experiment_id}/promote": MANAGE,
    "GET /api/lines/{line_id}/prompts": MANAGE,
    "POST /api/lines/{line_id}/prompts": MANAGE,
    "POST /api/lines/{line_id}/prompts/rollback": MANAGE,
    "GET /api/lines/{line_id}/prompts/{version}": MANAGE,
    "PATCH /api/lines/{line_id}/prompts/{version}": MANAGE,
    "POST /api/lines/{line_id}/prompts/{version}/candidate": MANAGE,
    "POST /api/lines/{line_id}/prompts/{version}/retire": MANAGE,
    "POST /api/lines/{line_id}/prompts/{version}/publish": MANAGE,
    "GET /api/lines/{line_id}/prompts/{version}/diff": MANAGE,
    "POST /api/lines/{line_id}/search": ASK,
    "POST /api/lines/{line_id}/inspect": READ,
    "POST /api/attachments": ASK,
    "POST /api/conversations/{conversation_id}/attachments": ASK,
    "GET /api/conversations/{conversation_id}/attachments": ASK,
    "DELETE /api/conversations/{conversation_id}/attachments/{attachment_id}": ASK,
    "POST /api/feedback": ASK,
    "GET /api/conversations": READ,
    "GET /api/conversations/{conversation_id}": READ,
    "POST /api/conversations/{conversation_id}/unmask": Right.UNMASK,
    "GET /api/export/transcripts.csv": READ,
    "GET /api/customers/{customer:path}": Right.PRIVACY,
    "DELETE /api/customers/{customer:path}": Right.PRIVACY,
    "GET /api/words": MANAGE,
    "POST /api/words": MANAGE,
    "POST /api/words/try": MANAGE,
    "GET /api/words/hits": READ,
    "GET /api/words/{list_id}": MANAGE,
    "PATCH /api/words/{list_id}": MANAGE,
    "DELETE /api/words/{list_id}": MANAGE,
    "POST /api/words/{list_id}/upload": MANAGE,
    "GET /api/words/{list_id}/words.txt": MANAGE,
    "GET /api/audit": AUDIT,
    "POST /api/audit/verify": AUDIT,
    "GET /api/accounts": OPERATE,
    "POST /api/accounts": OPERATE,
    "PATCH /api/accounts/{account_id}": OPERATE,
    "GET /api/keys": OPERATE,
    "POST /api/keys": OPERATE,
    "PATCH /api/keys/{key_id}": OPERATE,
    "DELETE /api/keys/{key_id}": OPERATE,
    "GET /api/me": ANYBODY,
}
"""With a key or the console's cookie."""

CONSOLE: Mapping[str, Right | None] = {
    "GET /knowledge/frame": BROWSE,
    "GET /knowledge/documents": BROWSE,
    "GET /knowledge/pairs": BROWSE,
    "GET /knowledge/golden": BROWSE,
    "GET /knowledge/template": BROWSE,
    "POST /knowledge/try": BROWSE,
    "GET /knowledge/columns": MANAGE,
    "POST /knowledge/upload": MANAGE,
    "POST /knowledge/preview": MANAGE,
    "POST /knowledge/remap": MANAGE,
    "POST /knowledge/progress": MANAGE,
    "POST /knowledge/stop": MANAGE,
    "POST /knowledge/delete": MANAGE,
    "POST /knowledge/undo": MANAGE,
    "POST /knowledge/pair": MANAGE,
    "POST /knowledge/right": MANAGE,
    "POST /knowledge/golden-remove": MANAGE,
    "GET /documents/{base}/{document_id}": ASK,
    "GET /documents/{base}/{document_id}/file": ASK,
    "GET /prompts/frame": ANYBODY,
    "GET /prompts/experiments": MANAGE,
    "POST /prompts/experiments/start": MANAGE,
    "GET /prompts/experiments/figures": MANAGE,
    "POST /prompts/experiments/stop": MANAGE,
    "POST /prompts/experiments/promote": MANAGE,
    "GET /system/frame": ANYBODY,
    "GET /system/operators": OPERATE,
    "POST /system/operators/create": OPERATE,
    "POST /system/operators/change": OPERATE,
    "POST /system/operators/able": OPERATE,
    "GET /system/keys": OPERATE,
    "POST /system/keys/create": OPERATE,
    "POST /system/keys/change": OPERATE,
    "POST /system/keys/revoke": OPERATE,
    "GET /system/lists": MANAGE,
    "POST /system/lists/create": MANAGE,
    "POST /system/lists/change": MANAGE,
    "POST /system/lists/able": MANAGE,
    "POST /system/lists/delete": MANAGE,
    "POST /system/lists/upload": MANAGE,
    "GET /system/lists/download": MANAGE,
    "POST /system/lists/try": MANAGE,
    "GET /system/customers": Right.PRIVACY,
    "POST /system/customers/find": Right.PRIVACY,
    "GET /system/customers/download": Right.PRIVACY,
    "POST /system/customers/erase": Right.PRIVACY,
    "GET /system/audit": AUDIT,
    "POST /system/audit/verify": AUDIT,
    "GET /system/audit/entries": AUDIT,
    "POST /analytics/unmask": Right.UNMASK,
    "GET /": ANYBODY,
    "HEAD /": ANYBODY,
    "GET /config": ANYBODY,
    "GET /theme.css": ANYBODY,
    "GET /manifest.json": ANYBODY,
    "GET /static/{path:path}": ANYBODY,
    "GET /assets/{path:path}": ANYBODY,
    "GET /svelte/{path:path}": ANYBODY,
    "GET /gradio_api/app_id": ANYBODY,
    "GET /gradio_api/startup-events": ANYBODY,
    "GET /gradio_api/heartbeat/{session_hash}": ANYBODY,
    "GET /gradio_api/queue/data": ANYBODY,
    "GET /gradio_api/upload_progress": ANYBODY,
    "GET /gradio_api/file={path_or_url:path}": ANYBODY,
    "HEAD /gradio_api/file={path_or_url:path}": ANYBODY,
    "POST /gradio_api/queue/join": ANYBODY,
    "POST /gradio_api/cancel": ANYBODY,
    "POST /gradio_api/reset": ANYBODY,
    "POST /gradio_api/upload": ASK,
}
"""With the console's cookie only. What Gradio's queue runs asks for its own right: see EVENTS."""

CLOSED: Sequence[str] = (
    "POST /login/", "GET /logout", "GET /gradio_api/deep_link", "GET /config/", "GET /robots.txt",
    "GET /pwa_icon", "GET /pwa_icon/{size}", "GET /monitoring", "GET /monitoring/summary", "GET /monitoring/{key}",
    "GET /gradio_api/user", "GET /gradio_api/user/", "GET /gradio_api/login_check", "GET /gradio_api/login_check/",
    "GET /gradio_api/token", "GET /gradio_api/token/", "GET /gradio_api/app_id/", "GET /gradio_api/dev/reload",
    "GET /gradio_api/runs", "GET /gradio_api/runs/", "GET /gradio_api/info", "GET /gradio_api/info/",
    "GET /gradio_api/openapi.json", "GET /gradio_api/custom_component/{id}/{environment}/{type}/{file_name}",
    "GET /gradio_api/proxy={url_path:path}", "HEAD /gradio_api/proxy={url_path:path}",
    "POST /gradio_api/stream/{event_id}", "POST /gradio_api/stream/{event_id}/close",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
    "GET /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file", "GET /gradio_api/file/{path:path}",
    "POST /gradio_api/reset/", "POST /gradio_api/api/{api_name}", "POST /gradio_api/api/{api_name}/",
    "POST /gradio_api/run/{api_name}", "POST /gradio_api/run/{api_name}/", "POST /gradio_api/call/v2/{api_name}",
    "POST /gradio_api/call/v2/{api_name}/", "POST /gradio_api/call/{api_name}", "POST /gradio_api/call/{api_name}/",
    "GET /gradio_api/call/{api_name}/{event_id}", "GET /gradio_api/call/v2/{api_name}/{event_id}",
    "POST /gradio_api/component_server", "POST /gradio_api/component_server/", "GET /gradio_api/queue/status",
    "GET /gradio_api/theme.css", "POST /gradio_api/process_recording", "POST /gradio_api/vibe-edit",
    "POST /gradio_api/vibe-edit/", "POST /gradio_api/undo-vibe-edit", "POST /gradio_api/undo-vibe-edit/",
    "GET /gradio_api/vibe-code", "GET /gradio_api/vibe-code/", "POST /gradio_api/vibe-code",
    "POST /gradio_api/vibe-code/", "POST /gradio_api/vibe-starter-queries", "POST /gradio_api/vibe-starter-queries/",
)  # fmt: skip
"""Gradio's routes that the page does not use: there for nobody."""

SHADOWED: Sequence[str] = ("GET /openapi.json", "POST /login", "GET /favicon.ico")
"""Gradio's routes that one of ours stands before."""

EVENTS: Sequence[tuple[str, Right | None]] = (
    ("send", ASK), ("suggest", ASK), ("retry", ASK), ("edit", ASK), ("stop", ASK), ("new", ASK), ("new", ASK),
    ("open", ASK), ("rate", ASK), ("give_reason", ASK), ("export_markdown", ASK), ("export_csv", ASK),
    ("load", ASK), ("add", ASK), ("remove", ASK), ("inspect", READ), ("close", READ),
    ("load", CHARTS), ("show", CHARTS), ("show", CHARTS), ("open", READ), ("export", READ),
    ("fit", ANYBODY),
)  # fmt: skip
"""Every event that runs on the server, in the order of the page."""
IN_THE_BROWSER = 5
"""Events that are a script in the page and nothing else."""
