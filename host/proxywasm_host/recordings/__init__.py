"""Recorded exchanges: read them, replay them through a plugin, compare the results, and show them to people."""
