"""ai-proxy: clients use one protocol, such as OpenAI's; the gateway calls the configured model service.

`plugin` is the plugin. `make` makes a plugin that also has providers and client protocols of your own; they are written
with `ai_proxy.kit`, as docs/adding-a-provider.md and docs/adding-a-client-protocol.md show.
"""

from .plugin import make, plugin

__all__ = ["make", "plugin"]
