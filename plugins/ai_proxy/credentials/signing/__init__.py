"""Signatures of requests, in pure Python: a plugin has no `ssl` and no native code."""
