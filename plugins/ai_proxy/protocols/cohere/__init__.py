"""Cohere, version 2."""
