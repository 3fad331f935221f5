"""Write plugins for HTTP gateways in Python.

>>> from proxywasm import HttpContext, Plugin
>>> plugin = Plugin("hello")
>>> @plugin.on_request_headers
... def greet(ctx: HttpContext, config: object) -> None:
...     ctx.request_headers["x-hello"] = "world"
"""

from . import log
from .context import HttpContext
from .errors import ConfigError, HttpCallError, RuleError
from .headers import Headers
from .plugin import Action, Plugin
from .sse import Event, SSEDecoder, SSEError, encode_event

__all__ = [
    "Action",
    "ConfigError",
    "Event",
    "Headers",
    "HttpCallError",
    "HttpContext",
    "Plugin",
    "RuleError",
    "SSEDecoder",
    "SSEError",
    "encode_event",
    "log",
]
