"""JSON Schema and documentation from declared keys. Not part of components."""
