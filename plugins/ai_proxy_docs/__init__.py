"""Generates the reference of ai-proxy's configuration from the tables that the plugin itself uses.

`python -m ai_proxy_docs` writes docs/providers.md and docs/ai-proxy.schema.json. This package is not part of the
plugin: components do not contain it.
"""
