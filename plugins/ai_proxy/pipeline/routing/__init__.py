"""`models` and `routing`: chooses the provider of each request by its model, and asks the next one if it fails."""
