"""Turns a checked chat request and its caller into the Question that the pipeline answers.

It does not know how the answer travels back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.access import Principal
from core.errors import InvalidRequest, ModelNotFound, NotFound
from core.messages import Message, Question
from gateway.plain_chat import PlainChat
from gateway.schema import ChatRequest
from pipelines.line_ids import OPENAI_NAME
from pipelines.services import Services


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the model name its reply carries."""

    question: Question
    model: str


async def asked(
    request: ChatRequest | PlainChat, principal: Principal, services: Services, request_id: str
) -> Asked:
    """Raises ModelNotFound, NotFound, Forbidden or InvalidRequest."""
    metadata = request.metadata
    line = await line_of(request.model, metadata.line if metadata else None, principal, services)
    messages = request.spoken
    spoken = [message for message in messages if message.role != "system" and not _says_nothing(message)]
    text = next((message.content for message in reversed(spoken) if message.role == "user"), None)
    if text is None:
        raise InvalidRequest("The user's messages are empty; send a question.", param="messages")
    question = Question(
        text=text,
        owner=principal.owner(request.user),
        channel="api",
        request_id=request_id,
        line=line,
        conversation_id=metadata.conversation_id if metadata else None,
        # One message alone may go on from the stored history; a whole dialogue replaces it.
        messages=tuple(spoken) if len(spoken) > 1 else (),
        system=_system(messages),
        sampling=request.sampling(),
        customer=request.user,
        in_one_piece=not request.stream,
        fresh=metadata is not None and metadata.cache == "off",
    )
    settings = services.settings
    return Asked(question, request.model if request.model == line else settings.served_model)


async def line_of(model: str, named: str | None, principal: Principal, services: Services) -> str | None:
    """The line a request means: by `metadata.line`, by its id as the model, or the key's own; None: the default."""
    settings = services.settings
    by_model = None
    if not (model in (settings.served_model, settings.model) or OPENAI_NAME.fullmatch(model)):
        if not await is_open(model, services):
            raise ModelNotFound(f"The model '{model}' does not exist; see /v1/models.", param="model")
        by_model = model
    if named is not None and not await is_open(named, services):
        raise NotFound(f"There is no business line '{named}'.", param="metadata.line")
    if by_model is not None and named is not None and by_model != named:
        raise InvalidRequest(
            f"The model names the line '{by_model}' and metadata.line '{named}'; send one.",
            param="metadata.line",
        )
    line = named or by_model or principal.line
    if line is not None:
        principal.check_line(line)
    return line


async def is_open(line_id: str, services: Services) -> bool:
    line = await services.lines.get(line_id)
    return line is not None and not line.archived


def _says_nothing(message: Message) -> bool:
    return message.role == "user" and not message.content.strip()


def _system(messages: Sequence[Message]) -> str | None:
    parts = [message.content for message in messages if message.role == "system" and message.content]
    return "\n\n".join(parts) or None
