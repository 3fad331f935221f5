"""ai-proxy: clients speak the OpenAI protocol, the gateway speaks to whichever model service is configured."""

from .plugin import plugin

__all__ = ["plugin"]
