"""The console: what a gateway does, seen and changed from a page on its admin listener.

texts      the gateway file as text: placeholders for secrets, edits that keep comments, differences
changes    an edit is checked, written and loaded; the history of the file
live       streams, log and metrics of all workers, as events
server     who may ask, and which path is answered by what
"""
