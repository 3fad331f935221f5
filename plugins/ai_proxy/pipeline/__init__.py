"""The steps of one exchange, from the client's request to the end of its answer."""
