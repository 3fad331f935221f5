"""What runs a plugin: events of a host in, callbacks of the author, commands out.

Authors import from `proxywasm`; the modules of that facade import from here, and none of these imports from them.
"""
