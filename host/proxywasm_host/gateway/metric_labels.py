"""Labels of plugins' metrics. The SDK writes them into the name, because gateways know no labels: `NAME.LABEL.VALUE`.

Which parts of a name are labels cannot be seen for certain. So only those are labels in Prometheus' format that the
plugins of proxywasm use; others stay a part of the name.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

LABELS: Final = ("consumer", "model", "provider", "reason", "rule", "kind", "limiter")
_LABELLED: Final = re.compile(rf"([A-Za-z_][A-Za-z0-9_]*)((?:\.(?:{'|'.join(LABELS)})\.[^.]+)+)")


def labels_of(name: str) -> tuple[str, dict[str, str]]:
    """The name without its labels, and the labels.

    >>> labels_of("ai_requests.consumer.alice.model.qwen%2E2")
    ('ai_requests', {'consumer': 'alice', 'model': 'qwen.2'})
    """
    found = _LABELLED.fullmatch(name)
    if found is None:
        return name, {}
    parts = found[2].split(".")[1:]
    return found[1], {label: unquote(value) for label, value in zip(parts[::2], parts[1::2], strict=True)}


def envoy_tags() -> list[dict[str, Any]]:
    """The same for Envoy: of each expression the first group leaves the name, and the second is the value."""
    return [
        {"tag_name": label, "regex": rf"^wasmcustom\.[A-Za-z0-9_]+(?:\.[a-z]+\.[^.]+)*?(\.{label}\.([^.]+))"}
        for label in LABELS
    ]
