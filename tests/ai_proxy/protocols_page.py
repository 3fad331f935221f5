"""docs/protocols.md, from what the tests did. The command `python -m tests.ai_proxy.protocols_page` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.ai_proxy.carried import FEATURES, table
from tests.ai_proxy.validated import SERVICES

PAGE: Final = Path(__file__).parents[2] / "docs" / "protocols.md"
_CLIENTS: Final = {
    "openai": "OpenAI's chat completions: `/v1/chat/completions`",
    "anthropic": "Anthropic's Messages API: `/v1/messages`",
    "responses": "OpenAI's Responses API: `/v1/responses`",
}
_HEAD: Final = """\
# Protocols

For operators who want to know what works between a client and a model service. Each table is for clients of one
protocol. A test has tried each cell and has written it: a request with that feature went to the service's protocol,
answers of the service came back, and validators checked both against the documented rules. Nothing was sent to real
services, and whether a model can do it is up to the model.

| cell | meaning |
| --- | --- |
| yes | converted: what the client said or asked for arrives on the other side |
| as it is | the service speaks the client's protocol: both sides pass, except for model and credential |
| no | left out, because the service's protocol has no place for it |
| refused | the client gets an error |

`tools` and `parallel tools` include the calls of an answer and their results; `errors` is a refusal of the service with
its status and text in the client's format. Services that are not listed have OpenAI's protocol: they are as
`together-ai`. More about each protocol: [messages.md](messages.md), [responses.md](responses.md). Which models accept
what: [models.md](models.md).

`python -m tests.ai_proxy.protocols_page` writes this page.
"""


def page() -> str:
    parts = [_HEAD]
    for client, title in _CLIENTS.items():
        found = table(client)
        lines = [_row(["service", *FEATURES]), _row(["---"] * (1 + len(FEATURES)))]
        lines += [_row([_name(service), *(row[name] for name in FEATURES)]) for service, row in found.items()]
        parts.append("\n".join([f"## {title}\n", *lines, ""]))
    return "\n".join(parts)


def _name(service: str) -> str:
    config, model, _ = SERVICES[service]
    kind = config["type"]
    if service == kind or service.startswith(f"{kind}-native"):
        return f"`{kind}`"
    return f"`{kind}`, {'its own protocol' if model in ('m', 'qwen-max') else f'`{model}`'}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
