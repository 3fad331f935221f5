"""The gateway of the demo, and what its user is told to try."""

from __future__ import annotations

from typing import Any, Final

from ....building.flagship import flagship
from ...model import Gateway
from ...values import Address

DASHSCOPE: Final = "dashscope.aliyuncs.com"
_GITHUB: Final = "models.inference.ai.azure.com"
_TOKENS: Final = {"apiTokens": ["the-fake-service-wants-no-key"]}
_MODELS: Final = {
    "gpt-4o": "qwen-max",
    "o4-mini": "qwq-plus",
    "claude-sonnet-4-5": "qwen-max",
    "text-embedding-3-small": "text-embedding-v4",
    "text-embedding-*": "text-embedding-v4",
    "*": "qwen-max",
}
_QWEN: Final[dict[str, Any]] = {
    "id": "qwen",
    "type": "qwen",
    "qwenEnableCompatible": False,
    **_TOKENS,
    "models": ["gpt-4o", "o4-mini", "claude-sonnet-4-5", "*"],
    "modelMapping": _MODELS,
}
_GPT: Final[dict[str, Any]] = {
    "id": "github",
    "type": "github",  # It has chats in OpenAI's protocol, and no more: all other clients are converted.
    **_TOKENS,
    "models": ["gpt-4"],
    "modelMapping": {"gpt-4": "gpt-4-0613"},
}
_FOR_CLAUDE: Final[dict[str, Any]] = {
    "id": "compatible",
    "type": "openai",
    "openaiCustomUrl": f"https://{DASHSCOPE}/compatible-mode/v1",
    **_TOKENS,
    "models": _QWEN["models"],
    "modelMapping": _MODELS,
}


def demo_gateway(listen: Address, service: int) -> Gateway:
    """ai-proxy speaks DashScope's own protocol to the fake service, which listens on the port `service`, and OpenAI's
    for `gpt-4`, and for clients of Anthropic's API: DashScope has that API itself, so that its provider would convert
    nothing.

    Raises `NotInstalledError` if ai-proxy is not there.
    """
    for_claude = {"providers": [_FOR_CLAUDE, _GPT], "routing": {"defaultProvider": "compatible"}}
    config = {
        "providers": [_QWEN, _GPT],
        "routing": {"defaultProvider": "qwen"},
        "_rules_": [{"_match_route_": ["messages"], **for_claude}],
    }
    return Gateway.model_validate({
        "listen": str(listen),
        "playground": True,
        "plugins": [{"name": "ai-proxy", "source": str(flagship()), "config": config}],
        "routes": [
            {"name": "messages", "match": {"path": "/v1/messages"}},
            {"name": "models", "match": {"path_prefix": "/v1/"}},
        ],
        "upstreams": dict.fromkeys((DASHSCOPE, _GITHUB), f"http://127.0.0.1:{service}"),
    })  # fmt: skip


def instructions(listen: Address) -> str:
    url = f"http://{listen}/v1"
    return f"""Ask for gpt-4o, and Qwen answers: a fake model service at a reader's pace. Nothing leaves this machine.

  curl -N {url}/chat/completions -H 'content-type: application/json' \\
      -d '{{"model": "gpt-4o", "stream": true, "messages": [{{"role": "user", "content": "Who are you?"}}]}}'

In a browser: http://{listen}/playground, and two models in a talk: http://{listen}/arena.

In Python (pip install openai):

  from openai import OpenAI
  chats = OpenAI(base_url="{url}", api_key="any").chat.completions
  print(chats.create(model="gpt-4o", messages=[{{"role": "user", "content": "Who are you?"}}]))

Anthropic's clients are answered, too: Anthropic(base_url="http://{listen}", api_key="any").

Ctrl-C ends it."""
