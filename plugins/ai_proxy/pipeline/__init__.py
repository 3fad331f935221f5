"""The way of one exchange, request and response, in the order of travel."""
