"""Any engine as a LangChain chat model, so that chains can be put before it. Imported late: LangChain takes seconds.

Knows no question and no judgement.
"""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict

from core.messages import Message, Role, Sampling
from core.ports import GenerationRequest

_ROLES: dict[str, Role] = {"system": "system", "ai": "assistant"}


class EngineChat(BaseChatModel):
    """`engine` is a core.ports.Engine. Answers asynchronously only; raises EngineError."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Any
    max_tokens: int = 300
    share: str = ""

    @property
    def _llm_type(self) -> str:
        return "xiaoq-engine"

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = [Message(_ROLES.get(one.type, "user"), str(one.text)) for one in messages]
        request = GenerationRequest(
            messages=asked,
            question=asked[-1].content,
            sampling=Sampling(temperature=0.0, top_p=1.0, max_tokens=self.max_tokens, extra={"seed": 1}),
            share=self.share,
        )
        said, kind = [], None
        async for chunk in self.engine.stream(request):
            said.append(chunk.text)
            kind = chunk.kind or kind
        reply = AIMessage("".join(said), response_metadata={"kind": kind})
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("An engine answers asynchronously: use ainvoke.")
