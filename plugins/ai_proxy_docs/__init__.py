"""What people read about ai-proxy's configuration, made of the tables that the plugin itself works with.

`python -m ai_proxy_docs` writes docs/providers.md and docs/ai-proxy.schema.json. It is no part of the plugin: nothing
of it gets into a component.
"""
