"""Answers of the fake model that show what the playground can show: Markdown, images, reasoning, much text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

_SHOW: Final = re.compile(r"markdown|\btable\b|\bformula|\bcode\b|表格|公式|代码", re.IGNORECASE)
_MUCH: Final = re.compile(r"\b(\d[\d,]{2,9})\s*characters|(\d[\d,]{2,9})\s*个?字")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_MOST: Final = 2_000_000
"""Characters."""

_ENGLISH: Final = r"""### What a gateway does with a stream

A plugin sees each chunk **as it arrives** and may change it. This one counts words:

```python
from typing import Any

from proxywasm import HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("word-count")


@plugin.on_streaming_response_body(read_only=True)
def count(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> None:
    log.info(f"{len(chunk.split())} words, last: {last_chunk}")
```

| part | in OpenAI's protocol | in DashScope's |
| --- | --- | --- |
| text | `choices[0].delta.content` | `output.choices[0].message.content` |
| reasoning | `delta.reasoning_content` | `message.reasoning_content` |
| tokens | `usage.completion_tokens` | `usage.output_tokens` |

The attention of a transformer, which all of this is about:

$$
\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^{\top}}{\sqrt{d_k}}\right) V
$$

1. The client asks for \(n\) tokens.
2. The first one comes after \(t_1\), the last one after \(t_n\).
3. The speed is \(\frac{n}{t_n - t_1}\), which the line below this answer shows.

> Everything here was made by a fake model: ~~no key~~, no network, no cost.
"""
_IN_CHINESE: Final = r"""### 网关如何处理流

插件在每个数据块**到达时**就能看到它，修改后再传下去。下面的插件统计词数：

```python
from typing import Any

from proxywasm import HttpContext, Plugin, log

plugin: Plugin[dict[str, Any]] = Plugin("word-count")


@plugin.on_streaming_response_body(read_only=True)
def count(ctx: HttpContext, config: dict[str, Any], chunk: bytes, last_chunk: bool) -> None:
    log.info(f"{len(chunk.split())} words, last: {last_chunk}")
```

| 内容 | OpenAI 协议 | DashScope 协议 |
| --- | --- | --- |
| 文本 | `choices[0].delta.content` | `output.choices[0].message.content` |
| 推理 | `delta.reasoning_content` | `message.reasoning_content` |

Transformer 的注意力：

$$
\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^{\top}}{\sqrt{d_k}}\right) V
$$

> 这里的一切都来自模拟模型：无需密钥，不联网。
"""
_LINE: Final = "The gateway passes every piece on as it comes, and keeps none of it. "


def reply(model: str, text: str, images: Sequence[str]) -> str | None:
    """None: nothing here is asked for. `images`: their addresses."""
    if images:
        seen = ", ".join(map(_image, images))
        return f"I am {model}, and I cannot see, but this has arrived: {seen}."
    if found := _MUCH.search(text):
        return _much(min(int((found[1] or found[2]).replace(",", "")), _MOST))
    if _SHOW.search(text):
        return _IN_CHINESE if is_chinese(text) else _ENGLISH
    return None


def reasoning(text: str) -> str:
    if is_chinese(text):
        return f"用户问的是：{text} 我是模拟模型，没有什么可想的，但可以展示推理过程。先理解问题，再组织回答。"
    return (
        f"The user writes: {text!r}. I am a fake model and need not think, but I can show what it looks like: "
        "first I read the question, then I choose what to answer, and now I write it down."
    )


def is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def images_of(content: Any) -> list[str]:
    """Of a message, in OpenAI's protocol or DashScope's."""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    found: list[str] = []
    for part in parts:
        named = part.get("image_url")
        address = named.get("url") if isinstance(named, dict) else part.get("image")
        if isinstance(address, str):
            found.append(address)
    return found


def _image(address: str) -> str:
    head, comma, data = address.partition(",")
    if not head.startswith("data:") or not comma:
        return "an image at an address"
    return f"an image ({head[5:].partition(';')[0]}, {len(data) * 3 // 4:,} bytes)"


def _much(size: int) -> str:
    paragraph = f"{_LINE * 7}\n\n"
    return (paragraph * (size // len(paragraph) + 1))[:size]
