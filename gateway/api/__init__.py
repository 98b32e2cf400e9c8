"""The routes under /api: what the console's tabs do, for programs."""

from fastapi import APIRouter

from gateway.api import (
    accounts,
    attachments,
    audit,
    customers,
    documents,
    evaluations,
    experiments,
    faq,
    feedback,
    golden,
    inspect,
    jobs,
    keys,
    line_files,
    lines,
    playground,
    prompts,
    search,
    similar,
    transcripts,
    words,
)

routers: tuple[APIRouter, ...] = (
    line_files.router,  # before the lines, since /import could be the id of one
    lines.router,
    documents.router,
    jobs.router,
    faq.router,
    golden.router,
    experiments.router,
    playground.router,
    prompts.router,
    evaluations.router,
    search.router,
    similar.router,
    inspect.router,
    attachments.router,
    feedback.router,
    transcripts.router,
    words.router,
    audit.router,
    accounts.router,
    keys.router,
    customers.router,
)
