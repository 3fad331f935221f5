"""A visitor counter in Redis."""

from __future__ import annotations

from typing import Any

from proxywasm import Action, FQDNCluster, HttpContext, Plugin, RedisAnswer, RedisClient

Config = dict[str, Any]

PLUGINS: dict[str, Plugin[Config]] = {}

limiter: Plugin[Config] = Plugin("limiter")
PLUGINS["redis"] = limiter

redis = RedisClient(FQDNCluster("redis.dns", 6379))


@limiter.parse_config
def limiter_config(document: Config) -> Config:
    if "init" in document:
        redis.init(**document["init"])
    return document


@limiter.on_request_headers
def limiter_request(ctx: HttpContext, config: Config) -> Action:
    def counted(answer: RedisAnswer) -> None:
        if answer.error and config.get("check"):
            ctx.send_http_response(503, body=str(answer.error))
            return
        ctx.request_headers["x-count"] = repr(answer.value)
        ctx.resume_http_request()

    redis.command(config.get("command", ["INCR", ctx.path]), counted)
    return Action.PAUSE
