"""Counts requests per user in Redis, and refuses those beyond the limit of a minute."""

from dataclasses import dataclass
from typing import Any

from proxywasm import Action, FQDNCluster, HttpContext, Plugin, RedisAnswer, RedisClient, log


@dataclass(frozen=True)
class Config:
    redis: RedisClient
    limit: int


plugin: Plugin[Config] = Plugin("redis-counter")


@plugin.parse_config
def parse_config(document: dict[str, Any]) -> Config:
    redis = RedisClient(FQDNCluster(document["redis"], 6379))
    redis.init(password=document.get("password", ""), timeout_ms=1000)
    return Config(redis, document.get("limit", 100))


@plugin.on_request_headers
def request_headers(ctx: HttpContext, config: Config) -> Action:
    key = f"requests:{ctx.request_headers.get('x-user', 'anonymous')}"

    def counted(answer: RedisAnswer) -> None:
        if answer.error:
            # Better too many requests than none at all.
            log.warn("requests are not counted: %s", answer.error)
            ctx.resume_http_request()
            return
        count = answer.value
        assert isinstance(count, int)
        if count == 1:
            config.redis.expire(key, 60, lambda _: None)
        if count > config.limit:
            ctx.send_http_response(429, {"retry-after": "60"}, "slow down", details="redis-counter.limit")
        else:
            ctx.request_headers["x-request-count"] = str(count)
            ctx.resume_http_request()

    config.redis.incr(key, counted)
    return Action.PAUSE
