"""What is done to word lists, for both doors: who is bound to a line keeps to its lists, and the audit keeps who did what.

Rights are checked at the door; shared lists are for those who are bound to no line.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.access import Principal
from core.errors import Forbidden, NotFound
from core.security import Act
from core.words import WordList
from pipelines.services import Services
from pipelines.words.desk import Uploaded
from pipelines.words.rows import Reviewed


def may_change(principal: Principal, words: WordList) -> bool:
    return principal.line in (None, words.line)


async def lists_of(principal: Principal, services: Services) -> Sequence[WordList]:
    """The lists that hold for this caller's lines, without their words."""
    return [words for words in await services.words.lists() if _holds_for(principal, words)]


async def list_of(principal: Principal, services: Services, list_id: str) -> WordList:
    """Raises NotFound, also where the list is another line's."""
    words = await services.words.get(list_id)
    if not _holds_for(principal, words):
        raise NotFound("There is no such list of words.", param="list_id")
    return words


async def create_list(
    principal: Principal, services: Services, words: WordList
) -> tuple[WordList, Reviewed | None]:
    """Raises NotFound, Forbidden and DocumentRejected."""
    _check_own(principal, words)
    if words.line is not None and await services.lines.get(words.line) is None:
        raise NotFound(f"There is no business line '{words.line[:64]}'.", param="line")
    await _note(principal, services, words.name, "created")
    return await services.words.create(words)


async def change_list(
    principal: Principal, services: Services, list_id: str, changes: Mapping[str, Any]
) -> tuple[WordList, Reviewed | None]:
    """Raises NotFound, Forbidden and DocumentRejected."""
    await _own_list(principal, services, list_id)
    await _note(principal, services, list_id, f"changed: {', '.join(sorted(changes))}")
    return await services.words.change(list_id, changes)


async def delete_list(principal: Principal, services: Services, list_id: str) -> None:
    """Raises NotFound and Forbidden."""
    await _own_list(principal, services, list_id)
    await _note(principal, services, list_id, "deleted")
    await services.words.delete(list_id)


async def upload_list(
    principal: Principal, services: Services, list_id: str, name: str, data: bytes
) -> Uploaded:
    """Raises NotFound, Forbidden, TooLarge and DocumentRejected."""
    await _own_list(principal, services, list_id)
    await _note(principal, services, list_id, "uploaded")
    return await services.words.upload(list_id, name, data)


def _holds_for(principal: Principal, words: WordList) -> bool:
    return words.line is None or may_change(principal, words)


async def _own_list(principal: Principal, services: Services, list_id: str) -> None:
    _check_own(principal, await list_of(principal, services, list_id))


def _check_own(principal: Principal, words: WordList) -> None:
    if not may_change(principal, words):
        raise Forbidden(
            f"You are bound to the line '{principal.line}' and cannot change what others share.", param="line"
        )


async def _note(principal: Principal, services: Services, what: str, done: str) -> None:
    """Before it is done: who may not be noted may not do it. The words themselves are not in the audit."""
    await services.audit.note(principal.actor, Act.WORDS_CHANGED, object=what, detail={"did": done})
