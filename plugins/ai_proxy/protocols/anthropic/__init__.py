"""Anthropic's Messages API, for clients and for services."""
