"""The errors XiaoQ raises where it knows the cause; each door translates them once, from this table.

`code` is stable and for programs; the message is one sentence a person can act on and never holds
personal data or the text of another exception.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from core.reasons import sentence


class XiaoQError(Exception):
    """Base of every error with a known cause.

    `param` names the offending input (`messages[0].role`), where there is one.
    `retry_after` is in seconds, where trying again makes sense.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    details: Sequence[Mapping[str, Any]] = ()
    """Each thing that is wrong by itself, where there may be several."""

    def __init__(self, message: str, *, param: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after


class InvalidRequest(XiaoQError):
    code = "invalid_request"
    status = 400


class Unfit(InvalidRequest):
    """Well formed, and yet it will not do: a name we keep for ourselves, a password that is easy to guess."""

    code = "unfit"
    status = 422


class UnsupportedParameter(InvalidRequest):
    code = "unsupported_parameter"


class Unauthorized(XiaoQError):
    code = "invalid_api_key"
    status = 401


class Forbidden(XiaoQError):
    code = "forbidden"
    status = 403


class RateLimited(XiaoQError):
    """More than a caller may use just now; `retry_after` says when there is room."""

    code = "rate_limit_exceeded"
    status = 429


class QuotaExhausted(XiaoQError):
    """A key's budget is used up; waiting does not help."""

    code = "insufficient_quota"
    status = 429


class NotFound(XiaoQError):
    code = "not_found"
    status = 404


class ModelNotFound(NotFound):
    code = "model_not_found"


class ModelNotServed(XiaoQError):
    """A comparison names a model that the model's server does not have: another one would answer in its name."""

    code = "model_not_served"
    status = 422

    def __init__(self, model: str, served: Sequence[str]) -> None:
        super().__init__(sentence("not_served", model=model, models=", ".join(served)), param="model")


class Conflict(XiaoQError):
    code = "conflict"
    status = 409


class VaultChanged(Conflict):
    """The conversation came to hold other personal data meanwhile: mask again on what it holds now."""

    code = "vault_changed"


class TooLarge(XiaoQError):
    code = "too_large"
    status = 413


class DocumentRejected(XiaoQError):
    """A file that gives no passages; the message says why (a scan, encrypted, an unknown format).

    `reason` is a key of core.reasons.REASONS, with the `values` of its sentence; empty where there is none.
    """

    code = "document_rejected"
    status = 422

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        reason: str = "",
        values: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, param=param)
        self.reason = reason
        self.values = dict(values or {})

    @classmethod
    def because(cls, reason: str, /, **values: object) -> Self:
        """The reason's sentence as an error."""
        filled = {key: str(value) for key, value in values.items()}
        return cls(sentence(reason, **filled), reason=reason, values=filled)


class FileTooLarge(DocumentRejected):
    """A file over the limit, of which nothing was taken in."""

    status = 413


class StorageUnavailable(XiaoQError):
    code = "storage_unavailable"
    status = 503


class DatabaseDamaged(StorageUnavailable):
    """The database's file does not hold together; nothing of it is read or written until another is in its place."""


class StorageDamaged(XiaoQError):
    """What is stored was changed outside XiaoQ, or its key is not the one it was written with; others are readable."""

    code = "storage_damaged"
    status = 500


class ConfigurationError(XiaoQError):
    """A setting that cannot work; the app does not start."""

    code = "configuration"


class EngineError(XiaoQError):
    """The model engine failed. `retryable` says whether another engine may answer instead."""

    code = "engine_unavailable"
    status = 503
    retryable: ClassVar[bool] = True


class EngineUnreachable(EngineError):
    """Its server does not take the call: nobody listens, the connection breaks, or a proxy before it says so."""


class EngineNotReady(EngineError):
    """It is still starting; asking it costs nothing and tells nothing."""


class EngineTimeout(EngineError):
    code = "engine_timeout"
    status = 504


class EngineBusy(EngineError):
    code = "engine_busy"
    status = 503


class Overloaded(EngineError):
    """More ask than can be answered in time: no other engine shall answer in its place, the caller comes back."""

    code = "overloaded"
    status = 503
    retryable = False


class ServerStopping(EngineError):
    """This server stops and cannot finish the answer; what was said until then is stored."""

    code = "server_shutdown"
    status = 503
    retryable = False


class EngineBroken(EngineError):
    """It began to answer and stopped: the answer is incomplete and nothing may be appended to it."""

    code = "engine_broken"
    status = 502


class EngineRejected(EngineError):
    """The engine refused the request itself (a 4xx): another engine would hardly do better."""

    code = "engine_rejected"
    status = 400
    retryable = False


class NotSupported(EngineRejected):
    """No model that is set up here can do this. 404: a client takes it for final and does not ask again."""

    code = "not_supported"
    status = 404


class ContextOverflow(EngineRejected):
    """The prompt and the answer do not fit the model's window; a shorter prompt may."""

    code = "context_length_exceeded"
