"""ai-proxy: clients speak the OpenAI protocol, the gateway speaks to whichever model service is configured.

`plugin` is the plugin. With `make` and `Row` a plugin of your own has providers that this one lacks;
docs/adding-a-provider.md shows how.
"""

from .plugin import make, plugin
from .providers import ROWS
from .providers.row import BEARER, RAW, Addressing, Auth, Credentials, Dialect, Endpoint, Row
from .wire import apis

__all__ = [
    "BEARER", "RAW", "ROWS", "Addressing", "Auth", "Credentials", "Dialect", "Endpoint", "Row", "apis", "make",
    "plugin",
]  # fmt: skip
