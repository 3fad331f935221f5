"""Adapters to hosts. Each one implements `wire.Host` and passes events to a `Dispatcher`."""
