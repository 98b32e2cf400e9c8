"""The `evaluate` command: a line's golden questions asked in the foreground, with an exit code for CI.

It knows no part: `run` hands it the services.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from commands_storage import actor
from core.errors import InvalidRequest, NotFound, XiaoQError
from core.golden import Evaluation
from core.prompts import LARGEST_VERSION
from pipelines.checks import error_of, unanswered
from pipelines.runs import run_of
from pipelines.scores import Pair, in_order, pairs_of
from pipelines.services import Services
from pipelines.sides import OWN_WORDS, side_of

Work = Callable[[Callable[[Services], Awaitable[Any]]], Any]

POLL_SECONDS = 0.5
SHOWN = 20
"""Questions that the last lines name."""
LOST, BROKEN = 1, 2
"""Exit codes: something got worse or too little passed; it could not be measured."""


def evaluate_command(cli: typer.Typer, run: Work) -> None:
    """Put the command on `cli`; `run` runs work over the services."""

    @cli.command()
    def evaluate(
        line: Annotated[str, typer.Option(help="The business line whose golden questions are asked.")],
        prompt: Annotated[
            int | None,
            typer.Option(
                min=0, max=LARGEST_VERSION, help="The version to check; 0: XiaoQ's own words. Left out: live."
            ),
        ] = None,
        against: Annotated[
            int | None,
            typer.Option(
                min=0,
                max=LARGEST_VERSION,
                help="The version to compare with; a question it passes may not be lost.",
            ),
        ] = None,
        min_pass: Annotated[
            float | None, typer.Option(min=0, max=1, help="The least share that must pass, such as 0.9.")
        ] = None,
        report: Annotated[Path | None, typer.Option(help="Write everything to this file, as JSON.")] = None,
    ) -> None:
        """Ask a line's golden questions. Exits 0, 1 where something got worse or too little passed, 2 on an error."""

        async def work(services: Services) -> int:
            ended, pairs = await _asked(services, line, prompt, against)
            if report is not None:
                _write(report, _written(ended, pairs))
            return _told(ended, pairs, min_pass)

        try:
            if report is not None:
                _write(report)  # before minutes of questions, of which it would be the only result
            code = run(work)
        except XiaoQError as error:
            typer.echo(f"Error: {error.message}", err=True)
            code = BROKEN
        if code:
            raise typer.Exit(code)


async def _asked(
    services: Services, line_id: str, prompt: int | None, against: int | None
) -> tuple[Evaluation, Sequence[Pair]]:
    """The run once it has ended. Killed, it is finished by the app or by the next one that looks."""
    line = await services.lines.get(line_id)
    if line is None:
        raise NotFound(f"There is no business line {line_id!r}.")
    await services.index.refresh()
    await services.engine.start()
    try:
        before = None if against is None else side_of(line, against)
        run = await services.runs.begin(services, line, side_of(line, prompt), before, actor=actor())
        tell = _teller(sys.stdout.isatty())
        while run.status in ("waiting", "running"):
            await asyncio.sleep(POLL_SECONDS)
            run = await run_of(services, run.id)
            tell(run.done, run.total)
        return run, pairs_of(await services.evaluations.results(run.id), both=bool(run.before))
    finally:
        await services.runs.aclose()
        await services.engine.aclose()


def _teller(terminal: bool) -> Callable[[int, int], None]:
    """A line that moves on a terminal; elsewhere a line a tenth of the way."""
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        if terminal:
            sys.stdout.write(f"\r[{done}/{total}]" + ("\n" if done >= total else ""))
            sys.stdout.flush()
        elif total and (tenth := done * 10 // total) > told:
            told = tenth
            typer.echo(f"[{done}/{total}]")

    return tell


def _told(run: Evaluation, pairs: Sequence[Pair], least: float | None) -> int:
    """Say what came of it; gives the exit code."""
    if run.status != "done":
        typer.echo(f"Error: the run is {run.status}{f' ({run.error})' if run.error else ''}.", err=True)
        return BROKEN
    summary: Mapping[str, Any] = run.summary
    after, lost = summary["after"], summary["lost"]
    typer.echo(
        f"{_version(run.after)}: {after['passed']} of {summary['questions']} passed ({after['share']:.1%})"
        + (
            f"; against {_version(run.before)}: {len(summary['gained'])} gained, {len(lost)} lost"
            if run.before
            else ""
        )
        + f"; p50 {after['milliseconds'].get('p50', 0)} ms, p95 {after['milliseconds'].get('p95', 0)} ms"
    )
    failing = [pair for pair in in_order(pairs) if pair.change in ("lost", "failing", "open")]
    for pair in failing[:SHOWN]:
        why = "; ".join(pair.after.failures) if pair.after else "no result"
        typer.echo(f"  {pair.change}: {pair.question} — {why}")
    if len(failing) > SHOWN:
        typer.echo(f"  and {len(failing) - SHOWN} more")
    if any(_unsaid(pair) for pair in pairs):
        typer.echo("Error: some questions got no answer; see that the model is up.", err=True)
        return BROKEN
    if lost:
        return LOST
    return LOST if least is not None and after["share"] < least else 0


def _unsaid(pair: Pair) -> bool:
    """Whether nothing can be concluded from a question."""
    missed = pair.before is not None and unanswered(pair.before.failures)
    return missed or (pair.after is not None and error_of(pair.after.failures) is not None)


def _version(side: Mapping[str, Any]) -> str:
    number = side.get("prompt", OWN_WORDS)
    return "XiaoQ's own words" if number == OWN_WORDS else f"version {number}"


def _write(report: Path, content: bytes = b"") -> None:
    """Without content only whether it can be written; what stands there stays. Raises InvalidRequest where it cannot."""
    try:
        with report.open("wb" if content else "ab") as file:
            file.write(content)
    except OSError as error:
        raise InvalidRequest(f"{report} cannot be written: {error.strerror}.") from None


def _written(run: Evaluation, pairs: Sequence[Pair]) -> bytes:
    return orjson.dumps({"evaluation": run, "results": pairs}, option=orjson.OPT_INDENT_2, default=str)
