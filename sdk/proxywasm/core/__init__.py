"""The core runs a plugin: events of a host come in, callbacks of the author run, commands go out.

Authors import from `proxywasm`; the modules of that facade import from here, and none of these imports from them.
"""
