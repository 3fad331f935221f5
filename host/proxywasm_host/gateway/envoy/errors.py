"""Errors of configuring and starting Envoy."""


class EnvoyError(Exception):
    """Envoy cannot be configured or started. The message is for people: what is missing or wrong, and what to do."""
