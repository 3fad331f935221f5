"""The keys of the configuration: settings classes and model mapping. `proxywasm.config` reads them."""
