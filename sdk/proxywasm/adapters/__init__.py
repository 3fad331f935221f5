"""Where the SDK meets a host. Each adapter implements the port `wire.Host` and feeds events to a `Dispatcher`."""
