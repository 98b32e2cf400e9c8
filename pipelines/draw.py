"""Which version of its line's prompt a new conversation begins with. Knows no store: the line brings what counts."""

from core.messages import BusinessLine


def version_for(line: BusinessLine, draw: float) -> int | None:
    """The challenger of a running test for `draw` (uniform in [0, 1)) below its share, else the live version.

    None: XiaoQ's own words.
    """
    if line.trial is not None and draw < line.trial.share:
        return line.trial.challenger
    return line.prompt.version if line.prompt is not None else None
