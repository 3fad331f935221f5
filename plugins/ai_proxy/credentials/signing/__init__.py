"""Signatures that model services want under requests, in pure Python: a plugin has no `ssl` and no native code."""
