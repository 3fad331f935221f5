"""ai-proxy: clients speak the OpenAI protocol, the gateway speaks to whichever model service is configured.

`plugin` is the plugin, and `make` makes another one with providers and client protocols of your own. What these are
made of is in `ai_proxy.kit`; docs/adding-a-provider.md and docs/adding-a-client-protocol.md show how.
"""

from .plugin import make, plugin

__all__ = ["make", "plugin"]
