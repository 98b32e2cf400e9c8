"""Fields of OpenAI's and vLLM's requests that are refused, and what to send in their place.

It does not know which fields are taken: the schemas do, and refuse every other by its name.
"""

from collections.abc import Mapping

_CONVERSATIONS_ARE_KEPT = "every conversation is kept as the settings say, whatever a request asks"
_ONE_TEMPLATE = "the prompt's form is the server's own"
_GUIDED = "send 'response_format' with a json_schema"

WHY: Mapping[str, str] = {
    "functions": "send 'tools'",
    "function_call": "send 'tool_choice'",
    "logit_bias": "it names tokens of one model's vocabulary, and could bring in words that may not be said",
    "store": _CONVERSATIONS_ARE_KEPT,
    "prediction": "no engine here uses it",
    "modalities": "answers are text",
    "audio": "answers are text",
    "service_tier": "there is one tier",
    "reasoning_effort": "the model answers without a phase of thinking",
    "verbosity": "say in the system message how long an answer should be",
    "web_search_options": "answers come from the knowledge base; nothing is fetched",
    "prompt_cache_key": "the engine reuses equal beginnings by itself",
    "safety_identifier": "send 'user'",
    "chat_template": _ONE_TEMPLATE,
    "chat_template_kwargs": _ONE_TEMPLATE,
    "add_generation_prompt": _ONE_TEMPLATE,
    "continue_final_message": _ONE_TEMPLATE,
    "guided_json": _GUIDED,
    "guided_regex": _GUIDED,
    "guided_choice": _GUIDED,
    "guided_grammar": _GUIDED,
    "structured_outputs": _GUIDED,
    "api_base": "the engine's address comes from the settings alone",
    "base_url": "the engine's address comes from the settings alone",
    "best_of": "send 'n'",
    "echo": "put the prompt before the answer yourself",
    "suffix": "no engine here fills in the middle of a text",
}
"""What follows "is not supported here:", by the field's name."""


def refusal(param: str) -> str:
    """The sentence for a field that no schema here knows."""
    why = WHY.get(param)
    return f"The parameter '{param}' is not supported here{f': {why}' if why else '; leave it out'}."
