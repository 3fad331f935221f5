"""The errors an author may meet.

Exception
├── ConfigError           raise it from `parse_config`: the configuration is refused, the message is shown to people
├── HttpCallError         a call-out was not sent
├── RedisCallError        a Redis command was not sent
├── RedisError            Redis, or the way to it, answered with an error
├── ForeignFunctionError  the host has no such function, or the function refused
├── LimitError            the host keeps no more shared data or properties (also a RuntimeError)
└── RuleError             the plugin broke a rule of the HTTP stream; the message names the rule
"""

from .wire import ConfigError, ForeignFunctionError, HttpCallError, LimitError, RedisCallError


class RedisError(Exception):
    """The answer to a Redis command is an error. The message is the server's, for example `WRONGTYPE ...`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RedisError) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)


class RuleError(RuntimeError):
    """The plugin did something that the life of an HTTP stream does not allow."""


__all__ = [
    "ConfigError",
    "ForeignFunctionError",
    "HttpCallError",
    "LimitError",
    "RedisCallError",
    "RedisError",
    "RuleError",
]
