"""The documented rules of services' requests for chats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ..problems import Checker, Json
from . import anthropic, bedrock, google, openai, others

Check = Callable[[Checker, Json], None]

SERVICES: Final[Mapping[str, Check]] = {
    "openai": partial(openai.check_request, rules=openai.OPENAI),
    "openai-like": openai.check_request,
    "openai-switched": partial(openai.check_request, rules=openai.SWITCHED),
    "openai-strict": partial(openai.check_request, rules=openai.STRICT),
    "cerebras": partial(openai.check_request, rules=openai.CEREBRAS),
    "mistral": partial(openai.check_request, rules=openai.MISTRAL),
    "openrouter": partial(openai.check_request, rules=openai.READS_CACHE_CONTROL),
    "qwen": partial(openai.check_request, rules=openai.READS_CACHE_CONTROL),
    "anthropic": anthropic.check_request,
    "vertex-anthropic": partial(anthropic.check_request, in_path=True),
    "bedrock": bedrock.check_request,
    "google": google.check_request,
    "google-3": partial(google.check_request, third=True),
    "cohere": others.check_cohere,
    "dashscope": others.check_dashscope,
    "hunyuan": others.check_hunyuan,
    "minimax-pro": others.check_minimax,
    "spark": others.check_spark,
    "text": others.check_texts,
}
"""A check for each kind of request. `openai-like`: services with OpenAI's protocol; `openai-switched`: those with a
switch for thinking; `openai-strict`: those that refuse fields of others; `google-3`: Gemini 3, which signs calls;
`text`: services that take a text.
"""


def request_problems(service: str, body: Json) -> list[str]:
    """What is wrong with a request for a chat; empty if nothing is. `service`: a name in `SERVICES`."""
    check = Checker()
    SERVICES[service](check, body)
    return check.problems
