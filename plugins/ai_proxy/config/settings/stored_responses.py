"""`responses`: where responses are kept for clients of the Responses API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import Is, Naming, NoEffect, Required, Rule, key

from .reliability import LONGEST_CALL

_OF_REDIS: Final = ("service_name", "service_port", "username", "password", "database", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponses:
    """Keys of `responses`."""

    naming: ClassVar[Naming] = Naming.CAMEL_CASE

    store: str = key(
        "`memory`: the gateway's memory, which its workers share and a restart clears; `redis`: a Redis service",
        choices=("memory", "redis"),
    )
    ttl: int = key("time until a response is forgotten", default=86_400, minimum=1, maximum=31_536_000, unit="s")
    max_bytes: int = key(
        "size of all responses in memory, with their conversations; the oldest are forgotten first. One response may "
        "have a sixteenth of it, also in Redis",
        default=16_777_216,
        minimum=65_536,
        maximum=1_073_741_824,
    )
    service_name: str = key("the gateway's service for Redis", default="")
    service_port: int = key("port of the service", default=6379, minimum=1, maximum=65_535)
    username: str = key("Redis user", default="")
    password: str = key("password of the user", default="", secret=True)
    database: int = key("number of the database", default=0, minimum=0)
    timeout: int = key("time-out of a Redis call", default=1000, minimum=1, maximum=LONGEST_CALL, unit="ms")

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("service_name", Is("store", "redis"), ": the service of the store"),
        NoEffect(_OF_REDIS, "the store is the gateway's memory", Is("store", "memory")),
    )
