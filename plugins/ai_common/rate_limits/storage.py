"""A Redis service, as the configuration says."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm import FQDNCluster, RedisClient, config


@dataclass(frozen=True, kw_only=True)
class RedisSettings:
    """A Redis service. Its keys are those of Higress."""

    service_name: str = config.key("The full name of the service, such as `redis.dns`", example="redis.dns")
    service_port: int | None = config.key(
        "By default 80 for names that end with `.static`, otherwise 6379", default=None, minimum=1, maximum=65_535
    )
    username: str = config.key("Of a Redis user", default="", secret=True)
    password: str = config.key("Of a Redis user", default="", secret=True)
    timeout: int = config.key(
        "For connecting, and for each answer. A request waits for as long at most; then `on_storage_failure` decides",
        default=1000,
        minimum=1,
        maximum=60_000,
        unit="ms",
    )
    database: int = config.key("The number of the database", default=0, minimum=0, maximum=65_535)

    def client(self) -> RedisClient:
        port = self.service_port or (80 if self.service_name.endswith(".static") else 6379)
        client = RedisClient(FQDNCluster(self.service_name, port))
        # Each command goes out at once: a request waits for it.
        client.init(self.username, self.password, self.timeout, database=self.database, disable_buffer=True)
        return client
