"""Errors of configuring and starting Envoy."""


class EnvoyError(Exception):
    """Envoy cannot be configured or started. The message is for people: what is missing or wrong, and what to do."""


class NoAnswerError(EnvoyError):
    """Envoy's administration does not answer: it is starting, or has ended."""
