"""Stands in for `python -m vllm.entrypoints.openai.api_server`: same arguments, same log, no model.

Run as a script, by the launcher under test. `FAKE_VLLM_DIARY` names a file to which each start appends a line
of JSON: its arguments, its environment, its process id and that of the worker it started. A file
`FAKE_VLLM_CRASH` makes it crash once while it loads, removing the file;
`FAKE_VLLM_GATE` holds it back until that file exists.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from aiohttp import web

from tests.support.upstream import EchoUpstream


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--max-model-len", type=int, required=True)
    known, _ = parser.parse_known_args()
    worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    note = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "pid": os.getpid(),
        "worker": worker.pid,
    }
    with Path(os.environ["FAKE_VLLM_DIARY"]).open("a") as diary:
        diary.write(json.dumps(note) + "\n")
    if os.environ.get("FAKE_VLLM_DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("INFO Starting to load model ...", flush=True)
    for percent in (0, 40):
        bar = f"\rLoading safetensors checkpoint shards: {percent:3}% Completed | 1/4 [00:00<00:00]"
        print(bar, end="", file=sys.stderr, flush=True)
    crash = Path(os.environ.get("FAKE_VLLM_CRASH", "/nonexistent"))
    if crash.exists():
        crash.unlink()
        print("\nRuntimeError: out of memory", file=sys.stderr, flush=True)
        sys.exit(3)
    gate = os.environ.get("FAKE_VLLM_GATE")
    while gate and not Path(gate).exists():
        time.sleep(0.02)
    asyncio.run(serve(known.port, known.served_model_name, known.max_model_len))


async def serve(port: int, model: str, window: int) -> None:
    key = os.environ["VLLM_API_KEY"]

    @web.middleware
    async def guard(request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:  # type: ignore[type-arg]
        if request.path != "/health" and request.headers.get("Authorization") != f"Bearer {key}":
            return web.Response(status=401)
        return await handler(request)  # type: ignore[no-any-return, operator]

    pace = float(os.environ.get("FAKE_VLLM_PACE", "0"))
    app = EchoUpstream(models=(model,), max_model_len=window, piece_seconds=pace).app()
    app.middlewares.append(guard)  # type: ignore[arg-type]
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("INFO:     Application startup complete.", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
