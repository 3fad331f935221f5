"""What goes over the wire, whoever speaks: APIs, JSON, forms, paths, errors, limits."""
