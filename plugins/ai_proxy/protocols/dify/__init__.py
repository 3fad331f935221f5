"""Dify."""
