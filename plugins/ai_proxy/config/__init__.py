"""The keys of the configuration: settings classes, model mapping, and the engine that reads them."""
