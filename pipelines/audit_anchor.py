"""Keeps the audit's last link outside the database: in the log, and in a file where the settings name one.

One line an anchor: `number digest time`. Knows no chain; storage verifies against what is read here.
"""

import asyncio
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from core.errors import ConfigurationError, InvalidRequest, XiaoQError
from core.security import Anchor
from core.settings import Settings
from pipelines.services import Services

log = structlog.get_logger()

ANCHOR_SECONDS = 3600.0
_STAMP = "%Y-%m-%dT%H:%M:%SZ"
_LINE = re.compile(r"([1-9][0-9]{0,17}) ([0-9A-Fa-f]{64})(?: (\S+))?")


async def anchor_hourly(services: Services) -> None:
    """Write the anchor each hour, and once more when this is cancelled, at stop."""
    written: Anchor | None = None
    try:
        while True:
            written = await write_anchor(services, written)
            await asyncio.sleep(ANCHOR_SECONDS)
    finally:
        await write_anchor(services, written)


async def write_anchor(services: Services, written: Anchor | None) -> Anchor | None:
    """Append the anchor unless it is the one written last; gives the last written. Failing keeps nothing from running."""
    file = services.settings.audit_anchor
    try:
        anchor = await services.audit.anchor()
        if anchor is None or anchor == written:
            return written
        if file is not None:
            await asyncio.to_thread(_append, file, anchor)
    except XiaoQError as error:
        log.warning("audit_anchor_not_written", code=error.code)
        return written
    except OSError as error:
        log.warning("audit_anchor_not_written", error=type(error).__name__, code=error.errno)
        return written
    log.info("audit_anchor", number=anchor.number, digest=anchor.digest)
    return anchor


def check_place(settings: Settings) -> None:
    """Raises ConfigurationError where the anchors would lie beside what they are to prove."""
    file = settings.audit_anchor
    if file is not None and file.resolve().is_relative_to(settings.data_dir.resolve()):
        raise ConfigurationError(
            "XIAOQ_AUDIT_ANCHOR lies in the data folder, where it proves nothing; name a file elsewhere."
        )


def read_anchors(file: Path) -> Sequence[Anchor]:
    """Every anchor of a file. Raises InvalidRequest where it cannot be read or a line is none."""
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        raise InvalidRequest(
            f"The anchors in {file} cannot be read; check the path and its rights."
        ) from None
    anchors: list[Anchor] = []
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line.strip())
        if found is None and line.strip():
            raise InvalidRequest(f"Line {number} of {file} is no anchor; it reads `number digest time`.")
        if found is not None:
            anchors.append(Anchor(int(found[1]), found[2].lower(), _moment(found[3])))
    if not anchors:
        raise InvalidRequest(f"There is no anchor in {file}.")
    return anchors


def _moment(stamp: str | None) -> datetime | None:
    try:
        return datetime.strptime(stamp or "", _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _append(file: Path, anchor: Anchor) -> None:
    line = f"{anchor.number} {anchor.digest} {datetime.now(UTC):{_STAMP}}\n"
    with open(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab", buffering=0) as opened:
        opened.write(line.encode())
        os.fsync(opened.fileno())
