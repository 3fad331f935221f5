"""What the plugins that protect model services add to a request, a chunk and an exchange.

`python -m benchmarks.protection` prints a table:

ai_proxy alone, each of the others in front of it, and all of them together, as `proxywasm bench` measures a chain: in
WebAssembly, in microseconds of the processor, median of 25 rounds. `--stream N` sets the events of the answer; with
`--apart`, each
plugin has a component of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from proxywasm_host.bench.exchanges import Plugins
from proxywasm_host.recordings.exchange import load

_PLUGINS: Final = Path(__file__).parents[2] / "plugins"
_KEY: Final = "key-of-the-benchmark-0123456789"
_FOR_EACH: Final = {"limit_by_per_consumer": "", "limit_keys": [{"key": "*"}]}
_CONSUMERS: Final = [
    {"name": f"consumer-{number}", "credential": f"sha256:{hashlib.sha256(f'key-{number}'.encode()).hexdigest()}"}
    for number in range(100)
]
_MANY: Final = 10**12
CONFIGS: Final[dict[str, dict[str, Any]]] = {
    "key_auth": {"consumers": [*_CONSUMERS, {"name": "bench", "credential": _KEY}]},
    "ai_statistics": {},
    "request_ratelimit": {
        "rule_name": "bench",
        "rule_items": [
            {**_FOR_EACH, "limit_keys": [{"key": "*", "query_per_minute": _MANY, "concurrent_streams": 9999}]}
        ],
    },
    "ai_token_ratelimit": {
        "rule_name": "bench",
        "rule_items": [{**_FOR_EACH, "limit_keys": [{"key": "*", "token_per_minute": _MANY}]}],
    },
    "ai_quota": {"admin_consumer": "admin", "monthly": {"*": _MANY}},
    "ai_proxy": {"provider": {"type": "openai", "apiTokens": ["sk-1"], "modelMapping": {"*": "gpt-4o-mini"}}},
}
"""In the order of requests."""


def exchange(plugins: list[str], events: int) -> dict[str, Any]:
    """An exchange file for these plugins."""
    asked = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Who are you? " * 20}]}
    head: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    chunks = [{**head, "choices": [{"index": 0, "delta": {"content": " word"}}], "usage": None}] * events
    usage = {"prompt_tokens": 80, "completion_tokens": events, "total_tokens": 80 + events}
    documents = [*map(json.dumps, [*chunks, {**head, "choices": [], "usage": usage}]), "[DONE]"]
    request = [
        [":scheme", "http"], [":method", "POST"], [":authority", "gateway"], [":path", "/v1/chat/completions"],
        ["content-type", "application/json"], ["authorization", f"Bearer {_KEY}"], ["x-mse-consumer", "bench"],
    ]  # fmt: skip
    return {
        "name": " + ".join(plugins),
        "plugins": [{"config": CONFIGS[plugin]} for plugin in plugins],
        "request": {"headers": request, "body": [json.dumps(asked)]},
        "response": {
            "headers": [[":status", "200"], ["content-type", "text/event-stream"]],
            "body": [f"data: {document}\n\n" for document in documents],
        },
    }


def measure(plugins: list[str], events: int, folder: Path, *, apart: bool) -> dict[str, float]:
    """By part of the exchange, microseconds in WebAssembly."""
    file = folder / "exchange.json"
    file.write_text(json.dumps([exchange(plugins, events)]))
    (loaded,) = load(file)
    sources = [_PLUGINS / plugin for plugin in plugins]
    measured = Plugins(sources, lambda text: print(text, file=sys.stderr), apart=apart)
    return {row.name.partition(": ")[2]: row.value for row in measured.rows(loaded)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", type=int, default=50, metavar="N")
    parser.add_argument("--apart", action="store_true")
    arguments = parser.parse_args()
    *before, proxy = CONFIGS
    ways = [[proxy], *([plugin, proxy] for plugin in before), [*before, proxy]]
    with tempfile.TemporaryDirectory() as folder:
        results = [(way, measure(way, arguments.stream, Path(folder), apart=arguments.apart)) for way in ways]
    alone = results[0][1]
    parts = [part for part in alone if part.startswith(("the request", "a chunk", "the whole"))]
    print("| plugins | request | chunk | whole exchange |")
    print("| --- | --- | --- | --- |")
    for way, found in results:
        name = "all of them" if len(way) == len(CONFIGS) else " + ".join(way)
        print(
            f"| {name} | {' | '.join(f'{found[part]:.1f} us ({found[part] - alone[part]:+.1f})' for part in parts)} |"
        )


if __name__ == "__main__":
    main()
