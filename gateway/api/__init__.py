"""The routes under /api: what the console's tabs do, for programs."""

from fastapi import APIRouter

from gateway.api import documents, feedback, lines, transcripts

routers: tuple[APIRouter, ...] = (lines.router, documents.router, feedback.router, transcripts.router)
