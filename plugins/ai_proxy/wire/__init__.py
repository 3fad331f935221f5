"""Formats that all protocols share: APIs, JSON, forms, paths, errors, limits."""
