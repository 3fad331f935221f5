"""Refuses requests by URL, header or body: the wrapper's example `request-block`, with the same configuration."""

import re
from dataclasses import dataclass
from typing import Any

from proxywasm import ConfigError, HttpContext, Plugin


@dataclass(frozen=True)
class Config:
    status: int
    message: str
    case_sensitive: bool
    urls: list[str]
    exact_urls: list[str]
    url_patterns: list[re.Pattern[str]]
    headers: list[str]
    bodies: list[str]

    def fold(self, text: str) -> str:
        return text if self.case_sensitive else text.lower()


plugin: Plugin[Config] = Plugin("request-block")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> Config:
    case_sensitive = bool(document.get("case_sensitive", False))

    def texts(key: str) -> list[str]:
        return [text if case_sensitive else text.lower() for text in document.get(key, []) if text]

    status = document.get("blocked_code", 0)
    config = Config(
        status=status if 200 <= status < 600 else 403,
        message=document.get("blocked_message", ""),
        case_sensitive=case_sensitive,
        urls=texts("block_urls"),
        exact_urls=texts("block_exact_urls"),
        # Folding the pattern itself would turn `\D` into `\d`.
        url_patterns=[
            re.compile(text, 0 if case_sensitive else re.I) for text in document.get("block_regexp_urls", []) if text
        ],
        headers=texts("block_headers"),
        bodies=texts("block_bodies"),
    )
    if not (config.urls or config.exact_urls or config.url_patterns or config.headers or config.bodies):
        raise ConfigError("there are no block rules")
    return config


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> None:
    url = config.fold(ctx.path)
    if url in config.exact_urls:
        return block(ctx, config, "url_blocked.exact")
    if any(text in url for text in config.urls):
        return block(ctx, config, "url_blocked.keyword")
    if any(pattern.search(ctx.path) for pattern in config.url_patterns):
        return block(ctx, config, "url_blocked.regexp")
    headers = config.fold("\n".join(f"{name}\n{value}" for name, value in ctx.request_headers.fields()))
    if any(text in headers for text in config.headers):
        return block(ctx, config, "header_blocked")
    if not config.bodies:
        ctx.dont_read_request_body()
    return None


@plugin.on_request_body
def request_body(ctx: HttpContext, config: Config, body: bytes) -> None:
    text = config.fold(body.decode(errors="replace"))
    if any(blocked in text for blocked in config.bodies):
        block(ctx, config, "body_blocked")


def block(ctx: HttpContext, config: Config, why: str) -> None:
    ctx.send_http_response(config.status, {}, config.message, details=f"request-block.{why}")
