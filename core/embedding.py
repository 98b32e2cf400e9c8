"""The seam to a model that embeds texts for callers: what it is asked and what it gives.

What retrieval embeds, and with what words before it, is knowledge's own matter and does not come through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Embedded:
    """A row of float32 for each text, in its order. `tokens` is the server's count of them; None where it gave none."""

    vectors: Sequence["npt.NDArray[np.float32]"]
    tokens: int | None


class TextEmbedder(Protocol):
    @property
    def model(self) -> str:
        """The name under which its server knows it."""
        ...

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        """Raises NotSupported where the server embeds nothing, EngineError for all else that goes wrong."""
        ...

    async def aclose(self) -> None: ...
