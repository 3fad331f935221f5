"""The errors an author may meet.

Exception
├── ConfigError     raise it from `parse_config`: the configuration is refused, the message is shown to people
├── HttpCallError   a call-out was not sent
└── RuleError       the plugin broke a rule of the HTTP stream; the message names the rule
"""

from .wire import ConfigError, HttpCallError


class RuleError(RuntimeError):
    """The plugin did something that the life of an HTTP stream does not allow."""


__all__ = ["ConfigError", "HttpCallError", "RuleError"]
