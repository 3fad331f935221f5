"""The command line `proxywasm`, and the template of `proxywasm new`."""
